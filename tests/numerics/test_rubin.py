"""Rubin's rules against R."""

from __future__ import annotations

import numpy as np
import pytest

from backpain_risk import pool_estimates

pytestmark = pytest.mark.identity

# library(mice)  # 3.15.0
# f <- function(Q, U, n) { p <- pool.scalar(Q, U, n = n); c(p$t, p$df, (1 + 1 / p$m) * p$b / p$t,
# p$fmi) }
# print(f(c(1.1, 0.9, 1.3), c(0.04, 0.05, 0.045), n = 100), digits = 12)  # and so on
MICE = [
    (
        (1.1, 0.9, 1.3),
        (0.04, 0.05, 0.045),
        99,
        (0.0983333333333, 5.8962889798705, 0.5423728813559, 0.6452533340210),
    ),
    (
        (1.1, 0.9, 1.3),
        (0.04, 0.05, 0.045),
        np.inf,
        (0.0983333333333, 6.7988281250, 0.5423728813559, 0.6357773400945),
    ),
    (
        (1.0, 1.2, 0.8),
        (0.01, 0.01, 0.01),
        np.inf,
        (0.0633333333333, 2.8203125, 0.8421052631579, 0.8963617096432),
    ),
    (
        (1.0, 1.2, 0.8),
        (0.01, 0.01, 0.01),
        59,
        (0.0633333333333, 2.1482580585873, 0.8421052631579, 0.9034443549615),
    ),
    (
        (2.1, 2.4, 2.2, 1.9, 2.6),
        (0.09, 0.1, 0.08, 0.11, 0.095),
        499,
        (0.1826, 16.285517545328, 0.479737130340, 0.533690867224),
    ),
]


@pytest.mark.parametrize(("estimates", "variances", "complete", "expected"), MICE)
def test_pooled_quantities_are_those_of_mice(estimates, variances, complete, expected):
    total, df, share, missing = expected
    pooled = pool_estimates(np.array([estimates]).T, np.sqrt([variances]).T, complete_df=complete)
    found = pooled.standard_error[0] ** 2, pooled.degrees_of_freedom[0], pooled.fraction_missing[0]
    np.testing.assert_allclose(found, (total, df, missing), rtol=1e-10)
    assert (
        pooled.fraction_missing[0] > share
    )  # few imputations leave it less certain than the share of variance


def test_nothing_differs_between_imputations_when_nothing_is_missing():
    pooled = pool_estimates([[1.0], [1.0]], [[0.1], [0.1]])
    assert pooled.fraction_missing[0] == pytest.approx(0, abs=1e-8)
    assert pooled.standard_error[0] == pytest.approx(0.1)
