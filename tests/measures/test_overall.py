from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import brier_score_loss
from sklearn.metrics import log_loss as scikit_log_loss

from backpain_risk import (
    brier_score,
    cox_snell_r2,
    log_loss,
    nagelkerke_r2,
    scaled_brier,
    spiegelhalter_z,
)

pytestmark = pytest.mark.identity

WITH_LIMITS = [brier_score, scaled_brier, log_loss, cox_snell_r2, nagelkerke_r2]


def half_width(estimate):
    return (estimate.high - estimate.low) / 2


@pytest.mark.reference
def test_brier_and_its_scaled_form_agree_with_risk_regression(patients, from_r):
    for j, model in enumerate(("a", "b")):
        brier = brier_score(patients.y, patients[model])
        assert brier.value == pytest.approx(from_r["score"]["brier"][j], abs=1e-12)
        assert half_width(brier) / 1.959963984540054 == pytest.approx(
            from_r["score"]["brier_se"][j], rel=1e-3
        )
        assert scaled_brier(patients.y, patients[model]).value == pytest.approx(
            from_r["score"]["ipa"][j], abs=1e-12
        )


@pytest.mark.reference
def test_spiegelhalter_and_nagelkerke_agree_with_val_prob(patients, from_r):
    for model, expected in (("a", from_r["val_prob"]), ("b", from_r["val_prob_b"])):
        y = patients.y
        risk = patients[model]
        test = spiegelhalter_z(y, risk)
        assert test.statistic == pytest.approx(expected["S:z"], abs=1e-10)
        assert test.p_value == pytest.approx(expected["S:p"], abs=1e-10)
        assert nagelkerke_r2(y, risk).value == pytest.approx(expected["R2"], abs=1e-10)
        gain = -np.log1p(-cox_snell_r2(y, risk).value)
        assert gain == pytest.approx(expected["D:Chi-sq"] / len(y), abs=1e-10)


@pytest.mark.reference
def test_log_loss_and_brier_agree_with_scikit_learn(patients, from_r):
    y = patients.y
    risk = patients.a
    assert log_loss(y, risk).value == pytest.approx(scikit_log_loss(y, risk), abs=1e-12)
    assert log_loss(y, risk).value == pytest.approx(from_r["log_loss"], abs=1e-12)
    assert brier_score(y, risk).value == pytest.approx(brier_score_loss(y, risk), abs=1e-12)


def test_brier_is_a_mean_with_its_standard_error(rare):
    y, risk = rare
    each = (y - risk) ** 2
    estimate = brier_score(y, risk)
    assert estimate.value == pytest.approx(each.mean(), rel=1e-12)
    assert half_width(estimate) == pytest.approx(
        1.959963984540054 * each.std(ddof=1) / np.sqrt(y.size), rel=1e-10
    )


@pytest.mark.parametrize("measure", WITH_LIMITS)
def test_weights_are_repetition(patients, measure):
    weight = np.arange(len(patients)) % 3
    again = np.repeat(np.arange(len(patients)), weight)
    y = patients.y.to_numpy()
    risk = patients.a.to_numpy()
    a = measure(y, risk, sample_weight=weight)
    b = measure(y[again], risk[again])
    np.testing.assert_allclose((a.value, a.low, a.high), (b.value, b.low, b.high), rtol=1e-10)


@pytest.mark.recovery
@pytest.mark.parametrize("measure", [scaled_brier, cox_snell_r2, nagelkerke_r2])
def test_delta_limits_have_the_spread_of_resamples(patients, measure):
    """400 resamples give the standard error within 7 % (two Monte Carlo errors)."""
    y = patients.y.to_numpy()
    risk = patients.a.to_numpy()
    rng = np.random.default_rng(1)
    drawn = [
        measure(y[i], risk[i]).value for i in (rng.integers(0, y.size, y.size) for _ in range(400))
    ]
    assert half_width(measure(y, risk)) / 1.96 == pytest.approx(np.std(drawn), rel=0.1)


@pytest.mark.parametrize("measure", [scaled_brier, cox_snell_r2, nagelkerke_r2])
def test_the_event_rate_explains_nothing(rare, measure):
    y, _ = rare
    assert measure(y, np.full(y.size, y.mean())).value == pytest.approx(0, abs=1e-12)


def test_certainty_that_is_right_is_perfect():
    y = np.array([0, 0, 1, 0])
    assert scaled_brier(y, y.astype(float)).value == 1
    assert nagelkerke_r2(y, y.astype(float)).value == pytest.approx(1)
    assert log_loss(y, y.astype(float)).value == 0


def test_certainty_that_is_wrong_is_infinitely_bad():
    y = [0, 1, 0, 1]
    risk = [0.0, 0.0, 0.2, 0.7]
    assert log_loss(y, risk).value == np.inf
    assert nagelkerke_r2(y, risk).value == -np.inf
    assert np.isnan(log_loss(y, risk).low)
    assert "certainty was wrong" in log_loss(y, risk).method


@pytest.mark.recovery
def test_calibrated_risks_pass_the_test_of_spiegelhalter(rare):
    assert spiegelhalter_z(*rare).p_value > 0.05
    assert spiegelhalter_z(rare[0], rare[1] * 1.5).p_value < 1e-6
    assert np.isnan(spiegelhalter_z([0, 1], [0.5, 0.5]).statistic)


@pytest.mark.contract
@pytest.mark.parametrize("measure", [scaled_brier, cox_snell_r2, nagelkerke_r2])
def test_one_class_is_named(measure):
    with pytest.raises(ValueError, match=f"outcome must hold both classes for {measure.__name__}"):
        measure([0, 0], [0.1, 0.2])
