"""How results show themselves in a notebook: all HTML of the package is made, and escaped, here."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd


def as_html(*parts: str | pd.DataFrame, index: bool = True, digits: int | None = None) -> str:
    """Paragraphs and tables under each other; names and text in them are shown as they are, never
    run.

    Parameters
    ----------
    *parts : str or DataFrame
    index : bool
        Whether tables show their row names.
    digits : int, optional
        Significant digits of numbers in tables.

    Examples
    --------
    >>> as_html("Scenario <b>mine</b>")
    '<p>Scenario &lt;b&gt;mine&lt;/b&gt;</p>'
    """
    return "".join(
        f"<p>{escape(p)}</p>" if isinstance(p, str) else _table(p, index, digits) for p in parts
    )


def text_as_html(text: str) -> str:
    """Text whose columns stay under each other."""
    return f"<pre>{escape(text)}</pre>"


def _table(table: pd.DataFrame, index: bool, digits: int | None) -> str:
    style = None if digits is None else f"{{:.{digits}g}}".format
    return str(table.to_html(index=index, float_format=style, escape=True))
