"""Coverage of profile limits and bias of two penalties, by simulation; slower than a test should
be.

    make proofs          (or: python tests/proofs/logistic_coverage.py)

writes logistic_coverage.json with its checksum; test_proofs.py checks what is stored and repeats
its first replicates.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from stored import write_proof

import backpain_risk as bpr

FLAGS = [key for key in bpr.vocabulary.FINDINGS if key != "age_50_or_over"]
LARGE = 20_000
SMALL = 2_000
REPLICATES = 2_000
EXPOSED = 10


def truth(scenario: bpr.Scenario) -> np.ndarray:
    """Log odds ratios at dependence 0."""
    targets = [scenario.findings[key] for key in FLAGS]
    return np.array(
        [
            np.log(t.sensitivity / (1 - t.sensitivity) * t.specificity / (1 - t.specificity))
            for t in targets
        ]
    )


def setting() -> bpr.Scenario:
    return bpr.load_scenario("primary_care").replace(dependence=0)


def covered(scenario: bpr.Scenario, replicate: int) -> list[bool]:
    """Whether the profile limits of each finding hold the truth in one cohort of 20 000."""
    cohort = bpr.simulate_cohort(scenario, LARGE, seed=10_000 + replicate)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the rarest finding is sometimes separated
        limits = (
            bpr.LogisticModel().fit(cohort.predictors[FLAGS], cohort.outcome).result_.conf_int()[1:]
        )
    value = truth(scenario)
    return ((limits["low"] <= value) & (value <= limits["high"])).tolist()


def estimates(scenario: bpr.Scenario, replicate: int) -> dict[str, list[float]]:
    """Coefficients by maximum likelihood and Firth in one cohort of 2 000; infinite where
    separated.
    """
    cohort = bpr.simulate_cohort(scenario, SMALL, seed=20_000 + replicate)
    found = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name, penalty in (("ml", None), ("firth", "firth")):
            try:
                found[name] = (
                    bpr.LogisticModel(penalty=penalty)
                    .fit(cohort.predictors[FLAGS], cohort.outcome)
                    .coef_[0]
                    .tolist()
                )
            except ValueError:  # a finding that nobody has, or no event
                found[name] = [np.nan] * len(FLAGS)
    return found


def finite_or_none(values: list[float]) -> list[float | None]:
    """Infinite and missing coefficients as None, which JSON can hold."""
    return [value if np.isfinite(value) else None for value in values]


def run(replicates: int = REPLICATES) -> dict[str, Any]:
    """Everything the proof states."""
    scenario = setting()
    inside = np.array([covered(scenario, r) for r in range(replicates)])
    small = [estimates(scenario, r) for r in range(replicates)]
    expected = [scenario.base_rate * LARGE * scenario.findings[key].sensitivity for key in FLAGS]
    value = truth(scenario)
    table = []
    for j, key in enumerate(FLAGS):
        row: dict[str, Any] = {
            "finding": key,
            "expected_exposed_cancers": expected[j],
            "coverage": float(inside[:, j].mean()),
        }
        for name in ("ml", "firth"):
            draws = np.array([s[name][j] for s in small])
            finite = np.isfinite(draws)
            row[f"{name}_bias_n2000"] = float(np.mean(draws[finite]) - value[j])
            row[f"{name}_finite_n2000"] = float(finite.mean())
        table.append(row)
    return {
        "replicates": replicates,
        "first": inside[:20].astype(int).tolist(),
        "first_small": [
            {name: finite_or_none(values) for name, values in s.items()} for s in small[:5]
        ],
        "table": table,
    }


if __name__ == "__main__":
    write_proof("logistic_coverage", run())
