"""Two inputs that say by their labels which patient a row is are never realigned and never read
as if they agreed.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import backpain_risk as bpr

pytestmark = pytest.mark.contract

N = 200
rng = np.random.default_rng(5)
X = pd.DataFrame({"history_of_cancer": rng.integers(0, 2, N), "night_pain": rng.integers(0, 2, N)})
y = pd.Series((rng.random(N) < 0.2 + 0.3 * X.history_of_cancer).astype(int))
risk = pd.Series(np.clip(0.2 + 0.3 * X.history_of_cancer + rng.normal(0, 0.02, N), 0.01, 0.99))
weight = pd.Series(np.ones(N))
model = bpr.LogisticModel()

CALLS = {
    "auroc": lambda y, risk, w: bpr.auroc(y, risk, sample_weight=w),
    "brier_score": lambda y, risk, w: bpr.brier_score(y, risk, sample_weight=w),
    "calibration_curve": lambda y, risk, w: bpr.calibration_curve(y, risk, sample_weight=w),
    "performance": lambda y, risk, w: bpr.performance(
        y, {"a": risk, "b": risk.to_numpy()}, sample_weight=w
    ),
    "decision_curve": lambda y, risk, w: bpr.decision_curve(y, risk.to_frame("a"), sample_weight=w),
    "bayesian_decision_curve": lambda y, risk, w: bpr.bayesian_decision_curve(
        y, risk, sample_weight=w, n_draws=10, rng=1
    ),
    "compare_auroc": lambda y, risk, w: bpr.compare_auroc(
        y, risk, risk.to_numpy(), sample_weight=w
    ),
    "subgroup_calibration": lambda y, risk, w: bpr.subgroup_calibration(
        y, risk.to_numpy(), {"a": w}
    ),
    "risk_distribution": lambda y, risk, w: bpr.risk_distribution(y, risk, sample_weight=w),
    "collapse": lambda y, risk, w: bpr.collapse(risk.to_frame(), y, w),
    "LogisticModel": lambda y, risk, w: bpr.LogisticModel().fit(risk.to_frame("a"), y, w),
    "LogisticModel offset": lambda y, risk, w: bpr.LogisticModel().fit(
        X.to_numpy(), y, offset=risk * w.to_numpy()
    ),
    "LikelihoodRatioModel": lambda y, risk, w: bpr.LikelihoodRatioModel().fit(
        risk.to_frame("a"), y, w
    ),
    "detect_separation": lambda y, risk, w: bpr.detect_separation(pd.DataFrame({"a": risk * w}), y),
    "optimism_bootstrap": lambda y, risk, w: bpr.optimism_bootstrap(
        model, X * w.iloc[0], y, n_resamples=2, rng=1
    ),
    "cross_validate_risk": lambda y, risk, w: bpr.cross_validate_risk(
        model, X, y, n_folds=2, rng=1
    ),
    "internal_external_validation": lambda y, risk, w: bpr.internal_external_validation(
        model,
        X.to_numpy(),
        y,
        groups=pd.Series(np.arange(N) % 2, index=w.index),
        measures=["auroc"],
    ),
    "recalibrate": lambda y, risk, w: bpr.recalibrate(model.fit(X, y.to_numpy()), X, y),
    "table_one": lambda y, risk, w: bpr.table_one(X, y),
    "standardised_difference": lambda y, risk, w: bpr.standardised_difference(X.night_pain, y),
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_the_outcome_in_another_order_is_refused(call):
    """Its labels are a permutation of those of the risks, so each row would be compared with
    another patient's.
    """
    call(y, risk, weight)
    shuffled = y.sample(frac=1, random_state=1)
    with pytest.raises(
        ValueError,
        match=r"must carry the same index; got .* at row \d+ \(the same labels in another",
    ):
        call(shuffled, risk, weight)


@pytest.mark.parametrize(
    "name",
    [
        n
        for n in CALLS
        if n.startswith(("au", "br", "pe", "decision", "ba", "co", "su", "L")) and "offset" not in n
    ],
)
def test_weights_and_groups_of_other_patients_are_refused(name):
    with pytest.raises(ValueError, match="must carry the same index; got 0 and 1000 at row 0"):
        CALLS[name](y, risk, weight.set_axis(weight.index + 1000))


def test_arrays_carry_no_labels_and_a_subset_keeps_its_own():
    half = y.index[y.index % 2 == 0]
    expected = bpr.auroc(y[half].to_numpy(), risk[half].to_numpy())
    assert bpr.auroc(y[half], risk[half]) == expected
    assert bpr.auroc(y[half], risk[half].to_list()) == expected
