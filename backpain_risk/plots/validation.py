"""Plots of internal and internal-external validation."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes

from ..measures.catalogue import ideal_of, label_of
from ..numerics.checks import check_result
from .style import (
    FAINT,
    INK,
    MUTED,
    PALETTE,
    axes_or_new,
    log_percent_axis,
    log_ratio_axis,
    note,
    percent_axis,
    tidy,
)

if TYPE_CHECKING:
    from ..validation.internal_external import InternalExternalValidation
    from ..validation.internal_validation import InternalValidation


def plot_corrected_calibration(validation: InternalValidation, *, ax: Axes | None = None) -> Axes:
    """Apparent and optimism-corrected calibration curve, on logarithmic axes.

    Parameters
    ----------
    validation : InternalValidation
        What :func:`optimism_bootstrap` or another internal validation returns.
    ax : Axes, optional
        Where to draw; the axes of a new figure when None.

    Examples
    --------
    >>> from backpain_risk import LogisticModel, load_scenario, optimism_bootstrap, simulate_cohort
    >>> cohort = simulate_cohort(load_scenario("spine_clinic"), 1000, seed=1)
    >>> X = cohort.predictors[["age_years", "male"]]
    >>> found = optimism_bootstrap(LogisticModel(), X, cohort.outcome, n_resamples=5, rng=1)
    >>> plot_corrected_calibration(found).get_xlabel()
    'Predicted risk'
    """
    check_result("validation", validation, "InternalValidation")
    curve = validation.calibration_curve()
    shown = curve[(curve.corrected > 0) & (curve.predicted > 0)]
    if shown.empty:
        raise ValueError(
            "validation must hold a corrected calibration curve above 0; got none. Too few "
            "distinct risks give none: "
            "see problems, or validate with other at=."
        )
    ax = axes_or_new(ax, (5.2, 5.0))
    ordered = np.sort(validation.risk)
    few = ordered[min(int(np.searchsorted(np.cumsum(ordered), 5.0)), ordered.size - 1)]
    floor = float(max(shown.predicted.min(), min(few, 0.5 * shown.predicted.max())))
    top = 1.2 * float(np.nanmax(shown[["predicted", "corrected"]].to_numpy()))
    ax.plot([floor, top], [floor, top], color=MUTED, linewidth=1, linestyle=":", label="ideal")
    low = np.maximum(shown.low, floor * 0.5)
    ax.fill_between(shown.predicted, low, shown.high, color=PALETTE[0], alpha=0.15, linewidth=0)
    ax.plot(shown.predicted, shown.apparent, color=PALETTE[1], linestyle="--", label="apparent")
    ax.plot(shown.predicted, shown.corrected, color=PALETTE[0], label="optimism-corrected")
    for axis, scale in ((ax.xaxis, ax.set_xscale), (ax.yaxis, ax.set_yscale)):
        scale("log")
        log_percent_axis(axis, floor * 0.5, top)
    ax.set(
        xlim=(floor, top),
        ylim=(floor * 0.5, top),
        xlabel="Predicted risk",
        ylabel="Observed proportion",
    )
    _finish(ax, validation)
    return ax


def plot_corrected_decision_curve(
    validation: InternalValidation, *, ax: Axes | None = None
) -> Axes:
    """Apparent and optimism-corrected net benefit, with treating all and none.

    Parameters
    ----------
    validation : InternalValidation
        What :func:`optimism_bootstrap` or another internal validation returns.
    ax : Axes, optional
        Where to draw; the axes of a new figure when None.

    Examples
    --------
    >>> from backpain_risk import LogisticModel, load_scenario, optimism_bootstrap, simulate_cohort
    >>> cohort = simulate_cohort(load_scenario("spine_clinic"), 1000, seed=1)
    >>> X = cohort.predictors[["age_years", "male"]]
    >>> found = optimism_bootstrap(LogisticModel(), X, cohort.outcome, n_resamples=5, rng=1)
    >>> plot_corrected_decision_curve(found).get_ylabel()
    'Net true positives per 1,000'
    """
    check_result("validation", validation, "InternalValidation")
    ax = axes_or_new(ax)
    curve = validation.decision_curve()
    columns = ["treat_all", "low", "high", "apparent", "corrected"]
    curve[columns] = 1000 * curve[columns]
    ax.axhline(0, color=INK, linewidth=1.2, linestyle=":", label="treat none")
    treat_all = curve.treat_all
    ax.plot(curve.threshold, treat_all, color=MUTED, lw=1.2, ls="--", label="treat all")
    ax.fill_between(
        curve.threshold, curve.low, curve.high, color=PALETTE[0], alpha=0.15, linewidth=0
    )
    ax.plot(curve.threshold, curve.apparent, color=PALETTE[1], linestyle="--", label="apparent")
    ax.plot(curve.threshold, curve.corrected, color=PALETTE[0], label="optimism-corrected")
    top = max(float(np.nanmax(curve[["apparent", "high", "treat_all"]].to_numpy())), 1e-6)
    ax.set(
        ylim=(-0.15 * top, 1.1 * top),
        xlabel="Threshold probability",
        ylabel="Net true positives per 1,000",
    )
    percent_axis(ax.xaxis)
    _finish(ax, validation)
    return ax


def plot_stability(validation: InternalValidation, *, ax: Axes | None = None) -> Axes:
    """Risk of each patient by refitted models against the apparent risk, with the middle 95%
    (prediction instability).

    Points are the first 200 refitted models; patients of equal risk are drawn once.

    Parameters
    ----------
    validation : InternalValidation
        What :func:`optimism_bootstrap` or another internal validation returns.
    ax : Axes, optional
        Where to draw; the axes of a new figure when None.

    Examples
    --------
    >>> from backpain_risk import LogisticModel, load_scenario, optimism_bootstrap, simulate_cohort
    >>> cohort = simulate_cohort(load_scenario("spine_clinic"), 1000, seed=1)
    >>> X = cohort.predictors[["age_years", "male"]]
    >>> found = optimism_bootstrap(LogisticModel(), X, cohort.outcome, n_resamples=5, rng=1)
    >>> plot_stability(found).get_xlabel()
    'Risk by the model'
    """
    check_result("validation", validation, "InternalValidation")
    table = validation.stability()
    distinct, first = np.unique(table.risk, return_index=True)
    if distinct[-1] == 0:
        raise ValueError(
            "validation must hold risks above 0 for logarithmic axes; got 0 for every patient."
        )
    ax = axes_or_new(ax, (5.2, 5.0))
    drawn = validation.refitted_risk(200)[:, first]
    floor = float(max(distinct[distinct > 0].min() / 2, 1e-6))
    ax.plot(
        np.tile(distinct, len(drawn)),
        drawn.ravel(),
        ".",
        color=PALETTE[0],
        alpha=0.05,
        markersize=3,
        rasterized=True,
    )
    for end in ("low", "high"):
        label = f"{validation.level:.0%} of refitted models" if end == "low" else None
        ax.plot(distinct, table[end].to_numpy()[first], color=PALETTE[1], linewidth=1, label=label)
    top = 1.3 * float(distinct.max())
    ax.plot([floor, top], [floor, top], color=INK, linewidth=1, linestyle=":", label="no change")
    for axis, scale in ((ax.xaxis, ax.set_xscale), (ax.yaxis, ax.set_yscale)):
        scale("log")
        log_percent_axis(axis, floor, top)
    ax.set(
        xlim=(floor, top),
        ylim=(floor, top),
        xlabel="Risk by the model",
        ylabel="Risk by refitted models",
    )
    _finish(ax, validation)
    fitted = len(validation.refitted_risk(validation.n_resamples))
    note(ax, f"{fitted} refitted models; mean absolute difference {_mape(table)}")
    return ax


def _mape(table: object) -> str:
    return f"{100 * float(table.mape.mean()):.2g} percentage points"  # type: ignore[attr-defined]


def plot_internal_external(
    validation: InternalExternalValidation, measure: str = "auroc", *, ax: Axes | None = None
) -> Axes:
    """Forest plot of one measure: each site by the model of the others, pooled mean and
    prediction interval.

    Parameters
    ----------
    validation : InternalExternalValidation
        What :func:`internal_external_validation` returns.
    measure : str
        Key of a measure that was measured.
    ax : Axes, optional
        Where to draw; the axes of a new figure when None.

    Examples
    --------
    >>> from backpain_risk import (
    ...     LogisticModel,
    ...     internal_external_validation,
    ...     load_scenario,
    ...     simulate_cohort,
    ... )
    >>> cohort = simulate_cohort(load_scenario("spine_clinic"), 1000, seed=1)
    >>> X = cohort.predictors[["age_years", "male"]]
    >>> sites = np.arange(1000) % 3
    >>> found = internal_external_validation(LogisticModel(), X, cohort.outcome, sites)
    >>> plot_internal_external(found, "auroc").get_xlabel()
    'AUROC'
    """
    check_result("validation", validation, "InternalExternalValidation")
    sites = validation.to_frame().query("measure == @measure").reset_index(drop=True)
    if sites.empty:
        raise ValueError(f"measure must be one that was measured; got {measure!r}. See to_frame().")
    ax = axes_or_new(ax, (6.4, 1.2 + 0.34 * (len(sites) + 2)))
    place = -np.arange(len(sites))
    ax.hlines(place, sites.low, sites.high, color=PALETTE[0], linewidth=1.5)
    ax.plot(sites.value, place, "s", color=PALETTE[0], markersize=5)
    labels = [f"{s.group} ({s.n_events} of {s.n:,})" for s in sites.itertuples()]
    undefined = place[sites.value.isna().to_numpy()]
    pooled = validation.pooled()
    if measure in pooled.index and np.isfinite(pooled.value[measure]):
        _pooled(ax, pooled.loc[measure], -len(sites) - 0.4)
        place = np.append(place, -len(sites) - 0.4)
        labels = [*labels, "pooled, with prediction interval"]
    ideal = ideal_of(measure)
    if ideal is not None:
        ax.axvline(ideal, color=FAINT, linewidth=1, zorder=0)
    for y in undefined:
        ax.annotate(
            "not defined",
            (0.02, y),
            xycoords=("axes fraction", "data"),
            color=MUTED,
            fontsize=8,
            va="center",
        )
    ax.set_yticks(place, labels)
    ax.set(xlabel=label_of(measure, unit=True))
    if measure == "observed_expected" and (sites.low.dropna() > 0).all():
        ends = pooled.loc[measure, ["prediction_low", "prediction_high"]].astype(float)
        seen = np.append(sites[["low", "high"]].to_numpy().ravel(), ends)
        log_ratio_axis(ax, float(np.nanmin(seen)), float(np.nanmax(seen)))
    note(ax, "left-out site (events of patients)")
    tidy(ax)
    return ax


def _pooled(ax: Axes, row: object, y: float) -> None:
    ax.hlines(y, row.prediction_low, row.prediction_high, color=MUTED, linewidth=1)  # type: ignore[attr-defined]
    ax.hlines(y, row.low, row.high, color=INK, linewidth=4)  # type: ignore[attr-defined]
    ax.plot(row.value, y, "D", color=INK, markersize=7)  # type: ignore[attr-defined]


def _finish(ax: Axes, validation: InternalValidation) -> None:
    note(
        ax,
        f"{validation.n:,} patients, {validation.n_events:,} events; {validation.n_resamples} "
        "resamples",
    )
    ax.legend(frameon=False, fontsize=9)
    tidy(ax)
