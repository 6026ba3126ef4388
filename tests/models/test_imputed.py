"""A classifier on missing values: imputed with the outcome when fitted, without it when used."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit
from sklearn.linear_model import LogisticRegression

import backpain_risk as bpr

pytestmark = pytest.mark.recovery

FLAGS = ["history_of_cancer", "failure_to_improve", "night_pain"]
MORE_FLAGS = [
    "age_50_or_over",
    "history_of_cancer",
    "unexplained_weight_loss",
    "failure_to_improve",
]


@pytest.fixture(scope="module")
def patients():
    cohort = bpr.simulate_cohort(
        bpr.load_scenario("spine_clinic").replace(base_rate=0.1), 1500, seed=5
    )
    X = cohort.predictors[FLAGS].astype(float)
    y = cohort.outcome
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
    """Imputing with the outcome leaves no bias towards none: mean coefficients within 2 standard
    errors.
    """
    X, _, y = patients
    whole = bpr.LogisticModel().fit(X, y).result_
    mean = np.mean([m.coef_[0] for m in model.models_], axis=0)
    assert np.all(np.abs(mean - whole.coefficient[1:]) < 2 * whole.standard_error[1:])


def test_mean_risk_is_the_event_rate(patients, model):
    """Up to the difference between imputing with the outcome and averaging without it."""
    _, holes, y = patients
    assert model.risk(holes).mean() == pytest.approx(y.mean(), rel=0.02)


@pytest.mark.parametrize(
    ("share", "given"), [(0.3, {}), (0.3, {"age_50_or_over": 1.5, "unexplained_weight_loss": 1.0})]
)
def test_risks_are_calibrated_in_complete_and_in_incomplete_patients(share, given):
    """Missing completely at random, and at random: one shift of the intercept gave O:E 0.92 and
    1.10 to 1.33.
    """
    cohort = bpr.simulate_cohort(bpr.load_scenario("primary_care"), 400_000, seed=31)
    cohort = dataclasses.replace(
        cohort, predictors=cohort.predictors[MORE_FLAGS], tests=cohort.tests[[]]
    )
    seen = bpr.make_missing(
        cohort,
        dict.fromkeys(["history_of_cancer", "failure_to_improve"], share),
        given=given,
        rng=5,
    )
    X = seen.predictors.astype(float)
    risk = (
        bpr.ImputedModel(bpr.LogisticModel(), n_imputations=3, random_state=1)
        .fit(X, seen.outcome)
        .risk(X)
    )
    complete = X.notna().all(axis=1).to_numpy()
    for group in (complete, ~complete):
        assert 0.95 < bpr.observed_expected(seen.outcome[group], risk[group]).value < 1.05


def test_a_missing_value_is_averaged_over_what_it_may_be():
    """Two yes/no findings, counted by hand: P(y | x) averaged over P(x | the other finding)."""
    counts = {(0, 0): (900, 9), (0, 1): (300, 9), (1, 0): (60, 6), (1, 1): (80, 16)}
    rows = [
        (a, b, y)
        for (a, b), (n, events) in counts.items()
        for y in [1] * events + [0] * (n - events)
    ]
    X = pd.DataFrame(rows, columns=["a", "b", "y"]).astype(float)[["a", "b"]]
    y = [row[2] for row in rows]
    model = bpr.ImputedModel(SaturatedRisk(), n_imputations=1, random_state=1).fit(X, y)
    for b in (0, 1):
        (n0, events0) = counts[0, b]
        (n1, events1) = counts[1, b]
        risk = model.risk(pd.DataFrame({"a": [np.nan], "b": [float(b)]}))[0]
        assert risk == pytest.approx(
            (events0 + events1) / (n0 + n1), rel=0.01
        )  # the slopes' prior is weak
    nothing = model.risk(pd.DataFrame({"a": [np.nan], "b": [np.nan]}))[0]
    assert nothing == pytest.approx(np.mean(y), rel=0.01)


class SaturatedRisk(LogisticRegression):
    """The observed proportion among patients alike."""

    def fit(self, X, y):
        table = pd.DataFrame(X).assign(y=y).groupby(list(X.columns)).y.mean()
        self.classes_ = np.array([0, 1])
        self.table_ = table
        return self

    def predict_proba(self, X):
        risk = self.table_.reindex(pd.MultiIndex.from_frame(X)).to_numpy()
        return np.column_stack([1 - risk, risk])


def test_a_missing_number_is_averaged_over_its_distribution():
    """Age given a finding that goes with age: the mean risk of those who are alike in it."""
    rng = np.random.default_rng(8)
    age = 40 + 15 * rng.standard_normal(20_000)
    flag = (rng.random(20_000) < expit(-3 + (age - 40) / 10)).astype(float)
    y = (rng.random(20_000) < expit(-4 + 0.06 * (age - 40) + 0.5 * flag)).astype(int)
    X = pd.DataFrame({"age": age, "flag": flag})
    model = bpr.ImputedModel(bpr.LogisticModel(), random_state=1).fit(X, y)
    for value in (0.0, 1.0):
        alike = model.risk(pd.DataFrame({"age": [np.nan], "flag": [value]}))[0]
        assert alike == pytest.approx(model.risk(X[flag == value]).mean(), rel=0.03)


def test_many_missing_values_are_averaged_over_points(patients):
    """Twelve findings missing are 4 096 completions: 512 points of a fixed sequence stand for
    them.
    """
    cohort = bpr.simulate_cohort(
        bpr.load_scenario("spine_clinic").replace(base_rate=0.1), 4000, seed=6
    )
    X = cohort.predictors[list(bpr.vocabulary.FINDINGS)[:12]].astype(float)
    model = bpr.ImputedModel(bpr.LogisticModel("firth"), random_state=1).fit(X, cohort.outcome)
    nothing = X.iloc[:1] * np.nan
    assert model.risk(nothing)[0] == pytest.approx(cohort.outcome.mean(), rel=0.1)
    assert model.risk(nothing)[0] == model.risk(nothing)[0]


def test_a_prediction_depends_on_no_other_new_patient(patients, model):
    _, holes, _ = patients
    np.testing.assert_allclose(model.risk(holes.iloc[:7]), model.risk(holes)[:7], rtol=1e-12)


def test_imputation_is_inside_the_validation_loop(patients):
    _, holes, y = patients
    estimator = bpr.ImputedModel(bpr.LogisticModel("firth"), n_imputations=1, random_state=1)
    result = bpr.optimism_bootstrap(
        estimator, holes, y, n_resamples=3, rng=1, measures=["auroc", "brier"]
    )
    assert (result.n_failed == 0).all()
    assert np.isfinite(result.corrected).all()


@pytest.mark.contract
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
        bpr.ImputedModel(LogisticRegression(), random_state=1).fit(table, y).risk(table)
        for table in (absent, filled)
    ]
    np.testing.assert_allclose(*risks, rtol=1e-9)


@pytest.mark.contract
def test_no_imputations_are_refused(patients):
    _, holes, y = patients
    with pytest.raises(
        ValueError, match="n_imputations must be a whole number of 1 or more; got 0"
    ):
        bpr.ImputedModel(bpr.LogisticModel(), n_imputations=0).fit(holes, y)
