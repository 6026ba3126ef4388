"""Sizes of validations: what pmvalsampsize approximates, computed."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import integrate
from scipy.special import expit

import backpain_risk as bpr
from backpain_risk.planning.standard_errors import c_statistic, patients_for_c

pytestmark = pytest.mark.identity

Z = 1.96


def sizes(result):
    return dict(zip(result.to_frame().criterion, result.to_frame().n, strict=True))


def smallest_for_c(pi, c, width, most):
    """The search of pmvalsampsize: every size from 1 until the interval is narrow enough."""
    n = np.arange(1, most + 1)
    spread = (1 - c) / (2 - c) + c / (1 + c)
    se = np.sqrt(c * (1 - c) * (1 + (n / 2 - 1) * spread) / (n**2 * pi * (1 - pi)))
    return int(n[2 * Z * se <= width][0])


@pytest.mark.reference
def test_pmvalsampsize_gives_the_same_c_criterion_and_walks_past_the_o_e_criterion(planned):
    for case in planned["validation"]:
        pi, c, oe, width = (
            case[k] for k in ("prevalence", "cstatistic", "oeciwidth", "cstatciwidth")
        )
        found = sizes(
            bpr.sample_size_validation(prevalence=pi, c_statistic=c, oe_width=oe, c_width=width)
        )
        assert found["c_statistic"] == case["c_statistic"] == smallest_for_c(pi, c, width, 100_000)
        se = np.sqrt((1 - pi) / (pi * found["observed_expected"]))
        assert 2 * np.sinh(Z * se) <= oe
        se_one_less = np.sqrt((1 - pi) / (pi * (found["observed_expected"] - 1)))
        assert 2 * np.sinh(Z * se_one_less) > oe
        # its SE is the first step of 0.0001 that is wide enough, so it asks for fewer
        step = np.sqrt((1 - pi) / (pi * case["observed_expected"]))
        assert case["observed_expected"] <= found["observed_expected"]
        assert 2 * np.sinh(Z * step) == pytest.approx(oe, abs=8e-4)


def test_o_e_and_net_benefit_are_exact_where_steps_and_rounding_miss():
    # pmvalsampsize 0.2.1 prints 905 (SE in steps of 0.0001) and 12 893 (SE rounded to three
    # decimals)
    assert (
        sizes(bpr.sample_size_validation(prevalence=0.018, c_statistic=0.8, oe_width=1))[
            "observed_expected"
        ]
        == 906
    )
    assert (
        sizes(bpr.sample_size_validation(prevalence=0.01, c_statistic=0.8, oe_width=0.4))[
            "observed_expected"
        ]
        == 9634
    )
    pi = 0.0032
    t = 0.01
    sensitivity = 0.65
    specificity = 0.96
    planned = bpr.sample_size_validation(
        prevalence=pi,
        c_statistic=0.88,
        net_benefit_width=0.3,
        threshold=t,
        sensitivity=sensitivity,
        specificity=specificity,
    )
    assert sizes(planned)["net_benefit"] == 13_052
    rng = np.random.default_rng(1)
    n = 13_052
    events = rng.binomial(n, pi, 40_000)
    tp = rng.binomial(events, sensitivity)
    fp = rng.binomial(n - events, 1 - specificity)
    drawn = tp / events - fp / events * t / (1 - t)
    assert 2 * Z * drawn.std() == pytest.approx(
        0.3, rel=0.05
    )  # the large-sample formula at 42 cancers


def test_sizes_beyond_a_million_are_computed():
    planned = bpr.sample_size_validation(prevalence=0.0032, c_statistic=0.8, c_width=0.01)
    n = sizes(planned)["c_statistic"]
    assert n == smallest_for_c(0.0032, 0.8, 0.01, 3_000_000) == 2_355_183


def test_the_size_for_c_is_where_its_variance_is_the_one_asked_for():
    for pi, c, se in ((0.01, 0.8, 0.02), (0.0032, 0.95, 0.1), (0.5, 0.51, 0.2)):
        n = patients_for_c(se**2, pi, c)
        assert c_statistic(n, pi, c) == pytest.approx(se**2, rel=1e-12)


def test_the_slope_follows_from_the_fisher_information():
    def entry(k):
        def weighted(z):
            risk = expit(-4 + 1.3 * z)
            return (
                (-4 + 1.3 * z) ** k * risk * (1 - risk) * np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi)
            )

        return integrate.quad(weighted, -20, 20, epsabs=1e-14, limit=300)[0]

    i00 = entry(0)
    i01 = entry(1)
    i11 = entry(2)
    expected = i00 / ((0.2 / (2 * Z)) ** 2 * (i00 * i11 - i01**2))
    planned = bpr.sample_size_validation(
        prevalence=0.03, c_statistic=0.8, linear_predictor=(-4, 1.3), slope_width=0.2
    )
    assert planned.criteria[1].patients == pytest.approx(expected, rel=1e-9)


def test_the_default_linear_predictor_has_the_prevalence_and_c_statistic_given():
    planned = bpr.sample_size_validation(
        prevalence=0.01, c_statistic=0.8, net_benefit_width=0.3, threshold=0.02
    )
    lp = planned.linear_predictor
    assert (lp.prevalence, lp.c_statistic) == (pytest.approx(0.01), pytest.approx(0.8, abs=1e-5))
    assert planned.to_frame().criterion.tolist() == [
        "observed_expected",
        "calibration_slope",
        "c_statistic",
        "net_benefit",
    ]
    assert planned.sensitivity == pytest.approx(lp.sensitivity(0.02))
    assert not planned.notes


def test_a_linear_predictor_that_contradicts_the_rest_is_reported():
    planned = bpr.sample_size_validation(
        prevalence=0.018, c_statistic=0.8, linear_predictor=(-5, 2.5)
    )
    assert (
        "implies a prevalence of 0.0523 (given 0.018) and a C-statistic of 0.927 (given 0.8)"
        in str(planned)
    )


@pytest.mark.contract
@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"prevalence": 5}, "Pass a fraction, not a percentage"),
        ({"c_statistic": 0.5}, "c_statistic must lie above 0.5 and below 1; got 0.5"),
        ({"oe_width": 0}, "oe_width must be one finite number above 0; got 0"),
        ({"slope_width": -1}, "slope_width must be one finite number above 0; got -1"),
        ({"c_width": 0}, "c_width must lie strictly between 0 and 1; got 0"),
        ({"c_width": 5}, "c_width must lie strictly between 0 and 1; got 5"),
        ({"oe_width": float("nan")}, "oe_width must be one finite number above 0; got nan"),
        ({"net_benefit_width": 0.2}, "threshold must be given with net_benefit_width"),
        ({"threshold": 0.01}, "net_benefit_width must be given with threshold"),
        (
            {"threshold": 3, "net_benefit_width": 0.2},
            "threshold must lie strictly between 0 and 1; got 3",
        ),
        (
            {"threshold": 0.01, "net_benefit_width": 0},
            "net_benefit_width must be one finite number above 0; got 0",
        ),
        (
            {"sensitivity": 0.5, "specificity": 0.9},
            "sensitivity must come with threshold and net_benefit_width",
        ),
        ({"linear_predictor": -5}, "linear_predictor must be two numbers, mean and SD; got -5"),
        (
            {"linear_predictor": (-5, 0)},
            "the SD of linear_predictor must be one finite number from 0.001 to 50; got 0",
        ),
        ({"linear_predictor": "ab"}, "linear_predictor must be two numbers, mean and SD; got 'ab'"),
        ({"oe_width": 1e-150}, "oe_width must lie from 1e-09 to 20; got 1e-150"),
        ({"oe_width": 95}, "oe_width must lie from 1e-09 to 20; got 95"),
        ({"slope_width": 95}, "slope_width must lie from 1e-09 to 20; got 95"),
        ({"c_width": 95}, "c_width must lie strictly between 0 and 1; got 95"),
        (
            {"c_width": 1e-9},
            "c_statistic must ask for fewer than 1e\\+15 patients; got .* Ask for less",
        ),
        ({"prevalence": 1e-300}, "prevalence must be 1e-09 or more from 0 and 1"),
        (
            {"threshold": 1 - 1e-9, "net_benefit_width": 0.2},
            "threshold must leave patients with and without malignancy",
        ),
        (
            {"linear_predictor": (float("inf"), 1)},
            "the mean of linear_predictor must be one finite number",
        ),
    ],
)
def test_bad_input_is_told_in_a_sentence(changes, message):
    with pytest.raises(ValueError, match=message):
        bpr.sample_size_validation(**{"prevalence": 0.01, "c_statistic": 0.8} | changes)
