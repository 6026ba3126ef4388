"""Measures at a million patients: decision curves against dcurves, and what has no peer at this
size.
"""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from peers import peer_seconds
from scipy.special import expit
from timing import Row, seconds

import backpain_risk as bpr

N = 1_000_000
THRESHOLDS = np.arange(1, 101) / 1000


def patients() -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Outcome at a base rate of 1 %, and three risks without ties, from near the truth to far
    from it.
    """
    rng = np.random.default_rng(1)
    eta = rng.normal(-5.2, 1.2, N)
    outcome = (rng.random(N) < expit(eta)).astype(np.int64)
    return outcome, {
        name: expit(eta + rng.normal(0, sd, N)) for name, sd in (("a", 0.2), ("b", 0.5), ("c", 1.0))
    }


def rows() -> list[Row]:
    outcome, risks = patients()
    curve = seconds(lambda: bpr.decision_curve(outcome, risks, thresholds=THRESHOLDS))
    bands = seconds(
        lambda: bpr.decision_curve(outcome, risks, thresholds=THRESHOLDS, n_resamples=500, rng=1),
        1,
        warm_up=False,
    )
    with TemporaryDirectory() as folder:
        path = Path(folder) / "patients.npz"
        np.savez(path, y=outcome, thresholds=THRESHOLDS, **risks)
        peer = peer_seconds("dcurves_net_benefit.py", str(path))
    if peer is None:
        return []
    job = "net benefit, 3 models x 100 thresholds, n = 1e6"
    return [
        Row(f"{job}, with limits", "dcurves, points only", curve, peer, "25"),
        Row(f"{job}, 500 bootstrap resamples", "dcurves, points only", bands, peer, "1"),
    ]


def notes() -> list[str]:
    """Figures without a peer."""
    outcome, risks = patients()
    risk = risks["a"]
    jobs = {
        "calibration curve with limits (spline)": lambda: bpr.calibration_curve(outcome, risk),
        "calibration curve with limits (loess)": lambda: bpr.calibration_curve(
            outcome, risk, method="loess"
        ),
        "AUROC with limits": lambda: bpr.auroc(outcome, risk),
        "calibration slope with profile limits": lambda: bpr.calibration_slope(outcome, risk),
        "performance of 3 models": lambda: bpr.performance(outcome, risks),
        "Bayesian decision curve of 3 models, 4 000 draws": lambda: bpr.bayesian_decision_curve(
            outcome, risks, rng=1
        ),
    }
    return [
        f"- {name}, n = 1e6, no ties: {seconds(job, repeats=3):.3g} s" for name, job in jobs.items()
    ]
