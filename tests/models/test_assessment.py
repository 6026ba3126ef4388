from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from backpain_risk import BayesianLogisticModel, LikelihoodRatioModel, LogisticModel, assess

pytestmark = pytest.mark.identity

COLUMNS = ["age_years", "history_of_cancer", "night_pain"]
PATIENT = {"age_years": 67, "history_of_cancer": 1, "night_pain": 0}


@pytest.fixture(scope="module")
def logistic(cohort):
    return LogisticModel(splines={"age_years": 3}).fit(cohort.predictors[COLUMNS], cohort.outcome)


def test_published_ratios_lead_from_the_pretest_to_the_risk_of_the_model():
    found = assess(PATIENT | {"esr_mm_h": 58, "male": 1}, pretest=0.02)
    model = LikelihoodRatioModel.from_evidence(pretest=0.02)
    assert found.baseline == 0.02
    assert found.risk.value == pytest.approx(
        model.risk(pd.DataFrame([PATIENT | {"esr_mm_h": 58}]))[0]
    )
    assert found.risk.low < found.risk.value < found.risk.high
    assert found.unused == ("male",)
    assert np.exp(found.steps.log_odds_shift.sum()) == pytest.approx(found.steps.ratio.prod())
    assert set(found.steps.status) == {"reported", "assumed", "unconfirmed"}


def test_a_fitted_model_goes_from_its_reference_patient_to_this_one(logistic):
    found = assess(PATIENT, model=logistic)
    row = pd.DataFrame([PATIENT])
    assert found.risk.value == pytest.approx(logistic.risk(row)[0], rel=1e-12)
    low, high = logistic.risk_interval(row)
    assert (found.risk.low, found.risk.high) == pytest.approx((low[0], high[0]), rel=1e-12)
    reference = pd.DataFrame([logistic.reference_], columns=COLUMNS)
    assert found.baseline == pytest.approx(logistic.risk(reference)[0])
    assert reference.history_of_cancer[0] == 0
    assert found.ratio_name == "odds ratio"


def test_the_order_of_findings_changes_no_end(logistic):
    turned = dict(reversed(PATIENT.items()))
    assert assess(turned, model=logistic).risk == assess(PATIENT, model=logistic).risk
    assert assess(turned).risk.value == pytest.approx(assess(PATIENT).risk.value)


def test_a_model_without_a_reference_patient_is_refused_with_advice(cohort):
    model = BayesianLogisticModel(random_state=1).fit(cohort.predictors[COLUMNS], cohort.outcome)
    with pytest.raises(ValueError, match="model must know a reference patient"):
        assess(PATIENT, model=model)


def test_no_clinical_use_is_said_once(logistic):
    for found in (assess(PATIENT), assess(PATIENT, model=logistic)):
        assert str(found).count("not for clinical use") == 1


def test_unknown_findings_are_skipped_by_ratios_and_needed_by_models(logistic):
    assert assess(PATIENT | {"night_pain": None}).steps.finding.tolist() == [
        "age_50_or_over",
        "history_of_cancer",
    ]
    with pytest.raises(
        ValueError, match="findings must give every predictor of the model; got none for night_pain"
    ):
        assess(PATIENT | {"night_pain": None}, model=logistic)


@pytest.mark.parametrize(
    ("findings", "options", "message"),
    [
        ({"shoe": 1}, {}, "findings must be keys of the vocabulary; got 'shoe'"),
        ({"night_pain": 2}, {}, "night_pain must be 0 or 1; got 2"),
        ({"age_years": 430}, {}, "age_years must be from 18 to 95 years; got 430"),
        ({"haematocrit_percent": 0.4}, {}, "haematocrit_percent must be from 15 to 60 %; got 0.4"),
        ({}, {}, "findings must name at least one finding"),
        ({"night_pain": 1}, {"pretest": 1.5}, "pretest must lie strictly between 0 and 1; got 1.5"),
    ],
)
def test_bad_input_is_named(findings, options, message):
    with pytest.raises(ValueError, match=message):
        assess(findings, **options)


def test_a_model_and_a_pretest_exclude_each_other(logistic):
    with pytest.raises(ValueError, match="one of them; got model and pretest"):
        assess(PATIENT, model=logistic, pretest=0.01)


@pytest.mark.parametrize(
    ("findings", "message"),
    [
        (
            {"age_years": 70, "age_50_or_over": 0},
            "age_50_or_over must agree with age_years; got 0 and 70",
        ),
        (
            {"age_years": 49, "age_50_or_over": True},
            "age_50_or_over must agree with age_years; got 1 and 49",
        ),
        ({"x": "no"}, "findings must be keys of the vocabulary; got 'x'"),
        ({1: 1}, "findings must be keys of the vocabulary; got 1"),
        ({"night_pain": "no"}, "night_pain of findings must be a number; got 'no'"),
        ({"night_pain": [1]}, r"night_pain of findings must be a number; got \[1\]"),
        ({"age_years": "seventy"}, "age_years of findings must be a number; got 'seventy'"),
        ({"age_years": 10**400}, "age_years must be from 18 to 95 years"),
        ({"esr_mm_h": True}, "esr_mm_h of findings must be a number; got True"),
        ({"esr_mm_h": "high"}, "esr_mm_h must be a number or one of the bands <20, 20-49, 50-99"),
        (None, "findings must be a mapping of finding to value; got None"),
    ],
)
def test_contradictions_and_what_is_no_value_are_refused_in_one_sentence(findings, message):
    with pytest.raises(ValueError, match=message) as caught:
        assess(findings)
    assert "\n" not in str(caught.value)


def test_an_age_goes_with_its_own_band_and_with_an_unknown_one():
    for age, band in ((70, 1), (49, 0), (70, None), (None, 0)):
        assess({"age_years": age, "age_50_or_over": band})


def test_a_fitted_model_asks_for_numbers_and_knows_its_own_columns(cohort):
    X = cohort.predictors[COLUMNS].assign(shoe_size=cohort.predictors.age_years % 7)
    model = LogisticModel(penalty="firth").fit(X, cohort.outcome)
    found = assess(PATIENT | {"shoe_size": 3}, model=model)
    assert found.risk.value == pytest.approx(
        model.risk(pd.DataFrame([PATIENT | {"shoe_size": 3}]))[0], rel=1e-12
    )
    with pytest.raises(ValueError, match=r"Known: .*shoe_size"):
        assess(PATIENT | {"shoe": 3}, model=model)


def test_a_fitted_model_takes_no_bands(cohort):
    X = pd.DataFrame({"esr_mm_h": cohort.tests.esr_mm_h.astype(float)})
    model = LogisticModel(penalty="firth").fit(X, cohort.outcome)
    with pytest.raises(ValueError, match="esr_mm_h must be a number for a fitted model"):
        assess({"esr_mm_h": "50-99"}, model=model)
