"""Calibration: do patients given a risk of 3 % have malignancy 3 times in a hundred?

The Hosmer-Lemeshow test is not offered: its p-value depends on arbitrary groups, falls with the
number of patients whatever the size of the miscalibration, and says neither where nor how large it
is. Use a calibration curve.

How often the limits hold with 13 to 200 events: :func:`coverage_of_limits`.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from ...numerics.checks import check_choice
from ...numerics.grouped_by_risk import RiskGroups, risk_groups
from ...numerics.intervals import normal_quantile, proportion_interval
from ...numerics.newton import Maximum, covariance
from ...numerics.profile import profile_limits
from ...results.estimate import Estimate
from ...results.hypothesis_test import chi_squared_test
from ...results.table import ResultTable
from .recalibration import Recalibration, recalibration_of

INTERVALS = ("profile", "wald")


def observed_expected(
    outcome: npt.ArrayLike,
    risk: npt.ArrayLike,
    *,
    sample_weight: npt.ArrayLike | None = None,
    level: float = 0.95,
) -> Estimate:
    """O:E ratio: observed events over the sum of risks. Below 1 the model over-predicts.

    Parameters
    ----------
    outcome : array, shape (n,)
        0 or 1.
    risk : array, shape (n,)
        Predicted probability in [0, 1], not all 0.
    sample_weight : array, shape (n,), optional
        Number of identical patients.
    level : float
        Share that the limits are to hold, inside (0, 1).

    Returns
    -------
    Estimate
        Limits are Wilson's for the event rate divided by the mean risk, so no events give 0 with an
        upper limit.

    Raises
    ------
    ValueError
        For risks that are all 0, outside [0, 1] or missing.

    Examples
    --------
    >>> observed_expected([0, 0, 1, 1], [0.25, 0.25, 0.25, 0.25]).value
    2.0
    """
    return observed_expected_of(risk_groups(outcome, risk, sample_weight), level)


def observed_expected_of(groups: RiskGroups, level: float) -> Estimate:
    """:func:`observed_expected` of patients collapsed by risk."""
    expected = float(groups.n @ groups.risk)
    if expected == 0:
        raise ValueError(
            "risk must not be 0 for every patient in observed_expected; got a sum of 0. Check the "
            "model."
        )
    low, high = proportion_interval(groups.total_events, groups.total, "wilson", level)
    scale = groups.total / expected
    return Estimate(
        groups.total_events / expected,
        float(low) * scale,
        float(high) * scale,
        level=level,
        method="wilson",
    )


def calibration_in_the_large(
    outcome: npt.ArrayLike,
    risk: npt.ArrayLike,
    *,
    sample_weight: npt.ArrayLike | None = None,
    level: float = 0.95,
    interval: str = "profile",
) -> Estimate:
    """Calibration-in-the-large: the logistic intercept with the slope of the logit risk fixed at 1;
    0 is ideal.

    Parameters
    ----------
    outcome : array, shape (n,)
        0 or 1, both present.
    risk : array, shape (n,)
        Predicted probability strictly between 0 and 1: the logit of 0 and 1 is infinite.
    sample_weight : array, shape (n,), optional
        Number of identical patients.
    level : float
        Share that the limits are to hold, inside (0, 1).
    interval : {"profile", "wald"}
        Limits by the profile likelihood, or from the standard error.

    Returns
    -------
    Estimate
        Log odds; negative values mean over-prediction.

    Raises
    ------
    ValueError
        For risks of 0 or 1, one class only, missing values or different lengths.

    References
    ----------
    Cox (1958), Biometrika 45:562. Van Calster et al. (2019), BMC Med 17:230.

    Examples
    --------
    >>> round(calibration_in_the_large([0, 0, 0, 1], [0.5, 0.5, 0.5, 0.5]).value, 4)
    -1.0986
    """
    return calibration_in_the_large_of(risk_groups(outcome, risk, sample_weight), level, interval)


def calibration_in_the_large_of(
    groups: RiskGroups, level: float, interval: str = "profile"
) -> Estimate:
    """:func:`calibration_in_the_large` of patients collapsed by risk."""
    check_choice("interval", interval, INTERVALS)
    objective = recalibration_of(groups, "calibration_in_the_large")
    return _parameter(objective, objective.fit(slope=False), 0, level, interval)


def calibration_slope(
    outcome: npt.ArrayLike,
    risk: npt.ArrayLike,
    *,
    sample_weight: npt.ArrayLike | None = None,
    level: float = 0.95,
    interval: str = "profile",
) -> Estimate:
    """Calibration slope: the logistic coefficient of the logit risk; 1 is ideal, below 1 risks are
    too extreme.

    Parameters
    ----------
    outcome, risk, sample_weight, level, interval
        As for :func:`calibration_in_the_large`.

    Returns
    -------
    Estimate
        NaN when every patient has the same risk. Infinite when the risk separates events from
        non-events.

    Raises
    ------
    ValueError
        For risks of 0 or 1, one class only, missing values or different lengths.

    Examples
    --------
    >>> risk = [0.1, 0.1, 0.1, 0.1, 0.4, 0.4, 0.4, 0.4]
    >>> round(calibration_slope([0, 0, 0, 1, 0, 1, 0, 1], risk).value, 4)
    0.6131
    """
    return calibration_slope_of(risk_groups(outcome, risk, sample_weight), level, interval)


def calibration_slope_of(groups: RiskGroups, level: float, interval: str = "profile") -> Estimate:
    """:func:`calibration_slope` of patients collapsed by risk."""
    check_choice("interval", interval, INTERVALS)
    objective = recalibration_of(groups, "calibration_slope")
    if groups.risk.size == 1:
        return Estimate(np.nan, np.nan, np.nan, level=level, method="not defined: constant risk")
    separated = _separation(groups)
    if separated:
        value = separated * np.inf
        return Estimate(
            value,
            np.nan,
            np.nan,
            level=level,
            method="not estimable: the risk separates the outcomes",
        )
    return _parameter(objective, objective.fit(slope=True), 1, level, interval)


def _separation(groups: RiskGroups) -> int:
    """1 when no event has a lower risk than a non-event, -1 when none has a higher one, else 0."""
    events = groups.risk[groups.events > 0]
    others = groups.risk[groups.others > 0]
    return int(events[0] >= others[-1]) - int(events[-1] <= others[0])


def _parameter(
    objective: Recalibration, maximum: Maximum, index: int, level: float, interval: str
) -> Estimate:
    value = float(maximum.parameters[index])
    se = float(np.sqrt(covariance(maximum.terms.information)[index, index]))
    half = normal_quantile(level) * se
    limits = (value - half, value + half)
    if interval == "profile":
        limits = profile_limits(objective, maximum, index, se, level)
    return Estimate(value, *limits, level=level, method=interval)


def miller_tests(
    outcome: npt.ArrayLike, risk: npt.ArrayLike, *, sample_weight: npt.ArrayLike | None = None
) -> ResultTable:
    """Miller's likelihood-ratio tests of weak calibration: of the level, of the spread, and of
    both.

    Parameters
    ----------
    outcome, risk, sample_weight
        As for :func:`calibration_in_the_large`.

    Returns
    -------
    table with columns hypothesis, statistic, df, p_value
        Rows ``both`` (a = 0 and b = 1 in logit P = a + b logit(risk); also called the unreliability
        test), ``in_the_large`` (a = 0 given b = 1) and ``slope`` (b = 1 whatever a). The first
        statistic is the sum of the other two.

    Raises
    ------
    ValueError
        For risks of 0 or 1, constant risk, one class only, missing values or different lengths.

    References
    ----------
    Miller, Hui and Tierney (1991), Stat Med 10:1213.

    Examples
    --------
    >>> risk = [0.1, 0.1, 0.1, 0.1, 0.4, 0.4, 0.4, 0.4]
    >>> miller_tests([0, 0, 0, 1, 0, 1, 0, 1], risk).statistic.round(3).to_dict()
    {'both': 0.902, 'in_the_large': 0.705, 'slope': 0.197}
    """
    groups = risk_groups(outcome, risk, sample_weight)
    objective = recalibration_of(groups, "miller_tests")
    if groups.risk.size == 1:
        raise ValueError(
            "risk must vary for miller_tests; got one value. Use calibration_in_the_large."
        )
    given = objective(np.array([0.0])).value
    shifted, refitted = (objective.fit(slope=free).terms.value for free in (False, True))
    tests = [
        chi_squared_test("a = 0 and b = 1", 2 * (refitted - given), 2),
        chi_squared_test("a = 0 given b = 1", 2 * (shifted - given), 1),
        chi_squared_test("b = 1 whatever a", 2 * (refitted - shifted), 1),
    ]
    return ResultTable(
        pd.concat([t.to_frame() for t in tests]).set_axis(["both", "in_the_large", "slope"])
    )
