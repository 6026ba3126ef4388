"""Coefficients of models and the steps of one patient."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from scipy.special import expit, logit

from ..models.assessment import Assessment
from ..models.logistic.result import Effect, LogisticResult
from ..numerics.checks import check_result
from ..vocabulary import AGE, LABORATORY, label
from .style import FAINT, INK, MUTED, PALETTE, axes_or_new, note, percent, tidy

_RATIOS = (0.001, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 1000)


def plot_odds_ratios(
    result: LogisticResult, *, ax: Axes | None = None, marginal: bool = True
) -> Axes:
    """Odds ratios with 95 % profile-likelihood limits, the marginal ones beside them.

    The distance between the two marks is what the other terms explain: the effect of dependence
    between findings. An arrow marks a limit that is infinite.

    Parameters
    ----------
    result : LogisticResult
        ``result_`` of a fitted model.
    ax : Axes, optional
        Where to draw; the axes of a new figure when None.
    marginal : bool
        Draw the odds ratio of each term alone, too.

    Examples
    --------
    >>> from backpain_risk import LogisticModel, load_scenario, simulate_cohort
    >>> cohort = simulate_cohort(load_scenario("spine_clinic"), 1000, seed=1)
    >>> model = LogisticModel().fit(cohort.predictors[["age_years", "male"]], cohort.outcome)
    >>> plot_odds_ratios(model.result_).get_xlabel()
    'Odds ratio, 95% limits (log scale)'
    """
    check_result("result", result, "LogisticResult")
    table = result.to_frame().drop(index="intercept")
    alone = result.marginal_odds_ratios() if marginal else None
    ax = axes_or_new(ax, (6.8, 1.1 + 0.36 * len(table)))
    view = _view(
        np.concatenate(
            [table.low, table.high, *([alone.low, alone.high] if alone is not None else [])]
        )
    )
    ax.axvline(1, color=MUTED, lw=1)
    _draw_ratios(ax, table, view, 0.13 if marginal else 0.0, "o", PALETTE[0], "adjusted")
    if alone is not None:
        _draw_ratios(ax, alone, view, -0.13, "s", PALETTE[4], "marginal")
        ax.legend(frameon=False, fontsize=9, loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=2)
    ax.set(
        xscale="log",
        xlim=view,
        ylim=(-0.6, len(table) - 0.4),
        xlabel="Odds ratio, 95% limits (log scale)",
    )
    ax.set_yticks(range(len(table)), labels=[_term(str(term)) for term in reversed(table.index)])
    ticks = [t for t in _RATIOS if view[0] <= t <= view[1]]
    ax.set_xticks(ticks, labels=[f"{t:g}" for t in ticks])
    ax.minorticks_off()
    ax.set_title(
        f"{result.n:,.0f} patients, {result.n_events:,.0f} events",
        loc="right",
        color=MUTED,
        fontsize=9,
    )
    tidy(ax)
    return ax


def _term(term: str) -> str:
    """Label of a term, the primes of its spline columns kept."""
    base = term.rstrip("'")
    return ":".join(label(part) for part in base.split(":")) + term[len(base) :]


def _view(limits: np.ndarray) -> tuple[float, float]:
    """A range that holds every finite limit, at most from 0.001 to 1000."""
    inside = limits[np.isfinite(limits) & (limits > 1e-4) & (limits < 1e4)]
    low, high = (float(inside.min()), float(inside.max())) if inside.size else (0.5, 2.0)
    return max(min(low, 0.8) / 1.3, 1e-3), min(max(high, 1.25) * 1.3, 1e3)


def _draw_ratios(
    ax: Axes,
    table: object,
    view: tuple[float, float],
    shift: float,
    marker: str,
    colour: str,
    name: str,
) -> None:
    rows = list(table.itertuples())  # type: ignore[attr-defined]
    for i, row in enumerate(reversed(rows)):
        if np.isnan(row.low):
            continue
        low = max(row.low, view[0])
        high = min(row.high, view[1])
        ax.plot([low, high], [i + shift] * 2, color=colour, lw=1.4)
        if np.isfinite(row.odds_ratio):
            ax.plot(row.odds_ratio, i + shift, marker, color=colour, ms=4.5)
        if np.isinf(row.high):
            ax.plot(view[1], i + shift, ">", color=colour, ms=6, clip_on=False)
    ax.plot([], [], marker, color=colour, ms=4.5, ls="-", lw=1.4, label=name)


def plot_effect(effect: Effect, *, ax: Axes | None = None) -> Axes:
    """Log odds ratio of a column against its reference, with its band.

    Parameters
    ----------
    effect : Effect
        What :meth:`LogisticModel.effect` returns.
    ax : Axes, optional
        Where to draw; the axes of a new figure when None.

    Examples
    --------
    >>> from backpain_risk import LogisticModel, load_scenario, simulate_cohort
    >>> cohort = simulate_cohort(load_scenario("spine_clinic"), 1000, seed=1)
    >>> model = LogisticModel().fit(cohort.predictors[["age_years", "male"]], cohort.outcome)
    >>> plot_effect(model.effect("age_years")).get_ylabel()
    'Log odds ratio against 57'
    """
    check_result("effect", effect, "Effect")
    ax = axes_or_new(ax, (5.6, 3.8))
    ax.axhline(0, color=FAINT, lw=1, zorder=0)
    ax.fill_between(effect.values, effect.low, effect.high, color=PALETTE[0], alpha=0.18, lw=0)
    ax.plot(effect.values, effect.log_odds_ratio, color=PALETTE[0], lw=1.8)
    ax.plot(effect.reference, 0, "o", color=INK, ms=4)
    unit = {"age_years": AGE.unit, **{key: test.unit for key, test in LABORATORY.items()}}.get(
        effect.column, ""
    )
    ax.set(xlabel=f"{label(effect.column)} ({unit})" if unit else label(effect.column))
    ax.set_ylabel(f"Log odds ratio against {effect.reference:g}")
    note(ax, f"{effect.level:.0%} pointwise limits")
    tidy(ax)
    return ax


def plot_waterfall(assessment: Assessment, *, ax: Axes | None = None) -> Axes:
    """Each finding's shift of the log odds, from the probability before to the probability
    after.

    Parameters
    ----------
    assessment : Assessment
        What :func:`assess` returns.
    ax : Axes, optional
        Where to draw; the axes of a new figure when None.

    Examples
    --------
    >>> from backpain_risk import assess
    >>> ax = plot_waterfall(assess({"history_of_cancer": 1, "age_years": 67}))
    >>> ax.get_title("left")
    'Not for clinical use'
    """
    check_result("assessment", assessment, "Assessment")
    steps = assessment.steps
    ax = axes_or_new(ax, (7.2, 1.6 + 0.42 * len(steps)))
    before = np.concatenate(
        [[logit(assessment.baseline)], logit(steps.probability.to_numpy()[:-1])]
    )
    after = logit(steps.probability.to_numpy())
    y = np.arange(len(steps), 0, -1)
    colour = np.where(after >= before, PALETTE[1], PALETTE[0])
    ax.barh(y, after - before, left=before, color=colour, height=0.55, alpha=0.85)
    ax.vlines(before, y - 0.4, y + 1.0, color=MUTED, lw=0.8)
    ends = logit(np.clip([assessment.risk.low, assessment.risk.high], 1e-6, 1 - 1e-6))
    ax.plot(ends, [0, 0], color=INK, lw=2)
    ax.plot(logit(assessment.risk.value), 0, "D", color=INK, ms=6)
    ax.plot(before[0], len(steps) + 1, "o", color=INK, ms=6)
    names = [
        f"{assessment.words.label(key)}: {level}"
        for key, level in zip(steps.finding, steps.level, strict=True)
    ]
    ax.set_yticks([len(steps) + 1, *y, 0], labels=["before", *names, "after, with its interval"])
    _probability_axis(ax, np.concatenate([before, after, ends]))
    for place, ratio, x in zip(y, steps.ratio, np.maximum(before, after), strict=True):
        ax.text(float(x), float(place), f" x {ratio:.2g}", va="center", fontsize=8, color=MUTED)
    ax.set_xlabel(f"Probability of malignancy (log-odds scale); numbers: {assessment.ratio_name}")
    note(ax, "Not for clinical use")
    tidy(ax)
    return ax


def _probability_axis(ax: Axes, log_odds: np.ndarray) -> None:
    low = float(log_odds.min()) - 0.4
    high = float(log_odds.max()) + 0.9
    marks = np.array(
        [0.0001, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 0.8, 0.9, 0.95, 0.99, 0.999]
    )
    shown = marks[(logit(marks) >= low) & (logit(marks) <= high)]
    ax.set(xlim=(low, high))
    ax.set_xticks(logit(shown), labels=[percent(float(expit(logit(p)))) for p in shown])
