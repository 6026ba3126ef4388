"""What results of pathways show in a notebook and a terminal: every name as text, never run."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

import backpain_risk as bpr

pytestmark = pytest.mark.contract
HOSTILE = "<script>alert(1)</script>"
SHOWN = HOSTILE.replace("<", "&lt;").replace(">", "&gt;")


@cache
def compared():
    setting = bpr.load_scenario("primary_care").replace(changes={"name": HOSTILE})
    hostile = bpr.Pathway(HOSTILE, [bpr.Step("mri_positive", "risk >= 0.02")], title=HOSTILE)
    return bpr.compare_pathways(
        setting, [hostile, bpr.load_pathways()["esr_50"]], n_draws=100, rng=1
    )


@cache
def results():
    benefit = compared().net_benefit(0.02, test_harm={"esr": 0.02})
    few = replace(benefit, parameters=benefit.parameters[["base_rate"]])
    setting = compared().scenario
    hostile = compared().pathways[HOSTILE]
    late = bpr.load_pathways()["review_at_six_weeks"]
    return (
        compared(),
        benefit,
        bpr.acceptability(compared(), [0.01, 0.02], test_harm={"esr": 0.02}),
        bpr.tornado(few, HOSTILE, "esr_50"),
        bpr.value_of_information(benefit.draws, benefit.parameters, {HOSTILE: ["base_rate"]}),
        bpr.best_pathway(
            setting, threshold=0.02, test_harm={"esr": 0.02}, pathways={HOSTILE: hostile}
        ),
        bpr.review_break_even(
            setting,
            late,
            {HOSTILE: hostile},
            threshold=0.01,
            test_harm={"review": 0.0},
            value_at_review=1.0,
            sensitivity=(0.5, 0.9),
            specificity=(0.5, 0.9),
        ),
    )


def test_a_hostile_name_stays_text_in_every_result():
    for result in results():
        html = result._repr_html_()
        assert HOSTILE not in html
        assert SHOWN in html
        assert "<table" in html


def test_every_result_says_that_it_is_synthetic_research():
    for result in results():
        text = f"{result._repr_html_()} {result!r}"
        if type(result).__name__ != "ValueOfInformation":  # anybody's draws
            assert "not for clinical use" in text, type(result).__name__


def test_no_array_is_printed_by_a_result():
    for result in results():
        assert "array(" not in repr(result), type(result).__name__
        assert np.ndarray.__name__ not in repr(result)
