"""Optimism subtracted from one part of an evaluation, and the limits of what is left.

A part is all measures, all points of the calibration curve, or all thresholds of the decision
curve: k numbers, in the model itself, and in B refitted ones.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.special import expit, logit

from ..numerics.checks import BoolArray, FloatArray
from ..numerics.intervals import percentile_limits
from ..numerics.patterns import IntArray
from .procedure import Refit
from .repeated_measures import Evaluation

PARTS = ("values", "observed", "net_benefit")
"""Parts of an evaluation: measures, calibration curve, decision curve."""
_OUTSIDE = 0.632  # probability of a patient to be in a resample


@dataclass(frozen=True, eq=False, kw_only=True)
class CorrectedPart:
    """One part as it is seen and as it is corrected, with limits; each (k,)."""

    apparent: FloatArray
    corrected: FloatArray
    low: FloatArray
    high: FloatArray
    n_failed: IntArray

    @property
    def optimism(self) -> FloatArray:
        """What seems better than it is."""
        return self.apparent - self.corrected

    def as_risk(self, apparent: FloatArray) -> CorrectedPart:
        """What was corrected as log odds, as risk; the apparent values as they were."""
        corrected, low, high = (np.asarray(expit(x)) for x in (self.corrected, self.low, self.high))
        return replace(self, apparent=apparent, corrected=corrected, low=low, high=high)


@dataclass(frozen=True, eq=False)
class RefittedPart:
    """One part: apparent and corrected (k,); refits in their resample and in other patients
    (B, k).
    """

    apparent: FloatArray
    corrected: FloatArray
    own: FloatArray
    test: FloatArray
    n_failed: IntArray

    def shifted(self, level: float, fixed: BoolArray) -> CorrectedPart:
        """Percentiles of the apparent measure, moved by the optimism; NaN where fitting itself
        fixes the measure.
        """
        optimism = self.apparent - self.corrected
        low, high = (
            np.where(fixed, np.nan, end - optimism) for end in _percentiles(self.own, level)
        )
        return self._with_limits(low, high)

    def within(
        self, repeated: FloatArray, level: float, fixed: BoolArray, method: str
    ) -> CorrectedPart:
        """Percentiles of corrected measures of the whole procedure repeated, (outer, k).

        Where fitting itself fixes the measure, of refitted models in all patients, which .632 does
        not look at.
        """
        among = self.test if method == "harrell" else np.full_like(self.test, np.nan)
        ends = zip(_percentiles(among, level), _percentiles(repeated, level), strict=True)
        low, high = (np.where(fixed, refitted, end) for refitted, end in ends)
        return self._with_limits(low, high)

    def _with_limits(self, low: FloatArray, high: FloatArray) -> CorrectedPart:
        return CorrectedPart(
            apparent=self.apparent,
            corrected=self.corrected,
            low=low,
            high=high,
            n_failed=self.n_failed,
        )


def refitted_part(
    part: str, apparent: Evaluation, refits: list[Refit], method: str, n: int
) -> RefittedPart:
    """Subtract the optimism, the mean over resamples in which the measure is defined."""
    value = _on_scale(part, apparent, n)
    pairs = [
        (_on_scale(part, r.own, n), _on_scale(part, r.test, n)) for r in refits if r.own and r.test
    ]
    own, test = np.moveaxis(np.array(pairs).reshape(len(pairs), 2, value.size), 1, 0)
    undefined = np.isnan(own) | np.isnan(test)
    own, test = (np.where(undefined, np.nan, x) for x in (own, test))
    mean = _mean(test)
    optimism = _mean(own) - mean if method == "harrell" else _OUTSIDE * (value - mean)
    failed = undefined.sum(axis=0) + len(refits) - len(pairs)
    return RefittedPart(value, value - optimism, own, test, failed)


def _on_scale(part: str, evaluation: Evaluation, n: int) -> FloatArray:
    """One part on the scale of its correction: observed risks as log odds, from half a patient
    of n.
    """
    values: FloatArray = getattr(evaluation, part)
    return (
        np.asarray(logit(np.clip(values, 0.5 / n, 1 - 0.5 / n))) if part == "observed" else values
    )


def _percentiles(drawn: FloatArray, level: float) -> tuple[FloatArray, FloatArray]:
    """Limits of each measure over the resamples in which it is defined; NaN where it is in none."""
    low, high = np.full((2, drawn.shape[1]), np.nan)
    for j, defined in enumerate(~np.isnan(drawn).T):
        if defined.any():
            low[j], high[j] = percentile_limits(drawn[defined, j], level)
    return low, high


def _mean(drawn: FloatArray) -> FloatArray:
    """Mean over resamples of what is defined; NaN where nothing is."""
    n = (~np.isnan(drawn)).sum(axis=0)
    return np.divide(np.nansum(drawn, axis=0), n, out=np.full(n.size, np.nan), where=n > 0)
