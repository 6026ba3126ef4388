"""All measures of one model on one set of patients, as plain numbers, many times over."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import expit, logit

from ..measures.calibration.curve_limits import INDICES, indices
from ..measures.calibration.recalibration import require_calibratable
from ..measures.calibration.smoothers import fit_spline
from ..measures.catalogue import CATALOGUE, net_benefit_keys
from ..measures.decision.convention import net_benefit, thresholds_reached
from ..measures.decision.counts import at_or_above
from ..measures.decision.inputs import check_thresholds
from ..numerics.checks import FloatArray, as_vector, check_choices, refuse_where
from ..numerics.grouped_by_risk import RiskGroups, require_both_classes
from ..numerics.patterns import sum_by

_POINTS = 50
CURVE = "calibration_curve"
"""Name under which the reasons of a missing calibration curve are kept."""


@dataclass(frozen=True, eq=False)
class Evaluation:
    """Measures (k,), NaN where not defined, with the reasons; calibration curve and net benefit
    at fixed points.
    """

    values: FloatArray
    observed: FloatArray
    net_benefit: FloatArray
    reasons: dict[str, str]


@dataclass(frozen=True, eq=False)
class Evaluator:
    """What is measured: named measures, a calibration curve at some risks and net benefit at
    some thresholds.
    """

    measures: tuple[str, ...]
    thresholds: FloatArray
    at: FloatArray
    curve_thresholds: FloatArray

    @property
    def names(self) -> list[str]:
        """Names of the measures, net benefit last."""
        return [*self.measures, *net_benefit_keys(self.thresholds)]

    def __call__(self, groups: RiskGroups) -> Evaluation:
        """Measure; what is not defined is NaN with a reason."""
        found: dict[str, float] = {}
        reasons: dict[str, str] = {}
        try:
            require_both_classes(groups, "validation")
        except ValueError as error:
            return self._nothing(str(error))
        curve = self._curve(groups, found, reasons)
        for name in self.measures:
            if not CATALOGUE[name].of_curve:
                found[name] = self._value(name, groups, reasons)
        values = [found.get(name, np.nan) for name in self.measures]
        return Evaluation(
            np.array([*values, *net_benefit_of(groups, self.thresholds)]),
            curve,
            net_benefit_of(groups, self.curve_thresholds),
            reasons,
        )

    def _value(self, name: str, groups: RiskGroups, reasons: dict[str, str]) -> float:
        try:
            value = CATALOGUE[name].value(groups)
        except ValueError as error:
            reasons[name] = str(error)
            return np.nan
        if not np.isfinite(value):
            reasons[name] = (
                f"{name} is {value}: the risk separates events from non-events, or is constant"
            )
            return np.nan
        return value

    def _curve(
        self, groups: RiskGroups, found: dict[str, float], reasons: dict[str, str]
    ) -> FloatArray:
        """The default calibration curve; puts its indices among what was found."""
        wanted = [name for name in self.measures if CATALOGUE[name].of_curve]
        if not (wanted or self.at.size):
            return np.empty(0)
        try:
            smoother = fit_spline(require_calibratable(groups, "calibration_curve"), 5)
        except ValueError as error:
            reasons |= dict.fromkeys([*wanted, *([CURVE] if self.at.size else [])], str(error))
            return np.full(self.at.size, np.nan)
        found |= dict(
            zip(INDICES, indices(groups, smoother.observed(groups.risk)).tolist(), strict=True)
        )
        return smoother.observed(self.at)

    def _nothing(self, reason: str) -> Evaluation:
        names = self.names
        return Evaluation(
            np.full(len(names), np.nan),
            np.full(self.at.size, np.nan),
            np.full(self.curve_thresholds.size, np.nan),
            dict.fromkeys([*names, *([CURVE] if self.at.size else [])], reason),
        )


def evaluator(
    measures: Sequence[str], thresholds: npt.ArrayLike, at: npt.ArrayLike | None, risk: FloatArray
) -> Evaluator:
    """Check what is asked for; the calibration curve is given over the range of the apparent
    risks.
    """
    check_choices("measures", measures, CATALOGUE)
    if at is None:
        inside = risk[(risk > 0) & (risk < 1)]
        points = (
            expit(np.linspace(logit(inside.min()), logit(inside.max()), _POINTS))
            if inside.size
            else np.empty(0)
        )
    else:
        points = np.sort(as_vector("at", at))
        refuse_where(
            (points <= 0) | (points >= 1),
            points,
            "at must lie strictly between 0 and 1",
            "Pass fractions.",
        )
    return Evaluator(tuple(measures), check_thresholds(thresholds), points, check_thresholds(None))


def net_benefit_of(groups: RiskGroups, thresholds: FloatArray) -> FloatArray:
    """Net benefit of treating at or above each of the ascending thresholds, per patient, (k,)."""
    reached = thresholds_reached(groups.risk, thresholds).astype(np.int64)
    tp, fp = (
        at_or_above(sum_by(reached, arm, thresholds.size + 1)) / groups.total
        for arm in (groups.events, groups.others)
    )
    return net_benefit(tp, fp, thresholds)
