from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from backpain_risk import Cohort, check_cohort

pytestmark = pytest.mark.contract


@pytest.fixture
def theirs():
    return pd.DataFrame(
        {
            "patient": ["a", "b", "c"],
            "cancer": ["No", "no", "YES"],
            "Age": [44, 61, 72],
            "Night pain": ["no", "yes", None],
            "Hct": [0.41, 0.385, 0.29],
            "WBC": [7200, 6100, 12400],
        }
    )


MAPPING = {
    "outcome": "cancer",
    "columns": {
        "Age": "age_years",
        "Night pain": "night_pain",
        "Hct": "haematocrit_percent",
        "WBC": "white_cell_count_10e9_l",
    },
    "values": {"yes": 1, "no": 0},
    "units": {"haematocrit_percent": "L/L", "white_cell_count_10e9_l": "/uL"},
}


def test_names_values_and_units_are_mapped(theirs):
    cohort = Cohort.from_frame(theirs, **MAPPING)
    assert cohort.outcome.tolist() == [0, 0, 1]
    assert cohort.predictors.night_pain.isna().tolist() == [False, False, True]
    assert cohort.tests.haematocrit_percent.tolist() == [41.0, 38.5, 29.0]
    assert cohort.tests.white_cell_count_10e9_l.tolist() == [7.2, 6.1, 12.4]
    assert cohort.other.patient.tolist() == ["a", "b", "c"]


def test_a_cohort_of_ones_own_can_be_judged_by_a_scenario(theirs, scenario):
    cohort = Cohort.from_frame(theirs, **MAPPING)
    risk = scenario.risk(cohort.predictors.join(cohort.tests))
    assert ((risk > 0) & (risk < 1)).all()
    with pytest.raises(ValueError, match="true_risk exists for synthetic cohorts only"):
        _ = cohort.true_risk


@pytest.mark.parametrize("kind", [object, "string", "category"])
def test_text_is_read_by_declared_values_only(kind):
    """The text "0" may be a code for yes: nobody but the user knows."""
    text = pd.DataFrame({"outcome": ["0", "1"], "night_pain": ["1", "0"]}).astype(kind)
    with pytest.raises(ValueError, match="outcome must be 0 or 1; got 2 rows outside, first '0'"):
        Cohort.from_frame(text)
    with pytest.raises(ValueError, match=r"night_pain must hold numbers; got 2 rows .* first '1'"):
        Cohort.from_frame(text.assign(outcome=[0, 1]))
    cohort = Cohort.from_frame(text, values={"0": 0, "1": 1})
    assert cohort.outcome.tolist() == [0, 1]
    assert cohort.predictors.night_pain.tolist() == [1, 0]


def test_all_problems_are_told_at_once():
    table = pd.DataFrame(
        {
            "outcome": [0, 2, 1],
            "age_years": [45, 430, 50.5],
            "age_50_or_over": [1, 1, 1],
            "night_pain": ["yes", "no", 1],
            "haematocrit_percent": [0.4, 0.41, 0.38],
            "esr_mm_h": [np.nan] * 3,
        }
    )
    problems = check_cohort(table)
    assert problems.column.tolist() == [
        "outcome",
        "age_years",
        "age_years",
        "night_pain",
        "esr_mm_h",
        "haematocrit_percent",
        "age_50_or_over",
    ]
    with pytest.raises(
        ValueError, match="outcome must be 0 or 1; got 1 rows outside, first 2 at row 1"
    ) as error:
        Cohort.from_frame(table)
    assert "It looks like fractions: pass units={'haematocrit_percent': 'L/L'}" in str(error.value)


def test_a_sound_cohort_has_no_problems(cohort):
    assert len(check_cohort(cohort.to_frame())) == 0


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"outcome": "kancer"}, "columns and outcome must name columns of the table; got 'kancer'"),
        ({"columns": {"Age": "agee"}}, "columns must map to keys of the vocabulary; got agee"),
        (
            {"units": {"haematocrit_percent": "g"}},
            "units of haematocrit_percent must be one of %, L/L, fraction; got 'g'",
        ),
        ({"values": {}}, "outcome must be 0 or 1"),
    ],
)
def test_bad_mappings_are_named(theirs, change, message):
    with pytest.raises(ValueError, match=message):
        Cohort.from_frame(theirs, **{**MAPPING, **change})


@pytest.mark.parametrize(
    ("table", "options", "message"),
    [
        (
            {},
            {"values": {"Yes": 1, "yes ": 0}},
            "one thing each without case and outer blanks; got 'yes' as 0 and as 1",
        ),
        (
            {},
            {"values": {"night_pain": {"yes": 1}}},
            "values must map to 0 and 1, one mapping for all .* 'night_pain'",
        ),
        ({}, {"values": {"yes": 2}}, "values must map to 0 and 1.* got 2 for 'yes'"),
        (
            {},
            {"columns": {"cancer": "male"}},
            "must give each name to one column; got outcome= too",
        ),
        (
            {"outcome": [1, 0]},
            {},
            "must give each name to one column; got another column called outcome too",
        ),
        (
            {"NP": [1, 0]},
            {"columns": {"NP": "night_pain"}},
            "must give each name to one column; got night_pain too",
        ),
    ],
)
def test_mappings_that_could_mean_two_things_are_refused(table, options, message):
    df = pd.DataFrame({"cancer": [0, 1], "night_pain": [1, 0], **table})
    with pytest.raises(ValueError, match=message):
        Cohort.from_frame(df, outcome="cancer", **options)
