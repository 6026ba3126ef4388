"""The prior made of published evidence."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit, logit

import backpain_risk as bpr
from backpain_risk import BayesianLogisticModel, EvidencePrior, Prior, predictive_check
from backpain_risk.models.bayesian.adjusted_odds import published_odds

pytestmark = pytest.mark.identity

FLAGS = list(bpr.RED_FLAGS)
FAST = {"method": "laplace", "random_state": 1}
SUBSETS = [
    ["history_of_cancer"],
    ["age_50_or_over", "night_pain"],
    FLAGS,
    list(bpr.vocabulary.FINDINGS),
]


def expected_rates(prior, cohort, columns, draws=4000):
    """Prior-predictive mean risk of the patients, a value per draw."""
    model = BayesianLogisticModel(prior, **FAST).fit(cohort.predictors[columns], cohort.outcome)
    return predictive_check(model, "prior", n_draws=draws, rng=1).expected_rate


@pytest.mark.parametrize("columns", SUBSETS, ids=len)
def test_the_prior_mean_risk_has_its_median_within_a_tenth_of_the_base_rate(cohort, columns):
    """And its 95 % limits are those published: 0.5 % and 2 %. Monte Carlo error of the median:
    0.7 %.
    """
    rates = expected_rates("evidence", cohort, columns)
    assert np.median(rates) == pytest.approx(0.01, rel=0.1)
    np.testing.assert_allclose(np.quantile(rates, [0.025, 0.975]), [0.005, 0.02], rtol=0.15)


def test_independent_priors_do_not_keep_the_base_rate(cohort):
    """The same marginal priors, the intercept as if findings were independent, but drawn apart
    from the slopes.
    """
    evidence = bpr.load_evidence()
    table = (
        BayesianLogisticModel("evidence", **FAST)
        .fit(cohort.predictors[FLAGS], cohort.outcome)
        .summary()
    )
    negative = [evidence.finding(flag).lr_negative.value for flag in FLAGS]
    slopes = {flag: (table.prior_mean[flag], table.prior_sd[flag]) for flag in FLAGS}
    apart = Prior(
        intercept=(logit(0.01) + np.log(negative).sum(), 0.35), slopes=slopes, name="independent"
    )
    rates = expected_rates(apart, cohort, FLAGS)
    assert abs(np.median(rates) / 0.01 - 1) > 0.1
    assert np.quantile(rates, 0.975) > 2 * 0.02


def test_slopes_have_the_stated_means_and_spread(cohort):
    """beta ~ N(0.8 m, s^2 + 0.5^2 + (0.2 m)^2), m and s from draws of sensitivity and
    specificity.
    """
    finding = bpr.load_evidence().finding("history_of_cancer")
    drawn = finding.draw(400_000, rng=1)
    odds = logit(drawn.sensitivity) + logit(drawn.specificity)
    model = BayesianLogisticModel("evidence", **FAST).fit(cohort.predictors[FLAGS], cohort.outcome)
    row = model.summary().loc["history_of_cancer"]
    assert row.prior_mean == pytest.approx(0.8 * odds.mean(), rel=0.01)
    assert row.prior_sd == pytest.approx(
        np.sqrt(odds.var() + 0.25 + (0.2 * odds.mean()) ** 2), rel=0.01
    )
    assert published_odds(finding).mean[0] == pytest.approx(odds.mean(), rel=0.01)


def test_dependence_is_shared_by_all_slopes(cohort):
    """One kappa: slopes of two strong findings correlate as 0.2^2 m_1 m_2."""
    names = ["age_50_or_over", "history_of_cancer"]
    model = BayesianLogisticModel("evidence", **FAST).fit(cohort.predictors[names], cohort.outcome)
    covariance = model.term_prior_.covariance
    crude = model.term_prior_.mean[1:] / 0.8
    assert covariance[1, 2] == pytest.approx(0.04 * crude[0] * crude[1])
    draws = model.term_prior_.draw(100_000, np.random.default_rng(1))
    np.testing.assert_allclose(np.cov(draws[:, 1:].T), covariance[1:, 1:], atol=0.02)


def test_prior_draws_are_exact(cohort):
    """Each draw of intercept and slopes gives the cohort the mean risk that was drawn for it."""
    X = cohort.predictors[FLAGS].head(20_000)
    prior = (
        BayesianLogisticModel("evidence", **FAST).fit(X, cohort.outcome.head(20_000)).term_prior_
    )
    anchored = np.random.default_rng(2).multivariate_normal(prior.mean, prior.covariance, size=50)
    coefficients = prior.coefficients(anchored)
    risk = expit(coefficients[:, :1] + coefficients[:, 1:] @ X.to_numpy(float).T)
    np.testing.assert_allclose(logit(risk.mean(axis=1)), anchored[:, 0], rtol=1e-9)
    np.testing.assert_array_equal(coefficients[:, 1:], anchored[:, 1:])


def test_recorded_numbers_enter_by_their_published_bands_and_splines_by_deviations(cohort):
    X = (
        cohort.predictors[["age_years", "history_of_cancer"]]
        .assign(esr_mm_h=cohort.tests.esr_mm_h)
        .head(3000)
    )
    model = BayesianLogisticModel("evidence", splines={"age_years": 4}, **FAST).fit(
        X, cohort.outcome.head(3000)
    )
    table = model.summary()
    bands = ["esr_mm_h 20-49", "esr_mm_h 50-99", "esr_mm_h >=100"]
    assert [term for term in table.index if term.startswith("esr")] == bands
    assert table.prior_mean[bands].is_monotonic_increasing
    splines = [term for term in table.index if term.startswith("age_years") and " " not in term]
    assert len(splines) == 3
    spread = model.design_.of_column(0, X.age_years.to_numpy(float))[:, -3:].std(axis=0)
    np.testing.assert_allclose(table.prior_sd[splines] * spread, 0.5, rtol=1e-6)
    assert (table.prior_mean[splines] == 0).all()
    table_of_age = EvidencePrior.published().to_frame().loc["age_50_or_over"]
    assert table.prior_mean["age_years >=50"] == pytest.approx(np.log(table_of_age.odds_ratio))


@pytest.mark.contract
def test_the_prior_prints_itself_with_its_sources():
    prior = EvidencePrior.published()
    html = prior._repr_html_()
    for words in (
        "Prior: evidence",
        "base rate 0.01",
        "N(0.8, 0.2²)",
        "history_of_cancer",
        "assumed",
        "deyo_diehl",
    ):
        assert words in html


def test_counts_cannot_be_added_to_a_finding_known_by_band():
    prior = EvidencePrior.published()
    with pytest.raises(
        ValueError,
        match="finding must be a yes/no finding; got 'esr_mm_h', whose evidence is by band",
    ):
        prior.updated("esr_mm_h", bpr.Accuracy.from_counts(1, 2, 3, 4), ())


@pytest.mark.contract
def test_too_many_patterns_without_a_cohort_are_refused():
    columns = [*bpr.vocabulary.FINDINGS, *bpr.vocabulary.IMAGING, "esr_mm_h", "haematocrit_percent"]
    with pytest.raises(ValueError, match="findings must have at most 65536 patterns; got"):
        BayesianLogisticModel.from_evidence(columns)


def test_findings_without_published_accuracy_take_the_weak_slope():
    X = pd.DataFrame({"night_pain": [0, 1, 0, 1], "own_finding": [0, 0, 1, 1]})
    table = BayesianLogisticModel("evidence", **FAST).fit(X, [0, 0, 0, 1]).summary()
    assert table.loc["own_finding", ["prior_mean", "prior_sd"]].tolist() == [0.0, 2.0]


def test_a_further_finding_of_ones_own_tables_is_in_the_prior():
    evidence = bpr.load_evidence()
    row = evidence.accuracy.query("finding == 'night_pain' and preferred == 1").assign(
        finding="thoracic_pain"
    )
    own = replace(evidence, accuracy=pd.concat([evidence.accuracy, row], ignore_index=True))
    prior = EvidencePrior.published(own)
    assert (
        prior.findings["thoracic_pain"].sensitivity.value
        == prior.findings["night_pain"].sensitivity.value
    )
    assert set(prior.findings) == {*EvidencePrior.published().findings, "thoracic_pain"}


PAIRS = [("age_50_or_over", "history_of_cancer"), ("history_of_cancer", "unexplained_weight_loss")]


def test_interactions_have_mean_zero_the_stated_spread_and_keep_the_base_rate(cohort):
    """Apart from the other slopes, and the median prior mean risk stays within a tenth of the
    base rate.
    """
    X = cohort.predictors[FLAGS]
    prior = replace(EvidencePrior.published(), interaction_sd=1.5)
    model = BayesianLogisticModel(prior, interactions=PAIRS, **FAST).fit(X, cohort.outcome)
    products = [f"{a}:{b}" for a, b in PAIRS]
    summary = model.summary()
    assert summary.prior_mean[products].tolist() == [0.0, 0.0]
    assert summary.prior_sd[products].tolist() == [1.5, 1.5]
    assert np.all(model.term_prior_.covariance[-2:, :-2] == 0)
    plain = BayesianLogisticModel("evidence", **FAST).fit(X, cohort.outcome).term_prior_
    np.testing.assert_array_equal(model.term_prior_.mean[:-2], plain.mean)
    np.testing.assert_array_equal(model.term_prior_.covariance[:-2, :-2], plain.covariance)
    rates = predictive_check(model, "prior", n_draws=4000, rng=1).expected_rate
    assert np.median(rates) == pytest.approx(0.01, rel=0.1)
    np.testing.assert_allclose(np.quantile(rates, [0.025, 0.975]), [0.005, 0.02], rtol=0.15)


def test_interactions_stay_at_their_prior_without_patients_and_move_with_them():
    model = BayesianLogisticModel.from_evidence(
        ["age_50_or_over", "history_of_cancer"], interactions=PAIRS[:1], **FAST
    )
    assert model.summary().loc["age_50_or_over:history_of_cancer", "prior_sd"] == 0.5
    rng = np.random.default_rng(3)
    X = (
        pd.DataFrame(
            {
                "age_50_or_over": rng.random(20_000) < 0.5,
                "history_of_cancer": rng.random(20_000) < 0.5,
            }
        )
        * 1
    )
    y = rng.random(20_000) < expit(-4 + X.sum(axis=1) + 1.5 * X.prod(axis=1))
    weak = BayesianLogisticModel(interactions=PAIRS[:1], **FAST).fit(X, y).summary()
    row = weak.loc["age_50_or_over:history_of_cancer"]
    assert row.prior_sd == 2.0
    assert row.low < 1.5 < row.high
    assert row.low > 0


@pytest.mark.contract
def test_interactions_of_banded_columns_are_refused():
    X = pd.DataFrame({"age_years": [40, 60, 70, 30], "history_of_cancer": [0, 1, 0, 1]})
    model = BayesianLogisticModel(
        "evidence", interactions=[("age_years", "history_of_cancer")], **FAST
    )
    with pytest.raises(
        ValueError,
        match="interactions must be between columns that enter as they are; got 'age_years'",
    ):
        model.fit(X, [0, 0, 1, 0])
    with pytest.raises(ValueError, match="interaction_sd must be one finite number above 0; got 0"):
        replace(EvidencePrior.published(), interaction_sd=0)


POOLED = ["history_of_cancer", "unexplained_weight_loss"]


def test_a_pooled_specificity_replaces_that_of_one_study_in_the_slope(cohort):
    """Moments of the logit specificity in a new setting, beside those of the sensitivity."""
    prior = EvidencePrior.published(pooled=POOLED)
    plain = EvidencePrior.published()
    assert plain.specificities == {}
    assert (plain.name, prior.name) == ("evidence", "evidence with pooled specificities")
    model = BayesianLogisticModel(prior, **FAST).fit(cohort.predictors[FLAGS], cohort.outcome)
    finding = prior.findings["history_of_cancer"]
    (mean, sd) = prior.specificities["history_of_cancer"].new_setting
    sensitivity = logit(np.random.default_rng(1).beta(finding.tp + 0.5, finding.fn + 0.5, 400_000))
    odds = sensitivity.mean() + mean
    variance = sensitivity.var() + sd**2
    row = model.summary().loc["history_of_cancer"]
    assert row.prior_mean == pytest.approx(0.8 * odds, rel=0.01)
    assert row.prior_sd == pytest.approx(np.sqrt(variance + 0.25 + (0.2 * odds) ** 2), rel=0.01)
    changed = (prior.to_frame().odds_ratio != plain.to_frame().odds_ratio).loc[
        lambda different: different
    ]
    assert changed.index.tolist() == POOLED
    assert (
        "specificity of deyo_diehl_1988, henschke_2009"
        in prior.to_frame().study["history_of_cancer"]
    )


def test_pooled_specificities_keep_the_base_rate(cohort):
    rates = expected_rates(EvidencePrior.published(pooled=POOLED), cohort, FLAGS)
    assert np.median(rates) == pytest.approx(0.01, rel=0.1)
    np.testing.assert_allclose(np.quantile(rates, [0.025, 0.975]), [0.005, 0.02], rtol=0.15)


def test_a_further_study_joins_those_that_are_pooled():
    model = BayesianLogisticModel.from_evidence(
        POOLED, prior=EvidencePrior.published(pooled=POOLED[:1]), **FAST
    )
    before = model.summary().loc["history_of_cancer", "prior_sd"]
    model.update_from_counts("history_of_cancer", tp=3, fp=30, fn=7, tn=960)
    pooled = model.prior_.specificities["history_of_cancer"]
    assert pooled.studies == ("deyo_diehl_1988", "henschke_2009", "further study")
    assert (pooled.fp[-1], pooled.tn[-1], model.prior_.findings["history_of_cancer"].tp) == (
        30,
        960,
        7,
    )
    assert model.summary().loc["history_of_cancer", "prior_sd"] < before


@pytest.mark.contract
def test_findings_that_cannot_be_pooled_are_refused():
    with pytest.raises(
        ValueError,
        match="two studies or more have counted; got 'fever_or_night_sweats', counted in henschke",
    ):
        EvidencePrior.published(pooled=["fever_or_night_sweats"])
    with pytest.raises(ValueError, match="pooled must be a list of names; got 'history_of_cancer'"):
        EvidencePrior.published(pooled="history_of_cancer")
    studies = EvidencePrior.published(pooled=POOLED[:1]).specificities
    with pytest.raises(ValueError, match="specificities must be one of"):
        replace(EvidencePrior.published(), specificities={"esr_mm_h": studies["history_of_cancer"]})
