"""What a study of a given size buys: the intervals to expect."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from scipy.optimize import brentq

from ..numerics.checks import check_count
from ..numerics.intervals import proportion_interval
from ..results.notebook import as_html
from ..vocabulary import RESEARCH_NOTICE
from . import standard_errors as variance
from .demands import both_or_neither, discriminating, inner_fraction, normal_predictor
from .linear_predictor import LinearPredictor, binormal, shift_from_c
from .sample_size import FEW_EVENTS, Z95
from .validation import disagreement, rates_at

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = ("n", "cancers", "measure", "value", "standard_error", "low", "high", "width")
Row = tuple[float, float, float, float]  # value, standard error, low, high


@dataclass(frozen=True, eq=False, kw_only=True)
class Precision:
    """Intervals to expect in studies of one or several sizes.

    Attributes
    ----------
    prevalence : float
    rows : tuple of tuples
        One per size and measure, in the order of ``to_frame``.
    notes : tuple of str
    """

    prevalence: float
    rows: tuple[tuple[int, float, str, float, float, float, float, float], ...]
    notes: tuple[str, ...] = ()

    @property
    def measures(self) -> tuple[str, ...]:
        """Measures planned for, in order."""
        return tuple(dict.fromkeys(row[2] for row in self.rows))

    def to_frame(self) -> pd.DataFrame:
        """One row per size and measure.

        Columns: n, cancers (expected), measure, value (expected), standard_error (of the logarithm
        for observed_expected, lr_positive and lr_negative), low, high, width.
        """
        import pandas as pd

        return pd.DataFrame(list(self.rows), columns=list(COLUMNS))

    def _headline(self) -> str:
        return f"Precision at a prevalence of {self.prevalence:.3g}"

    def _remarks(self) -> tuple[str, ...]:
        few = min(row[1] for row in self.rows) < FEW_EVENTS
        rough = f"With fewer than {FEW_EVENTS} cancers formulas for large samples are rough."
        return (*self.notes, *([rough] if few else []), RESEARCH_NOTICE)

    def __str__(self) -> str:
        table = self.to_frame().to_string(index=False, float_format=lambda x: f"{x:.4g}")
        return "\n".join([self._headline(), table, *self._remarks()])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return as_html(
            self._headline(), self.to_frame(), " ".join(self._remarks()), index=False, digits=4
        )


def precision(
    n: int | Sequence[int],
    *,
    prevalence: float,
    c_statistic: float | None = None,
    linear_predictor: tuple[float, float] | None = None,
    threshold: float | None = None,
    sensitivity: float | None = None,
    specificity: float | None = None,
) -> Precision:
    """The 95 % intervals to expect of n patients, for a model, a flag, or both.

    Parameters
    ----------
    n : int or sequence of int
        Patients of the study; several draw a curve.
    prevalence : float
        P(malignancy), inside (0, 1).
    c_statistic : float, optional
        Of a model: adds observed_expected, calibration_slope and c_statistic.
    linear_predictor : (mean, sd), optional
        As for :func:`sample_size_validation`.
    threshold : float, optional
        Adds net_benefit (standardised), sensitivity and specificity there; needs ``c_statistic``,
        or both accuracies.
    sensitivity, specificity : float, optional
        Of a flag, or of a model at the threshold; both add lr_positive and lr_negative.

    Returns
    -------
    Precision
        ``.to_frame()`` with a row per n and measure: value, standard_error, low, high, width.

    Raises
    ------
    ValueError
        For numbers outside their range.

    Notes
    -----
    The formulas of :func:`sample_size_validation` and :func:`sample_size_accuracy`. Limits:
    Wilson's for proportions at the counts expected, Newcombe's for the C-statistic (its SE depends
    on C), on the log scale for ratios, +-1.96 SE for the slope and net benefit. With 13 cancers a
    formula for large samples is rough; the result says so.

    Examples
    --------
    >>> table = precision(
    ...     1975, prevalence=13 / 1975, sensitivity=4 / 13, specificity=0.98
    ... ).to_frame()
    >>> table.set_index("measure").loc["sensitivity", ["low", "high"]].astype(float).round(
    ...     2
    ... ).tolist()
    [0.13, 0.58]
    """
    sizes = list(n) if isinstance(n, Iterable) else [n]
    sizes = [check_count("n", size, 2) for size in sizes]
    if not sizes:
        raise ValueError(
            "n must hold at least one number of patients; got none. Pass for example 10000."
        )
    pi = inner_fraction("prevalence", prevalence)
    if min(sizes) * pi < 1:
        raise ValueError(
            f"n must be at least {math.ceil(1 / pi)}, where one cancer is expected; got "
            f"{min(sizes)}. "
            "Pass more patients."
        )
    lp = _predictor(pi, c_statistic, linear_predictor)
    rates = _rates(lp, threshold, sensitivity, specificity)
    rows = []
    for size in sizes:
        found = _cohort(size, pi) | _model(size, pi, c_statistic, lp) | _accuracy(size, pi, *rates)
        found |= _net_benefit(size, pi, rates, threshold)
        rows += [(size, size * pi, name, *row, row[3] - row[2]) for name, row in found.items()]
    said = None if lp is None or c_statistic is None else disagreement(lp, pi, c_statistic)
    return Precision(prevalence=pi, rows=tuple(rows), notes=tuple(filter(None, [said])))


def _predictor(
    pi: float, c: float | None, pair: tuple[float, float] | None
) -> LinearPredictor | None:
    if c is None:
        if pair is not None:
            raise ValueError(
                "c_statistic must be given with linear_predictor; got none. Pass both, or neither."
            )
        return None
    shift = shift_from_c(discriminating(c))
    return binormal(pi, shift) if pair is None else normal_predictor(pair)


def _rates(
    lp: LinearPredictor | None,
    threshold: float | None,
    sensitivity: float | None,
    specificity: float | None,
) -> tuple[float | None, float | None]:
    if threshold is None:
        given = (sensitivity, specificity)
        names = ("sensitivity", "specificity")
        checked = [
            None if p is None else inner_fraction(name, p)
            for name, p in zip(names, given, strict=True)
        ]
        return checked[0], checked[1]
    if lp is None and not both_or_neither(sensitivity=sensitivity, specificity=specificity):
        raise ValueError(
            "threshold must come with c_statistic, or sensitivity and specificity; got neither. "
            "Pass c_statistic=."
        )
    return rates_at(lp or binormal(0.5, 1.0), threshold, sensitivity, specificity)


def _cohort(n: int, pi: float) -> dict[str, Row]:
    return {"prevalence": _proportion(pi, n)}


def _model(n: int, pi: float, c: float | None, lp: LinearPredictor | None) -> dict[str, Row]:
    if c is None or lp is None:
        return {}
    ratio = _ratio(1.0, math.sqrt(variance.log_observed_expected(pi) / n))
    slope = _wald(1.0, math.sqrt(variance.calibration_slope(lp) / n))
    of_c = math.sqrt(variance.c_statistic(n, pi, c))
    return {
        "observed_expected": ratio,
        "calibration_slope": slope,
        "c_statistic": (c, of_c, *_newcombe(n, pi, c)),
    }


def _accuracy(
    n: int, pi: float, sensitivity: float | None, specificity: float | None
) -> dict[str, Row]:
    found: dict[str, Row] = {}
    if sensitivity is not None:
        found["sensitivity"] = _proportion(sensitivity, n * pi)
    if specificity is not None:
        found["specificity"] = _proportion(specificity, n * (1 - pi))
    if sensitivity is not None and specificity is not None:
        rates = (pi, sensitivity, specificity)
        positive = variance.log_lr_positive(*rates)
        negative = variance.log_lr_negative(*rates)
        found["lr_positive"] = _ratio(sensitivity / (1 - specificity), math.sqrt(positive / n))
        found["lr_negative"] = _ratio((1 - sensitivity) / specificity, math.sqrt(negative / n))
    return found


def _net_benefit(
    n: int, pi: float, rates: tuple[float | None, float | None], threshold: float | None
) -> dict[str, Row]:
    sensitivity, specificity = rates
    if threshold is None or sensitivity is None or specificity is None:
        return {}
    odds = threshold / (1 - threshold)
    value = sensitivity - (1 - specificity) * (1 - pi) / pi * odds
    unit = variance.standardised_net_benefit(pi, sensitivity, specificity, threshold)
    return {"net_benefit": _wald(value, math.sqrt(unit / n))}


def _wald(value: float, se: float) -> Row:
    return value, se, value - Z95 * se, value + Z95 * se


def _ratio(value: float, se: float) -> Row:
    factor = math.exp(Z95 * se) if Z95 * se < 700 else math.inf
    return value, se, value / factor, value * factor


def _proportion(p: float, n: float) -> Row:
    low, high = proportion_interval(p * n, n)
    return p, math.sqrt(p * (1 - p) / n), float(low), float(high)


def _newcombe(n: int, pi: float, c: float) -> tuple[float, float]:
    """C-statistics whose own SE puts the expected one 1.96 of it away."""

    def gap(limit: float) -> float:
        return abs(c - limit) - Z95 * math.sqrt(variance.c_statistic(n, pi, limit))

    return float(brentq(gap, 1e-12, c, xtol=1e-12)), float(brentq(gap, c, 1 - 1e-12, xtol=1e-12))
