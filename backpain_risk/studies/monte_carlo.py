"""Performance of a method over replicates, each measure with its Monte-Carlo standard error.

A measure is a triple: its value, its Monte-Carlo standard error, and the replicates it is from.

References
----------
Morris, White, Crowther (2019), Stat Med 38:2074, table 6. White (2010), Stata J 10:369 (relative
precision). Maritz and Jarrett (1978), J Am Stat Assoc 73:194 (quantiles).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.special import betainc

from ..numerics.checks import BoolArray, FloatArray

NAN = float("nan")


class Measured(NamedTuple):
    """One measure: value, Monte-Carlo standard error, replicates it is from."""

    value: float
    mcse: float
    replicates: int


def share(hit: BoolArray) -> Measured:
    """How often something holds, with its binomial error."""
    n = int(hit.size)
    if n == 0:
        return Measured(NAN, NAN, 0)
    p = float(np.mean(hit))
    return Measured(p, float(np.sqrt(p * (1 - p) / n)), n)


def mean(x: FloatArray) -> Measured:
    """Mean, with SD / sqrt(n)."""
    n = int(x.size)
    if n == 0:
        return Measured(NAN, NAN, 0)
    return Measured(float(np.mean(x)), _spread(x) / np.sqrt(n), n)


def quantile(x: FloatArray, p: float) -> Measured:
    """Quantile, with the error of Maritz and Jarrett.

    Examples
    --------
    >>> quantile(np.arange(1.0, 102.0), 0.5).value
    51.0
    """
    n = int(x.size)
    if n == 0:
        return Measured(NAN, NAN, 0)
    ordered = np.sort(x)
    place = max(int(p * n + 0.5), 1)
    edges = betainc(place, max(n - place, 0) + 1, np.arange(n + 1) / n)
    weight = np.diff(edges)
    first = float(weight @ ordered)
    variance = float(weight @ (ordered - first) ** 2)
    mcse = float(np.sqrt(variance)) if n > 1 else NAN
    return Measured(float(np.quantile(x, p)), mcse, n)


def empirical_se(x: FloatArray) -> Measured:
    """SD of the estimates; its error is that of a normal sample."""
    n = int(x.size)
    sd = _spread(x)
    return Measured(sd, sd / float(np.sqrt(2 * (n - 1))) if n > 1 else NAN, n)


def mean_square(error: FloatArray) -> Measured:
    """Mean squared error."""
    return mean(error**2)


def root_mean_square(error: FloatArray) -> Measured:
    """Its root, with the error by the delta method."""
    value, mcse, n = mean_square(error)
    root = float(np.sqrt(value))
    return Measured(root, mcse / (2 * root) if root > 0 else mcse, n)


def model_se(standard_error: FloatArray) -> Measured:
    """Root of the mean of the squared standard errors."""
    value, mcse, n = mean(standard_error**2)
    root = float(np.sqrt(value))
    return Measured(root, mcse / (2 * root) if root > 0 else mcse, n)


def relative_error(model: Measured, empirical: Measured) -> Measured:
    """Model SE over empirical SE, in per cent above 1."""
    if not empirical.value > 0:
        return Measured(NAN, NAN, model.replicates)
    ratio = model.value / empirical.value
    together = float(np.hypot(model.mcse / model.value, empirical.mcse / empirical.value))
    return Measured(100 * (ratio - 1), 100 * ratio * together, model.replicates)


def relative_precision(reference: FloatArray, own: FloatArray) -> Measured:
    """Variance of a reference method over that of this one, in per cent above 1.

    Both (n,) hold the same replicates in the same order. Its error is White's, 200 ratio
    sqrt((1 - r^2) / (n - 1)) with r the correlation of the two.
    """
    n = int(own.size)
    sd = _spread(own)
    if n < 2 or not sd > 0:
        return Measured(NAN, NAN, n)
    ratio = (_spread(reference) / sd) ** 2
    alike = _correlation(reference, own) ** 2
    mcse = 200 * ratio * float(np.sqrt(max(1 - alike, 0.0) / (n - 1)))
    return Measured(100 * (ratio - 1), mcse, n)


def _spread(x: FloatArray) -> float:
    return float(np.std(x, ddof=1)) if x.size > 1 else NAN


def _correlation(x: FloatArray, y: FloatArray) -> float:
    x = x - x.mean()
    y = y - y.mean()
    scale = float(np.sqrt((x @ x) * (y @ y)))
    return float(x @ y) / scale if scale > 0 else 0.0
