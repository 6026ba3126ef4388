"""Plots of what a study of some size buys."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, FuncFormatter, LogLocator, NullLocator

from ..numerics.checks import check_result
from ..planning.sample_size import FEW_EVENTS
from .style import INK, MUTED, PALETTE, axes_or_new, note, percent_axis, tidy

if TYPE_CHECKING:
    from ..planning.expected_precision import Precision

_LABELS = {
    "prevalence": "Prevalence",
    "observed_expected": "O:E ratio",
    "calibration_slope": "Calibration slope",
    "c_statistic": "C-statistic",
    "sensitivity": "Sensitivity",
    "specificity": "Specificity",
    "lr_positive": "LR+",
    "lr_negative": "LR-",
    "net_benefit": "Standardised net benefit",
}
_LOGARITHMIC = ("observed_expected", "lr_positive", "lr_negative")
_RATIOS = (
    0.05,
    0.1,
    0.2,
    0.3,
    0.5,
    0.67,
    0.8,
    0.9,
    1,
    1.1,
    1.25,
    1.5,
    2,
    2.5,
    3,
    4,
    5,
    7,
    10,
    15,
    20,
    30,
    50,
    100,
    200,
)
_PERCENT = ("prevalence", "sensitivity", "specificity")


def plot_precision(
    precision: Precision, measure: str | None = None, *, ax: Axes | None = None
) -> Axes:
    """The interval to expect of one measure (the first when not said) against patients, with
    expected cancers above.

    Parameters
    ----------
    precision : Precision
        What :func:`precision` returns.
    measure : str, optional
        Key of the measure; the first when None.
    ax : Axes, optional
        Where to draw; the axes of a new figure when None.

    Examples
    --------
    >>> from backpain_risk import precision
    >>> found = precision([1000, 10_000], prevalence=0.01, c_statistic=0.8)
    >>> plot_precision(found, "c_statistic").get_xlabel()
    'Patients'
    """
    check_result("precision", precision, "Precision")
    measure = precision.measures[0] if measure is None else measure
    if measure not in precision.measures:
        raise ValueError(
            f"measure must be one of {', '.join(precision.measures)}; got {measure!r}. Choose one "
            "of these."
        )
    table = precision.to_frame().query("measure == @measure").sort_values("n")
    ax = axes_or_new(ax, (5.2, 4.0))
    if len(table) == 1:
        ax.errorbar(
            table.n,
            table.value,
            yerr=[table.value - table.low, table.high - table.value],
            color=PALETTE[0],
        )
    ax.fill_between(table.n, table.low, table.high, color=PALETTE[0], alpha=0.2, linewidth=0)
    for limit in ("low", "high"):
        ax.plot(table.n, table[limit], color=PALETTE[0], linewidth=1.2)
    ax.plot(table.n, table.value, color=INK, linewidth=1, marker="o" if len(table) == 1 else None)
    _scales(ax, measure)
    _cancers(ax, precision.prevalence, table.n)
    ax.set(xlabel="Patients", ylabel=f"{_LABELS[measure]}, 95% interval expected")
    note(
        ax, f"Prevalence {precision.prevalence:.2%}; line: expected value {table.value.iloc[0]:.3g}"
    )
    return ax


def _scales(ax: Axes, measure: str) -> None:
    ax.set_xscale("log")
    _counts(ax.xaxis)
    if measure in _LOGARITHMIC:
        low, high = ax.get_ylim()
        ticks = [tick for tick in _RATIOS if low <= tick <= high]
        ax.set_yscale("log")
        ax.yaxis.set_major_locator(
            FixedLocator(ticks if len(ticks) < 9 else ticks[:: len(ticks) // 5])
        )
        ax.yaxis.set_minor_locator(NullLocator())
        ax.yaxis.set_major_formatter(FuncFormatter(_plain))
    if measure in _PERCENT:
        percent_axis(ax.yaxis)
    tidy(ax)


def _cancers(ax: Axes, prevalence: float, sizes: Any) -> None:
    """Expected cancers on a second axis above, and where formulas for large samples begin to be
    rough.
    """
    above = ax.secondary_xaxis(
        "top",
        functions=(lambda n: np.asarray(n) * prevalence, lambda k: np.asarray(k) / prevalence),
    )
    above.set_xlabel("Cancers expected", fontsize=9, color=MUTED)
    _counts(above.xaxis)
    above.tick_params(labelsize=8, colors=MUTED, which="both")
    above.spines["top"].set_color(MUTED)
    few = FEW_EVENTS / prevalence
    if sizes.min() < few < sizes.max():
        ax.axvline(few, color=MUTED, linewidth=1, linestyle=":")
        text = f" {FEW_EVENTS} cancers: formulas rough to the left"
        ax.text(
            few,
            0.02,
            text,
            transform=ax.get_xaxis_transform(),
            color=MUTED,
            fontsize=8,
            va="bottom",
        )


def _counts(axis: Any) -> None:
    """Whole numbers at 1 and 3 on a log axis."""
    axis.set_major_locator(LogLocator(subs=(1.0, 3.0)))
    axis.set_major_formatter(FuncFormatter(_plain))
    axis.set_minor_locator(NullLocator())


def _plain(value: float, _: object = None) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
