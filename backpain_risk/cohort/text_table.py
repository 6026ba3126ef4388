"""A table from a file of the user's: what is plain is read, what is not is said with the option
to pass.
"""

from __future__ import annotations

import csv
import io
import re
import warnings
from itertools import islice
from pathlib import Path
from typing import Any

import pandas as pd

_SEPARATORS = (",", ";", "\t", "|")
_MARKS = {b"\xef\xbb\xbf": "utf-8-sig", b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}
_COMMA = re.compile(r"\s*[-+]?\d+,\d+\s*")
_WHOLE = re.compile(r"\s*[-+]?\d+\s*")
_NOT_THOUSANDS = re.compile(r"\s*[-+]?(0,\d+|\d+,(\d{1,2}|\d{4,}))\s*")
_LOOKED_AT = 2**16  # bytes
_ROWS_LOOKED_AT = 20


def read_text(
    path: Path, sep: str | None = None, decimal: str | None = None, encoding: str | None = None
) -> pd.DataFrame:
    """A text table, from a file or a pipe.

    Parameters
    ----------
    path : Path
    sep, decimal, encoding : str, optional
        As seen in the file when None.

    Raises
    ------
    ValueError
        For what is no table, and where a sign could mean two things.
    """
    _check_signs(sep, decimal)
    source, head = _opened(path)
    encoding = encoding or _encoding(path, head)
    text = _decoded(path, head, encoding)
    sep = "\t" if sep in ("\\t", "tab") else sep or _separator(path, text)
    _check_header(path, _records(text, sep))
    if decimal is not None:
        return _parsed(path, source, sep, decimal, encoding)
    table = _parsed(path, source, sep, ".", encoding)
    return _parsed(path, source, sep, ",", encoding) if _has_decimal_commas(path, table) else table


def refuse_text(table: pd.DataFrame, columns: list[str]) -> None:
    """Raise where a column that must hold numbers holds percentages or other text."""
    for column in columns:
        values = table[column]
        if pd.api.types.is_numeric_dtype(values):
            continue
        text = values[pd.to_numeric(values, errors="coerce").isna() & values.notna()].astype(str)
        if len(text):
            percent = text.iloc[0].strip().endswith("%")
            remedy = (
                "Write a fraction, 0.085 for 8.5%."
                if percent
                else "Write yes and no as 1 and 0, or pass --decimal or --sep."
            )
            raise ValueError(
                f"{column} must hold numbers; got {len(text)} of {len(values)} as text (first "
                f"{text.iloc[0][:40]!r} at "
                f"row {text.index[0]}). {remedy}"
            )


def _check_signs(sep: str | None, decimal: str | None) -> None:
    if sep is not None and sep not in ("\\t", "tab") and len(sep) != 1:
        raise ValueError(
            f"sep must be one sign; got {sep!r}. Pass for example --sep ';' or --sep tab."
        )
    if decimal not in (None, ".", ","):
        raise ValueError(f"decimal must be '.' or ','; got {decimal!r}. Choose one of these.")
    if sep is not None and sep == decimal:
        raise ValueError(f"sep and decimal must differ; got {sep!r} for both. Change one of them.")


def _opened(path: Path) -> tuple[Path | bytes, bytes]:
    """What to read from (all bytes of a pipe), and its first bytes."""
    if path.is_dir():
        raise ValueError(f"data must be a CSV file; {path} is a folder. Name the file in it.")
    if not path.exists():
        raise ValueError(f"data must be a CSV file; {path} does not exist. Check the name.")
    if not path.is_file():
        whole = path.read_bytes()
        return whole, whole
    with path.open("rb") as handle:
        return path, handle.read(_LOOKED_AT)


def _encoding(path: Path, head: bytes) -> str:
    for mark, encoding in _MARKS.items():
        if head.startswith(mark):
            return encoding
    if b"\0" in head:
        raise ValueError(
            f"data must be a CSV file; {path} holds zero bytes. Export it as CSV, or pass "
            "--encoding "
            "utf-16-le if it is text."
        )
    return "utf-8"


def _decoded(path: Path, head: bytes, encoding: str) -> str:
    try:
        return head.decode(encoding)
    except LookupError:
        raise ValueError(
            f"encoding must be one that Python knows; got {encoding!r}. Pass for example latin-1."
        ) from None
    except UnicodeDecodeError as error:
        if error.start >= len(head) - 4:  # a sign cut in two
            return head[: error.start].decode(encoding)
        raise _other_encoding(path, encoding, error) from None


def _other_encoding(path: Path, encoding: str, error: UnicodeDecodeError) -> ValueError:
    return ValueError(
        f"data must be text in {encoding}; {path} holds the byte "
        f"0x{error.object[error.start]:02x}, which is none. "
        "Pass its encoding, for example --encoding latin-1 or --encoding cp1252."
    )


def _records(text: str, sep: str) -> list[list[str]]:
    """The first rows with anything in them; one that may be cut short is left out."""
    whole = len(text) < _LOOKED_AT // 4
    rows = list(
        islice(
            filter(None, csv.reader(io.StringIO(text, newline=""), delimiter=sep)), _ROWS_LOOKED_AT
        )
    )
    return rows if whole or len(rows) in (1, _ROWS_LOOKED_AT) else rows[:-1]


def _separator(path: Path, text: str) -> str:
    if not text.strip():
        raise ValueError(f"data must have a header and rows; {path} is empty. Check the export.")
    widths = {sep: {len(row) for row in _records(text, sep)} for sep in _SEPARATORS}
    fitting = [sep for sep, found in widths.items() if len(found) == 1 and found != {1}]
    if len(fitting) > 1:
        names = " and ".join("tab" if sep == "\t" else repr(sep) for sep in fitting)
        raise ValueError(
            f"data must show what separates its columns; in {path} it may be {names}. Pass --sep."
        )
    return fitting[0] if fitting else ","


def _check_header(path: Path, rows: list[list[str]]) -> None:
    names = rows[0] if rows else []
    if len(rows) > 1 and all(len(row) == len(names) + 1 and row[-1] for row in rows[1:]):
        raise ValueError(
            f"data must have a name for each column; {path} has {len(names)} names for "
            f"{len(names) + 1} columns. "
            "Complete its header."
        )
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise ValueError(
            f"columns must have names of their own; {path} has {repeated[0]!r} "
            f"{names.count(repeated[0])} times. "
            "Rename all but one."
        )


def _parsed(
    path: Path, source: Path | bytes, sep: str, decimal: str, encoding: str
) -> pd.DataFrame:
    given: Any = io.BytesIO(source) if isinstance(source, bytes) else source
    try:
        with warnings.catch_warnings():
            warnings.simplefilter(
                "error", pd.errors.ParserWarning
            )  # a value too many is not dropped
            return pd.read_csv(
                given,
                sep=sep,
                decimal=decimal,
                encoding=encoding,
                index_col=False,
                low_memory=False,
            )
    except UnicodeDecodeError as error:
        raise _other_encoding(path, encoding, error) from None
    except (pd.errors.ParserError, pd.errors.ParserWarning, pd.errors.EmptyDataError) as error:
        reason = " ".join(str(error).replace("Error tokenizing data. C error:", "").split())
        raise ValueError(
            f"data must have as many values in each row as names in its header; {path} has not "
            f"({reason}). Pass "
            "--sep if another sign separates its columns."
        ) from None


def _has_decimal_commas(path: Path, table: pd.DataFrame) -> bool:
    """Whether numbers are written with decimal commas; refused where they may be thousands."""
    texts = [
        table[c].dropna().astype(str)
        for c in table.columns
        if not pd.api.types.is_numeric_dtype(table[c])
    ]
    commas = [
        text
        for text in texts
        if len(text) and _all_match(text, _COMMA, _WHOLE) and _any_match(text, _COMMA)
    ]
    if not commas:
        return False
    points = [
        c
        for c in table.columns
        if pd.api.types.is_float_dtype(table[c]) and (table[c] % 1 > 0).any()
    ]
    if points or not all(_any_match(text, _NOT_THOUSANDS) for text in commas):
        first = next(value for value in commas[0] if "," in value)
        raise ValueError(
            f"data must show what its commas mean; {path} holds {first!r} in {commas[0].name}. "
            "Pass --decimal ',' if "
            "it is a decimal sign, or take the commas out."
        )
    return True


def _all_match(text: pd.Series[str], *patterns: re.Pattern[str]) -> bool:
    return all(any(pattern.fullmatch(value) for pattern in patterns) for value in text)


def _any_match(text: pd.Series[str], pattern: re.Pattern[str]) -> bool:
    return any(pattern.fullmatch(value) for value in text)
