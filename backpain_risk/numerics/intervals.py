"""Confidence intervals for proportions and for ratios of proportions."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import optimize, stats

from .checks import FloatArray, check_choice, check_fraction

PROPORTION_INTERVALS = ("wilson", "clopper_pearson", "jeffreys")


def normal_quantile(level: float) -> float:
    """Two-sided standard normal quantile of a coverage level, 1.96 for 0.95."""
    return float(stats.norm.ppf(0.5 + check_fraction("level", level) / 2))


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
    """Ratio of two proportions x1/n1 and x2/n2 with Katz's log limits: value, low, high.

    Zero cells give the limiting value (0, or infinity) with the uninformative limit on that side only where the other
    is defined; see :class:`~backpain_risk.evidence.diagnostic_accuracy.Accuracy` for the continuity rule used there.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.float64(x1) / n1 / (np.float64(x2) / n2)
        se = np.sqrt(1 / np.float64(x1) - 1 / np.float64(n1) + 1 / np.float64(x2) - 1 / np.float64(n2))
    half = normal_quantile(level) * se
    return float(ratio), float(ratio * np.exp(-half)), float(ratio * np.exp(half))


def score_ratio_interval(x1: float, n1: float, x2: float, n2: float, level: float = 0.95) -> tuple[float, float]:
    """Koopman's score limits for the ratio of two proportions x1/n1 and x2/n2; defined with zero cells too.

    Inverts the score test: the limits are the ratios at which the chi-squared statistic with the constrained maximum
    likelihood proportions equals its quantile. Reference: Koopman (1984), Biometrics 40:513.
    """
    bound = normal_quantile(level) ** 2
    ratio = (x1 / n1) / (x2 / n2) if x2 > 0 else np.inf

    def excess(log_ratio: float) -> float:
        return _score_statistic(np.exp(log_ratio), x1, n1, x2, n2) - bound

    centre = np.log(ratio) if 0 < ratio < np.inf else 0.0
    low = 0.0 if x1 == 0 else float(np.exp(_crossing(excess, centre, -1)))
    high = np.inf if x2 == 0 else float(np.exp(_crossing(excess, centre, +1)))
    return low, high


def _score_statistic(ratio: float, x1: float, n1: float, x2: float, n2: float) -> float:
    a, b, c = (n1 + n2) * ratio, n1 * ratio + x1 + n2 + x2 * ratio, x1 + x2
    p2 = 2 * c / (b + np.sqrt(max(b * b - 4 * a * c, 0.0)))
    p1 = min(p2 * ratio, 1.0)
    variance = (1 - p1) / (n1 * p1) + (1 - p2) / (n2 * p2) if p1 > 0 and p2 > 0 else np.inf
    return float(((x1 / n1 - p1) / p1) ** 2 / variance) if np.isfinite(variance) and variance > 0 else 0.0


def _crossing(excess: object, centre: float, direction: int) -> float:
    """The log ratio beyond ``centre`` at which the test statistic reaches its quantile."""
    f = excess if callable(excess) else None
    assert f is not None
    step = 0.5
    inner = centre
    while f(centre + direction * step) < 0 and step < 200:
        inner = centre + direction * step
        step *= 2
    return float(optimize.brentq(f, inner, centre + direction * step, xtol=1e-13, rtol=1e-13))
