"""Decision curves."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes

from ..measures.net_benefit import TREAT_ALL, TREAT_NONE, DecisionCurve
from .style import INK, LINES, MUTED, axes_or_new, colours, note, percent_axis, tidy

_REFERENCE = {TREAT_ALL: ("treat all", MUTED, "--"), TREAT_NONE: ("treat none", INK, ":")}


def plot_decision_curve(
    curve: DecisionCurve, *, ax: Axes | None = None, models: Sequence[str] | None = None, bands: bool = True
) -> Axes:
    """Net benefit against threshold probability, with the cost:benefit ratio on a second axis.

    Parameters
    ----------
    curve : DecisionCurve
    models : sequence of str, optional
        Models to show beside treating all and none; all when None.
    bands : bool
        Shade the limits.
    """
    ax = axes_or_new(ax, (6.2, 4.4))
    shown = [m for m in curve.models if m not in _REFERENCE] if models is None else list(models)
    for i, (name, colour) in enumerate(colours(shown).items()):
        row = curve.models.index(name)
        if bands:
            ax.fill_between(curve.thresholds, curve.low[row], curve.high[row], color=colour, alpha=0.13, lw=0)
        ax.plot(curve.thresholds, curve.net_benefit[row], color=colour, lw=1.8, ls=LINES[i % len(LINES)], label=name)
    for name, (text, colour, style) in _REFERENCE.items():
        ax.plot(
            curve.thresholds, curve.net_benefit[curve.models.index(name)], color=colour, ls=style, lw=1.2, label=text
        )
    top = max(float(curve.high[[curve.models.index(m) for m in shown]].max()) if shown else 0.0, curve.prevalence * 0.1)
    lowest = min(0.0, float(curve.net_benefit[[curve.models.index(m) for m in shown]].min()) if shown else 0.0)
    ax.set(ylim=(min(-0.12 * top, 1.1 * lowest), 1.08 * top), xlim=(curve.thresholds[0], curve.thresholds[-1]))
    ax.set(xlabel="Threshold probability", ylabel=_label(curve))
    percent_axis(ax.xaxis)
    _cost_axis(ax)
    limits = f"; {curve.level:.0%} limits, {curve.interval}" if bands else ""
    note(ax, f"{curve.n:,.0f} patients, {curve.n_events:,.0f} events{limits}")
    tidy(ax)
    ax.legend(frameon=False, fontsize=9)
    return ax


def _label(curve: DecisionCurve) -> str:
    return "Net benefit" if curve.policy == "opt-in" else "Net benefit (opt-out)"


def _cost_axis(ax: Axes) -> None:
    """Harm of treating a patient without malignancy against the benefit of treating one with."""
    second = ax.secondary_xaxis(-0.17)
    ticks = [t for t in ax.get_xticks() if 0 < t < 1 and ax.get_xlim()[0] <= t <= ax.get_xlim()[1]]
    second.set_xticks(ticks, labels=[f"1:{np.round((1 - t) / t):.0f}" for t in ticks])
    second.set_xlabel("Cost : benefit ratio", fontsize=9, color=MUTED)
    second.tick_params(labelsize=8, colors=MUTED)
    second.spines["bottom"].set_color(MUTED)
