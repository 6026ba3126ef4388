"""Reading a table of predictors as a question to the joint distribution.

Every column becomes a range of possible values for each distinct row: one value when recorded, a
band, or everything when missing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from ...numerics.checks import check_table
from ...numerics.patterns import distinct_rows
from ...numerics.values import as_numbers
from ...vocabulary import AGE, STANDARD, Finding, Measurement, Vocabulary
from .laboratory import recorded_values

IntArray = npt.NDArray[np.int64]
_CONTEXT = ("age_years", "male")


class Group(NamedTuple):
    """Patterns (row numbers) that share their possible contexts."""

    rows: IntArray
    contexts: IntArray


@dataclass(frozen=True, eq=False)
class Possible:
    """What one column allows: ``code`` (patterns,) numbers the rows of ``ranges`` (k, 2), inclusive
    value indices.

    Yes/no columns have indices 0 and 1, laboratory values the position among the recorded values,
    age years.
    """

    code: IntArray
    ranges: IntArray

    @classmethod
    def of(cls, low: IntArray, high: IntArray) -> Possible:
        """From the lowest and highest possible index of each pattern."""
        code, first = distinct_rows([low, high])
        return cls(code, np.column_stack([low[first], high[first]]))

    @classmethod
    def read(cls, term: Finding | Measurement, values: pd.Series[Any]) -> Possible:
        """From the recorded values of a column, each distinct value read once."""
        code, first = distinct_rows([values])
        return cls(code, np.column_stack(_bounds(term, values.iloc[first])))

    @classmethod
    def anything(cls, lowest: int, highest: int, n: int) -> Possible:
        """A column that was not given."""
        return cls(np.zeros(n, dtype=np.int64), np.array([[lowest, highest]]))

    def bounds(self) -> tuple[IntArray, IntArray]:
        """Lowest and highest possible index of each pattern."""
        low, high = self.ranges[self.code].T
        return low, high


@dataclass(frozen=True, eq=False)
class Branch:
    """Distinct combinations of some columns among some rows, as a tree.

    ``which`` is the combination of each row. A leaf has a column ``key`` and the ``ranges`` (m, 2)
    of its combinations; a branch has two ``parts`` that split its columns, whose rows are the
    combinations of this branch.
    """

    which: IntArray
    key: str = ""
    ranges: IntArray = field(default_factory=lambda: np.empty((0, 2), dtype=np.int64))
    parts: tuple[Branch, ...] = ()

    @property
    def size(self) -> int:
        """Number of combinations."""
        if self.parts:
            return self.parts[0].which.size
        return len(self.ranges) if self.key else 1


@dataclass(frozen=True, eq=False)
class Query:
    """Distinct rows of a table of predictors, as what each column allows.

    ``inverse`` is the pattern of each original row; ``halves`` splits the columns that are findings
    or tests.

    Examples
    --------
    Three men of 60: two with night pain, and one whom nobody asked. Two rows are distinct.

    >>> rows = pd.DataFrame({"age_years": 60, "male": 1, "night_pain": [1, None, 1]})
    >>> query = read_query(rows)
    >>> query.inverse.tolist()
    [0, 1, 0]

    Night pain may be 1 only, or 0 to 1 where it is missing.

    >>> low, high = query.columns["night_pain"].bounds()
    >>> low.tolist(), high.tolist()
    ([1, 0], [1, 1])

    Both patterns allow one context: age 18 + 42, male, number 2 * 42 + 1.

    >>> [(group.rows.tolist(), group.contexts.tolist()) for group in query.groups()]
    [([0, 1], [85])]

    The tree of the findings has one leaf, with two combinations.

    >>> leaf = query.branch(("night_pain",), np.arange(2))
    >>> leaf.key, leaf.ranges.tolist()
    ('night_pain', [[1, 1], [0, 1]])
    """

    columns: dict[str, Possible]
    inverse: IntArray
    n_patterns: int
    halves: tuple[tuple[str, ...], tuple[str, ...]]

    def groups(self) -> Iterator[Group]:
        """Patterns grouped by the ages and sexes they allow."""
        age, male = (self.columns[key] for key in _CONTEXT)
        which, first = distinct_rows([age.code, male.code])
        order = np.argsort(which, kind="stable")
        start = int(AGE.low)
        for rows in np.split(order, np.cumsum(np.bincount(which, minlength=first.size))[:-1]):
            (youngest, oldest) = age.ranges[age.code[rows[0]]]
            (x, y) = male.ranges[male.code[rows[0]]]
            ages = np.arange(youngest - start, oldest - start + 1)
            sexes = np.arange(x, y + 1)
            yield Group(rows, (2 * ages[:, None] + sexes).ravel())

    def branch(self, columns: tuple[str, ...], rows: IntArray) -> Branch:
        """The distinct combinations of ``columns`` among ``rows``, halved until a branch is one
        column.
        """
        if not columns:
            return Branch(np.zeros(rows.size, dtype=np.int64))
        which, first = distinct_rows([self.columns[key].code[rows] for key in columns])
        if len(columns) == 1:
            possible = self.columns[columns[0]]
            return Branch(which, key=columns[0], ranges=possible.ranges[possible.code[rows[first]]])
        middle = len(columns) // 2
        parts = (
            self.branch(columns[:middle], rows[first]),
            self.branch(columns[middle:], rows[first]),
        )
        return Branch(which, parts=parts)


def read_query(predictors: pd.DataFrame, words: Vocabulary = STANDARD) -> Query:
    """Check the columns of a table and collapse it to distinct rows.

    Raises
    ------
    ValueError
        Naming the column, the rule and the first offending value; also where age and its band
        contradict each other.
    """
    check_table("predictors", predictors)
    if not len(predictors.columns) or predictors.columns.has_duplicates:
        repeated = predictors.columns[predictors.columns.duplicated()]
        got = f"{', '.join(map(str, repeated[:5]))} twice" if len(repeated) else "none"
        raise ValueError(
            f"predictors must have one or more columns of distinct names; got {got}. Rename or "
            "drop some."
        )
    unknown = [str(c) for c in predictors.columns if c not in words.columns]
    if unknown:
        raise ValueError(
            f"predictors must have columns of the vocabulary; got {', '.join(unknown)}. Rename or "
            "drop them; known: "
            f"{', '.join(words.columns)}."
        )
    inverse, first = distinct_rows([predictors[column] for column in predictors.columns])
    rows = predictors.iloc[first]
    columns = {
        column: Possible.read(words.columns[column], rows[column]) for column in predictors.columns
    }
    columns.setdefault(
        "age_years",
        Possible.anything(int(AGE.low), int(AGE.high), first.size),
    )
    columns.setdefault("male", Possible.anything(0, 1, first.size))
    if "age_50_or_over" in columns:
        columns["age_years"] = _merged(columns["age_years"], columns.pop("age_50_or_over"), first)
    return Query(
        columns,
        inverse,
        first.size,
        _halves([key for key in columns if key not in _CONTEXT], words),
    )


def _halves(findings: list[str], words: Vocabulary) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Yes/no columns split evenly, laboratory values in the second half."""
    flags = [key for key in findings if key not in words.laboratory]
    values = [key for key in findings if key in words.laboratory]
    middle = len(flags) if len(values) > 1 else (len(flags) + 1) // 2 + len(values)
    return tuple(flags[:middle]), (*flags[middle:], *values)


def _bounds(term: Finding | Measurement, values: pd.Series[Any]) -> tuple[IntArray, IntArray]:
    if isinstance(term, Finding):
        return _whole_bounds(term, values, 0, 1)
    if term.key == AGE.key:
        return _whole_bounds(term, values, int(AGE.low), int(AGE.high))
    return _laboratory_bounds(term, values)


def _unreadable(term: Finding | Measurement, x: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
    """Which values a column of the vocabulary cannot record; NaN is a missing value."""
    return term.outside(x) | term.between_steps(x)


def _whole_bounds(
    term: Finding | Measurement, values: pd.Series[Any], lowest: int, highest: int
) -> tuple[IntArray, IntArray]:
    x = as_numbers(term.key, values)
    missing = np.isnan(x)
    bad = _unreadable(term, x)
    if bad.any():
        raise ValueError(
            f"{term.key} must be a whole number from {lowest} to {highest}, or missing; got "
            f"{x[bad][0]:g}. "
            "Recode the value or set it to NaN."
        )
    low = np.where(missing, lowest, x)
    high = np.where(missing, highest, x)
    return np.rint(low).astype(np.int64), np.rint(high).astype(np.int64)


def _laboratory_bounds(term: Measurement, values: pd.Series[Any]) -> tuple[IntArray, IntArray]:
    """Recorded numbers, or band labels of the vocabulary."""
    grid = recorded_values(term)
    if not pd.api.types.is_numeric_dtype(values.dtype):
        return _band_bounds(term, values, grid)
    x = as_numbers(term.key, values)
    missing = np.isnan(x)
    per_unit = round(1 / term.step)
    bad = _unreadable(term, x)
    if bad.any():
        raise ValueError(
            f"{term.key} must be from {grid[0]:g} to {grid[-1]:g} in steps of {1 / per_unit:g}, a "
            "band, or missing; got "
            f"{x[bad][0]:g}. Round to the recorded precision, or set values beyond the range to "
            "its end."
        )
    position = np.rint(np.where(missing, grid[0], x) * per_unit) - round(grid[0] * per_unit)
    index = position.astype(np.int64)
    return np.where(missing, 0, index), np.where(missing, grid.size - 1, index)


def _band_bounds(
    term: Measurement, values: pd.Series[Any], grid: npt.NDArray[np.float64]
) -> tuple[IntArray, IntArray]:
    labels = term.bands
    starts = np.searchsorted(grid, [grid[0], *term.cutoffs])
    ends = np.append(starts[1:], grid.size) - 1
    ranges = {label: (int(a), int(b)) for label, a, b in zip(labels, starts, ends, strict=True)}
    everything = (0, grid.size - 1)
    text = [None if pd.isna(value) else str(value) for value in values]
    unknown = sorted({value for value in text if value is not None and value not in ranges})
    if unknown:
        raise ValueError(
            f"{term.key} must hold numbers or the bands {', '.join(labels)}; got {unknown[0]!r}. "
            "Relabel it."
        )
    pairs = np.array(
        [everything if value is None else ranges[value] for value in text], dtype=np.int64
    )
    return pairs[:, 0], pairs[:, 1]


def _merged(age: Possible, band: Possible, first: IntArray) -> Possible:
    """Age in years with its band at 50."""
    (low, high) = age.bounds()
    (band_low, band_high) = band.bounds()
    low = np.where(band_low == 1, np.maximum(low, 50), low)
    high = np.where(band_high == 0, np.minimum(high, 49), high)
    clash = np.greater(low, high)
    if clash.any():
        raise ValueError(
            "age_years and age_50_or_over must agree; got a contradiction at row "
            f"{int(first[clash][0])}. "
            "Correct one of them."
        )
    return Possible.of(low, high)
