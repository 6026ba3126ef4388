from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit, logit

from backpain_risk import (
    calibration_in_the_large,
    calibration_slope,
    miller_tests,
    observed_expected,
)

pytestmark = pytest.mark.reference

Z = 1.959963984540054


@pytest.fixture(scope="module")
def readme(reference, reference_data):
    table = pd.read_csv(reference_data / "pmcalibration_readme.csv")
    return table.y, table.p, reference


def test_weak_calibration_agrees_with_pmcalibration(readme):
    """Limits by glm's profile are interpolated there and solved here, hence their wider
    tolerance.
    """
    y, p, reference = readme
    rows = reference("pm-readme-weak")["expected"]["full"]["stats"]
    for estimate, row in (
        (calibration_in_the_large(y, p), rows[0]),
        (calibration_slope(y, p), rows[1]),
    ):
        assert estimate.value == pytest.approx(row["Estimate"], abs=1e-10)
        assert estimate.low == pytest.approx(row["lower"], abs=1e-5)
        assert estimate.high == pytest.approx(row["upper"], abs=1e-5)


def test_wald_limits_agree_with_pmcalibration(readme):
    y, p, reference = readme
    row = reference("pm-readme-weak")["expected"]["full"]["stats"][1]
    slope = calibration_slope(y, p, interval="wald")
    assert (slope.high - slope.low) / (2 * Z) == pytest.approx(row["Std. Error"], rel=1e-6)


def test_miller_tests_agree_with_pmcalibration(readme):
    y, p, reference = readme
    table = miller_tests(y, p)
    expected = reference("pm-readme-weak")["expected"]["full"]["miller"]
    for name, row in zip(("both", "in_the_large", "slope"), expected, strict=True):
        assert table.statistic[name] == pytest.approx(row["statistic"], abs=1e-8)
        assert table.df[name] == row["df"]
        assert table.p_value[name] == pytest.approx(row["p.value"], abs=1e-8)


def test_recalibration_and_miller_tests_agree_with_glm(patients, from_r):
    y = patients.y
    a = patients.a
    expected = from_r["recalibration"]
    for measure, name in ((calibration_in_the_large, "large"), (calibration_slope, "slope")):
        wald = measure(y, a, interval="wald")
        assert wald.value == pytest.approx(
            expected["in_the_large" if name == "large" else name], abs=1e-9
        )
        assert (wald.high - wald.low) / (2 * Z) == pytest.approx(expected[f"se_{name}"], rel=1e-7)
    table = miller_tests(y, a)
    for name, statistic in from_r["miller"].items():
        assert table.statistic[name] == pytest.approx(statistic, abs=1e-8)


def test_the_unreliability_test_agrees_with_val_prob(patients, from_r):
    for model, expected in (("a", from_r["val_prob"]), ("b", from_r["val_prob_b"])):
        both = miller_tests(patients.y, patients[model]).loc["both"]
        assert both.statistic == pytest.approx(expected["U:Chi-sq"], abs=1e-6)
        assert (both.statistic - 2) / len(patients) == pytest.approx(expected["U"], abs=1e-9)
        assert both.p_value == pytest.approx(expected["U:p"], rel=1e-4)
        assert calibration_slope(patients.y, patients[model]).value == pytest.approx(
            expected["Slope"], abs=1e-8
        )


@pytest.mark.recovery
def test_recalibrated_risks_have_slope_one(rare):
    y, risk = rare
    distorted = expit(1.7 * logit(risk) + 0.4)
    eta = calibration_slope(y, distorted).value * logit(distorted)
    again = expit(eta + calibration_in_the_large(y, expit(eta)).value)
    assert calibration_slope(y, again).value == pytest.approx(1, abs=1e-9)
    assert calibration_in_the_large(y, again).value == pytest.approx(0, abs=1e-9)
    assert observed_expected(y, again).value == pytest.approx(1, abs=1e-9)
    assert miller_tests(y, again).statistic.abs().max() < 1e-8


@pytest.mark.identity
@pytest.mark.parametrize(
    "measure", [observed_expected, calibration_in_the_large, calibration_slope]
)
def test_weights_are_repetition_and_order_does_not_matter(rare, measure):
    y = rare[0][:2000]
    risk = rare[1][:2000].round(3).clip(0.001)
    rng = np.random.default_rng(1)
    weight = rng.integers(0, 3, 2000)
    rows = rng.permutation(np.repeat(np.arange(2000), weight))
    a = measure(y, risk, sample_weight=weight)
    b = measure(y[rows], risk[rows])
    np.testing.assert_allclose((a.value, a.low, a.high), (b.value, b.low, b.high), rtol=1e-8)


@pytest.mark.identity
def test_the_sums_of_blocks_are_the_sum_of_all(rare):
    """70 000 distinct risks are summed in ten blocks; twice the patients have the same slope."""
    y = np.tile(rare[0], 4)
    risk = np.concatenate([rare[1] * (1 + k / 1000) for k in range(4)])
    once = calibration_slope(y, risk)
    twice = calibration_slope(np.tile(y, 2), np.tile(risk, 2))
    assert np.unique(risk).size > 65_536
    assert once.value == pytest.approx(twice.value, abs=1e-10)


@pytest.mark.identity
def test_no_events_have_an_oe_ratio_with_an_upper_limit():
    estimate = observed_expected(np.zeros(1172), np.full(1172, 0.01))
    assert estimate.value == 0
    assert 0 < estimate.high < 1


@pytest.mark.identity
def test_constant_risk_has_no_slope():
    slope = calibration_slope([0, 1, 0, 0], [0.25] * 4)
    assert np.isnan(slope.value)
    assert "constant" in slope.method


@pytest.mark.identity
@pytest.mark.parametrize(
    ("outcome", "value"), [([0, 0, 0, 1, 1], np.inf), ([1, 1, 0, 0, 0], -np.inf)]
)
def test_risks_that_separate_the_outcomes_have_an_infinite_slope(outcome, value):
    slope = calibration_slope(
        outcome, [0.1, 0.2, 0.3, 0.3, 0.5] if value > 0 else [0.1, 0.2, 0.3, 0.4, 0.5]
    )
    assert slope.value == value
    assert "separates" in slope.method


@pytest.mark.contract
@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: calibration_slope([0, 1], [0.0, 0.5]),
            "risk must lie strictly between 0 and 1 .* got 1 patients at 0 or 1",
        ),
        (
            lambda: calibration_slope([0, 0], [0.1, 0.5]),
            "outcome must hold both classes for calibration_slope",
        ),
        (
            lambda: calibration_slope([0, 1], [0.1, 0.5], interval="exact"),
            "interval must be one of 'profile', 'wald'",
        ),
        (lambda: observed_expected([0, 0], [0, 0]), "risk must not be 0 for every patient"),
        (
            lambda: miller_tests([0, 1], [0.3, 0.3]),
            "risk must vary for miller_tests; got one value",
        ),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
