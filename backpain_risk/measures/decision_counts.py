"""What a decision curve is a function of: how many patients of each outcome reach which thresholds, by each model."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from ..numerics.checks import FloatArray
from ..numerics.patterns import IntArray, distinct_rows, sum_by

Reached = npt.NDArray[np.unsignedinteger[Any]]
_ALL, _NONE = 0, 1  # rows of the strategies that treat all and none
_CELLS = 1 << 16  # a power of 2, so that the cell of a risk is exact


@dataclass(frozen=True, eq=False)
class DecisionCounts:
    """Patients, or cells of identical ones, with the number of thresholds that each risk reaches.

    Attributes
    ----------
    reached : ndarray, shape (strategies, cells)
        The risk is at or above that many of the ascending thresholds.
    outcome : ndarray, shape (cells,)
        0 or 1.
    n : ndarray, shape (cells,)
        Patients in each cell.
    n_thresholds : int
    """

    reached: Reached
    outcome: npt.NDArray[np.uint8]
    n: FloatArray
    n_thresholds: int

    @cached_property
    def positives(self) -> FloatArray:
        """Patients at or above each threshold by strategy and outcome, (strategies, 2, k)."""
        return np.stack([self._positives(reached) for reached in self.reached])

    def _positives(self, reached: Reached) -> FloatArray:
        bins = self.n_thresholds + 1
        counts = sum_by(reached + self._rows, self.n, 2 * bins).reshape(2, bins)
        return np.asarray(np.cumsum(counts[:, :0:-1], axis=1)[:, ::-1])

    @cached_property
    def _rows(self) -> IntArray:
        return self.outcome.astype(np.int64) * (self.n_thresholds + 1)

    def disagreements(self, i: int, j: int) -> tuple[FloatArray, FloatArray]:
        """Patients positive by strategy i only, and by j only, by outcome, each (2, k)."""
        both = self._both(i, j)
        return self.positives[i] - both, self.positives[j] - both

    def _both(self, i: int, j: int) -> FloatArray:
        """Patients positive by both; whoever agrees with treating all is positive, with none nobody is."""
        if {i, j} & {_ALL, _NONE}:
            return np.minimum(self.positives[i], self.positives[j])
        return self._positives(np.minimum(self.reached[i], self.reached[j]))

    @cached_property
    def cells(self) -> DecisionCounts:
        """The same counts with identical patients in one cell."""
        cell, first = distinct_rows([*self.reached, self.outcome])
        return DecisionCounts(
            self.reached[:, first], self.outcome[first], sum_by(cell, self.n, first.size), self.n_thresholds
        )

    def redrawn(self, rng: np.random.Generator, *, within_outcomes: bool) -> DecisionCounts:
        """A bootstrap resample of the patients, of each outcome separately if asked."""
        drawn = np.zeros(self.n.size)
        parts = [self.outcome == 1, self.outcome == 0] if within_outcomes else [np.ones(self.n.size, dtype=bool)]
        for part in parts:
            total = self.n[part].sum()
            drawn[part] = rng.multinomial(round(total), self.n[part] / total)
        return DecisionCounts(self.reached, self.outcome, drawn, self.n_thresholds)


def decision_counts(
    outcome: FloatArray, risks: list[FloatArray], weight: FloatArray, thresholds: FloatArray
) -> DecisionCounts:
    """Count thresholds reached; the first two strategies treat all and none."""
    k = thresholds.size
    reached = np.empty((2 + len(risks), outcome.size), dtype=np.min_scalar_type(k))
    reached[_ALL], reached[_NONE] = k, 0
    for row, risk in zip(reached[2:], risks, strict=True):
        row[:] = _thresholds_reached(thresholds, risk)
    return DecisionCounts(reached, outcome.astype(np.uint8), weight, k)


def _thresholds_reached(thresholds: FloatArray, risk: FloatArray) -> Reached:
    """How many thresholds each risk is at or above: read from a table, searched only in cells that hold a threshold."""
    starts = np.arange(_CELLS + 1) / _CELLS
    table = np.searchsorted(thresholds, starts, side="right").astype(np.min_scalar_type(thresholds.size))
    split = np.searchsorted(thresholds, starts + 1 / _CELLS) > table
    cell = (risk * _CELLS).astype(np.int32)
    reached, unclear = table[cell], np.flatnonzero(split[cell])
    reached[unclear] = np.searchsorted(thresholds, risk[unclear], side="right")
    return reached
