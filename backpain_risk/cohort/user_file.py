"""A table of the user's from a file: text, Parquet or Excel, as it is written there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from ..numerics.checks import check_path
from .text_table import read_text

_EXCEL = (".xlsx", ".xlsm")
_PARQUET = (".parquet", ".pq")


def read_table(
    path: str | Path,
    sep: str | None = None,
    decimal: str | None = None,
    encoding: str | None = None,
    sheet: str | None = None,
) -> pd.DataFrame:
    """Read a table as it is in a file; what its columns mean is for a mapping to say.

    Parameters
    ----------
    path : str or Path
        ``.parquet``, ``.xlsx`` or ``.xlsm``; anything else is read as text with a sign between
        columns.
    sep, decimal, encoding : str, optional
        Of text files; as seen in the file when None.
    sheet : str, optional
        Of an Excel file; needed where it has several.

    Returns
    -------
    DataFrame
        One row per row of the file, the first row being names.

    Raises
    ------
    ValueError
        For what is no table, names that repeat, options of another format, and where a sign could
        mean two things.
    ModuleNotFoundError
        For Excel without openpyxl.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = (Path(folder) / "patients.csv").write_text("Age;ESR\\n45;12,5\\n71;60,0\\n")
    ...     read_table(Path(folder) / "patients.csv").ESR.tolist()
    [12.5, 60.0]
    """
    source = check_path("path", path)
    ending = source.suffix.lower()
    if ending in (*_EXCEL, *_PARQUET):
        _refuse_options(source, sep=sep, decimal=decimal, encoding=encoding)
    if sheet is not None and ending not in _EXCEL:
        raise ValueError(f"sheet must be given for Excel files only; got it for {source.name}.")
    if ending in _EXCEL:
        return _named_once(source, _sheet(source, sheet))
    if ending in _PARQUET:
        return _named_once(source, _parquet(source))
    return read_text(source, sep, decimal, encoding)


def _refuse_options(path: Path, **given: str | None) -> None:
    named = [name for name, value in given.items() if value is not None]
    if named:
        raise ValueError(
            f"{' and '.join(named)} must be given for text files only; got {path.name}. Leave "
            "it out."
        )
    if not path.is_file():
        raise ValueError(f"data must be a file; {path} does not exist. Check the name.")


def _sheet(path: Path, sheet: str | None) -> pd.DataFrame:
    try:
        book = pd.ExcelFile(path, engine="openpyxl")
    except ModuleNotFoundError:
        raise
    except ImportError as error:
        raise ModuleNotFoundError("openpyxl is not installed", name="openpyxl") from error
    except Exception as error:  # what is no workbook fails in many ways
        raise ValueError(
            f"data must be an Excel workbook; {path} is none ({type(error).__name__}). Save it "
            "anew, or as CSV."
        ) from None
    with book:
        names = [str(name) for name in book.sheet_names]
        if sheet is None and len(names) > 1:
            raise ValueError(
                f"sheet must be named where there are several; {path.name} has "
                f"{', '.join(names[:20])}. Pass one of them."
            )
        if sheet is not None and sheet not in names:
            raise ValueError(
                f"sheet must be one of {', '.join(names[:20])}; got {sheet!r}. Check the name."
            )
        chosen = names[0] if sheet is None else sheet
        first = pd.read_excel(book, sheet_name=chosen, header=None, nrows=1)
        _refuse_repeated(path, [str(name) for name in first.iloc[0]] if len(first) else [])
        table: pd.DataFrame = pd.read_excel(book, sheet_name=chosen)
        return table


def _parquet(path: Path) -> pd.DataFrame:
    from pyarrow.lib import ArrowException

    try:
        return pd.read_parquet(path)
    except (ArrowException, OSError) as error:
        raise ValueError(
            f"data must be a Parquet file; {path} is none ({type(error).__name__}). Export it anew."
        ) from None


def _named_once(path: Path, table: pd.DataFrame) -> pd.DataFrame:
    names: list[Any] = list(table.columns)
    unnamed = [str(name) for name in names if str(name).startswith("Unnamed: ")]
    if unnamed:
        raise ValueError(
            f"data must have a name for each column; {path} has {len(unnamed)} without. Complete "
            "its first row."
        )
    _refuse_repeated(path, [str(name) for name in names])
    return table.rename(columns=str)


def _refuse_repeated(path: Path, names: list[str]) -> None:
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise ValueError(
            f"columns must have names of their own; {path} has {repeated[0]!r} twice. Rename one."
        )
