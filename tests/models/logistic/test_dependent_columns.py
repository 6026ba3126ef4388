"""Columns that do not vary, or say nearly what others say."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import expit, logit

from backpain_risk import LogisticModel, optimism_bootstrap
from backpain_risk.models.logistic import ridge
from backpain_risk.models.logistic.model import ConvergenceWarning
from backpain_risk.numerics.newton import LogisticObjective, maximise

pytestmark = pytest.mark.identity


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(1000, 2))
    return x, (rng.random(1000) < expit(x[:, 0] - 2)).astype(int)


@pytest.mark.contract
@pytest.mark.parametrize("penalty", [None, "firth"])
@pytest.mark.parametrize("apart", [1e-10, 1e-8, 1e-6])
def test_nearly_equal_columns_are_refused_by_name(data, penalty, apart):
    x, y = data
    with pytest.raises(
        ValueError,
        match=r"linear combinations of each other, exactly or to 5 digits; got x[01]\. Drop",
    ):
        LogisticModel(penalty=penalty).fit(np.column_stack([x[:, 0], x[:, 0] + apart * x[:, 1]]), y)


@pytest.mark.contract
@pytest.mark.parametrize("penalty", [None, "firth"])
def test_a_column_far_from_zero_for_its_spread_is_refused_with_the_remedy(data, penalty):
    x, y = data
    with pytest.raises(
        ValueError, match=r"got x0, x1\. Drop them; subtract the mean of a term that varies little"
    ):
        LogisticModel(penalty=penalty).fit(1e9 + x, y)


@pytest.mark.parametrize("penalty", [None, "firth"])
def test_what_is_let_through_is_fitted_exactly(data, penalty):
    """x and x + 1e-3 z span what x and z span."""
    x, y = data
    near = LogisticModel(penalty=penalty).fit(
        np.column_stack([x[:, 0], x[:, 0] + 1e-3 * x[:, 1]]), y
    )
    plain = LogisticModel(penalty=penalty).fit(x, y)
    assert near.result_.converged
    np.testing.assert_allclose(
        near.risk(np.column_stack([x[:, 0], x[:, 0] + 1e-3 * x[:, 1]])), plain.risk(x), rtol=1e-7
    )


@pytest.mark.parametrize("strength", [None, 3.0])
@pytest.mark.parametrize("value", [0.0, 0.1, 7.0])
def test_ridge_leaves_out_a_column_that_does_not_vary(data, strength, value):
    x, y = data
    still = np.column_stack([x, np.full(len(x), value)])
    with pytest.warns(
        ConvergenceWarning,
        match="x2 took one value only, from which nothing is learned: coefficient 0",
    ):
        model = LogisticModel(penalty="ridge", ridge_strength=strength).fit(still, y)
    plain = LogisticModel(penalty="ridge", ridge_strength=strength).fit(x, y)
    np.testing.assert_allclose(model.coef_[0], [*plain.coef_[0], 0], rtol=1e-12)
    np.testing.assert_allclose(model.risk(still), plain.risk(x), rtol=1e-12)
    np.testing.assert_allclose(model.risk_interval(still), plain.risk_interval(x), rtol=1e-9)
    assert model.result_.conf_int().loc["x2"].isna().all()
    np.testing.assert_allclose(model.result_.conf_int()[:3], plain.result_.conf_int(), rtol=1e-7)


def test_a_rare_flag_that_vanishes_from_resamples_is_counted_and_the_others_stay(data):
    x, y = data
    rare = np.column_stack([x, np.zeros(len(x))])
    rare[0, 2] = 1
    model = LogisticModel(penalty="ridge", ridge_strength=1.0)
    found = optimism_bootstrap(model, rare, y, n_resamples=40, rng=1, measures=["auroc"], at=[])
    vanished = found.warned.query(
        "warning.str.contains('x2 took one value only')"
    ).n_resamples.sum()
    assert 5 < vanished < 30  # exp(-1) of 40
    assert found.refitted_risk(40).std(axis=1).min() > 0.02


def test_the_strength_chosen_quickly_is_the_one_chosen_by_full_fits():
    for seed, columns in ((0, 4), (1, 12), (2, 25)):
        rng = np.random.default_rng(seed)
        X = np.column_stack([np.ones(400), rng.normal(size=(400, columns))])
        X[:, 2] = X[:, 2] > 1.5
        y = (rng.random(400) < expit(X[:, 1] + 2 * X[:, 2] - 3)).astype(float)
        goal = LogisticObjective(X, y, np.ones(400), np.zeros(400))
        assert ridge.cross_validated_strength(goal, X.var(axis=0)) == slowly(goal, X.var(axis=0))


def slowly(goal, variance):
    total = np.zeros(ridge.STRENGTHS.size)
    for k in range(ridge.N_FOLDS):
        events, n = ridge._fold(goal, k)
        rest = replace(goal, events=goal.events - events, n=goal.n - n)
        held = replace(goal, events=events, n=n)
        start = np.append(logit(rest.events.sum() / rest.n.sum()), np.zeros(variance.size - 1))
        for i, strength in enumerate(ridge.STRENGTHS):
            total[i] += held.log_likelihood(
                maximise(replace(rest, ridge=strength * variance), start).parameters
            )
    return ridge.STRENGTHS[np.argmax(total)]
