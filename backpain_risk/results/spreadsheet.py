"""Text that a spreadsheet would run as a formula."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def spreadsheet_safe(table: pd.DataFrame) -> pd.DataFrame:
    """Text cells and headings that a spreadsheet would run as a formula, with an apostrophe before
    them.

    Text that begins with an apostrophe gets one too, so that reading can take exactly one off
    again. Numbers and dates stay as they are; write the result with ``to_csv``.

    Examples
    --------
    >>> spreadsheet_safe(pd.DataFrame({"=cmd": ["@x", "plain"]}))
       '=cmd
    0     '@x
    1  plain
    """
    result = table.copy()
    for i, dtype in enumerate(table.dtypes):
        if dtype.kind not in "biufcmM":
            result.isetitem(
                i,
                np.array([_safe(value) for value in table.iloc[:, i]] + [None], dtype=object)[:-1],
            )
    result.columns = [_safe(name) for name in table.columns]
    return result


def _safe(value: Any) -> Any:
    return f"'{value}" if isinstance(value, str) and value.startswith((*_FORMULA, "'")) else value
