"""Profile-likelihood limits and likelihood-ratio tests for one parameter."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import stats

from .checks import FloatArray
from .newton import Maximum, Terms, maximise, newton_step

Objective = Callable[[FloatArray], Terms]


def profile_value(objective: Objective, near: Maximum, index: int, value: float) -> Maximum:
    """The maximum over all other parameters with one held at ``value``, starting along the
    tangent at ``near``.
    """
    free = np.arange(near.parameters.size) != index
    start = near.parameters.copy()
    information = near.terms.information
    # The others move with the one held by -I_oo^-1 I_oj, the tangent of the profile.
    tangent = newton_step(information[free, index], information[np.ix_(free, free)])
    if tangent is not None:
        start[free] -= tangent * (value - start[index])
    start[index] = value
    return maximise(objective, start, free=free, tolerance=1e-7)


def profile_limits(
    objective: Objective, maximum: Maximum, index: int, standard_error: float, level: float = 0.95
) -> tuple[float, float]:
    """Values of one parameter at which twice the drop of the profile reaches the chi-squared
    quantile.

    A limit is infinite where the profile never drops far enough, NaN where a maximum on the way to
    it is not found.
    """
    drop = float(np.sqrt(stats.chi2.ppf(level, 1)))
    step = drop * (standard_error if np.isfinite(standard_error) and standard_error > 0 else 1.0)
    low, high = (
        _Crossing(objective, maximum.terms.value, index, drop, side).find(
            maximum, step, maximum.parameters[index]
        )
        for side in (-1.0, 1.0)
    )
    return low, high


def limit_of_infinite(
    objective: Objective, best: float, index: int, size: int, unit: float, sign: float, level: float
) -> float:
    """The finite limit of a parameter whose estimate is ``sign`` infinity.

    ``best`` is the supremum of the objective, ``size`` the number of parameters, ``unit`` a change
    that matters. With the parameter held, the objective must have a maximum over the others; NaN
    where none is found.
    """
    start = maximise(objective, np.zeros(size), free=np.arange(size) != index)
    drop = float(np.sqrt(stats.chi2.ppf(level, 1)))
    return _Crossing(objective, best, index, drop, -sign).find(start, unit)


@dataclass(frozen=True, eq=False)
class _Crossing:
    """Where the root of twice the drop below ``best`` reaches ``drop``, as one parameter moves to
    one ``side``.

    The root is nearly linear, the gradient gives its slope, and it rises all the way, because the
    profile is concave or nearly so.
    """

    objective: Objective
    best: float
    index: int
    drop: float
    side: float

    def find(self, fit: Maximum, step: float, inside: float | None = None) -> float:
        """Newton steps kept between ``inside``, where too little has dropped, and what has dropped
        too much.

        Without ``inside`` the search goes both ways from ``fit``. A point whose maximum is not
        found counts as too far; when such a point is all that bounds the limit, it is NaN.
        """
        near = -self.side * np.inf if inside is None else inside
        far = self.side * np.inf
        known = True
        value = float(fit.parameters[self.index]) + (0.0 if inside is None else self.side * step)
        for _ in range(80):
            trial = profile_value(self.objective, fit, self.index, value)
            root = float(np.sqrt(max(2 * (self.best - trial.terms.value), 0.0)))
            if trial.converged and abs(root - self.drop) < 1e-9:
                return value
            if trial.converged:
                fit = trial
            if trial.converged and root < self.drop:
                near = value
            else:
                far = value
                known = trial.converged
            if abs(far - near) < 1e-12 * max(1.0, abs(value)):
                return value if known else np.nan
            step *= 2
            value = self._next(trial, root, near, far, value, step)
        return self.side * np.inf if np.isinf(far) else np.nan

    def _next(
        self, fit: Maximum, root: float, near: float, far: float, value: float, step: float
    ) -> float:
        # The envelope theorem: the profile's slope is the gradient in the parameter held.
        slope = -float(fit.terms.gradient[self.index]) / root if root > 0 else 0.0
        guess = (
            value - (root - self.drop) / slope
            if fit.converged and slope * self.side > 0
            else np.nan
        )
        if min(near, far) < guess < max(near, far) and abs(guess - value) < 10 * step:
            return guess
        # Halving is slow but sure where the root is not yet nearly linear.
        if np.isfinite(near) and np.isfinite(far):
            return (near + far) / 2
        return value + step * (self.side if np.isinf(far) else -self.side)


def likelihood_ratio_test(
    objective: Objective, near: Maximum, index: int, best: float | None = None
) -> tuple[float, float]:
    """Chi-squared statistic (1 degree of freedom) and p-value for one parameter being 0.

    ``best`` is the largest value of the objective where ``near`` does not reach it (separated
    data). NaN where the maximum without the parameter is not found.
    """
    best = near.terms.value if best is None else best
    without = profile_value(objective, near, index, 0.0)
    if not without.converged:
        return np.nan, np.nan
    statistic = max(2 * (best - without.terms.value), 0.0)
    return statistic, float(stats.chi2.sf(statistic, 1))
