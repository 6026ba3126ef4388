"""One finding as a set of levels, each with a likelihood ratio and its uncertainty."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from ...evidence.band_accuracy import BandAccuracy
from ...evidence.diagnostic_accuracy import Accuracy
from ...numerics.checks import FloatArray, refuse_where
from ...numerics.patterns import sum_by
from ...numerics.splines import weighted_quantile
from ...vocabulary import COLUMNS, LABORATORY, LEVELS, Measurement
from ..state import accuracy_from_state, accuracy_state, array

IntArray = npt.NDArray[np.int64]
_MAX_LEVELS = 10  # columns with more distinct values are cut into bands
_BANDS = 4


@dataclass(frozen=True, eq=False, kw_only=True)
class FindingLevels:
    """Levels of a finding in ascending order.

    Attributes
    ----------
    key : str
    labels : tuple of str
    edges : ndarray, shape (levels - 1,)
        A value belongs to the level counted by the edges at or below it.
    source : Accuracy, BandAccuracy or Counts
        What the likelihood ratios come from; it draws them too.
    """

    key: str
    labels: tuple[str, ...]
    edges: FloatArray
    source: Accuracy | BandAccuracy | Counts

    @property
    def likelihood_ratios(self) -> FloatArray:
        """LR of each level, (levels,)."""
        if isinstance(self.source, Accuracy):
            return np.array([self.source.lr_negative.value, self.source.lr_positive.value])
        if isinstance(self.source, BandAccuracy):
            return self.source.malignant / self.source.non_malignant
        return self.source.likelihood_ratios

    @property
    def status(self) -> str:
        """How well the numbers are known."""
        return self.source.status

    def draw(self, size: int, rng: np.random.Generator) -> FloatArray:
        """Draws of the LR of each level, (size, levels)."""
        if isinstance(self.source, Accuracy):
            drawn = self.source.draw(size, rng=rng)
            return np.column_stack([drawn.lr_negative, drawn.lr_positive])
        if isinstance(self.source, BandAccuracy):
            return self.source.draw_likelihood_ratios(size, rng=rng)
        return self.source.draw(size, rng)

    def state(self) -> dict[str, Any]:
        """Key, labels, edges and where the ratios come from, as plain values."""
        known = {"key": self.key, "labels": list(self.labels), "edges": self.edges.tolist()}
        return known | accuracy_state(self.source)

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> Self:
        """The levels of a :meth:`state`."""
        values = state["values"]
        if state["source"] == "Counts":
            source: Any = Counts(
                events=array(values["events"]),
                others=array(values["others"]),
                status=values["status"],
            )
        else:
            source = accuracy_from_state(state)
        return cls(
            key=state["key"],
            labels=tuple(state["labels"]),
            edges=array(state["edges"]),
            source=source,
        )

    def check(self, values: FloatArray) -> None:
        """Refuse values that a yes/no finding cannot have."""
        if self.labels == (LEVELS[0], LEVELS[1]):
            refuse_where(
                ~((values == 0) | (values == 1) | np.isnan(values)),
                values,
                f"{self.key} must be 0, 1 or missing",
                "Map its values to 0 and 1, or set them to missing.",
            )

    def extremes(self) -> list[float]:
        """A value of the lowest and one of the highest level."""
        if self.labels == (LEVELS[0], LEVELS[1]):
            return [0.0, 1.0]
        term = COLUMNS.get(self.key)
        if isinstance(self.source, BandAccuracy):
            term = self.source.measurement
        if isinstance(term, Measurement):
            return [term.low, term.high]
        return (
            [float(self.edges[0] - 1), float(self.edges[-1] + 1)] if self.edges.size else [0.0, 0.0]
        )

    def level(self, values: FloatArray) -> IntArray:
        """Level of each value, -1 where it is missing."""
        return np.where(np.isnan(values), -1, np.searchsorted(self.edges, values, side="right"))


@dataclass(frozen=True, eq=False, kw_only=True)
class Counts:
    """Patients of each level with and without the event, as learned from a cohort."""

    events: FloatArray
    others: FloatArray
    status: str = "learned"

    @property
    def likelihood_ratios(self) -> FloatArray:
        """P(level | event) / P(level | no event), 1/2 added to every count."""
        a = self.events + 0.5
        b = self.others + 0.5
        return (a / a.sum()) / (b / b.sum())

    def draw(self, size: int, rng: np.random.Generator) -> FloatArray:
        """Ratios of draws from the Dirichlet posteriors of both rows (Jeffreys prior)."""
        return rng.dirichlet(self.events + 0.5, size) / rng.dirichlet(self.others + 0.5, size)


def published_levels(key: str, source: Accuracy | BandAccuracy) -> FindingLevels:
    """Levels of a published finding (no, yes) or test (bands)."""
    if isinstance(source, BandAccuracy):
        return FindingLevels(
            key=key, labels=source.labels, edges=np.array(source.measurement.cutoffs), source=source
        )
    return FindingLevels(
        key=key, labels=(LEVELS[0], LEVELS[1]), edges=np.array([0.5]), source=source
    )


def learned_levels(
    key: str, values: FloatArray, events: FloatArray, n: FloatArray
) -> FindingLevels:
    """Levels of a column and their counts: its distinct values when few, the bands of the
    vocabulary, or quarters.

    ``events`` and ``n`` are those of each row of ``values``.
    """
    known = ~np.isnan(values) & (n > 0)
    edges = _edges(key, values[known], n[known])
    level = np.searchsorted(edges, values[known], side="right")
    counts = [sum_by(level, x[known], edges.size + 1) for x in (events, n - events)]
    return FindingLevels(
        key=key,
        labels=_labels(key, values[known], edges),
        edges=edges,
        source=Counts(events=counts[0], others=counts[1]),
    )


def _edges(key: str, values: FloatArray, weight: FloatArray) -> FloatArray:
    if key in LABORATORY:
        return np.array(LABORATORY[key].cutoffs)
    distinct = np.unique(values)
    if distinct.size <= _MAX_LEVELS:
        return (distinct[1:] + distinct[:-1]) / 2
    return np.unique(weighted_quantile(values, np.arange(1, _BANDS) / _BANDS, weight))


def _labels(key: str, values: FloatArray, edges: FloatArray) -> tuple[str, ...]:
    if key in LABORATORY:
        return LABORATORY[key].bands
    distinct = np.unique(values)
    if set(distinct) <= {0.0, 1.0} and distinct.size == 2:
        return LEVELS[0], LEVELS[1]
    if distinct.size <= _MAX_LEVELS:
        return tuple(f"{value:g}" for value in distinct)
    inner = [f"{a:.4g} to {b:.4g}" for a, b in pairwise(edges)]
    return (f"<{edges[0]:.4g}", *inner, f">={edges[-1]:.4g}")
