"""A result shows itself in a terminal as a sentence, never as arrays."""

from __future__ import annotations

import ast
from pathlib import Path

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


EVIDENCE = {
    "BandAccuracy": lambda: bpr.load_evidence().bands("esr_mm_h"),
    "Accuracy": lambda: bpr.load_evidence().finding("history_of_cancer"),
    "AccuracyDraws": lambda: bpr.load_evidence().finding("history_of_cancer").draw(50, rng=1),
    "EvidencePrior": lambda: bpr.EvidencePrior.published(),
    "Prior": lambda: bpr.Prior(intercept=(0.0, 1.0), slopes=(0.0, 2.0)),
    "Assessment": lambda: bpr.assess({"history_of_cancer": 1}, pretest=0.01),
    "Patterns": lambda: bpr.collapse(X, Y),
    "Posterior": lambda: laplace().sampled_.posterior,
    "PosteriorSummary": lambda: laplace().summary(),
    "CredibleRisk": lambda: laplace().credible_risk(X),
    "ImportanceDiagnostics": lambda: laplace().diagnostics_,
    "LogisticResult": lambda: bpr.LogisticModel().fit(X, Y).result_,
    "LogisticSummary": lambda: bpr.LogisticModel().fit(X, Y).result_.summary(),
}


def laplace():
    model = bpr.BayesianLogisticModel(prior="weak", method="laplace", random_state=1)
    return model.fit(X, Y)


@pytest.mark.parametrize("name", EVIDENCE)
def test_what_the_evidence_and_models_give_is_readable_too(name):
    if name in {"Posterior", "PosteriorSummary", "CredibleRisk", "ImportanceDiagnostics"}:
        pytest.importorskip("numpyro")
    result = EVIDENCE[name]()
    shown = repr(result)
    assert type(result).__name__ == name
    assert len(shown) < 2000
    assert "array(" not in shown
    assert "\n\n" not in shown


ARRAYS = ("FloatArray", "IntArray", "BoolArray", "NDArray", "DataFrame")


def defined(node: ast.ClassDef) -> set[str]:
    """Methods of a class, those given as ``name = function`` too."""
    given = [t.id for n in node.body if isinstance(n, ast.Assign) for t in n.targets]
    return {n.name for n in node.body if isinstance(n, ast.FunctionDef)} | set(given)


def results_of(text: str) -> list[ast.ClassDef]:
    """Dataclasses that hold arrays or tables and can be shown as a table."""
    return [
        node
        for node in ast.parse(text).body
        if isinstance(node, ast.ClassDef)
        and any("dataclass" in ast.unparse(d) for d in node.decorator_list)
        and "to_frame" in defined(node)
        and any(
            word in ast.unparse(n.annotation)
            for n in node.body
            if isinstance(n, ast.AnnAssign)
            for word in ARRAYS
        )
    ]


def test_no_result_that_holds_arrays_prints_what_its_fields_are():
    """The ``__repr__`` that a dataclass makes for itself prints every number."""
    root = Path(bpr.__file__).parent
    found = [node for p in root.rglob("*.py") for node in results_of(p.read_text("utf-8"))]
    assert len(found) > 30
    assert [node.name for node in found if "__repr__" not in defined(node)] == []
    planted = "@dataclass\nclass A:\n    x: FloatArray\n    def to_frame(self): ..."
    assert [node.name for node in results_of(planted) if "__repr__" not in defined(node)] == ["A"]
