"""A cohort holds the same patients in every table, and gives the patients that were asked for."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import backpain_risk as bpr
from backpain_risk import Cohort

pytestmark = pytest.mark.contract


@pytest.fixture
def patients():
    table = pd.DataFrame(
        {"outcome": [0, 1, 0, 1], "age_years": [45, 71, 60, 80], "esr_mm_h": [5, 60, 9, 7]}
    )
    return Cohort.from_frame(table.assign(site=list("abab")).set_axis([7, 3, 5, 9]))


def ages(cohort):
    return cohort.predictors.age_years.tolist()


def test_a_mask_takes_its_patients(patients):
    """It used to be read as row numbers 0 and 1, so that two patients were repeated."""
    mask = [False, True, False, True]
    for given in (mask, np.array(mask), patients.outcome == 1):
        assert ages(patients.take(given)) == [71, 80]
    assert patients.take(mask).outcome.index.tolist() == [0, 1]


def test_rows_are_taken_in_order_and_as_often_as_asked(patients):
    assert ages(patients.take([3, 0, 0])) == [80, 45, 45]
    assert ages(patients.take([3.0, 0.0])) == [80, 45]
    assert ages(patients.take(np.array([], dtype=int))) == []
    assert "0 patients" in patients.take(np.array([], dtype=int))._repr_html_()


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (
            [-1],
            r"rows must be whole numbers from 0 to 3; got 1 of 1 outside \(first -1.0 at row 0\)",
        ),
        ([1.9], "rows must be whole numbers from 0 to 3; got 1 of 1"),
        ([4], "rows must be whole numbers from 0 to 3; got 1 of 1"),
        (["a"], "rows must hold numbers; got 'a'"),
        (None, "rows must"),
        ([True, False], "patients and rows must have the same length; got patients 4, rows 2"),
        (
            pd.Series([True, False, True, True]),
            "patients and rows must carry the same index; got 7 and 0 at row 0",
        ),
    ],
)
def test_rows_that_are_not_there_are_refused(patients, rows, message):
    with pytest.raises(ValueError, match=message):
        patients.take(rows)


@pytest.mark.parametrize(
    ("part", "spoil", "message"),
    [
        (
            "outcome",
            lambda t: t.iloc[::-1],
            "outcome and predictors must carry the same index; got 9 and 7 at row 0",
        ),
        (
            "outcome",
            lambda t: t * 2,
            r"outcome must be 0 or 1; got 2 of 4 outside \(first 2.0 at row 1\)",
        ),
        ("outcome", lambda t: t.to_numpy(), "outcome must be a Series; got ndarray"),
        (
            "predictors",
            lambda t: t.iloc[:2],
            "outcome and predictors and tests and other must have the same length",
        ),
        (
            "predictors",
            lambda t: t.reset_index(drop=True),
            "must carry the same index; got 7 and 0 at row 0",
        ),
        (
            "tests",
            lambda t: t.assign(age_years=1),
            "predictors and tests must have columns of distinct names",
        ),
        ("tests", lambda t: {"esr_mm_h": 1}, "tests must be a pandas DataFrame; got builtins.dict"),
    ],
)
def test_tables_of_other_patients_are_refused(patients, part, spoil, message):
    spoilt = spoil(getattr(patients, part))
    with pytest.raises(ValueError, match=message):
        replace(patients, **{part: spoilt})


def test_every_site_has_a_scenario(patients, scenario):
    """The true risk of patients of another site was 0."""
    with pytest.raises(
        ValueError,
        match=r"sites must have the scenario of every site in other\['site'\]; got none of",
    ):
        replace(patients, sites={"a": scenario})


def test_numbers_of_any_type_are_described_as_numbers():
    frame = pd.DataFrame({"age": pd.Series([40.0, 50, 60, 70], dtype=object), "site": list("abaa")})
    described = bpr.table_one(frame, [0, 0, 1, 1]).to_frame()
    assert described.equals(bpr.table_one(frame.astype({"age": float}), [0, 0, 1, 1]).to_frame())
    assert described["without"][0] == "45.0 (7.1)"


@pytest.mark.parametrize(
    ("outcome", "message"),
    [
        (["yes", "no", "no", "yes"], "outcome must hold numbers; got 'yes'"),
        ([1, 2, 2, 1], "outcome must be 0 or 1; got 2 of 4"),
        ([0, 1, np.nan, 1], "outcome must be finite; got 1 of 4"),
        ([0, 1], "patients and outcome must have the same length"),
    ],
)
def test_a_standardised_difference_needs_an_outcome(outcome, message):
    with pytest.raises(ValueError, match=message):
        bpr.standardised_difference(pd.Series([1.0, 2, 3, 4]), outcome)
