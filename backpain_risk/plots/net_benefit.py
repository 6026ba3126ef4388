"""Decision curves and what follows from them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes

from ..measures.decision.bayesian import BayesianDecisionCurve
from ..measures.decision.benefit_curve import DecisionCurve
from ..measures.decision.inputs import TREAT_ALL, TREAT_NONE
from ..numerics.checks import check_result
from .style import (
    FAINT,
    INK,
    LINES,
    MUTED,
    PALETTE,
    Panels,
    axes_or_new,
    colours,
    note,
    panels_or_new,
    percent_axis,
    tidy,
)

_REFERENCE = {TREAT_ALL: ("treat all", MUTED, "--"), TREAT_NONE: ("treat none", INK, ":")}
_PER = 1000
Curve = DecisionCurve | BayesianDecisionCurve


def plot_decision_curve(
    curve: Curve,
    *,
    ax: Axes | None = None,
    models: Sequence[str] | None = None,
    bands: bool = True,
    marks: Sequence[float] = (),
) -> Axes:
    """Net benefit per 1,000 patients against threshold probability, with the cost:benefit ratio on
    a second axis.

    Parameters
    ----------
    curve : DecisionCurve or BayesianDecisionCurve
        Net benefit by threshold.
    ax : Axes, optional
        Where to draw; the axes of a new figure when None.
    models : sequence of str, optional
        Models to show beside treating all and none; all when None.
    bands : bool
        Shade the limits, confidence or credible.
    marks : sequence of float
        Thresholds to mark with a line.

    Examples
    --------
    >>> from backpain_risk import decision_curve
    >>> y, risk = [0, 0, 1, 0, 1, 1], [0.1, 0.2, 0.3, 0.4, 0.6, 0.8]
    >>> ax = plot_decision_curve(decision_curve(y, risk))
    >>> ax.get_ylabel()
    'Net true positives per 1,000'
    """
    check_result("curve", curve, "DecisionCurve", "BayesianDecisionCurve")
    ax = axes_or_new(ax, (6.2, 4.4))
    _draw_curves(ax, curve, models, bands, marks)
    _finish(ax, curve, f"; {_limits(curve)}" if bands else "")
    ax.legend(frameon=False, fontsize=9)
    return ax


def _draw_curves(
    ax: Axes, curve: Curve, models: Sequence[str] | None, bands: bool, marks: Sequence[float]
) -> None:
    shown = _models(curve) if models is None else list(models)
    _mark(ax, marks)
    for i, (name, colour) in enumerate(colours(shown).items()):
        row = curve.models.index(name)
        low = _PER * curve.low[row]
        high = _PER * curve.high[row]
        if bands:
            ax.fill_between(curve.thresholds, low, high, color=colour, alpha=0.13, lw=0)
        benefit = _PER * curve.net_benefit[row]
        style = LINES[i % len(LINES)]
        ax.plot(curve.thresholds, benefit, color=colour, lw=1.8, ls=style, label=name)
    for name, (text, colour, style) in _REFERENCE.items():
        benefit = _PER * curve.net_benefit[curve.models.index(name)]
        ax.plot(curve.thresholds, benefit, color=colour, ls=style, lw=1.2, label=text)
    low_end, high_end = _benefit_range(curve, shown)
    ax.set(ylim=(_PER * low_end, _PER * high_end), ylabel=_label(curve))


def plot_net_benefit_difference(
    curve: Curve, a: str, b: str, *, ax: Axes | None = None, marks: Sequence[float] = ()
) -> Axes:
    """Paired difference in net benefit between two strategies, a minus b, per 1,000 patients, with
    limits; ``marks`` are thresholds to mark.

    Parameters
    ----------
    curve : DecisionCurve or BayesianDecisionCurve
        Net benefit by threshold.
    a : str
        A model of the curve, ``"treat_all"`` or ``"treat_none"``.
    b : str
        The strategy that is taken from it.
    ax : Axes, optional
        Where to draw; the axes of a new figure when None.
    marks : sequence of float
        Thresholds to mark with a line.

    Examples
    --------
    >>> from backpain_risk import decision_curve
    >>> y, risk = [0, 0, 1, 0, 1, 1], [0.1, 0.2, 0.3, 0.4, 0.6, 0.8]
    >>> ax = plot_net_benefit_difference(decision_curve(y, risk), "model", "treat_all")
    >>> ax.get_ylabel()
    'Difference per 1,000'
    """
    check_result("curve", curve, "DecisionCurve", "BayesianDecisionCurve")
    ax = axes_or_new(ax, (6.2, 3.8))
    _draw_difference(ax, curve, a, b, marks)
    _finish(ax, curve, f"; {_named(a)} less {_named(b)}, {_limits(curve)}")
    return ax


def _draw_difference(ax: Axes, curve: Curve, a: str, b: str, marks: Sequence[float]) -> None:
    table = curve.difference(a, b)
    _mark(ax, marks)
    ax.axhline(0, color=INK, lw=1, ls=":")
    low = _PER * table.low
    high = _PER * table.high
    ax.fill_between(table.threshold, low, high, color=PALETTE[0], alpha=0.18, lw=0)
    ax.plot(table.threshold, _PER * table.difference, color=PALETTE[0], lw=1.8)
    ax.set(ylabel="Difference per 1,000")


def plot_decision_panels(
    curve: Curve,
    a: str,
    b: str,
    *,
    axes: Panels | None = None,
    models: Sequence[str] | None = None,
    marks: Sequence[float] = (),
) -> npt.NDArray[Any]:
    """Net benefit above, and the difference between two strategies, a minus b, below on the same
    thresholds.

    Parameters
    ----------
    curve : DecisionCurve or BayesianDecisionCurve
        Net benefit by threshold.
    a, b : str
        Models of the curve, or ``"treat_all"`` or ``"treat_none"``.
    axes : sequence of two Axes, optional
        The upper and the lower; a new figure when None.
    models : sequence of str, optional
        Models to show beside treating all and none; all when None.
    marks : sequence of float
        Thresholds to mark with a line.

    Returns
    -------
    ndarray of Axes, shape (2,)

    Examples
    --------
    >>> from backpain_risk import decision_curve
    >>> y, risk = [0, 0, 1, 0, 1, 1], [0.1, 0.2, 0.3, 0.4, 0.6, 0.8]
    >>> above, below = plot_decision_panels(decision_curve(y, risk), "model", "treat_all")
    >>> below.get_title("left").split(",")[0]
    'model less treat all'
    """
    check_result("curve", curve, "DecisionCurve", "BayesianDecisionCurve")
    above, below = panels_or_new(axes, 2, columns=1, panel=(6.0, 3.0), heights=(3, 2), sharex=True)
    _draw_curves(above, curve, models, False, marks)
    above.legend(frameon=False, fontsize=9)
    note(above, f"{curve.n:,.0f} patients, {curve.n_events:,.0f} events")
    tidy(above)
    _draw_difference(below, curve, a, b, marks)
    _finish(below, curve, "")
    above.set(xlim=below.get_xlim())
    note(below, f"{_named(a)} less {_named(b)}, {_limits(curve)}")
    return np.asarray([above, below])


def _named(strategy: str) -> str:
    return _REFERENCE[strategy][0] if strategy in _REFERENCE else strategy


def _mark(ax: Axes, thresholds: Sequence[float]) -> None:
    for threshold in thresholds:
        ax.axvline(threshold, color=FAINT, lw=1.2, zorder=0)


def plot_interventions_avoided(
    curve: DecisionCurve, *, ax: Axes | None = None, per: float = 1000
) -> Axes:
    """Interventions avoided by each model against treating all, with no malignancy missed more,
    per 1,000 patients.

    Parameters
    ----------
    curve : DecisionCurve
        Net benefit by threshold.
    ax : Axes, optional
        Where to draw; the axes of a new figure when None.
    per : float
        Patients that the number is given for.

    Examples
    --------
    >>> from backpain_risk import decision_curve
    >>> y, risk = [0, 0, 1, 0, 1, 1], [0.1, 0.2, 0.3, 0.4, 0.6, 0.8]
    >>> ax = plot_interventions_avoided(decision_curve(y, risk))
    >>> ax.get_ylabel()
    'Net interventions avoided per 1,000'
    """
    check_result("curve", curve, "DecisionCurve")
    ax = axes_or_new(ax, (6.2, 3.8))
    table = curve.consequences(per)
    for i, (name, colour) in enumerate(colours(_models(curve)).items()):
        avoided = table.net_interventions_avoided[table.model == name]
        ax.plot(
            curve.thresholds, avoided, color=colour, lw=1.8, ls=LINES[i % len(LINES)], label=name
        )
    ax.axhline(0, color=MUTED, lw=1.2, ls="--", label="treat all")
    ax.set(ylim=(-0.05 * per, 1.02 * per), ylabel=f"Net interventions avoided per {per:,.0f}")
    _finish(ax, curve, "", cost=False)
    ax.legend(frameon=False, fontsize=9)
    return ax


def plot_usefulness(curve: BayesianDecisionCurve, *, ax: Axes | None = None) -> Axes:
    """Posterior probability that each model is useful (better than treating all and none), by
    threshold.

    Parameters
    ----------
    curve : BayesianDecisionCurve
        Its probabilities of being useful are drawn.
    ax : Axes, optional
        Where to draw; the axes of a new figure when None.

    Examples
    --------
    >>> from backpain_risk import bayesian_decision_curve
    >>> y, risk = [0, 0, 1, 0, 1, 1], [0.1, 0.2, 0.3, 0.4, 0.6, 0.8]
    >>> ax = plot_usefulness(bayesian_decision_curve(y, risk, n_draws=100, rng=1))
    >>> ax.get_ylabel()
    'Probability of being useful'
    """
    check_result("curve", curve, "BayesianDecisionCurve")
    ax = axes_or_new(ax, (6.2, 3.8))
    for i, (name, colour) in enumerate(colours(_models(curve)).items()):
        useful = curve.p_useful[curve.models.index(name)]
        ax.plot(
            curve.thresholds, useful, color=colour, lw=1.8, ls=LINES[i % len(LINES)], label=name
        )
    ax.set(ylim=(-0.02, 1.02), ylabel="Probability of being useful")
    _finish(ax, curve, "")
    ax.legend(frameon=False, fontsize=9)
    return ax


def plot_evpi(curve: BayesianDecisionCurve, *, ax: Axes | None = None) -> Axes:
    """Expected net benefit lost, per 1,000 patients, by not knowing which strategy is best.

    Parameters
    ----------
    curve : BayesianDecisionCurve
        Its expected value of perfect information is drawn.
    ax : Axes, optional
        Where to draw; the axes of a new figure when None.

    Examples
    --------
    >>> from backpain_risk import bayesian_decision_curve
    >>> y, risk = [0, 0, 1, 0, 1, 1], [0.1, 0.2, 0.3, 0.4, 0.6, 0.8]
    >>> ax = plot_evpi(bayesian_decision_curve(y, risk, n_draws=100, rng=1))
    >>> ax.get_xlabel()
    'Threshold probability'
    """
    check_result("curve", curve, "BayesianDecisionCurve")
    ax = axes_or_new(ax, (6.2, 3.8))
    ax.fill_between(curve.thresholds, 0, 1000 * curve.evpi, color=PALETTE[0], alpha=0.18, lw=0)
    ax.plot(curve.thresholds, 1000 * curve.evpi, color=PALETTE[0], lw=1.8)
    ax.set(
        ylim=(0, None),
        ylabel="Expected value of perfect information,\nnet true positives per 1,000",
    )
    _finish(ax, curve, "")
    return ax


def _models(curve: Curve) -> list[str]:
    return [name for name in curve.models if name not in _REFERENCE]


def _benefit_range(curve: Curve, shown: Sequence[str]) -> tuple[float, float]:
    """Room for the models and their limits; treating all may leave at the foot."""
    rows = [curve.models.index(name) for name in shown]
    top = max([0.1 * curve.n_events / curve.n, *(float(curve.high[row].max()) for row in rows)])
    lowest = min([0.0, *(float(curve.net_benefit[row].min()) for row in rows)])
    return min(-0.12 * top, 1.1 * lowest), 1.08 * top


def _label(curve: Curve) -> str:
    opt_out = isinstance(curve, DecisionCurve) and curve.policy == "opt-out"
    return f"Net {'true negatives' if opt_out else 'true positives'} per 1,000"


def _limits(curve: Curve) -> str:
    if isinstance(curve, BayesianDecisionCurve):
        return f"{curve.level:.0%} credible limits"
    name = {"mover": "MOVER"}.get(curve.interval, curve.interval)
    return f"{curve.level:.0%} limits, {name}"


def _finish(ax: Axes, curve: Curve, remark: str, *, cost: bool = True) -> None:
    """The threshold axis, with its second scale, and who was counted."""
    ax.set(xlim=(curve.thresholds[0], curve.thresholds[-1]), xlabel="Threshold probability")
    percent_axis(ax.xaxis)
    if cost:
        _cost_axis(ax)
    note(ax, f"{curve.n:,.0f} patients, {curve.n_events:,.0f} events{remark}")
    tidy(ax)


def _cost_axis(ax: Axes) -> None:
    """Harm of treating a patient without malignancy against the benefit of treating one with."""
    height = ax.figure.get_size_inches()[1] * ax.get_position().height  # type: ignore[union-attr]
    second = ax.secondary_xaxis(-0.56 / height)
    ticks = [t for t in ax.get_xticks() if 0 < t < 1 and ax.get_xlim()[0] <= t <= ax.get_xlim()[1]]
    second.set_xticks(ticks, labels=[f"1:{np.round((1 - t) / t):.0f}" for t in ticks])
    second.set_xlabel("Cost : benefit ratio", fontsize=9, color=MUTED)
    second.tick_params(labelsize=8, colors=MUTED)
    second.spines["bottom"].set_color(MUTED)
