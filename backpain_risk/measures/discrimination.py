"""Discrimination: do patients with malignancy get higher risks than patients without?"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.special import expit, logit

from ..numerics.checks import FloatArray, as_generator, check_choice, check_count
from ..numerics.estimate import Estimate
from ..numerics.intervals import normal_quantile
from ..numerics.risk_groups import RiskGroups, require_both_classes, resampled_within_outcomes, risk_groups

AUROC_INTERVALS = ("logit", "delong", "newcombe", "bootstrap")


def auroc(
    outcome: npt.ArrayLike,
    risk: npt.ArrayLike,
    *,
    sample_weight: npt.ArrayLike | None = None,
    level: float = 0.95,
    interval: str = "logit",
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
    interval : {"logit", "delong", "newcombe", "bootstrap"}
        DeLong's variance on the logit scale (inside [0, 1]) or untransformed, Newcombe's method 5 (for small numbers),
        or percentiles of resampled patients within each outcome, which needs ``rng``.
    n_resamples : int
        Bootstrap resamples.
    rng : int, SeedSequence or Generator, optional

    Returns
    -------
    Estimate

    Raises
    ------
    ValueError
        For outcomes of one class, risks outside [0, 1], missing values, different lengths or no resamples.

    Notes
    -----
    The logit interval is not defined at an AUROC of exactly 0 or 1, nor with a single patient of an outcome; there
    Newcombe's is used and named in the result.

    References
    ----------
    DeLong, DeLong, Clarke-Pearson (1988), Biometrics 44:837. Newcombe (2006), Stat Med 25:559.

    Examples
    --------
    >>> auroc([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8]).value
    0.75
    """
    check_choice("interval", interval, AUROC_INTERVALS)
    groups = risk_groups(outcome, risk, sample_weight)
    if interval == "bootstrap":
        check_count("n_resamples", n_resamples, 1)
        return _bootstrap(require_both_classes(groups, "auroc"), level, n_resamples, as_generator(rng))
    return auroc_of(groups, level, interval)


def auroc_of(groups: RiskGroups, level: float, interval: str = "logit") -> Estimate:
    """:func:`auroc` of patients collapsed by risk, with an analytic interval."""
    value = area(require_both_classes(groups, "auroc"))
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
) -> Estimate:
    """Mean risk of patients with the event less that of patients without (coefficient of discrimination).

    Parameters
    ----------
    outcome, risk, sample_weight, level
        As for :func:`auroc`.

    Returns
    -------
    Estimate
        Normal limits with Welch's standard error; NaN where an outcome has a single patient.

    Raises
    ------
    ValueError
        For outcomes of one class, risks outside [0, 1], missing values or different lengths.

    References
    ----------
    Yates (1982), Organ Behav Hum Perform 30:132. Tjur (2009), Am Stat 63:366.

    Examples
    --------
    >>> round(discrimination_slope([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8]).value, 3)
    0.325
    """
    return discrimination_slope_of(risk_groups(outcome, risk, sample_weight), level)


def discrimination_slope_of(groups: RiskGroups, level: float) -> Estimate:
    """:func:`discrimination_slope` of patients collapsed by risk."""
    require_both_classes(groups, "discrimination_slope")
    arms = (groups.events, groups.others)
    means = [float(arm @ groups.risk / arm.sum()) for arm in arms]
    se = float(np.sqrt(sum(sample_variance(groups.risk, arm) / arm.sum() for arm in arms)))
    value, half = means[0] - means[1], normal_quantile(level) * se
    return Estimate(value, value - half, value + half, level=level, method="normal")


def area(groups: RiskGroups) -> float:
    """AUROC from patients collapsed by risk: exact for whole counts."""
    others = groups.others
    below = np.cumsum(others) - others
    wins = float(groups.events @ (below + others / 2))
    return wins / (groups.total_events * float(others.sum()))


def placements(groups: RiskGroups) -> tuple[FloatArray, FloatArray]:
    """Share of non-events below each risk, and of events above it, ties one half."""
    events, others = groups.events, groups.others
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
    events, others = groups.events, groups.others
    return sample_variance(below, events) / events.sum() + sample_variance(above, others) / others.sum()


def _limits(groups: RiskGroups, value: float, level: float, method: str) -> tuple[float, float]:
    z = normal_quantile(level)
    if method == "newcombe":
        events = groups.total_events
        return _newcombe(value, events, groups.total - events, z)
    se = float(np.sqrt(delong_variance(groups)))
    if method == "delong":
        return value - z * se, value + z * se
    return logit_limits(value, se, level)


def logit_limits(value: float, se: float, level: float) -> tuple[float, float]:
    """Limits of a proportion-like value from its standard error, made on the logit scale."""
    half = normal_quantile(level) * se / (value * (1 - value))
    return float(expit(logit(value) - half)), float(expit(logit(value) + half))


def _newcombe(value: float, m: float, n: float, z: float) -> tuple[float, float]:
    """Method 5: the areas whose Hanley-McNeil-type standard error puts them z away."""
    from scipy.optimize import brentq

    mean = (m + n) / 2 - 1

    def excess(theta: float, side: float) -> float:
        a, b = (1 - theta) / (2 - theta), theta / (1 + theta)
        variance = theta * (1 - theta) * (1 + mean * (a + b)) / (m * n)
        return theta + side * z * np.sqrt(variance) - value

    edge = 1e-12  # the variance vanishes at 0 and 1, which are roots of no interest
    low = 0.0 if value == 0 else brentq(excess, 0.0, min(value, 1 - edge), args=(1.0,), xtol=1e-15)
    high = 1.0 if value == 1 else brentq(excess, max(value, edge), 1.0, args=(-1.0,), xtol=1e-15)
    return float(low), float(high)


def _bootstrap(groups: RiskGroups, level: float, n_resamples: int, rng: np.random.Generator) -> Estimate:
    drawn = [area(each) for each in resampled_within_outcomes(groups, n_resamples, rng)]
    low, high = np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2])
    return Estimate(area(groups), float(low), float(high), level=level, method=f"bootstrap, {n_resamples} resamples")
