"""What models take for a predictor and for an outcome: nothing that only looks like one."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression

import backpain_risk as bpr
from backpain_risk.models.event import UndeclaredEventWarning

pytestmark = pytest.mark.contract

N = 400
rng = np.random.default_rng(3)
X = pd.DataFrame({"night_pain": rng.integers(0, 2, N), "age_years": rng.integers(18, 96, N)})
y = (rng.random(N) < 0.1 + 0.2 * X.night_pain).astype(int).to_numpy()

MODELS = {
    "ratios": bpr.LikelihoodRatioModel(),
    "shrunk": bpr.LikelihoodRatioModel(dependence="shrunk"),
    "logistic": bpr.LogisticModel(),
    "firth": bpr.LogisticModel(penalty="firth"),
    "ridge": bpr.LogisticModel(penalty="ridge", ridge_strength=1.0),
    "imputed": bpr.ImputedModel(bpr.LogisticModel(), n_imputations=1, random_state=0),
    "bayesian": bpr.BayesianLogisticModel(draws=1000, chains=1, random_state=0, method="laplace"),
}
models = pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)


def with_value(column, value):
    table = X.astype(float)
    table.loc[7, column] = value
    return table


@models
@pytest.mark.parametrize(
    ("column", "value", "rule"),
    [
        ("night_pain", 5, "must be 0, 1 or missing"),
        ("night_pain", -1, "must be 0, 1 or missing"),
        ("night_pain", 999, "must be 0, 1 or missing"),
        ("night_pain", 0.5, "must be 0, 1 or missing"),
        ("age_years", 300, "must lie from 18 to 95 years, or be missing"),
        ("age_years", -1, "must lie from 18 to 95 years, or be missing"),
    ],
)
def test_values_that_a_finding_cannot_have_are_refused(model, column, value, rule):
    """A likelihood-ratio model read -1 as no and 5 as yes; a regression extrapolated."""
    bad = with_value(column, value)
    expected = rf"^{column} {rule}; got 1 of 400 outside \(first {value:g} at row 7\)\. "
    with pytest.raises(ValueError, match=expected):
        clone(model).fit(bad, y)
    fitted = clone(model).fit(X, y)
    with pytest.raises(ValueError, match=expected):
        fitted.risk(bad)
    with pytest.raises(ValueError, match="must"), pytest.warns(UserWarning, match="feature names"):
        fitted.risk(bad.to_numpy())


def test_published_ratios_refuse_units_and_codes_too():
    model = bpr.LikelihoodRatioModel.from_evidence(
        ["haematocrit_percent", "age_50_or_over", "fever_or_night_sweats"]
    )
    for column, value in {
        "haematocrit_percent": 0.40,
        "age_years": 600,
        "fever_or_night_sweats": 9,
    }.items():
        with pytest.raises(ValueError, match=f"{column} must"):
            model.risk(pd.DataFrame({column: [value]}))


def test_a_yes_no_finding_of_ones_own_is_yes_or_no():
    model = bpr.LikelihoodRatioModel(
        {"thoracic_pain": bpr.Accuracy.from_counts(4, 40, 9, 1900)}, pretest=0.01
    )
    fitted = model.fit(pd.DataFrame({"thoracic_pain": [0, 1]}), [0, 1])
    with pytest.raises(
        ValueError, match="thoracic_pain must be 0, 1 or missing; got 1 of 2 outside"
    ):
        fitted.risk(pd.DataFrame({"thoracic_pain": [0, 7]}))


def test_columns_that_are_not_of_the_vocabulary_hold_anything():
    own = X.rename(columns={"night_pain": "visits", "age_years": "age_in_months"}) * 12
    assert np.isfinite(bpr.LogisticModel().fit(own, y).risk(own)).all()


def test_incomplete_patients_are_completed_by_values_that_no_one_records():
    """A conditional mean of a yes/no finding is not refused inside the model that computes it."""
    holes = X.astype(float).mask(rng.random(X.shape) < 0.2)
    model = bpr.ImputedModel(bpr.LogisticModel(), n_imputations=2, random_state=0).fit(holes, y)
    assert np.isfinite(model.risk(holes)).all()


@models
def test_masked_values_are_missing(model):
    masked = np.ma.masked_array(X.to_numpy(float), np.zeros(X.shape, dtype=bool))
    masked[3, 0] = np.ma.masked
    if isinstance(model, (bpr.LikelihoodRatioModel, bpr.ImputedModel)):
        holes = X.to_numpy(float, copy=True)
        holes[3, 0] = np.nan
        assert np.array_equal(
            clone(model).fit(masked, y).risk(masked), clone(model).fit(holes, y).risk(holes)
        )
        return
    with pytest.raises(ValueError, match="X must have no missing values; got 1 masked"):
        clone(model).fit(masked, y)


@models
def test_masked_outcomes_are_unknown(model):
    with pytest.raises(
        ValueError, match=r"y must be known for every patient; got \w+ (masked|of 400 missing)"
    ):
        clone(model).fit(X, np.ma.masked_array(y, np.arange(N) == 5))


@models
@pytest.mark.parametrize(
    "column",
    [pd.date_range("2024-01-01", periods=N), ["0", "1"] * (N // 2), np.full(N, 1 + 2j)],
    ids=type,
)
def test_dates_text_and_complex_numbers_are_no_predictors(model, column):
    with pytest.raises(ValueError, match="X must hold numbers; column 'seen' holds"):
        clone(model).fit(X.assign(seen=column), y)


@pytest.mark.parametrize(
    "labels", [np.full(N, 1j), np.arange(N).astype("M8[D]"), np.arange(N).astype("m8[D]")]
)
def test_dates_and_complex_numbers_are_no_outcome(labels):
    with pytest.raises(ValueError, match="y must hold labels or 0 and 1; got"):
        bpr.LogisticModel().fit(X, labels)


TEXT = np.where(y == 1, "case", "control")


@models
def test_an_event_nobody_declared_is_named(model):
    """The later in the alphabet made controls the event: a mean risk of 0.8 without a word."""
    with pytest.warns(
        UndeclaredEventWarning, match="'control', the later in the alphabet, is taken for the event"
    ):
        clone(model).fit(X, TEXT)


@models
@pytest.mark.parametrize(
    "kind", [np.asarray, pd.Series, pd.Categorical, list], ids=lambda kind: kind.__name__
)
def test_a_declared_event_is_the_second_class(model, kind):
    expected = clone(model).fit(X, y)
    declared = clone(model).set_params(event="case").fit(X, kind(TEXT))
    assert declared.classes_.tolist() == ["control", "case"]
    assert declared.risk(X) == pytest.approx(expected.risk(X), abs=1e-12)
    assert set(declared.predict(X)) <= {"control", "case"}


def test_numbers_need_no_declaration_but_may_have_one():
    assert bpr.LogisticModel().fit(X, y == 1).classes_.tolist() == [False, True]
    turned = bpr.LogisticModel(event=0).fit(X, y)
    assert turned.classes_.tolist() == [1, 0]
    assert turned.risk(X) == pytest.approx(1 - bpr.LogisticModel().fit(X, y).risk(X))


@pytest.mark.parametrize("event", ["Case", 1, None, ["case"], np.array(["case", "control"])])
def test_an_event_must_be_a_label(event):
    if event is None:
        with pytest.raises(
            ValueError, match="event must be given to ImputedModel; got it in its estimator"
        ):
            bpr.ImputedModel(bpr.LogisticModel(event="case")).fit(X, TEXT)
        return
    with pytest.raises(ValueError, match=r"event must be a label of y, 'case' or 'control'; got"):
        bpr.LogisticModel(event=event).fit(X, TEXT)


def test_nobody_with_the_declared_event():
    model = bpr.BayesianLogisticModel(
        event="case", draws=1000, chains=1, random_state=0, method="laplace"
    )
    assert model.fit(X, ["control"] * N).classes_.tolist() == ["control", "case"]


def test_a_recalibrated_model_keeps_the_event_of_the_model_within():
    inner = bpr.LogisticModel(event="case").fit(X, TEXT)
    again = bpr.recalibrate(inner, X, TEXT)
    assert again.classes_.tolist() == ["control", "case"]
    assert again.risk(X).mean() == pytest.approx(y.mean())
    foreign = LogisticRegression().fit(X, TEXT)
    assert bpr.recalibrate(foreign, X, TEXT).classes_.tolist() == ["case", "control"]
