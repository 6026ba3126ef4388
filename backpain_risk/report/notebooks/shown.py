"""Tables and figures that a notebook shows and offers to the report."""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping
from html import escape
from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from IPython.display import display
from matplotlib.axes import Axes

from .prose import NAMES, with_minus
from .said import as_read

TABLE = "application/vnd.backpain-risk.table+json"
FIGURE = "application/vnd.backpain-risk.figure+json"
CAPTION = "application/vnd.backpain-risk.caption+json"
PNG_DPI = 300
_SEEN_DPI = 110


def table(
    key: str,
    frame: pd.DataFrame,
    caption: str,
    *,
    formats: Mapping[str, str] | None = None,
    limits: Mapping[str, tuple[str, str]] | None = None,
) -> None:
    """Show a table and offer it to the report.

    Parameters
    ----------
    key : str
        Referred to in prose as ``@tbl-key``.
    frame : DataFrame
        Without its index.
    caption : str
        What the table shows, one sentence.
    formats : mapping of column to format specification, optional
        For example ``{"risk": ".1%"}``. Limits take that of their estimate.
    limits : mapping of column to two columns, optional
        Lower and upper limits, which are put behind the estimate, "2.4 (1.1 to 5.2)".

    Raises
    ------
    ValueError
        When a column named in ``formats`` or ``limits`` is not in the frame.

    Notes
    -----
    Neighbouring columns named "Sensitivity|scenario" and "Sensitivity|cohort" stand as "scenario"
    and "cohort" under a common heading.
    """
    text = _as_text(frame, formats or {}, limits or {})
    payload = {
        "key": key,
        "caption": caption,
        "columns": [str(name).rpartition("|")[2] for name in text],
        "heads": [str(name).rpartition("|")[0] for name in text],
        "numeric": [bool(pd.api.types.is_numeric_dtype(frame[c])) for c in text],
        "rows": text.to_numpy().tolist(),
    }
    _caption("tbl", key, caption)
    plain = text.to_string(index=False)
    _show({TABLE: payload, "text/html": as_html_table(payload), "text/plain": plain})


def _as_text(
    frame: pd.DataFrame,
    formats: Mapping[str, str],
    limits: Mapping[str, tuple[str, str]],
) -> pd.DataFrame:
    ends = [end for pair in limits.values() for end in pair]
    unknown = sorted({*formats, *limits, *ends} - set(frame.columns))
    if unknown:
        raise ValueError(
            f"formats and limits must name columns of the table; got {', '.join(unknown)}. "
            f"Its columns are {', '.join(map(str, frame.columns))}."
        )
    return pd.DataFrame(
        {
            str(c): _column(frame, c, formats.get(c, ""), limits.get(c))
            for c in frame.columns
            if c not in ends
        }
    )


def _column(
    frame: pd.DataFrame, name: str, specification: str, ends: tuple[str, str] | None
) -> list[str]:
    shown = [cell(value, specification) for value in frame[name]]
    if ends is None:
        return shown
    low, high = ([cell(value, specification) for value in frame[end]] for end in ends)
    return [f"{a} ({b} to {c})" if b and c else a for a, b, c in zip(shown, low, high, strict=True)]


def cell(value: Any, specification: str) -> str:
    """One cell as text; not a number is empty, a rounded nought has no sign."""
    if isinstance(value, (float, np.floating)) and np.isnan(value):
        return ""
    if not isinstance(value, (int, float, np.integer, np.floating)) or isinstance(value, bool):
        return str(value)
    if specification.endswith("g") and value != 0:
        rounded = float(format(value, specification.replace(",", "")))
        shown = f"{np.format_float_positional(rounded, trim='-')}"
        shown = f"{int(rounded):,}" if abs(rounded) >= 1000 else shown
    else:
        plain = "," if isinstance(value, (int, np.integer)) else ""
        shown = format(value, specification or plain)
    unsigned = shown.lstrip("-")
    return with_minus(unsigned if not unsigned.strip("0.%") else shown)


def as_html_table(payload: Mapping[str, Any]) -> str:
    """A table with one or two lines of headings, numbers to the right."""
    sides = ["right" if numeric else "left" for numeric in payload["numeric"]]
    heads = payload["heads"]
    lines = [_spanning(heads)] if any(heads) else []
    lines.append(_row("th", payload["columns"], sides))
    body = "".join(_row("td", row, sides) for row in payload["rows"])
    return f"<table><thead>{''.join(lines)}</thead><tbody>{body}</tbody></table>"


def _row(tag: str, cells: list[str], sides: list[str]) -> str:
    inner = "".join(
        f'<{tag} style="text-align: {side};">{escape(text)}</{tag}>'
        for text, side in zip(cells, sides, strict=True)
    )
    return f"<tr>{inner}</tr>"


def _spanning(heads: list[str]) -> str:
    """Neighbours that share a heading stand under it together."""
    groups: list[list[Any]] = []
    for head in heads:
        if groups and head and groups[-1][0] == head:
            groups[-1][1] += 1
        else:
            groups.append([head, 1])
    inner = "".join(_group(head, n) for head, n in groups)
    return f"<tr>{inner}</tr>"


def _group(head: str, n: int) -> str:
    if not head:
        return f'<td colspan="{n}"></td>'
    return f'<th colspan="{n}" style="text-align: center;">{escape(head)}</th>'


def figure(key: str, ax: Axes | Any, caption: str, *, description: str = "") -> None:
    """Show a figure and offer it to the report.

    Parameters
    ----------
    key : str
        Referred to in prose as ``@fig-key``.
    ax : Axes or array of Axes
        One of the axes of the figure, or all.
    caption : str
        What the figure shows, one sentence.
    description : str
        What is seen, for readers who do not see it.
    """
    drawn: Any = ax.figure if isinstance(ax, Axes) else np.ravel(ax)[0].figure
    offered = {
        "key": key,
        "caption": caption,
        "description": description,
        "width": float(drawn.get_figwidth()),
        "svg": _svg(drawn, key),
        "png": base64.b64encode(_png(drawn, PNG_DPI)).decode(),
    }
    seen = base64.b64encode(_png(drawn, _SEEN_DPI)).decode()
    plt.close(drawn)
    _show({FIGURE: offered, "image/png": seen, "text/plain": f"figure {key}"})
    _caption("fig", key, caption)


def _caption(kind: str, key: str, caption: str) -> None:
    read = f"**{NAMES[kind]}.** {as_read(caption, f'caption of {key}')}"
    _show({CAPTION: {"name": f"{kind}-{key}", "text": caption}, "text/markdown": read})


def _png(drawn: Any, dpi: int) -> bytes:
    buffer = io.BytesIO()
    drawn.savefig(buffer, format="png", dpi=dpi, metadata={"Software": None})
    return buffer.getvalue()


def _svg(drawn: Any, key: str) -> str:
    """Lines and outlines of letters, the same on every run."""
    buffer = io.StringIO()
    with mpl.rc_context({"svg.hashsalt": key, "svg.fonttype": "path"}):
        drawn.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    return buffer.getvalue()


def _show(data: Mapping[str, Any]) -> None:
    display(dict(data), raw=True)  # type: ignore[no-untyped-call]
