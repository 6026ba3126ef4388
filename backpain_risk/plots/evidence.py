"""Likelihood ratios and post-test probabilities."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from scipy.special import logit

from ..evidence.likelihood_ratios import LikelihoodRatioTable
from ..evidence.tests_in_order import PostTest
from ..numerics.checks import check_result
from .style import FILLS, INK, MARKERS, MUTED, PALETTE, axes_or_new, colours, percent, tidy


def plot_likelihood_ratios(table: LikelihoodRatioTable, *, ax: Axes | None = None) -> Axes:
    """LR+ and LR- of every finding with limits, the status of the numbers shown by the marker."""
    check_result("table", table, "LikelihoodRatioTable")
    rows = table.to_frame()
    keys = list(dict.fromkeys(rows.row))
    ax = axes_or_new(ax, (7.0, 0.9 + 0.28 * len(keys)))
    ax.axvline(1, color=MUTED, lw=1)
    view = (0.02, 5000.0)
    for i, key in enumerate(reversed(keys)):
        for r in rows[rows.row == key].itertuples():
            colour = PALETTE[1] if r.result == "positive" else PALETTE[0]
            ax.plot([r.low, r.high], [i, i], color=colour, lw=1.2, alpha=0.7)
            _arrows(ax, i, r.low < view[0], r.high > view[1], colour)
            fill = colour if FILLS[r.status] else "white"
            ax.plot(r.value, i, marker=MARKERS[r.status], ms=5.5, color=colour, mfc=fill, ls="none")
    ax.set(
        xscale="log",
        xlim=view,
        ylim=(-0.7, len(keys) - 0.3),
        xlabel="Likelihood ratio, 95% confidence interval (log scale)",
    )
    names = [
        key.replace("10^9", "10\N{SUPERSCRIPT NINE}").replace(">=", "\N{GREATER-THAN OR EQUAL TO}")
        for key in keys
    ]
    ax.set_yticks(range(len(keys)), labels=names[::-1])
    ax.set_xticks(
        [0.02, 0.1, 0.5, 1, 2, 5, 10, 50, 200, 1000],
        labels=["0.02", "0.1", "0.5", "1", "2", "5", "10", "50", "200", "1000"],
    )
    ax.minorticks_off()
    tidy(ax)
    _marker_legend(ax)
    return ax


def _arrows(ax: Axes, y: float, left: bool, right: bool, colour: str) -> None:
    """Arrowheads where an interval leaves the axis."""
    for leaves, x, marker in ((left, 0.0, "<"), (right, 1.0, ">")):
        if leaves:
            ax.plot(
                x, y, marker, color=colour, ms=5, transform=ax.get_yaxis_transform(), clip_on=False
            )


def _marker_legend(ax: Axes) -> None:
    entries = [
        Line2D([], [], color=PALETTE[1], lw=2, label="LR+ (finding present)"),
        Line2D([], [], color=PALETTE[0], lw=2, label="LR- (finding absent)"),
    ]
    entries += [
        Line2D(
            [],
            [],
            color=INK,
            marker=MARKERS[s],
            mfc=INK if FILLS[s] else "white",
            ls="none",
            ms=5,
            label=s,
        )
        for s in ("reported", "unconfirmed", "assumed")
    ]
    ax.legend(handles=entries, frameon=False, fontsize=8, loc="lower right")


_DASHES: tuple[Any, ...] = ("-", (0, (5, 2)), (0, (1, 1.5)))  # lines that coincide stay visible


def plot_fagan(results: PostTest | Sequence[PostTest], *, ax: Axes | None = None) -> Axes:
    """Fagan's nomogram for one or more findings, with the interval of each post-test
    probability.
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
        ax.plot(
            [1.15 + 0.03 * i] * 2,
            logit([item.post.low, item.post.high]),
            color=colour,
            lw=3,
            solid_capstyle="butt",
        )
    ax.text(1.135, -6.9, f"{items[0].post.level:.0%} credible", fontsize=8, color=MUTED)
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
        box = {"facecolor": "white", "edgecolor": "none", "pad": 0.6}
        ax.text(0.475, y, f"{ratio:g}", ha="right", va="center", fontsize=8, bbox=box)
    for x, text in (
        (0.0, "Pre-test\nprobability"),
        (0.5, "Likelihood\nratio"),
        (1.0, "Post-test\nprobability"),
    ):
        ax.text(x, span + 0.25, text, ha="center", va="bottom", fontsize=9)
    ax.set(xlim=(-0.13, 1.36), ylim=(-span - 0.2, span + 1.2))
    ax.axis("off")
