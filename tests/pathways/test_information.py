"""Value of information against closed forms: normal utilities, where E max(0, Z) is phi(0) times
the SD.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

from backpain_risk.pathways.conditional_expectation import (
    conditional_mean,
    fitted,
    gain,
    unseen_gain,
)
from backpain_risk.pathways.information import value_of_information
from backpain_risk.pathways.sensitivity import _ends
from backpain_risk.pathways.study_worth import study_value

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
    assert np.abs(error).max() < 3
    assert abs(found.evpi - HALF * whole) < 3 * found.evpi_standard_error
    assert (np.abs(found.evppi.cross_fitted - truth) < 3 * found.evppi.standard_error).all()


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


@pytest.mark.parametrize(
    ("discounting", "years"),
    [
        ("start", 1 + 1 / 1.1 + 0.5 / 1.21),
        ("end", 1 / 1.1 + 1 / 1.21 + 0.5 / 1.331),
        ("continuous", (1 - np.exp(-0.25)) / 0.1),  # voi: voi * pop / dis * (1 - exp(-dis * time))
    ],
)
def test_the_value_for_a_population_is_discounted_by_a_stated_convention(discounting, years):
    found = value_of_information([[0.0, 1.0], [0.0, -1.0]])
    worth = found.population(100, years=2.5, discount_rate=0.1, discounting=discounting)
    assert worth == pytest.approx(0.5 * 100 * years)
    plain = found.population(100, years=2.5, discount_rate=0.0, discounting=discounting, value=2)
    assert plain == pytest.approx(2 * 100 * 2.5)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"per_year": -1, "years": 1}, "per_year must"),
        ({"per_year": 1, "years": -1}, "years must"),
        ({"per_year": 1, "years": np.nan}, "years must"),
        ({"per_year": 1, "years": 1, "discount_rate": 3.5}, "discount_rate must"),
        ({"per_year": 1, "years": 1, "discounting": "middle"}, "discounting must"),
    ],
)
def test_a_population_that_makes_no_sense_is_refused(arguments, message):
    found = value_of_information([[0.0, 1.0], [0.0, -1.0]])
    with pytest.raises(ValueError, match=message):
        found.population(**arguments)


def test_parameters_of_few_values_are_told_apart_value_by_value():
    """A choice between twelve studies is no number: the exact answer is the mean of each."""
    rng = np.random.default_rng(6)
    study = np.repeat(np.arange(12), 400)
    effect = rng.normal(size=12)[study]
    utility = np.column_stack([np.zeros(study.size), effect - 0.2 + rng.normal(size=study.size)])
    exact = pd.Series(utility[:, 1]).groupby(study).mean().clip(lower=0).mean()
    exact -= max(0.0, utility[:, 1].mean())
    row = value_of_information(utility, pd.DataFrame({"study": study})).evppi.iloc[0]
    assert row.value == pytest.approx(exact, abs=0.01)


def test_one_option_leaves_nothing_to_choose():
    utility, x = linear_gaussian(200, 0.0, 1)
    found = value_of_information(utility[:, [1]], x)
    assert (found.evpi, found.p_best.tolist(), found.expected_loss.tolist()) == (0, [1], [0])
    assert (found.evppi[["value", "standard_error", "cross_fitted"]] == 0).all(axis=None)


def test_the_unit_and_the_sign_of_utility_only_scale():
    utility, x = linear_gaussian(500, 0.0, 4)
    plain = value_of_information(utility, x)
    for moved, scale in ((utility - 1e6, 1), (1e-6 * utility, 1e-6), (1e6 * utility, 1e6)):
        found = value_of_information(moved, x)
        assert found.evpi == pytest.approx(scale * plain.evpi, rel=1e-7)
        assert np.allclose(found.evppi.value, scale * plain.evppi.value, rtol=1e-5, atol=0)
        assert found.p_best.tolist() == plain.p_best.tolist()


def test_expected_loss_is_that_of_each_draw_and_least_for_the_best():
    """dampack's calc_exp_loss: the mean of the best option's utility less each option's."""
    rng = np.random.default_rng(3)
    utility = rng.normal(size=(300, 4)) - 5
    found = value_of_information(utility)
    by_hand = [[max(row) - each for each in row] for row in utility.tolist()]
    assert np.allclose(found.expected_loss, np.mean(by_hand, axis=0))
    assert found.expected_loss.min() == pytest.approx(found.evpi)
    assert found.options.index(found.best) == int(np.argmin(found.expected_loss))


def test_frames_and_arrays_say_the_same():
    utility, x = linear_gaussian(400, 0.0, 2)
    frame = pd.DataFrame(utility, columns=["no", "yes"])
    named = value_of_information(frame, x, {"a": ["a"]})
    for parameters, groups in (
        (x.to_numpy(), {"a": [0]}),
        (pd.DataFrame(x.to_numpy()), {"a": 0}),
        ({"a": x.a}, {"a": "a"}),
        (x.a, None),
    ):
        found = value_of_information(utility, parameters, groups)
        pd.testing.assert_frame_equal(found.evppi, named.evppi)
    assert named.options == ("no", "yes")


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
        (np.zeros((200, 2)), "text", None, "parameters must hold numbers; got 'text'"),
        (np.zeros((200, 2)), np.zeros((2, 2, 2)), None, "parameters must be a DataFrame of draws"),
        ([[1.0, 2.0]], None, None, "draws of utility must be a whole number of 2 or more"),
        (np.zeros((200, 2)), pd.DataFrame({"a": ["x"] * 200}), None, "must hold numbers; got 'x'"),
        (np.zeros((200, 2)), pd.DataFrame({"a": np.zeros(200)}), [["a"]], "groups must be a map"),
        (np.zeros((200, 2)), pd.DataFrame({"a": np.zeros(200)}), {"g": []}, "got 'none' in 'g'"),
        (
            np.zeros((200, 2)),
            pd.DataFrame(np.zeros((200, 2)), columns=["a", "a"]),
            None,
            "parameters must have columns with names of their own; got 'a' twice",
        ),
        (
            pd.DataFrame(np.zeros((200, 2)), columns=["a", "a"]),
            None,
            None,
            "utility must have columns with names of their own; got 'a' twice",
        ),
        (
            pd.DataFrame(np.zeros((200, 2))),
            pd.DataFrame({"a": np.zeros(200)}, index=range(200)[::-1]),
            None,
            "same index",
        ),
    ],
)
def test_bad_input_is_named(utility, parameters, groups, message):
    with pytest.raises(ValueError, match=message):
        value_of_information(utility, parameters, groups)


@pytest.mark.recovery
@pytest.mark.parametrize("seed", range(4))
def test_a_study_is_worth_its_closed_form(seed):
    """U = s - 0.6 with s ~ Uniform(0, 1): after y of n the mean of s is (y + 1) / (n + 2), and
    every y is as likely as every other.
    """
    n = 8
    sensitivity = np.random.default_rng(seed).random(4000)
    utility = np.column_stack([np.zeros(4000), sensitivity - 0.6])
    expected = conditional_mean(utility, sensitivity[:, None])
    value, error = study_value(utility, expected, sensitivity, n)
    truth = np.mean(np.maximum(0, (np.arange(n + 1) + 1) / (n + 2) - 0.6))
    assert abs(value - truth) < 3 * error
    assert 0 < error < 0.2 * truth


@pytest.mark.recovery
def test_the_errors_of_a_tornado_are_those_of_repeated_draws():
    """The jackknife's standard errors against the spread over thirty sets of draws."""
    ends = []
    errors = []
    for seed in range(30):
        rng = np.random.default_rng(seed)
        x = rng.normal(size=400)
        *_, low, high, error_low, error_high = _ends(x + rng.normal(size=400), x)
        ends.append((low, high))
        errors.append((error_low, error_high))
    ratio = np.mean(errors, axis=0) / np.std(ends, axis=0, ddof=1)
    assert (ratio > 0.7).all()
    assert (ratio < 1.4).all()


def test_decisions_in_draws_that_the_regression_has_seen_are_worth_more():
    """The same fit counted in sample looks better than in folds that it has not seen."""
    rng = np.random.default_rng(11)
    x = rng.normal(size=(150, 3))
    relative = np.column_stack([np.zeros(150), x[:, 0] + 3 * rng.normal(size=150)])
    assert unseen_gain(x, relative).mean() < gain(relative, fitted(x, relative)).mean() - 0.01
