"""One column of a user's table read by its rule, and what was met on the way."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from ... import vocabulary
from ...numerics.checks import BoolArray, FloatArray
from ...numerics.values import as_real, shown
from ..own import UNITS
from .rules import ColumnRule

_PLAIN_YES_NO = {"0": 0.0, "1": 1.0, "false": 0.0, "true": 1.0}
FIRST_ROW = 2  # of a spreadsheet whose row 1 holds the names
_FEW = 5  # values that a problem names


class Disagreement(NamedTuple):
    """What is wrong with some values of a column: the rule, the rows (positions), the remedy."""

    column: str
    rule: str
    rows: list[int]
    values: list[Any]
    remedy: str

    def sentence(self) -> str:
        """The problem in words, with rows as a spreadsheet counts them."""
        named = [
            f"{shown(value)} at row {row + FIRST_ROW}"
            for row, value in zip(self.rows[:_FEW], self.values[:_FEW], strict=True)
        ]
        more = len(self.rows) - _FEW
        got = ", ".join(named) + (f" and {more} more" if more > 0 else "")
        return f"{self.column!r} {self.rule}; got {got}. {self.remedy}"


class Changed(NamedTuple):
    """A value that a declared rule did not take as it is."""

    source: str
    row: int
    value: str
    rule: str


class ReadColumn:
    """One column being read: its values, and the problems and changes met on the way."""

    def __init__(self, name: str, rule: ColumnRule, raw: pd.Series[Any]) -> None:
        self.name = name
        self.rule = rule
        self.raw = raw
        self.problems: list[Disagreement] = []
        self.changed: list[Changed] = []

    def refuse(self, bad: BoolArray, rule: str, remedy: str) -> None:
        """A problem, where some values are bad; rows are those of the file."""
        if bad.any():
            rows = [int(row) for row in self.raw.index[bad]]
            values = self.raw[bad].head(_FEW).tolist()
            self.problems.append(Disagreement(self.name, rule, rows, values, remedy))

    def note(self, which: BoolArray, rule: str) -> None:
        """Values that a declared rule changes."""
        self.changed += [
            Changed(self.name, int(row) + FIRST_ROW, str(value), rule)
            for row, value in zip(self.raw.index[which], self.raw[which], strict=True)
        ]


def values_of(column: ReadColumn, table: pd.DataFrame) -> Any:
    """What a column holds by its rule: a float array with NaN, or as it is where it is kept."""
    rule = column.rule
    raw = column.raw
    if rule.keep is not None:
        return raw.to_numpy()
    missing = raw.isna().to_numpy() | said(raw, rule.missing)
    column.note(said(raw, rule.missing) & raw.notna().to_numpy(), "read as missing")
    if rule.kind == "category":
        return _category(column, missing)
    if rule.until is not None:
        numbers = _age(column, table[rule.until], missing)
    else:
        numbers = by_values(raw, rule.values) if _closed(rule) else _numbers(raw, rule.values)
        column.refuse(np.isnan(numbers) & ~missing, *_expected(rule))
    numbers[missing] = np.nan
    if rule.yes_from is not None or rule.yes_below is not None:
        return _as_yes_no(numbers, rule)
    return numbers if rule.yes_no else _measured(column, numbers)


def _closed(rule: ColumnRule) -> bool:
    """Whether only listed values are right: yes/no columns without a cut-off."""
    return rule.yes_no and rule.yes_from is None and rule.yes_below is None


def _expected(rule: ColumnRule) -> tuple[str, str]:
    if _closed(rule):
        listed = ", ".join(map(repr, rule.values)) or "0, 1"
        return f"must be one of {listed}", "Add it to values or to missing."
    return "must hold numbers", "Say in values what number it means, or list it under missing."


def _plain(value: object) -> str:
    """A value as it is compared: text without case and outer blanks, whole numbers without a
    point.
    """
    number = as_real(value)
    text = f"{number:.12g}" if number is not None and abs(number) < 1e6 else str(value)
    return text.strip().lower()


def said(raw: pd.Series[Any], words: tuple[str, ...]) -> BoolArray:
    """Which values are one of these words."""
    wanted = {_plain(word) for word in words}
    return np.array([_plain(value) in wanted for value in raw], dtype=bool)


def by_values(raw: pd.Series[Any], values: Mapping[str, float]) -> FloatArray:
    """Numbers behind the listed values, NaN for any other."""
    wanted = {_plain(key): value for key, value in (values or _PLAIN_YES_NO).items()}
    return np.array([wanted.get(_plain(value), np.nan) for value in raw], dtype=np.float64)


def _numbers(raw: pd.Series[Any], values: Mapping[str, float]) -> FloatArray:
    """Numbers as they stand, listed texts by what they mean, NaN for any other."""
    listed = by_values(raw, values) if values else np.full(len(raw), np.nan)
    plain = raw if not pd.api.types.is_bool_dtype(raw.dtype) else raw.astype("float64")
    if pd.api.types.is_datetime64_any_dtype(plain.dtype):
        return listed
    numbers = pd.to_numeric(plain, errors="coerce").to_numpy(np.float64, na_value=np.nan)
    return np.where(np.isnan(listed), np.where(np.isfinite(numbers), numbers, np.nan), listed)


def _as_yes_no(numbers: FloatArray, rule: ColumnRule) -> FloatArray:
    if rule.yes_from is not None:
        yes = numbers >= rule.yes_from
    else:
        yes = numbers < np.float64(rule.yes_below or 0.0)
    return np.where(np.isnan(numbers), np.nan, yes.astype(np.float64))


def _age(column: ReadColumn, until: pd.Series[Any], missing: BoolArray) -> FloatArray:
    """Completed years from the dates of birth to those of another column."""
    style = str(column.rule.format)
    born = _dates(column.raw, style)
    then = _dates(until.loc[column.raw.index], style)
    missing |= until.isna().to_numpy()
    remedy = "Correct the date, its format, or list it under missing."
    column.refuse(np.isnat(born) & ~missing, f"must be a date like {style}", remedy)
    column.refuse(
        np.isnat(then) & ~missing & ~np.isnat(born),
        f"must stand beside a date like {style} in {until.name!r}",
        remedy,
    )
    known = ~np.isnat(born) & ~np.isnat(then)
    first, last = (
        pd.DatetimeIndex(np.where(known, dates, np.datetime64("2000"))) for dates in (born, then)
    )
    before = (last.month < first.month) | ((last.month == first.month) & (last.day < first.day))
    years = (last.year - first.year).to_numpy(np.float64) - before
    return np.where(known, years, np.nan)


def _dates(raw: pd.Series[Any], style: str) -> npt.NDArray[np.datetime64]:
    if pd.api.types.is_datetime64_any_dtype(raw.dtype):
        found = pd.to_datetime(raw)
    else:
        text = raw.astype("string").str.strip()
        found = pd.to_datetime(text, format=style, errors="coerce")
    return found.to_numpy("datetime64[us]")


def _measured(column: ReadColumn, numbers: FloatArray) -> FloatArray:
    """In the unit wanted, rounded where that is declared, and inside the range."""
    rule = column.rule
    term = vocabulary.MEASURED.get(rule.name)
    if term is not None:
        numbers = numbers * UNITS[term.key][rule.unit or term.unit]
        if term.key == vocabulary.AGE.key and rule.unit == "months":
            numbers = np.floor(numbers)
        elif rule.unit not in ("", term.unit) or rule.round:
            numbers = np.round(numbers, 0 if term.step == 1 else 1)
        steps = term.between_steps(numbers)
        column.refuse(
            steps, f"must be recorded to {term.step:g} {term.unit}", "Write round = true."
        )
    else:
        numbers = numbers * rule.factor
    low = rule.low if term is None else term.low
    high = rule.high if term is None else term.high
    return _inside(
        column, numbers, -np.inf if low is None else low, np.inf if high is None else high
    )


def _inside(column: ReadColumn, numbers: FloatArray, low: float, high: float) -> FloatArray:
    rule = column.rule
    above = (numbers > high) & (numbers <= (high if rule.up_to is None else rule.up_to))
    column.note(above, f"read as {high:g}")
    numbers = np.where(above, high, numbers)
    absurd = (numbers < low) | (numbers > high)
    if rule.outside == "missing":
        column.note(absurd, f"outside {low:g} to {high:g}, read as missing")
        return np.where(absurd, np.nan, numbers)
    unit = rule.unit if rule.own else vocabulary.MEASURED[rule.name].unit
    column.refuse(
        absurd,
        f"must lie from {low:g} to {high:g} {unit}".rstrip(),
        'Correct it in the file, mend unit, write outside = "missing", or up_to = for values that '
        "belong to the end of the range.",
    )
    return numbers


def _category(column: ReadColumn, missing: BoolArray) -> FloatArray:
    """Number of the level of each patient, NaN where missing."""
    levels = {level: float(k) for k, level in enumerate(column.rule.levels)}
    found = by_values(column.raw, levels)
    listed = ", ".join(map(repr, column.rule.levels))
    column.refuse(
        np.isnan(found) & ~missing, f"must be one of {listed}", "Add it to levels or to missing."
    )
    found[missing] = np.nan
    return found
