"""What identifies the base rate when the outcome is judged by a standard whose errors are
estimated.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import backpain_risk as bpr
from backpain_risk.models.bayesian.imperfect_outcome import ImperfectOutcome
from backpain_risk.models.bayesian.standard_check import MisspecificationWarning, check_standard

pytestmark = pytest.mark.identity

FLAGS = ["age_50_or_over", "history_of_cancer", "unexplained_weight_loss", "failure_to_improve"]
STANDARD = bpr.Accuracy.from_counts(tp=340, fp=18, fn=60, tn=5982)
FAST = {"method": "laplace", "random_state": 1}
N = 200_000


def judged(scenario, dependence):
    """Expected patients of each pattern by recorded outcome, for a standard just as good as its
    study found it.
    """
    chosen = scenario.replace(dependence=dependence)
    X = bpr.simulate_cohort(chosen, 20_000, seed=1).predictors[FLAGS]
    share = X.value_counts(normalize=True).rename("share").reset_index()
    patterns = share[FLAGS]
    risk = np.asarray(chosen.risk(patterns))
    event = risk * STANDARD.sensitivity.value + (1 - risk) * (1 - STANDARD.specificity.value)
    n = N * share.share.to_numpy()
    weight = np.concatenate([n * (1 - event), n * event])
    outcome = np.repeat([0, 1], len(patterns))
    return (
        pd.concat([patterns, patterns], ignore_index=True),
        outcome,
        weight,
        float(share.share @ risk),
    )


def fitted(scenario, dependence, prior="weak", **options):
    X, y, weight, truth = judged(scenario, dependence)
    model = bpr.BayesianLogisticModel(prior, reference_standard=STANDARD, **FAST, **options)
    return model.fit(X, y, sample_weight=weight), truth


@pytest.mark.contract
@pytest.mark.parametrize("prior", ["weak", "evidence"])
def test_terms_that_do_not_fit_are_warned_of_with_the_base_rate_that_needs_none(scenario, prior):
    """At the default dependence log odds do not add up: the model's limits miss the truth, the
    margin's do not.
    """
    with pytest.warns(
        MisspecificationWarning, match="Report the last, add interactions, or state fixed errors"
    ) as seen:
        model, truth = fitted(scenario, 1.0, prior)
    check = model.standard_check_
    assert len(seen) == 1
    assert "estimated errors, learned from terms that do not fit" in model.summary().heading
    assert check.problems[0] in str(seen[0].message)
    assert f"{check.table.base_rate['margin']:.2%} (" in check.problems[0]
    table = check.to_frame()
    assert table.low["model"] > truth
    assert table.base_rate["margin"] == pytest.approx(truth, rel=0.03)
    assert table.low["margin"] < truth < table.high["margin"]
    assert table.specificity["model"] > STANDARD.specificity.value
    assert abs(table.base_rate["products"] - truth) < abs(table.base_rate["model"] - truth)
    assert "base rate" in check._repr_html_()


@pytest.mark.parametrize("prior", ["weak", "evidence"])
def test_terms_that_fit_are_used_without_a_warning(scenario, prior):
    """Without dependence log odds add up, and the findings do tell errors from cancers: narrower
    limits, and right.
    """
    model, truth = fitted(scenario, 0.0, prior)
    table = model.standard_check_.to_frame()
    assert model.standard_check_.problems == ()
    assert "do not fit" not in model.summary().heading
    assert model.standard_check_.p_value > 0.9
    assert table.base_rate["model"] == pytest.approx(truth, rel=0.03)
    width = table.high - table.low
    assert width["model"] < 0.7 * width["margin"]


def test_the_row_of_the_model_is_its_posterior(scenario):
    model, _ = fitted(scenario, 0.0)
    X, _, weight, _ = judged(scenario, 0.0)
    own = bpr.implied_accuracy(model, X, sample_weight=weight).to_frame().loc[("base_rate", "")]
    row = model.standard_check_.to_frame().loc["model"]
    np.testing.assert_allclose(
        row[["base_rate", "low", "high"]].to_numpy(float), own.to_numpy(float), rtol=0.02
    )


def test_products_that_are_terms_already_or_never_occur_are_not_added(scenario):
    model, _ = fitted(scenario, 0.0, interactions=[(0, 1), (3, 2)])
    assert model.standard_check_.degrees_of_freedom == 4
    X = pd.DataFrame({"age_50_or_over": [0, 0, 1], "history_of_cancer": [0, 1, 0]})
    y = [1, 0, 1, 0, 1, 0]
    weight = [100, 9000, 100, 900, 100, 9000]
    model = bpr.BayesianLogisticModel(reference_standard=STANDARD, **FAST)
    model.fit(X.loc[[0, 0, 1, 1, 2, 2]].reset_index(drop=True), y, sample_weight=weight)
    assert model.standard_check_.degrees_of_freedom == 0
    assert np.isnan(model.standard_check_.p_value)
    assert list(model.standard_check_.table.index) == ["margin", "model"]


def test_sites_are_left_out_and_unverified_patients_and_splines_are_no_obstacle(scenario):
    cohort = bpr.simulate_cohort(scenario, 2000, seed=3)
    X = cohort.predictors[["age_years", "history_of_cancer", "night_pain"]]
    y = cohort.outcome.where(np.arange(2000) > 100).astype(float)
    options = {
        "splines": {"age_years": 3},
        "verification_shift": 0.0,
        "reference_standard": STANDARD,
    }
    model = bpr.BayesianLogisticModel(**options, **FAST).fit(X, y)
    table = model.standard_check_.to_frame()
    assert model.standard_check_.degrees_of_freedom == 5
    assert 0 < table.base_rate["model"] < 0.05
    sited = replace(
        model.counts_, site=np.arange(len(model.counts_.n)) % 2, sites=("north", "south")
    )
    outcome = ImperfectOutcome(verification_shift=0.0, reference_standard=STANDARD).data()
    again = check_standard(sited, model.weight_, model.design_, model.term_prior_, outcome)
    pd.testing.assert_frame_equal(again.to_frame(), table)


def test_errors_that_are_not_estimated_are_not_checked(scenario):
    X, y, weight, _ = judged(scenario, 1.0)
    for standard in (None, (0.85, 0.997)):
        model = bpr.BayesianLogisticModel(reference_standard=standard, **FAST).fit(
            X, y, sample_weight=weight
        )
        assert model.standard_check_ is None
