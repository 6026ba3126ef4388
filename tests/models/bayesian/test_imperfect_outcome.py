"""Outcomes known for some patients only, or judged by a standard that errs."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from backpain_risk import Accuracy, BayesianLogisticModel, implied_accuracy

pytestmark = pytest.mark.recovery

FAST = {"method": "laplace", "random_state": 1}
N = 200_000
TRUTH = np.array([-5.0, 2.0])


@pytest.fixture(scope="module")
def patients():
    """A finding of 20 %; malignancy by a logistic model: base rate 1.5 %."""
    rng = np.random.default_rng(5)
    X = pd.DataFrame({"history_of_cancer": (rng.random(N) < 0.2).astype(int)})
    return X, (rng.random(N) < expit(TRUTH[0] + TRUTH[1] * X.history_of_cancer)).astype(float), rng


def estimates(model, X):
    table = implied_accuracy(model, X).to_frame()
    return table.droplevel("finding")


def test_verification_that_depends_on_findings_does_no_harm(patients):
    """Nine of ten with the finding are verified, two of ten without; unverified as healthy would
    halve the risk.
    """
    X, y, rng = patients
    verified = rng.random(N) < np.where(X.history_of_cancer == 1, 0.9, 0.2)
    model = BayesianLogisticModel(verification_shift=0.0, **FAST).fit(
        X, np.where(verified, y, np.nan)
    )
    assert model.n_unverified_ == np.sum(~verified)
    table = estimates(model, X)
    truth = _truth(X.history_of_cancer, y)
    for measure, value in truth.items():
        assert table.low[measure] < value < table.high[measure], measure
    naive = BayesianLogisticModel(**FAST).fit(X, np.where(verified, y, 0.0))
    assert estimates(naive, X).high["base_rate"] < truth["base_rate"]
    assert estimates(naive, X).low["sensitivity"] > truth["sensitivity"]


def _truth(finding, y):
    return {
        "base_rate": y.mean(),
        "sensitivity": finding[y == 1].mean(),
        "specificity": 1 - finding[y == 0].mean(),
    }


def test_a_stated_shift_undoes_verification_that_depends_on_malignancy(patients):
    """Patients with malignancy are verified three times as often, whatever their findings: a
    shift of log(3).
    """
    X, y, rng = patients
    verified = rng.random(N) < np.where(y == 1, 0.9, 0.3)
    outcome = np.where(verified, y, np.nan)
    table = estimates(
        BayesianLogisticModel(verification_shift=float(np.log(3)), **FAST).fit(X, outcome), X
    )
    assert table.low["base_rate"] < y.mean() < table.high["base_rate"]
    at_random = estimates(BayesianLogisticModel(verification_shift=0.0, **FAST).fit(X, outcome), X)
    assert at_random.low["base_rate"] > 2 * y.mean()


@pytest.mark.parametrize(
    "standard", [(0.85, 0.995), Accuracy.from_counts(8500, 50, 1500, 9950)], ids=["fixed", "study"]
)
def test_errors_of_the_reference_standard_are_taken_out(patients, standard):
    """One healthy patient in 200 is called malignant: a third of what is recorded."""
    X, y, rng = patients
    recorded = (rng.random(N) < np.where(y == 1, 0.85, 0.005)).astype(float)
    table = estimates(
        BayesianLogisticModel(reference_standard=standard, **FAST).fit(X, recorded), X
    )
    for measure, value in _truth(X.history_of_cancer, y).items():
        assert table.low[measure] < value < table.high[measure], measure
    naive = estimates(BayesianLogisticModel(**FAST).fit(X, recorded), X)
    assert naive.low["base_rate"] > y.mean()
    assert naive.high["sensitivity"] < _truth(X.history_of_cancer, y)["sensitivity"]


def test_a_perfect_standard_changes_nothing(patients):
    X, y, _ = patients
    plain = BayesianLogisticModel(**FAST).fit(X, y)
    perfect = BayesianLogisticModel(reference_standard=(1.0, 1.0), **FAST).fit(X, y)
    np.testing.assert_allclose(perfect.risk(X), plain.risk(X), rtol=1e-9)


def test_verified_at_random_is_the_fit_of_the_verified(patients):
    X, y, rng = patients
    verified = rng.random(N) < 0.5
    model = BayesianLogisticModel(verification_shift=0.0, **FAST).fit(
        X, np.where(verified, y, np.nan)
    )
    only = BayesianLogisticModel(**FAST).fit(X[verified], y[verified])
    np.testing.assert_allclose(model.risk(X.head(100)), only.risk(X.head(100)), rtol=1e-9)


@pytest.mark.contract
def test_the_summary_says_what_was_assumed(patients):
    X, y, _ = patients
    outcome = np.where(np.arange(N) < 50, np.nan, y)
    options = {"verification_shift": 0.5, "reference_standard": (0.9, 0.999)}
    heading = BayesianLogisticModel(**options, **FAST).fit(X, outcome).summary().heading
    assert "50 not verified; verified patients' log odds shifted by 0.5" in heading
    assert "reference standard with sensitivity 0.9 and specificity 0.999" in heading


def test_unknown_outcomes_need_a_stated_shift():
    X = pd.DataFrame({"night_pain": [0, 1, 0]})
    with pytest.raises(ValueError, match="y must be known for every patient; got 1 of 3 missing"):
        BayesianLogisticModel().fit(X, [0, 1, np.nan])


def test_nobody_verified_leaves_the_prior():
    X = pd.DataFrame({"night_pain": [0, 1, 0, 1]})
    model = BayesianLogisticModel("evidence", verification_shift=0.0, **FAST).fit(X, [np.nan] * 4)
    table = model.summary()
    assert table["mean"]["night_pain"] == pytest.approx(table.prior_mean["night_pain"], abs=0.06)
    assert model.classes_.tolist() == [0, 1]
