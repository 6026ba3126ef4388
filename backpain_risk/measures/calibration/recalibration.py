"""Logistic recalibration: the log odds of the outcome as a straight line in the log odds of the
risk.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import expit, logit

from ...numerics.checks import FloatArray
from ...numerics.grouped_by_risk import RiskGroups, require_both_classes
from ...numerics.newton import Maximum, Terms, logistic, maximise

_BLOCK = 8_192  # stays in a processor's cache, and too small for BLAS to start threads


@dataclass(frozen=True, eq=False)
class Recalibration:
    """Log likelihood of ``logit P(event) = a + b logit(risk)``, to be maximised by Newton steps.

    Called with (a,) the slope b is 1; called with (a, b) both move.
    """

    logit_risk: FloatArray
    events: FloatArray
    n: FloatArray

    def __call__(self, parameters: FloatArray) -> Terms:
        """Value, gradient and information at (a,) or (a, b)."""
        k = parameters.size
        slope = float(parameters[1]) if parameters.size == 2 else 1.0
        blocks = [slice(i, i + _BLOCK) for i in range(0, self.n.size, _BLOCK)]
        parts = [self._sums(block, float(parameters[0]), slope) for block in blocks]
        sums = np.asarray(parts[0]) if len(parts) == 1 else np.sum(parts, axis=0)
        information = np.array([[sums[3], sums[4]], [sums[4], sums[5]]])
        return Terms(float(sums[0]), sums[1 : 1 + k], information[:k, :k])

    def _sums(self, block: slice, a: float, b: float) -> list[float]:
        """Value, the two elements of the gradient, and the three of the information, of one
        block of risks.
        """
        x = self.logit_risk[block]
        events = self.events[block]
        n = self.n[block]
        eta = a + b * x
        risk, variance, cost = logistic(eta)
        residual = events - n * risk
        variance = n * variance
        value = events @ eta - n @ cost
        tilted = variance * x
        return [value, residual.sum(), residual @ x, variance.sum(), tilted.sum(), tilted @ x]

    def fit(self, *, slope: bool) -> Maximum:
        """Maximum likelihood with the slope free or fixed at 1.

        Starts where a calibrated risk would end; a slope far from 1, where that fails, from no
        slope at all.
        """
        rate = self.events.sum() / self.n.sum()
        if not slope:
            return maximise(
                self, np.array([np.log(self.events.sum() / (self.n @ expit(self.logit_risk)))])
            )
        maximum = maximise(self, np.array([0.0, 1.0]))
        return maximum if maximum.converged else maximise(self, np.array([logit(rate), 0.0]))


def recalibration_of(groups: RiskGroups, measure: str) -> Recalibration:
    """The likelihood of patients collapsed by risk; risks of 0 or 1 and a single class are
    refused.
    """
    groups = require_calibratable(groups, measure)
    return Recalibration(np.asarray(logit(groups.risk)), groups.events, groups.n)


def require_calibratable(groups: RiskGroups, measure: str) -> RiskGroups:
    """The same groups; an error naming the measure for a single class or a risk of 0 or 1, whose
    logit is infinite.
    """
    extreme = float(groups.n[(groups.risk <= 0) | (groups.risk >= 1)].sum())
    if extreme:
        raise ValueError(
            f"risk must lie strictly between 0 and 1 for {measure}; got {extreme:g} patients at 0 "
            "or 1. A model that "
            "is certain cannot be recalibrated: use penalty='firth' or a prior."
        )
    return require_both_classes(groups, measure)
