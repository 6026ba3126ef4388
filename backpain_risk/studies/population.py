"""Measures of a fitted model in the whole population: sums over every pattern, without a validation
cohort and its noise.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from scipy.special import expit, logit

from ..models.logistic.nearest import design_of, nearest_logistic
from ..numerics.checks import FloatArray
from ..numerics.newton import LogisticObjective, maximise
from ..numerics.patterns import IntArray
from ..scenario.all_patterns import flag_patterns, joint_probability
from ..scenario.scenario import Scenario

NAN = float("nan")


@dataclass(frozen=True, eq=False, kw_only=True)
class WholePopulation:
    """Every pattern of some flags with its exact probability in each class.

    Attributes
    ----------
    patterns : DataFrame, shape (m, k)
    joint : ndarray, shape (m, 2)
        P(pattern, class): without and with malignancy; sums to 1.
    """

    patterns: pd.DataFrame
    joint: FloatArray

    @classmethod
    def of(cls, scenario: Scenario, predictors: tuple[str, ...]) -> WholePopulation:
        """The population of a scenario."""
        patterns = flag_patterns(predictors)
        joint = joint_probability(scenario, patterns)
        return cls(patterns=patterns, joint=joint / joint.sum())

    @cached_property
    def share(self) -> FloatArray:
        """P(pattern), (m,)."""
        return np.asarray(self.joint.sum(axis=1))

    @cached_property
    def exact_risk(self) -> FloatArray:
        """P(malignancy | pattern), (m,)."""
        return self.joint[:, 1] / self.share

    @cached_property
    def least_false_risk(self) -> FloatArray:
        """Risk by the logistic model that an endless cohort would give, (m,)."""
        design = design_of(self.patterns)
        return np.asarray(expit(design @ nearest_logistic(design, self.joint)))

    @property
    def base_rate(self) -> float:
        """P(malignancy)."""
        return float(self.joint[:, 1].sum())

    def draw(self, n: int, rng: np.random.Generator) -> IntArray:
        """Patients of each pattern without and with malignancy among n, (m, 2): one multinomial."""
        return rng.multinomial(n, self.joint.ravel()).reshape(self.joint.shape)

    def measures(self, risk: FloatArray, thresholds: tuple[float, ...]) -> dict[str, float]:
        """Exact measures of a risk of each pattern."""
        mean = float(self.share @ risk)
        found = {
            "mean_risk": mean,
            "observed_expected": self.base_rate / mean if mean > 0 else np.inf,
            "auroc": self.auroc(risk),
            "calibration_slope": self.calibration_slope(risk),
            "mape": float(self.share @ np.abs(risk - self.exact_risk)),
        }
        for t in thresholds:
            best = self.net_benefit(self.exact_risk, t)
            lost = best - self.net_benefit(risk, t)
            without = max(0.0, self.net_benefit(np.ones_like(risk), t))
            found[f"net_benefit@{t:g}"] = best - lost
            found[f"net_benefit_lost@{t:g}"] = lost
            gain = best - without
            found[f"share_lost@{t:g}"] = lost / gain if gain > 1e-12 else NAN
        return found

    def coverage(self, low: FloatArray, high: FloatArray) -> dict[str, float]:
        """Share of patients whose limits hold their exact, and their least false, risk; mean width
        of the limits. NaN where some pattern has no limits.
        """
        if not np.isfinite(low + high).all():
            return dict.fromkeys(("coverage_exact", "coverage_least_false", "interval_width"), NAN)
        held = {
            name: float(self.share @ ((low <= target) & (target <= high)))
            for name, target in (
                ("coverage_exact", self.exact_risk),
                ("coverage_least_false", self.least_false_risk),
            )
        }
        return held | {"interval_width": float(self.share @ (high - low))}

    def net_benefit(self, risk: FloatArray, threshold: float) -> float:
        """Net benefit of treating at risk >= threshold."""
        gain = self.joint[:, 1] - self.joint[:, 0] * threshold / (1 - threshold)
        return float(gain @ (risk >= threshold))

    def auroc(self, risk: FloatArray) -> float:
        """C-statistic, ties one half."""
        levels, tied = np.unique(risk, return_inverse=True)
        other = np.bincount(tied, weights=self.joint[:, 0], minlength=levels.size)
        event = np.bincount(tied, weights=self.joint[:, 1], minlength=levels.size)
        below = np.cumsum(other) - other / 2
        return float(event @ below / (event.sum() * other.sum()))

    def calibration_slope(self, risk: FloatArray) -> float:
        """Slope of the logit of the exact risk on that of the model (Cox).

        0 where the model gives a risk of 0 or 1: the limit as a finite prediction moves there,
        because patients of both outcomes are in every pattern. NaN where all risks are alike.
        """
        lp = logit(risk)
        if not np.isfinite(lp).all():
            return 0.0
        centre = float(self.share @ lp)
        spread = float(np.sqrt(self.share @ (lp - centre) ** 2))
        if spread < 1e-12:
            return NAN
        design = np.column_stack([np.ones(lp.size), (lp - centre) / spread])
        objective = LogisticObjective(design, self.joint[:, 1], self.share, np.zeros(lp.size))
        found = maximise(objective, np.array([logit(self.base_rate), 0.0]), tolerance=1e-10)
        return float(found.parameters[1]) / spread if found.converged else NAN
