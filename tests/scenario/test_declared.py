"""A finding and a test that the vocabulary lacks: thoracic pain, and CRP with two cut-offs."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest

from backpain_risk import (
    LikelihoodRatioModel,
    assess,
    load_evidence,
    load_model,
    load_scenario,
    read_cohort,
    save_model,
    simulate_cohort,
    simulate_to_parquet,
    write_cohort,
)
from backpain_risk.models.bayesian.evidence_prior import EvidencePrior
from backpain_risk.vocabulary import Finding, Vocabulary

pytestmark = pytest.mark.identity

TOML = """
extends = "primary_care"

[findings.thoracic_pain]
new = { label = "Thoracic pain", definition = "Pain of the upper back" }
sensitivity = 0.20
specificity = 0.93
severity = { malignant = 0.2, non_malignant = 0.2 }
shifts = { vertebral_destruction = 0.3, compression_fracture = 0.6 }

[laboratory.crp_mg_l]
new = { label = "CRP", unit = "mg/L", low = 1, high = 300, cutoffs = [10, 50] }
sensitivity = [0.75, 0.45]
specificity = [0.70, 0.95]
shifts = { inflammatory_mediators = 0.8, infection = 2.0 }
"""
CSV = """finding,label,definition,threshold,unit,low,high,sensitivity,specificity,\
effective_n_malignant,effective_n_non_malignant,status
thoracic_pain,Thoracic pain,Pain of the upper back,,,,,0.20,0.93,10,100,assumed
crp_mg_l,CRP,,10,mg/L,1,300,0.75,0.70,10,100,assumed
crp_mg_l,CRP,,50,mg/L,1,300,0.45,0.95,10,100,assumed
"""
BANDS = ["<10", "10-49", ">=50"]
PATIENT = {"age_years": 67, "thoracic_pain": 1, "crp_mg_l": 60}


@pytest.fixture(scope="module")
def scenario(tmp_path_factory):
    path = tmp_path_factory.mktemp("own") / "mine.toml"
    path.write_text(TOML, "utf-8")
    return load_scenario(path)


@pytest.fixture(scope="module")
def evidence(tmp_path_factory):
    path = tmp_path_factory.mktemp("own") / "mine.csv"
    path.write_text(CSV, "utf-8")
    return load_evidence(path)


@pytest.fixture(scope="module")
def cohort(scenario):
    return simulate_cohort(scenario, 66_000, seed=1)


@pytest.mark.parametrize("dependence", [0.0, 0.5, 1.0, 1.5])
def test_marginals_are_what_was_declared_at_every_dependence(scenario, dependence):
    setting = scenario.replace(dependence=dependence)
    pain = setting.probabilities(pd.DataFrame({"thoracic_pain": [1]}))[0]
    assert pain == pytest.approx([0.07, 0.20], abs=1e-9)
    crp = setting.probabilities(pd.DataFrame({"crp_mg_l": BANDS}))
    assert crp[:, 0] == pytest.approx([0.70, 0.25, 0.05], abs=1e-9)
    assert crp[:, 1] == pytest.approx([0.25, 0.30, 0.45], abs=1e-9)


def test_the_joint_distribution_of_old_and_new_sums_to_one(scenario):
    rows = itertools.product([0, 1], [0, 1], BANDS, ["<20", "20-49", "50-99", ">=100"])
    columns = ["thoracic_pain", "history_of_cancer", "crp_mg_l", "esr_mm_h"]
    p = scenario.probabilities(pd.DataFrame(list(rows), columns=columns))
    assert p.sum(axis=0) == pytest.approx([1, 1], abs=1e-9)


def test_without_dependence_the_risk_is_the_product_of_the_declared_ratios(scenario):
    risk = scenario.replace(dependence=0).risk(
        pd.DataFrame({"thoracic_pain": [1], "crp_mg_l": [">=50"]})
    )[0]
    odds = 0.01 / 0.99 * (0.20 / 0.07) * (0.45 / 0.05)
    assert risk == pytest.approx(odds / (1 + odds), rel=1e-9)


def test_risk_never_falls_as_the_new_test_rises(scenario):
    values = np.arange(1.0, 301)
    for known in ({"age_years": 40, "male": 0}, {"age_years": 80, "male": 1, "night_pain": 1}):
        risk = scenario.risk(pd.DataFrame({"crp_mg_l": values}).assign(**known))
        assert (np.diff(risk) > -1e-12).all()


def test_what_the_vocabulary_had_does_not_move(scenario, cohort):
    old = load_scenario("primary_care")
    rows = pd.DataFrame({"age_years": [30, 70], "history_of_cancer": [1, 0], "esr_mm_h": [8, 70]})
    np.testing.assert_allclose(scenario.risk(rows), old.risk(rows), rtol=1e-12)
    drawn = simulate_cohort(old, 66_000, seed=1)
    pd.testing.assert_frame_equal(cohort.predictors[list(drawn.predictors)], drawn.predictors)
    pd.testing.assert_frame_equal(cohort.tests[list(drawn.tests)], drawn.tests)
    assert "thoracic_pain" not in Vocabulary().columns


@pytest.mark.recovery
def test_patients_have_the_new_findings_as_often_as_declared(scenario, cohort):
    """Within 4 standard errors of 66 000 patients."""
    assert list(cohort.predictors)[-1] == "thoracic_pain"
    malignant = cohort.outcome == 1
    found = pd.cut(cohort.tests.crp_mg_l, [0, 9, 49, 300], labels=BANDS).astype(str)
    for here, column in ((~malignant, 0), (malignant, 1)):
        shares = {"pain": cohort.predictors.thoracic_pain[here].mean()}
        shares |= {band: (found[here] == band).mean() for band in BANDS}
        expected = ([0.07, 0.70, 0.25, 0.05], [0.20, 0.25, 0.30, 0.45])[column]
        n = here.sum()
        for share, p in zip(shares.values(), expected, strict=True):
            assert abs(share - p) < 4 * np.sqrt(p * (1 - p) / n)
    assert cohort.true_risk.mean() == pytest.approx(scenario.base_rate, abs=0.0005)


def test_cohorts_with_new_columns_come_back_from_files(scenario, cohort, tmp_path):
    some = cohort.take(np.arange(500))
    for name in ("a.csv", "a.parquet"):
        write_cohort(some, tmp_path / name)
        back = read_cohort(tmp_path / name)
        assert back.scenario == scenario
        pd.testing.assert_frame_equal(back.predictors, some.predictors)
        pd.testing.assert_frame_equal(back.tests, some.tests)
    simulate_to_parquet(scenario, 1000, tmp_path / "many", seed=1)
    many = read_cohort(tmp_path / "many")
    pd.testing.assert_frame_equal(many.predictors, cohort.predictors.head(1000))
    pd.testing.assert_frame_equal(many.tests, cohort.tests.head(1000))


def test_one_patient_is_assessed_with_the_new_words(scenario):
    found = assess(PATIENT, scenario=scenario, n_draws=5)
    assert found.risk.value == pytest.approx(scenario.risk(pd.DataFrame([PATIENT]))[0], rel=1e-12)
    assert found.risk.low < found.risk.value < found.risk.high
    assert found.steps.alone.tolist()[1:] == pytest.approx([0.20 / 0.07, 0.45 / 0.05])
    assert "Thoracic pain" in str(found)
    assert "CRP" in str(found)


def test_a_table_of_ones_own_declares_them_too(evidence, scenario):
    assert evidence.words.label("crp_mg_l") == "CRP"
    assert evidence.words.laboratory["crp_mg_l"].cutoffs == (10, 50)
    made = load_scenario("primary_care", evidence=evidence)
    assert made.words.laboratory.keys() == scenario.words.laboratory.keys()
    rows = pd.DataFrame({"thoracic_pain": [1], "crp_mg_l": [">=50"]})
    assert made.probabilities(rows[["thoracic_pain"]])[0] == pytest.approx([0.07, 0.20], abs=1e-9)
    model = LikelihoodRatioModel.from_evidence(evidence=evidence, pretest=0.01)
    by_hand = scenario.replace(dependence=0).risk(rows)[0]
    assert model.risk(rows.assign(crp_mg_l=60))[0] == pytest.approx(by_hand, rel=1e-9)
    assert assess({"crp_mg_l": ">=50"}, model=model).risk.value == pytest.approx(
        scenario.replace(dependence=0).risk(rows[["crp_mg_l"]])[0], rel=1e-9
    )


def test_the_prior_of_a_bayesian_model_knows_them(evidence):
    table = EvidencePrior.published(evidence).to_frame()
    assert table.loc["thoracic_pain", "crude_odds_ratio"] == pytest.approx(3.3, rel=0.2)
    assert {"crp_mg_l 10-49", "crp_mg_l >=50"} <= set(table.index)


def test_a_saved_model_knows_what_the_new_test_is(evidence, tmp_path):
    model = LikelihoodRatioModel.from_evidence(evidence=evidence)
    save_model(model, tmp_path / "ratios.json")
    back = load_model(tmp_path / "ratios.json")
    rows = pd.DataFrame({"thoracic_pain": [0, 1], "crp_mg_l": [5.0, 80.0]})
    assert back.risk(rows).tolist() == model.risk(rows).tolist()
    assert assess({"crp_mg_l": "10-49"}, model=back).steps.level.tolist() == ["10-49"]


def test_the_packaged_tables_stay_as_they_are(evidence):
    rows = load_evidence().accuracy
    assert "thoracic_pain" not in set(rows.finding)
    kept = evidence.accuracy[evidence.accuracy.finding.isin(rows.finding)]
    assert kept.finding.tolist() == rows.finding.tolist()


@pytest.mark.contract
@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            'new = { label = "Thoracic pain", definition = "Pain of the upper back" }',
            "",
            "declared",
        ),
        ("[findings.thoracic_pain]", "[findings.night_pain]", "new must be left out"),
        ("[findings.thoracic_pain]", '[findings."upper back"]', "must have a key of its own"),
        ("[findings.thoracic_pain]", "[findings.outcome]", "must have a key of its own"),
        ("low = 1,", "low = 20,", "low, cutoffs and high must ascend"),
        ("low = 1,", "low = 0,", "low must be more than 0"),
        ("cutoffs = [10, 50]", "cutoffs = [10, 50.5]", "recorded in steps of 1"),
        ("sensitivity = [0.75, 0.45]", "sensitivity = [0.75]", "for each of its cut-offs"),
        ('unit = "mg/L", ', "", "unit must be given"),
    ],
)
def test_what_is_declared_wrongly_is_named(tmp_path, old, new, message):
    path = tmp_path / "mine.toml"
    path.write_text(TOML.replace(old, new), "utf-8")
    with pytest.raises(ValueError, match=message):
        load_scenario(path)


@pytest.mark.contract
def test_a_word_is_declared_once():
    pain = Finding("thoracic_pain", "Thoracic pain", "")
    with pytest.raises(ValueError, match="a new finding must have a key of its own"):
        Vocabulary((pain, pain))
    with pytest.raises(ValueError, match="got 'night_pain'"):
        Vocabulary((Finding("night_pain", "Night", ""),))
