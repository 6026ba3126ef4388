"""Confidence intervals for proportions and for ratios of proportions."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from scipy import optimize, special, stats

from .checks import FloatArray, check_choice, check_fraction

PROPORTION_INTERVALS = ("wilson", "clopper_pearson", "jeffreys")


def normal_quantile(level: float) -> float:
    """Two-sided standard normal quantile of a coverage level, 1.96 for 0.95."""
    return float(special.ndtri(0.5 + check_fraction("level", level) / 2))


def proportion_interval(
    events: npt.ArrayLike, n: npt.ArrayLike, method: str = "wilson", level: float = 0.95
) -> tuple[FloatArray, FloatArray]:
    """Limits for a binomial proportion; both NaN where ``n`` is 0.

    ``wilson`` inverts the score test; ``clopper_pearson`` is exact; ``jeffreys`` takes Beta(1/2, 1/2) quantiles, with
    the lower limit 0 at no events and the upper 1 at all events.
    """
    check_choice("interval", method, PROPORTION_INTERVALS)
    x, size = np.broadcast_arrays(np.asarray(events, dtype=np.float64), np.asarray(n, dtype=np.float64))
    with np.errstate(invalid="ignore", divide="ignore"):
        low, high = _LIMITS[method](x, size, level)
        low, high = np.where(x == 0, 0.0, low), np.where(x == size, 1.0, high)
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
    return stats.beta.ppf(tail, x + 0.5, n - x + 0.5), stats.beta.ppf(1 - tail, x + 0.5, n - x + 0.5)


_LIMITS = {"wilson": _wilson, "clopper_pearson": _clopper_pearson, "jeffreys": _jeffreys}


def log_ratio_interval(x1: float, n1: float, x2: float, n2: float, level: float = 0.95) -> tuple[float, float, float]:
    """Ratio of two proportions x1/n1 and x2/n2, all cells positive, with Katz's log limits: value, low, high.

    Reference: Katz and others (1978), Biometrics 34:469.
    """
    return _log_limits((x1 / n1) / (x2 / n2), 1 / x1 - 1 / n1 + 1 / x2 - 1 / n2, level)


def odds_ratio_interval(a: float, b: float, c: float, d: float, level: float = 0.95) -> tuple[float, float, float]:
    """Odds ratio a d / (b c), all cells positive, with Woolf's log limits: value, low, high."""
    return _log_limits(a * d / (b * c), 1 / a + 1 / b + 1 / c + 1 / d, level)


def _log_limits(value: float, variance: float, level: float) -> tuple[float, float, float]:
    factor = float(np.exp(normal_quantile(level) * np.sqrt(variance)))
    return value, value / factor, value * factor


def score_ratio_interval(x1: float, n1: float, x2: float, n2: float, level: float = 0.95) -> tuple[float, float, float]:
    """Ratio of two proportions x1/n1 and x2/n2 with Koopman's score limits: value, low, high.

    The limits are the ratios at which the score statistic, with the proportions that are most likely under that ratio,
    reaches its chi-squared quantile. Zeros need no correction: without events in the first group value and low are 0,
    without events in the second value and high are infinite, without any nothing is known (NaN, 0, infinity).

    Reference: Koopman (1984), Biometrics 40:513.
    """
    if x1 == x2 == 0:
        return float("nan"), 0.0, float("inf")
    value = (x1 / n1) / (x2 / n2) if x2 > 0 else float("inf")
    bound = normal_quantile(level) ** 2

    def excess(log_ratio: float) -> float:
        return _score_statistic(float(np.exp(log_ratio)), x1, n1, x2, n2) - bound

    centre = (
        float(np.log((x1 + 0.5) / (n1 + 0.5) / ((x2 + 0.5) / (n2 + 0.5)))) if x1 * x2 == 0 else float(np.log(value))
    )
    low = 0.0 if x1 == 0 else float(np.exp(_crossing(excess, centre, -1)))
    high = float("inf") if x2 == 0 else float(np.exp(_crossing(excess, centre, +1)))
    return value, low, high


def _score_statistic(ratio: float, x1: float, n1: float, x2: float, n2: float) -> float:
    """Chi-squared of the hypothesis p1 = ratio p2, with the variance at the p1 and p2 most likely under it."""
    b = ratio * (n1 + x2) + x1 + n2
    p2 = 2 * (x1 + x2) / (b + np.sqrt(b**2 - 4 * ratio * (n1 + n2) * (x1 + x2)))
    p1 = min(ratio * p2, 1.0)  # 1 up to rounding where every patient of the first group has the event
    gap = x1 / n1 - ratio * x2 / n2
    return 0.0 if gap == 0 else float(gap**2 / (p1 * (1 - p1) / n1 + ratio**2 * p2 * (1 - p2) / n2))


def _crossing(excess: Callable[[float], float], centre: float, direction: int) -> float:
    """Where the statistic reaches its quantile on one side of the estimate; it grows without bound away from it."""
    near, far = 0.0, 0.5
    while excess(centre + direction * far) < 0:
        near, far = far, 2 * far
    step = optimize.brentq(lambda step: excess(centre + direction * step), near, far, xtol=1e-12)
    return centre + direction * float(step)
