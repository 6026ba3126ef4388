"""Simulation-based calibration of the Bayesian models, a thousand cohorts each; slower than a test
should be.

    make proofs          (or: python tests/proofs/bayesian_calibration.py)

writes bayesian_calibration.json with its checksum; test_bayesian_calibration.py checks what is
stored, and repeats the first hundred cohorts of each model.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from stored import write_proof

import backpain_risk as bpr
from backpain_risk.models.bayesian.calibration_by_simulation import SimulationBasedCalibration

PARTS = 10
COHORTS = 100
MODELS = {
    "evidence": bpr.BayesianLogisticModel(prior="evidence"),
    "weak": bpr.BayesianLogisticModel(prior="weak"),
    "hierarchical": bpr.BayesianLogisticModel(prior="evidence", groups="site"),
}


def patients(model: str) -> pd.DataFrame:
    """A hundred patients, few enough that the prior matters."""
    rng = np.random.default_rng(1)
    shares = {"age_50_or_over": 0.3, "history_of_cancer": 0.1, "no_relief_with_rest": 0.5}
    table = pd.DataFrame(
        {finding: (rng.random(100) < share).astype(int) for finding, share in shares.items()}
    )
    return (
        table.drop(columns="no_relief_with_rest").assign(site=np.arange(100) % 3)
        if model == "hierarchical"
        else table
    )


def part(model: str, number: int) -> SimulationBasedCalibration:
    """A hundred cohorts."""
    return bpr.simulation_based_calibration(
        MODELS[model], patients(model), n_simulations=COHORTS, rng=number
    )


def together(parts: list[SimulationBasedCalibration]) -> SimulationBasedCalibration:
    """All cohorts as one check."""
    return SimulationBasedCalibration(
        quantities=parts[0].quantities,
        ranks=np.concatenate([p.ranks for p in parts]),
        n_draws=parts[0].n_draws,
        covered=np.concatenate([p.covered for p in parts]),
    )


def run() -> dict[str, Any]:
    """Everything the proof states."""
    result: dict[str, Any] = {}
    for model in MODELS:
        parts = [part(model, number) for number in range(PARTS)]
        whole = together(parts)
        result[model] = {
            "cohorts": len(whole.ranks),
            "n_draws": whole.n_draws,
            "p_value": whole.p_value,
            "by_quantity": whole.to_frame().reset_index().to_dict("list"),
            "coverage": [whole.coverage.low, whole.coverage.value, whole.coverage.high],
            "ranks": {
                name: " ".join(map(str, ranks))
                for name, ranks in zip(whole.quantities, whole.ranks.T, strict=True)
            },
        }
    return result


if __name__ == "__main__":
    write_proof("bayesian_calibration", run())
