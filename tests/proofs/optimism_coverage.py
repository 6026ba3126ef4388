"""Coverage of the limits that internal validation gives O:E, calibration-in-the-large and slope, by
simulation.

    make proofs          (or: python tests/proofs/optimism_coverage.py)

writes optimism_coverage.json with its checksum; test_measures_coverage.py checks what is stored. In
each cohort a Firth model of three findings is fitted, refitted to resamples, and each refitted
model judged in the whole cohort; what the percentiles should hold is the performance of the first
model in the population.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from stored import write_coverage, write_proof

import backpain_risk as bpr

EVENTS = (13, 20, 50, 200)
COHORTS = 30
RESAMPLES = 60
POPULATION = 1_000_000
FINDINGS = ["history_of_cancer", "age_50_or_over", "unexplained_weight_loss"]
MEASURES = ("observed_expected", "calibration_in_the_large", "calibration_slope")


def population() -> tuple[Any, np.ndarray, np.ndarray]:
    """Patterns of findings, twice, with the outcome and the patients of each."""
    cohort = bpr.simulate_cohort(bpr.load_scenario("primary_care"), POPULATION, seed=1)
    return bpr.collapse(cohort.predictors[FINDINGS], cohort.outcome).rows()


def performance(X: Any, y: np.ndarray, fitted_to: np.ndarray, judged_in: np.ndarray) -> list[float]:
    """The three measures, in some patients, of the model fitted to others."""
    risk = bpr.LogisticModel("firth").fit(X, y, sample_weight=fitted_to).risk(X)
    options = {"sample_weight": judged_in}
    large = bpr.calibration_in_the_large(y, risk, interval="wald", **options).value
    slope = bpr.calibration_slope(y, risk, interval="wald", **options).value
    return [bpr.observed_expected(y, risk, **options).value, large, slope]


def cohort(events: int, number: int, rows: tuple[Any, np.ndarray, np.ndarray]) -> list[list[float]]:
    """Truth, low and high of the three measures in one cohort, (3, 3)."""
    X, y, weight = rows
    rng = np.random.default_rng([events, number])
    n = round(events / float(weight @ y / weight.sum()))
    mine = rng.multinomial(n, weight / weight.sum()).astype(float)
    true = performance(X, y, mine, weight)
    refitted = []
    for drawn in rng.multinomial(n, mine / n, size=RESAMPLES).astype(float):
        if drawn @ y > 0:
            refitted.append(performance(X, y, drawn, mine))
    return [true, *np.quantile(refitted, [0.025, 0.975], axis=0).tolist()]


def run() -> dict[str, Any]:
    """Everything the proof states."""
    rows = population()
    table = []
    first = {}
    for events in EVENTS:
        found = np.array([cohort(events, number, rows) for number in range(COHORTS)])
        first[str(events)] = found[0].round(6).tolist()
        below = (found[:, 2] < found[:, 0]).mean(axis=0)
        above = (found[:, 1] > found[:, 0]).mean(axis=0)
        for j, measure in enumerate(MEASURES):
            coverage = float(1 - below[j] - above[j])
            table.append(
                {
                    "measure": f"{measure} of a new model",
                    "interval": "percentiles of refitted models",
                    "former_default": False,
                    "events": events,
                    "coverage": coverage,
                    "mcse": round(float(np.sqrt(coverage * (1 - coverage) / COHORTS)), 6),
                    "below": float(below[j]),
                    "above": float(above[j]),
                    "without_limits": 0.0,
                    "replicates": COHORTS,
                    "resamples": RESAMPLES,
                }
            )
    return {"findings": FINDINGS, "table": table, "first": first}


if __name__ == "__main__":
    write_proof("optimism_coverage", run())
    write_coverage()
