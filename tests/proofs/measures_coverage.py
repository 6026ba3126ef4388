"""Coverage of the 95 % limits of measures at a base rate of 1 %, by simulation; slower than a test should be.

    make proofs          (or: python tests/proofs/measures_coverage.py)

writes measures_coverage.json with its checksum; test_measures_coverage.py checks what is stored and repeats its first
replicates.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from scipy.special import expit, logit
from scipy.stats import norm
from stored import write_proof

import backpain_risk as bpr

EVENTS, REPLICATES, KINDS, T = (20, 50, 200), 2_000, 400, 0.03
SLOPE = 1.2

# Equally common kinds of patients, on average 1 % malignant; the risks judged are too high and too extreme.
PROBABILITY = expit(-5.2265 + 1.15 * norm.ppf((np.arange(KINDS) + 0.5) / KINDS))
RISK = expit(0.9 + SLOPE * logit(PROBABILITY))


def truth() -> dict[str, float]:
    """The measures in the population of all kinds."""
    p, others, positive = PROBABILITY, 1 - PROBABILITY, RISK >= T
    benefit = (p[positive].sum() - others[positive].sum() * T / (1 - T)) / KINDS
    return {
        "observed_expected": p.sum() / RISK.sum(),
        "calibration_slope": 1 / SLOPE,
        "auroc": p @ (np.cumsum(others) - others / 2) / (p.sum() * others.sum()),
        "brier": (p @ (1 - RISK) ** 2 + others @ RISK**2) / KINDS,
        "net_benefit": benefit,
    }


def limits(outcome: np.ndarray, risk: np.ndarray, n: np.ndarray) -> Iterator[tuple[str, str, float, float]]:
    """Measure, interval, low and high."""
    estimates = {
        ("observed_expected", "wilson"): bpr.observed_expected(outcome, risk, sample_weight=n),
        ("brier", "normal"): bpr.brier_score(outcome, risk, sample_weight=n),
    }
    for interval in ("profile", "wald"):
        slope = bpr.calibration_slope(outcome, risk, sample_weight=n, interval=interval)
        estimates["calibration_slope", interval] = slope
    for interval in ("logit", "delong", "newcombe"):
        estimates["auroc", interval] = bpr.auroc(outcome, risk, sample_weight=n, interval=interval)
    for (measure, interval), estimate in estimates.items():
        yield measure, interval, estimate.low, estimate.high
    curve = bpr.decision_curve(outcome, risk, thresholds=[T], sample_weight=n)
    yield "net_benefit", curve.interval, float(curve.low[2, 0]), float(curve.high[2, 0])


def covered(events: int, replicate: int) -> dict[tuple[str, str], bool]:
    """Whether each interval holds the truth in one cohort with that many events expected."""
    rng = np.random.default_rng([events, replicate])
    n = rng.multinomial(round(events / PROBABILITY.mean()), np.full(KINDS, 1 / KINDS))
    sick = rng.binomial(n, PROBABILITY)
    outcome, risk, true = np.repeat([1, 0], KINDS), np.tile(RISK, 2), truth()
    both = np.concatenate([sick, n - sick])
    return {(name, how): low <= true[name] <= high for name, how, low, high in limits(outcome, risk, both)}


def run(replicates: int = REPLICATES) -> dict[str, Any]:
    """Everything the proof states."""
    held = {events: [covered(events, r) for r in range(replicates)] for events in EVENTS}
    table = [
        {"measure": name, "interval": how, "events": events, "coverage": float(np.mean([h[name, how] for h in found]))}
        for events, found in held.items()
        for name, how in found[0]
    ]
    first = {str(events): [list(map(int, h.values())) for h in found[:10]] for events, found in held.items()}
    return {"replicates": replicates, "base_rate": float(PROBABILITY.mean()), "table": table, "first": first}


if __name__ == "__main__":
    write_proof("measures_coverage", run())
