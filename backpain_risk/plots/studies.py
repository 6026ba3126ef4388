"""Plots of simulation studies, with Monte-Carlo limits everywhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

from ..numerics.checks import check_choice, check_result
from ..numerics.intervals import normal_quantile
from .style import INK, LINES, MUTED, axes_or_new, colours, note, percent_axis, tidy

if TYPE_CHECKING:
    from ..studies.study_result import StudyResult

_Z = normal_quantile(0.95)
_SHARES = ("separated", "infinite", "failed", "mean_risk", "mape", "share_lost", "coverage")
_LABELS = {
    "auroc": "C-statistic",
    "calibration_slope": "Calibration slope",
    "observed_expected": "O:E ratio",
    "mean_risk": "Mean risk",
    "mape": "Mean absolute error of the risk",
    "separated": "Cohorts that are separated",
    "infinite": "Cohorts with an infinite coefficient",
    "failed": "Cohorts in which the method failed",
    "interval_width": "Mean width of a patient's interval",
    "coverage_exact": "Patients whose limits hold their exact risk",
    "coverage_least_false": "Patients whose limits hold the least false risk",
    "net_benefit": "Net benefit",
    "net_benefit_lost": "Net benefit lost",
    "share_lost": "Share of the attainable net benefit lost",
}


def plot_learning_curve(
    study: StudyResult,
    measure: str,
    scenario: str | None = None,
    *,
    required: int | None = None,
    ax: Axes | None = None,
) -> Axes:
    """A measure of each method against patients, with 95 % Monte-Carlo bands.

    ``scenario`` is the first of the design when not said; ``required`` marks a sample size.

    Parameters
    ----------
    study : StudyResult
        What :func:`run_study` returns.
    measure : str
        Key of a measure that was studied.
    scenario : str, optional
        Name of the scenario in the design; its first when None.
    required : int, optional
        A sample size to mark.
    ax : Axes, optional
        Where to draw; the axes of a new figure when None.

    Examples
    --------
    >>> from backpain_risk import LikelihoodRatioModel, StudyDesign, load_scenario, run_study
    >>> design = StudyDesign(
    ...     scenarios={"clinic": load_scenario("spine_clinic")},
    ...     sizes=[500],
    ...     methods={"ratios": LikelihoodRatioModel()},
    ...     predictors=["night_pain"],
    ...     replicates=3,
    ...     seed=1,
    ... )
    >>> study = run_study(design)
    >>> plot_learning_curve(study, "auroc").get_xlabel()
    'Patients of the development cohort'
    """
    check_result("study", study, "StudyResult")
    table = study.performance()
    check_choice("measure", measure, table["measure"].unique())
    name = _scenario(study, scenario)
    own = table[(table["measure"] == measure) & (table["scenario"] == name)].dropna()
    ax = axes_or_new(ax, (5.6, 4.2))
    shown = [m for m in study.design.methods if (own["method"] == m).any()]
    for method, (colour, line) in _looks(study, shown).items():
        curve = own[own["method"] == method].sort_values("n")
        reach = _Z * curve["mcse"]
        ax.fill_between(
            curve["n"],
            curve["value"] - reach,
            curve["value"] + reach,
            color=colour,
            alpha=0.2,
            lw=0,
        )
        ax.plot(curve["n"], curve["value"], color=colour, ls=line, marker="o", ms=3, label=method)
    _sizes(ax, study)
    if required is not None:
        ax.axvline(required, color=MUTED, lw=1, ls=":")
        ax.text(
            required,
            0.98,
            f" {required:,} required",
            transform=ax.get_xaxis_transform(),
            color=MUTED,
            fontsize=8,
            va="top",
        )
    _values(ax.yaxis, ax, measure)
    ax.set_xlabel("Patients of the development cohort")
    if shown:
        ax.legend(fontsize=8, frameon=False)
    note(ax, f"{name}; bands: 95% Monte-Carlo limits; {_replicates(own)}")
    return ax


def plot_study_distribution(
    study: StudyResult,
    measure: str = "calibration_slope",
    scenario: str | None = None,
    n: int | None = None,
    *,
    ax: Axes | None = None,
) -> Axes:
    """Distribution over the replicates of a measure, for each method: median, quarters, deciles.

    ``scenario`` and ``n`` are the first of the design when not said.

    Parameters
    ----------
    study : StudyResult
        What :func:`run_study` returns.
    measure : str
        Key of a measure that was studied.
    scenario : str, optional
        Name of the scenario in the design; its first when None.
    n : int, optional
        Patients of the development cohort; the first size of the design when None.
    ax : Axes, optional
        Where to draw; the axes of a new figure when None.

    Examples
    --------
    >>> from backpain_risk import LikelihoodRatioModel, StudyDesign, load_scenario, run_study
    >>> design = StudyDesign(
    ...     scenarios={"clinic": load_scenario("spine_clinic")},
    ...     sizes=[500],
    ...     methods={"ratios": LikelihoodRatioModel()},
    ...     predictors=["night_pain"],
    ...     replicates=3,
    ...     seed=1,
    ... )
    >>> study = run_study(design)
    >>> plot_study_distribution(study, "auroc").get_title("left")
    'clinic, n = 500; median, middle half, middle 80%; 3 fits'
    """
    check_result("study", study, "StudyResult")
    check_choice("measure", measure, study.measures)
    name = _scenario(study, scenario)
    size = _size(study, n)
    rows = study.replicates
    rows = rows[(rows["scenario"] == name) & (rows["n"] == size)]
    ax = axes_or_new(ax, (5.6, 4.2))
    methods = list(study.design.methods)[::-1]
    for place, (method, (colour, _)) in enumerate(_looks(study, methods).items()):
        x = rows.loc[rows["method"] == method, measure].to_numpy(dtype=np.float64)
        x = x[np.isfinite(x)]
        if x.size:
            low, first, middle, third, high = np.quantile(x, [0.1, 0.25, 0.5, 0.75, 0.9])
            ax.plot([low, high], [place, place], color=colour, lw=1)
            ax.plot([first, third], [place, place], color=colour, lw=5, solid_capstyle="butt")
            ax.plot(middle, place, "o", color="white", mec=INK, ms=5)
    if measure in ("calibration_slope", "observed_expected"):
        ax.axvline(1, color=MUTED, lw=1, ls=":")
    ax.set_yticks(range(len(methods)), methods)
    _values(ax.xaxis, ax, measure)
    note(ax, f"{name}, n = {size:,}; median, middle half, middle 80%; {len(rows):,} fits")
    return ax


def plot_study_contrast(
    study: StudyResult, a: str, b: str, measure: str, *, ax: Axes | None = None
) -> Axes:
    """Difference of a measure between two methods, paired by replicate, against patients.

    Parameters
    ----------
    study : StudyResult
        What :func:`run_study` returns.
    a : str
        Name of a method.
    b : str
        Name of the method that is taken from it.
    measure : str
        Key of a measure that was studied.
    ax : Axes, optional
        Where to draw; the axes of a new figure when None.
    """
    check_result("study", study, "StudyResult")
    table = study.contrast(a, b, measure)
    ax = axes_or_new(ax, (5.6, 4.2))
    names = list(study.design.scenarios)
    for k, (name, colour) in enumerate(colours(names).items()):
        own = table[table["scenario"] == name]
        shift = 1 + 0.06 * (k - (len(names) - 1) / 2)
        reach = [own["value"] - own["low"], own["high"] - own["value"]]
        ax.errorbar(
            own["n"] * shift, own["value"], yerr=reach, fmt="o", ms=4, color=colour, label=name
        )
    ax.axhline(0, color=INK, lw=1)
    _sizes(ax, study)
    _values(ax.yaxis, ax, measure)
    ax.set_xlabel("Patients of the development cohort")
    ax.set_ylabel(f"{ax.get_ylabel()}: {a} minus {b}")
    ax.legend(fontsize=8, frameon=False)
    note(ax, f"Paired by replicate; bars: 95% Monte-Carlo limits; {_replicates(table)}")
    return ax


def plot_nested_loop(study: StudyResult, measure: str, *, ax: Axes | None = None) -> Axes:
    """A measure of each method in every cell of the design, scenarios outside and sizes within,
    with 95 % Monte-Carlo limits.

    Parameters
    ----------
    study : StudyResult
        What :func:`run_study` returns.
    measure : str
        Key of a measure that was studied.
    ax : Axes, optional
        Where to draw; the axes of a new figure when None.

    Examples
    --------
    >>> from backpain_risk import LikelihoodRatioModel, StudyDesign, load_scenario, run_study
    >>> design = StudyDesign(
    ...     scenarios={"clinic": load_scenario("spine_clinic")},
    ...     sizes=[500],
    ...     methods={"ratios": LikelihoodRatioModel()},
    ...     predictors=["night_pain"],
    ...     replicates=3,
    ...     seed=1,
    ... )
    >>> study = run_study(design)
    >>> plot_nested_loop(study, "auroc").get_ylabel()
    'C-statistic'
    """
    check_result("study", study, "StudyResult")
    table = study.performance()
    check_choice("measure", measure, table["measure"].unique())
    table = table[table["measure"] == measure]
    sizes = sorted(study.design.sizes)
    names = list(study.design.scenarios)
    ax = axes_or_new(ax, (8.0, 4.2))
    shown = [m for m in study.design.methods if table.loc[table["method"] == m, "value"].any()]
    for method, (colour, line) in _looks(study, shown).items():
        for k, name in enumerate(names):
            own = table[(table["method"] == method) & (table["scenario"] == name)].sort_values("n")
            place = k * (len(sizes) + 1) + np.searchsorted(sizes, own["n"])
            label = method if k == 0 else None
            ax.errorbar(
                place, own["value"], _Z * own["mcse"], color=colour, ls=line, lw=1.2, label=label
            )
    _cells(ax, names, sizes)
    _values(ax.yaxis, ax, measure)
    if shown:
        ax.legend(fontsize=8, frameon=False, loc="center left", bbox_to_anchor=(1, 0.5))
    note(ax, f"Bars: 95% Monte-Carlo limits; {_replicates(table)}")
    return ax


def _cells(ax: Axes, names: list[str], sizes: list[int]) -> None:
    """Sizes under the axis, scenarios above each group."""
    width = len(sizes) + 1
    places = [k * width + i for k in range(len(names)) for i in range(len(sizes))]
    ax.set_xticks(places, [f"{n:,}" for _ in names for n in sizes], rotation=90, fontsize=7)
    for k, name in enumerate(names):
        ax.text(
            k * width + (len(sizes) - 1) / 2,
            0.99,
            name,
            transform=ax.get_xaxis_transform(),
            ha="center",
            va="top",
            fontsize=8,
            color=MUTED,
        )
        if k:
            ax.axvline(k * width - 1, color=MUTED, lw=0.5)
    ax.set_xlabel("Patients of the development cohort")


def _scenario(study: StudyResult, name: str | None) -> str:
    names = list(study.design.scenarios)
    return names[0] if name is None else check_choice("scenario", name, names)


def _size(study: StudyResult, n: int | None) -> int:
    if n is None:
        return int(study.design.sizes[0])
    if n not in study.design.sizes:
        sizes = ", ".join(map(str, study.design.sizes))
        raise ValueError(f"n must be one of the sizes {sizes}; got {n!r}. Choose one of these.")
    return int(n)


def _looks(study: StudyResult, shown: list[str]) -> dict[str, tuple[str, Any]]:
    """Colour and style of the line of each method, the same in every plot of a study."""
    names = list(study.design.methods)
    of_name = colours(names)
    return {name: (of_name[name], LINES[names.index(name) % len(LINES)]) for name in shown}


def _sizes(ax: Axes, study: StudyResult) -> None:
    ax.set_xscale("log")
    ax.xaxis.set_major_locator(FixedLocator([float(n) for n in study.design.sizes]))
    ax.xaxis.set_major_formatter(FuncFormatter(lambda n, _: f"{n:,.0f}"))
    ax.xaxis.set_minor_locator(NullLocator())


def _values(axis: Any, ax: Axes, measure: str) -> None:
    """The name of a measure and its unit."""
    word, _, threshold = measure.partition("@")
    text = _LABELS.get(word, word.replace("_", " "))
    axis.set_label_text(f"{text} at {float(threshold):.3g}" if threshold else text)
    if word.startswith(_SHARES):
        percent_axis(axis)
    tidy(ax)


def _replicates(table: pd.DataFrame) -> str:
    low = int(table["replicates"].min()) if len(table) else 0
    high = int(table["replicates"].max()) if len(table) else 0
    return f"{low:,} replicates" if low == high else f"{low:,} to {high:,} replicates"
