"""Limits by profile likelihood where a maximum on the way is not there."""

from __future__ import annotations

import numpy as np
import pytest

from backpain_risk.numerics.newton import Terms, maximise
from backpain_risk.numerics.profile import limit_of_infinite, profile_limits

pytestmark = pytest.mark.identity

TWO_SIDED = 1.959963984540054  # scipy.stats.norm.ppf(0.975)


def normal(parameters):
    """A log likelihood whose limits are the normal quantiles."""
    return Terms(-float(parameters @ parameters) / 2, -parameters, np.eye(2))


def normal_until_one(parameters):
    """Beyond 1 it is flat: no maximum over the other parameter, and no drop at all."""
    if parameters[0] < 1:
        return normal(parameters)
    return Terms(0.0, np.zeros(2), np.zeros((2, 2)))


def test_limits_are_those_of_the_curve():
    found = profile_limits(normal, maximise(normal, np.ones(2)), 0, 1.0)
    assert found == pytest.approx((-TWO_SIDED, TWO_SIDED), abs=1e-8)


def test_a_limit_beyond_a_maximum_that_is_not_found_is_missing():
    """It is neither the place where the search ended nor infinite."""
    maximum = maximise(normal_until_one, np.zeros(2))
    low, high = profile_limits(normal_until_one, maximum, 0, 1.0)
    assert low == pytest.approx(-TWO_SIDED, abs=1e-8)
    assert np.isnan(high)
    assert np.isnan(limit_of_infinite(normal_until_one, 0.0, 0, 2, 0.5, -1.0, 0.95))
