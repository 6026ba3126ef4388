"""Measures of several models side by side, and of one model in subgroups."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from ..measures.catalogue import ideal_of, label_of
from ..measures.decision.inputs import TREAT_ALL, TREAT_NONE
from ..numerics.checks import check_choice, check_choices, check_count, check_table
from .style import (
    INK,
    MUTED,
    PALETTE,
    Panels,
    axes_or_new,
    colours,
    log_ratio_axis,
    note,
    panels_or_new,
    tidy,
)


def plot_performance(
    table: pd.DataFrame,
    *,
    axes: Panels | None = None,
    measures: Sequence[str] | None = None,
    columns: int = 3,
) -> npt.NDArray[Any]:
    """One panel per measure, one row per model, with limits and the ideal value.

    Lines in panels of net benefit mark treating none and all.

    Parameters
    ----------
    table : DataFrame
        What :func:`performance` returns.
    axes : sequence of Axes, optional
        One a measure, in any arrangement; a new figure when None.
    measures : sequence of str, optional
        All of the table when None.
    columns : int
        Panels in a row of the new figure.

    Returns
    -------
    ndarray of Axes, shape (measures,)

    Examples
    --------
    >>> from backpain_risk import performance
    >>> y, risk = [0, 0, 1, 0, 1, 1], [0.1, 0.2, 0.3, 0.4, 0.6, 0.8]
    >>> table = performance(y, {"model": risk}, measures=("auroc",), thresholds=[0.1])
    >>> [ax.get_xlabel() for ax in plot_performance(table, measures=["auroc"])]
    ['AUROC']
    """
    _check_columns(table, "performance", "model", "measure", "value", "low", "high")
    check_count("columns", columns, 1, 100)
    if measures is not None:
        check_choices("measures", measures, table.measure)
    measures = list(dict.fromkeys(table.measure)) if measures is None else list(measures)
    models = [name for name in dict.fromkeys(table.model) if name not in (TREAT_ALL, TREAT_NONE)]
    panel = (2.5, 0.85 + 0.24 * len(models))
    panels = panels_or_new(
        axes, len(measures), columns=columns, panel=panel, margin=1.2, sharey=True
    )
    for ax, measure in zip(panels, measures, strict=True):
        rows_of = table[table.measure == measure].set_index("model")
        _draw_rows(ax, rows_of.reindex(models), list(colours(models).values()), ideal_of(measure))
        if TREAT_ALL in rows_of.index:
            _draw_defaults(ax, rows_of.value[TREAT_ALL])
        ax.xaxis.set_major_locator(MaxNLocator(4))
        ax.set_yticks(range(len(models)), labels=models)
        ax.set_xlabel(label_of(measure))
        ax.set_ylim(len(models) - 0.5, -0.5)
    return panels


def _draw_defaults(ax: Axes, treat_all: float) -> None:
    """Net benefit of treating none (0) and all, where that is near enough to be seen."""
    low, high = ax.get_xlim()
    ax.axvline(0, color=INK, lw=1, ls=":")
    ax.text(
        0,
        1.0,
        "none",
        transform=ax.get_xaxis_transform(),
        fontsize=7,
        color=INK,
        ha="center",
        va="bottom",
    )
    if low - (high - low) < treat_all <= high:
        ax.axvline(treat_all, color=MUTED, lw=1, ls="--")
        ax.text(
            treat_all,
            1.0,
            "all",
            transform=ax.get_xaxis_transform(),
            fontsize=7,
            color=MUTED,
            ha="center",
            va="bottom",
        )


def plot_subgroups(
    table: pd.DataFrame, *, measure: str = "observed_expected", ax: Axes | None = None
) -> Axes:
    """One measure in every subgroup with limits, patients and events, and the ideal value.

    Parameters
    ----------
    table : result of ``subgroup_calibration``
        Measures with limits in each subgroup.
    measure : {"observed_expected", "calibration_in_the_large", "calibration_slope", "auroc"}
        Key of the measure shown.
    ax : Axes, optional
        Where to draw; the axes of a new figure when None.

    Examples
    --------
    >>> from backpain_risk import load_scenario, simulate_cohort, subgroup_calibration
    >>> cohort = simulate_cohort(load_scenario("spine_clinic"), 1000, seed=1)
    >>> sex = {"sex": cohort.predictors.male.map({0: "f", 1: "m"})}
    >>> table = subgroup_calibration(cohort.outcome, cohort.true_risk, sex)
    >>> plot_subgroups(table).get_xlabel()
    'O:E ratio'
    """
    _check_columns(
        table, "subgroup_calibration", "subgroup", "group", "measure", "value", "low", "high"
    )
    check_choice("measure", measure, dict.fromkeys(table.measure))
    mine = table[table.measure == measure]
    ax = axes_or_new(ax, (6.6, 1.1 + 0.27 * len(mine)))
    known = [PALETTE[0] if subgroup != "all" else INK for subgroup in mine.subgroup]
    _draw_rows(ax, mine, known, ideal_of(measure))
    names = [
        str(r.group) if r.subgroup == "all" else f"{r.subgroup}: {r.group}"
        for r in mine.itertuples()
    ]
    ax.set_yticks(range(len(mine)), labels=names)
    ax.set(ylim=(len(mine) - 0.5, -0.5), xlabel=label_of(measure, unit=True))
    if measure == "observed_expected" and (mine.low > 0).all():
        log_ratio_axis(ax, float(mine.low.min()), float(mine.high.max()))
    right = ax.secondary_yaxis("right")
    right.set_yticks(
        range(len(mine)), labels=[f"{r.n_events:,.0f} of {r.n:,.0f}" for r in mine.itertuples()]
    )
    right.tick_params(length=0, labelsize=8, labelcolor=MUTED)
    right.spines["right"].set_visible(False)
    note(ax, "events of patients on the right; lines are confidence limits")
    return ax


def _check_columns(table: Any, maker: str, *columns: str) -> None:
    absent = [column for column in columns if column not in check_table("table", table).columns]
    if absent:
        raise ValueError(
            f"table must be what {maker} returns; got no column {', '.join(absent)}. Pass it as "
            "it is."
        )


def _draw_rows(ax: Axes, rows: pd.DataFrame, shades: Sequence[str], ideal: float | None) -> None:
    """Points with limits, from the top down; nothing where a value is missing."""
    if ideal is not None:
        ax.axvline(ideal, color=MUTED, lw=1, ls="--")
    limits = rows[["low", "high", "value"]].to_numpy(np.float64)
    for i, ((low, high, value), colour) in enumerate(zip(limits, shades, strict=True)):
        ax.plot([low, high], [i, i], color=colour, lw=1.6)
        ax.plot(value, i, "o", color=colour, ms=5)
    tidy(ax)
    ax.tick_params(axis="y", length=0)
