"""Who is in a cohort."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes

from ..cohort.description import Ages, CaseMix, RiskByFlags
from ..numerics.checks import check_result
from ..scenario.dependence import Associations
from ..vocabulary import label
from .style import (
    FAINT,
    INK,
    MUTED,
    PALETTE,
    axes_or_new,
    log_percent_axis,
    percent_axis,
    tidy,
)


def plot_case_mix(mix: CaseMix, *, ax: Axes | None = None) -> Axes:
    """Shares of causes and primary sites in the cohort (points, with their values) and in the
    scenario (ticks), on a log scale.

    Parameters
    ----------
    mix : CaseMix
        What :func:`case_mix` returns.
    ax : Axes, optional
        Where to draw; the axes of a new figure when None.

    Examples
    --------
    >>> from backpain_risk import case_mix, load_scenario, simulate_cohort
    >>> cohort = simulate_cohort(load_scenario("spine_clinic"), 1000, seed=1)
    >>> plot_case_mix(case_mix(cohort)).get_xscale()
    'log'
    """
    check_result("mix", mix, "CaseMix")
    table = mix.to_frame().iloc[::-1].reset_index(drop=True)
    ax = axes_or_new(ax, (6.2, 5.0))
    causes = (table.group == "cause").to_numpy()
    y = np.arange(len(table)) + np.where(causes, 1.6, 0.0)
    for mine, colour in ((causes, PALETTE[0]), (~causes, PALETTE[1])):
        seen = table.share.where(table.share > 0)[mine]
        ax.plot(seen, y[mine], "o", color=colour, ms=6)
        ax.plot(table.target.where(table.target > 0)[mine], y[mine], "|", color=INK, ms=13, mew=1.4)
    shares = table[["share", "target"]].to_numpy(np.float64)
    low = 0.5 * float(shares[shares > 0].min())
    ax.hlines(y, low, 1.0, color=FAINT, lw=0.6, zorder=0)
    ax.set_yticks(y, labels=list(table.label))
    ax.set(xscale="log", xlim=(low, 1.0), ylim=(-0.8, y[-1] + 1.9))
    right = ax.get_yaxis_transform()
    for place, share in zip(y, table.share, strict=True):
        text = f"{100 * share:.1f}%" if share >= 0.0005 or share == 0 else "<0.1%"
        ax.text(
            1.09, place, text, fontsize=8, va="center", ha="right", color=MUTED, transform=right
        )
    _head(ax, y[causes][-1] + 1.0, f"Causes in {mix.n - mix.n_events:,} without malignancy")
    _head(ax, y[~causes][-1] + 0.9, f"Primary sites in {mix.n_events:,} with malignancy")
    log_percent_axis(ax.xaxis, low, 1.0)
    ax.set_xlabel("Share within class, log scale (point: cohort, tick: scenario)")
    tidy(ax)
    return ax


def _head(ax: Axes, y: float, text: str) -> None:
    ax.text(0.0, y, text, fontsize=9, color=INK, va="center", transform=ax.get_yaxis_transform())


def plot_ages(ages: Ages, *, ax: Axes | None = None) -> Axes:
    """Age by outcome: percentage per year of age in the cohort (steps, of five years) and in the
    scenario (lines).

    Parameters
    ----------
    ages : Ages
        What :func:`ages` returns.
    ax : Axes, optional
        Where to draw; the axes of a new figure when None.

    Examples
    --------
    >>> from backpain_risk import ages, load_scenario, simulate_cohort
    >>> cohort = simulate_cohort(load_scenario("spine_clinic"), 1000, seed=1)
    >>> plot_ages(ages(cohort)).get_xlabel()
    'Age (years)'
    """
    check_result("ages", ages, "Ages")
    ax = axes_or_new(ax, (6.4, 3.8))
    for share, target, name, colour in (
        (
            ages.others,
            ages.target_others,
            f"without malignancy ({ages.n - ages.n_events:,})",
            PALETTE[0],
        ),
        (ages.events, ages.target_events, f"with malignancy ({ages.n_events:,})", PALETTE[1]),
    ):
        edges, height = _five_years(ages.age, share)
        ax.stairs(height, edges, fill=True, color=colour, alpha=0.25, lw=0)
        ax.plot(ages.age, target, color=colour, lw=1.6, label=name)
    ax.axvline(50, color=MUTED, lw=1, ls=":", zorder=0)
    ax.set(xlabel="Age (years)", ylabel="Patients per year of age", xlim=(18, 95), ylim=(0, None))
    ax.text(50.5, 0.98 * ax.get_ylim()[1], "50", fontsize=8, color=MUTED, va="top")
    percent_axis(ax.yaxis)
    tidy(ax)
    ax.legend(
        frameon=False,
        fontsize=9,
        ncols=2,
        loc="lower left",
        bbox_to_anchor=(0.0, 1.0),
        title="line: scenario, area: cohort",
        title_fontsize=8,
        alignment="left",
    )
    return ax


def _five_years(
    age: npt.NDArray[Any], share: npt.NDArray[Any]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Edges, and mean share per year between them."""
    edges = np.arange(5 * (int(age[0]) // 5), int(age[-1]) + 6, 5)
    total = np.histogram(age, edges, weights=share)[0]
    years = np.histogram(age, edges)[0]
    shown = np.clip(edges, age[0], age[-1] + 1).astype(np.float64)
    return shown, total / np.maximum(years, 1)


def plot_risk_by_flags(result: RiskByFlags, *, ax: Axes | None = None) -> Axes:
    """P(malignancy) by number of red flags with Wilson limits, and the mean true risk where
    known.

    Parameters
    ----------
    result : RiskByFlags
        What :func:`risk_by_flags` returns.
    ax : Axes, optional
        Where to draw; the axes of a new figure when None.

    Examples
    --------
    >>> from backpain_risk import load_scenario, risk_by_flags, simulate_cohort
    >>> cohort = simulate_cohort(load_scenario("spine_clinic"), 1000, seed=1)
    >>> plot_risk_by_flags(risk_by_flags(cohort)).get_ylabel()
    'Probability of malignancy (log scale)'
    """
    check_result("result", result, "RiskByFlags")
    table = result.to_frame()
    ax = axes_or_new(ax, (6.4, 4.0))
    shown = table[table.events > 0]
    error = np.stack([shown.observed - shown.low, shown.high - shown.observed])
    ax.errorbar(
        shown["flags"],
        shown.observed,
        error,
        fmt="o",
        color=PALETTE[0],
        ms=5,
        lw=1.4,
        label="observed, 95% Wilson limits",
    )
    if "true_risk" in table:
        ax.plot(table["flags"], table.true_risk, color=PALETTE[1], lw=1.4, label="mean true risk")
    low = 0.4 * float(table.true_risk.min() if "true_risk" in table else shown.low.min())
    ax.set(
        yscale="log",
        ylim=(low, 1.2),
        xlabel="Number of red flags, of nine (patients below)",
        ylabel="Probability of malignancy (log scale)",
    )
    log_percent_axis(ax.yaxis, low, 1.0)
    ax.set_xticks(
        table["flags"], labels=[f"{f}\n{n:,}" for f, n in zip(table["flags"], table.n, strict=True)]
    )
    tidy(ax)
    ax.legend(frameon=False, fontsize=9, loc="upper left")
    return ax


def plot_associations(found: Associations, *, ax: Axes | None = None) -> Axes:
    """Log odds ratios between findings: below the diagonal without malignancy, above it with.

    Parameters
    ----------
    found : Associations
        What :func:`associations` returns.
    ax : Axes, optional
        Where to draw; the axes of a new figure when None.

    Examples
    --------
    >>> from backpain_risk import associations, load_scenario
    >>> plot_associations(associations(load_scenario("spine_clinic"))).get_xlabel()
    'without malignancy below the diagonal, with malignancy above it'
    """
    check_result("found", found, "Associations")
    names = list(found.odds_ratios.index)
    ax = axes_or_new(ax, (7.0, 6.2))
    log_ratio = np.full((len(names), len(names)), np.nan)
    i, j = (found.pairs[side].map(names.index).to_numpy() for side in ("finding", "other"))
    log_ratio[j, i] = np.log(found.pairs.without)
    log_ratio[i, j] = np.log(found.pairs.with_malignancy)
    limit = max(float(np.nanmax(np.abs(log_ratio))), 0.1)
    image = ax.imshow(log_ratio, cmap="RdBu_r", vmin=-limit, vmax=limit)
    for (i, j), value in np.ndenumerate(log_ratio):
        if np.isfinite(value):
            colour = "white" if abs(value) > 0.6 * limit else INK
            text = f"{np.exp(value):.2g}" if abs(value) < np.log(10) else f"{np.exp(value):.0f}"
            ax.text(j, i, text, ha="center", va="center", fontsize=8, color=colour)
    labels = [label(name) for name in names]
    ax.set_xticks(range(len(names)), labels=labels, rotation=40, ha="right", fontsize=9)
    ax.set_yticks(range(len(names)), labels=labels, fontsize=9)
    ax.xaxis.set_label_position("top")
    ax.set_xlabel("without malignancy below the diagonal, with malignancy above it")
    bar = ax.figure.colorbar(image, ax=ax, label="Odds ratio", shrink=0.7)
    ticks = [t for t in (0.2, 0.5, 1, 2, 5, 10) if abs(np.log(t)) <= limit]
    bar.set_ticks(np.log(ticks).tolist(), labels=[f"{t:g}" for t in ticks])
    bar.minorticks_off()
    tidy(ax)
    ax.tick_params(labelsize=9, length=0)
    return ax
