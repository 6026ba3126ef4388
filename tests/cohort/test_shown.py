"""What cohorts, scenarios and their results say of themselves in a terminal."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest

import backpain_risk as bpr
from backpain_risk.models.bayesian.summary import PosteriorSummary
from backpain_risk.results.terminal import as_text

pytestmark = pytest.mark.contract

SYNTHETIC = "Synthetic data"
RESEARCH = "For research; not for clinical use."


@pytest.fixture(scope="module")
def drawn(scenario):
    return bpr.simulate_cohort(scenario, 2000, seed=1)


@pytest.fixture(scope="module")
def own(drawn):
    return bpr.Cohort.from_frame(drawn.to_frame())


def test_a_cohort_of_ones_own_is_never_called_synthetic(own, tmp_path):
    bpr.write_cohort(own, tmp_path / "own.csv")
    written = (tmp_path / "own.csv.manifest.json").read_text("utf-8")
    for text in (repr(own), own._repr_html_(), repr(own.take([0, 1])), written):
        assert SYNTHETIC not in text
        assert RESEARCH in text


def test_a_drawn_cohort_is_called_synthetic_wherever_it_goes(drawn, scenario, tmp_path):
    bpr.write_cohort(drawn, tmp_path / "drawn.csv")
    sites = bpr.simulate_sites({"a": scenario, "b": scenario}, 50, seed=1)
    written = (tmp_path / "drawn.csv.manifest.json").read_text("utf-8")
    seen = bpr.make_missing(drawn, {"esr_mm_h": 0.5}, rng=1)
    for text in (repr(drawn), drawn._repr_html_(), repr(sites), repr(seen), written):
        assert SYNTHETIC in text
    assert "sites a, b" in sites._repr_html_()


def test_a_posterior_does_not_claim_to_know_whose_patients_they_were():
    table = pd.DataFrame({"mean": [0.1]}, index=pd.Index(["night_pain"], name="term"))
    for text in (repr(PosteriorSummary(table)), PosteriorSummary(table)._repr_html_()):
        assert SYNTHETIC not in text
        assert RESEARCH in text


def test_a_cohort_says_how_many_how_many_events_and_what_is_missing(drawn):
    seen = bpr.verify_partially(bpr.make_missing(drawn, {"esr_mm_h": 0.5}, rng=1), 0.5, rng=1)
    n = int(seen.tests.esr_mm_h.isna().sum())
    text = repr(seen)
    assert f"2000 patients, {seen.n_events} malignancies" in text
    assert f"missing values: esr_mm_h {n}" in text
    assert f"verified outcomes: {int(seen.verified.sum())} of 2000" in text
    assert "scenario primary_care, seed 1" in text


def test_results_are_short_and_tell_their_main_figures(drawn, scenario):
    for shown, figure in (
        (drawn, f"{drawn.n_events} malignancies"),
        (scenario, "Base rate 1.000%"),
        (scenario.structure, "10 states without malignancy and 56 with"),
        (bpr.case_mix(drawn), "strain_or_sprain"),
        (bpr.ages(drawn), f"{drawn.n_events} with malignancy"),
        (bpr.risk_by_flags(drawn), "2000 patients"),
        (bpr.table_one(drawn), f"{drawn.n_events} with"),
        (bpr.associations(scenario), "history_of_cancer"),
        (bpr.published_facts(scenario), "primary_care"),
    ):
        text = repr(shown)
        assert figure in text
        assert "array(" not in text
        assert "dtype" not in text
        assert len(text) < 4000
        assert str(shown) == text


def test_a_cohort_of_nobody_shows_itself(drawn):
    assert "0 patients, 0 malignancies" in repr(drawn.take([]))
    assert "user's own" in repr(replace(drawn, scenario=None))


def test_a_long_table_says_that_it_goes_on():
    text = as_text("Numbers", pd.DataFrame({"x": range(50)}))
    assert len(text.splitlines()) == 1 + 1 + 40 + 1
    assert text.endswith("... and 10 more rows")
