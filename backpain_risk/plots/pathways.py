"""Pathways: what they find against what they scan, who goes where, and how sure anybody is."""

from __future__ import annotations

import textwrap

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patheffects import withStroke
from matplotlib.ticker import MaxNLocator

from ..numerics.checks import BoolArray, FloatArray, check_result, check_table
from ..numerics.intervals import LEVEL, normal_quantile
from ..pathways.comparison import PathwayComparison
from ..pathways.review_worth import BreakEven
from ..pathways.sensitivity import Acceptability, Tornado
from ..vocabulary import label
from .style import (
    FAINT,
    INK,
    LINES,
    MUTED,
    PALETTE,
    axes_or_new,
    colours,
    note,
    percent,
    percent_axis,
    tidy,
)

_REVIEW = "not_improved_at_review"


def plot_pathways(comparison: PathwayComparison, *, ax: Axes | None = None) -> Axes:
    """Cancers found against MRI scans for each pathway, with the efficient frontier and limits over
    draws.

    The scan axis is on a square-root scale, so that careful pathways are told apart.

    Parameters
    ----------
    comparison : PathwayComparison
        What :func:`compare_pathways` returns.
    ax : Axes, optional
        Where to draw; the axes of a new figure when None.

    Examples
    --------
    >>> from backpain_risk import compare_pathways, load_scenario
    >>> ax = plot_pathways(compare_pathways(load_scenario("primary_care")))
    >>> ax.get_ylabel()
    'Cancers found per 10,000 patients'
    """
    check_result("comparison", comparison, "PathwayComparison")
    ax = axes_or_new(ax, (7.2, 5.4))
    table = comparison.frontier()
    root = np.sqrt(table.mri)
    efficient = (table.status == "efficient").to_numpy()
    ax.plot(root[efficient], table.cancers_found[efficient], color=PALETTE[0], lw=1.6, zorder=1)
    if comparison.n_draws:
        _crosses(ax, comparison)
    ax.scatter(root[efficient], table.cancers_found[efficient], color=PALETTE[0], s=34, zorder=3)
    ax.scatter(
        root[~efficient],
        table.cancers_found[~efficient],
        color="white",
        edgecolor=MUTED,
        s=30,
        zorder=3,
    )
    _name_points(
        ax, root.to_numpy(), table.cancers_found.to_numpy(), table.pathway.tolist(), efficient
    )
    ticks = [t for t in (0, 100, 500, 1000, 2000, 4000, 7000, 10_000) if t <= 1.02 * comparison.per]
    ax.set_xticks(np.sqrt(ticks), labels=[f"{t:,}" for t in ticks])
    ax.set(
        xlabel=f"MRI scans per {comparison.per:,} patients (square-root scale)",
        xlim=(-2, None),
        ylim=(-2, None),
    )
    ax.set_ylabel(f"Cancers found per {comparison.per:,} patients")
    limits = (
        f"; crosses are 95 % limits over {comparison.n_draws:,} draws" if comparison.n_draws else ""
    )
    rate = comparison.scenario.base_rate
    note(
        ax,
        f"Base rate {percent(rate)}, {rate * comparison.per:.0f} cancers; line: efficient "
        f"frontier{limits}",
    )
    tidy(ax)
    return ax


def _crosses(ax: Axes, comparison: PathwayComparison) -> None:
    """Limits of scans and of cancers found, quietly."""
    limits = comparison.frontier_limits().drop(columns="pathway")
    for mri, mri_low, mri_high, found, low, high in limits.to_numpy(np.float64):
        ax.plot(np.sqrt([mri_low, mri_high]), [found, found], color=FAINT, lw=1, zorder=0)
        ax.plot(np.sqrt([mri, mri]), [low, high], color=FAINT, lw=1, zorder=0)


def _name_points(ax: Axes, x: FloatArray, y: FloatArray, names: list[str], bold: BoolArray) -> None:
    """Names beside their points, moved down the side where they would touch."""
    width = 0.30 * (x.max() - x.min() + 1)
    height = 0.036 * (y.max() - y.min() + 1)
    placed: list[tuple[float, float]] = []
    for i in np.lexsort((x, -y)).tolist():
        at = float(y[i])
        while any(
            abs(at - other_y) < height and abs(x[i] - other_x) < width
            for other_x, other_y in placed
        ):
            at -= height / 2
        placed.append((float(x[i]), at))
        moved = abs(at - y[i]) > height / 4
        arrow = {"arrowstyle": "-", "color": FAINT, "lw": 0.7} if moved else None
        ax.annotate(
            names[i].replace("_", " "),
            (x[i], y[i]),
            xytext=(x[i] + 1.3, at),
            fontsize=7.5,
            va="center",
            color=INK if bold[i] else MUTED,
            arrowprops=arrow,
            path_effects=[withStroke(linewidth=2.5, foreground="white")],
            zorder=4,
        )


def plot_pathway_flow(
    comparison: PathwayComparison, pathway: str, *, ax: Axes | None = None
) -> Axes:
    """Patients through the steps of one pathway, counted as a STARD diagram counts them.

    Parameters
    ----------
    comparison : PathwayComparison
        What :func:`compare_pathways` returns.
    pathway : str
        Name of one of the pathways.
    ax : Axes, optional
        Where to draw; the axes of a new figure when None.

    Examples
    --------
    >>> from backpain_risk import compare_pathways, load_pathways, load_scenario
    >>> some = {name: load_pathways()[name] for name in ("image_no_one", "risk_1", "mri_for_all")}
    >>> compared = compare_pathways(load_scenario("spine_clinic"), some, n_draws=50, rng=1)
    >>> ax = plot_pathway_flow(compared, "risk_1")
    >>> len(ax.texts) > 2
    True
    """
    check_result("comparison", comparison, "PathwayComparison")
    flow = comparison.flow(pathway)
    ax = axes_or_new(ax, (7.0, 1.0 * (len(flow) + 1) + 0.3))
    ax.set(xlim=(0, 10), ylim=(-(len(flow) + 0.35), 0.75))
    ax.axis("off")
    cancers = comparison.scenario.base_rate * comparison.per
    _box(ax, 3.0, 0.2, f"{comparison.per:,} patients\n{cancers:,.0f} with cancer", INK)
    for i, row in flow.set_index("step").iterrows():
        y = 0.2 - int(str(i))
        shown = f", {row.positive:,.0f} positive" if row.positive >= 0 else ""
        text = f"{label(row.test)}: {row.tested:,.0f} tested{shown}"
        ax.annotate(
            "", (3.0, y + 0.26), (3.0, y + 0.74), arrowprops={"arrowstyle": "-|>", "color": MUTED}
        )
        colour = PALETTE[0] if row.test == "mri_positive" else INK
        _box(ax, 3.0, y, f"{text}\n{row.tested_malignant:,.1f} of them with cancer", colour)
        who = "\n".join(textwrap.wrap(row.who_in_words, 46))
        visit = "" if row.visit == "index" else "at review: "
        ax.text(
            5.6,
            y,
            f"{visit}{who}\nnot tested: {row.not_tested:,.0f}",
            fontsize=7.5,
            color=MUTED,
            va="center",
        )
    note(ax, comparison.pathways[pathway].title)
    return ax


def _box(ax: Axes, x: float, y: float, text: str, colour: str) -> None:
    style = {
        "boxstyle": "round,pad=0.35",
        "facecolor": "white",
        "edgecolor": colour,
        "linewidth": 1.1,
    }
    ax.text(x, y, text, ha="center", va="center", fontsize=8.5, color=INK, bbox=style)


def plot_acceptability(result: Acceptability, *, ax: Axes | None = None, most: int = 6) -> Axes:
    """Probability that each pathway is the best, by threshold; those that are best most often,
    with the frontier.

    Parameters
    ----------
    result : Acceptability
        What :func:`acceptability` returns.
    ax : Axes, optional
        Where to draw; the axes of a new figure when None.
    most : int
        Number of pathways shown, those best most often.

    Examples
    --------
    >>> from backpain_risk import acceptability
    >>> from backpain_risk import compare_pathways, load_pathways, load_scenario
    >>> some = {name: load_pathways()[name] for name in ("image_no_one", "risk_1", "mri_for_all")}
    >>> compared = compare_pathways(load_scenario("spine_clinic"), some, n_draws=50, rng=1)
    >>> ax = plot_acceptability(acceptability(compared, (0.01, 0.03)))
    >>> ax.get_xlabel()
    'Threshold probability'
    """
    check_result("result", result, "Acceptability")
    ax = axes_or_new(ax, (6.6, 4.2))
    wide = result.table.pivot(index="threshold", columns="pathway", values="p_best")
    shown = wide.max().sort_values(ascending=False).index[:most].tolist()
    for i, (name, colour) in enumerate(colours(shown).items()):
        ax.plot(
            wide.index,
            wide[name],
            color=colour,
            ls=LINES[i % len(LINES)],
            lw=1.8,
            label=name.replace("_", " "),
        )
    best = result.table[result.table.expected_best]
    ax.scatter(
        best.threshold,
        best.p_best,
        s=26,
        facecolor="white",
        edgecolor=INK,
        zorder=3,
        label="best on average",
    )
    ax.set(
        ylim=(-0.02, 1.02),
        xlabel="Threshold probability",
        ylabel="Probability of being the best pathway",
    )
    percent_axis(ax.xaxis)
    note(ax, f"{result.n_draws:,} draws of the evidence; {len(wide.columns)} pathways compared")
    ax.legend(frameon=False, fontsize=8, loc="center left", bbox_to_anchor=(1.0, 0.5))
    tidy(ax)
    return ax


def plot_information(
    table: pd.DataFrame, *, ax: Axes | None = None, most: int = 10, per: int = 10_000
) -> Axes:
    """Value of perfect information about each group, with 95 % limits, and cross-fitted where there
    is one.

    ``table`` is what :meth:`NetBenefit.evppi` returns.

    Parameters
    ----------
    table : DataFrame
        What :meth:`NetBenefit.evppi` returns.
    ax : Axes, optional
        Where to draw; the axes of a new figure when None.
    most : int
        Number of groups shown, those worth most.
    per : int
        Patients that the value is given for, as in the comparison.

    Examples
    --------
    >>> from backpain_risk import compare_pathways, load_pathways, load_scenario
    >>> some = {name: load_pathways()[name] for name in ("image_no_one", "risk_1", "mri_for_all")}
    >>> compared = compare_pathways(load_scenario("spine_clinic"), some, n_draws=100, rng=1)
    >>> ax = plot_information(compared.net_benefit(0.03).evppi())
    >>> ax.get_xlabel()
    'Value of perfect information, cancers per 10,000 patients'
    """
    if "value" not in check_table("table", table):
        raise ValueError("table must be what evppi returns; got no column value. Pass it as it is.")
    rows = table.sort_values("value", ascending=False, kind="stable").head(most)[::-1]
    ax = axes_or_new(ax, (6.4, 0.34 * len(rows) + 1.2))
    y = np.arange(len(rows))
    half = normal_quantile(LEVEL) * rows.standard_error
    low = np.maximum(rows.value - half, 0)
    high = rows.value + half
    ax.hlines(y, low, high, color=PALETTE[0], lw=1.4)
    ax.scatter(rows.value, y, color=PALETTE[0], s=28, zorder=3, label="value and 95 % limits")
    if rows.cross_fitted.notna().any():
        ax.scatter(
            rows.cross_fitted, y, color="white", edgecolor=INK, s=24, zorder=4, label="cross-fitted"
        )
        ax.legend(frameon=False, fontsize=8, loc="lower right")
    ax.set_yticks(y, labels=[_named(str(group)) for group in rows.group])
    ax.axvline(0, color=MUTED, lw=0.8)
    ax.set(xlabel=f"Value of perfect information, cancers per {per:,} patients")
    note(ax, "What it would be worth to know exactly")
    tidy(ax)
    return ax


def _named(group: str) -> str:
    if group == _REVIEW:
        return "Review: accuracy and attendance"
    name, _, part = group.partition(".")
    known = label(name) if label(name) != name else name.replace("_", " ").capitalize()
    return f"{known}, {part.replace('_', ' from ')}" if part else known


def plot_tornado(result: Tornado, *, ax: Axes | None = None, most: int = 10) -> Axes:
    """How far the difference between two pathways moves as each number goes from its low to its
    high.

    Parameters
    ----------
    result : Tornado
        What :func:`tornado` returns.
    ax : Axes, optional
        Where to draw; the axes of a new figure when None.
    most : int
        Number of parameters shown, those that matter most.
    """
    check_result("result", result, "Tornado")
    rows = result.table.head(most)[::-1]
    ax = axes_or_new(ax, (6.8, 0.34 * len(rows) + 1.2))
    y = np.arange(len(rows))
    for ends, colour, text in (("at_low", PALETTE[5], "low"), ("at_high", PALETTE[1], "high")):
        ax.barh(
            y,
            rows[ends] - result.mean,
            left=result.mean,
            color=colour,
            height=0.62,
            label=f"at its {text}",
        )
        error = normal_quantile(LEVEL) * rows[f"standard_error_{text}"]
        ax.errorbar(rows[ends], y, xerr=error, fmt="none", ecolor=INK, elinewidth=0.8, capsize=2)
    ax.axvline(result.mean, color=INK, lw=1)
    ax.axvline(0, color=MUTED, lw=1, ls=":")
    spans = zip(rows.parameter, rows.low, rows.high, strict=True)
    ax.set_yticks(
        y, labels=[f"{_named(name)} ({low:.2g} to {high:.2g})" for name, low, high in spans]
    )
    a = result.a.replace("_", " ")
    b = result.b.replace("_", " ")
    ax.set(xlabel=f"Net benefit of {a} less {b},\ncancers per {result.per:,} patients")
    note(ax, f"Threshold {percent(result.threshold)}; 95 % ranges of the draws")
    ax.legend(frameon=False, fontsize=8, loc="lower right")
    tidy(ax)
    return ax


def plot_break_even(result: BreakEven, *, ax: Axes | None = None) -> Axes:
    """Gain of a pathway with a review over the best without, by what the review would find.

    Parameters
    ----------
    result : BreakEven
        What :func:`review_break_even` returns.
    ax : Axes, optional
        Where to draw; the axes of a new figure when None.
    """
    check_result("result", result, "BreakEven")
    ax = axes_or_new(ax, (6.0, 4.6))
    bound = float(np.abs(result.gain).max()) or 1.0
    shades = ax.contourf(
        result.specificity,
        result.sensitivity,
        result.gain,
        levels=np.linspace(-bound, bound, 17),
        cmap="RdBu",
        alpha=0.8,
    )
    if result.gain.min() < 0 < result.gain.max():
        line = ax.contour(
            result.specificity,
            result.sensitivity,
            result.gain,
            levels=[0],
            colors=INK,
            linewidths=1.6,
        )
        ax.clabel(line, fmt={0: "break-even"}, fontsize=8)
    bar = ax.figure.colorbar(shades, ax=ax, shrink=0.9)
    bar.set_label(f"Gain, cancers per {result.per:,} patients", fontsize=9)
    bar.locator = MaxNLocator(7)
    bar.update_ticks()
    ax.set(
        xlabel="Specificity: improved at review without cancer",
        ylabel="Sensitivity: not improved with cancer",
    )
    ax.set_title(
        f"{result.pathway.replace('_', ' ')} against {result.best_without.replace('_', ' ')}; "
        "threshold "
        f"{percent(result.threshold)},\n{result.returning:.0%} return, worth "
        f"{result.value_at_review:g}; all assumed",
        loc="left",
        color=MUTED,
        fontsize=9,
    )
    tidy(ax)
    return ax
