"""Distribution of the risk by outcome."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes

from ..measures.risks_by_outcome import RiskDistribution
from ..numerics.checks import check_results
from .style import INK, MUTED, PALETTE, axes_or_new, log_percent_axis, note, tidy


def plot_risk_distribution(
    distributions: RiskDistribution | Mapping[str, RiskDistribution], *, ax: Axes | None = None
) -> Axes:
    """Distribution of the risk by outcome: one row per model, with malignancy above the line and
    without below.

    Parameters
    ----------
    distributions : RiskDistribution or mapping of name to it
        What :func:`risk_distribution` returns.
    ax : Axes, optional
        Where to draw; the axes of a new figure when None.

    Examples
    --------
    >>> from backpain_risk import risk_distribution
    >>> y, risk = [0, 0, 1, 0, 1, 1], [0.1, 0.2, 0.3, 0.4, 0.6, 0.8]
    >>> ax = plot_risk_distribution(risk_distribution(y, risk))
    >>> ax.get_xlabel()
    'Predicted risk'
    """
    check_results("distributions", distributions, "RiskDistribution")
    named = dict(distributions) if isinstance(distributions, Mapping) else {"": distributions}
    ax = axes_or_new(ax, (6.4, 0.9 + 0.85 * len(named)))
    low = min(float(d.edges[0]) for d in named.values())
    high = max(float(d.edges[-1]) for d in named.values())
    for row, d in enumerate(reversed(named.values())):
        top = max(d.events.max(), d.others.max())
        for share, sign, colour in ((d.events, 1, PALETTE[1]), (d.others, -1, PALETTE[0])):
            height = sign * 0.42 * share / top
            ax.bar(
                d.edges[:-1], height, np.diff(d.edges), bottom=row, align="edge", color=colour, lw=0
            )
        ax.axhline(row, color=MUTED, lw=0.5)
        for q, sign in ((d.event_quantiles, 1), (d.other_quantiles, -1)):
            ax.plot([q[2]] * 2, [row, row + 0.42 * sign], color=INK, lw=1.2)
    ax.set(
        xscale="log",
        xlim=(max(low, 1e-6), high),
        xlabel="Predicted risk",
        ylim=(-0.5, len(named) - 0.5),
    )
    ax.set_yticks(range(len(named)), labels=list(reversed(list(named))))
    log_percent_axis(ax.xaxis, low, high)
    first = next(iter(named.values()))
    others = first.n - first.n_events
    note(
        ax,
        f"{first.n_events:,.0f} with malignancy (above), {others:,.0f} without (below); heights "
        "are shares of these, lines medians",
    )
    tidy(ax)
    ax.spines["left"].set_visible(False)
    ax.tick_params(axis="y", length=0)
    return ax
