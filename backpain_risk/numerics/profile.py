"""Profile-likelihood limits and likelihood-ratio tests for one parameter."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy import optimize, stats

from .checks import FloatArray
from .newton import Maximum, Terms, maximise, newton_step

Objective = Callable[[FloatArray], Terms]


def profile_value(objective: Objective, near: Maximum, index: int, value: float) -> Maximum:
    """The maximum over all other parameters with one held at ``value``, starting along the tangent at ``near``."""
    free = np.arange(near.parameters.size) != index
    start, information = near.parameters.copy(), near.terms.information
    tangent = newton_step(information[free, index], information[np.ix_(free, free)])
    if tangent is not None:
        start[free] -= tangent * (value - start[index])
    start[index] = value
    return maximise(objective, start, free=free, tolerance=1e-7)


def profile_limits(
    objective: Objective, maximum: Maximum, index: int, standard_error: float, level: float = 0.95
) -> tuple[float, float]:
    """Values of one parameter at which twice the drop of the profile reaches the chi-squared quantile.

    A limit is infinite where the profile never drops far enough.
    """
    drop = float(np.sqrt(stats.chi2.ppf(level, 1)))
    low, high = (_limit(objective, maximum, index, standard_error, drop, side) for side in (-1.0, 1.0))
    return low, high


def _limit(objective: Objective, maximum: Maximum, index: int, se: float, drop: float, side: float) -> float:
    """Newton steps on the root of twice the drop, which is nearly linear and whose slope the gradient gives.

    Kept inside the bracket found so far: ``near`` has dropped too little, ``far`` too much.
    """
    estimate, fit = float(maximum.parameters[index]), maximum
    near, far = 0.0, np.inf
    distance = drop * (se if np.isfinite(se) and se > 0 else 1.0)
    for _ in range(60):
        fit = profile_value(objective, fit, index, estimate + side * distance)
        root = float(np.sqrt(max(2 * (maximum.terms.value - fit.terms.value), 0.0)))
        if abs(root - drop) < 1e-9:
            break
        near, far = (distance, far) if root < drop else (near, min(far, distance))
        slope = -side * float(fit.terms.gradient[index]) / root if root > 0 else 0.0
        guess = distance - (root - drop) / slope if slope > 0 else np.nan
        distance = guess if near < guess < min(far, 4 * near + 10 * distance) else _between(near, far)
        if far - near < 1e-12 * max(1.0, abs(estimate) + distance):
            break
    else:
        return side * np.inf
    return estimate + side * distance


def _between(near: float, far: float) -> float:
    return (near + far) / 2 if np.isfinite(far) else 3 * near + 1e-3


def limit_of_infinite(
    objective: Objective, best: float, index: int, size: int, unit: float, sign: float, level: float
) -> float:
    """The finite limit of a parameter whose estimate is ``sign`` infinity.

    ``best`` is the supremum of the objective, ``size`` the number of parameters, ``unit`` a change that matters.
    """
    drop, warm = float(stats.chi2.ppf(level, 1)), np.zeros(size)

    def shortfall(distance: float) -> float:
        start, free = warm.copy(), np.arange(size) != index
        start[index] = sign * distance * unit
        fit = maximise(objective, start, free=free, max_iterations=50)
        warm[free] = fit.parameters[free]
        return 2 * (best - fit.terms.value) - drop

    near, far = (0.0, 1.0) if shortfall(0.0) > 0 else (-1.0, 0.0)
    for _ in range(60):
        if shortfall(far) <= 0 < shortfall(near):
            return sign * unit * float(optimize.brentq(shortfall, near, far, xtol=1e-8))
        near, far = (far, 2 * far) if far > 0 else (2 * near, near)
    return -sign * np.inf


def likelihood_ratio_test(
    objective: Objective, near: Maximum, index: int, best: float | None = None
) -> tuple[float, float]:
    """Chi-squared statistic (1 degree of freedom) and p-value for one parameter being 0.

    ``best`` is the largest value of the objective where ``near`` does not reach it (separated data).
    """
    best = near.terms.value if best is None else best
    statistic = max(2 * (best - profile_value(objective, near, index, 0.0).terms.value), 0.0)
    return statistic, float(stats.chi2.sf(statistic, 1))
