"""Coverage of the 95 % limits of every measure at a base rate of 1 %, by simulation; slower than a
test should be.

    make proofs          (or: python tests/proofs/measures_coverage.py)

writes measures_coverage.json with its checksum; test_measures_coverage.py checks what is stored and
repeats its first replicates. Each row of the table is one measure and interval at one number of
expected events: coverage with its Monte-Carlo standard error, the shares of replicates whose limits
lie wholly below and above the truth, and how many replicates had no limits (they count as not
covering).

A cohort is a multinomial draw of 400 kinds of patients. Somers' D has the limits of the AUROC, ROC
curves those of the proportions and subgroups those of their measures. The limits of resampling take
fewer replicates, stated with each; those of lowess, by the same bootstrap as isotonic regression,
are left out because they take hours.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from resampled import slow_limits
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

REPLICATES = 2_000
SLOW = 80
FORMER = {
    "auroc": "logit",
    "partial_auroc": "delong",
    "discrimination_slope": "normal",
    "average_precision": "logit, normal",
    "pooled_observed_expected": "normal",
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
    with warnings.catch_warnings():
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


def judged(found: Limits) -> dict[tuple[str, str], str]:
    """For each interval ``=`` when it holds the truth, ``<`` below and ``>`` above it, ``?``
    without limits.
    """
    true = truth() | accuracy_truth()
    marks = {}
    for measure, how, low, high in found:
        value = true[measure]
        marks[measure, how] = (
            "?" if np.isnan(low + high) else "<" if high < value else ">" if low > value else "="
        )
    return marks


def replicate(events: int, number: int, *, slow: bool = False) -> dict[tuple[str, str], str]:
    """How the limits of one cohort with that many events expected relate to the truth."""
    rng = np.random.default_rng([events, number])
    weight = drawn(events, rng)
    return judged((slow_limits if slow else limits)(weight, rng, events))


def rows(events: int, marks: list[dict[tuple[str, str], str]]) -> Iterator[dict[str, Any]]:
    """Rows of the table for one number of events."""
    for measure, how in marks[0]:
        found = np.array([each[measure, how] for each in marks])
        coverage = float(np.mean(found == "="))
        yield {
            "measure": measure,
            "interval": how,
            "former_default": FORMER.get(measure) == how,
            "events": events,
            "coverage": coverage,
            "mcse": round(float(np.sqrt(coverage * (1 - coverage) / found.size)), 6),
            "below": float(np.mean(found == "<")),
            "above": float(np.mean(found == ">")),
            "without_limits": float(np.mean(found == "?")),
            "replicates": int(found.size),
        }


def run() -> dict[str, Any]:
    """Everything the proof states."""
    table = []
    first = {}
    for slow, replicates in ((False, REPLICATES), (True, SLOW)):
        for events in EVENTS:
            marks = [replicate(events, number, slow=slow) for number in range(replicates)]
            table += rows(events, marks)
            if not slow:
                first[str(events)] = ["".join(each.values()) for each in marks[:2]]
    return {"base_rate": float(PROBABILITY.mean()), "table": table, "first": first}


if __name__ == "__main__":
    write_proof("measures_coverage", run())
    write_coverage()
