"""The same seed gives the same draws on another processor: rounding differs there, and so do
eigenvectors.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import warnings

import numpy as np
import pandas as pd
import pytest

import backpain_risk as bpr
from backpain_risk.numerics.sampling.diagnostics import SamplingWarning

pytestmark = pytest.mark.regression

# OpenBLAS, NumPy and XLA made to compute as on an older processor; a name that one of them does not
# know is ignored
OTHER = {
    "OPENBLAS_CORETYPE": "Haswell",
    "XLA_FLAGS": "--xla_cpu_max_isa=AVX2",
    "OMP_NUM_THREADS": "1",
}
STUDIES = pd.DataFrame(
    {
        "study": list("abcd"),
        "tp": [30, 22, 40, 18],
        "fp": [60, 90, 70, 80],
        "fn": [70, 60, 70, 55],
        "tn": [900, 950, 800, 1000],
    }
)


def approximate_draws():
    """A posterior whose covariance has many near-equal eigenvalues: effects of sites nobody
    knows anything of.
    """
    rng = np.random.default_rng(3)
    X = pd.DataFrame(
        {"history_of_cancer": rng.integers(0, 2, 300), "site": rng.integers(0, 3, 300)}
    )
    y = (rng.random(300) < 0.1).astype(int)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SamplingWarning)
        model = bpr.BayesianLogisticModel(groups="site", method="laplace", random_state=1).fit(X, y)
    return model.sampled_.parameters[0, ::20].ravel()


def imputed_values():
    """Findings and a test, completed; ties among donors are many."""
    cohort = bpr.simulate_cohort(
        bpr.load_scenario("spine_clinic").replace(base_rate=0.1), 600, seed=4
    )
    seen = bpr.make_missing(cohort, {"history_of_cancer": 0.3, "esr_mm_h": 0.3}, rng=5)
    return np.concatenate(
        [c.to_frame()[["history_of_cancer", "esr_mm_h"]].sum() for c in bpr.impute(seen, 3, rng=6)]
    )


def imputed_risks():
    """Risks of patients with values missing."""
    cohort = bpr.simulate_cohort(
        bpr.load_scenario("spine_clinic").replace(base_rate=0.1), 600, seed=7
    )
    flags = ["history_of_cancer", "failure_to_improve", "night_pain"]
    X = cohort.predictors[flags].astype(float)
    holes = X.mask(np.random.default_rng(1).random(X.shape) < 0.2)
    model = bpr.ImputedModel(bpr.LogisticModel("firth"), n_imputations=3, random_state=1).fit(
        holes, cohort.outcome
    )
    return model.risk(holes.iloc[:50])


def pooled_draws():
    """Accuracy in new settings by studies whose two arms are almost as uncertain."""
    pooled = bpr.pool_accuracy(STUDIES, "reml")
    return np.concatenate([pooled.draw(20, rng=1).sensitivity, pooled.regions().prediction[:, 0]])


KINDS = {f.__name__: f for f in (approximate_draws, imputed_values, imputed_risks, pooled_draws)}


@pytest.fixture(scope="module")
def elsewhere():
    """All of it computed by another process on a processor that computes otherwise."""
    run = [sys.executable, __file__]
    done = subprocess.run(
        run, env={**os.environ, **OTHER}, capture_output=True, text=True, check=True
    )
    return json.loads(done.stdout)


@pytest.mark.parametrize("kind", KINDS)
def test_draws_are_the_same_on_another_processor(elsewhere, kind):
    """To the accuracy of an optimum, 1e-6: a draw through another basis differs in its first
    digit.
    """
    np.testing.assert_allclose(elsewhere[kind], KINDS[kind](), rtol=1e-6, atol=1e-7)


@pytest.mark.identity
def test_pooled_draws_do_not_pass_through_eigenvectors(monkeypatch):
    """Equal eigenvalues, told apart by rounding alone, in two ways."""
    pooled = bpr.pool_accuracy(STUDIES, "reml")
    found = []
    for noise in np.random.default_rng(1).uniform(-2e-15, 2e-15, (2, 2, 2)):
        equal = 0.04 * np.eye(2) + noise + noise.T
        monkeypatch.setattr(type(pooled), "mean_covariance", property(lambda _, equal=equal: equal))
        found.append(pooled.draw(50, rng=1).sensitivity)
    np.testing.assert_allclose(*found, rtol=1e-9)


if __name__ == "__main__":
    sys.stdout.write(json.dumps({kind: [float(x) for x in draw()] for kind, draw in KINDS.items()}))
