"""Calibration: do patients given a risk of 3 % have malignancy 3 times in a hundred?"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt
from scipy.special import logit

from ..numerics.checks import check_choice
from ..numerics.estimate import Estimate
from ..numerics.intervals import normal_quantile, proportion_interval
from ..numerics.newton import LogisticObjective, Maximum, covariance, maximise, polish
from ..numerics.profile import profile_limits
from ..numerics.risk_groups import RiskGroups, risk_groups

INTERVALS = ("profile", "wald")


def observed_expected(
    outcome: npt.ArrayLike,
    risk: npt.ArrayLike,
    *,
    sample_weight: npt.ArrayLike | None = None,
    level: float = 0.95,
) -> Estimate:
    """O:E ratio: observed events over the sum of risks. Below 1 the model over-predicts.

    Limits are Wilson's for the event rate divided by the mean risk, so no events give a value of 0 with an upper limit.

    Examples
    --------
    >>> observed_expected([0, 0, 1, 1], [0.25, 0.25, 0.25, 0.25]).value
    2.0
    """
    groups = risk_groups(outcome, risk, sample_weight)
    expected = float(groups.n @ groups.risk)
    if expected == 0:
        raise ValueError("risk must not be 0 for every patient in observed_expected; got a sum of 0. Check the model.")
    low, high = proportion_interval(groups.total_events, groups.total, "wilson", level)
    scale = groups.total / expected
    return Estimate(
        groups.total_events / expected, float(low) * scale, float(high) * scale, level=level, method="wilson"
    )


def calibration_in_the_large(
    outcome: npt.ArrayLike,
    risk: npt.ArrayLike,
    *,
    sample_weight: npt.ArrayLike | None = None,
    level: float = 0.95,
    interval: str = "profile",
) -> Estimate:
    """Calibration-in-the-large: the logistic intercept with the slope of the logit risk fixed at 1; 0 is ideal.

    Negative values mean over-prediction. Risks of exactly 0 or 1 are refused, because their logit is infinite.
    """
    groups = _open_groups(outcome, risk, sample_weight, "calibration_in_the_large")
    objective = LogisticObjective(np.ones((groups.n.size, 1)), groups.events, groups.n, logit(groups.risk))
    return _parameter(objective, 0, level, interval)


def calibration_slope(
    outcome: npt.ArrayLike,
    risk: npt.ArrayLike,
    *,
    sample_weight: npt.ArrayLike | None = None,
    level: float = 0.95,
    interval: str = "profile",
) -> Estimate:
    """Calibration slope: the logistic coefficient of the logit risk; 1 is ideal, below 1 risks are too extreme.

    NaN when every patient has the same risk. Risks of exactly 0 or 1 are refused, because their logit is infinite.
    """
    groups = _open_groups(outcome, risk, sample_weight, "calibration_slope")
    if groups.risk.size == 1:
        return Estimate(np.nan, np.nan, np.nan, level=level, method="not defined: constant risk")
    eta = logit(groups.risk)
    objective = LogisticObjective(
        np.column_stack([np.ones(eta.size), eta]), groups.events, groups.n, np.zeros(eta.size)
    )
    return _parameter(objective, 1, level, interval)


def _open_groups(
    outcome: npt.ArrayLike, risk: npt.ArrayLike, sample_weight: npt.ArrayLike | None, measure: str
) -> RiskGroups:
    """Patients collapsed by risk, all risks inside (0, 1), both outcomes present."""
    groups = risk_groups(outcome, risk, sample_weight)
    extreme = groups.n[(groups.risk <= 0) | (groups.risk >= 1)].sum()
    if extreme:
        raise ValueError(
            f"risk must lie strictly between 0 and 1 for {measure}; got {extreme:g} patients at 0 or 1. A model that "
            "is certain cannot be recalibrated: use penalty='firth' or a prior."
        )
    if groups.total_events in (0.0, groups.total):
        raise ValueError(
            f"outcome must hold both classes for {measure}; got {groups.total_events:g} events among "
            f"{groups.total:g} patients. Use a larger cohort, or observed_expected, which allows no events."
        )
    return groups


def _parameter(objective: LogisticObjective, index: int, level: float, interval: str) -> Estimate:
    check_choice("interval", interval, INTERVALS)
    maximum = fit(objective)
    value = float(maximum.parameters[index])
    se = float(np.sqrt(covariance(maximum.terms.information)[index, index]))
    half = normal_quantile(level) * se
    limits = (value - half, value + half)
    if interval == "profile":
        limits = profile_limits(objective, maximum, index, se, level)
    return Estimate(value, *limits, level=level, method=interval)


def fit(objective: LogisticObjective) -> Maximum:
    """Maximum likelihood to full precision, starting at the event rate."""
    start = np.zeros(objective.X.shape[1])
    rate = objective.events.sum() / objective.n.sum()
    start[0] = logit(rate) - float(objective.n @ objective.offset) / objective.n.sum()
    maximum = maximise(objective, start)
    return replace(maximum, parameters=polish(objective, maximum))
