"""Coefficients of models."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes

from ..models.logistic_result import LogisticResult
from ..vocabulary import label
from .style import INK, MUTED, PALETTE, axes_or_new, note, tidy


def plot_odds_ratios(result: LogisticResult, *, ax: Axes | None = None) -> Axes:
    """Odds ratios of a logistic model with 95 % profile-likelihood limits."""
    table = result.to_frame().drop(index="intercept").iloc[::-1]
    ax = axes_or_new(ax, (6.4, 0.9 + 0.3 * len(table)))
    y = np.arange(len(table))
    ax.axvline(1, color=MUTED, lw=1)
    ax.hlines(y, table.low, table.high, color=PALETTE[0], lw=1.4)
    ax.plot(table.odds_ratio, y, "o", color=PALETTE[0], ms=5)
    ax.set_yticks(y, labels=[label(str(term)) for term in table.index])
    ax.set(xscale="log", xlabel="Odds ratio, 95% profile-likelihood limits (log scale)", ylim=(-0.7, len(table) - 0.3))
    ticks = [t for t in (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50) if table.low.min() / 1.5 <= t <= table.high.max() * 1.5]
    ax.set_xticks(ticks, labels=[f"{t:g}" for t in ticks], color=INK)
    ax.minorticks_off()
    note(ax, f"{result.n:,.0f} patients, {result.n_events:,.0f} events")
    tidy(ax)
    return ax
