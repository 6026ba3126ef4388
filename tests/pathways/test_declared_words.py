"""A pathway that uses a finding and a test which its scenario declares."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from backpain_risk import Pathway, Step, compare_pathways, load_pathways, load_scenario
from backpain_risk.vocabulary import Finding, Vocabulary

pytestmark = pytest.mark.identity

TOML = """
extends = "primary_care"
[findings.thoracic_pain]
new = { label = "Thoracic pain" }
sensitivity = 0.20
specificity = 0.93
shifts = { vertebral_destruction = 0.3, compression_fracture = 0.6 }
[laboratory.crp_mg_l]
new = { label = "CRP", unit = "mg/L", low = 1, high = 300, cutoffs = [10, 50] }
sensitivity = [0.75, 0.45]
specificity = [0.70, 0.95]
shifts = { inflammatory_mediators = 0.8, infection = 2.0 }
"""
PATHWAY = """
[[step]]
test = "crp_mg_l"
who = "thoracic_pain"
[[step]]
test = "mri_positive"
who = "crp_mg_l >= 10"
"""


@pytest.fixture(scope="module")
def scenario(tmp_path_factory):
    path = tmp_path_factory.mktemp("own") / "mine.toml"
    path.write_text(TOML, "utf-8")
    return load_scenario(path)


@pytest.fixture(scope="module")
def pathway(scenario, tmp_path_factory):
    path = tmp_path_factory.mktemp("own") / "crp_first.toml"
    path.write_text(PATHWAY, "utf-8")
    return load_pathways(path, words=scenario.words)["crp_first"]


def test_its_counts_are_the_exact_probabilities(scenario, pathway):
    flow = compare_pathways(scenario, [pathway], per=1).flow("crp_first").set_index("step")
    rate = np.array([1 - scenario.base_rate, scenario.base_rate])
    pain = scenario.probabilities(pd.DataFrame({"thoracic_pain": [1]}))[0]
    raised = scenario.probabilities(
        pd.DataFrame({"thoracic_pain": [1, 1], "crp_mg_l": ["10-49", ">=50"]})
    ).sum(axis=0)
    assert flow.tested[1] == pytest.approx(pain @ rate, rel=1e-9)
    assert flow.tested_malignant[1] == pytest.approx(pain[1] * rate[1], rel=1e-9)
    assert flow.tested[2] == pytest.approx(raised @ rate, rel=1e-7)


def test_limits_come_from_draws_of_the_new_accuracies_too(scenario, pathway):
    found = compare_pathways(scenario, [pathway], n_draws=8, rng=1)
    drawn = found.parameters
    assert drawn["thoracic_pain.sensitivity"].std() > 0
    assert drawn["crp_mg_l.specificity_50"].std() > 0


@pytest.mark.contract
def test_a_scenario_must_declare_what_a_pathway_uses(pathway):
    with pytest.raises(ValueError, match="scenario must declare what its pathways use"):
        compare_pathways(load_scenario("primary_care"), [pathway])


@pytest.mark.contract
def test_words_are_unknown_until_they_are_told():
    with pytest.raises(ValueError, match="must use words of the vocabulary; got 'thoracic_pain'"):
        Step("mri_positive", who="thoracic_pain")
    words = Vocabulary((Finding("thoracic_pain", "Thoracic pain", ""),))
    made = Pathway("mine", [Step("mri_positive", who="thoracic_pain", words=words)])
    assert made.words == {"thoracic_pain"}
