"""Coverage of the 95 % limits of logistic models with few events, by simulation.

    make proofs          (or: python tests/proofs/model_coverage.py)

writes model_coverage.json with its checksum; test_measures_coverage.py checks what is stored.
Three findings, main effects; the truth is the same model fitted to the whole population. Infinite
limits hold what lies on their side.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from functools import cache
from typing import Any

import numpy as np
from judged import Marks, mark, rows
from optimism_coverage import population
from setting import EVENTS
from stored import write_coverage, write_proof

import backpain_risk as bpr

REPLICATES = 300
TERMS = {
    "history_of_cancer": "history",
    "age_50_or_over": "age",
    "unexplained_weight_loss": "weight loss",
}
WAYS = {
    "ml": (None, "none"),
    "firth": ("firth", "none"),
    "flic": ("firth", "flic"),
    "flac": ("firth", "flac"),
}
NAMES = [
    *(
        (f"coefficient of {flag}, {way}", limits)
        for way in ("ml", "firth")
        for flag in TERMS.values()
        for limits in ("profile", "wald")
    ),
    *((f"risk of {who}, {way}", "wald") for way in WAYS for who in ("no flag", "history")),
    *((f"marginal odds ratio of {flag}", "wald") for flag in TERMS.values()),
]


@cache
def rows_of_population() -> tuple[Any, np.ndarray, np.ndarray]:
    return population()


def model(way: str, weight: np.ndarray) -> bpr.LogisticModel:
    """Fitted to some of the patients."""
    X, y, _ = rows_of_population()
    penalty, correction = WAYS[way]
    return bpr.LogisticModel(penalty, correction).fit(X, y, sample_weight=weight)


def patients(X: Any) -> Any:
    """One without a flag and one with a history of cancer."""
    two = X.iloc[[0, 0]] * 0
    two.iloc[1, list(X.columns).index("history_of_cancer")] = 1
    return two


@cache
def truth() -> dict[str, float]:
    X, _, weight = rows_of_population()
    whole = model("ml", weight)
    coefficients = dict(zip(whole.result_.terms, whole.result_.coefficient, strict=True))
    found = {}
    for key, flag in TERMS.items():
        for way in ("ml", "firth"):
            found[f"coefficient of {flag}, {way}"] = float(coefficients[key])
        ratios = whole.result_.marginal_odds_ratios()
        found[f"marginal odds ratio of {flag}"] = float(ratios.odds_ratio[key])
    for who, risk in zip(("no flag", "history"), whole.risk(patients(X)), strict=True):
        found |= {f"risk of {who}, {way}": float(risk) for way in WAYS}
    return found


def limits(weight: np.ndarray) -> Iterator[tuple[str, str, float, float]]:
    """Measure, interval, low and high."""
    X = rows_of_population()[0]
    for way in WAYS:
        fitted = model(way, weight)
        if way in ("ml", "firth"):
            for how in ("profile", "wald"):
                ends = fitted.result_.conf_int(method=how)
                for key, flag in TERMS.items():
                    yield f"coefficient of {flag}, {way}", how, *ends.loc[key]
        low, high = fitted.risk_interval(patients(X))
        for i, who in enumerate(("no flag", "history")):
            yield f"risk of {who}, {way}", "wald", low[i], high[i]
        if way == "ml":
            for key, flag in TERMS.items():
                row = fitted.result_.marginal_odds_ratios().loc[key]
                yield f"marginal odds ratio of {flag}", "wald", row.low, row.high


def replicate(events: int, number: int) -> Marks:
    """How the limits of one cohort relate to the truth; ``?`` where it could not be fitted."""
    X, y, weight = rows_of_population()
    rng = np.random.default_rng([events, number])
    n = round(events / float(weight @ y / weight.sum()))
    mine = rng.multinomial(n, weight / weight.sum()).astype(float)
    if mine @ y == 0 or (mine @ X.to_numpy() == 0).any():  # no event, or a flag that nobody has
        return dict.fromkeys(NAMES, "?")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # separation, which is frequent here
        found = {(m, how): mark(truth()[m], low, high) for m, how, low, high in limits(mine)}
    return {name: found[name] for name in NAMES}


def part_of_table(events: int) -> tuple[list[dict[str, Any]], list[str]]:
    """Rows for one number of events, and the marks of its first two cohorts."""
    marks = [replicate(events, number) for number in range(REPLICATES)]
    return list(rows(events, marks, {})), ["".join(each.values()) for each in marks[:2]]


def run() -> dict[str, Any]:
    """Everything the proof states."""
    table = []
    first = {}
    for events in EVENTS:
        found, first[str(events)] = part_of_table(events)
        table += found
    return {"table": table, "first": first}


if __name__ == "__main__":
    write_proof("model_coverage", run())
    write_coverage()
