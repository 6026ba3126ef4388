"""Overall performance: Brier score and its scaled form."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ..numerics.checks import FloatArray, check_both_classes, check_outcome_risk
from ..numerics.estimate import Estimate
from ..numerics.intervals import normal_quantile


def brier_score(
    outcome: npt.ArrayLike,
    risk: npt.ArrayLike,
    *,
    sample_weight: npt.ArrayLike | None = None,
    level: float = 0.95,
) -> Estimate:
    """Mean squared difference between outcome and risk, with limits from its standard error.

    At a base rate of 1 % even a useless model has a Brier score below 0.01; read it beside :func:`scaled_brier`.

    Examples
    --------
    >>> round(brier_score([0, 1], [0.1, 0.8]).value, 6)
    0.025
    """
    y, r, w = check_outcome_risk(outcome, risk, sample_weight)
    return mean_estimate((y - r) ** 2, w, level)


def scaled_brier(
    outcome: npt.ArrayLike,
    risk: npt.ArrayLike,
    *,
    sample_weight: npt.ArrayLike | None = None,
    level: float = 0.95,
) -> Estimate:
    """1 - Brier / Brier of the event rate (index of prediction accuracy); 1 is perfect, 0 no better than the rate.

    Limits by the delta method, the event rate counted as estimated.
    """
    y, r, w = check_outcome_risk(outcome, risk, sample_weight)
    check_both_classes(y, w, "scaled_brier")
    n, rate = w.sum(), w @ y / w.sum()
    squared, reference = (y - r) ** 2, rate * (1 - rate)
    brier = w @ squared / n
    influence = -(squared - brier) / reference + brier * (1 - 2 * rate) * (y - rate) / reference**2
    value = 1 - brier / reference
    half = normal_quantile(level) * float(np.sqrt(w @ influence**2)) / n
    return Estimate(float(value), float(value - half), float(value + half), level=level, method="delta")


def mean_estimate(values: FloatArray, weight: FloatArray, level: float) -> Estimate:
    """Weighted mean with normal limits from its standard error."""
    n = float(weight.sum())
    mean = float(weight @ values) / n
    variance = float(weight @ (values - mean) ** 2) / (n - 1) if n > 1 else np.nan
    half = normal_quantile(level) * float(np.sqrt(variance / n))
    return Estimate(mean, mean - half, mean + half, level=level, method="normal")
