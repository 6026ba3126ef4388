"""How results show themselves in a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

_ROWS = 40  # of a table; the rest is in to_frame()


def as_text(*parts: str | pd.DataFrame, index: bool = True, digits: int = 4) -> str:
    """Sentences and tables under each other, for a person to read.

    Parameters
    ----------
    *parts : str or DataFrame
        Of a table the first 40 rows are shown.
    index : bool
        Whether tables show their row names.
    digits : int
        Significant digits of numbers in tables.

    Examples
    --------
    >>> import pandas as pd
    >>> print(as_text("Two risks", pd.DataFrame({"risk": [0.0123456, 0.5]}), index=False))
    Two risks
       risk
    0.01235
        0.5
    """
    return "\n".join(p if isinstance(p, str) else _table(p, index, digits) for p in parts)


def _table(table: pd.DataFrame, index: bool, digits: int) -> str:
    text = table.head(_ROWS).to_string(
        index=index, float_format=f"{{:.{digits}g}}".format, na_rep=""
    )
    hidden = len(table) - _ROWS
    return f"{text}\n... and {hidden} more rows" if hidden > 0 else text
