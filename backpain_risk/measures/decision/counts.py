"""What a decision curve is a function of: how many patients of each outcome reach which
thresholds, by each model.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from ...numerics.checks import FloatArray
from ...numerics.patterns import IntArray, distinct_rows, sum_by
from ...numerics.resampling import resamples
from .convention import Reached, thresholds_reached

# rows of the strategies that treat all and none
_ALL = 0
_NONE = 1


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
        return at_or_above(sum_by(bins, n, 2 * (self.n_thresholds + 1)).reshape(2, -1))

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
    reached[_ALL] = k
    reached[_NONE] = 0
    for row, risk in zip(reached[2:], risks, strict=True):
        row[:] = thresholds_reached(risk, thresholds)
    return DecisionCounts(reached, outcome.astype(np.uint8), weight, k)


def at_or_above(counts: FloatArray) -> FloatArray:
    """Patients at or above each threshold, (..., k), from those who reach 0, 1, ... k of them.

    Examples
    --------
    >>> at_or_above(np.array([5.0, 2.0, 1.0])).tolist()
    [3.0, 1.0]
    """
    return np.asarray(np.cumsum(counts[..., :0:-1], axis=-1)[..., ::-1])
