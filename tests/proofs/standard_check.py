"""How often the check of an estimated reference standard warns, and what its base rates are worth.

    make proofs          (or: python tests/proofs/standard_check.py)

writes standard_check.json with its checksum; test_proofs.py checks what is stored, and repeats
the first cohort of each setting.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from stored import write_proof

import backpain_risk as bpr
from backpain_risk.models.bayesian.standard_check import MisspecificationWarning

FLAGS = [
    "age_50_or_over",
    "history_of_cancer",
    "unexplained_weight_loss",
    "failure_to_improve",
]
STANDARD = bpr.Accuracy.from_counts(tp=340, fp=18, fn=60, tn=5982)
COHORTS = 40
SETTINGS = [(0.0, 200_000), (1.0, 200_000), (1.0, 20_000)]
SOURCES = ("margin", "model", "products")


def cohort(dependence: float, n: int, number: int) -> dict[str, Any]:
    """One cohort judged by a standard as good as its study found it: base rates over the truth."""
    scenario = bpr.load_scenario("primary_care").replace(dependence=dependence)
    patients = bpr.simulate_cohort(scenario, n, seed=700 + number)
    truth = patients.outcome.to_numpy()
    positive = np.where(truth == 1, STANDARD.sensitivity.value, 1 - STANDARD.specificity.value)
    recorded = (np.random.default_rng(number).random(n) < positive).astype(int)
    model = bpr.BayesianLogisticModel(reference_standard=STANDARD, method="laplace", random_state=1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", MisspecificationWarning)
        check = model.fit(patients.predictors[FLAGS], recorded).standard_check_
    assert check is not None
    table = check.table
    rate = truth.mean()
    return {
        "warned": bool(check.problems),
        "ratio": {source: float(table.base_rate[source] / rate) for source in SOURCES},
        "holds": {
            source: bool(table.low[source] <= rate <= table.high[source]) for source in SOURCES
        },
    }


def setting(dependence: float, n: int) -> dict[str, Any]:
    """All cohorts of one setting."""
    found = [cohort(dependence, n, number) for number in range(COHORTS)]
    return {
        "dependence": dependence,
        "n": n,
        "cohorts": COHORTS,
        "warned": sum(one["warned"] for one in found),
        "first": found[0],
        "ratio": {s: float(np.mean([one["ratio"][s] for one in found])) for s in SOURCES},
        "holds": {s: sum(one["holds"][s] for one in found) for s in SOURCES},
    }


if __name__ == "__main__":
    write_proof("standard_check", [setting(*each) for each in SETTINGS])
