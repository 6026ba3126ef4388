"""Patients as CSV: text stays text, what is missing stays missing, and no cell runs as a
formula.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from .. import vocabulary
from ..results.spreadsheet import spreadsheet_safe
from .manifest import Column
from .stored_columns import is_text

_MISSING = ["", "NA", "N/A", "n/a", "<NA>", "NaN", "nan", "NULL", "null", "None"]
_NUMBER = re.compile(r"-?(0|[1-9]\d*)(\.\d+)?([eE][-+]?\d+)?")

_EXACT: Any = {"float_precision": "round_trip"} if int(pd.__version__.split(".")[0]) < 3 else {}
"""Every digit of a number; pandas 3 does so by itself."""


def write_csv(table: pd.DataFrame, file: Path) -> None:
    """Cells and headings that a spreadsheet would run get an apostrophe; empty text is an
    apostrophe alone.
    """
    safe = spreadsheet_safe(table)
    for i, dtype in enumerate(safe.dtypes):
        if dtype.kind == "O":
            cells = safe.iloc[:, i]
            safe.isetitem(i, cells.mask(cells == "", "'").array)
    safe.to_csv(file, index=False, lineterminator="\n")


def read_csv(file: Path, columns: Mapping[str, Column]) -> pd.DataFrame:
    """A file whose columns are described, with the apostrophes taken off."""
    headings = list(spreadsheet_safe(pd.DataFrame(columns=list(columns))).columns)
    text = [
        heading
        for heading, column in zip(headings, columns.values(), strict=True)
        if is_text(column)
    ]
    table = _parsed(file, text, {})
    if list(table.columns) != headings:
        raise ValueError("its columns are not those of its manifest")
    table.columns = list(columns)
    return unguarded(table)


def unguarded(table: pd.DataFrame) -> pd.DataFrame:
    """Text without its first apostrophe."""
    result = table.copy()
    for column in table.columns:
        if not pd.api.types.is_numeric_dtype(table[column].dtype):
            result[column] = table[column].map(
                lambda x: x.removeprefix("'") if isinstance(x, str) else x
            )
    return result


def read_own_csv(file: Path) -> pd.DataFrame:
    """A user's own file: the usual signs for missing in columns of the vocabulary, an empty cell in
    the others.

    A column of others is a number when every cell is written as one: "007" stays text.
    """
    known = (*vocabulary.COLUMNS, "outcome")
    others = [column for column in pd.read_csv(file, nrows=0).columns if column not in known]
    table = _parsed(file, others, dict.fromkeys(known, _MISSING))
    for column in others:
        cells = table[column].dropna()
        if len(cells) and all(_NUMBER.fullmatch(cell) for cell in cells):
            table[column] = pd.to_numeric(table[column])
    return table


def _parsed(file: Path, text: list[str], missing: Mapping[str, list[str]]) -> pd.DataFrame:
    signs: Any = {
        column: missing.get(column, [""]) for column in pd.read_csv(file, nrows=0).columns
    }
    return pd.read_csv(
        file,
        dtype=dict.fromkeys(text, str),
        keep_default_na=False,
        na_values=signs,
        low_memory=False,
        **_EXACT,
    )
