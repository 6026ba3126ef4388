from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.special import logit

from backpain_risk import LikelihoodRatioModel, load_evidence, post_test_probability
from backpain_risk.models.likelihood_ratio.model import EXPLAINED_WITH

pytestmark = pytest.mark.identity


@pytest.fixture
def patient():
    return pd.DataFrame(
        {
            "age_years": [67.0],
            "history_of_cancer": [1.0],
            "esr_mm_h": [58.0],
            "night_pain": [np.nan],
        }
    )


def test_risk_is_the_product_of_published_ratios(patient):
    evidence = load_evidence()
    ratio = (
        evidence.finding("age_50_or_over").lr_positive.value
        * evidence.finding("history_of_cancer").lr_positive.value
    )
    ratio *= evidence.bands("esr_mm_h").likelihood_ratios[2].value
    model = LikelihoodRatioModel.from_evidence(pretest=0.01)
    assert model.risk(patient)[0] == pytest.approx(post_test_probability(0.01, ratio), rel=1e-12)


@pytest.mark.contract
def test_explanation_ends_at_the_risk_and_says_the_status(patient):
    model = LikelihoodRatioModel.from_evidence()
    steps = model.explain(patient)
    assert steps.finding.tolist() == ["age_50_or_over", "history_of_cancer", "esr_mm_h"]
    assert steps.level.tolist() == ["yes", "yes", "50-99"]
    assert steps.status.tolist() == ["reported", "reported", "unconfirmed"]
    assert steps.probability.iloc[-1] == pytest.approx(model.risk(patient)[0])
    assert (steps.low < steps.probability).all()
    assert (steps.probability < steps.high).all()


@pytest.mark.contract
def test_an_explanation_says_which_draws_it_takes(patient):
    """The default set is named, the same on every call, and as good as another."""
    model = LikelihoodRatioModel.from_evidence()
    fixed = model.explain(patient).to_frame()
    pd.testing.assert_frame_equal(fixed, model.explain(patient, rng=EXPLAINED_WITH).to_frame())
    other = model.explain(patient, rng=5).to_frame()
    assert (other.low != fixed.low).all()
    np.testing.assert_allclose(logit(other.low), logit(fixed.low), atol=0.25)
    np.testing.assert_allclose(logit(other.high), logit(fixed.high), atol=0.25)


def test_unknown_findings_and_columns_without_a_ratio_change_nothing(patient):
    model = LikelihoodRatioModel.from_evidence()
    expected = model.risk(patient)
    np.testing.assert_array_equal(model.risk(patient.drop(columns="night_pain")), expected)
    np.testing.assert_array_equal(model.risk(patient.assign(male=1)), expected)
    both = patient.assign(age_50_or_over=1)
    np.testing.assert_array_equal(model.risk(both), expected)


def test_ratios_are_learned_from_counts():
    X = pd.DataFrame({"flag": [1] * 30 + [0] * 70})
    y = [1] * 10 + [0] * 20 + [1] * 5 + [0] * 65
    model = LikelihoodRatioModel().fit(X, y)
    assert model.pretest_ == 0.15
    learned = model.findings_["flag"].likelihood_ratios[1]
    assert learned == pytest.approx((10.5 / 16) / (20.5 / 86))


def test_learned_and_given_parts_can_be_mixed(cohort):
    X = cohort.predictors[["night_pain", "history_of_cancer"]]
    y = cohort.outcome
    published = LikelihoodRatioModel(load_evidence()).fit(X, y)
    assert published.pretest_ == pytest.approx(y.mean())
    assert published.findings_["night_pain"].likelihood_ratios[1] == pytest.approx(
        0.45 / (213 / 482)
    )
    assert LikelihoodRatioModel(pretest=0.02).fit(X, y).pretest_ == 0.02


def test_draws_carry_the_uncertainty_and_are_repeatable(patient):
    model = LikelihoodRatioModel.from_evidence()
    a, b = (model.risk_draws(patient, 2000, rng=4) for _ in range(2))
    np.testing.assert_array_equal(a, b)
    assert a.shape == (2000, 1)
    low, high = np.quantile(a, [0.025, 0.975])
    assert low < model.risk(patient)[0] < high
    alone = LikelihoodRatioModel.from_evidence(["history_of_cancer"]).risk_draws(
        patient, 2000, rng=4
    )
    assert np.quantile(alone, 0.975) - np.quantile(alone, 0.025) < high - low


def test_weights_are_numbers_of_patients(cohort):
    X = cohort.predictors[["age_years", "night_pain"]].head(300)
    y = cohort.outcome.head(300)
    weight = np.random.default_rng(1).integers(1, 4, 300)
    rows = np.repeat(np.arange(300), weight)
    a = LikelihoodRatioModel().fit(X, y, sample_weight=weight)
    b = LikelihoodRatioModel().fit(X.iloc[rows], y.iloc[rows])
    np.testing.assert_allclose(a.risk(X), b.risk(X), rtol=1e-12)


@pytest.mark.contract
def test_no_usable_finding_and_bad_pretest_are_named(patient):
    model = LikelihoodRatioModel.from_evidence(["radicular_pain"])
    with pytest.raises(ValueError, match="X must have at least one finding of the model"):
        model.risk(patient)
    with pytest.raises(ValueError, match="pretest must lie strictly between 0 and 1; got 7"):
        LikelihoodRatioModel.from_evidence(pretest=7)
