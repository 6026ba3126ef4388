"""Calibration plots and the distribution of risk by outcome."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from ..measures.calibration_curve import CalibrationCurve
from ..measures.risk_distribution import RiskDistribution
from .style import FAINT, INK, LINES, MUTED, PALETTE, axes_or_new, colours, log_percent_axis, note, percent_axis, tidy

Curves = CalibrationCurve | Mapping[str, CalibrationCurve]


def plot_calibration(
    curves: Curves, *, ax: Axes | None = None, log: bool = True, limit: float | None = None, histogram: bool = True
) -> Axes:
    """Observed proportion against predicted risk, with pointwise limits and the ideal diagonal.

    Parameters
    ----------
    curves : CalibrationCurve or mapping of name to CalibrationCurve
    log : bool
        Logarithmic axes, on which a base rate of 1 % can be read.
    limit : float, optional
        Largest risk shown.
    histogram : bool
        Distribution of the risk by outcome at the foot of the plot, for a single curve.
    """
    ax = axes_or_new(ax, (5.2, 5.0))
    named = dict(curves) if isinstance(curves, Mapping) else {"": curves}
    low, high = _range(named, log, limit)
    ax.plot([low, high], [low, high], color=MUTED, lw=1, ls="--", label="ideal")
    for i, (name, colour) in enumerate(colours(list(named)).items()):
        _draw_curve(ax, named[name], name or "observed", colour, LINES[i % len(LINES)], (low, high))
    if histogram and len(named) == 1:
        _draw_histogram(ax, next(iter(named.values())), (low, high), log)
    if log:
        ax.set(xscale="log", yscale="log")
        log_percent_axis(ax.xaxis, low, high)
        log_percent_axis(ax.yaxis, low, high)
    else:
        percent_axis(ax.xaxis)
        percent_axis(ax.yaxis)
    ax.set(xlim=(low, high), ylim=(low, high), xlabel="Predicted risk", ylabel="Observed proportion", aspect="equal")
    first = next(iter(named.values()))
    note(ax, f"{first.n:,.0f} patients, {first.n_events:,.0f} events")
    tidy(ax)
    ax.legend(frameon=False, fontsize=9, loc="upper left")
    return ax


def _range(named: Mapping[str, CalibrationCurve], log: bool, limit: float | None) -> tuple[float, float]:
    high = limit or min(1.0, 1.05 * max(float(max(c.predicted.max(), np.nanmax(c.observed))) for c in named.values()))
    if not log:
        return 0.0, high
    return max(1e-5, 0.7 * min(float(np.quantile(c.predicted, 0.02)) for c in named.values())), high


def _draw_curve(
    ax: Axes, curve: CalibrationCurve, name: str, colour: str, line: Any, view: tuple[float, float]
) -> None:
    if curve.method.endswith("groups"):
        error = np.abs(np.stack([curve.observed - curve.low, curve.high - curve.observed]))
        ax.errorbar(curve.predicted, curve.observed, error, fmt="o", ms=4, lw=1, color=colour, label=name)
        return
    floor = view[0] if view[0] > 0 else 0.0
    ax.fill_between(curve.predicted, np.maximum(curve.low, floor), curve.high, color=colour, alpha=0.18, lw=0)
    ax.plot(curve.predicted, curve.observed, color=colour, lw=1.8, ls=line, label=name)


def _draw_histogram(ax: Axes, curve: CalibrationCurve, view: tuple[float, float], log: bool) -> None:
    """Spikes at the foot: patients with the event above the line, others below."""
    low, high = view
    inset = ax.inset_axes((0.0, 0.0, 1.0, 0.16))
    edges = np.geomspace(low, high, 61) if log else np.linspace(low, high, 61)
    for counts, sign, colour in (
        (curve.risk_events, 1, PALETTE[1]),
        (curve.risk_n - curve.risk_events, -1, FAINT),
    ):
        share = np.histogram(curve.risk, edges, weights=counts)[0] / max(counts.sum(), 1)
        inset.bar(edges[:-1], sign * share, np.diff(edges), align="edge", color=colour, lw=0)
    inset.axhline(0, color=MUTED, lw=0.5)
    inset.set(xlim=view, xscale="log" if log else "linear")
    inset.axis("off")
    for text, y, colour in (("with malignancy", 0.98, PALETTE[1]), ("without", 0.02, MUTED)):
        inset.text(
            0.99,
            y,
            text,
            transform=inset.transAxes,
            ha="right",
            va="top" if y > 0.5 else "bottom",
            fontsize=7,
            color=colour,
        )


def plot_risk_distribution(
    distributions: RiskDistribution | Mapping[str, RiskDistribution], *, ax: Axes | None = None
) -> Axes:
    """Distribution of the risk by outcome: one row per model, with malignancy above the line and without below."""
    named = dict(distributions) if isinstance(distributions, Mapping) else {"": distributions}
    ax = axes_or_new(ax, (6.4, 0.9 + 0.85 * len(named)))
    low = min(float(d.edges[0]) for d in named.values())
    high = max(float(d.edges[-1]) for d in named.values())
    for row, d in enumerate(reversed(named.values())):
        top = max(d.events.max(), d.others.max())
        for share, sign, colour in ((d.events, 1, PALETTE[1]), (d.others, -1, PALETTE[0])):
            height = sign * 0.42 * share / top
            ax.bar(d.edges[:-1], height, np.diff(d.edges), bottom=row, align="edge", color=colour, lw=0)
        ax.axhline(row, color=MUTED, lw=0.5)
        for q, sign in ((d.event_quantiles, 1), (d.other_quantiles, -1)):
            ax.plot([q[2]] * 2, [row, row + 0.42 * sign], color=INK, lw=1.2)
    ax.set(xscale="log", xlim=(max(low, 1e-6), high), xlabel="Predicted risk", ylim=(-0.5, len(named) - 0.5))
    ax.set_yticks(range(len(named)), labels=list(reversed(list(named))))
    log_percent_axis(ax.xaxis, low, high)
    first = next(iter(named.values()))
    others = first.n - first.n_events
    note(ax, f"{first.n_events:,.0f} with malignancy (above), {others:,.0f} without (below); medians marked")
    tidy(ax)
    ax.spines["left"].set_visible(False)
    ax.tick_params(axis="y", length=0)
    return ax
