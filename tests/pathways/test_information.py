"""Value of information against closed forms: normal utilities, where E max(0, Z) is phi(0) times
the SD.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

from backpain_risk.pathways.information import value_of_information

pytestmark = pytest.mark.identity

HALF = norm.pdf(0)


def linear_gaussian(n, rho, seed):
    rng = np.random.default_rng(seed)
    mixing = np.linalg.cholesky([[1, rho], [rho, 1]])
    x = pd.DataFrame(rng.normal(size=(n, 2)) @ mixing.T, columns=["a", "b"])
    x["dummy"] = rng.normal(size=n)
    return np.column_stack([np.zeros(n), x.a + 0.5 * x.b]), x


@pytest.mark.recovery
@pytest.mark.parametrize("rho", [0.0, 0.6])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_linear_gaussian_models_have_their_closed_form(rho, seed):
    utility, x = linear_gaussian(5000, rho, seed)
    found = value_of_information(utility, x, {"a": ["a"], "b": ["b"], "both": ["a", "b"]})
    whole = np.sqrt(1 + 0.25 + rho)
    truth = HALF * np.array([1 + 0.5 * rho, 0.5 + rho, whole])
    error = (found.evppi.value - truth) / found.evppi.standard_error
    assert np.abs(error).max() < 3.5
    assert abs(found.evpi - HALF * whole) < 3.5 * found.evpi_standard_error
    assert (np.abs(found.evppi.cross_fitted - truth) < 4 * found.evppi.standard_error).all()


def test_a_group_with_more_in_it_is_worth_more_and_nothing_more_than_everything():
    utility, x = linear_gaussian(3000, 0.3, 5)
    found = value_of_information(
        utility, x, {"a": ["a"], "a b": ["a", "b"], "a b dummy": ["a", "b", "dummy"]}
    )
    value = found.evppi.value.to_numpy()
    slack = 0.01
    assert (np.diff(value) > -slack).all()
    assert value.max() <= found.evpi + slack


@pytest.mark.contract
@pytest.mark.parametrize("seed", range(5))
def test_a_parameter_that_says_nothing_is_worth_at_most_a_hundredth_of_a_standard_deviation(seed):
    utility, x = linear_gaussian(4000, 0.0, seed)
    value = value_of_information(utility, x, {"dummy": ["dummy"]}).evppi.value[0]
    assert value <= 0.01 * utility[:, 1].std() + 0.01


@pytest.mark.recovery
def test_a_curved_effect_is_seen():
    """U = x^2 - 1.2 + z has EVPPI(x) = E max(0, x^2 - 1.2); a straight line through it finds
    nothing.
    """
    rng = np.random.default_rng(2)
    x = pd.DataFrame(rng.normal(size=(5000, 2)), columns=["x", "z"])
    grid = np.linspace(-9, 9, 200_001)
    truth = np.trapezoid(np.maximum(0, grid**2 - 1.2) * norm.pdf(grid), grid)
    row = value_of_information(np.column_stack([np.zeros(5000), x.x**2 - 1.2 + x.z]), x).evppi.iloc[
        0
    ]
    assert abs(row.value - truth) < 3 * row.standard_error


@pytest.mark.recovery
def test_an_interaction_is_seen():
    rng = np.random.default_rng(3)
    x = pd.DataFrame(rng.normal(size=(5000, 2)), columns=["x", "y"])
    row = value_of_information(
        np.column_stack([np.zeros(5000), x.x * x.y]), x, {"xy": ["x", "y"]}
    ).evppi.iloc[0]
    assert abs(row.value - 1 / np.pi) < 3 * row.standard_error  # E max(0, xy) = E|x| E|y| / 2


def test_without_doubt_there_is_nothing_to_learn():
    found = value_of_information(
        np.tile([1.0, 2.0], (200, 1)), pd.DataFrame({"a": np.arange(200.0)})
    )
    assert found.evpi == 0
    assert found.evppi.value.tolist() == [0]
    assert found.p_best.tolist() == [0, 1]


def test_shares_of_the_best_sum_to_one_and_ties_are_shared():
    found = value_of_information([[0.0, 0.0], [1.0, 0.0], [0.0, 2.0], [3.0, 3.0]])
    assert found.p_best.tolist() == [0.5, 0.5]
    assert found.expected_loss.min() == found.evpi


def test_adding_the_same_number_to_every_option_changes_nothing():
    utility, x = linear_gaussian(1000, 0.0, 8)
    shift = np.random.default_rng(1).normal(size=(1000, 1))
    a = value_of_information(utility, x)
    b = value_of_information(utility + shift, x)
    assert np.allclose(a.evppi.value, b.evppi.value, atol=1e-9)
    assert np.isclose(a.evpi, b.evpi)


def test_the_value_for_a_population_is_discounted_by_year():
    found = value_of_information([[0.0, 1.0], [0.0, -1.0]])
    assert found.population(100, years=2.5, discount_rate=0.1) == pytest.approx(
        0.5 * 100 * (1 + 1 / 1.1 + 0.5 / 1.21)
    )


@pytest.mark.contract
@pytest.mark.parametrize(
    ("utility", "parameters", "groups", "message"),
    [
        ([[0.0, np.nan]] * 200, None, None, "utility must be finite"),
        ([0.0, 1.0], None, None, "draws in rows"),
        ("text", None, None, "utility must"),
        (np.zeros((200, 2)), pd.DataFrame({"a": np.zeros(100)}), None, "a row per draw"),
        (np.zeros((200, 2)), pd.DataFrame({"a": np.zeros(200)}), {"g": ["b"]}, "must name columns"),
        (
            np.zeros((200, 2)),
            pd.DataFrame({"a": np.full(200, np.inf)}),
            None,
            "parameters must be finite",
        ),
        (np.zeros((200, 2)), None, {"g": ["b"]}, "parameters must be given"),
        (
            np.zeros((20, 2)),
            pd.DataFrame({"a": np.arange(20.0)}),
            None,
            "whole number of 100 or more",
        ),
    ],
)
def test_bad_input_is_named(utility, parameters, groups, message):
    with pytest.raises(ValueError, match=message):
        value_of_information(utility, parameters, groups)
