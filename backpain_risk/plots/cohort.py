"""Who is in a cohort."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes

from ..cohort.description import Ages, CaseMix, RiskByFlags
from ..numerics.checks import check_result
from ..scenario.dependence import Associations
from ..vocabulary import label
from .style import FAINT, INK, MUTED, PALETTE, axes_or_new, log_percent_axis, note, percent, tidy


def plot_case_mix(mix: CaseMix, *, ax: Axes | None = None) -> Axes:
    """Shares of causes and primary sites in the cohort (bars) and in the scenario (marks), on a
    log scale.
    """
    check_result("mix", mix, "CaseMix")
    table = mix.to_frame().iloc[::-1].reset_index(drop=True)
    ax = axes_or_new(ax, (6.6, 5.0))
    colour = np.where(table.group == "cause", PALETTE[0], PALETTE[1])
    shift = np.where(table.group == "cause", 0.8, 0.0)
    y = np.arange(len(table)) + shift
    ax.hlines(y, 5e-5, np.maximum(table.share, 5e-5), color=colour, lw=7, alpha=0.55)
    ax.plot(table.target.where(table.target > 0), y, "|", color=INK, ms=11, mew=1.6)
    ax.set_yticks(y, labels=list(table.label))
    ax.set(xscale="log", xlim=(5e-5, 3.5), ylim=(-0.8, len(table) + 0.6))
    for place, share in zip(y, table.share, strict=True):
        ax.text(1.25, place, percent(float(f"{share:.2g}")), fontsize=8, va="center", color=MUTED)
    log_percent_axis(ax.xaxis, 5e-5, 1.0)
    ax.set_xlabel("Share within class (log scale)")
    note(
        ax,
        f"{mix.n - mix.n_events:,} without malignancy (blue), {mix.n_events:,} with (orange); | "
        "scenario",
    )
    tidy(ax)
    return ax


def plot_ages(ages: Ages, *, ax: Axes | None = None) -> Axes:
    """Age by outcome: shares in the cohort (steps) and in the scenario (lines)."""
    check_result("ages", ages, "Ages")
    ax = axes_or_new(ax, (6.4, 3.6))
    for share, target, name, colour in (
        (
            ages.others,
            ages.target_others,
            f"without malignancy ({ages.n - ages.n_events:,})",
            PALETTE[0],
        ),
        (ages.events, ages.target_events, f"with malignancy ({ages.n_events:,})", PALETTE[1]),
    ):
        ax.fill_between(ages.age, share, step="mid", color=colour, alpha=0.25, lw=0)
        ax.plot(ages.age, target, color=colour, lw=1.6, label=name)
    ax.axvline(50, color=FAINT, lw=1, zorder=0)
    ax.set(xlabel="Age (years)", ylabel="Share per year of age", xlim=(18, 95), ylim=(0, None))
    tidy(ax)
    ax.legend(frameon=False, fontsize=9, title="line: scenario, area: cohort", title_fontsize=8)
    return ax


def plot_risk_by_flags(result: RiskByFlags, *, ax: Axes | None = None) -> Axes:
    """P(malignancy) by number of red flags with Wilson limits, and the mean true risk where
    known.
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
        xlabel="Number of red flags (of nine)",
        ylabel="P(malignancy), log scale",
    )
    log_percent_axis(ax.yaxis, low, 1.0)
    ax.set_xticks(
        table["flags"], labels=[f"{f}\n{n:,}" for f, n in zip(table["flags"], table.n, strict=True)]
    )
    note(ax, "patients under each number")
    tidy(ax)
    ax.legend(frameon=False, fontsize=9, loc="upper left")
    return ax


def plot_associations(found: Associations, *, ax: Axes | None = None) -> Axes:
    """Log odds ratios between findings: below the diagonal without malignancy, above it with."""
    check_result("found", found, "Associations")
    names = list(found.odds_ratios.index)
    ax = axes_or_new(ax, (7.0, 6.0))
    log_ratio = np.full((len(names), len(names)), np.nan)
    i, j = (found.pairs[side].map(names.index).to_numpy() for side in ("finding", "other"))
    log_ratio[j, i] = np.log(found.pairs.without)
    log_ratio[i, j] = np.log(found.pairs.with_malignancy)
    limit = max(float(np.nanmax(np.abs(log_ratio))), 0.1)
    image = ax.imshow(log_ratio, cmap="RdBu_r", vmin=-limit, vmax=limit)
    for (i, j), value in np.ndenumerate(log_ratio):
        if np.isfinite(value):
            colour = "white" if abs(value) > 0.6 * limit else INK
            ax.text(
                j, i, f"{np.exp(value):.1f}", ha="center", va="center", fontsize=7, color=colour
            )
    labels = [label(name) for name in names]
    ax.set_xticks(range(len(names)), labels=labels, rotation=40, ha="right", fontsize=8)
    ax.set_yticks(range(len(names)), labels=labels, fontsize=8)
    ax.set_xlabel("Odds ratio: below the diagonal without malignancy, above it with")
    ax.figure.colorbar(image, ax=ax, label="Log odds ratio", shrink=0.8)
    tidy(ax)
    ax.tick_params(labelsize=8, length=0)
    return ax
