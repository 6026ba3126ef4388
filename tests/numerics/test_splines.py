from __future__ import annotations

import numpy as np
import pytest

from backpain_risk.numerics.splines import harrell_knots, restricted_cubic_basis, weighted_quantile

pytestmark = pytest.mark.identity


@pytest.mark.reference
def test_basis_agrees_with_hmisc(reference):
    expected = reference("rcs-basis")["expected"]
    basis = restricted_cubic_basis(expected["x"], expected["knots"])
    np.testing.assert_allclose(basis, expected["basis"], atol=1e-9)


def test_basis_is_linear_beyond_the_outer_knots():
    basis = restricted_cubic_basis(np.array([3.0, 4.0, 5.0, -5.0, -4.0, -3.0]), [-1, 0, 1, 2])
    np.testing.assert_allclose(np.diff(basis[:3], n=2, axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(basis[3:, 1:], 0)


@pytest.mark.parametrize("k", [3, 4, 5, 6, 7])
def test_weighted_quantiles_are_those_of_repeated_values(k):
    rng = np.random.default_rng(k)
    values = rng.normal(size=60)
    weight = rng.integers(1, 6, 60).astype(float)
    p = np.linspace(0.02, 0.98, k)
    repeated = np.quantile(np.repeat(values, weight.astype(int)), p)
    np.testing.assert_allclose(weighted_quantile(values, p, weight), repeated, rtol=1e-13)


def test_knots_fall_to_fewer_when_they_coincide():
    values = np.array([0.0] * 30 + list(np.linspace(0.1, 1, 70)))
    assert harrell_knots(values, 5).size == 4


@pytest.mark.contract
def test_too_few_distinct_values_are_refused():
    with pytest.raises(ValueError, match="must have 3 distinct knots; got 2"):
        harrell_knots(np.array([0.0, 1.0] * 50), 5)
    with pytest.raises(ValueError, match="n_knots must be 3 to 7; got 2"):
        harrell_knots(np.arange(50.0), 2)
