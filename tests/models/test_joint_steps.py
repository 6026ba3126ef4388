"""One patient under a scenario."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from backpain_risk import LikelihoodRatioModel, assess, load_scenario

pytestmark = pytest.mark.identity

PATIENT = {"age_years": 67, "history_of_cancer": 1, "esr_mm_h": 58}
FLAGS = {"history_of_cancer": 1, "night_pain": 0, "unexplained_weight_loss": 1}


@pytest.fixture(scope="module")
def scenario():
    return load_scenario("primary_care")


def test_the_end_is_the_exact_risk_with_unknowns_integrated_out(scenario):
    found = assess(PATIENT | {"night_pain": None, "male": None}, scenario=scenario, n_draws=0)
    assert found.risk.value == pytest.approx(scenario.risk(pd.DataFrame([PATIENT]))[0], rel=1e-12)
    assert found.baseline == scenario.base_rate
    assert np.isnan(found.risk.low)
    assert "no limits" in str(found)


def test_the_published_patient_has_half_the_risk_that_multiplication_says(scenario):
    found = assess(PATIENT, scenario=scenario, n_draws=0)
    assert found.multiplied.value == pytest.approx(assess(PATIENT, pretest=0.01).risk.value)
    assert found.risk.value < 0.7 * found.multiplied.value
    assert "not (dependence 1, assumed): History of cancer multiplies the odds by" in found.reason


def test_each_step_is_the_risk_given_the_findings_so_far(scenario):
    steps = assess(PATIENT, scenario=scenario, n_draws=0).steps
    keys = list(PATIENT)
    for i, step in enumerate(steps.itertuples(), 1):
        some = pd.DataFrame([{key: PATIENT[key] for key in keys[:i]}])
        assert step.probability == pytest.approx(scenario.risk(some)[0], rel=1e-12)
    assert np.exp(steps.log_odds_shift.sum()) == pytest.approx(steps.ratio.prod())


def test_limits_are_quantiles_of_the_scenarios_own_draws(scenario):
    found = assess(FLAGS, scenario=scenario, n_draws=30, rng=5)
    drawn = scenario.risk_draws(pd.DataFrame([FLAGS]), 30, rng=5)[:, 0]
    limits = np.quantile(drawn, [0.025, 0.975])
    assert (found.risk.low, found.risk.high) == pytest.approx(tuple(limits), rel=1e-12)
    again = assess(FLAGS, scenario=scenario.draws(30, rng=5))
    assert again.risk == found.risk
    pd.testing.assert_frame_equal(again.steps, found.steps)


def test_draws_are_asked_about_many_patients_in_any_order(scenario):
    draws = scenario.draws(12, rng=2)
    tables = [
        pd.DataFrame({"history_of_cancer": [1, np.nan], "age_years": [40, 80]}),
        pd.DataFrame({"night_pain": [1, 0], "male": [np.nan, 1]}),
        pd.DataFrame({"history_of_cancer": [1, 0], "night_pain": [1, 0]}),
    ]
    for table in (*tables, tables[0]):
        expected = scenario.risk_draws(table, 12, rng=2)
        np.testing.assert_allclose(draws.risk(table), expected, rtol=1e-13)


def test_without_dependence_multiplication_is_right(scenario):
    found = assess(FLAGS, scenario=scenario.replace(dependence=0), n_draws=0)
    assert found.multiplied.value == pytest.approx(found.risk.value, rel=1e-12)
    assert found.steps.multiplied.to_numpy() == pytest.approx(found.steps.probability, rel=1e-12)
    assert found.reason.startswith("Both agree")


def test_reading_values_instead_of_bands_is_named_where_it_is_the_difference(scenario):
    found = assess({"age_years": 50}, scenario=scenario.replace(dependence=0), n_draws=0)
    assert "reads Age 50 as recorded" in found.reason


def test_a_band_is_integrated_over_its_values(scenario):
    found = assess({"esr_mm_h": "50-99"}, scenario=scenario, n_draws=0)
    expected = scenario.risk(pd.DataFrame({"esr_mm_h": ["50-99"]}))[0]
    assert found.risk.value == pytest.approx(expected, rel=1e-12)
    assert found.steps.level.tolist() == ["50-99"]
    by_ratios = assess({"esr_mm_h": "50-99"}).risk.value
    assert by_ratios == pytest.approx(assess({"esr_mm_h": 50}).risk.value, rel=1e-12)


def test_age_in_years_leaves_its_band_nothing_to_say(scenario):
    both = assess(PATIENT | {"age_50_or_over": 1}, scenario=scenario, n_draws=0)
    assert both.steps.equals(assess(PATIENT, scenario=scenario, n_draws=0).steps)


def test_a_patient_of_whom_nothing_is_known_has_the_base_rate(scenario):
    found = assess({"night_pain": None}, scenario=scenario, n_draws=20)
    assert found.risk.value == found.multiplied.value == scenario.base_rate
    assert found.risk.low < scenario.base_rate < found.risk.high
    assert found.steps.empty


def test_it_says_that_patients_of_a_scenario_are_synthetic_once(scenario):
    text = str(assess(PATIENT, scenario=scenario, n_draws=0))
    assert text.count("Synthetic data, for research; not for clinical use.") == 1
    assert "assumed" in text


def test_everything_goes_into_json(scenario):
    told = json.loads(json.dumps(assess(PATIENT, scenario=scenario, n_draws=0).to_dict()))
    assert told["risk"]["low"] is None
    assert [step["finding"] for step in told["steps"]] == list(PATIENT)
    assert told["multiplied"]["value"] > told["risk"]["value"]


def test_one_basis_is_enough(scenario):
    with pytest.raises(ValueError, match="one of them; got scenario and pretest"):
        assess(PATIENT, scenario=scenario, pretest=0.02)
    with pytest.raises(ValueError, match="one of them; got scenario and model"):
        assess(PATIENT, scenario=scenario, model=LikelihoodRatioModel.from_evidence())


@pytest.mark.parametrize(
    ("findings", "options", "message"),
    [
        ({"esr_mm_h": "50-90"}, {}, "esr_mm_h must be a number or one of the bands <20, 20-49"),
        ({"night_pain": 1}, {"n_draws": -1}, "n_draws must be a whole number of 0 or more"),
        ({"night_pain": 1}, {"rng": None}, "rng must be given"),
        ({"age_years": 67.5}, {"n_draws": 0}, "age_years must be a whole number from 18 to 95"),
    ],
)
def test_what_cannot_be_asked_is_named(scenario, findings, options, message):
    with pytest.raises(ValueError, match=message):
        assess(findings, scenario=scenario, **options)


def test_a_scenario_is_an_object():
    with pytest.raises(ValueError, match="scenario must be a Scenario or ScenarioDraws; got 'walk"):
        assess(PATIENT, scenario="walk_in")
