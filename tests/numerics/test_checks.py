"""The doors: what is no such thing is refused in a sentence that names the argument."""

from __future__ import annotations

import datetime
import re

import numpy as np
import pandas as pd
import pytest

from backpain_risk.numerics import checks
from backpain_risk.numerics.values import as_numbers, shown

pytestmark = pytest.mark.contract

DATE = datetime.date(2024, 1, 1)
NEVER_NUMBERS = [
    "7",
    None,
    np.array([0.5, 0.5]),
    [0.5],
    DATE,
    np.datetime64("2024-01-01"),
    0.5 + 1j,
    {},
    object,
    True,
]
BEYOND = [np.nan, np.inf, -1, 10**400, 10**5000, 1e308]


def refused(call):
    with pytest.raises(ValueError, match=r"^x must .*; got .*\. \w.*\.$") as caught:
        call()
    assert len(str(caught.value)) < 250


@pytest.mark.parametrize("bad", [*NEVER_NUMBERS, *BEYOND], ids=shown)
@pytest.mark.parametrize(
    "door",
    [
        lambda v: checks.check_fraction("x", v),
        lambda v: checks.check_fraction("x", v, closed=True),
        lambda v: checks.check_count("x", v, 0),
        lambda v: checks.check_resamples("x", v, 0),
        lambda v: checks.check_number("x", v, 0.0, 100.0),
        lambda v: checks.check_positive("x", v),
    ],
)
def test_a_number_must_be_one_number_in_its_range(door, bad):
    refused(lambda: door(bad))


def test_numbers_of_every_kind_pass():
    for value in (0.5, np.float32(0.5), np.array(0.5)):
        assert checks.check_fraction("x", value) == 0.5
        assert checks.check_positive("x", value) == 0.5
    for value in (3, np.int8(3), np.array(3)):
        assert checks.check_count("x", value, 3) == 3
    assert checks.check_level(0.9) == 0.9


def test_a_number_of_resamples_ends():
    refused(lambda: checks.check_resamples("x", 10**18, 1))


@pytest.mark.parametrize("bad", [None, 3, ["a"], np.nan, "z", True], ids=shown)
def test_a_choice_must_be_one_of_the_options(bad):
    refused(lambda: checks.check_choice("x", bad, ("a", "b")))


@pytest.mark.parametrize("bad", [None, 3, "night_pain", [1], DATE], ids=shown)
def test_names_must_be_a_list_of_texts(bad):
    refused(lambda: checks.check_names("x", bad))


def test_names_flags_mappings_tables_and_kinds_must_be_what_they_are():
    for bad in (None, 3, "", "  ", ["a"]):
        refused(lambda bad=bad: checks.check_name("x", bad))
    for bad in (None, 1, "yes", np.nan):
        refused(lambda bad=bad: checks.check_flag("x", bad))
    for bad in (None, 1, [("a", 1)], "a"):
        refused(lambda bad=bad: checks.check_mapping("x", bad, "name to array"))
    for bad in (None, 1, {"a": [1]}, pd.Series([1])):
        refused(lambda bad=bad: checks.check_table("x", bad))
        refused(lambda bad=bad: checks.check_kind("x", bad, pd.DataFrame, "Pass a table."))


@pytest.mark.parametrize("bad", ["abc", -1, 1.5, True, [1], DATE], ids=shown)
def test_rng_must_be_able_to_draw(bad):
    with pytest.raises(ValueError, match=r"^rng must be .*; got .*\. Pass"):
        checks.as_generator(bad)


@pytest.mark.parametrize(
    "bad",
    [
        ["0", "1"],
        np.array([0, 1], dtype="datetime64[D]"),
        np.array([0, 1], dtype="timedelta64[D]"),
        np.array([0, 1j]),
        np.array([0, np.complex128(1j)], dtype=object),
        pd.Series([0, "1"], dtype=object),
        pd.to_datetime(pd.Series(["2024-01-01", "2024-01-02"])),
        [[1, 2], [3]],
        {"a": 1},
        np.array([10**400, 1], dtype=object),
    ],
    ids=shown,
)
def test_an_array_must_hold_numbers(bad):
    refused(lambda: as_numbers("x", bad))


def test_missing_and_masked_values_are_missing():
    for values in (
        [0.5, None],
        pd.Series([1, None], dtype="Int64"),
        pd.Series([True, None], dtype="boolean"),
        np.ma.masked_array([1.0, 2.0], [False, True]),
        np.array([1, pd.NaT], dtype=object),
    ):
        assert np.isnan(as_numbers("x", values)).tolist() == [False, True]
        with pytest.raises(ValueError, match="x must be finite; got 1 of 2 outside"):
            checks.as_vector("x", values)


def test_numbers_in_any_container_are_read():
    for values in (
        [0, 1],
        (0.0, 1.0),
        [False, True],
        pd.Series([0, 1], dtype=object),
        pd.Categorical([0, 1]),
    ):
        assert as_numbers("x", values).tolist() == [0, 1]


def test_weights_are_numbers_of_patients():
    with pytest.raises(ValueError, match=r"sample_weight must add up to at most 2\^53;"):
        checks.check_weight([1e300, 1], 2)


@pytest.mark.parametrize(
    ("a", "b", "where"),
    [
        ([3, 1, 2], [1, 2, 3], "3 and 1 at row 0 (the same labels in another order)"),
        (range(3), [0, 1, 7], "2 and 7 at row 2. Align"),
        (list("abc"), range(3), "'a' and 0 at row 0. Align"),
    ],
)
def test_labels_that_differ_are_refused_and_named(a, b, where):
    one = pd.Series([1, 2, 3], index=a)
    two = pd.DataFrame({"z": [1, 2, 3]}, index=b)
    with pytest.raises(
        ValueError, match=f"outcome and risk must carry the same index; got {re.escape(where)}"
    ):
        checks.check_same_index(outcome=one, weight=None, risk=two)


def test_labels_that_agree_and_arrays_without_labels_pass():
    one = pd.Series([1, 2, 3], index=[5, 5, 1])
    checks.check_same_index(a=one, b=one * 2, c=[1, 2, 3], d=np.ones(3), e=None, f=one.to_frame())


def test_output_of_predict_proba_is_refused_with_the_column_to_pass():
    with pytest.raises(ValueError, match=r"pass \[:, 1\], the probability of the event"):
        checks.check_risk(np.full((3, 2), 0.5))
