"""Profile-likelihood limits and likelihood-ratio tests for one parameter."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy import optimize, stats

from .checks import FloatArray
from .newton import Maximum, Terms, maximise

Objective = Callable[[FloatArray], Terms]


def profile_value(objective: Objective, maximum: Maximum, index: int, value: float) -> Maximum:
    """The maximum over all other parameters with one held at ``value``."""
    start = maximum.parameters.copy()
    start[index] = value
    free = np.ones(start.size, dtype=bool)
    free[index] = False
    return maximise(objective, start, free=free)


def profile_limits(
    objective: Objective, maximum: Maximum, index: int, standard_error: float, level: float = 0.95
) -> tuple[float, float]:
    """Values of one parameter at which twice the drop of the profile reaches the chi-squared quantile.

    A limit is infinite where the profile never drops far enough.
    """
    drop = float(stats.chi2.ppf(level, 1))
    return tuple(_limit(objective, maximum, index, standard_error, drop, side) for side in (-1.0, 1.0))  # type: ignore[return-value]


def _limit(objective: Objective, maximum: Maximum, index: int, se: float, drop: float, side: float) -> float:
    """The signed root of the drop is nearly linear in the parameter, so a few steps reach its target."""
    estimate, warm = float(maximum.parameters[index]), [maximum]

    def shortfall(value: float) -> float:
        fit = profile_value(objective, warm[-1], index, value)
        warm.append(fit)
        return float(np.sqrt(max(2 * (maximum.terms.value - fit.terms.value), 0.0)) - np.sqrt(drop))

    step = np.sqrt(drop) * (se if np.isfinite(se) and se > 0 else 1.0)
    near, far = 0.0, step
    for _ in range(40):
        if shortfall(estimate + side * far) >= 0:
            distance = optimize.brentq(
                lambda d: shortfall(estimate + side * d), near, far, xtol=1e-10 * max(far, 1e-3), rtol=1e-12
            )
            return estimate + side * float(distance)
        near, far = far, 1.5 * far
    return side * np.inf


def likelihood_ratio_test(objective: Objective, maximum: Maximum, index: int) -> tuple[float, float]:
    """Chi-squared statistic (1 degree of freedom) and p-value for one parameter being 0."""
    statistic = max(2 * (maximum.terms.value - profile_value(objective, maximum, index, 0.0).terms.value), 0.0)
    return statistic, float(stats.chi2.sf(statistic, 1))
