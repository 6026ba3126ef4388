from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit, logit

from backpain_risk import calibration_curve, calibration_in_the_large, calibration_slope, observed_expected


@pytest.fixture(scope="module")
def readme(reference, reference_data):
    table = pd.read_csv(reference_data / "pmcalibration_readme.csv")
    return table.y, table.p, reference


@pytest.fixture(scope="module")
def rare():
    rng = np.random.default_rng(7)
    risk = expit(rng.normal(-5, 1.2, 20_000))
    return (rng.random(20_000) < risk).astype(int), risk


def test_weak_calibration_agrees_with_pmcalibration(readme):
    """Limits by glm's profile are interpolated there and solved here, hence their wider tolerance."""
    y, p, reference = readme
    rows = reference("pm-readme-weak")["expected"]["full"]["stats"]
    for estimate, row in ((calibration_in_the_large(y, p), rows[0]), (calibration_slope(y, p), rows[1])):
        assert estimate.value == pytest.approx(row["Estimate"], abs=1e-10)
        assert estimate.low == pytest.approx(row["lower"], abs=1e-5)
        assert estimate.high == pytest.approx(row["upper"], abs=1e-5)


def test_wald_limits_agree_with_pmcalibration(readme):
    y, p, reference = readme
    row = reference("pm-readme-weak")["expected"]["full"]["stats"][1]
    slope = calibration_slope(y, p, interval="wald")
    assert (slope.high - slope.low) / (2 * 1.959963984540054) == pytest.approx(row["Std. Error"], rel=1e-6)


def test_spline_indices_agree_with_pmcalibration(readme):
    y, p, reference = readme
    expected = reference("pm-readme-rcs5")["expected"]
    curve = calibration_curve(y, p, at=expected["printed_curve_head"]["p"])
    for ours, theirs in (("ici", "Eavg"), ("e50", "E50"), ("e90", "E90"), ("emax", "Emax")):
        assert getattr(curve, ours).value == pytest.approx(expected["full"][theirs], abs=1e-10)
    np.testing.assert_allclose(curve.observed, expected["printed_curve_head"]["p_c"], atol=1e-8)


def test_recalibrated_risks_have_slope_one(rare):
    y, risk = rare
    distorted = expit(1.7 * logit(risk) + 0.4)
    slope, large = calibration_slope(y, distorted).value, None
    eta = slope * logit(distorted)
    large = calibration_in_the_large(y, expit(eta)).value
    again = expit(eta + large)
    assert calibration_slope(y, again).value == pytest.approx(1, abs=1e-9)
    assert calibration_in_the_large(y, again).value == pytest.approx(0, abs=1e-9)
    assert observed_expected(y, again).value == pytest.approx(1, abs=1e-9)


@pytest.mark.parametrize("measure", [observed_expected, calibration_in_the_large, calibration_slope])
def test_weights_are_repetition_and_order_does_not_matter(rare, measure):
    y, risk = rare[0][:2000], rare[1][:2000].round(3).clip(0.001)
    rng = np.random.default_rng(1)
    weight = rng.integers(0, 3, 2000)
    rows = rng.permutation(np.repeat(np.arange(2000), weight))
    a, b = measure(y, risk, sample_weight=weight), measure(y[rows], risk[rows])
    np.testing.assert_allclose((a.value, a.low, a.high), (b.value, b.low, b.high), rtol=1e-8)


def test_curve_weights_are_repetition(rare):
    y, risk = rare[0][:4000], rare[1][:4000].round(3).clip(0.001)
    weight = np.random.default_rng(1).integers(0, 3, 4000)
    rows = np.repeat(np.arange(4000), weight)
    a, b = calibration_curve(y, risk, sample_weight=weight), calibration_curve(y[rows], risk[rows])
    np.testing.assert_allclose(a.observed, b.observed, rtol=1e-8)
    assert a.e90.value == pytest.approx(b.e90.value, rel=1e-8)


def test_curve_limits_contain_it_and_stay_inside(rare):
    curve = calibration_curve(*rare)
    assert (curve.low <= curve.observed).all()
    assert (curve.observed <= curve.high).all()
    assert curve.low.min() >= 0
    assert curve.high.max() <= 1
    assert curve.ici_share.value == pytest.approx(curve.ici.value / rare[0].mean())


def test_resampled_limits_are_repeatable_and_count_failures(rare):
    y, risk = rare[0][:1500], rare[1][:1500]
    a, b = (calibration_curve(y, risk, n_resamples=20, rng=3) for _ in range(2))
    assert (a.ici.low, a.ici.high) == (b.ici.low, b.ici.high)
    assert a.ici.low < a.ici.high
    assert a.n_resamples == 20
    assert 0 <= a.n_failed < 20
    with pytest.raises(ValueError, match="rng must be given"):
        calibration_curve(y, risk, n_resamples=20)


def test_groups_hold_everyone_once(rare):
    y, risk = rare
    curve = calibration_curve(y, risk, method="groups", n_groups=10)
    assert curve.predicted.size == 10
    order = np.argsort(risk)
    np.testing.assert_allclose(curve.predicted, [risk[part].mean() for part in np.array_split(order, 10)], rtol=1e-2)


def test_no_events_have_an_oe_ratio_with_an_upper_limit():
    estimate = observed_expected(np.zeros(1172), np.full(1172, 0.01))
    assert estimate.value == 0
    assert 0 < estimate.high < 1


def test_constant_risk_has_no_slope():
    slope = calibration_slope([0, 1, 0, 0], [0.25] * 4)
    assert np.isnan(slope.value)
    assert "constant" in slope.method


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: calibration_slope([0, 1], [0.0, 0.5]),
            "risk must lie strictly between 0 and 1 .* got 1 patients at 0 or 1",
        ),
        (lambda: calibration_slope([0, 0], [0.1, 0.5]), "outcome must hold both classes for calibration_slope"),
        (lambda: observed_expected([0, 0], [0, 0]), "risk must not be 0 for every patient"),
        (lambda: calibration_curve([0, 1] * 9, [0.1, 0.2] * 9), "a spline must have 3 distinct knots; got 2"),
        (lambda: calibration_curve([0, 1], [0.1, 0.2], method="magic"), "method must be one of"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
