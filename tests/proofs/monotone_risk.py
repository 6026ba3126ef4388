"""Risk rises with an abnormal laboratory value, whatever else is found; slower than a test should
be.

    make proofs          (or: python tests/proofs/monotone_risk.py)

For each scenario and dependence, 500 random patients (age and sex known, any other finding, test
or laboratory band known or not) get every recorded value of each laboratory test. Writes
monotone_risk.json with its checksum; test_proofs.py checks what is stored and repeats a few
patients.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from scipy.special import logit
from stored import write_proof

import backpain_risk as bpr
from backpain_risk.scenario.structure.laboratory import recorded_values

SCENARIOS = (
    "primary_care",
    "walk_in",
    "primary_care_pooled",
    "emergency_department",
    "spine_clinic",
)
DEPENDENCE = (0.25, 0.5, 1.0, 1.5)
PATIENTS = 500
LABORATORY = bpr.vocabulary.LABORATORY


def patients(n: int, key: str, seed: int) -> pd.DataFrame:
    """Random patients whose test ``key`` has not been done."""
    rng = np.random.default_rng(seed)
    columns: dict[str, Any] = {"age_years": rng.integers(18, 96, n), "male": rng.integers(0, 2, n)}
    for finding in (*bpr.vocabulary.FINDINGS, *bpr.vocabulary.IMAGING):
        if finding != "age_50_or_over":
            columns[finding] = rng.choice([0.0, 1.0, np.nan], n)
    for other, test in LABORATORY.items():
        if other != key:
            columns[other] = rng.choice(np.array([*test.bands, None], dtype=object), n)
    return pd.DataFrame(columns)


def falls(scenario: bpr.Scenario, key: str, n: int) -> list[float]:
    """The largest fall in logit risk of each patient from a value to the next more abnormal one."""
    people = patients(n, key, seed=1)
    values = recorded_values(LABORATORY[key])
    if LABORATORY[key].abnormal == "low":
        values = values[::-1]
    found = []
    for i in range(n):
        rows = people.iloc[np.repeat(i, values.size)].assign(**{key: values})
        found.append(float(max(0.0, -np.diff(logit(scenario.risk(rows))).min())))
    return found


def run() -> dict[str, Any]:
    rows = []
    for name in SCENARIOS:
        for dependence in DEPENDENCE:
            scenario = bpr.load_scenario(name).replace(dependence=dependence)
            for key in LABORATORY:
                worst = max(falls(scenario, key, PATIENTS))
                rows.append(
                    {"scenario": name, "dependence": dependence, "test": key, "largest_fall": worst}
                )
    return {"patients": PATIENTS, "table": rows}


if __name__ == "__main__":
    write_proof("monotone_risk", run())
