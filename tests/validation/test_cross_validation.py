"""Out-of-fold risks come from models that did not see the patient."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, cross_val_predict

import backpain_risk as bpr

pytestmark = pytest.mark.identity


@pytest.fixture(scope="module")
def patients():
    cohort = bpr.simulate_cohort(bpr.load_scenario("spine_clinic"), 4000, seed=3)
    return cohort.predictors[
        ["history_of_cancer", "age_50_or_over", "night_pain"]
    ], cohort.outcome.to_numpy()


def test_each_patient_is_predicted_by_a_model_without_the_patients_fold(patients):
    X, y = patients
    result = bpr.cross_validate_risk(
        bpr.LogisticModel("firth"), X, y, n_folds=4, n_repeats=2, rng=1
    )
    assert result.fold.shape == result.risks.shape == (2, len(y))
    for repeat in range(2):
        for k in range(4):
            out = result.fold[repeat] == k
            model = bpr.LogisticModel("firth").fit(X[~out], y[~out])
            np.testing.assert_allclose(result.risks[repeat, out], model.risk(X[out]), rtol=1e-9)
    np.testing.assert_allclose(result.risk, result.risks.mean(axis=0), rtol=1e-15)


@pytest.mark.reference
def test_the_folds_and_risks_are_those_of_scikit_learn(patients):
    X, y = patients
    ours = bpr.cross_validate_risk(LogisticRegression(), X, y, n_folds=5, rng=7)
    state = int(np.random.default_rng(7).integers(2**31))
    folds = StratifiedKFold(5, shuffle=True, random_state=state)
    theirs = cross_val_predict(LogisticRegression(), X, y, cv=folds, method="predict_proba")[:, 1]
    np.testing.assert_allclose(ours.risk, theirs, rtol=1e-12)


def test_folds_share_the_events(patients):
    X, y = patients
    result = bpr.cross_validate_risk(bpr.LogisticModel("firth"), X, y, n_folds=10, rng=2)
    events = np.bincount(result.fold[0], weights=y)
    assert np.ptp(events) <= 1


def test_the_result_is_an_array_of_risks_for_every_measure(patients):
    X, y = patients
    result = bpr.cross_validate_risk(bpr.LogisticModel("firth"), X, y, n_folds=5, rng=2)
    assert bpr.auroc(y, result).value == bpr.auroc(y, result.risk).value
    table = result.to_frame(measures=["auroc", "brier"])
    assert table.value["auroc"] == bpr.auroc(y, result.risk).value
    assert "5 folds" in result._repr_html_()


def test_the_same_seed_gives_the_same_folds_whatever_the_workers(patients):
    X, y = patients
    one, two = (
        bpr.cross_validate_risk(
            bpr.LogisticModel("firth"), X, y, n_folds=3, n_repeats=2, rng=4, n_jobs=n
        )
        for n in (1, 2)
    )
    np.testing.assert_array_equal(one.risks, two.risks)


@pytest.mark.contract
def test_bad_folds_are_refused_with_advice(patients):
    X, y = patients
    with pytest.raises(ValueError, match=r"n_folds must lie between 2 and .* rarer outcome"):
        bpr.cross_validate_risk(bpr.LogisticModel(), X, y, n_folds=500, rng=1)
    with pytest.raises(ValueError, match="n_repeats must be a whole number of 1 or more"):
        bpr.cross_validate_risk(bpr.LogisticModel(), X, y, n_repeats=0, rng=1)
    with pytest.raises(ValueError, match="rng must be given"):
        bpr.cross_validate_risk(bpr.LogisticModel(), X, y)


@pytest.mark.contract
def test_a_fold_that_cannot_be_fitted_is_named(patients):
    X, y = patients
    rare = X.assign(rare=(np.arange(len(y)) == 0).astype(int))
    with pytest.raises(ValueError, match=r"without fold \d: .*rare"):
        bpr.cross_validate_risk(bpr.LogisticModel(), rare, y, n_folds=2, rng=1)
