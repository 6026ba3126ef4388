"""A result shows itself in a terminal as a sentence, never as arrays."""

from __future__ import annotations

import numpy as np
import pytest

import backpain_risk as bpr

pytestmark = pytest.mark.contract

DRAWN = np.random.default_rng(1)
RISK = DRAWN.beta(1, 20, 600)
Y = (DRAWN.random(600) < RISK).astype(float)
X = np.column_stack([RISK > 0.05, RISK > 0.1]).astype(float)
RESULTS = {
    "DecisionCurve": lambda: bpr.decision_curve(Y, RISK),
    "BayesianDecisionCurve": lambda: bpr.bayesian_decision_curve(Y, RISK, n_draws=20, rng=1),
    "CalibrationCurve": lambda: bpr.calibration_curve(Y, RISK),
    "RocCurve": lambda: bpr.roc_curve(Y, RISK),
    "PrecisionRecallCurve": lambda: bpr.precision_recall_curve(Y, RISK),
    "RiskDistribution": lambda: bpr.risk_distribution(Y, RISK),
    "AurocComparison": lambda: bpr.compare_auroc(Y, RISK, RISK**2),
    "Estimate": lambda: bpr.auroc(Y, RISK),
    "HypothesisTest": lambda: bpr.spiegelhalter_z(Y, RISK),
    "InternalValidation": lambda: bpr.optimism_bootstrap(
        bpr.LogisticModel(), X, Y, n_resamples=4, rng=1, measures=("auroc",), at=[]
    ),
    "InternalExternalValidation": lambda: bpr.internal_external_validation(
        bpr.LogisticModel(), X, Y, np.arange(600) % 3, measures=("auroc",)
    ),
    "CrossValidatedRisk": lambda: bpr.cross_validate_risk(
        bpr.LogisticModel(), X, Y, n_folds=3, rng=1
    ),
}
WITHOUT_PATIENTS = {"AurocComparison", "Estimate", "HypothesisTest"}


@pytest.mark.parametrize("name", RESULTS)
def test_a_result_is_readable_in_a_terminal(name):
    result = RESULTS[name]()
    shown = repr(result)
    assert type(result).__name__ == name
    assert len(shown) < 600
    assert "array(" not in shown
    if name not in WITHOUT_PATIENTS:
        assert "600" in shown
        assert f"{Y.sum():g} events" in shown
