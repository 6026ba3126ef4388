"""Likelihood ratios and post-test probabilities."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from scipy.special import logit

from ..evidence.likelihood_ratios import LikelihoodRatioTable
from ..evidence.tests_in_order import PostTest
from ..numerics.checks import check_result
from ..vocabulary import IMAGING, LABORATORY
from .style import FILLS, INK, MARKERS, MUTED, PALETTE, axes_or_new, colours, percent, tidy


def plot_likelihood_ratios(table: LikelihoodRatioTable, *, ax: Axes | None = None) -> Axes:
    """LR+ and LR- of every finding and test, and LR of every band of a value, with limits and as
    numbers; the status is shown by the marker.

    Findings stand above tests, each from the largest LR+ down.

    Parameters
    ----------
    table : LikelihoodRatioTable
        What :func:`likelihood_ratio_table` returns.
    ax : Axes, optional
        Where to draw; the axes of a new figure when None.

    Examples
    --------
    >>> from backpain_risk import likelihood_ratio_table, load_evidence
    >>> plot_likelihood_ratios(likelihood_ratio_table(load_evidence())).get_xlabel()
    'Likelihood ratio, 95% confidence interval (log scale)'
    """
    check_result("table", table, "LikelihoodRatioTable")
    rows = table.to_frame()
    groups = _in_order(rows)
    keys = [key for group in groups for key in group]
    heights = np.concatenate(
        [
            np.arange(len(group)) + 0.8 * i + sum(map(len, groups[:i]))
            for i, group in enumerate(groups)
        ]
    )
    place = dict(zip(keys, heights[-1] - heights, strict=True))
    ax = axes_or_new(ax, (8.2, 1.5 + 0.27 * len(keys)))
    ax.axvline(1, color=MUTED, lw=1)
    view = (0.02, 5000.0)
    banded = _banded(rows)
    for r in rows.itertuples():
        _draw_ratio(ax, r, place[str(r.row)], view, banded)
    ax.set(xscale="log", xlim=view, ylim=(-0.7, heights[-1] + 1.4))
    ax.set_xlabel("Likelihood ratio, 95% confidence interval (log scale)")
    names = [_unit(key) for key in keys]
    ax.set_yticks([place[key] for key in keys], labels=names)
    ticks = [0.03, 0.1, 0.3, 1, 3, 10, 30, 100, 1000]
    ax.set_xticks(ticks, labels=[f"{t:g}" for t in ticks])
    ax.minorticks_off()
    _beside(ax, heights[-1] + 1.0, "LR+ or LR of a band", _COLUMN[True], MUTED)
    _beside(ax, heights[-1] + 1.0, "LR\N{MINUS SIGN}", _COLUMN[False], MUTED)
    tidy(ax)
    _marker_legend(ax)
    return ax


_TESTS = {*IMAGING, *LABORATORY}


def _banded(rows: pd.DataFrame) -> set[str]:
    """Findings that are values in bands."""
    per_finding = rows.groupby("finding").row.nunique()
    return set(per_finding.index[per_finding > 1])


def _in_order(rows: pd.DataFrame) -> list[list[str]]:
    """Findings from the largest LR+ down, single tests likewise, then bands as they come."""
    banded = _banded(rows)
    first = rows.drop_duplicates("row").set_index("row")
    largest = rows[rows.result == "positive"].set_index("row").value
    single = [key for key in first.index if first.finding[key] not in banded]
    single.sort(key=lambda key: -largest[key])
    findings = [key for key in single if first.finding[key] not in _TESTS]
    tests = [key for key in single if first.finding[key] in _TESTS]
    bands = [key for key in first.index if first.finding[key] in banded]
    return [group for group in (findings, tests, bands) if group]


def _unit(key: str) -> str:
    return key.replace("10^9", "10\N{SUPERSCRIPT NINE}").replace(
        ">=", "\N{GREATER-THAN OR EQUAL TO}"
    )


def _draw_ratio(ax: Axes, r: Any, y: float, view: tuple[float, float], banded: set[str]) -> None:
    """One ratio, dodged, with its numbers at the right."""
    band = r.finding in banded
    positive = r.result == "positive" or band
    dodged = 0.16 if positive else -0.16
    height = y if band else y + dodged
    by_result = PALETTE[1] if positive else PALETTE[0]
    colour = PALETTE[2] if band else by_result
    ax.plot([r.low, r.high], [height] * 2, color=colour, lw=1.3, alpha=0.8)
    _arrows(ax, height, r.low < view[0], r.high > view[1], colour)
    fill = colour if FILLS[r.status] else "white"
    ax.plot(r.value, height, marker=MARKERS[r.status], ms=4.5, color=colour, mfc=fill, ls="none")
    text = f"{_digits(r.value)} ({_digits(r.low)} to {_digits(r.high)})"
    _beside(ax, y, text, _COLUMN[positive], INK)


_COLUMN = {True: 8.0, False: 112.0}
"""Where the numbers of positive and negative results stand, points right of the axes."""


def _beside(ax: Axes, y: float, text: str, offset: float, colour: str) -> None:
    ax.annotate(
        text,
        (1.0, y),
        xycoords=ax.get_yaxis_transform(),
        xytext=(offset, 0),
        textcoords="offset points",
        fontsize=8,
        va="center",
        color=colour,
    )


def _digits(value: float) -> str:
    """Two significant digits, without an exponent."""
    return f"{value:#.2g}".rstrip(".") if value < 99.5 else f"{float(f'{value:.2g}'):,.0f}"


def _arrows(ax: Axes, y: float, left: bool, right: bool, colour: str) -> None:
    """Arrowheads where an interval leaves the axis."""
    for leaves, x, marker in ((left, 0.0, "<"), (right, 1.0, ">")):
        if leaves:
            ax.plot(
                x, y, marker, color=colour, ms=5, transform=ax.get_yaxis_transform(), clip_on=False
            )


def _marker_legend(ax: Axes) -> None:
    entries = [
        Line2D([], [], color=PALETTE[1], lw=2, label="LR+, finding present"),
        Line2D([], [], color=PALETTE[0], lw=2, label="LR\N{MINUS SIGN}, finding absent"),
        Line2D([], [], color=PALETTE[2], lw=2, label="band of a value"),
    ]
    for status in ("reported", "unconfirmed", "assumed"):
        fill = INK if FILLS[status] else "white"
        mark = MARKERS[status]
        entries.append(
            Line2D([], [], color=INK, marker=mark, mfc=fill, ls="none", ms=5, label=status)
        )
    place = {"loc": "lower left", "bbox_to_anchor": (0.0, 1.02), "ncols": 3}
    ax.legend(handles=entries, frameon=False, fontsize=8, columnspacing=1.0, **place)


_DASHES: tuple[Any, ...] = ("-", (0, (5, 2)), (0, (1, 1.5)))  # lines that coincide stay visible


def plot_fagan(results: PostTest | Sequence[PostTest], *, ax: Axes | None = None) -> Axes:
    """Fagan's nomogram for one or more findings, with the interval of each post-test
    probability.

    Parameters
    ----------
    results : PostTest or sequence of PostTest
        What :func:`post_test` returns.
    ax : Axes, optional
        Where to draw; the axes of a new figure when None.

    Examples
    --------
    >>> from backpain_risk import load_evidence, post_test
    >>> xray = load_evidence().finding("xray_lesion")
    >>> ax = plot_fagan(post_test(xray, 0.01, rng=1))
    >>> len(ax.lines) > 0
    True
    """
    for each in results or [None] if isinstance(results, (list, tuple)) else [results]:
        check_result("results", each, "PostTest")
    items = [results] if isinstance(results, PostTest) else list(results)
    ax = axes_or_new(ax, (6.6, 6.2))
    _scales(ax)
    palette = colours([str(i) for i in range(len(items))]).values()
    for i, (item, colour) in enumerate(zip(items, palette, strict=True)):
        left = -float(logit(item.pretest.value))
        right = float(logit(item.post.value))
        text = (
            f"{item.name}: {percent(item.pretest.value)} to "
            f"{percent(float(f'{item.post.value:.2g}'))}"
        )
        ax.plot(
            [0, 1], [left, right], color=colour, lw=1.6, ls=_DASHES[i % len(_DASHES)], label=text
        )
        x = 1.14 + 0.045 * i
        ends = logit([item.post.low, item.post.high])
        ax.plot([x, x], ends, color=colour, lw=4, solid_capstyle="butt")
        ax.plot(x, right, "_", color="white", ms=7, mew=1.6)
    told = f"median and\n{items[0].post.level:.0%} credible\ninterval"
    ax.text(1.12, -7.1, told, fontsize=8, color=MUTED, va="bottom")
    ax.legend(frameon=False, fontsize=9, loc="upper center", bbox_to_anchor=(0.5, -0.01), ncols=1)
    return ax


_PROBABILITIES = np.array(
    [
        0.001,
        0.002,
        0.005,
        0.01,
        0.02,
        0.05,
        0.1,
        0.2,
        0.3,
        0.5,
        0.7,
        0.8,
        0.9,
        0.95,
        0.98,
        0.99,
        0.995,
    ]
)
_RATIOS = np.array([0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000])


def _scales(ax: Axes) -> None:
    """Pre-test probability on the left, likelihood ratio in the middle, post-test probability on
    the right.
    """
    span = 7.2
    for x, side, ticks in ((0.0, -1.0, -logit(_PROBABILITIES)), (1.0, 1.0, logit(_PROBABILITIES))):
        ax.plot([x, x], [-span, span], color=INK, lw=1)
        for y, p in zip(ticks, _PROBABILITIES, strict=True):
            ax.plot([x, x + 0.012 * side], [y, y], color=INK, lw=1)
            ax.text(
                x + 0.025 * side,
                y,
                percent(p),
                ha="right" if side < 0 else "left",
                va="center",
                fontsize=8,
            )
    ax.plot([0.5, 0.5], np.log(_RATIOS[[0, -1]]) / 2, color=INK, lw=1)
    for ratio in _RATIOS:
        y = np.log(ratio) / 2
        ax.plot([0.49, 0.51], [y, y], color=INK, lw=1)
        box = {"facecolor": "white", "edgecolor": "none", "pad": 0.8}
        ax.text(0.48, y, f"{ratio:g}", ha="right", va="center", fontsize=8, bbox=box, zorder=5)
    for x, text in (
        (0.0, "Pre-test\nprobability"),
        (0.5, "Likelihood\nratio"),
        (1.0, "Post-test\nprobability"),
    ):
        ax.text(x, span + 0.25, text, ha="center", va="bottom", fontsize=9)
    ax.set(xlim=(-0.13, 1.36), ylim=(-span - 0.2, span + 1.2))
    ax.axis("off")
