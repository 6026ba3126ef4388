"""Importance draws follow from the seed, not from the rounding of a processor."""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np
import pytest
from scipy import linalg

from backpain_risk.numerics.sampling.laplace import NormalApproximation, importance_sample

pytestmark = pytest.mark.identity


def log_density(theta, data):
    """A standard normal, moved."""
    return -0.5 * jnp.sum((theta - data["centre"]) ** 2)


def drawn(covariance, draws=400):
    normal = NormalApproximation(mode=np.zeros(4), covariance=covariance)
    data = {"centre": np.full(4, 0.1)}
    return importance_sample(log_density, data, normal, seed=np.random.SeedSequence(1), draws=draws)


def last_bits(matrix, seed):
    """The matrix, symmetric still, with another rounding."""
    noise = np.random.default_rng(seed).uniform(-4e-16, 4e-16, matrix.shape)
    return matrix * (1 + noise + noise.T)


@pytest.mark.parametrize("seed", range(5))
def test_rounding_of_near_equal_eigenvalues_moves_no_draw(seed):
    """Eigenvectors of equal eigenvalues are free to turn: a draw through them would be another
    one.
    """
    equal = 0.9 * np.eye(4) + 1e-15
    turned = [np.abs(linalg.eigh(last_bits(equal, s))[1]) for s in (seed, seed + 100)]
    assert np.abs(turned[0] - turned[1]).max() > 0.01  # such a rounding does turn them
    a, b = (drawn(last_bits(equal, s)) for s in (seed, seed + 100))
    np.testing.assert_allclose(a.parameters, b.parameters, atol=1e-12)
    assert a.effective == pytest.approx(b.effective, rel=1e-9)


def test_weights_are_the_ratio_of_the_densities():
    """Drawn from too wide a normal around the wrong place, means and covariance are the
    density's own.
    """
    covariance = 1.5 * np.eye(4) + 0.3
    found = drawn(covariance, draws=40_000)
    assert found.pareto_k < 0.5
    error = 4 / np.sqrt(found.effective)
    np.testing.assert_allclose(found.parameters.mean(axis=0), 0.1, atol=error)
    np.testing.assert_allclose(np.cov(found.parameters.T), np.eye(4), atol=2 * error)
