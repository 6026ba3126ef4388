from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm

from backpain_risk.numerics.newton import (
    LogisticObjective,
    covariance,
    maximise,
    newton_step,
    polish,
)
from backpain_risk.numerics.profile import likelihood_ratio_test, profile_limits

pytestmark = pytest.mark.identity


@pytest.fixture
def data():
    rng = np.random.default_rng(5)
    X = np.column_stack([np.ones(400), rng.normal(size=(400, 2)), rng.integers(0, 2, 400)])
    y = (rng.random(400) < 1 / (1 + np.exp(-(X @ [-1.5, 0.8, -0.5, 1.0])))).astype(float)
    return X, y


def objective(X, y, **options):
    return LogisticObjective(X, y, np.ones_like(y), np.zeros_like(y), **options)


@pytest.mark.reference
def test_maximum_likelihood_agrees_with_statsmodels(data):
    X, y = data
    goal = objective(X, y)
    fitted = maximise(goal, np.zeros(4))
    other = sm.Logit(y, X).fit(method="newton", disp=0, tol=1e-14)
    assert fitted.converged
    np.testing.assert_allclose(polish(goal, fitted), other.params, rtol=1e-10)
    np.testing.assert_allclose(covariance(fitted.terms.information), other.cov_params(), rtol=1e-8)
    assert fitted.terms.value == pytest.approx(other.llf, rel=1e-12)


@pytest.mark.parametrize("options", [{}, {"ridge": np.array([0, 1.0, 2.0, 3.0])}, {"firth": True}])
def test_gradient_is_that_of_the_value(data, options):
    goal = objective(*data, **options)
    beta = np.array([-1.0, 0.3, 0.2, -0.4])
    step = 1e-6
    numeric = [
        (goal(beta + step * e).value - goal(beta - step * e).value) / (2 * step) for e in np.eye(4)
    ]
    np.testing.assert_allclose(goal(beta).gradient, numeric, rtol=1e-5, atol=1e-6)


def test_grouped_and_ungrouped_patterns_have_one_maximum(data):
    X, y = data
    twice = LogisticObjective(X, 2 * y, np.full(400, 2.0), np.zeros(400))
    stacked = objective(np.vstack([X, X]), np.concatenate([y, y]))
    np.testing.assert_allclose(
        maximise(twice, np.zeros(4)).parameters,
        maximise(stacked, np.zeros(4)).parameters,
        rtol=1e-12,
    )


def test_offset_moves_the_intercept_only(data):
    X, y = data
    shifted = LogisticObjective(X, y, np.ones_like(y), np.full_like(y, 0.7))
    plain = maximise(objective(X, y), np.zeros(4)).parameters
    np.testing.assert_allclose(
        maximise(shifted, np.zeros(4)).parameters, plain - [0.7, 0, 0, 0], atol=1e-10
    )


def test_held_parameters_do_not_move(data):
    free = np.array([True, False, True, True])
    fitted = maximise(objective(*data), np.array([0.0, 0.25, 0.0, 0.0]), free=free)
    assert fitted.parameters[1] == 0.25
    assert np.abs(fitted.terms.gradient[free]).max() < 1e-8


def test_singular_information_ends_without_convergence():
    X = np.ones((10, 2))
    fitted = maximise(objective(X, np.arange(10) % 2.0), np.zeros(2))
    assert not fitted.converged
    assert newton_step(np.ones(2), np.ones((2, 2))) is None
    assert np.isnan(covariance(np.ones((2, 2)))).all()


def test_profile_limits_drop_the_likelihood_by_the_quantile(data):
    goal = objective(*data)
    fitted = maximise(goal, np.zeros(4))
    se = np.sqrt(np.diagonal(covariance(fitted.terms.information)))
    low, high = profile_limits(goal, fitted, 1, se[1])
    for limit in (low, high):
        held = np.array([True, False, True, True])
        start = fitted.parameters.copy()
        start[1] = limit
        drop = 2 * (fitted.terms.value - maximise(goal, start, free=held).terms.value)
        assert drop == pytest.approx(3.841458820694124, abs=1e-7)
    assert low < fitted.parameters[1] < high


def test_likelihood_ratio_test_is_the_difference_of_two_fits(data):
    X, y = data
    goal = objective(X, y)
    statistic, p = likelihood_ratio_test(goal, maximise(goal, np.zeros(4)), 2)
    without = maximise(objective(np.delete(X, 2, axis=1), y), np.zeros(3)).terms.value
    assert statistic == pytest.approx(
        2 * (maximise(goal, np.zeros(4)).terms.value - without), rel=1e-9
    )
    assert 0 < p < 1


@pytest.mark.parametrize("options", [{}, {"ridge": np.array([0, 1.0, 2.0, 3.0])}, {"firth": True}])
def test_information_is_minus_the_derivative_of_the_gradient(data, options):
    goal = objective(*data, **options)
    beta = np.array([-1.0, 0.3, 0.2, -0.4])
    step = 1e-5
    numeric = [
        (goal(beta - step * e).gradient - goal(beta + step * e).gradient) / (2 * step)
        for e in np.eye(4)
    ]
    np.testing.assert_allclose(goal(beta).information, numeric, rtol=1e-6, atol=1e-7)


def test_a_maximum_at_the_limit_of_rounding_counts_as_found():
    """Two columns equal to 5 digits: the value is rounded more coarsely than the last steps
    gain.
    """
    rng = np.random.default_rng(0)
    x = rng.normal(size=2000)
    y = (rng.random(2000) < 1 / (1 + np.exp(2 - x))).astype(float)
    X = np.column_stack([np.ones(2000), x, x + 4e-5 * rng.normal(size=2000)])
    fitted = maximise(objective(X, y, firth=True), np.array([-2.0, 0, 0]), tolerance=1e-11)
    assert fitted.converged
    assert fitted.n_iterations < 15
