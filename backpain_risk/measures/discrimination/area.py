"""Discrimination: do patients with malignancy get higher risks than patients without?"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.special import expit, logit, stdtrit

from ...numerics.checks import FloatArray, as_generator, check_choice, check_level, check_resamples
from ...numerics.grouped_by_risk import (
    RiskGroups,
    require_both_classes,
    resampled_within_outcomes,
    risk_groups,
)
from ...numerics.intervals import normal_quantile, percentile_limits, skewed_mean_interval
from ...results.estimate import Estimate

AUROC_INTERVALS = ("newcombe", "logit", "delong", "bootstrap")
SLOPE_INTERVALS = ("hall", "normal")


def auroc(
    outcome: npt.ArrayLike,
    risk: npt.ArrayLike,
    *,
    sample_weight: npt.ArrayLike | None = None,
    level: float = 0.95,
    interval: str = "newcombe",
    n_resamples: int = 2000,
    rng: int | np.random.SeedSequence | np.random.Generator | None = None,
) -> Estimate:
    """C-statistic: P(risk of an event > risk of a non-event), ties counting one half.

    Parameters
    ----------
    outcome : array, shape (n,)
        0 or 1.
    risk : array, shape (n,)
        Predicted probability in [0, 1].
    sample_weight : array, shape (n,), optional
        Number of identical patients.
    level : float
        Share that the limits are to hold, inside (0, 1).
    interval : {"newcombe", "logit", "delong", "bootstrap"}
        Newcombe's method 5, DeLong's variance on the logit scale (inside [0, 1]) or untransformed,
        or percentiles of resampled patients within each outcome, which needs ``rng``.
    n_resamples : int
        Bootstrap resamples.
    rng : int, SeedSequence or Generator, optional
        Source of the draws; the same one gives the same draws.

    Returns
    -------
    Estimate

    Raises
    ------
    ValueError
        For outcomes of one class, risks outside [0, 1], missing values, different lengths or no
        resamples.

    Notes
    -----
    Newcombe's limits are the areas whose standard error, that of exponentially distributed risks,
    puts them two errors away; they hold with 13 events, where the others fall short
    (:func:`coverage_of_limits`). The logit interval is not defined at an AUROC of exactly 0 or 1,
    nor with a single patient of an outcome; there Newcombe's is used and named in the result.

    References
    ----------
    DeLong, DeLong, Clarke-Pearson (1988), Biometrics 44:837. Newcombe (2006), Stat Med 25:559.

    Examples
    --------
    >>> auroc([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8]).value
    0.75
    """
    check_choice("interval", interval, AUROC_INTERVALS)
    check_level(level)
    groups = risk_groups(outcome, risk, sample_weight)
    if interval == "bootstrap":
        check_resamples("n_resamples", n_resamples, 1)
        return _bootstrap(
            require_both_classes(groups, "auroc"), level, n_resamples, as_generator(rng)
        )
    return auroc_of(groups, level, interval)


def auroc_of(groups: RiskGroups, level: float, interval: str = "newcombe") -> Estimate:
    """:func:`auroc` of patients collapsed by risk, with an analytic interval."""
    value = area_of(require_both_classes(groups, "auroc"))
    few = min(groups.total_events, groups.total - groups.total_events) < 2
    method = "newcombe" if interval == "logit" and (few or value in (0.0, 1.0)) else interval
    low, high = _limits(groups, value, level, method)
    return Estimate(value, low, high, level=level, method=method)


def somers_d(
    outcome: npt.ArrayLike,
    risk: npt.ArrayLike,
    *,
    sample_weight: npt.ArrayLike | None = None,
    level: float = 0.95,
) -> Estimate:
    """Somers' D of the risk given the outcome: 2 AUROC - 1; 0 is no discrimination, 1 is perfect.

    Parameters
    ----------
    outcome, risk, sample_weight, level
        As for :func:`auroc`.

    Returns
    -------
    Estimate
        With the limits of :func:`auroc` on this scale.

    Raises
    ------
    ValueError
        For outcomes of one class, risks outside [0, 1], missing values or different lengths.

    References
    ----------
    Somers (1962), Am Sociol Rev 27:799.

    Examples
    --------
    >>> somers_d([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8]).value
    0.5
    """
    return somers_d_of(risk_groups(outcome, risk, sample_weight), level)


def somers_d_of(groups: RiskGroups, level: float) -> Estimate:
    """:func:`somers_d` of patients collapsed by risk."""
    c = auroc_of(groups, level)
    return Estimate(2 * c.value - 1, 2 * c.low - 1, 2 * c.high - 1, level=level, method=c.method)


def discrimination_slope(
    outcome: npt.ArrayLike,
    risk: npt.ArrayLike,
    *,
    sample_weight: npt.ArrayLike | None = None,
    level: float = 0.95,
    interval: str = "hall",
) -> Estimate:
    """Mean risk of patients with the event less that of patients without (coefficient of
    discrimination).

    Parameters
    ----------
    outcome, risk, sample_weight, level
        As for :func:`auroc`.
    interval : {"hall", "normal"}
        t limits of the two means corrected for the skewness of the risks (Hall) and combined, or
        normal limits with Welch's standard error, which lie too low with few events.

    Returns
    -------
    Estimate
        Limits are NaN where an outcome has a single patient.

    Raises
    ------
    ValueError
        For outcomes of one class, risks outside [0, 1], missing values or different lengths.

    References
    ----------
    Yates (1982), Organ Behav Hum Perform 30:132. Tjur (2009), Am Stat 63:366. Hall (1992), J R Stat
    Soc B 54:221.

    Examples
    --------
    >>> round(discrimination_slope([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8]).value, 3)
    0.325
    """
    check_choice("interval", interval, SLOPE_INTERVALS)
    return discrimination_slope_of(risk_groups(outcome, risk, sample_weight), level, interval)


def discrimination_slope_of(groups: RiskGroups, level: float, interval: str = "hall") -> Estimate:
    """:func:`discrimination_slope` of patients collapsed by risk."""
    require_both_classes(groups, "discrimination_slope")
    arms = (groups.events, groups.others)
    (a, a_low, a_high), (b, b_low, b_high) = (
        skewed_mean_interval(groups.risk, arm, level) for arm in arms
    )
    value = a - b
    if interval == "normal":
        se = float(np.sqrt(sum(sample_variance(groups.risk, arm) / arm.sum() for arm in arms)))
        below = above = normal_quantile(level) * se
    else:
        below = float(np.hypot(a - a_low, b_high - b))
        above = float(np.hypot(a_high - a, b - b_low))
    return Estimate(value, value - below, value + above, level=level, method=interval)


def area_of(groups: RiskGroups) -> float:
    """AUROC from patients collapsed by risk: exact for whole counts."""
    others = groups.others
    below = np.cumsum(others) - others
    wins = float(groups.events @ (below + others / 2))
    return wins / (groups.total_events * float(others.sum()))


def placements(groups: RiskGroups) -> tuple[FloatArray, FloatArray]:
    """Share of non-events below each risk, and of events above it, ties one half."""
    events = groups.events
    others = groups.others
    below = (np.cumsum(others) - others / 2) / others.sum()
    above = (np.cumsum(events[::-1])[::-1] - events / 2) / events.sum()
    return below, above


def sample_variance(values: FloatArray, counts: FloatArray) -> float:
    """Variance of values seen ``counts`` times, with n - 1; NaN for one patient."""
    n = float(counts.sum())
    if n <= 1:
        return np.nan
    mean = counts @ values / n
    return float(counts @ (values - mean) ** 2 / (n - 1))


def delong_variance(groups: RiskGroups) -> float:
    """DeLong's variance of the AUROC."""
    below, above = placements(groups)
    events = groups.events
    others = groups.others
    return (
        sample_variance(below, events) / events.sum()
        + sample_variance(above, others) / others.sum()
    )


def _limits(groups: RiskGroups, value: float, level: float, method: str) -> tuple[float, float]:
    z = normal_quantile(level)
    if method == "newcombe":
        events = groups.total_events
        return _newcombe(value, events, groups.total - events, z)
    se = float(np.sqrt(delong_variance(groups)))
    if method == "delong":
        return value - z * se, value + z * se
    return logit_limits(value, se, level)


def logit_limits(value: float, se: float, level: float, df: float = np.inf) -> tuple[float, float]:
    """Limits of a proportion-like value from its standard error, made on the logit scale; NaN
    without freedom.
    """
    quantile = float(stdtrit(df, 0.5 + level / 2)) if 0 < df < np.inf else normal_quantile(level)
    half = quantile * se / (value * (1 - value)) if df > 0 else np.nan
    return float(expit(logit(value) - half)), float(expit(logit(value) + half))


def _newcombe(value: float, m: float, n: float, z: float) -> tuple[float, float]:
    """Method 5: the areas whose Hanley-McNeil-type standard error, which is symmetric about 1/2,
    puts them z away.
    """
    return _newcombe_low(value, m, n, z), 1 - _newcombe_low(1 - value, m, n, z)


def _newcombe_low(value: float, m: float, n: float, z: float) -> float:
    from scipy.optimize import brentq

    if value == 0:
        return 0.0

    def excess(theta: float) -> float:
        error = (
            z**2
            * theta
            * (1 + ((m + n) / 2 - 1) * ((1 - theta) / (2 - theta) + theta / (1 + theta)))
            / (m * n)
        )
        if value == 1:  # divided by 1 - theta, a root of no interest
            return 1 - theta - error
        return (value - theta) ** 2 - (1 - theta) * error

    return float(brentq(excess, 0.0, value, xtol=1e-15))


def _bootstrap(
    groups: RiskGroups, level: float, n_resamples: int, rng: np.random.Generator
) -> Estimate:
    drawn = [area_of(each) for each in resampled_within_outcomes(groups, n_resamples, rng)]
    low, high = percentile_limits(drawn, level)
    return Estimate(
        area_of(groups),
        float(low),
        float(high),
        level=level,
        method=f"bootstrap, {n_resamples} resamples",
    )
