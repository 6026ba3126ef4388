"""The risk never falls as a laboratory value becomes more abnormal, given age, sex and every
other finding.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from backpain_risk import load_scenario, vocabulary
from backpain_risk.scenario.structure import value_response
from backpain_risk.scenario.structure.laboratory import recorded_distributions, recorded_values
from backpain_risk.scenario.structure.structure import build_structure

pytestmark = pytest.mark.identity

OTHERS = (*(key for key in vocabulary.FINDINGS if key != "age_50_or_over"), *vocabulary.IMAGING)
LABORATORY = vocabulary.LABORATORY


def patients(n, key, rng):
    """Random findings, some of them unknown, and other laboratory values, for every value of one
    test.
    """
    X = pd.DataFrame(
        rng.choice([0, 1, np.nan], (n, len(OTHERS)), p=[0.4, 0.4, 0.2]), columns=list(OTHERS)
    )
    for other in LABORATORY:
        X[other] = rng.choice([*recorded_values(LABORATORY[other])[::5], np.nan], n)
    X = X.assign(age_years=rng.integers(18, 96, n), male=rng.integers(0, 2, n))
    recorded = recorded_values(LABORATORY[key])
    values = recorded[rng.integers(0, recorded.size, 9)]
    values = np.sort(np.append(values, recorded[[0, -1]]))
    return X.loc[X.index.repeat(11)].assign(**{key: np.tile(values, n)})


@pytest.mark.parametrize("name", vocabulary.SETTINGS)
@pytest.mark.parametrize("dependence", [0.25, 0.5, 1.0, 1.5])
def test_risk_rises_with_an_abnormal_value_whatever_else_is_found(name, dependence):
    scenario = load_scenario(name).replace(dependence=dependence)
    rng = np.random.default_rng(5)
    for key in LABORATORY:
        p = scenario.probabilities(patients(12, key, rng))
        steps = np.diff(np.log(p[:, 1] / p[:, 0]).reshape(12, -1), axis=1)
        worse = -steps if vocabulary.LABORATORY[key].abnormal == "low" else steps
        assert worse.min() >= -1e-12, key


@pytest.mark.parametrize("name", vocabulary.SETTINGS)
@pytest.mark.parametrize("dependence", [0.25, 0.5, 1.0, 1.5])
def test_the_conditions_of_the_proof_hold_at_every_age_and_in_both_sexes(name, dependence):
    """U / L is monotone in every context, and no state shows more often without malignancy than
    any does with it.
    """
    structure = build_structure([load_scenario(name).replace(dependence=dependence)], LABORATORY)
    for key in LABORATORY:
        without, showing = structure.values[key].given[0]
        steps = np.diff(np.log(showing / without), axis=1)
        worse = -steps if vocabulary.LABORATORY[key].abnormal == "low" else steps
        assert worse.min() >= -1e-10, key
        highest, lowest = (structure.finding_probability(key, g, [0]) for g in (0, 1))
        assert highest.max() <= lowest.min(), key


@pytest.mark.parametrize("age", [25, 50, 70, 90])
def test_a_patient_of_any_age_has_a_risk_that_rises_with_esr(scenario, age):
    X = pd.DataFrame({"esr_mm_h": np.arange(1, 151)}).assign(age_years=age, male=0)
    assert np.diff(scenario.risk(X)).min() >= -1e-15


def test_without_malignancy_a_value_has_its_distribution_at_every_dependence(scenario):
    for key, dependence in zip(LABORATORY, (0.5, 1.0, 1.5), strict=True):
        target = recorded_distributions(LABORATORY[key], [scenario.laboratory[key]])
        p = scenario.replace(dependence=dependence).probabilities(
            pd.DataFrame({key: target.values})
        )
        np.testing.assert_allclose(p[:, 0], target.non_malignant[0], atol=1e-12, err_msg=key)


def test_a_normal_result_has_one_likelihood_ratio_near_the_published_one(scenario):
    """Published for a normal haematocrit 0.52, for normal white cells 0.83."""
    plain = scenario.replace(dependence=0)
    for key, normal, published in (
        ("haematocrit_percent", [38.0, 44.0, 60.0], 0.45 / 0.86),
        ("white_cell_count_10e9_l", [1.0, 3.9, 10.0], 0.78 / 0.945),
    ):
        p = plain.probabilities(pd.DataFrame({key: normal}))
        ratio = p[:, 1] / p[:, 0]
        np.testing.assert_allclose(ratio, ratio[0], rtol=1e-9)
        assert 0.85 < ratio[0] / published < 1


def test_infection_and_age_still_raise_esr(scenario):
    structure = scenario.structure
    bands = np.array([[0, 18], [19, 149]])
    p = structure.value_probability("esr_mm_h", 0, bands, [2 * (30 - 18), 2 * (75 - 18)])[
        0, :, 1, :, 10
    ]
    infection, strain = (
        structure.states[0].cause.index(cause) for cause in ("infection", "strain_or_sprain")
    )
    assert (p[:, infection] > p[:, strain] + 0.1).all()
    assert p[1, strain] > p[0, strain] + 0.15


@pytest.mark.contract
def test_targets_that_are_not_met_in_so_many_rounds_are_named(scenario, monkeypatch):
    wild = scenario.replace(dependence=1.5, changes={"laboratory": {"esr_mm_h": {"age": 3.0}}})
    frame = pd.DataFrame({"esr_mm_h": ["<20"]})
    met = wild.probabilities(frame)[0]  # it takes more than 200 rounds
    target = wild.laboratory["esr_mm_h"]
    expected = [target.specificity[0], 1 - target.sensitivity[0]]
    assert np.abs(met - expected).max() < 1e-9
    monkeypatch.setattr(value_response, "_ROUNDS", 5)
    again = scenario.replace(dependence=1.49, changes={"laboratory": {"esr_mm_h": {"age": 3.0}}})
    with pytest.raises(
        ValueError, match=r"the targets of .* cannot be met with its effects of age and sex"
    ):
        again.risk(frame)
