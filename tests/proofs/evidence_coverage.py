"""Coverage of the 95 % limits of pooled evidence and of what it predicts, by simulation.

    make proofs          (or: python tests/proofs/evidence_coverage.py)

writes evidence_coverage.json with its checksum; test_measures_coverage.py checks what is stored.
Six studies of one flag, each with so many cancers and 99 times as many others; logits of
sensitivity, specificity and base rate vary between studies by N(0, 0.5^2). What prediction
intervals and credible limits for a new setting should hold is drawn anew in each replicate.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
from judged import Marks, mark, rows
from scipy.special import expit, logit
from setting import EVENTS
from stored import write_coverage, write_proof

import backpain_risk as bpr

STUDIES = 6
SPREAD = 0.5
SENSITIVITY = 0.31
SPECIFICITY = 0.98
BASE_RATE = 0.01
POOLED = ("sensitivity", "specificity", "lr_positive", "lr_negative", "diagnostic_odds_ratio")
PARTS = {"accuracy": 200, "base rate": 10}
Judged = Iterator[tuple[str, str, float, float, float]]


def accuracy_limits(events: int, rng: np.random.Generator) -> Judged:
    """Measure, interval, truth, low and high."""
    counts = drawn_studies(events, rng)
    new = {
        "sensitivity": varied(SENSITIVITY, 1, rng)[0],
        "specificity": varied(SPECIFICITY, 1, rng)[0],
    }
    for method in ("reml", "ml"):
        pooled = bpr.pool_accuracy(counts, method)
        for name in POOLED:
            limits = getattr(pooled, name)
            yield f"pooled {name}", method, median_setting()[name], limits.low, limits.high
    for method in ("reml", "dersimonian_laird"):
        for name in POOLED:
            one = bpr.pool_measure(counts, name, method)
            yield f"pooled {name} alone", method, average_setting()[name], one.low, one.high
            if name in new:
                ends = one.prediction.low, one.prediction.high
                yield f"{name} of a new setting", method, new[name], *ends
    yield from _one_study(counts.iloc[0], new, rng)


def _one_study(cells: pd.Series, new: dict[str, float], rng: np.random.Generator) -> Judged:
    """Predictive values of the accuracy of that study itself, and post-test risks of patients
    elsewhere.
    """
    positive = post_test(cells.sens, cells.spec)
    for how in ("score", "log"):
        study = bpr.Accuracy.from_counts(
            *(int(cells[name]) for name in ("tp", "fp", "fn", "tn")), ratio_interval=how
        )
        values = study.predictive_values(BASE_RATE)
        ends = values.positive.low, values.positive.high
        yield "positive predictive value", how, positive[0], *ends
        ends = values.negative.low, values.negative.high
        yield "negative predictive value", how, 1 - positive[1], *ends
    elsewhere = post_test(cells.sens, new["specificity"])
    for result, true in zip(("positive", "negative"), elsewhere, strict=True):
        risk = bpr.post_test(study, BASE_RATE, result=result, n_draws=1000, rng=rng)
        yield f"post_test {result}", "credible", true, risk.post.low, risk.post.high


def base_rate_limits(events: int, rng: np.random.Generator) -> Judged:
    """Measure, interval, truth, low and high."""
    n = np.full(STUDIES, 100 * events)
    sick = rng.binomial(n, varied(BASE_RATE, STUDIES, rng))
    new = varied(BASE_RATE, 1, rng)[0]
    for method in ("reml", "ml"):
        pooled = bpr.pool_prevalence(sick, n, method)
        yield "pooled base rate", method, BASE_RATE, pooled.low, pooled.high
        ends = pooled.prediction.low, pooled.prediction.high
        yield "base rate of a new setting", method, new, *ends


def varied(proportion: float, size: int, rng: np.random.Generator) -> np.ndarray:
    """That proportion in several settings."""
    return np.asarray(expit(logit(proportion) + SPREAD * rng.standard_normal(size)))


def drawn_studies(events: int, rng: np.random.Generator) -> pd.DataFrame:
    """Counts of the studies, with the accuracy of each."""
    sens, spec = (varied(p, STUDIES, rng) for p in (SENSITIVITY, SPECIFICITY))
    tp = rng.binomial(events, sens)
    tn = rng.binomial(99 * events, spec)
    cells = {"tp": tp, "fp": 99 * events - tn, "fn": events - tp, "tn": tn}
    return pd.DataFrame(cells | {"sens": sens, "spec": spec})


def post_test(sensitivity: float, specificity: float) -> tuple[float, float]:
    """Risk after a positive and after a negative result."""
    sick = BASE_RATE
    well = 1 - BASE_RATE
    positive = sick * sensitivity / (sick * sensitivity + well * (1 - specificity))
    missed = sick * (1 - sensitivity)
    return positive, missed / (missed + well * specificity)


def ratios(sensitivity: Any, specificity: Any) -> dict[str, Any]:
    """All measures of that accuracy."""
    plus = sensitivity / (1 - specificity)
    minus = (1 - sensitivity) / specificity
    return {
        "sensitivity": sensitivity,
        "specificity": specificity,
        "lr_positive": plus,
        "lr_negative": minus,
        "diagnostic_odds_ratio": plus / minus,
    }


def median_setting() -> dict[str, float]:
    """What the bivariate model estimates."""
    return ratios(SENSITIVITY, SPECIFICITY)


@cache
def average_setting() -> dict[str, float]:
    """What one measure alone estimates: ratios by their mean logarithm, proportions by their
    mean logit, over settings.
    """
    nodes, weights = np.polynomial.hermite_e.hermegauss(41)
    weights = weights / weights.sum()
    sens, spec = (expit(logit(p) + SPREAD * nodes) for p in (SENSITIVITY, SPECIFICITY))
    grid = ratios(sens[:, None], spec[None, :])
    logs = {name: float(np.exp(weights @ np.log(grid[name]) @ weights)) for name in POOLED[2:]}
    return {"sensitivity": SENSITIVITY, "specificity": SPECIFICITY} | logs


def replicate(events: int, number: int, part: str) -> Marks:
    """How the limits of one set of studies relate to the truth."""
    limits = {"accuracy": accuracy_limits, "base rate": base_rate_limits}[part]
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "the likelihood of the bivariate model")
        found = limits(events, np.random.default_rng([events, number]))
        return {(measure, how): mark(*rest) for measure, how, *rest in found}


def part_of_table(part: str, events: int) -> tuple[list[dict[str, Any]], list[str]]:
    """Rows of one part for one number of events, and the marks of its first two replicates."""
    marks = [replicate(events, number, part) for number in range(PARTS[part])]
    return list(rows(events, marks, {})), ["".join(each.values()) for each in marks[:2]]


def run() -> dict[str, Any]:
    """Everything the proof states."""
    table = []
    first = {}
    for part in PARTS:
        for events in EVENTS:
            found, first[f"{part} {events}"] = part_of_table(part, events)
            table += found
    return {"table": table, "first": first}


if __name__ == "__main__":
    write_proof("evidence_coverage", run())
    write_coverage()
