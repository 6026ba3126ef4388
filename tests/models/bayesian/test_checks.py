"""Sites, and the questions asked of a fitted model: leave-one-out, power-scaling, predictive
checks, accuracy.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from scipy.special import expit, logit

from backpain_risk import (
    BayesianLogisticModel,
    Prior,
    implied_accuracy,
    leave_one_out,
    power_scaling,
    predictive_check,
    risk_by_count,
    vocabulary,
)

pytestmark = pytest.mark.identity

FLAGS = list(vocabulary.RED_FLAGS)
FAST = {"method": "laplace", "random_state": 1}


@pytest.fixture(scope="module")
def small():
    """85 healthy and 5 malignant without the finding, 5 and 5 with it."""
    X = pd.DataFrame({"night_pain": np.repeat([0, 1], [90, 10])})
    y = np.r_[np.zeros(85), np.ones(5), np.zeros(5), np.ones(5)]
    return X, y, BayesianLogisticModel(draws=4000, **FAST).fit(X, y)


def test_leave_one_out_is_the_density_of_each_patient_given_the_others(small):
    """By quadrature of the posterior without each of the four kinds of patients, weighted by
    their number.
    """
    X, y, _ = small
    found = leave_one_out(BayesianLogisticModel(draws=64_000, **FAST).fit(X, y))
    intercept, slope = np.meshgrid(np.linspace(-6, 1, 400), np.linspace(-4, 7, 400), indexing="ij")
    risk = expit(np.stack([intercept, intercept + slope]))
    log = stats.norm.logpdf(intercept, logit(0.01), 2.5) + stats.norm.logpdf(slope, 0, 2)
    log += sum(
        e * np.log(r) + (n - e) * np.log(1 - r) for e, n, r in ((5, 90, risk[0]), (5, 10, risk[1]))
    )
    expected = 0.0
    for one, count in ((risk[0], 5), (1 - risk[0], 85), (risk[1], 5), (1 - risk[1], 5)):
        others = np.exp(log - np.log(one) - log.max())
        expected += count * np.log((others * one).sum() / others.sum())
    # over random_state 0 to 39 the SD was 0.019 with 4 x 4000 draws, so 0.005 with 16 times as many
    assert found.elpd == pytest.approx(expected, abs=4 * 0.005)
    assert found.p_loo == pytest.approx(2, abs=0.5)
    assert found.pointwise["count"].tolist() == [5, 5, 85, 5]
    assert (found.n, found.n_high_k) == (100, 0)


def test_leave_one_out_counts_identical_patients_as_rows(small):
    X, y, _ = small
    rows = np.tile(np.arange(100), 3)
    a = leave_one_out(BayesianLogisticModel(**FAST).fit(X, y, sample_weight=np.full(100, 3)))
    b = leave_one_out(BayesianLogisticModel(**FAST).fit(X.iloc[rows], y[rows]))
    assert a.elpd == pytest.approx(b.elpd, rel=1e-9)
    assert a.se == pytest.approx(b.se, rel=1e-9)


def test_a_useless_finding_does_not_improve_prediction(small):
    X, y, model = small
    none = BayesianLogisticModel(**FAST).fit(X.assign(night_pain=np.arange(100) % 2), y)
    assert leave_one_out(none).elpd < leave_one_out(model).elpd - 2


def test_a_few_patients_lean_on_the_prior_and_many_do_not(cohort):
    prior = Prior(slopes={"history_of_cancer": (0.0, 0.3)})
    X = cohort.predictors[["history_of_cancer"]]
    y = cohort.outcome
    few = power_scaling(BayesianLogisticModel(prior, **FAST).fit(X.head(1000), y.head(1000)))
    many = power_scaling(BayesianLogisticModel(**FAST).fit(X, y))
    assert few.prior["history_of_cancer"] > 0.1
    assert few.leans_on["history_of_cancer"] == "prior and cohort"
    assert many.leans_on.tolist() == ["cohort", "cohort"]


def test_replicated_cohorts_surround_what_was_recorded(cohort):
    model = BayesianLogisticModel(**FAST).fit(cohort.predictors[FLAGS], cohort.outcome)
    check = predictive_check(model, rng=1)
    table = check.to_frame()
    assert table.loc["all", ["n", "observed"]].tolist() == [100_000, cohort.outcome.sum()]
    assert ((table.low <= table.observed) & (table.observed <= table.high)).all()
    both = cohort.predictors.night_pain == 1
    assert table.loc["with night_pain", ["n", "observed"]].tolist() == [
        both.sum(),
        cohort.outcome[both].sum(),
    ]
    assert check.expected_rate.mean() == pytest.approx(
        model.risk(cohort.predictors[FLAGS]).mean(), rel=0.02
    )
    spread = np.sqrt(cohort.outcome.sum() + np.var(1e5 * check.expected_rate))
    assert check.replicated[:, 0].std() == pytest.approx(spread, rel=0.1)


def test_prior_predictive_checks_know_nothing_of_the_outcome(cohort):
    X = cohort.predictors[FLAGS[:3]]
    y = cohort.outcome
    a, b = (
        predictive_check(BayesianLogisticModel(**FAST).fit(X, z), "prior", rng=1)
        for z in (y, np.roll(y, 7))
    )
    np.testing.assert_array_equal(a.replicated, b.replicated)


def test_predictive_checks_need_a_cohort():
    model = BayesianLogisticModel.from_evidence(["night_pain"], **FAST)
    with pytest.raises(
        ValueError, match="model must be fitted to patients of known outcome; got none"
    ):
        predictive_check(model, rng=1)
    with pytest.raises(
        ValueError, match="source must be one of 'posterior', 'prior'; got 'likelihood'"
    ):
        predictive_check(model, "likelihood", rng=1)


def test_implied_accuracy_and_risk_by_count_are_means_of_the_draws(small):
    X, _, model = small
    draws = model.risk_draws(X)
    present = X.night_pain == 1
    table = implied_accuracy(model, X).to_frame().value
    assert table["base_rate", ""] == pytest.approx(draws.mean())
    sensitivity = draws[:, present].sum(axis=1) / draws.sum(axis=1)
    assert table["sensitivity", "night_pain"] == pytest.approx(sensitivity.mean())
    specificity = (1 - draws[:, ~present]).sum(axis=1) / (1 - draws).sum(axis=1)
    assert table["specificity", "night_pain"] == pytest.approx(specificity.mean())
    by_count = risk_by_count(model, X).to_frame()
    assert by_count.n.tolist() == [90, 10]
    np.testing.assert_allclose(by_count.risk, [draws[:, ~present].mean(), draws[:, present].mean()])


@pytest.fixture(scope="module")
def sited():
    """Four sites, of which the last has a tenfold base rate and no patient with its log odds
    ratio elsewhere.
    """
    rng = np.random.default_rng(8)
    X = pd.DataFrame(
        {"night_pain": rng.integers(0, 2, 20_000), "site": np.repeat(list("abcd"), 5000)}
    )
    log_odds = np.where(X.site == "d", -2.5, -4.6) + 0.7 * X.night_pain
    y = (rng.random(20_000) < expit(log_odds)).astype(int)
    return X, y, BayesianLogisticModel(groups="site", random_state=1).fit(X, y)


def test_sites_keep_their_own_base_rate_and_an_unknown_one_gets_more_doubt(sited):
    X, y, model = sited
    assert model.diagnostics_.problems == ()
    risk = model.credible_risk(X).to_frame()
    for site in "abcd":
        at = X.site == site
        assert risk.risk[at].mean() == pytest.approx(y[at].mean(), rel=0.15)
    new = pd.DataFrame({"night_pain": [1, 1, 1], "site": ["a", "elsewhere", None]})
    limits = model.credible_risk(new).to_frame()
    width = logit(limits.high) - logit(limits.low)
    assert width[1] > 2 * width[0]
    np.testing.assert_array_equal(limits.iloc[1], limits.iloc[2])


def test_the_tree_holds_sites_and_the_summary_their_spread(sited):
    model = sited[2]
    assert model.posterior_.posterior.site_effect.dims == ("chain", "draw", "site", "effect")
    assert model.posterior_.posterior.site.to_numpy().tolist() == list("abcd")
    table = model.summary()
    assert (
        table["mean"]["SD between sites: intercept"] > table["mean"]["SD between sites: night_pain"]
    )


@pytest.mark.contract
@pytest.mark.parametrize(
    ("sites", "message"),
    [
        (["a", "a", "a"], "groups must hold at least two sites; got a"),
        (["a", None, "b"], "groups must be known for every patient; got 1 missing"),
    ],
)
def test_sites_that_cannot_be_used_are_named(sites, message):
    X = pd.DataFrame({"night_pain": [0, 1, 1], "site": sites})
    with pytest.raises(ValueError, match=message):
        BayesianLogisticModel(groups="site").fit(X, [0, 1, 0])
