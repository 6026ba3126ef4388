"""The bivariate normal model of logit sensitivity and logit false positive rate, by REML and by ML.

Study i with design row x_i: y_i ~ N(x_i B, S_i + Psi), S_i diagonal and known, Psi the 2x2
between-study covariance. An arm without patients is not observed: it has no row in the likelihood,
and nothing is imputed.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import optimize

from ...numerics.checks import BoolArray, FloatArray

_TRIANGLE = (np.array([0, 1, 1]), np.array([0, 0, 1]))
_STARTS = ((1.0, 0.0, 1.0), (0.7, 0.6, 0.3), (0.7, -0.6, 0.3), (0.1, 0.0, 0.1))


@dataclass(frozen=True, eq=False, kw_only=True)
class ObservedLogits:
    """What the studies say.

    ``logit`` and ``variance`` are (k, 2), sensitivity and false positive rate; ``observed`` (k, 2)
    marks arms with patients; ``design`` is (k, p), the constant first.
    """

    logit: FloatArray
    variance: FloatArray
    observed: BoolArray
    design: FloatArray


@dataclass(frozen=True, eq=False, kw_only=True)
class BivariateFit:
    """``coefficients`` (p, 2), their ``covariance`` (2p, 2p) ordered arm by arm, ``between`` (2,
    2), the maximum.
    """

    coefficients: FloatArray
    covariance: FloatArray
    between: FloatArray
    log_likelihood: float
    converged: bool


@dataclass(frozen=True, kw_only=True)
class LikelihoodRatioTest:
    """Chi-squared test of a covariate: twice the gain in log likelihood."""

    statistic: float
    degrees_of_freedom: int
    p_value: float

    def to_frame(self) -> pd.DataFrame:
        """One row: statistic, degrees_of_freedom, p_value."""
        return pd.DataFrame([vars(self)])


@dataclass(frozen=True, eq=False, kw_only=True)
class _GeneralisedLeastSquares:
    """The coefficients that are best for one between-study covariance, and what the likelihood
    needs.
    """

    coefficients: FloatArray  # (2p,)
    covariance: FloatArray  # (2p, 2p)
    precision: FloatArray  # (k, 2, 2), zero in unobserved arms
    log_determinant: float
    residual: FloatArray  # (k, 2)
    design: FloatArray  # (k, 2, 2p)


def fit_bivariate(data: ObservedLogits, *, restricted: bool) -> BivariateFit:
    """Maximise the (restricted) likelihood over the Cholesky root of Psi, from several starts.

    The root may become singular, so spreads of 0 and correlations of -1 and 1 are reached without a
    penalty.
    """
    scale = np.maximum(_spread(data), 0.05)

    def objective(root: FloatArray) -> tuple[float, FloatArray]:
        value, gradient = _log_likelihood(data, _between(root), restricted)
        lower = _lower(root)
        return -value, -2 * (gradient @ lower)[_TRIANGLE]

    fits = [
        optimize.minimize(
            objective,
            np.array(start) * scale[[0, 1, 1]],
            jac=True,
            method="BFGS",
            options={"gtol": 1e-8},
        )
        for start in _STARTS
    ]
    best = min(fits, key=lambda fit: float(fit.fun))
    between = _with_exact_zeros(data, _between(best.x), restricted)
    squares = _least_squares(data, between)
    return BivariateFit(
        coefficients=squares.coefficients.reshape(2, -1).T,
        covariance=squares.covariance,
        between=between,
        log_likelihood=-float(best.fun),
        converged=bool(np.abs(best.jac).max() < 1e-4),
    )


def _with_exact_zeros(data: ObservedLogits, between: FloatArray, restricted: bool) -> FloatArray:
    """Psi with spreads of exactly 0 where the likelihood is as high with them, so that rounding
    has no correlation.
    """
    for arm in (0, 1):
        kept = np.outer(np.arange(2) != arm, np.arange(2) != arm)
        gain = (
            _log_likelihood(data, between, restricted)[0]
            - _log_likelihood(data, between * kept, restricted)[0]
        )
        between = between * kept if gain < 1e-9 else between
    return between


def _spread(data: ObservedLogits) -> FloatArray:
    """SD of the observed logits of each arm."""
    return np.array([np.std(data.logit[data.observed[:, arm], arm]) for arm in (0, 1)])


def _lower(root: FloatArray) -> FloatArray:
    lower = np.zeros((2, 2))
    lower[_TRIANGLE] = root
    return lower


def _between(root: FloatArray) -> FloatArray:
    lower = _lower(root)
    return np.asarray(lower @ lower.T)


def _precision(data: ObservedLogits, between: FloatArray) -> tuple[FloatArray, float]:
    """Inverse of S_i + Psi over the observed arms, (k, 2, 2), and the sum of the log
    determinants.
    """
    a = np.where(data.observed, data.variance + np.diagonal(between), 1.0)
    b = np.where(data.observed.all(axis=1), between[0, 1], 0.0)
    determinant = a[:, 0] * a[:, 1] - b**2
    precision = np.empty((len(a), 2, 2))
    precision[:, 0, 0] = data.observed[:, 0] * a[:, 1] / determinant
    precision[:, 1, 1] = data.observed[:, 1] * a[:, 0] / determinant
    precision[:, 0, 1] = precision[:, 1, 0] = -b / determinant
    return precision, float(np.log(determinant).sum())


def _least_squares(data: ObservedLogits, between: FloatArray) -> _GeneralisedLeastSquares:
    precision, log_determinant = _precision(data, between)
    design = np.einsum("ij,kp->kijp", np.eye(2), data.design).reshape(len(data.design), 2, -1)
    weighted = precision @ design
    covariance = np.linalg.inv(np.einsum("kip,kiq->pq", design, weighted))
    coefficients = covariance @ np.einsum("kip,ki->p", weighted, data.logit)
    return _GeneralisedLeastSquares(
        coefficients=coefficients,
        covariance=covariance,
        precision=precision,
        log_determinant=log_determinant,
        residual=data.logit - design @ coefficients,
        design=design,
    )


def _log_likelihood(
    data: ObservedLogits, between: FloatArray, restricted: bool
) -> tuple[float, FloatArray]:
    """Value, and gradient with respect to the entries of Psi, (2, 2).

    Restricted: the constant counts observations less coefficients, as in R's mvmeta.
    """
    fit = _least_squares(data, between)
    scaled = np.einsum("kij,kj->ki", fit.precision, fit.residual)
    n = int(data.observed.sum()) - restricted * fit.coefficients.size
    value = -0.5 * (n * np.log(2 * np.pi) + fit.log_determinant + np.sum(scaled * fit.residual))
    gradient = 0.5 * (np.einsum("ki,kj->ij", scaled, scaled) - fit.precision.sum(axis=0))
    if restricted:
        weighted = fit.precision @ fit.design
        value += 0.5 * np.linalg.slogdet(fit.covariance)[1]
        gradient += 0.5 * np.einsum("kip,pq,kjq->ij", weighted, fit.covariance, weighted)
    return float(value), gradient


def lower_roots(covariance: FloatArray) -> FloatArray:
    """Lower-triangular roots of 2x2 covariances that may be singular, (n, 2, 2)."""
    roots = np.zeros(covariance.shape)
    roots[:, 0, 0] = np.sqrt(covariance[:, 0, 0])
    np.divide(covariance[:, 1, 0], roots[:, 0, 0], out=roots[:, 1, 0], where=roots[:, 0, 0] > 0)
    roots[:, 1, 1] = np.sqrt(np.maximum(covariance[:, 1, 1] - roots[:, 1, 0] ** 2, 0.0))
    return roots
