"""Accuracy studies side by side, and pooled."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from ..evidence.pooling.pooled_accuracy import PooledAccuracy
from ..numerics.checks import FloatArray, check_result
from ..results.estimate import Estimate
from .style import INK, MUTED, PALETTE, axes_or_new, note, tidy

_SHIFT = 1.6  # where the panel of the specificity starts
_COUNTS = 1.05  # counts stand just right of a panel
_METHODS = {"reml": "REML", "ml": "ML", "bayes": "Bayes"}
_TICKS = (0.0, 0.25, 0.5, 0.75, 1.0)
_ZOOMED = (0.85, 0.7, 0.5)
"""Where a panel may begin when everything in it lies above."""


def plot_forest(pooled: PooledAccuracy, *, ax: Axes | None = None) -> Axes:
    """Paired forest plot: sensitivity (left) and specificity (right) of every study, and pooled
    below.

    Parameters
    ----------
    pooled : PooledAccuracy
        What :func:`pool_accuracy` returns.
    ax : Axes, optional
        Where to draw; the axes of a new figure when None.

    Examples
    --------
    >>> import pandas as pd
    >>> from backpain_risk import pool_accuracy
    >>> counts = pd.DataFrame(
    ...     {"tp": [20, 31, 18], "fp": [9, 4, 12], "fn": [5, 9, 2], "tn": [60, 80, 44]}
    ... )
    >>> len(plot_forest(pool_accuracy(counts)).get_yticks())
    4
    """
    check_result("pooled", pooled, "PooledAccuracy")
    studies = pooled.studies.to_frame()
    ax = axes_or_new(ax, (7.6, 1.5 + 0.27 * len(studies)))
    rows = np.arange(len(studies), 0, -1)
    labels: list[str] = []
    places: list[float] = []
    for start, name, colour, summary in (
        (0.0, "sensitivity", PALETTE[1], pooled.sensitivity),
        (_SHIFT, "specificity", PALETTE[0], pooled.specificity),
    ):
        panel = _Panel(start, _foot(studies, name, summary))
        ticks = [t for t in _TICKS if panel.foot == 0] or _between(panel.foot)
        _panel(ax, panel, name, rows[0] + 1.0, ticks)
        _studies(ax, panel, rows, studies, name, colour)
        _diamond(ax, panel, summary, colour)
        places += [panel.at(t) for t in ticks]
        labels += [f"{t:g}" for t in ticks]
    name = f"Pooled, {pooled.summary_at}" if pooled.summary_at else "Pooled"
    ax.set_yticks([*rows, 0], labels=[*studies.study, f"{name} ({_METHODS[pooled.method]})"])
    ax.set_xticks(places, labels=labels)
    ax.set(xlim=(-0.04, _SHIFT + 1.5), ylim=(-0.8, rows[0] + 1.7))
    tidy(ax)
    kind = pooled.sensitivity.kind
    ax.set_xlabel(
        f"Studies: 95% Wilson intervals. Pooled: {pooled.level:.0%} {kind} interval.",
        fontsize=9,
        color=MUTED,
    )
    ax.spines[["left", "bottom"]].set_visible(False)
    ax.tick_params(axis="y", length=0)
    return ax


@dataclass(frozen=True)
class _Panel:
    """A panel from ``start``, one wide, whose axis runs from ``foot`` to 1."""

    start: float
    foot: float

    def at(self, share: Any) -> Any:
        return self.start + (share - self.foot) / (1 - self.foot)


def _foot(studies: pd.DataFrame, name: str, summary: Estimate) -> float:
    lowest = float(np.nanmin([*studies[f"{name}_low"], summary.low]))
    return next((foot for foot in _ZOOMED if foot <= lowest), 0.0)


def _between(foot: float) -> list[float]:
    return [round(float(t), 3) for t in np.linspace(foot, 1, 4)]


def _panel(ax: Axes, panel: _Panel, name: str, top: float, ticks: Sequence[float]) -> None:
    start = panel.start
    ax.text(start, top, name.capitalize(), fontsize=10, fontweight="bold", color=INK, va="center")
    counts = "TP / n" if name == "sensitivity" else "TN / n"
    ax.text(start + _COUNTS, top, counts, fontsize=8, color=MUTED, va="center")
    ax.plot([start, start + 1], [-0.75, -0.75], color=MUTED, lw=1, clip_on=False)
    for tick in ticks:
        ax.plot([panel.at(tick)] * 2, [-0.75, top - 0.6], color="#ececec", lw=0.8, zorder=0)


def _studies(
    ax: Axes, panel: _Panel, rows: Any, studies: pd.DataFrame, name: str, colour: str
) -> None:
    right, wrong = (studies.tp, studies.fn) if name == "sensitivity" else (studies.tn, studies.fp)
    low = panel.at(studies[f"{name}_low"])
    ax.hlines(rows, low, panel.at(studies[f"{name}_high"]), color=colour, lw=1.6)
    ax.plot(panel.at(studies[name]), rows, "s", color=colour, ms=4)
    for y, k, n in zip(rows, right, right + wrong, strict=True):
        text = f"{k:,.0f} / {n:,.0f}" if n else "none"
        ax.text(panel.start + _COUNTS, y, text, fontsize=8, color=INK, va="center")


def _diamond(ax: Axes, panel: _Panel, summary: Estimate, colour: str) -> None:
    x = panel.at(np.array([summary.low, summary.value, summary.high, summary.value]))
    ax.fill(x, [0, 0.28, 0, -0.28], color=colour, lw=0)
    text = f"{summary.value:.2f} ({summary.low:.2f} to {summary.high:.2f})"
    ax.text(panel.start + _COUNTS, 0, text, fontsize=8, color=INK, va="center", fontweight="bold")


def plot_sroc(pooled: PooledAccuracy, *, ax: Axes | None = None) -> Axes:
    """Studies in ROC space, the summary point with its confidence and prediction regions, and the
    summary ROC curve.

    The curve spans the observed false positive rates. A study with one arm is a tick on the axis of
    that arm.

    Parameters
    ----------
    pooled : PooledAccuracy
        What :func:`pool_accuracy` returns.
    ax : Axes, optional
        Where to draw; the axes of a new figure when None.

    Examples
    --------
    >>> import pandas as pd
    >>> from backpain_risk import pool_accuracy
    >>> counts = pd.DataFrame(
    ...     {"tp": [20, 31, 18], "fp": [9, 4, 12], "fn": [5, 9, 2], "tn": [60, 80, 44]}
    ... )
    >>> plot_sroc(pool_accuracy(counts)).get_ylabel()
    'Sensitivity'
    """
    check_result("pooled", pooled, "PooledAccuracy")
    ax = axes_or_new(ax, (5.6, 5.4))
    studies = pooled.studies.to_frame()
    fpr = (1 - studies.specificity).to_numpy()
    _study_points(ax, studies, fpr)
    regions = pooled.regions()
    ax.plot(*regions.prediction.T, color=PALETTE[0], lw=1.2, ls=(0, (4, 2)))
    ax.plot(*regions.confidence.T, color=PALETTE[0], lw=1.6)
    _curve(ax, pooled, fpr)
    ax.plot(1 - pooled.specificity.value, pooled.sensitivity.value, "o", color=PALETTE[0], ms=7)
    ax.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02), aspect="equal")
    ax.set(xlabel="False positive rate (1 - specificity)", ylabel="Sensitivity")
    size = pooled.studies.size.sum(axis=0)
    note(
        ax,
        f"{len(studies)} studies, {size[0]:,.0f} patients with the disease, {size[1]:,.0f} without",
    )
    ax.legend(
        handles=_legend(regions.level, pooled.summary_at),
        frameon=False,
        fontsize=8,
        loc="lower right",
    )
    tidy(ax)
    return ax


def _study_points(ax: Axes, studies: pd.DataFrame, fpr: FloatArray) -> None:
    """Circles with areas in proportion to the square root of the patients."""
    n = studies[["tp", "fp", "fn", "tn"]].sum(axis=1)
    area = 90 * np.sqrt(n / n.max())
    ax.scatter(fpr, studies.sensitivity, s=area, facecolor="none", edgecolor=MUTED, lw=1.0)
    for x in fpr[studies.sensitivity.isna()]:
        ax.plot([x, x], [-0.02, 0.015], color=MUTED, lw=1.4)
    for y in studies.sensitivity[np.isnan(fpr)]:
        ax.plot([-0.02, 0.015], [y, y], color=MUTED, lw=1.4)


def _curve(ax: Axes, pooled: PooledAccuracy, fpr: FloatArray) -> None:
    low, high = np.clip([np.nanmin(fpr), np.nanmax(fpr)], 0.001, 0.999)
    x = np.linspace(low, high, 200)
    ax.plot(x, pooled.sroc(x), color=PALETTE[1], lw=1.6)


def _legend(level: float, summary_at: str) -> list[Line2D]:
    point = f"summary point, {summary_at}" if summary_at else "summary point"
    return [
        Line2D(
            [],
            [],
            marker="o",
            mfc="none",
            mec=MUTED,
            ls="none",
            label="study (larger: more patients)",
        ),
        Line2D([], [], marker="o", color=PALETTE[0], ls="none", label=point),
        Line2D([], [], color=PALETTE[0], lw=1.6, label=f"{level:.0%} region of the mean"),
        Line2D(
            [],
            [],
            color=PALETTE[0],
            lw=1.2,
            ls=(0, (4, 2)),
            label=f"{level:.0%} region of a new setting",
        ),
        Line2D([], [], color=PALETTE[1], lw=1.6, label="summary ROC curve"),
    ]
