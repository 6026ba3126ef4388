"""A cohort as one table for a file, and back: every column in its table, under its name, with
its type.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd

from ..numerics.checks import check_outcome
from ..vocabulary import STANDARD, Vocabulary
from .manifest import Column
from .own import Problem, check_cohort
from .table import Cohort

LATENT = "latent_"
_NUMBER = re.compile(r"(u?int\d+|float\d+|bool|boolean)", re.IGNORECASE)


def flattened(cohort: Cohort) -> tuple[pd.DataFrame, dict[str, Column]]:
    """One table of a cohort, and where each of its columns belongs.

    Raises
    ------
    ValueError
        When two columns would have one name, or a column has a name or categories that a file
        cannot keep.
    """
    series: dict[str, pd.Series[Any]] = {}
    columns: dict[str, Column] = {}
    for table, header, values in (*_index(cohort), *_columns(cohort)):
        if header in series or header == "":
            raise ValueError(
                f"cohort must have columns of different names to be written; got {header!r} twice "
                "or empty. Rename it."
            )
        series[header] = values.reset_index(drop=True)
        columns[header] = _described(table, header, values)
    return pd.DataFrame(series), columns


def _columns(cohort: Cohort) -> Iterator[tuple[str, str, pd.Series[Any]]]:
    """Table, heading and values of each column of a cohort."""
    for name in ("predictors", "tests", "outcome", "latent", "other", "verified"):
        table = getattr(cohort, name)
        if table is None:
            continue
        if isinstance(table, pd.Series):
            yield name, name, table.rename(name)
        else:
            prefix = LATENT if name == "latent" else ""
            yield from (
                (name, f"{prefix}{table.columns[i]}", table.iloc[:, i])
                for i in range(table.shape[1])
            )


def _index(cohort: Cohort) -> Iterator[tuple[str, str, pd.Series[Any]]]:
    """Columns for the patients' identifiers; none when they are numbered from 0."""
    index = cohort.outcome.index
    if index.equals(pd.RangeIndex(len(index))) and index.name is None:
        return
    for i in range(index.nlevels):
        level = index.get_level_values(i)
        yield "index", f"index_{i}", pd.Series(level.array, name=level.name)


def _described(table: Any, header: str, values: pd.Series[Any]) -> Column:
    name = values.name.item() if isinstance(values.name, np.integer) else values.name
    if not (name is None or isinstance(name, (str, int))):
        raise ValueError(f"columns must be named by text to be written; got {name!r}. Rename it.")
    dtype = values.dtype
    if isinstance(dtype, pd.CategoricalDtype):
        categories = dtype.categories.tolist()
        if not all(isinstance(category, (str, int, float, bool)) for category in categories):
            raise ValueError(
                f"categories must be text or numbers to be written; those of {header} are not."
            )
        return Column(
            table=table,
            name=name,
            dtype="category",
            categories=categories,
            ordered=bool(dtype.ordered),
        )
    return Column(table=table, name=name, dtype=str(dtype))


def default_columns(table: pd.DataFrame, words: Vocabulary = STANDARD) -> dict[str, Column]:
    """Columns of a folder, whose manifest does not list them: told by their names."""
    known = {
        **dict.fromkeys(words.predictors, "predictors"),
        **dict.fromkeys(words.tests, "tests"),
        "outcome": "outcome",
    }
    result = {}
    for header in map(str, table.columns):
        place = known.get(header, "latent" if header.startswith(LATENT) else "other")
        column = _described(place, header, table[header].rename(header.removeprefix(LATENT)))
        if header in known and pd.api.types.is_integer_dtype(table[header].dtype):
            column = column.model_copy(
                update={"dtype": "int32" if header in words.measured else "int8"}
            )
        result[header] = column
    return result


def is_text(column: Column) -> bool:
    """Whether CSV must keep the cells of a column as they stand."""
    if column.dtype == "category":
        return any(isinstance(category, str) for category in column.categories or [])
    return _NUMBER.fullmatch(column.dtype) is None


def assembled(table: pd.DataFrame, columns: Mapping[str, Column]) -> dict[str, Any]:
    """The tables of a cohort from one table whose columns are described."""
    found: dict[str, dict[Any, pd.Series[Any]]] = {}
    for header, column in columns.items():
        found.setdefault(column.table, {})[column.name] = _restored(table[header], column)
    if not all(
        pd.api.types.is_bool_dtype(values.dtype) for values in found.get("verified", {}).values()
    ):
        raise ValueError(
            "verified must be true or false for every patient; some are something else. Mend it "
            "first."
        )
    levels = found.pop("index", {})
    index = _index_of(levels, len(table))
    result: dict[str, Any] = {
        "predictors": pd.DataFrame(index=index),
        "tests": pd.DataFrame(index=index),
    }
    for name, series in found.items():
        frame = pd.DataFrame(
            {key: values.set_axis(index) for key, values in series.items()}, index=index
        )
        result[name] = frame[name] if name in ("outcome", "verified") else frame
    return result


def _index_of(levels: Mapping[Any, pd.Series[Any]], n: int) -> pd.Index[Any]:
    if not levels:
        return pd.RangeIndex(n)
    if len(levels) == 1:
        (name, values), *_ = levels.items()
        return pd.Index(values.array, name=name)
    return pd.MultiIndex.from_arrays(
        [values.array for values in levels.values()], names=list(levels)
    )


def _restored(values: pd.Series[Any], column: Column) -> pd.Series[Any]:
    """Values with the type they had; nothing wraps, is cut off or goes missing."""
    try:
        result = _cast(values, column)
    except (TypeError, ValueError, OverflowError):
        result = None
    if result is None or not _kept(result, values):
        raise ValueError(
            f"{values.name} must hold values of type {column.dtype} that a file can keep; some "
            "are of another kind. "
            "Convert it to text, numbers or dates of one type."
        )
    return result


def _cast(values: pd.Series[Any], column: Column) -> pd.Series[Any]:
    if column.dtype == "category":
        return pd.Series(
            pd.Categorical(values, categories=column.categories, ordered=column.ordered),
            name=values.name,
        )
    if column.dtype in (str(values.dtype), "str"):  # pandas before 3 keeps text as objects
        return values
    if column.dtype.startswith("datetime64"):
        return pd.to_datetime(values, format="ISO8601").astype(column.dtype)  # type: ignore[call-overload]
    return values.astype(column.dtype)  # type: ignore[call-overload]


def _kept(result: pd.Series[Any], values: pd.Series[Any]) -> bool:
    """No value went missing, and a whole number is still the same."""
    if result.isna().sum() != values.isna().sum():
        return False
    return not pd.api.types.is_integer_dtype(result.dtype) or bool(
        (result.dropna() == values.dropna()).all()
    )


def same_patients(one: Cohort, other: Cohort) -> str:
    """Name of the first column in which two cohorts differ, in type or in any value; empty when
    in none.
    """
    (left, described) = flattened(one)
    (right, described_too) = flattened(other)
    for header in left.columns.union(right.columns, sort=False):
        if described.get(header) != described_too.get(header) or not _equal(
            left[header], right[header]
        ):
            return str(header)
    return ""


def _equal(one: pd.Series[Any], other: pd.Series[Any]) -> bool:
    if isinstance(one.dtype, pd.CategoricalDtype):
        return bool((one.cat.codes == other.cat.codes).all())
    known = one.notna()
    try:
        return known.equals(other.notna()) and np.array_equal(
            one[known].to_numpy(), other[known].to_numpy()
        )
    except ValueError:  # cells that are arrays themselves
        return False


def refuse_values(
    table: pd.DataFrame, outcome: pd.Series[Any], where: str, words: Vocabulary = STANDARD
) -> None:
    """Values of the vocabulary's columns and the outcome by their rules; a column that holds
    nothing is no problem.
    """
    known = [column for column in words.columns if column in table and table[column].notna().any()]
    if not known:
        check_outcome(outcome)
        return
    problems = check_cohort(table[known].assign(outcome=outcome.array), words=words)
    if len(problems):
        sentences = [
            Problem(*row).sentence() for row in problems.itertuples(index=False, name=None)
        ]
        raise ValueError(f"{where}: {' '.join(sentences)}")
