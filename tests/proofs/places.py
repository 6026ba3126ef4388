"""Limits at a place, for the proof of coverage: points of ROC and precision-recall curves,
subgroups, groups of risks, and bands for a whole curve.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import cache
from unittest import mock

import numpy as np
from setting import BOTH, KINDS, MODEL, POPULATION, PROBABILITY, THRESHOLDS, Limits

import backpain_risk as bpr
from backpain_risk.measures.calibration import curve as curve_module
from backpain_risk.measures.calibration import curve_limits as curve_limits_module
from backpain_risk.numerics.intervals import proportion_interval

HALF = np.tile(np.arange(KINDS) % 2, 2)
TENTHS_TRUE = np.sort(PROBABILITY).reshape(10, 40).mean(axis=1)
TENTHS = MODEL[np.argsort(MODEL)][39:-1:40]
MEASURES: tuple[Callable[..., bpr.Estimate], ...] = (
    bpr.observed_expected,
    bpr.calibration_in_the_large,
    bpr.calibration_slope,
    bpr.auroc,
)


def place_limits(weight: np.ndarray, rng: np.random.Generator, events: int) -> Limits:
    """Measure, interval, low and high."""
    yield from _roc(weight)
    yield from _subgroups(weight)
    yield from _tenths(weight)
    yield from _bands(weight)


def _roc(weight: np.ndarray) -> Limits:
    roc = bpr.roc_curve(*BOTH, sample_weight=weight)
    precision = bpr.precision_recall_curve(*BOTH, sample_weight=weight)
    for t in THRESHOLDS:
        i = int(np.flatnonzero(roc.threshold >= t)[-1])
        yield f"sensitivity@{t:g}", "wilson", roc.sensitivity_low[i], roc.sensitivity_high[i]
        yield f"specificity@{t:g}", "wilson", roc.specificity_low[i], roc.specificity_high[i]
        i = int(np.flatnonzero(precision.threshold >= t)[-1])
        ends = precision.precision_low[i], precision.precision_high[i]
        yield f"precision@{t:g}", "wilson", *ends


def _subgroups(weight: np.ndarray) -> Limits:
    table = bpr.subgroup_calibration(*BOTH, {"half": HALF}, sample_weight=weight)
    for row in table[(table.subgroup == "half") & (table.group == 1)].itertuples():
        yield f"{row.measure} of half the patients", "as of all", row.low, row.high


def _tenths(weight: np.ndarray) -> Limits:
    """All tenths at once."""
    options = {"sample_weight": weight, "method": "groups", "at": TENTHS}
    now = bpr.calibration_curve(*BOTH, band="simultaneous", **options)
    single = bpr.calibration_curve(*BOTH, **options)
    former = proportion_interval(now.group_events, now.group_n, "wilson", 1 - 0.05 / 10)
    ways = {
        "groups, Bonferroni of clopper_pearson": (now.low, now.high),
        "groups, Bonferroni of wilson": former,
        "groups, wilson": (single.low, single.high),
    }
    for how, (low, high) in ways.items():
        inside = float(((low <= TENTHS_TRUE) & (high >= TENTHS_TRUE)).all())
        yield "calibration_curve, all tenths", how, inside, inside


def _bands(weight: np.ndarray) -> Limits:
    """The band of the spline as it was: as if the errors were normal, from any number of events."""
    at = np.sort(MODEL)
    true = np.sort(PROBABILITY)
    normal = mock.patch.object(curve_limits_module, "_freedom", return_value=1e9)
    any_number = mock.patch.object(curve_module, "FEW_FOR_BAND", 0)
    inside = np.nan
    with warnings.catch_warnings(), normal, any_number:
        warnings.filterwarnings("ignore", "the calibration curve says little")
        try:
            curve = bpr.calibration_curve(*BOTH, sample_weight=weight, band="simultaneous", at=at)
            inside = float(((curve.low <= true) & (true <= curve.high)).all())
        except ValueError:  # no maximum of the likelihood
            pass
    yield "calibration_curve, whole", "rcs, tube of normal errors", inside, inside


@cache
def places_truth() -> dict[str, float]:
    """In the population of all kinds; 1 where a mark says whether all of a curve is held."""
    values = {"calibration_curve, all tenths": 1.0}
    for t in THRESHOLDS:
        positive = t <= MODEL
        true = PROBABILITY[positive].sum()
        false = (1 - PROBABILITY[positive]).sum()
        values[f"sensitivity@{t:g}"] = true / PROBABILITY.sum()
        values[f"specificity@{t:g}"] = 1 - false / (1 - PROBABILITY).sum()
        values[f"precision@{t:g}"] = true / (true + false)
    mine = HALF == 1
    for function in MEASURES:
        estimate = function(BOTH[0][mine], BOTH[1][mine], sample_weight=POPULATION[mine] * 1e6)
        values[f"{function.__name__} of half the patients"] = estimate.value
    return values
