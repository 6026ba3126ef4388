"""Colours and axes shared by all plots; nothing global is changed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.text import Text
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from ..numerics.values import shown

Panels = Sequence[Axes] | npt.NDArray[Any]
"""Axes, one a panel, in any arrangement."""
PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
"""Okabe and Ito's colours, distinguishable with every common colour vision."""
INK = "#222222"
MUTED = "#6b6b6b"
FAINT = "#d9d9d9"
MARKERS = {"reported": "o", "unconfirmed": "s", "assumed": "D", "learned": "o"}
FILLS = {"reported": True, "unconfirmed": True, "assumed": False, "learned": True}


def axes_or_new(ax: Axes | None, size: tuple[float, float] = (6.0, 4.5)) -> Axes:
    """The given axes, or those of a new figure."""
    if ax is not None:
        _check_axes(ax)
        return ax
    return plt.subplots(figsize=size, layout="constrained")[1]


def _check_axes(ax: Any) -> None:
    if not hasattr(ax, "plot") or not hasattr(ax, "figure"):
        raise ValueError(
            f"ax must be Matplotlib axes; got {shown(ax)}. Pass what plt.subplots gives, or None."
        )


def panels_or_new(
    axes: Panels | None,
    count: int,
    *,
    columns: int,
    panel: tuple[float, float],
    margin: float = 0.0,
    heights: Sequence[float] | None = None,
    sharex: bool = False,
    sharey: bool = False,
) -> npt.NDArray[Any]:
    """The given axes, one a panel, or those of a new figure in rows of so many columns."""
    if axes is not None:
        return _given(axes, count)
    rows = -(-count // columns)
    columns = min(columns, count)
    figure, grid = plt.subplots(
        rows,
        columns,
        figsize=(margin + columns * panel[0], rows * panel[1]),
        layout="constrained",
        squeeze=False,
        sharex=sharex,
        sharey=sharey,
        height_ratios=heights,
    )
    for ax in grid.flat[count:]:
        figure.delaxes(ax)
    return np.asarray(grid.flat[:count])


def _given(axes: Panels, count: int) -> npt.NDArray[Any]:
    given = np.asarray(axes, dtype=object).ravel()
    if given.size != count:
        raise ValueError(
            f"axes must hold one a panel; got {given.size} for {count} panels. Pass what "
            "plt.subplots gives for so many, or None."
        )
    for ax in given:
        _check_axes(ax)
    return given


def tidy(ax: Axes) -> None:
    """No frame at the top and right, quiet ticks."""
    for side in ("top", "right"):
        ax.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        ax.spines[side].set_color(MUTED)
    ax.tick_params(colors=INK, labelsize=9, color=MUTED)
    ax.xaxis.label.set_fontsize(10)
    ax.yaxis.label.set_fontsize(10)


def note(ax: Axes, text: str) -> None:
    """A quiet line above the axes: patients, events, what is marked."""
    ax.set_title(text, loc="left", color=MUTED, fontsize=9)


def percent(value: float, _: Any = None) -> str:
    """A probability as a percentage with as many digits as it needs."""
    return f"{100 * value:.3g}%"


def percent_axis(axis: Any) -> None:
    """Tick labels as percentages."""
    axis.set_major_formatter(FuncFormatter(percent))


def log_percent_axis(axis: Any, low: float, high: float, *, most: int = 8) -> None:
    """Percentages at 1 and 3 on a log axis; at 1 only where that would be more than ``most``."""
    ticks = [
        m * 10.0**e for e in range(-6, 1) for m in (1, 3) if low <= m * 10.0**e <= min(high, 1.0)
    ]
    sparse = [t for t in ticks if f"{t:e}"[0] == "1"] if len(ticks) > most else ticks
    axis.set_major_locator(FixedLocator(sparse))
    axis.set_minor_locator(NullLocator())
    percent_axis(axis)


def log_ratio_axis(ax: Axes, low: float, high: float) -> None:
    """A horizontal log axis of ratios on which a half and twice are as far from one; it shows at
    least these.
    """
    view = (min(0.9 * low, 0.45), max(1.1 * high, 2.2))
    many = view[1] / view[0] > 30
    ticks = (0.1, 0.3, 1, 3, 10) if many else (0.2, 0.25, 0.33, 0.5, 0.67, 1, 1.5, 2, 3, 4, 5)
    shown = [t for t in ticks if view[0] <= t <= view[1]]
    ax.set(xscale="log", xlim=view)
    ax.xaxis.set_minor_locator(NullLocator())
    ax.set_xticks(shown, labels=[f"{t:g}" for t in shown])


LINES = ("-", (0, (5, 1.5)), (0, (1.5, 1.2)), (0, (6, 1.5, 1.5, 1.5)))
"""Line styles by order, so that curves that coincide are still told apart."""


def colours(names: Sequence[str]) -> dict[str, str]:
    """A colour per name, in order."""
    return {name: PALETTE[i % len(PALETTE)] for i, name in enumerate(names)}


def write_png(axes: Axes | npt.NDArray[Any], path: Path) -> None:
    """Write the figure of one of its axes, the same bytes on every run, and close it.

    Names are drawn as they are: a dollar sign in one begins no formula.
    """
    figure = _with_plain_names(axes)
    figure.savefig(path, format="png", dpi=150, metadata={"Software": None})
    plt.close(figure)


def write_print(axes: Axes | npt.NDArray[Any], folder: Path, name: str) -> None:
    """Write the figure of one of its axes for a printer, as ``name.svg`` and ``name.png`` of 300
    dots an inch, the same bytes on every run, and close it.
    """
    figure = _with_plain_names(axes)
    figure.savefig(folder / f"{name}.png", format="png", dpi=300, metadata={"Software": None})
    with plt.rc_context({"svg.hashsalt": name}):
        figure.savefig(folder / f"{name}.svg", format="svg", metadata={"Date": None})
    plt.close(figure)


def _with_plain_names(axes: Axes | npt.NDArray[Any]) -> Any:
    """The figure of one of its axes, without formulas in names."""
    figure: Any = np.ravel(np.asarray(axes, dtype=object))[0].figure
    for drawn in figure.axes:
        drawn.get_xticklabels(), drawn.get_yticklabels()  # so that the texts of ticks are there
    for text in figure.findobj(Text):
        if (
            "$" in text.get_text() and "\\mathdefault" not in text.get_text()
        ):  # which Matplotlib writes on log axes
            text.set_parse_math(False)
    return figure
