"""A normal approximation at the mode of a posterior, and draws from it with importance weights."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from scipy import linalg

from ..checks import FloatArray
from ..newton import Terms, maximise
from .nuts import LogDensity
from .pareto import smoothed_weights

_DEGREES_OF_FREEDOM = (
    7.0  # of the multivariate t that is drawn from: tails heavier than those of the posterior
)


@dataclass(frozen=True, eq=False, kw_only=True)
class NormalApproximation:
    """Mode (p,) of a posterior and the inverse (p, p) of its curvature there."""

    mode: FloatArray
    covariance: FloatArray


@dataclass(frozen=True, eq=False, kw_only=True)
class ImportanceDraws:
    """Draws (draws, p) resampled with smoothed importance weights.

    ``pareto_k`` above 0.7 means that the weights cannot be trusted; ``effective`` is how many draws
    they are worth.
    """

    parameters: FloatArray
    pareto_k: float
    effective: float


def approximate(log_density: LogDensity, data: Any, start: FloatArray) -> NormalApproximation:
    """Find the mode by Newton steps with exact derivatives, and the curvature there.

    Parameters
    ----------
    log_density : callable
    data : tuple or dict of ndarray
        Passed to ``log_density``.
    start : ndarray, shape (p,)
    """

    def objective(parameters: FloatArray) -> Terms:
        with jax.enable_x64(True):
            value, gradient, hessian = _derivatives(log_density, jnp.asarray(parameters), data)
        return Terms(float(value), np.asarray(gradient), _positive(-np.asarray(hessian)))

    maximum = maximise(objective, start)
    return NormalApproximation(
        mode=maximum.parameters, covariance=linalg.inv(maximum.terms.information)
    )


@partial(jax.jit, static_argnames="log_density")
def _derivatives(log_density: LogDensity, parameters: Any, data: Any) -> Any:
    value, gradient = jax.value_and_grad(log_density)(parameters, data)
    return value, gradient, jax.hessian(log_density)(parameters, data)


def _positive(information: FloatArray) -> FloatArray:
    """The matrix itself where it is positive definite; its eigenvalues made positive where it is
    not.
    """
    if not np.all(np.isfinite(information)):
        return information
    values, vectors = linalg.eigh(information)
    if values[0] > 1e-10 * values[-1]:
        return information
    return np.asarray(
        (vectors * np.maximum(np.abs(values), 1e-6 * np.abs(values).max())) @ vectors.T
    )


def importance_sample(
    log_density: LogDensity,
    data: Any,
    normal: NormalApproximation,
    *,
    seed: np.random.SeedSequence,
    draws: int,
) -> ImportanceDraws:
    """Draw from a multivariate t around the mode and resample with Pareto-smoothed importance
    weights.

    Notes
    -----
    Resampling is systematic: every draw is kept as often as its weight asks, give or take one.
    Standard draws are turned by the Cholesky factor of the covariance, which is unique: a basis of
    eigenvectors is not where eigenvalues are near each other, and its rounding would give another
    processor other draws.
    """
    rng = np.random.default_rng(seed)
    standard = _standard_t(rng, draws, normal.mode.size)
    drawn = normal.mode + standard @ linalg.cholesky(normal.covariance, lower=True).T
    log_weight, pareto_k = smoothed_weights(
        evaluate(log_density, drawn, data) - _log_standard_t(standard)
    )
    weight = np.exp(log_weight)
    places = (np.arange(draws) + rng.random()) / draws
    chosen = rng.permutation(np.minimum(np.searchsorted(np.cumsum(weight), places), draws - 1))
    return ImportanceDraws(
        parameters=drawn[chosen],
        pareto_k=float(pareto_k),
        effective=float(1 / np.sum(np.square(weight))),
    )


def _standard_t(rng: np.random.Generator, draws: int, size: int) -> FloatArray:
    """Draws of a multivariate t around 0 with unit scale, (draws, size)."""
    spread = np.sqrt(rng.chisquare(_DEGREES_OF_FREEDOM, draws) / _DEGREES_OF_FREEDOM)
    return np.asarray(rng.standard_normal((draws, size)) / spread[:, None])


def _log_standard_t(standard: FloatArray) -> FloatArray:
    """Log density of each draw up to a constant, (draws,)."""
    squared = np.sum(standard**2, axis=1)
    return np.asarray(
        -0.5 * (_DEGREES_OF_FREEDOM + standard.shape[1]) * np.log1p(squared / _DEGREES_OF_FREEDOM)
    )


def evaluate(function: LogDensity, parameters: FloatArray, data: Any) -> Any:
    """A function of parameters and data at each of the parameters (draws, p), in double
    precision, as NumPy arrays.
    """
    with jax.enable_x64(True):
        return jax.tree.map(np.asarray, _at_each(function, jnp.asarray(parameters), data))


@partial(jax.jit, static_argnames="function")
def _at_each(function: LogDensity, parameters: Any, data: Any) -> Any:
    return jax.vmap(function, in_axes=(0, None))(parameters, data)
