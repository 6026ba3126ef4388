"""The part of the area under the ROC curve between two specificities, or two sensitivities."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ...numerics.checks import (
    FloatArray,
    as_generator,
    check_choice,
    check_flag,
    check_fraction,
    check_level,
    check_pair,
    check_resamples,
)
from ...numerics.grouped_by_risk import (
    RiskGroups,
    require_both_classes,
    resampled_within_outcomes,
    risk_groups,
)
from ...numerics.intervals import normal_quantile, percentile_limits, proportion_interval
from ...results.estimate import Estimate
from .area import sample_variance

FOCI = ("specificity", "sensitivity")
PARTIAL_INTERVALS = ("wilson", "delong", "bootstrap")


def partial_auroc(
    outcome: npt.ArrayLike,
    risk: npt.ArrayLike,
    *,
    bounds: tuple[float, float] = (0.9, 1.0),
    focus: str = "specificity",
    corrected: bool = False,
    sample_weight: npt.ArrayLike | None = None,
    level: float = 0.95,
    interval: str = "wilson",
    n_resamples: int = 2000,
    rng: int | np.random.SeedSequence | np.random.Generator | None = None,
) -> Estimate:
    """Area under the part of the ROC curve where specificity (or sensitivity) lies within bounds.

    Parameters
    ----------
    outcome : array, shape (n,)
        0 or 1, both present.
    risk : array, shape (n,)
        Predicted probability in [0, 1].
    bounds : pair of float
        Two different values in [0, 1].
    focus : {"specificity", "sensitivity"}
        What the bounds are about.
    corrected : bool
        Rescale so that 0.5 is no discrimination and 1 is perfect, whatever the bounds (McClish).
    sample_weight : array, shape (n,), optional
        Number of identical patients.
    level : float
        Share that the limits are to hold, inside (0, 1).
    interval : {"wilson", "delong", "bootstrap"}
        Wilson's limits of the area as a share of the strip, for as many patients as would give such
        a proportion DeLong's variance (placements held within the bounds); normal limits from that
        variance; or percentiles of resampled patients within each outcome, which needs ``rng``.
    n_resamples : int
        Number of resamples.
    rng : int, SeedSequence or Generator, optional
        Source of the draws; the same one gives the same draws.

    Returns
    -------
    Estimate
        Without correction at most the distance between the bounds. Where the patients do not vary
        within the bounds (all events above all non-events, say) the variance is 0 whatever their
        number: then Wilson's limits count the patients of the rarer outcome, and the others are
        NaN.

    Raises
    ------
    ValueError
        For equal bounds or bounds outside [0, 1], outcomes of one class, risks outside [0, 1] or
        missing values.

    Notes
    -----
    The curve is joined by straight lines, so ties count one half. With bounds 0 and 1 this is
    :func:`auroc`.

    References
    ----------
    McClish (1989), Med Decis Making 9:190. Robin et al. (2011), BMC Bioinformatics 12:77 (pROC, the
    same conventions).

    Examples
    --------
    >>> round(
    ...     partial_auroc(
    ...         [0, 0, 0, 0, 1, 1], [0.1, 0.2, 0.3, 0.6, 0.5, 0.8], bounds=(0.5, 1)
    ...     ).value,
    ...     3,
    ... )
    0.375
    """
    check_choice("focus", focus, FOCI)
    check_choice("interval", interval, PARTIAL_INTERVALS)
    check_level(level)
    check_flag("corrected", corrected)
    low, high = sorted(
        check_fraction("bounds", b, closed=True) for b in check_pair("bounds", bounds)
    )
    if low == high:
        raise ValueError(f"bounds must differ; got {low:g} twice. Pass for example (0.9, 1.0).")
    groups = require_both_classes(risk_groups(outcome, risk, sample_weight), "partial_auroc")
    if focus == "sensitivity":
        groups = _mirrored(groups)
    fpr = (1 - high, 1 - low)
    value = _partial_area(groups, fpr)
    if interval != "bootstrap":
        limits = _analytic(groups, value, fpr, interval, level)
    else:
        check_resamples("n_resamples", n_resamples, 1)
        limits = _resampled(groups, fpr, level, n_resamples, as_generator(rng))
    method = f"bootstrap, {n_resamples} resamples" if interval == "bootstrap" else interval
    area, low, high = (float(_corrected(x, fpr) if corrected else x) for x in (value, *limits))
    return Estimate(area, low, high, level=level, method=method)


def _resampled(
    groups: RiskGroups,
    fpr: tuple[float, float],
    level: float,
    n_resamples: int,
    rng: np.random.Generator,
) -> tuple[float, float]:
    """Percentile limits; NaN where the resamples do not differ."""
    resamples = resampled_within_outcomes(groups, n_resamples, rng)
    drawn = [_partial_area(each, fpr) for each in resamples]
    if np.ptp(drawn) == 0:
        return np.nan, np.nan
    low, high = percentile_limits(drawn, level)
    return float(low), float(high)


def _analytic(
    groups: RiskGroups, value: float, fpr: tuple[float, float], interval: str, level: float
) -> tuple[float, float]:
    error = _standard_error(groups, fpr)
    width = fpr[1] - fpr[0]
    varies = error > 1e-12 * width  # false for NaN, the error with one patient of an outcome
    if interval == "delong":
        half = normal_quantile(level) * error if varies else np.nan
        return value - half, value + half
    share = min(max(value / width, 0.0), 1.0)
    rarer = min(groups.total_events, groups.total - groups.total_events)
    n = share * (1 - share) / (error / width) ** 2 if varies and 0 < share < 1 else rarer
    low, high = proportion_interval(share * n, n, "wilson", level)
    return width * float(low), width * float(high)


def _mirrored(groups: RiskGroups) -> RiskGroups:
    """Outcomes swapped and risks reversed, which exchanges sensitivity and specificity."""
    return RiskGroups(-groups.risk[::-1], groups.others[::-1], groups.n[::-1])


def _roc(groups: RiskGroups) -> tuple[FloatArray, FloatArray]:
    """False and true positive rates from (0, 0) to (1, 1), one corner per distinct risk."""
    others, events = (
        np.concatenate([[0.0], np.cumsum(x[::-1])]) for x in (groups.others, groups.events)
    )
    return others / others[-1], events / events[-1]


def _partial_area(groups: RiskGroups, fpr: tuple[float, float]) -> float:
    """Trapezoids between two false positive rates."""
    x, y = _roc(groups)
    inner = (x > fpr[0]) & (x < fpr[1])
    ends = _end_heights(x, y, fpr)
    x, y = (
        np.concatenate([[a], b[inner], [c]])
        for a, b, c in ((fpr[0], x, fpr[1]), (ends[0], y, ends[1]))
    )
    return float(np.sum(np.diff(x) * (y[1:] + y[:-1]) / 2))


def _end_heights(x: FloatArray, y: FloatArray, fpr: tuple[float, float]) -> tuple[float, float]:
    """The curve where the strip begins and ends; of a vertical piece there, the end that lies
    inside the strip.
    """
    start = min(int(np.searchsorted(x, fpr[0], side="right")), x.size - 1)
    stop = max(int(np.searchsorted(x, fpr[1], side="left")), 1)

    def height(i: int, at: float) -> float:
        return float(y[i - 1] + (at - x[i - 1]) / (x[i] - x[i - 1]) * (y[i] - y[i - 1]))

    return height(start, fpr[0]), height(stop, fpr[1])


def _standard_error(groups: RiskGroups, fpr: tuple[float, float]) -> float:
    """DeLong's: events placed among non-events, and non-events among events, both only within the
    bounds.

    Patients of equal risk share a piece of the curve, so each gets the mean over it. A bound inside
    the piece cuts it.
    """
    events = groups.events
    others = groups.others
    x, y = _roc(groups)
    ends = _end_heights(x, y, fpr)
    left = x[:-1][::-1]
    right = x[1:][::-1]
    low = y[:-1][::-1]
    high = y[1:][::-1]
    placed = _mean_within(left, right, fpr)
    share = np.divide(placed - left, right - left, out=np.zeros_like(left), where=right > left)
    reached = np.select([right <= fpr[0], left >= fpr[1]], ends, low + share * (high - low))
    variance = (
        sample_variance(placed, events) / events.sum()
        + sample_variance(reached, others) / others.sum()
    )
    return float(np.sqrt(variance))


def _mean_within(left: FloatArray, right: FloatArray, bounds: tuple[float, float]) -> FloatArray:
    """Mean of all numbers from left to right, those outside the bounds moved to them."""
    a, b = bounds
    start = np.clip(left, a, b)
    stop = np.clip(right, a, b)
    width = right - left
    below = np.clip(a - left, 0, width)
    above = np.clip(right - b, 0, width)
    total = a * below + (stop - start) * (start + stop) / 2 + b * above
    return np.divide(total, width, out=start.copy(), where=width > 0)


def _corrected(value: float, fpr: tuple[float, float]) -> float:
    """Half-way between 0.5 (the area below the diagonal) and 1 (the whole strip)."""
    chance = (fpr[1] ** 2 - fpr[0] ** 2) / 2
    most = fpr[1] - fpr[0]
    return (1 + (value - chance) / (most - chance)) / 2
