"""A classifier on missing values: imputed with the outcome when fitted, without it when used."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

import backpain_risk as bpr

FLAGS = ["history_of_cancer", "failure_to_improve", "night_pain"]


@pytest.fixture(scope="module")
def patients():
    cohort = bpr.simulate_cohort(bpr.load_scenario("spine_clinic").replace(base_rate=0.1), 1500, seed=5)
    X, y = cohort.predictors[FLAGS].astype(float), cohort.outcome
    rng = np.random.default_rng(1)
    holes = X.mask(rng.random(X.shape) < 0.2)
    return X, holes, y


@pytest.fixture(scope="module")
def model(patients):
    _, holes, y = patients
    return bpr.ImputedModel(bpr.LogisticModel(), n_imputations=5, random_state=1).fit(holes, y)


def test_nothing_missing_gives_the_classifier_itself(patients):
    X, _, y = patients
    model = bpr.ImputedModel(bpr.LogisticModel(), random_state=1).fit(X, y)
    np.testing.assert_allclose(model.risk(X), bpr.LogisticModel().fit(X, y).risk(X), rtol=1e-12)


def test_odds_ratios_are_those_of_the_complete_patients_within_their_error(patients, model):
    """Imputing with the outcome leaves no bias towards none: mean coefficients within 2 standard errors."""
    X, _, y = patients
    whole = bpr.LogisticModel().fit(X, y).result_
    mean = np.mean([m.coef_[0] for m in model.models_], axis=0)
    assert np.all(np.abs(mean - whole.coefficient[1:]) < 2 * whole.standard_error[1:])


def test_mean_risk_is_the_event_rate(patients, model):
    _, holes, y = patients
    assert model.risk(holes).mean() == pytest.approx(y.mean(), rel=1e-9)


def test_a_prediction_depends_on_no_other_new_patient(patients, model):
    _, holes, _ = patients
    np.testing.assert_allclose(model.risk(holes.iloc[:7]), model.risk(holes)[:7], rtol=1e-12)


def test_imputation_is_inside_the_validation_loop(patients):
    _, holes, y = patients
    estimator = bpr.ImputedModel(bpr.LogisticModel("firth"), n_imputations=1, random_state=1)
    result = bpr.optimism_bootstrap(estimator, holes, y, n_resamples=3, rng=1, measures=["auroc", "brier"])
    assert (result.n_failed == 0).all()
    assert np.isfinite(result.corrected).all()


def test_an_empty_column_is_named(patients):
    _, holes, y = patients
    with pytest.raises(ValueError, match="got none in night_pain"):
        bpr.ImputedModel(bpr.LogisticModel()).fit(holes.assign(night_pain=np.nan), y)


def test_a_predictor_may_be_called_outcome(patients, model):
    _, holes, y = patients
    renamed = holes.rename(columns={"night_pain": "outcome"})
    other = bpr.ImputedModel(bpr.LogisticModel(), n_imputations=5, random_state=1).fit(renamed, y)
    np.testing.assert_allclose(other.risk(renamed), model.risk(holes), rtol=1e-12)


def test_a_column_with_one_value_is_completed_by_it(patients):
    """Usual for a rare flag in a resample."""
    _, holes, y = patients
    absent = holes.assign(night_pain=holes.night_pain * 0)
    filled = holes.assign(night_pain=0.0)
    risks = [
        bpr.ImputedModel(LogisticRegression(), random_state=1).fit(table, y).risk(table) for table in (absent, filled)
    ]
    np.testing.assert_allclose(*risks, rtol=1e-9)


def test_no_imputations_are_refused(patients):
    _, holes, y = patients
    with pytest.raises(ValueError, match="n_imputations must be a whole number of 1 or more; got 0"):
        bpr.ImputedModel(bpr.LogisticModel(), n_imputations=0).fit(holes, y)
