"""The exact binomial bivariate model by NUTS: no continuity correction, zero cells and few studies
welcome.

Test positives of arm j in study i ~ Binomial(n_ij, expit(theta_ij)); (theta_i1, theta_i0) ~ N(x_i
B, Psi). Priors: median sensitivity and median false positive rate uniform on (0, 1) at the
baseline, covariate effects N(0, 1) on the logit, between-study SDs half-normal(0, 1), correlation
LKJ(2).
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ...numerics.checks import FloatArray
from ...numerics.sampling.diagnostics import Diagnostics, SamplingWarning, diagnose
from ...numerics.sampling.nuts import sample
from .study_counts import StudyCounts

CHAINS = 4
DRAWS = 1000
WARMUP = 500
TARGET_ACCEPTANCE = 0.98  # short steps, for skewed study effects (zero cells)


@dataclass(frozen=True, eq=False, kw_only=True)
class PosteriorDraws:
    """Draws of the coefficients (draws, p, 2), the between-study SDs (draws, 2) and their
    correlation (draws,).
    """

    coefficients: FloatArray
    tau: FloatArray
    correlation: FloatArray

    @property
    def between(self) -> FloatArray:
        """Between-study covariance, (draws, 2, 2)."""
        (a, b) = self.tau.T
        off = self.correlation * self.tau.prod(axis=1)
        return np.moveaxis(np.array([[a**2, off], [off, b**2]]), -1, 0)


def log_density(parameters: Any, data: Any) -> Any:
    """Log posterior of (B, log tau, atanh correlation, z), up to a constant.

    The study effects are a change of variables: theta_i = centre_i + root_i z_i, where centre and
    root root' are the mean and covariance of theta_i given B and Psi if the study's smoothed logits
    were normal. That changes nothing in the posterior, but leaves z close to a standard normal
    whatever the sizes of the studies, so there is no funnel.
    """
    positive, size, design, logit, information = data
    coefficients, log_tau, correlation, z = unpack(parameters, *design.shape)
    mean = design @ coefficients
    theta, log_jacobian, deviation = _study_effects(
        mean, jnp.exp(log_tau), correlation, z, logit, information
    )
    likelihood = jnp.sum(positive * theta - size * jax.nn.softplus(theta))
    return likelihood + deviation + log_jacobian + _log_prior(coefficients, log_tau, correlation)


def unpack(parameters: Any, n_studies: int, n_terms: int) -> tuple[Any, Any, Any, Any]:
    """Coefficients (p, 2), log tau (2,), correlation and z (k, 2) from the flat vector."""
    p = 2 * n_terms
    coefficients = parameters[:p].reshape(n_terms, 2)
    return (
        coefficients,
        parameters[p : p + 2],
        jnp.tanh(parameters[p + 2]),
        parameters[p + 3 :].reshape(n_studies, 2),
    )


def _log_prior(coefficients: Any, log_tau: Any, correlation: Any) -> Any:
    """Prior densities with the Jacobians of the logit, log and atanh scales."""
    intercept = coefficients[0]
    effects = coefficients[1:]
    medians = -jnp.sum(jax.nn.softplus(intercept) + jax.nn.softplus(-intercept))
    spreads = jnp.sum(log_tau - 0.5 * jnp.exp(2 * log_tau))
    return medians - 0.5 * jnp.sum(effects**2) + spreads + 2 * jnp.log1p(-(correlation**2))


def _study_effects(
    mean: Any, tau: Any, correlation: Any, z: Any, logit: Any, information: Any
) -> tuple[Any, Any, Any]:
    """theta (k, 2), the log Jacobian of z -> theta, and the log density of theta under N(mean,
    Psi).
    """
    a, b = tau
    rest = 1 - correlation**2
    p00 = 1 / (rest * a**2)
    p11 = 1 / (rest * b**2)
    p01 = -correlation / (rest * a * b)
    q00 = p00 + information[:, 0]
    q11 = p11 + information[:, 1]
    determinant = q00 * q11 - p01**2
    pull = information * (logit - mean)
    shift_a = (q11 * pull[:, 0] - p01 * pull[:, 1]) / determinant
    shift_b = (q00 * pull[:, 1] - p01 * pull[:, 0]) / determinant
    root_a = jnp.sqrt(q11 / determinant)
    gap_a = shift_a + root_a * z[:, 0]
    gap_b = shift_b - p01 / (determinant * root_a) * z[:, 0] + z[:, 1] / jnp.sqrt(q11)
    quadratic = p00 * gap_a**2 + 2 * p01 * gap_a * gap_b + p11 * gap_b**2
    log_determinant = jnp.log(rest) + 2 * jnp.log(a) + 2 * jnp.log(b)
    density = -0.5 * jnp.sum(quadratic + log_determinant)
    return mean + jnp.stack([gap_a, gap_b], axis=1), -0.5 * jnp.sum(jnp.log(determinant)), density


def posterior_inputs(counts: StudyCounts) -> tuple[tuple[FloatArray, ...], FloatArray, FloatArray]:
    """Data of :func:`log_density`, and a start and scale for its parameters."""
    positive = counts.positive + 0.5
    negative = counts.size - counts.positive + 0.5
    information = np.where(counts.observed, positive * negative / (positive + negative), 0.0)
    logit = np.log(positive / negative)
    weight = counts.observed / np.maximum(counts.observed.sum(axis=0), 1)
    n_terms = counts.design.shape[1]
    start = np.zeros(2 * n_terms + 3 + 2 * len(logit))
    start[:2] = np.sum(weight * logit, axis=0)
    start[2 * n_terms : 2 * n_terms + 2] = np.log(0.5)
    scale = np.ones_like(start)
    scale[: 2 * n_terms + 3] = 0.5
    return (counts.positive, counts.size, counts.design, logit, information), start, np.diag(scale)


def with_empty_studies(counts: StudyCounts) -> StudyCounts:
    """Padded to a power of two, 8 at least: studies without patients change nothing, and a shape
    compiles once.
    """
    k = len(counts.labels)
    extra = (1 << max(3, (k - 1).bit_length())) - k
    return replace(
        counts,
        labels=(*counts.labels, *[""] * extra),
        positive=np.pad(counts.positive, ((0, extra), (0, 0))),
        size=np.pad(counts.size, ((0, extra), (0, 0))),
        design=np.pad(counts.design, ((0, extra), (0, 0))),
    )


def sample_posterior(
    counts: StudyCounts, generator: np.random.Generator
) -> tuple[PosteriorDraws, Diagnostics]:
    """Draw from the posterior; one warning when a convergence check fails."""
    data, start, scale = posterior_inputs(with_empty_studies(counts))
    seed = np.random.SeedSequence(int(generator.integers(2**63)))
    drawn = sample(
        log_density,
        data,
        start,
        scale,
        seed=seed,
        chains=CHAINS,
        draws=DRAWS,
        warmup=WARMUP,
        target_acceptance=TARGET_ACCEPTANCE,
    )
    names = [f"{arm} {term}" for term in counts.terms for arm in ("tsens", "tfpr")]
    names += ["log tau tsens", "log tau tfpr", "atanh correlation"]
    diagnostics = diagnose(
        replace(drawn, parameters=drawn.parameters[:, :, : len(names)]), tuple(names)
    )
    if diagnostics.problems:
        warnings.warn(
            f"sampling: {'; '.join(diagnostics.problems)}.", SamplingWarning, stacklevel=4
        )
    flat = drawn.parameters.reshape(-1, start.size)
    return posterior_draws(flat, counts.design.shape[1]), diagnostics


def posterior_draws(flat: FloatArray, n_terms: int) -> PosteriorDraws:
    """Draws of the model's own parameters from draws of the flat vector, (draws, parameters)."""
    p = 2 * n_terms
    return PosteriorDraws(
        coefficients=flat[:, :p].reshape(-1, n_terms, 2),
        tau=np.exp(flat[:, p : p + 2]),
        correlation=np.tanh(flat[:, p + 2]),
    )
