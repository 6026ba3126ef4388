"""Limits: of proportions, of their ratios and sums, and of draws."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import optimize, special, stats

from .checks import BoolArray, FloatArray, check_choice, check_fraction

LEVEL = 0.95
"""Coverage of limits where nobody asks for another."""
PROPORTION_INTERVALS = ("wilson", "clopper_pearson", "jeffreys")


def normal_quantile(level: float) -> float:
    """Two-sided standard normal quantile of a coverage level, 1.96 for 0.95."""
    return float(special.ndtri(0.5 + check_fraction("level", level) / 2))


def t_quantile(level: float, df: npt.ArrayLike) -> FloatArray:
    """Two-sided quantile of Student's t of a coverage level, in the shape of ``df``."""
    return np.asarray(stats.t.ppf(0.5 + check_fraction("level", level) / 2, df))


def tails(level: float) -> tuple[float, float]:
    """Shares of a distribution below its two equal-tailed limits, 0.025 and 0.975 for 0.95."""
    return (1 - check_fraction("level", level)) / 2, (1 + level) / 2


def median_and_limits(
    draws: npt.ArrayLike, level: float = LEVEL
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Low limit, median and high limit of draws along their first axis."""
    low, high = tails(level)
    low_end, middle, high_end = np.quantile(
        np.asarray(draws, dtype=np.float64), [low, 0.5, high], axis=0
    )
    return low_end, middle, high_end


def percentile_limits(draws: npt.ArrayLike, level: float = LEVEL) -> tuple[FloatArray, FloatArray]:
    """Equal-tailed limits that hold a share ``level`` of the draws, along their first axis.

    Examples
    --------
    >>> low, high = percentile_limits(np.arange(101.0), 0.9)
    >>> round(float(low), 6), round(float(high), 6)
    (5.0, 95.0)
    """
    values = np.asarray(draws, dtype=np.float64)
    low, high = np.quantile(values, tails(level), axis=0)
    return low, high


def proportion_interval(
    events: npt.ArrayLike, n: npt.ArrayLike, method: str = "wilson", level: float = 0.95
) -> tuple[FloatArray, FloatArray]:
    """Limits for a binomial proportion; both NaN where ``n`` is 0.

    ``wilson`` inverts the score test; ``clopper_pearson`` is exact; ``jeffreys`` takes Beta(1/2,
    1/2) quantiles, with the lower limit 0 at no events and the upper 1 at all events.
    """
    check_choice("interval", method, PROPORTION_INTERVALS)
    x, size = np.broadcast_arrays(
        np.asarray(events, dtype=np.float64), np.asarray(n, dtype=np.float64)
    )
    with np.errstate(invalid="ignore", divide="ignore"):
        low, high = _LIMITS[method](x, size, level)
        low = np.where(x == 0, 0.0, low)
        high = np.where(x == size, 1.0, high)
    return np.where(size > 0, low, np.nan), np.where(size > 0, high, np.nan)


def _wilson(x: FloatArray, n: FloatArray, level: float) -> tuple[FloatArray, FloatArray]:
    z = normal_quantile(level)
    centre = (x + z**2 / 2) / (n + z**2)
    half = z / (n + z**2) * np.sqrt(x * (n - x) / n + z**2 / 4)
    return centre - half, centre + half


def _clopper_pearson(x: FloatArray, n: FloatArray, level: float) -> tuple[FloatArray, FloatArray]:
    tail = (1 - level) / 2
    return stats.beta.ppf(tail, x, n - x + 1), stats.beta.ppf(1 - tail, x + 1, n - x)


def _jeffreys(x: FloatArray, n: FloatArray, level: float) -> tuple[FloatArray, FloatArray]:
    tail = (1 - level) / 2
    return stats.beta.ppf(tail, x + 0.5, n - x + 0.5), stats.beta.ppf(
        1 - tail, x + 0.5, n - x + 0.5
    )


_LIMITS = {"wilson": _wilson, "clopper_pearson": _clopper_pearson, "jeffreys": _jeffreys}


def rare_proportion_interval(
    x: FloatArray, n: FloatArray, level: float = 0.95
) -> tuple[FloatArray, FloatArray]:
    """Wilson's limits, with exact one-sided Poisson ones for the limit near 0 (or 1) of up to 3
    patients.

    Wilson's lower limit of 1 patient is so high that it covers 0.84 where 0.15 are expected; the
    modified one is not.

    Reference: Brown, Cai, DasGupta (2001), Stat Sci 16:101 (modified Wilson).
    """
    low, high = proportion_interval(x, n, "wilson", level)
    few = np.where(n > 50, 3, 2)

    def poisson(count: FloatArray) -> FloatArray:
        return (
            np.where(
                count > 0, special.gammaincinv(np.where(count > 0, count, 1.0), 1 - level), 0.0
            )
            / n
        )

    low = np.where(x <= few, np.minimum(low, poisson(x)), low)
    return low, np.where(n - x <= few, np.maximum(high, 1 - poisson(n - x)), high)


def combination_interval(
    counts: FloatArray,
    sizes: FloatArray,
    worth: FloatArray,
    sample: npt.NDArray[Any],
    estimated: BoolArray,
    level: float = 0.95,
) -> tuple[FloatArray, FloatArray]:
    """Limits for a sum of proportions, each times its worth, recovered from the limits of the
    proportions (MOVER).

    Parameters
    ----------
    counts, sizes, worth : ndarray, shape (cells, k)
        Patients in each cell of a sample, patients of that sample, and what the proportion is
        multiplied with.
    sample : ndarray, shape (cells,)
        Which sample each cell belongs to; a patient is in one cell of a sample.
    estimated : ndarray, shape (cells, 1)
        False where the proportion is known, not estimated.
    level : float

    Returns
    -------
    low, high : ndarray, shape (k,)

    Notes
    -----
    The distances from the estimate to its limits add like standard errors, with the correlation of
    multinomial proportions, separately below and above, so that the limits are as skewed as those
    of a rare proportion. Each proportion has the limits of :func:`rare_proportion_interval`.

    References
    ----------
    Zou, Huang, Zhang (2009), Comput Stat Data Anal 53:1080. Donner and Zou (2012), Stat Methods Med
    Res 21:347.
    """
    p = counts / sizes
    ends = rare_proportion_interval(counts, sizes, level)
    low, high = (np.where(estimated, end, p) for end in ends)
    down = worth * np.where(worth > 0, p - low, p - high)
    up = worth * np.where(worth > 0, high - p, low - p)
    value = np.sum(worth * p, axis=0)
    together = (sample[:, None] == sample)[..., None]
    return value - _length(down, worth, p, together), value + _length(up, worth, p, together)


def _length(
    distance: FloatArray, worth: FloatArray, p: FloatArray, together: BoolArray
) -> FloatArray:
    """Length of the sum of correlated distances, (k,)."""
    with np.errstate(divide="ignore", invalid="ignore"):
        odds = np.nan_to_num(p / (1 - p), nan=0.0, posinf=0.0)
    correlation = -np.sqrt(np.minimum(odds[:, None] * odds[None], 1.0)) * together
    correlation[np.arange(len(p)), np.arange(len(p))] = 1.0
    signed = np.sign(worth) * distance
    return np.asarray(
        np.sqrt(np.maximum(np.einsum("ik,ijk,jk->k", signed, correlation, signed), 0.0))
    )


def skewed_mean_interval(
    values: FloatArray, counts: FloatArray, level: float = 0.95
) -> tuple[float, float, float]:
    """Mean of values seen ``counts`` times, with t limits corrected for their skewness: value, low,
    high.

    The t statistic is transformed by a cubic that removes its skewness (and can be inverted in
    closed form). Limits are NaN for one patient.

    Reference: Hall (1992), J R Stat Soc B 54:221.
    """
    n = float(counts.sum())
    mean = float(counts @ values / n)
    if n <= 1:
        return mean, float("nan"), float("nan")
    away = values - mean
    variance = float(counts @ away**2) / (n - 1)
    if variance == 0:
        return mean, mean, mean
    skew = float(counts @ away**3) / n / variance**1.5 / np.sqrt(n)
    t = float(t_quantile(level, n - 1))

    def untransformed(y: float) -> float:
        return y if abs(skew) < 1e-9 else 3 / skew * (float(np.cbrt(1 + skew * (y - skew / 6))) - 1)

    error = float(np.sqrt(variance / n))
    return mean, mean - error * untransformed(t), mean - error * untransformed(-t)


def log_ratio_interval(
    x1: float, n1: float, x2: float, n2: float, level: float = 0.95
) -> tuple[float, float, float]:
    """Ratio of two proportions x1/n1 and x2/n2, all cells positive, with Katz's log limits: value,
    low, high.

    Reference: Katz and others (1978), Biometrics 34:469.
    """
    return _log_limits((x1 / n1) / (x2 / n2), 1 / x1 - 1 / n1 + 1 / x2 - 1 / n2, level)


def odds_ratio_interval(
    a: float, b: float, c: float, d: float, level: float = 0.95
) -> tuple[float, float, float]:
    """Odds ratio a d / (b c), all cells positive, with Woolf's log limits: value, low, high."""
    return _log_limits(a * d / (b * c), 1 / a + 1 / b + 1 / c + 1 / d, level)


def _log_limits(value: float, variance: float, level: float) -> tuple[float, float, float]:
    factor = float(np.exp(normal_quantile(level) * np.sqrt(variance)))
    return value, value / factor, value * factor


def score_ratio_interval(
    x1: float, n1: float, x2: float, n2: float, level: float = 0.95
) -> tuple[float, float, float]:
    """Ratio of two proportions x1/n1 and x2/n2 with Koopman's score limits: value, low, high.

    The limits are the ratios at which the score statistic, with the proportions that are most
    likely under that ratio, reaches its chi-squared quantile. Zeros need no correction: without
    events in the first group value and low are 0, without events in the second value and high are
    infinite, without any nothing is known (NaN, 0, infinity).

    Reference: Koopman (1984), Biometrics 40:513.
    """
    if x1 == x2 == 0:
        return float("nan"), 0.0, float("inf")
    value = (x1 / n1) / (x2 / n2) if x2 > 0 else float("inf")
    bound = normal_quantile(level) ** 2

    def excess(log_ratio: float) -> float:
        return _score_statistic(float(np.exp(log_ratio)), x1, n1, x2, n2) - bound

    centre = (
        float(np.log((x1 + 0.5) / (n1 + 0.5) / ((x2 + 0.5) / (n2 + 0.5))))
        if x1 * x2 == 0
        else float(np.log(value))
    )
    low = 0.0 if x1 == 0 else float(np.exp(_crossing(excess, centre, -1)))
    high = float("inf") if x2 == 0 else float(np.exp(_crossing(excess, centre, +1)))
    return value, low, high


def _score_statistic(ratio: float, x1: float, n1: float, x2: float, n2: float) -> float:
    """Chi-squared of the hypothesis p1 = ratio p2, with the variance at the p1 and p2 most
    likely under it.
    """
    b = ratio * (n1 + x2) + x1 + n2
    p2 = 2 * (x1 + x2) / (b + np.sqrt(b**2 - 4 * ratio * (n1 + n2) * (x1 + x2)))
    p1 = min(
        ratio * p2, 1.0
    )  # 1 up to rounding where every patient of the first group has the event
    gap = x1 / n1 - ratio * x2 / n2
    return 0.0 if gap == 0 else float(gap**2 / (p1 * (1 - p1) / n1 + ratio**2 * p2 * (1 - p2) / n2))


def _crossing(excess: Callable[[float], float], centre: float, direction: int) -> float:
    """Where the statistic reaches its quantile on one side of the estimate; it grows without
    bound away from it.
    """
    near = 0.0
    far = 0.5
    while excess(centre + direction * far) < 0:
        near = far
        far = 2 * far
    step = optimize.brentq(lambda step: excess(centre + direction * step), near, far, xtol=1e-12)
    return centre + direction * float(step)
