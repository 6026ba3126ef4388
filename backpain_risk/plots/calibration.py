"""Calibration plots."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes

from ..measures.calibration.curve import CalibrationCurve
from ..numerics.checks import check_count, check_results
from .style import (
    FAINT,
    LINES,
    MUTED,
    PALETTE,
    Panels,
    axes_or_new,
    colours,
    log_percent_axis,
    note,
    panels_or_new,
    percent_axis,
    tidy,
)

Curves = CalibrationCurve | Mapping[str, CalibrationCurve]
_FOOT = 0.17  # share of the height that the histogram takes


def plot_calibration(
    curves: Curves,
    *,
    ax: Axes | None = None,
    log: bool = True,
    limit: float | None = None,
    histogram: bool = True,
) -> Axes:
    """Observed proportion against predicted risk, with limits and the ideal diagonal.

    Parameters
    ----------
    curves : CalibrationCurve or mapping of name to CalibrationCurve
        Curves, as :func:`calibration_curve` gives them.
    ax : Axes, optional
        Where to draw; the axes of a new figure when None.
    log : bool
        Logarithmic axes, on which a base rate of 1 % can be read.
    limit : float, optional
        Largest risk shown.
    histogram : bool
        Distribution of the risk by outcome below the plot, for a single curve.

    Examples
    --------
    >>> from backpain_risk import calibration_curve
    >>> y, risk = [0, 0, 1, 0, 1, 1], [0.1, 0.2, 0.3, 0.4, 0.6, 0.8]
    >>> ax = plot_calibration(calibration_curve(y, risk, method="groups", n_groups=2))
    >>> ax.get_xlabel()
    'Predicted risk'
    """
    check_results("curves", curves, "CalibrationCurve")
    ax = axes_or_new(ax, (5.2, 5.2))
    named = dict(curves) if isinstance(curves, Mapping) else {"": curves}
    view = _view(list(named.values()), log, limit)
    _draw_panel(ax, named, view, log=log, histogram=histogram and len(named) == 1)
    first = next(iter(named.values()))
    note(ax, _counted(first))
    ax.legend(frameon=False, fontsize=9, loc="upper left")
    return ax


def plot_calibration_panels(
    curves: Mapping[str, CalibrationCurve],
    *,
    axes: Panels | None = None,
    log: bool = True,
    limit: float | None = None,
    columns: int = 3,
) -> npt.NDArray[Any]:
    """One calibration plot per model on common axes, each with its histogram.

    Parameters
    ----------
    curves : mapping of name to CalibrationCurve
        Curves of the models, as :func:`calibration_curve` gives them.
    axes : sequence of Axes, optional
        One a curve, in any arrangement; a new figure when None.
    log : bool
        Logarithmic axes, on which a base rate of 1 % can be read.
    limit : float, optional
        Largest risk shown.
    columns : int
        Panels in a row of the new figure.

    Returns
    -------
    ndarray of Axes, shape (curves,)

    Examples
    --------
    >>> from backpain_risk import calibration_curve
    >>> y, risk = [0, 0, 1, 0, 1, 1], [0.1, 0.2, 0.3, 0.4, 0.6, 0.8]
    >>> curve = calibration_curve(y, risk, method="groups", n_groups=2)
    >>> [ax.get_title("left") for ax in plot_calibration_panels({"first": curve, "next": curve})]
    ['first', 'next']
    """
    check_results("curves", curves, "CalibrationCurve")
    check_count("columns", columns, 1, 100)
    panels = panels_or_new(
        axes, len(curves), columns=columns, panel=(2.6, 3.0), sharex=True, sharey=True
    )
    view = _view(list(curves.values()), log, limit)
    for ax, (name, curve) in zip(panels, curves.items(), strict=True):
        _draw_panel(ax, {"": curve}, view, log=log, histogram=True)
        note(ax, name if axes is None else f"{name}: {_counted(curve)}")
        if log:
            log_percent_axis(ax.xaxis, *view, most=4)
        if axes is None:
            ax.label_outer()
    if axes is None:
        first = next(iter(curves.values()))
        panels[0].figure.suptitle(_counted(first), color=MUTED, fontsize=9)
    return panels


def _counted(curve: CalibrationCurve) -> str:
    return f"{curve.n:,.0f} patients, {curve.n_events:,.0f} events"


def _view(curves: list[CalibrationCurve], log: bool, limit: float | None) -> tuple[float, float]:
    """Risks shown: on log axes from where five events are expected below, if that many are."""
    high = limit or min(
        1.0, 1.1 * max(float(max(c.risk[-1], np.nanmax(c.observed))) for c in curves)
    )
    if not log:
        return 0.0, high
    return min(_start(c) for c in curves), high


def _start(curve: CalibrationCurve) -> float:
    """The risk below which five events are expected, or a tenth of all where there are fewer than
    fifty.
    """
    expected = np.cumsum(curve.risk * curve.risk_n)
    few = min(5.0, 0.1 * float(expected[-1]))
    positive = curve.risk[curve.risk > 0]
    return float(max(curve.risk[np.searchsorted(expected, few)], positive[0]))


def _draw_panel(
    ax: Axes,
    named: Mapping[str, CalibrationCurve],
    view: tuple[float, float],
    *,
    log: bool,
    histogram: bool,
) -> None:
    low, high = view
    ax.plot([low, high], [low, high], color=MUTED, lw=1, ls="--", label="ideal")
    for i, (name, colour) in enumerate(colours(list(named)).items()):
        _draw_curve(ax, named[name], name or "observed", colour, LINES[i % len(LINES)], low)
    foot = low
    if histogram:
        foot = low * (low / high) ** (_FOOT / (1 - _FOOT)) if log else -high * _FOOT / (1 - _FOOT)
        ax.axhline(low, color=FAINT, lw=0.8)
        _draw_histogram(ax, next(iter(named.values())), view, log)
    if log:
        ax.set(xscale="log", yscale="log")
        log_percent_axis(ax.xaxis, low, high)
        log_percent_axis(ax.yaxis, low, high)
    else:
        percent_axis(ax.xaxis)
        percent_axis(ax.yaxis)
        ax.set_yticks([tick for tick in ax.get_xticks() if 0 <= tick <= high])
    ax.set(xlim=view, ylim=(foot, high), xlabel="Predicted risk", ylabel="Observed proportion")
    ax.set_box_aspect(1 / (1 - _FOOT) if histogram else 1)
    tidy(ax)


def _draw_curve(
    ax: Axes, curve: CalibrationCurve, name: str, colour: str, line: Any, floor: float
) -> None:
    low = np.maximum(curve.low, floor)
    if curve.group_n is not None:
        seen = np.maximum(curve.observed, floor)
        error = np.stack([seen - np.minimum(low, seen), np.maximum(curve.high, seen) - seen])
        ax.errorbar(curve.predicted, seen, error, fmt="o", ms=4, lw=1, color=colour, label=name)
        return
    ax.fill_between(
        curve.predicted, low, np.maximum(curve.high, floor), color=colour, alpha=0.18, lw=0
    )
    shown = np.where(curve.observed >= floor, curve.observed, np.nan)
    ax.plot(curve.predicted, shown, color=colour, lw=1.8, ls=line, label=name)


def _draw_histogram(
    ax: Axes, curve: CalibrationCurve, view: tuple[float, float], log: bool
) -> None:
    """At the foot: patients with the event above the line, others below, each as shares of their
    number.
    """
    inset = ax.inset_axes((0.0, 0.0, 1.0, _FOOT))
    edges = np.geomspace(*view, 61) if log else np.linspace(*view, 61)
    others = curve.risk_n - curve.risk_events
    for counts, sign, colour in ((curve.risk_events, 1, PALETTE[1]), (others, -1, MUTED)):
        share = np.histogram(curve.risk, edges, weights=counts)[0]
        inset.bar(
            edges[:-1],
            sign * share / max(share.max(), 1e-12),
            np.diff(edges),
            align="edge",
            color=colour,
            lw=0,
        )
    inset.axhline(0, color=MUTED, lw=0.5)
    inset.set(xlim=view, ylim=(-1.1, 1.1), xscale="log" if log else "linear")
    inset.axis("off")
    for text, y, va, colour in (
        ("events", 0.98, "top", PALETTE[1]),
        ("others", 0.02, "bottom", MUTED),
    ):
        x, side = (0.005, "left") if log else (0.995, "right")  # where few patients are
        inset.text(x, y, text, transform=inset.transAxes, fontsize=7, color=colour, ha=side, va=va)
