"""ROC and precision-recall curves."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes

from ..measures.discrimination.roc import PrecisionRecallCurve, RocCurve
from ..numerics.checks import check_results
from ..results.estimate import Estimate
from .style import LINES, MUTED, axes_or_new, colours, note, percent_axis, tidy


def plot_roc(
    curves: RocCurve | Mapping[str, RocCurve], *, ax: Axes | None = None, bands: bool = True
) -> Axes:
    """Sensitivity against 1 - specificity, with limits of the sensitivity and the area of each
    curve.

    Parameters
    ----------
    curves : RocCurve or mapping of name to it
        What :func:`roc_curve` returns.
    ax : Axes, optional
        Where to draw; the axes of a new figure when None.
    bands : bool
        Shade the limits.

    Examples
    --------
    >>> from backpain_risk import roc_curve
    >>> y, risk = [0, 0, 1, 0, 1, 1], [0.1, 0.2, 0.3, 0.4, 0.6, 0.8]
    >>> ax = plot_roc(roc_curve(y, risk))
    >>> ax.get_xlabel()
    '1 - specificity'
    """
    check_results("curves", curves, "RocCurve")
    ax = axes_or_new(ax, (5.0, 5.0))
    named = curves if isinstance(curves, Mapping) else {"": curves}
    ax.plot([0, 1], [0, 1], color=MUTED, lw=1, ls="--")
    for i, (name, colour) in enumerate(colours(list(named)).items()):
        curve = named[name]
        x = 1 - curve.specificity
        if bands:
            ax.fill_between(
                x, curve.sensitivity_low, curve.sensitivity_high, color=colour, alpha=0.15, lw=0
            )
        text = _with_estimate(name, "AUROC", curve.auroc)
        ax.plot(x, curve.sensitivity, color=colour, lw=1.8, ls=LINES[i % len(LINES)], label=text)
    ax.set(
        xlim=(-0.01, 1.01),
        ylim=(-0.01, 1.01),
        aspect="equal",
        xlabel="1 - specificity",
        ylabel="Sensitivity",
    )
    _finish(ax, next(iter(named.values())), "lower right")
    return ax


def plot_precision_recall(
    curves: PrecisionRecallCurve | Mapping[str, PrecisionRecallCurve],
    *,
    ax: Axes | None = None,
    bands: bool = True,
) -> Axes:
    """Positive predictive value against sensitivity, with limits, the event rate as a floor, and
    average precision.

    The steep start, where fewer than ten patients are positive, is left out.

    Parameters
    ----------
    curves : PrecisionRecallCurve or mapping of name to it
        What :func:`precision_recall_curve` returns.
    ax : Axes, optional
        Where to draw; the axes of a new figure when None.
    bands : bool
        Shade the limits.

    Examples
    --------
    >>> from backpain_risk import load_scenario, precision_recall_curve, simulate_cohort
    >>> cohort = simulate_cohort(load_scenario("spine_clinic"), 1000, seed=1)
    >>> curve = precision_recall_curve(cohort.outcome, cohort.true_risk)
    >>> plot_precision_recall(curve).get_xlabel()
    'Sensitivity (recall)'
    """
    check_results("curves", curves, "PrecisionRecallCurve")
    ax = axes_or_new(ax, (5.4, 4.6))
    named = curves if isinstance(curves, Mapping) else {"": curves}
    first = next(iter(named.values()))
    ax.axhline(first.n_events / first.n, color=MUTED, lw=1, ls="--")
    for i, (name, colour) in enumerate(colours(list(named)).items()):
        curve = named[name]
        enough = curve.recall * curve.n_events >= 10 * curve.precision
        x, low, high = (
            part[enough] for part in (curve.recall, curve.precision_low, curve.precision_high)
        )
        if bands:
            ax.fill_between(x, low, high, color=colour, alpha=0.15, lw=0)
        text = _with_estimate(name, "average precision", curve.average_precision)
        ax.plot(
            x, curve.precision[enough], color=colour, lw=1.8, ls=LINES[i % len(LINES)], label=text
        )
    top = max(np.quantile(c.precision_high[c.recall >= 0.02], 0.99) for c in named.values())
    ax.set(xlim=(0, 1.01), ylim=(0, min(1.02, 1.05 * top)), xlabel="Sensitivity (recall)")
    ax.set_ylabel("Positive predictive value (precision)")
    _finish(ax, first, "upper right")
    percent_axis(ax.yaxis)
    return ax


def _with_estimate(name: str, measure: str, estimate: Estimate) -> str:
    value = f"{measure} {estimate.value:.3f} ({estimate.low:.3f} to {estimate.high:.3f})"
    return f"{name}: {value}" if name else value


def _finish(ax: Axes, curve: RocCurve | PrecisionRecallCurve, corner: str) -> None:
    note(
        ax,
        f"{curve.n:,.0f} patients, {curve.n_events:,.0f} events; "
        f"{curve.level:.0%} pointwise limits",
    )
    tidy(ax)
    ax.legend(frameon=False, fontsize=8, loc=corner)
