"""From published counts to net benefit: the whole chain on 100 000 patients each for development
and validation.
"""

from __future__ import annotations

import numpy as np
import pytest

import backpain_risk as bpr

pytestmark = pytest.mark.recovery

FLAGS = list(bpr.vocabulary.FINDINGS)


@pytest.fixture(scope="module")
def judged(scenario):
    development = bpr.simulate_cohort(scenario, 100_000, seed=101)
    validation = bpr.simulate_cohort(scenario, 100_000, seed=102)
    X = development.predictors[FLAGS]
    y = development.outcome
    new = validation.predictors[FLAGS]
    risks = {
        "ratios": bpr.LikelihoodRatioModel.from_evidence(FLAGS).risk(new),
        "logistic": bpr.LogisticModel().fit(X, y).risk(new),
        "bayesian": bpr.BayesianLogisticModel(random_state=1).fit(X, y).risk(new),
        "exact": scenario.risk(new),
        "true": validation.true_risk.to_numpy(),
    }
    table = bpr.performance(validation.outcome, risks)
    return table.set_index(["model", "measure"]), validation.outcome.to_numpy(), risks


def standard_error(row):
    return (row.high - row.low) / 3.92


@pytest.mark.parametrize("model", ["exact", "true"])
def test_exact_risk_is_calibrated(judged, model):
    table, y, risks = judged
    slope = table.loc[(model, "calibration_slope")]
    assert abs(slope.value - 1) <= 3 * standard_error(slope)
    risk = risks[model]
    assert abs(y.sum() - risk.sum()) <= 3 * np.sqrt(np.sum(risk * (1 - risk)))


@pytest.mark.parametrize("model", ["ratios", "logistic", "bayesian"])
def test_no_model_discriminates_better_than_the_exact_risk(judged, model):
    _, y, risks = judged
    difference = bpr.compare_auroc(y, risks[model], risks["exact"]).difference
    assert difference.low <= 0


def test_fitted_models_are_calibrated_and_multiplied_ratios_are_not(judged):
    table, _, _ = judged
    for model in ("logistic", "bayesian"):
        row = table.loc[(model, "observed_expected")]
        assert row.low < 1.05
        assert row.high > 0.95
    assert table.loc[("ratios", "observed_expected")].high < 0.9
    assert table.loc[("ratios", "calibration_slope")].high < 0.95


def test_every_model_is_of_use_between_one_and_three_per_cent(judged):
    table, _, _ = judged
    for model in ("ratios", "logistic", "bayesian", "exact"):
        for t in ("0.01", "0.03"):
            benefit = table.loc[(model, f"net_benefit@{t}"), "value"]
            assert benefit > max(0, table.loc[("treat_all", f"net_benefit@{t}"), "value"])
