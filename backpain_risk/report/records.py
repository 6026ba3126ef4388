"""What a notebook offers to the report, as outputs of its cells with media types of our own."""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from IPython.display import display
from matplotlib.axes import Axes

from ..numerics.estimate import Estimate
from ..numerics.notebook import as_html

RECORD = "application/vnd.backpain-risk.record+json"
TABLE = "application/vnd.backpain-risk.table+json"
FIGURE = "application/vnd.backpain-risk.figure+json"
DPI = 130


def record(key: str, value: Any) -> None:
    """Offer a number (or text) to the prose, which quotes it as ``{{key}}`` or ``{{key:.2f}}``.

    Parameters
    ----------
    key : str
        Dotted name.
    value : float, int, bool, str, Estimate or mapping of these
        An estimate is recorded as ``key.value``, ``key.low`` and ``key.high``, a mapping as ``key.name``.
    """
    flat = dict(_flat(key, value))
    text = ", ".join(
        f"{name} = {item:.6g}" if isinstance(item, float) else f"{name} = {item}" for name, item in flat.items()
    )
    _show({RECORD: flat, "text/plain": text})


def _show(data: Mapping[str, Any]) -> None:
    display(dict(data), raw=True)  # type: ignore[no-untyped-call]


def _flat(key: str, value: Any) -> list[tuple[str, Any]]:
    if isinstance(value, Estimate):
        return [(f"{key}.{part}", float(getattr(value, part))) for part in ("value", "low", "high")]
    if isinstance(value, Mapping):
        return [item for name, part in value.items() for item in _flat(f"{key}.{name}", part)]
    if isinstance(value, (bool, str)):
        return [(key, value)]
    if isinstance(value, (int, np.integer)):
        return [(key, int(value))]
    return [(key, float(value))]


def table(key: str, frame: pd.DataFrame, caption: str, *, formats: Mapping[str, str] | None = None) -> None:
    """Show a table and offer it to the report.

    Parameters
    ----------
    key : str
        Referred to in prose as ``@tbl-key``.
    frame : DataFrame
        Without its index.
    caption : str
    formats : mapping of column to format specification, optional
        For example ``{"risk": ".1%"}``.
    """
    text = pd.DataFrame({str(c): [_cell(v, (formats or {}).get(str(c), "")) for v in frame[c]] for c in frame.columns})
    numeric = [bool(pd.api.types.is_numeric_dtype(frame[c])) for c in frame.columns]
    payload = {
        "key": key,
        "caption": caption,
        "columns": list(text),
        "numeric": numeric,
        "rows": text.to_numpy().tolist(),
    }
    _show({TABLE: payload, "text/html": as_html(caption, text, index=False), "text/plain": text.to_string(index=False)})


def _cell(value: Any, specification: str) -> str:
    if isinstance(value, (float, np.floating)) and np.isnan(value):
        return ""
    if specification.endswith("g"):
        return np.format_float_positional(float(format(value, specification)), trim="-")
    return format(value, specification) if specification else str(value)


def figure(key: str, ax: Axes | Any, caption: str) -> None:
    """Show a figure (given one of its axes) and offer it to the report, where prose refers to ``@fig-key``."""
    drawn: Any = ax.figure if isinstance(ax, Axes) else np.ravel(ax)[0].figure
    buffer = io.BytesIO()
    drawn.savefig(buffer, format="png", dpi=DPI, metadata={"Software": None})
    plt.close(drawn)
    picture = base64.b64encode(buffer.getvalue()).decode()
    _show({FIGURE: {"key": key, "caption": caption}, "image/png": picture, "text/plain": caption})
