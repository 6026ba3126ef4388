"""Patients as icons: natural frequencies that can be counted."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Patch

from ..numerics.values import shown
from .style import PALETTE, axes_or_new

_COLOURS = (PALETTE[1], PALETTE[4], "#9db8cc", "#e3e6e8")
_COLUMNS = 50


def plot_icon_array(groups: Mapping[str, float], *, ax: Axes | None = None) -> Axes:
    """One square for each patient, grouped, the groups in the order given.

    Parameters
    ----------
    groups : mapping of name to number of patients
        At most as many groups as there are colours, four. Numbers are rounded to whole patients so
        that their sum stays that of the groups.
    ax : Axes, optional
        Where to draw; the axes of a new figure when None.

    Examples
    --------
    >>> ax = plot_icon_array({"with malignancy": 10, "without": 990})
    >>> [text.get_text() for text in ax.get_legend().get_texts()]
    ['10 with malignancy', '990 without']
    """
    counts = _whole(groups)
    rows = -(-sum(counts) // _COLUMNS)
    ax = axes_or_new(ax, (6.2, 0.9 + 0.105 * rows))
    which = np.repeat(np.arange(len(counts)), counts)
    place = np.arange(which.size)
    for group, colour in zip(range(len(counts)), _COLOURS, strict=False):
        mine = place[which == group]
        ax.scatter(mine % _COLUMNS, -(mine // _COLUMNS), s=26, marker="s", color=colour, lw=0)
    ax.set(xlim=(-0.8, _COLUMNS - 0.2), ylim=(-rows + 0.4, 0.6))
    ax.axis("off")
    handles = [
        Patch(color=colour, label=f"{count:,} {name}")
        for name, count, colour in zip(groups, counts, _COLOURS, strict=False)
    ]
    ax.legend(
        handles=handles,
        frameon=False,
        fontsize=9,
        ncols=2,
        loc="lower left",
        bbox_to_anchor=(0.0, 1.0),
    )
    return ax


def _whole(groups: Mapping[str, float]) -> list[int]:
    """Largest remainders: whole numbers whose sum is the rounded sum."""
    if not isinstance(groups, Mapping) or not 0 < len(groups) <= len(_COLOURS):
        raise ValueError(
            f"groups must be a mapping of one to four names to numbers of patients; got "
            f"{shown(groups)}. Pass a dict."
        )
    values = np.array([_number(name, value) for name, value in groups.items()])
    if not 0 < values.sum() <= 10_000:
        raise ValueError(
            f"groups must hold between 1 and 10,000 patients; got {values.sum():g}. Scale them to "
            "1,000, for example."
        )
    counts = np.floor(values).astype(int)
    rest = round(float(values.sum())) - int(counts.sum())
    largest = np.argsort(-(values - counts), kind="stable")[:rest]
    counts[largest] += 1
    return [int(count) for count in counts]


def _number(name: str, value: float) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float | np.number):
        raise ValueError(f"groups must hold numbers; got {shown(value)} for {name}. Pass a number.")
    if not 0 <= value < np.inf:
        raise ValueError(f"groups must hold numbers of 0 or more; got {value} for {name}.")
    return float(value)
