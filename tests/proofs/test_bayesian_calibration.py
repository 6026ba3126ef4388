"""Simulation-based calibration: what the long proof found, the first hundred cohorts again, and
that it can fail.
"""

from __future__ import annotations

import bayesian_calibration
import numpy as np
import pytest
from scipy.special import logit
from stored import read_proof

import backpain_risk as bpr

pytestmark = pytest.mark.recovery


@pytest.fixture(scope="module")
def proof():
    return read_proof("bayesian_calibration")


@pytest.mark.parametrize("model", bayesian_calibration.MODELS)
def test_a_thousand_cohorts_show_no_fault(proof, model):
    """Uniform ranks of parameters, risks of three patients and log likelihood; intervals that
    cover 90 %.
    """
    found = proof[model]
    assert found["cohorts"] == 1000
    assert {"low risk", "middle risk", "high risk", "log likelihood"} <= set(found["ranks"])
    assert found["p_value"] > 0.01
    low, _, high = found["coverage"]
    assert low < 0.9 < high


@pytest.mark.parametrize("model", bayesian_calibration.MODELS)
def test_a_hundred_cohorts_show_no_fault_and_are_those_of_the_proof(proof, model):
    """Draws may differ between machines: with 99 of them, two independent ranks of one truth
    differ by 5 or so.
    """
    check = bayesian_calibration.part(model, 0)
    assert check.p_value > 0.01
    assert check.coverage.low < 0.9 < check.coverage.high
    stored = np.array(
        [[int(rank) for rank in text.split()[:100]] for text in proof[model]["ranks"].values()]
    )
    assert np.sqrt(np.mean((check.ranks.T - stored) ** 2)) < 8


def test_a_prior_scale_doubled_is_seen():
    wide = bpr.Prior(intercept=(float(logit(0.01)), 5.0), slopes=(0.0, 4.0))
    assert _assumed(bayesian_calibration.MODELS["weak"], wide).p_value < 0.001


def test_a_flipped_sign_is_seen():
    right, wrong = (bpr.Prior(intercept=(-4.6, 0.7), slopes=(sign, 0.7)) for sign in (1.0, -1.0))
    check = _assumed(bpr.BayesianLogisticModel(right), wrong)
    assert check.p_value < 1e-6
    assert check.coverage.high < 0.9


def _assumed(model, prior):
    patients = bayesian_calibration.patients("weak")
    return bpr.simulation_based_calibration(
        model, patients, assumed=bpr.BayesianLogisticModel(prior), rng=1
    )
