"""Expected value of the best of three uncertain strategies, one of which is certain to be worth
0.
"""

from __future__ import annotations

import numpy as np
from scipy.special import ndtr, owens_t

from ...numerics.checks import FloatArray

_SAME = 1e-14  # strategies whose difference varies less than this share of their variances are one


def expected_maximum(
    mean_a: FloatArray,
    mean_b: FloatArray,
    sd_a: FloatArray,
    sd_b: FloatArray,
    covariance: FloatArray,
) -> FloatArray:
    """E[max(0, A, B)] for bivariate normal A and B, elementwise.

    Each variable adds its mean times the probability that it is the largest, and each pair the
    density of their being equal times the probability that the third is below.

    References
    ----------
    Afonja (1972), J R Stat Soc B 34:251. Owen (1956), Ann Math Stat 27:1075.

    Examples
    --------
    >>> independent = expected_maximum(*(np.array([x]) for x in (0.0, 0.0, 1.0, 1.0, 0.0)))
    >>> independent.round(4).tolist()
    [0.681]
    """
    zero = np.zeros_like(mean_a)
    means = np.stack([zero, mean_a, mean_b])
    matrix = np.stack(
        [[zero, zero, zero], [zero, sd_a**2, covariance], [zero, covariance, sd_b**2]]
    )
    least = _SAME * (sd_a**2 + sd_b**2) + np.finfo(np.float64).tiny
    total = zero
    for i, j, k in ((0, 1, 2), (1, 2, 0), (2, 0, 1)):
        x = means[i] - means[j]
        y = means[i] - means[k]
        var_x = np.maximum(matrix[i, i] + matrix[j, j] - 2 * matrix[i, j], least)
        var_y = np.maximum(matrix[i, i] + matrix[k, k] - 2 * matrix[i, k], least)
        shared = matrix[i, i] - matrix[i, j] - matrix[i, k] + matrix[j, k]
        h = x / np.sqrt(var_x)
        g = y / np.sqrt(var_y)
        rho = np.clip(shared / np.sqrt(var_x) / np.sqrt(var_y), -1, 1)
        rest = np.sqrt(np.maximum(1 - rho**2, _SAME))
        equal = np.sqrt(var_x) * np.exp(-(h**2) / 2) / np.sqrt(2 * np.pi)
        total = total + means[i] * _both_below(h, g, rho, rest) + equal * ndtr((g - rho * h) / rest)
    return np.asarray(total)


def _both_below(h: FloatArray, k: FloatArray, rho: FloatArray, rest: FloatArray) -> FloatArray:
    """P(X <= h, Y <= k) for standard normals of correlation rho, by Owen's T function; ``rest``
    is sqrt(1 - rho^2).
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        apart = owens_t(h, (k - rho * h) / (h * rest)) + owens_t(k, (h - rho * k) / (k * rest))
    opposite = (h * k < 0) | ((h * k == 0) & (h + k < 0))
    value = (ndtr(h) + ndtr(k)) / 2 - apart - 0.5 * opposite
    return np.where((h == 0) & (k == 0), 0.25 + np.arcsin(rho) / (2 * np.pi), value)
