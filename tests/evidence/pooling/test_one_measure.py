from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from scipy.special import expit

from backpain_risk import pool_measure
from backpain_risk.evidence.pooling.one_measure import MEASURES

pytestmark = pytest.mark.identity


def counts(*rows):
    return pd.DataFrame(rows, columns=["tp", "fp", "fn", "tn"])


FEW = counts((20, 9, 5, 60), (31, 4, 9, 80), (18, 12, 2, 44), (40, 30, 12, 160))


@pytest.mark.reference
@pytest.mark.parametrize("method", ["reml", "dersimonian_laird"])
@pytest.mark.parametrize(
    "measure", ["diagnostic_odds_ratio", "lr_positive", "lr_negative", "sensitivity"]
)
def test_metafor_agrees(studies, peers, measure, method):
    theirs = peers["univariate"][measure][method]
    ours = pool_measure(studies.drop(index=8), measure, method)
    back = expit if measure == "sensitivity" else np.exp
    expected = back([theirs["mean"], theirs["low"], theirs["high"]])
    np.testing.assert_allclose((ours.value, ours.low, ours.high), expected, rtol=1e-5)
    assert ours.tau == pytest.approx(theirs["tau"], rel=1e-5)
    assert ours.i_squared == pytest.approx(theirs["i_squared"], rel=1e-5)


def test_proportions_use_the_studies_with_that_arm(studies):
    with_all = pool_measure(studies, "sensitivity")
    without = pool_measure(studies.drop(index=8), "sensitivity")
    assert (with_all.n_studies, with_all.value) == (without.n_studies, without.value)
    assert pool_measure(studies, "specificity").n_studies == 14


def test_the_specificity_is_one_less_the_sensitivity_of_the_swapped_arm():
    swapped = FEW.rename(columns={"tp": "fp", "fp": "tp", "fn": "tn", "tn": "fn"})
    spec = pool_measure(FEW, "specificity")
    sens = pool_measure(swapped, "sensitivity")
    assert spec.value == pytest.approx(1 - sens.value)
    assert spec.low == pytest.approx(1 - sens.high)


def test_studies_that_agree_have_no_spread_and_a_common_effect():
    alike = counts(*[(20, 10, 5, 90)] * 3)
    for method in ("reml", "dersimonian_laird"):
        pooled = pool_measure(alike, "diagnostic_odds_ratio", method)
        assert pooled.tau == 0
        assert pooled.i_squared == 0
        assert pooled.value == pytest.approx(20 * 90 / (10 * 5))
        half = stats.norm.ppf(0.975) * np.sqrt((1 / 20 + 1 / 10 + 1 / 5 + 1 / 90) / 3)
        assert np.log(pooled.high / pooled.value) == pytest.approx(half)


@pytest.mark.reference
def test_the_prediction_interval_follows_higgins():
    pooled = pool_measure(FEW, "lr_positive")
    se = np.log(pooled.high / pooled.low) / (2 * stats.norm.ppf(0.975))
    half = stats.t.ppf(0.975, 2) * np.hypot(pooled.tau, se)
    assert np.log(pooled.prediction.high / pooled.value) == pytest.approx(half)
    assert list(pooled.to_frame().index) == ["mean", "prediction"]
    assert "one new setting" in pooled._repr_html_()


def test_two_studies_say_nothing_of_a_third():
    pooled = pool_measure(FEW.iloc[:2], "sensitivity")
    assert (pooled.prediction.low, pooled.prediction.high) == (0, 1)


@pytest.mark.parametrize("measure", MEASURES)
def test_every_measure_contains_its_estimate(measure):
    pooled = pool_measure(FEW, measure)
    assert pooled.prediction.low < pooled.low < pooled.value < pooled.high < pooled.prediction.high


@pytest.mark.contract
@pytest.mark.parametrize(
    ("table", "arguments", "message"),
    [
        (FEW, ("auc",), "measure must be one of 'diagnostic_odds_ratio'"),
        (FEW, ("lr_positive", "ml"), "method must be one of 'reml', 'dersimonian_laird'; got 'ml'"),
        (
            pd.concat([FEW, counts((0, 5, 0, 50))]),
            ("lr_positive",),
            "needs patients with and without the disease",
        ),
        (
            counts((0, 5, 0, 50), (9, 3, 1, 30)),
            ("sensitivity",),
            "at least two studies that inform sensitivity; got 1",
        ),
    ],
)
def test_bad_input_is_told_in_a_sentence(table, arguments, message):
    with pytest.raises(ValueError, match=message):
        pool_measure(table, *arguments)
