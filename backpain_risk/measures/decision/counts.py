"""What a decision curve is a function of: how many patients of each outcome reach which
thresholds, by each model.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from ...numerics.checks import FloatArray
from ...numerics.patterns import IntArray, distinct_rows, sum_by
from ...numerics.resampling import resamples

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
        return self._stacked(
            [self._positives(self._bins(reached), self.n) for reached in self.reached[2:]], self.n
        )

    def _bins(self, reached: Reached) -> IntArray:
        """Number of outcome and thresholds reached of each cell."""
        return self.outcome.astype(np.int64) * (self.n_thresholds + 1) + reached

    def _positives(self, bins: IntArray, n: FloatArray) -> FloatArray:
        counts = sum_by(bins, n, 2 * (self.n_thresholds + 1)).reshape(2, -1)
        return np.asarray(np.cumsum(counts[:, :0:-1], axis=1)[:, ::-1])

    def _stacked(self, models: list[FloatArray], n: FloatArray) -> FloatArray:
        """Those of the models below treating all, which makes everyone positive, and none."""
        everyone = np.repeat(
            sum_by(self.outcome.astype(np.int64), n, 2)[:, None], self.n_thresholds, axis=1
        )
        return np.stack([everyone, np.zeros_like(everyone), *models])

    def disagreements(self, i: int, j: int) -> tuple[FloatArray, FloatArray]:
        """Patients positive by strategy i only, and by j only, by outcome, each (2, k)."""
        both = self._both(i, j)
        return self.positives[i] - both, self.positives[j] - both

    def _both(self, i: int, j: int) -> FloatArray:
        """Patients positive by both; whoever agrees with treating all is positive, with none
        nobody is.
        """
        if {i, j} & {_ALL, _NONE}:
            return np.minimum(self.positives[i], self.positives[j])
        return self._positives(self._bins(np.minimum(self.reached[i], self.reached[j])), self.n)

    @cached_property
    def cells(self) -> DecisionCounts:
        """The same counts with identical patients in one cell."""
        cell, first = distinct_rows([*self.reached, self.outcome])
        return DecisionCounts(
            self.reached[:, first],
            self.outcome[first],
            sum_by(cell, self.n, first.size),
            self.n_thresholds,
        )

    def resampled(
        self, n_resamples: int, rng: np.random.Generator, *, within_outcomes: bool
    ) -> Iterator[FloatArray]:
        """The positives of bootstrap resamples of the patients, of each outcome separately if
        asked.
        """
        bins = [self._bins(reached) for reached in self.reached[2:]]
        everyone = np.arange(self.n.size)
        parts = [everyone[self.outcome == y] for y in (1, 0)] if within_outcomes else [everyone]
        n = np.zeros(self.n.size)
        for drawn in zip(
            *(resamples(self.n[part], n_resamples, rng) for part in parts), strict=True
        ):
            for part, counts in zip(parts, drawn, strict=True):
                n[part] = counts
            yield self._stacked([self._positives(each, n) for each in bins], n)


def decision_counts(
    outcome: FloatArray, risks: list[FloatArray], weight: FloatArray, thresholds: FloatArray
) -> DecisionCounts:
    """Count thresholds reached; the first two strategies treat all and none."""
    k = thresholds.size
    reached = np.empty((2 + len(risks), outcome.size), dtype=np.min_scalar_type(k))
    reached[_ALL], reached[_NONE] = k, 0
    for row, risk in zip(reached[2:], risks, strict=True):
        row[:] = _thresholds_reached(in_precision_of(risk, thresholds), risk)
    return DecisionCounts(reached, outcome.astype(np.uint8), weight, k)


def in_precision_of(risk: FloatArray, thresholds: FloatArray) -> FloatArray:
    """Thresholds rounded to 32 bits where every risk is a number of 32 bits, as risks given in
    float32 are.

    A risk of 0.01 in float32 is 0.00999999977648258, below the threshold 0.01 but equal to it in
    float32.
    """
    if np.array_equal(risk, risk.astype(np.float32)):
        return thresholds.astype(np.float32).astype(np.float64)
    return thresholds


def _thresholds_reached(thresholds: FloatArray, risk: FloatArray) -> Reached:
    """How many thresholds each risk is at or above: read from a table, searched only in cells
    that hold a threshold.
    """
    starts = np.arange(_CELLS + 1) / _CELLS
    table = np.searchsorted(thresholds, starts, side="right").astype(
        np.min_scalar_type(thresholds.size)
    )
    split = np.searchsorted(thresholds, starts + 1 / _CELLS) > table
    cell = (risk * _CELLS).astype(np.int32)
    reached, unclear = table[cell], np.flatnonzero(split[cell])
    reached[unclear] = np.searchsorted(thresholds, risk[unclear], side="right")
    return reached
