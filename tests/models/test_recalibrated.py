from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit, logit

from backpain_risk import (
    LogisticModel,
    calibration_in_the_large,
    calibration_slope,
    observed_expected,
    recalibrate,
    sample_case_control,
    shift_prevalence,
    simulate_cohort,
)

pytestmark = pytest.mark.identity

FLAGS = ["age_50_or_over", "history_of_cancer", "no_relief_with_rest", "failure_to_improve"]
rates = st.floats(0.001, 0.999)


@pytest.fixture(scope="module")
def model(cohort):
    return LogisticModel().fit(cohort.predictors[FLAGS], cohort.outcome)


@pytest.fixture(scope="module")
def elsewhere(scenario):
    return simulate_cohort(scenario.replace(base_rate=0.03), 60_000, seed=9)


def test_recalibration_in_the_large_brings_the_mean_to_the_event_rate(model, elsewhere):
    X = elsewhere.predictors[FLAGS]
    y = elsewhere.outcome
    updated = recalibrate(model, X, y, method="intercept")
    assert observed_expected(y, updated.risk(X)).value == pytest.approx(1, abs=1e-9)
    assert calibration_in_the_large(y, updated.risk(X)).value == pytest.approx(0, abs=1e-9)
    assert updated.slope_ == 1


def test_logistic_recalibration_brings_the_slope_to_one(model, elsewhere):
    X = elsewhere.predictors[FLAGS]
    y = elsewhere.outcome
    updated = recalibrate(model, X, y, method="logistic")
    assert calibration_slope(y, updated.risk(X)).value == pytest.approx(1, abs=1e-8)
    assert updated.slope_ == pytest.approx(calibration_slope(y, model.risk(X)).value, rel=1e-9)
    np.testing.assert_array_equal(np.argsort(updated.risk(X[:50])), np.argsort(model.risk(X[:50])))


def test_a_shift_of_prevalence_is_right_where_only_the_prevalence_differs(model, elsewhere):
    X = elsewhere.predictors[FLAGS]
    y = elsewhere.outcome
    updated = recalibrate(model, method="prevalence", from_=0.01, to=0.03)
    oe = observed_expected(y, updated.risk(X))
    assert oe.low < 1.03
    assert oe.high > 0.97
    np.testing.assert_allclose(
        updated.risk(X), shift_prevalence(model.risk(X), from_=0.01, to=0.03), rtol=1e-12
    )


def test_case_control_risks_are_corrected_by_the_two_prevalences(scenario, cohort):
    large = simulate_cohort(scenario, 300_000, seed=14)
    sampled = sample_case_control(large, 3, rng=1)
    fitted = LogisticModel().fit(sampled.predictors[FLAGS], sampled.outcome)
    corrected = recalibrate(
        fitted, method="prevalence", from_=float(sampled.outcome.mean()), to=0.01
    )
    oe = observed_expected(cohort.outcome, corrected.risk(cohort.predictors[FLAGS]))
    assert oe.low < 1.05
    assert oe.high > 0.95


@given(p=rates, a=rates, b=rates)
def test_shifts_follow_the_odds_and_undo_each_other(p, a, b):
    shifted = shift_prevalence([p], from_=a, to=b)[0]
    assert logit(shifted) == pytest.approx(logit(p) + logit(b) - logit(a), abs=1e-9)
    assert shift_prevalence([shifted], from_=b, to=a)[0] == pytest.approx(p, rel=1e-9)
    assert shift_prevalence([a], from_=a, to=b)[0] == pytest.approx(b, rel=1e-12)
    np.testing.assert_array_equal(shift_prevalence([0.0, 1.0], from_=a, to=b), [0, 1])


@pytest.mark.recovery
def test_any_classifier_can_be_recalibrated(cohort, elsewhere):
    from sklearn.linear_model import LogisticRegression

    other = LogisticRegression(C=0.01).fit(cohort.predictors[FLAGS], cohort.outcome)
    X = elsewhere.predictors[FLAGS]
    y = elsewhere.outcome
    updated = recalibrate(other, X, y, method="logistic")
    assert calibration_slope(y, updated.risk(X)).value == pytest.approx(1, abs=1e-6)
    np.testing.assert_allclose(updated.predict_proba(X).sum(axis=1), 1)


def test_a_risk_is_what_the_formula_says(model, elsewhere):
    X = elsewhere.predictors[FLAGS][:2000]
    y = elsewhere.outcome[:2000]
    updated = recalibrate(model, X, y, method="logistic")
    np.testing.assert_allclose(
        updated.risk(X),
        expit(updated.intercept_ + updated.slope_ * logit(model.risk(X))),
        rtol=1e-12,
    )


@pytest.mark.contract
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            {"method": "magic"},
            "method must be one of 'intercept', 'logistic', 'prevalence'; got 'magic'",
        ),
        ({"method": "logistic"}, "X and y must be given for method='logistic'"),
        ({"method": "prevalence", "to": 0.1}, "from_ and to must be given for method='prevalence'"),
        (
            {"method": "prevalence", "from_": 1.0, "to": 0.1},
            "from_ must lie strictly between 0 and 1; got 1.0",
        ),
    ],
)
def test_bad_input_is_named(model, arguments, message):
    with pytest.raises(ValueError, match=message):
        recalibrate(model, **arguments)


@pytest.mark.recovery
def test_one_class_and_certain_risks_cannot_be_recalibrated(model, elsewhere):
    X = elsewhere.predictors[FLAGS][:100]
    with pytest.raises(ValueError, match="y must have both events and non-events; got 0 events"):
        recalibrate(model, X, np.zeros(100), method="intercept")
    with pytest.raises(ValueError, match=r"risk must lie in \[0, 1\]"):
        shift_prevalence([3.0], from_=0.1, to=0.2)
