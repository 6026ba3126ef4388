"""A stranger's file read by a mapping that a person has checked."""

from __future__ import annotations

import datetime
import tomllib

import numpy as np
import pandas as pd
import pytest

import backpain_risk as bpr

pytestmark = pytest.mark.contract

FILE = """\
ID,Date of birth,Visit date,Sex,Hx of cancer,Weight loss kg,ESR,Hct,Thoracic pain,Hospital,cancer
a1,31/12/1950,30/12/2020,M,Y,5.0,12,0.41,Y,North,N
a2,29/02/1960,28/02/2021,F,N,4.4,60,0.385,N,South,Y
a3,15/06/1980,15/06/2021,F,,,150,,N,North,unknown
a4,01/01/1970,31/12/2020,m,n,0,4300,0.40,?,South,N
"""
TWO_LINES = (('outside = "refuse"', 'outside = "missing"'), ("use = false", "use = true"))


@pytest.fixture
def table(tmp_path):
    (tmp_path / "patients.csv").write_text(FILE, "utf-8")
    return bpr.read_table(tmp_path / "patients.csv")


def declared(tmp_path, text):
    (tmp_path / "mapping.toml").write_text(text, "utf-8")
    return bpr.load_mapping(tmp_path / "mapping.toml")


def changed(text):
    for old, new in TWO_LINES:
        assert text.count(old) == 1
        text = text.replace(old, new)
    return text


def test_two_changed_lines_lead_from_a_stranger_s_file_to_a_cohort(table, tmp_path):
    suggested = bpr.suggest_mapping(table)
    assert suggested.unused == ("ID", "Visit date")
    with pytest.raises(ValueError, match=r"'ESR' must lie from 1 to 150 mm/h; got 4300 at row 5"):
        declared(tmp_path, suggested.text).apply(table)
    read = declared(tmp_path, changed(suggested.text)).apply(table)
    assert (read.n_given, read.n_used, read.cohort.n_events) == (4, 3, 1)
    assert read.dropped.to_dict("records") == [{"rule": "outcome unknown", "n": 1, "rows": "4"}]
    assert read.set_missing[["source", "row"]].values.tolist() == [
        ["ESR", 5],
        ["Thoracic pain", 5],
    ]
    seen = read.cohort.predictors
    assert seen.age_years.tolist() == [69, 60, 50]
    assert seen.male.tolist() == [1, 0, 1]
    assert seen.unexplained_weight_loss.tolist() == [1, 0, 0]
    assert seen.thoracic_pain.tolist()[:2] == [1, 0]
    assert np.isnan(seen.thoracic_pain[2])
    assert read.cohort.tests.haematocrit_percent.tolist() == [41, 38.5, 40]
    assert read.cohort.other.site.tolist() == ["North", "South", "South"]
    assert read.predictors[:2] == ("age_years", "male")
    assert not read.checked


def test_every_guess_is_marked_and_the_file_says_that_nobody_has_checked_it(table):
    text = bpr.suggest_mapping(table).text
    plain = [line for line in text.splitlines() if " = " in line and "#" not in line]
    assert [line for line in plain if not line.startswith("label")] == ["unused = ["]
    assert tomllib.loads(text)["checked"] is False


@pytest.mark.parametrize(
    ("columns", "question"),
    [
        ({"Night pain": [1, 2, 1, 2]}, "which of 1, 2 mean yes and no"),
        ({"sex": [1, 2, 1, 2]}, "which of 1, 2 mean yes and no"),
        ({"ESR": [1, 2, 3, 4], "esr_2": [1, 2, 3, 4]}, "which of several columns is esr_mm_h"),
        ({"Hct": [0.4, 40.0, 0.3, 41.0]}, "in which unit"),
        (
            {"dob": ["01/02/1950"] * 4, "visit": ["03/04/2020"] * 4},
            "which format the dates have",
        ),
        ({"history of cancer weight loss": ["Y", "N", "Y", "N"]}, "which it is: history_of_cancer"),
    ],
)
def test_what_could_mean_two_things_is_asked_and_not_read(columns, question):
    df = pd.DataFrame({**columns, "cancer": ["Y", "N", "N", "N"]})
    suggested = bpr.suggest_mapping(df)
    assert question in suggested.doubtful.question[0]
    assert not tomllib.loads(suggested.text).get("columns")
    assert set(columns) == set(suggested.unused)


def test_an_outcome_that_may_be_two_columns_is_asked(table, tmp_path):
    suggested = bpr.suggest_mapping(table.assign(tumour=table.cancer))
    assert suggested.doubtful.question[0] == "which column is the outcome: cancer, tumour"
    with pytest.raises(ValueError, match="mapping must say which column is the outcome"):
        declared(tmp_path, suggested.text).apply(table)
    told = bpr.suggest_mapping(table.assign(tumour=table.cancer), outcome="cancer")
    assert tomllib.loads(told.text)["outcome"]["column"] == "cancer"


def test_every_problem_is_told_at_once_with_the_rows_of_the_spreadsheet(tmp_path):
    df = pd.DataFrame(
        {
            "cancer": ["Y", "N", "maybe"],
            "Sex": ["M", "X", "F"],
            "ESR": ["12", ">100", "9"],
            "Hct": [39.97, 400.0, 41.0],
            "dob": ["1950-01-01", "1950-13-01", "2030-01-01"],
            "visit": "2020-01-01",
        }
    )
    text = """
    unused = ["visit"]
    [outcome]
    column = "cancer"
    values = {Y = 1, N = 0}
    [columns.Sex]
    key = "male"
    values = {M = 1, F = 0}
    [columns.ESR]
    key = "esr_mm_h"
    [columns.Hct]
    key = "haematocrit_percent"
    [columns.dob]
    key = "age_years"
    until = "visit"
    format = "%Y-%m-%d"
    """
    with pytest.raises(ValueError, match="got 6:") as refused:
        declared(tmp_path, text).apply(df)
    told = str(refused.value)
    for part in (
        "'cancer' (the outcome) must be one of the values that the mapping names; got 'maybe' at",
        "'Sex' must be one of 'M', 'F'; got 'X' at row 3",
        "'ESR' must hold numbers; got '>100' at row 3",
        "'Hct' must be recorded to 0.1 %; got 39.97 at row 2",
        "'Hct' must lie from 15 to 60 %; got 400.0 at row 3",
        "'dob' must be a date like %Y-%m-%d; got '1950-13-01' at row 3",
    ):
        assert part in told


BASE = '[outcome]\ncolumn = "cancer"\nvalues = {Y = 1, N = 0}\n[columns.a]\n'


@pytest.mark.parametrize(
    ("rule", "values", "expected"),
    [
        ('own = "a"\nkind = "number"\nunit = "g/dL"\nfactor = 0.1', [135, 120], [13.5, 12.0]),
        ('key = "white_cell_count_10e9_l"\nunit = "/uL"', [7200, 11950], [7.2, 12.0]),
        ('key = "age_years"\nup_to = 110', [97, 95], [95.0, 95.0]),
        (
            'own = "a"\nkind = "number"\nlow = 0\nhigh = 9\noutside = "missing"',
            [10, 9],
            [np.nan, 9],
        ),
        ('own = "a"\nkind = "number"\nvalues = {">100" = 100}', [">100", "7"], [100.0, 7.0]),
        ('key = "night_pain"\nmissing = ["9"]', [9, 1], [np.nan, 1.0]),
        ('key = "night_pain"\nmissing = ["9"]', [9.0, 1.0], [np.nan, 1.0]),
        ('own = "a"\nkind = "yes_no"\nyes_below = 3', [2, 3], [1.0, 0.0]),
        ('key = "night_pain"', [True, False], [1.0, 0.0]),
        ('own = "a"\nkind = "yes_no"\nvalues = {True = 1, False = 0}', [True, False], [1.0, 0.0]),
    ],
)
def test_declared_rules_read_values(tmp_path, rule, values, expected):
    df = pd.DataFrame({"cancer": ["Y", "N"], "a": values})
    cohort = declared(tmp_path, BASE + rule).apply(df).cohort
    found = pd.concat([cohort.predictors, cohort.tests], axis=1).iloc[:, 0]
    np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_a_category_becomes_a_column_for_each_level_but_the_reference(tmp_path):
    df = pd.DataFrame({"cancer": ["Y", "N", "N", "N"], "a": ["now", "never", "Ex ", None]})
    rule = 'own = "smoking"\nkind = "category"\nlabel = "Smoking"\nlevels = ["never", "ex", "now"]'
    read = declared(tmp_path, BASE + rule).apply(df)
    assert read.predictors == ("smoking_ex", "smoking_now")
    assert read.labels["smoking_ex"] == "Smoking: ex"
    assert read.cohort.predictors.smoking_now.tolist()[:3] == [1, 0, 0]
    assert read.cohort.predictors.iloc[3].isna().all()


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ('key = "night_pain"\nown = "b"\nkind = "yes_no"', "exactly one of key, own and keep"),
        ('key = "nightpain"', "key must be one of age_years"),
        ('own = "night_pain"\nkind = "yes_no"', "own must be a name that is not of the vocabulary"),
        ('own = "a"', "kind .* must be given with own"),
        ('own = "a"\nkind = "category"', "levels .* must be given for a category only"),
        (
            'key = "haematocrit_percent"\nunit = "g/dL"',
            "unit of haematocrit_percent must be one of",
        ),
        ('key = "night_pain"\nvalues = {Y = 2}', "values of a yes/no column must be 0 and 1"),
        ('key = "age_years"\nuntil = "visit"', "until and format must be given together"),
        ('key = "night_pain"\nvalues = {Y = 1, " y" = 0}', "must mean one thing each"),
        ('key = "night_pain"\nvalue = {Y = 1}', "value is not a key of a mapping"),
        ('own = "a"\nkind = "number"\nfactor = 0', "factor must be more than 0"),
    ],
)
def test_rules_that_contradict_each_other_are_refused(tmp_path, rule, message):
    with pytest.raises(ValueError, match=message):
        declared(tmp_path, BASE + rule)


def test_columns_that_the_mapping_does_not_name_are_refused_and_named(table, tmp_path):
    mapping = declared(tmp_path, changed(bpr.suggest_mapping(table).text))
    with pytest.raises(ValueError, match=r"no 'ESR' and the mapping does not name 'CRP'"):
        mapping.apply(table.rename(columns={"ESR": "CRP"}))
    with pytest.raises(ValueError, match="outcome must be that of the mapping, 'cancer'; got 'ID'"):
        mapping.apply(table, outcome="ID")


def test_patients_of_unknown_outcome_are_refused_unless_their_exclusion_is_declared(tmp_path):
    df = pd.DataFrame({"cancer": ["Y", None, "N"], "a": [1, 0, 1]})
    with pytest.raises(
        ValueError, match=r"\(the outcome\) must be known of every patient; got .*3"
    ):
        declared(tmp_path, BASE + 'key = "night_pain"').apply(df)


@pytest.mark.parametrize("ending", ["parquet", "xlsx"])
def test_parquet_and_excel_say_what_the_text_file_says(table, tmp_path, ending):
    path = tmp_path / f"patients.{ending}"
    if ending == "xlsx":
        pytest.importorskip("openpyxl")
        table.to_excel(path, index=False)
    else:
        table.to_parquet(path)
    pd.testing.assert_frame_equal(bpr.read_table(path), table, check_dtype=False)


def test_excel_keeps_dates_as_dates_and_a_mapping_counts_ages_from_them(tmp_path):
    pytest.importorskip("openpyxl")
    born = [datetime.datetime(1950, 12, 31), datetime.datetime(1980, 6, 15)]
    visit = [datetime.datetime(2020, 12, 30), datetime.datetime(2021, 6, 15)]
    df = pd.DataFrame({"cancer": ["Y", "N"], "dob": born, "visit": visit})
    df.to_excel(tmp_path / "patients.xlsx", index=False)
    table = bpr.read_table(tmp_path / "patients.xlsx")
    read = declared(tmp_path, bpr.suggest_mapping(table).text).apply(table)
    assert read.cohort.predictors.age_years.tolist() == [69, 41]


def test_a_workbook_of_several_sheets_asks_which(tmp_path):
    pytest.importorskip("openpyxl")
    path = tmp_path / "book.xlsx"
    with pd.ExcelWriter(path) as book:
        pd.DataFrame({"a": [1]}).to_excel(book, sheet_name="one", index=False)
        pd.DataFrame({"b": [2]}).to_excel(book, sheet_name="two", index=False)
    with pytest.raises(ValueError, match=r"sheet must be named where there are several.* one, two"):
        bpr.read_table(path)
    assert bpr.read_table(path, sheet="two").b.tolist() == [2]
    with pytest.raises(ValueError, match="sep must be given for text files only"):
        bpr.read_table(path, sep=";", sheet="two")
    with pytest.raises(ValueError, match="sheet must be given for Excel files only"):
        bpr.read_table(tmp_path / "a.csv", sheet="two")


@pytest.mark.parametrize("ending", ["parquet", "xlsx"])
def test_what_is_no_table_is_refused_in_a_sentence(tmp_path, ending):
    (tmp_path / f"a.{ending}").write_text("not a table")
    with pytest.raises(ValueError, match=r"^data must be a.* is none"):
        bpr.read_table(tmp_path / f"a.{ending}")
    with pytest.raises(ValueError, match="does not exist"):
        bpr.read_table(tmp_path / f"b.{ending}")
