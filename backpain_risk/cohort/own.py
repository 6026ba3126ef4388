"""A user's own cohort: names, values and units mapped, everything checked, all problems told at
once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from ..numerics.checks import check_kind, check_name, check_table
from ..numerics.values import as_real
from ..results.table import ResultTable
from ..vocabulary import MEASURED, STANDARD, Finding, Measurement, Vocabulary

UNITS: Mapping[str, Mapping[str, float]] = {
    "haematocrit_percent": {"%": 1.0, "L/L": 100.0, "fraction": 100.0},
    "white_cell_count_10e9_l": {"10^9/L": 1.0, "10^3/uL": 1.0, "/uL": 1e-3, "/mm3": 1e-3},
    "esr_mm_h": {"mm/h": 1.0},
    "age_years": {"years": 1.0, "months": 1 / 12},
}
"""Factors to the unit of the vocabulary."""


class Problem(NamedTuple):
    """One thing wrong with one column."""

    column: str
    rule: str
    rows: int
    first: str
    remedy: str

    def sentence(self) -> str:
        """The problem in words."""
        return (
            f"{self.column} {self.rule}; got {self.rows} rows outside, first {self.first}. "
            f"{self.remedy}"
        )


def check_cohort(
    df: pd.DataFrame, *, outcome: str = "outcome", words: Vocabulary = STANDARD
) -> ResultTable:
    """Every problem of a table of patients at once.

    Parameters
    ----------
    df : DataFrame
        Columns of the vocabulary (see ``data_dictionary``) and the outcome; other columns are not
        looked at.
    outcome : str
        Name of the outcome column.
    words : Vocabulary
        With findings and tests of one's own, where there are any.

    Returns
    -------
    table with columns column, rule, rows, first, remedy; empty when all is well
        Checked: the outcome is there and 0/1, yes/no columns hold 0, 1 or missing, numbers lie in
        their range (a fraction where a percentage belongs is named as such), age and its band
        agree, and no column is empty.

    Examples
    --------
    >>> check_cohort(pd.DataFrame({"outcome": [0, 2], "age_years": [45, 430]}))[["column", "first"]]
          column       first
    0    outcome    2 at row 1
    1  age_years  430 at row 1
    """
    check_table("df", df)
    check_name("outcome", outcome)
    check_kind("words", words, Vocabulary, "Pass vocabulary.Vocabulary((Finding(...),)).")
    problems = list(_problems(df, outcome, words))
    return ResultTable(pd.DataFrame(problems, columns=list(Problem._fields)))


def _problems(df: pd.DataFrame, outcome: str, words: Vocabulary) -> Iterator[Problem]:
    yield from _outcome_problems(df, outcome)
    known = [column for column in words.columns if column in df.columns]
    if not known:
        yield Problem(
            "the table",
            "must have at least one column of the vocabulary",
            len(df),
            "none",
            "Map its columns.",
        )
    repeated = sorted(set(df.columns[df.columns.duplicated()]))
    for column in repeated:
        yield Problem(str(column), "must be one column", len(df), "two of that name", "Rename one.")
    for column in known:
        if column not in repeated:
            yield from _column_problems(words.columns[column], df[column])
    if {"age_years", "age_50_or_over"} <= set(known) - set(repeated):
        yield from _age_problems(df)


def _outcome_problems(df: pd.DataFrame, outcome: str) -> Iterator[Problem]:
    remedy = (
        "Code malignancy as 1, everything else as 0, and leave out patients of unknown outcome."
    )
    if outcome not in df.columns:
        yield Problem(
            outcome,
            "must be a column of the table",
            len(df),
            "no such column",
            "Name it with outcome=.",
        )
        return
    values = _as_numbers(df[outcome])
    yield from _found(outcome, "must be 0 or 1", df[outcome], ~values.isin([0, 1]), remedy)


def _column_problems(term: Finding | Measurement, raw: pd.Series[Any]) -> Iterator[Problem]:
    column = term.key
    if raw.isna().all():
        yield Problem(column, "must hold some values", len(raw), "all missing", "Drop the column.")
        return
    values = _as_numbers(raw)
    text = raw.notna() & values.isna()
    yield from _found(
        column,
        "must hold numbers",
        raw,
        text,
        "Convert text of numbers; map other text with values=, for example {'yes': 1, 'no': 0}.",
    )
    if isinstance(term, Finding):
        bad = pd.Series(term.outside(values.to_numpy()))
        yield from _found(column, term.rule, raw, bad, "Map its values with values=.")
        return
    yield from _range_problems(term, raw, values)


def _range_problems(
    term: Measurement, raw: pd.Series[Any], values: pd.Series[Any]
) -> Iterator[Problem]:
    column = term.key
    rule = f"must lie from {term.low:g} to {term.high:g} {term.unit}"
    if column == "haematocrit_percent" and values.max() <= 1:
        remedy = "It looks like fractions: pass units={'haematocrit_percent': 'L/L'}."
        yield Problem(
            column, rule, int(values.notna().sum()), f"{values.dropna().iloc[0]:g}", remedy
        )
        return
    numbers = values.to_numpy()
    bad = pd.Series(term.outside(numbers))
    yield from _found(
        column, rule, raw, bad, "Check units (units=) and data entry, or set it to missing."
    )
    off = pd.Series(term.between_steps(numbers) & ~term.outside(numbers))
    precision = "whole numbers" if term.step == 1 else f"recorded to {term.step:g}"
    yield from _found(
        column, f"must be {precision}", raw, off, "Round it to the recorded precision."
    )


def _age_problems(df: pd.DataFrame) -> Iterator[Problem]:
    age = _as_numbers(df.age_years)
    band = _as_numbers(df.age_50_or_over)
    clash = age.notna() & band.notna() & ((age >= 50) != (band == 1))
    yield from _found(
        "age_50_or_over",
        "must agree with age_years",
        df.age_50_or_over,
        clash,
        "Drop one of the two.",
    )


def _found(
    column: str, rule: str, raw: pd.Series[Any], bad: pd.Series[bool], remedy: str
) -> Iterator[Problem]:
    if bad.any():
        row = int(np.flatnonzero(bad.to_numpy())[0])
        value = raw.iloc[row]
        first = repr(value) if isinstance(value, str) else value
        yield Problem(column, rule, int(bad.sum()), f"{first} at row {row}", remedy)


def _as_numbers(values: pd.Series[Any]) -> pd.Series[Any]:
    """Numbers, NaN where a value is none; text is none, that of numbers included."""
    plain = values.astype("float64") if pd.api.types.is_bool_dtype(values.dtype) else values
    if not pd.api.types.is_numeric_dtype(plain.dtype):
        is_text = np.array([isinstance(value, str) for value in plain], dtype=bool)
        plain = plain.astype(object).mask(is_text)
    return pd.to_numeric(plain, errors="coerce").astype("float64")


class Tables(NamedTuple):
    """A table of patients taken apart into those of a cohort, every value checked."""

    predictors: pd.DataFrame
    outcome: pd.Series[Any]
    tests: pd.DataFrame
    other: pd.DataFrame | None


def checked_tables(
    df: pd.DataFrame,
    *,
    outcome: str,
    columns: Mapping[str, str],
    values: Mapping[Any, int],
    units: Mapping[str, str],
    words: Vocabulary = STANDARD,
) -> Tables:
    """The tables of a cohort from one of the user's own; see :meth:`Cohort.from_frame`."""
    check_table("df", df)
    check_name("outcome", outcome)
    _check_mapping(df, outcome, columns, units, words)
    _check_values(values)
    table = df.rename(columns={**columns, outcome: "outcome"})
    for column in [c for c in table.columns if c in words.yes_no or c == "outcome"]:
        table[column] = _mapped(table[column], values)
    for column, unit in units.items():
        table[column] = _converted(_as_numbers(table[column]), column, unit)
    problems = list(_problems(table, "outcome", words))
    if problems:
        raise ValueError(" ".join(problem.sentence() for problem in problems))
    others = [c for c in table.columns if c not in (*words.columns, "outcome")]
    return Tables(
        predictors=_numeric(table, words.predictors, words),
        outcome=_as_numbers(table["outcome"]).astype(np.int8),
        tests=_numeric(table, words.tests, words),
        other=table[others] if others else None,
    )


def _check_mapping(
    df: pd.DataFrame,
    outcome: str,
    columns: Mapping[str, str],
    units: Mapping[str, str],
    words: Vocabulary,
) -> None:
    known = tuple(words.columns)
    absent = [name for name in (*columns, outcome) if name not in df.columns]
    if absent:
        raise ValueError(
            "columns and outcome must name columns of the table; got "
            f"{', '.join(map(repr, absent))}, not there. "
            f"It has {', '.join(map(str, df.columns[:20]))}."
        )
    wrong = [key for key in columns.values() if key not in known]
    if wrong:
        raise ValueError(
            f"columns must map to keys of the vocabulary; got {', '.join(map(str, wrong))}. "
            f"Known: {', '.join(known)}."
        )
    names = [columns.get(name, name) for name in df.columns if name != outcome]
    twice = sorted(
        {str(name) for name in names if name in (*known, "outcome") and names.count(name) > 1}
    )
    if outcome in columns or "outcome" in names or twice:
        got = ", ".join(twice) or (
            "outcome=" if outcome in columns else "another column called outcome"
        )
        raise ValueError(
            f"columns and outcome must give each name to one column; got {got} too. Rename or "
            "drop one of them."
        )
    for column, unit in units.items():
        allowed = UNITS.get(column, {})
        if unit not in allowed:
            raise ValueError(
                f"units of {column} must be one of {', '.join(allowed) or 'none'}; got {unit!r}. "
                "Convert it first."
            )


def _check_values(values: Mapping[Any, int]) -> None:
    """Each text once, and 0 or 1 behind it."""
    bad = [key for key, value in values.items() if as_real(value) not in (0, 1)]
    if bad:
        raise ValueError(
            "values must map to 0 and 1, one mapping for all yes/no columns; got "
            f"{str(values[bad[0]])[:40]} for "
            f"{bad[0]!r}. Recode a column of its own coding before."
        )
    seen: dict[str, int] = {}
    for key, value in values.items():
        if seen.setdefault(_plain(key), value) != value:
            raise ValueError(
                "values must mean one thing each without case and outer blanks; got "
                f"{_plain(key)!r} as 0 and as 1. "
                "Drop one of them."
            )


def _plain(value: object) -> str:
    """A value as it is compared: text without case and outer blanks."""
    return str(value).strip().lower()


def _mapped(column: pd.Series[Any], values: Mapping[Any, int]) -> pd.Series[Any]:
    if not values:
        return column
    wanted = {_plain(key): value for key, value in values.items()}
    return column.map(lambda x: x if pd.isna(x) else wanted.get(_plain(x), x))


def _converted(values: pd.Series[Any], column: str, unit: str) -> pd.Series[Any]:
    """In the unit of the vocabulary, rounded to the precision in which the vocabulary records
    it.
    """
    factor = UNITS[column][unit]
    if factor == 1:
        return values
    if column == "age_years":
        return np.floor(values * factor)
    return (values * factor).round(0 if MEASURED[column].step == 1 else 1)


def _numeric(table: pd.DataFrame, keys: tuple[str, ...], words: Vocabulary) -> pd.DataFrame:
    """Columns of the vocabulary: int8 for complete yes/no columns, float with NaN otherwise."""
    result = {}
    for key in keys:
        if key in table.columns:
            values = _as_numbers(table[key])
            whole = key in words.yes_no and values.notna().all()
            result[key] = values.astype(np.int8) if whole else values
    return pd.DataFrame(result, index=table.index)
