"""Coverage of the 95 % limits of every measure at a base rate of 1 %, by simulation; slower than a
test should be.

    make proofs          (or: python tests/proofs/measures_coverage.py)

writes measures_coverage.json with its checksum; test_measures_coverage.py checks what is stored and
repeats its first replicates. Each row of the table is one measure and interval at one number of
expected events: coverage with its Monte-Carlo standard error, the shares of replicates whose limits
lie wholly below and above the truth, and how many replicates had no limits (they count as not
covering).

A cohort is a multinomial draw of 400 kinds of patients. Somers' D has the limits of the AUROC.
Percentiles of resampled indices and of lowess are judged in fewer cohorts than the others, stated
with each. Limits that the package withholds are judged as they were before: withheld now, they
hold nothing.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any
from unittest import mock

import numpy as np
from judged import Marks, mark, rows
from places import place_limits, places_truth
from resampled import lowess_limits, slow_limits
from scipy import stats
from scipy.special import expit, logit
from setting import (
    BOTH,
    DIFFERENCES,
    EVENTS,
    INDICES,
    KINDS,
    MODEL,
    OTHER,
    POINTS,
    PROBABILITY,
    THRESHOLDS,
    Limits,
    curve_limits,
    drawn,
    truth,
)
from stored import write_coverage, write_proof

import backpain_risk as bpr
from backpain_risk.measures.calibration import curve as curve_module

REPLICATES = 2_000
FIRST = ("formulas", "places")  # whose first cohorts are kept and found again
FORMER = {
    "auroc": "logit",
    "partial_auroc": "delong",
    "discrimination_slope": "normal",
    "average_precision": "logit, normal",
    "pooled_observed_expected": "normal",
    "calibration_curve, whole": "rcs, tube of normal errors",
    "calibration_curve, all tenths": "groups, Bonferroni of wilson",
    **{
        f"lr_{sign} {flag}": "log"
        for sign in ("positive", "negative")
        for flag in ("age", "history", "weight loss")
    },
    **{f"net_benefit@{t:g}{what}": "normal" for t in THRESHOLDS for what in DIFFERENCES},
    **{f"{index}{risks}": "bootstrap" for index in INDICES for risks in ("", ", calibrated")},
}
"""Interval that was the default before, where it is another now."""
FLAGS = {"age": (0.77, 0.71), "history": (0.31, 0.98), "weight loss": (0.15, 0.94)}


def limits(weight: np.ndarray, rng: np.random.Generator, events: int) -> Limits:
    """Measure, interval, low and high of the analytic limits."""
    yield from _overall(weight)
    yield from _discrimination(weight)
    yield from _net_benefit(weight)
    yield from _curves(weight, events)
    yield from _accuracy(rng, events)


def _overall(weight: np.ndarray) -> Limits:
    options = {"sample_weight": weight}
    functions = {
        "observed_expected": (bpr.observed_expected, "wilson"),
        "brier": (bpr.brier_score, "normal"),
        "scaled_brier": (bpr.scaled_brier, "delta"),
        "log_loss": (bpr.log_loss, "normal"),
        "cox_snell_r2": (bpr.cox_snell_r2, "delta"),
        "nagelkerke_r2": (bpr.nagelkerke_r2, "delta"),
    }
    for name, (function, how) in functions.items():
        estimate = function(*BOTH, **options)
        yield name, how, estimate.low, estimate.high
    for function in (bpr.calibration_in_the_large, bpr.calibration_slope):
        for how in ("profile", "wald"):
            estimate = function(*BOTH, interval=how, **options)
            yield function.__name__, how, estimate.low, estimate.high


def _discrimination(weight: np.ndarray) -> Limits:
    functions: dict[Callable[..., bpr.Estimate], tuple[str, ...]] = {
        bpr.auroc: ("newcombe", "logit", "delong"),
        bpr.partial_auroc: ("wilson", "delong"),
        bpr.discrimination_slope: ("hall", "normal"),
    }
    for function, intervals in functions.items():
        for how in intervals:
            estimate = function(*BOTH, sample_weight=weight, interval=how)
            yield function.__name__, how, estimate.low, estimate.high
    difference = bpr.compare_auroc(*BOTH, np.tile(OTHER, 2), sample_weight=weight).difference
    yield "auroc - b", "delong", difference.low, difference.high
    precision = bpr.precision_recall_curve(*BOTH, sample_weight=weight).average_precision
    yield "average_precision", "logit, t", precision.low, precision.high
    events = weight[:KINDS].sum()
    shrink = stats.norm.ppf(0.975) / stats.t.ppf(0.975, events - 1) if events > 1 else np.nan
    ends = logit([precision.low, precision.high]) - logit(precision.value)
    yield "average_precision", "logit, normal", *expit(logit(precision.value) + shrink * ends)


def _net_benefit(weight: np.ndarray) -> Limits:
    risks = {"model": BOTH[1], "b": np.tile(OTHER, 2)}
    for how in ("mover", "normal"):
        yield from curve_limits(
            bpr.decision_curve(
                BOTH[0], risks, thresholds=THRESHOLDS, sample_weight=weight, interval=how
            ),
            how,
        )


def _curves(weight: np.ndarray, events: int) -> Limits:
    order = np.argsort(MODEL)
    risk = MODEL[order]
    curves = {}
    any_number = mock.patch.object(curve_module, "FEW_FOR_BAND", 0)
    with warnings.catch_warnings(), any_number:
        warnings.filterwarnings("ignore", "the calibration curve says little")
        for band in ("pointwise", "simultaneous"):
            try:
                curves[band] = bpr.calibration_curve(
                    *BOTH, sample_weight=weight, band=band, at=risk
                )
            except ValueError:  # no maximum of the likelihood
                curves[band] = None
    point = curves["pointwise"]
    whole = curves["simultaneous"]
    for where, i in POINTS.items():
        ends = (np.nan, np.nan) if point is None else (point.low[i], point.high[i])
        yield f"calibration_curve, {where} risks", "rcs, pointwise", *ends
    true = PROBABILITY[order]
    missing = point is None
    inside = np.nan if missing else float(((whole.low <= true) & (true <= whole.high)).all())
    yield "calibration_curve, whole", "rcs, tube of t errors", inside, inside
    groups = bpr.calibration_curve(*BOTH, sample_weight=weight, method="groups", at=risk[39:-1:40])
    yield "calibration_curve, lowest tenth", "groups, wilson", groups.low[0], groups.high[0]
    yield "calibration_curve, highest tenth", "groups, wilson", groups.low[-1], groups.high[-1]


def _accuracy(rng: np.random.Generator, events: int) -> Limits:
    for flag, (sensitivity, specificity) in FLAGS.items():
        tp = rng.binomial(events, sensitivity)
        tn = rng.binomial(99 * events, specificity)
        cells = {"tp": int(tp), "fn": int(events - tp), "tn": int(tn), "fp": int(99 * events - tn)}
        for how in ("wilson", "clopper_pearson", "jeffreys"):
            study = bpr.Accuracy.from_counts(**cells, interval=how)
            for name in (
                ("sensitivity", "specificity", "youden")
                if how == "wilson"
                else ("sensitivity", "specificity")
            ):
                estimate = getattr(study, name)
                yield f"{name} {flag}", how, estimate.low, estimate.high
        for how in ("score", "log"):
            study = bpr.Accuracy.from_counts(**cells, ratio_interval=how)
            for name in ("lr_positive", "lr_negative"):
                estimate = getattr(study, name)
                yield f"{name} {flag}", how, estimate.low, estimate.high
        ratio = study.diagnostic_odds_ratio
        yield f"diagnostic_odds_ratio {flag}", "log", ratio.low, ratio.high


def accuracy_truth() -> dict[str, float]:
    """The accuracy of each flag."""
    found = {}
    for flag, (a, b) in FLAGS.items():
        values = {"sensitivity": a, "specificity": b, "youden": a + b - 1}
        values |= {"lr_positive": a / (1 - b), "lr_negative": (1 - a) / b}
        values["diagnostic_odds_ratio"] = values["lr_positive"] / values["lr_negative"]
        found |= {f"{name} {flag}": value for name, value in values.items()}
    return found


def judged(found: Limits) -> Marks:
    """How each interval relates to the truth."""
    true = truth() | accuracy_truth() | places_truth()
    return {(measure, how): mark(true[measure], low, high) for measure, how, low, high in found}


def replicate(events: int, number: int, part: str = "formulas") -> Marks:
    """How the limits of one cohort with that many events expected relate to the truth."""
    rng = np.random.default_rng([events, number])
    weight = drawn(events, rng)
    return judged(PARTS[part][0](weight, rng, events))


def part_of_table(part: str, events: int) -> tuple[list[dict[str, Any]], list[str]]:
    """Rows of one part for one number of events, and the marks of its first two cohorts."""
    marks = [replicate(events, number, part) for number in range(PARTS[part][1])]
    return list(rows(events, marks, FORMER)), ["".join(each.values()) for each in marks[:2]]


PARTS: dict[str, tuple[Callable[..., Limits], int]] = {
    "formulas": (limits, REPLICATES),
    "places": (place_limits, 1100),
    "resampled": (slow_limits, 80),
    "lowess": (lowess_limits, 20),
}
"""Limits that are judged together, and the cohorts they are judged in: fewer for the slowest."""


def run() -> dict[str, Any]:
    """Everything the proof states."""
    table = []
    first = {}
    for part in PARTS:
        for events in EVENTS:
            found, marks = part_of_table(part, events)
            table += found
            if part in FIRST:
                first[f"{part} {events}"] = marks
    return {"base_rate": float(PROBABILITY.mean()), "table": table, "first": first}


if __name__ == "__main__":
    write_proof("measures_coverage", run())
    write_coverage()
