"""What comes back from a file is what was written: every table, name, type, identifier and sign
of missing.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from backpain_risk import (
    Cohort,
    make_missing,
    read_cohort,
    simulate_cohort,
    simulate_sites,
    verify_partially,
    write_cohort,
)
from backpain_risk.results.spreadsheet import spreadsheet_safe

pytestmark = pytest.mark.identity

TABLES = ("predictors", "tests", "outcome", "latent", "other", "verified")
BOTH = pytest.mark.parametrize("suffix", [".csv", ".parquet"])


def assert_same(one: Cohort, other: Cohort) -> None:
    for name in TABLES:
        left = getattr(one, name)
        right = getattr(other, name)
        assert (left is None) == (right is None), name
        if isinstance(left, pd.DataFrame):
            pd.testing.assert_frame_equal(left, right)
        elif left is not None:
            pd.testing.assert_series_equal(left, right)
    assert (one.seed, one.scenario, one.sites) == (other.seed, other.scenario, other.sites)


def there_and_back(cohort, folder, suffix):
    write_cohort(cohort, folder / f"cohort{suffix}")
    return read_cohort(folder / f"cohort{suffix}")


@pytest.fixture(scope="module")
def small(scenario):
    return simulate_cohort(scenario, 60, seed=3)


@BOTH
def test_who_was_verified_comes_back(tmp_path, scenario, suffix):
    cohort = verify_partially(simulate_cohort(scenario, 2000, seed=3), 0.4, rng=1)
    back = there_and_back(cohort, tmp_path, suffix)
    assert 0 < back.verified.sum() < 2000
    assert_same(back, cohort)


@BOTH
def test_sites_and_their_true_risk_come_back(tmp_path, scenario, suffix):
    cohort = simulate_sites({"a": scenario, "b": scenario.replace(base_rate=0.03)}, 50, seed=1)
    back = there_and_back(cohort, tmp_path, suffix)
    assert_same(back, cohort)
    pd.testing.assert_series_equal(back.true_risk, cohort.true_risk)


@BOTH
def test_missing_values_and_columns_without_any_come_back(tmp_path, small, suffix):
    share = {"night_pain": 0.3, "age_years": 0.2, "esr_mm_h": 0.5, "haematocrit_percent": 0.5}
    cohort = make_missing(small, share, rng=1)
    cohort = replace(cohort, tests=cohort.tests.assign(mri_positive=np.nan))
    assert_same(there_and_back(cohort, tmp_path, suffix), cohort)


def indexed(cohort, index):
    tables = {
        name: getattr(cohort, name).set_axis(index)
        for name in TABLES
        if getattr(cohort, name) is not None
    }
    return replace(cohort, **tables)


@BOTH
@pytest.mark.parametrize(
    "index",
    [
        pd.Index([f"{i:03d}" for i in range(60)], name="patient"),
        pd.Index(["=1+1", "", "NA", *map(str, range(57))]),
        pd.RangeIndex(5, 65),
        pd.DatetimeIndex([f"2024-01-{i % 28 + 1:02d}" for i in range(60)], name="outcome"),
        pd.MultiIndex.from_product([["x", "y"], range(30)], names=["site", "number"]),
        pd.Index([7] * 60, name="repeated"),
    ],
    ids=["text", "wild", "later", "dates", "two levels", "repeated"],
)
def test_patient_identifiers_come_back(tmp_path, small, suffix, index):
    cohort = indexed(small, index)
    back = there_and_back(cohort, tmp_path, suffix)
    assert_same(back, cohort)


OTHERS = {
    "leading zeros": pd.Series(["007", "7", "07", "1.0", "1e3"] * 12),
    "signs of missing": pd.Series(["NA", "null", "None", "", "nan"] * 12),
    "missing text": pd.Series(["NA", None, "", "-", "'"] * 12),
    "formulas": pd.Series(["=1+1", "@x", "+1", "-1", "''x"] * 12),
    "awkward text": pd.Series(['a,"b"', "line\nline", "tab\t", " blank ", "ü\u2028é"] * 12),
    "truth as text": pd.Series(["True", "False", "true", "yes", "0"] * 12),
    "objects": pd.Series(["a", np.nan, "007", "NA", "x"] * 12, dtype=object),
    "booleans": pd.Series([True, False] * 30),
    "booleans, some missing": pd.Series([True, None] * 30, dtype="boolean"),
    "whole numbers": pd.Series([2**62 + 1, -(2**62) - 1] * 30),
    "large unsigned": pd.Series([2**64 - 1, 0] * 30, dtype="uint64"),
    "small whole numbers": pd.Series([-128, 127] * 30, dtype="int8"),
    "whole numbers, some missing": pd.Series([1, None] * 30, dtype="Int64"),
    "numbers": pd.Series([0.1 + 0.2, 1e-308, -0.0, np.inf, 1 / 3] * 12),
    "single precision": pd.Series([0.1, np.nan] * 30, dtype="float32"),
    "days": pd.Series(pd.to_datetime(["2024-02-29", None] * 30)),
    "moments": pd.Series(pd.to_datetime(["2024-02-29 12:34:56.789", "1999-01-01 00:00:00.0"] * 30)),
    "moments of a zone": pd.Series(
        pd.to_datetime(["2024-02-29 12:00", "1999-01-01 00:00"] * 30).tz_localize("Europe/Paris")
    ),
    "lengths of time": pd.Series(pd.to_timedelta([1.5, None] * 30, unit="h")),
    "categories": pd.Series(
        pd.Categorical(["b", None, "a"] * 20, categories=["z", "b", "a"], ordered=True)
    ),
    "categories of numbers": pd.Series(pd.Categorical([3, 1, None] * 20, categories=[5, 3, 1])),
    "categories like missing": pd.Series(pd.Categorical(["NA", "", "=x", None] * 15)),
}


@BOTH
@pytest.mark.parametrize("values", OTHERS.values(), ids=OTHERS)
def test_columns_of_ones_own_come_back(tmp_path, small, suffix, values):
    cohort = replace(small, other=pd.DataFrame({"x": values}))
    assert_same(there_and_back(cohort, tmp_path, suffix), cohort)


@BOTH
@pytest.mark.parametrize(
    "name", ["latent_cause_of_death", "=cmd|' /C calc'!A0", "'quoted", 3, "a,b", "index_0", "NA"]
)
def test_names_of_columns_come_back(tmp_path, small, suffix, name):
    cohort = indexed(
        replace(small, other=pd.DataFrame({name: range(60)})), pd.Index(range(100, 160))
    )
    if name == "index_0":
        with pytest.raises(
            ValueError, match="columns of different names to be written; got 'index_0' twice"
        ):
            there_and_back(cohort, tmp_path, suffix)
        return
    assert_same(there_and_back(cohort, tmp_path, suffix), cohort)
    if suffix == ".csv":
        heading = (tmp_path / "cohort.csv").read_text("utf-8").splitlines()[0]
        assert not any(
            cell.strip('"').startswith(("=", "+", "-", "@")) for cell in heading.split(",")
        )


@pytest.mark.contract
@pytest.mark.parametrize(
    ("suffix", "values"),
    [
        *(
            (suffix, values)
            for suffix in (".csv", ".parquet")
            for values in ([1, "1"], [(1, 2), (3,)])
        ),
        (".csv", [{"a": 1}, None]),
        (".csv", [b"a", b"b"]),
        (".csv", [1, 2]),
        (".parquet", [1 + 2j, 0j]),
    ],
)
def test_what_a_file_would_lose_is_refused_and_the_old_file_stays(tmp_path, small, suffix, values):
    write_cohort(small, tmp_path / f"cohort{suffix}")
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    cohort = replace(small, other=pd.DataFrame({"x": pd.Series(values * 30, dtype=object)}))
    with pytest.raises(ValueError, match=r"\bx\b.*Convert (it|that column)"):
        write_cohort(cohort, tmp_path / f"cohort{suffix}")
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda c: replace(c, outcome=c.outcome + 2), "outcome must be 0 or 1"),
        (
            lambda c: replace(c, predictors=c.predictors.assign(age_years=300)),
            "age_years must lie from",
        ),
        (lambda c: replace(c, predictors=c.predictors.iloc[::-1]), "must carry the same index"),
        (
            lambda c: replace(
                c, other=pd.DataFrame({"verified": range(60)}), verified=c.outcome == 0
            ),
            "'verified' twice",
        ),
        (lambda c: replace(c, verified=c.outcome), "verified must be true or false"),
        (
            lambda c: replace(c, other=pd.DataFrame({"latent_cause": range(60)})),
            "'latent_cause' twice",
        ),
        (
            lambda c: replace(c, other=pd.DataFrame({("a", "b"): range(60)})),
            "columns must be named by text",
        ),
    ],
)
def test_a_cohort_that_is_none_is_not_written(tmp_path, small, change, said):
    with pytest.raises(ValueError, match=said):
        write_cohort(change(small), tmp_path / "cohort.parquet")
    assert list(tmp_path.iterdir()) == []


def test_headings_and_cells_are_guarded_once(tmp_path, small):
    table = pd.DataFrame({"=a": ["=x", "'=x", "x"]})
    assert spreadsheet_safe(table)["'=a"].tolist() == ["'=x", "''=x", "x"]
