"""The posterior of 50 000 patients, against bambi (PyMC) on the rows one by one."""

from __future__ import annotations

import json
import runpy
from pathlib import Path

import arviz_stats
import numpy as np
import pytest

from backpain_risk import BayesianLogisticModel, Prior

pytestmark = pytest.mark.reference

REFERENCE = Path(__file__).parent / "reference"


@pytest.fixture(scope="module")
def bambi():
    return json.loads((REFERENCE / "bambi.json").read_text("utf-8"))


def test_means_and_sds_are_those_of_bambi(bambi):
    """Means within 4 Monte Carlo errors of both samplers together, SDs within 5 %."""
    made = runpy.run_path(str(REFERENCE / "make_bambi.py"))
    X, y = made["patients"]()
    assert (int(y.sum()), X.sum().tolist()) == (bambi["events"], bambi["with_finding"])
    prior = Prior(intercept=made["INTERCEPT"], slopes=made["SLOPES"])
    model = BayesianLogisticModel(prior, draws=4000, random_state=1).fit(X, y)
    draws = model.sampled_.posterior.coefficient
    assert bambi["terms"] == ["Intercept", *X.columns]
    error = np.array(
        [float(arviz_stats.mcse(draws[:, :, j], method="mean")) for j in range(draws.shape[2])]
    )
    gap = draws.mean(axis=(0, 1)) - bambi["mean"]
    assert np.abs(gap / np.hypot(error, bambi["mcse_mean"])).max() < 4
    np.testing.assert_allclose(draws.std(axis=(0, 1)), bambi["sd"], rtol=0.05)
