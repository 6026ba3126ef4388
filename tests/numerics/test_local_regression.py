from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from skmisc.loess import loess

from backpain_risk.numerics.local_regression import fit_loess, lowess

pytestmark = pytest.mark.identity


def collapsed(x, y):
    values, inverse = np.unique(x, return_inverse=True)
    return values, np.bincount(inverse).astype(float), np.bincount(inverse, weights=y)


@pytest.fixture(scope="module", params=[2, 3, 12], ids=["heavy ties", "ties", "no ties"])
def data(request):
    rng = np.random.default_rng(3)
    x = rng.beta(1, 6, 800).round(request.param)
    return x, (rng.random(800) < np.clip(x, 0.01, 1)).astype(float)


@pytest.mark.reference
def test_loess_agrees_with_cleveland_and_grosse(data):
    """scikit-misc wraps their Fortran, as R does."""
    x, y = data
    other = loess(x, y)
    other.fit()
    ours = fit_loess(*collapsed(x, y))
    np.testing.assert_allclose(ours(x), other.outputs.fitted_values, atol=1e-10)
    np.testing.assert_allclose(ours.design(x) @ ours.parameters, ours(x), atol=1e-12)


@pytest.mark.reference
def test_lowess_agrees_with_statsmodels(data):
    x, y = data
    other = sm.nonparametric.lowess(y, x, frac=2 / 3, it=0, delta=0.01 * np.ptp(x))
    anchors, fitted = lowess(*collapsed(x, y))
    np.testing.assert_allclose(np.interp(other[:, 0], anchors, fitted), other[:, 1], atol=1e-8)


@pytest.mark.recovery
def test_a_parabola_is_found_again():
    x = np.linspace(0, 1, 200)
    y = 0.2 + 0.3 * x - 0.25 * x**2
    np.testing.assert_allclose(fit_loess(x, np.ones(200), y)(x), y, atol=1e-12)


@pytest.mark.recovery
def test_a_line_is_found_again_by_lowess():
    x = np.linspace(0, 1, 200) ** 2
    anchors, fitted = lowess(x, np.ones(200), 0.1 + 0.4 * x)
    np.testing.assert_allclose(fitted, 0.1 + 0.4 * anchors, atol=1e-12)


def test_the_standard_error_of_loess_is_the_spread_over_samples():
    """400 samples with an event probability that is right: its spread is known within 7 % (two
    Monte Carlo errors).
    """
    rng = np.random.default_rng(1)
    at = np.array([0.05, 0.2, 0.4])
    x = np.sort(rng.beta(1, 6, 1500))
    drawn = []
    variance = []
    for _ in range(400):
        curve = fit_loess(x, np.ones(1500), (rng.random(1500) < x).astype(float))
        design = curve.design(at)
        drawn.append(curve(at))
        variance.append(np.einsum("ij,jk,ik->i", design, curve.covariance, design))
    np.testing.assert_allclose(np.sqrt(np.mean(variance, axis=0)), np.std(drawn, axis=0), rtol=0.1)


@settings(max_examples=40)
@given(st.integers(0, 10_000))
def test_counts_are_repetition(seed):
    rng = np.random.default_rng(seed)
    x = np.sort(rng.choice(1000, 60, replace=False)) / 1000
    n = rng.integers(1, 5, 60).astype(float)
    total = rng.binomial(n.astype(int), 0.3).astype(float)
    whole = fit_loess(x, n, total)
    long_x = np.repeat(x, n.astype(int))
    long_y = np.concatenate(
        [np.r_[np.ones(int(t)), np.zeros(int(m - t))] for m, t in zip(n, total, strict=True)]
    )
    np.testing.assert_allclose(
        fit_loess(*collapsed(long_x, long_y)).parameters, whole.parameters, atol=1e-9
    )
    np.testing.assert_allclose(
        lowess(*collapsed(long_x, long_y))[1], lowess(x, n, total)[1], atol=1e-12
    )


@pytest.mark.contract
def test_too_few_values_for_a_parabola_are_refused():
    with pytest.raises(ValueError, match="loess must see 3 distinct values in every local fit"):
        fit_loess(np.array([0.1, 0.2]), np.array([50.0, 50.0]), np.array([5.0, 9.0]))


def test_one_value_is_its_mean():
    anchors, fitted = lowess(np.array([0.3]), np.array([8.0]), np.array([2.0]))
    assert (anchors.tolist(), fitted.tolist()) == ([0.3], [0.25])
