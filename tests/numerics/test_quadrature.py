from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from backpain_risk.numerics.quadrature import normal_lattice

pytestmark = pytest.mark.identity


def test_lattice_points_are_a_standard_bivariate_normal():
    z = normal_lattice()
    np.testing.assert_allclose(z.mean(axis=0), 0, atol=1e-8)
    np.testing.assert_allclose(np.cov(z.T), np.eye(2), atol=1e-3)
    for angle in (0.3, 1.0, 2.2):
        projected = z @ [np.cos(angle), np.sin(angle)]
        q = [0.025, 0.5, 0.975]
        np.testing.assert_allclose(np.quantile(projected, q), stats.norm.ppf(q), atol=3e-3)
