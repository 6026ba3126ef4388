"""Conditions in words."""

from __future__ import annotations

import pytest

from backpain_risk.pathways.pathway import load_pathways
from backpain_risk.pathways.rule import read_rule
from backpain_risk.pathways.wording import in_words

pytestmark = pytest.mark.contract


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ("all", "everybody"),
        ("no_one", "nobody"),
        ("history_of_cancer", "history of cancer"),
        ("not male", "not male"),
        ("xray_lesion", "X-ray lesion"),
        ("esr_mm_h >= 20", "ESR of 20 mm/h or more"),
        ("esr_mm_h < 20", "ESR below 20 mm/h"),
        ("risk >= 0.005", "risk of 0.5 % or more"),
        ("risk(firth) < 0.03", "risk by firth below 3 %"),
        ("0.005 <= risk < 0.03", "risk of 0.5 % or more and risk below 3 %"),
        ("any_of(male, night_pain)", "male or night pain"),
        ("any_of(male, night_pain, xray_lesion)", "any of male, night pain and X-ray lesion"),
        ("not any_of(male, night_pain)", "none of male and night pain"),
        ("at_least(2, male, night_pain, risk >= 0.01)", None),
        ("male and (night_pain or xray_lesion)", "male and (night pain or X-ray lesion)"),
        ("not (male and night_pain)", "not (male and night pain)"),
        ("not_improved_at_review", "not improved at review"),
    ],
)
def test_a_rule_is_told(rule, words):
    told = in_words(read_rule(rule))
    assert told == (words or "at least 2 of male, night pain and risk of 1 % or more")


@pytest.mark.parametrize("name", list(load_pathways()))
def test_no_shipped_rule_is_shown_as_code(name):
    for step in load_pathways()[name].steps:
        told = in_words(step.rule)
        assert not set("_=<>") & set(told)
        assert "any_of" not in told
