"""Sizes of developments: pmsampsize's where R2 is given, quadrature where it comes from C."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import integrate, stats
from scipy.special import expit, logit

import backpain_risk as bpr
from backpain_risk.planning.linear_predictor import binormal, normal, shift_from_c, shift_from_r2

pytestmark = pytest.mark.identity

RILEY = ["shrinkage", "optimism", "overall_risk"]


def sizes(result):
    return dict(zip(result.to_frame().criterion, result.to_frame().n, strict=True))


@pytest.mark.reference
def test_pmsampsize_gives_the_same_integers_where_r2_is_given(planned):
    for case in planned["development"]:
        expected = case.pop("n")
        found = sizes(bpr.sample_size_development(**case))
        assert [found[name] for name in RILEY] == expected, case


@pytest.mark.reference
def test_the_four_published_cases(reference):
    cases = [(24, 0.288, 0.174), (24, 0.55, 0.174), (36, 0.288, 0.174), (24, 0.288, 0.25)]
    for (p, r2, pi), known in zip(cases, reference("pmsampsize-bin")["expected"], strict=True):
        result = bpr.sample_size_development(
            prevalence=pi, n_parameters=p, r2_cox_snell=r2, relative_margin=None
        )
        assert [*result.to_frame().n, result.n] == known["samp_size"]
        assert result.n * pi / p == pytest.approx(known["EPP_or_SPP"][-1], abs=0.005)


def test_a_c_statistic_gives_the_size_that_quadrature_gives():
    assert (
        sizes(bpr.sample_size_development(prevalence=0.01, n_parameters=10, c_statistic=0.8))[
            "shrinkage"
        ]
        == 6484
    )
    twelve = bpr.sample_size_development(prevalence=0.01, n_parameters=12, c_statistic=0.8)
    assert (twelve.n, twelve.drives) == (9508, ("relative_margin",))
    assert (
        bpr.sample_size_development(prevalence=0.0032, n_parameters=12, c_statistic=0.8).n == 29917
    )


@pytest.mark.parametrize(
    ("c", "pi"), [(0.55, 0.01), (0.7, 0.0032), (0.8, 0.01), (0.89, 0.174), (0.999, 0.5)]
)
def test_r2_from_c_is_the_integral_that_adaptive_quadrature_finds(c, pi):
    shift = np.sqrt(2) * stats.norm.ppf(c)
    middle = logit(pi) - shift**2 / 2

    def gain(x, y):  # log likelihood of one patient at x SDs in the classes N(0, 1) and N(shift, 1)
        eta = middle + shift * x
        return (y * eta - np.logaddexp(0, eta)) * stats.norm.pdf(x, y * shift)

    parts = [
        integrate.quad(gain, -12, 20, args=(y,), epsabs=1e-13, limit=500, points=[0, shift])[0]
        for y in (0, 1)
    ]
    null = pi * np.log(pi) + (1 - pi) * np.log(1 - pi)
    expected = 1 - np.exp(2 * (null - (1 - pi) * parts[0] - pi * parts[1]))
    assert binormal(pi, shift).r2_cox_snell == pytest.approx(expected, rel=1e-8)


def test_a_linear_predictor_knows_its_prevalence_and_c_statistic():
    lp = binormal(0.01, shift_from_c(0.8))
    assert lp.prevalence == pytest.approx(0.01, rel=1e-12)
    assert lp.c_statistic == pytest.approx(0.8, abs=1e-6)
    assert shift_from_r2(0.01, lp.r2_cox_snell) == pytest.approx(shift_from_c(0.8), rel=1e-7)
    cut = (logit(0.02) - logit(0.01)) / lp.sd
    assert lp.sensitivity(0.02) == pytest.approx(stats.norm.sf(cut - lp.sd / 2), rel=1e-10)
    assert lp.specificity(0.02) == pytest.approx(stats.norm.cdf(cut + lp.sd / 2), rel=1e-10)
    drawn = np.random.default_rng(1).normal(-5, 2.5, 1_000_000)
    assert normal(-5, 2.5).prevalence == pytest.approx(expit(drawn).mean(), rel=0.01)


def test_criteria_do_what_they_promise():
    result = bpr.sample_size_development(
        prevalence=0.01, n_parameters=12, c_statistic=0.8, relative_margin=0.1
    )
    r2 = result.r2_cox_snell
    (shrinkage, optimism, _, margin) = (c.patients for c in result.criteria)
    # van Houwelingen and le Cessie: the shrinkage is 1 - p / (likelihood ratio), the ratio from the
    # apparent R2
    for patients, aim in ((shrinkage, 0.9), (optimism, r2 / (r2 + 0.05 * result.highest_r2))):
        assert 1 + 12 / (patients * np.log(1 - r2 / aim)) == pytest.approx(aim)
    assert 1.96 * np.sqrt(0.99 / (0.01 * margin)) == pytest.approx(0.1)


@pytest.mark.contract
def test_the_answer_says_what_drives_it_and_how_to_read_it():
    result = bpr.sample_size_development(prevalence=0.01, n_parameters=12, c_statistic=0.8)
    assert result.to_frame().columns.tolist() == ["criterion", "n", "drives"]
    assert result.to_frame().query("drives").criterion.tolist() == ["relative_margin"]
    assert result.n == result.to_frame().n.max()
    for text in (str(result), repr(result), result._repr_html_()):
        assert "9,508 patients, 95.1 cancers" in text
        assert "driven by relative_margin" in text
        assert "not for clinical use" in text
    few = bpr.sample_size_development(
        prevalence=0.01, n_parameters=1, c_statistic=0.9, relative_margin=None
    )
    assert "Fewer than 30 cancers are expected" in str(few)


@pytest.mark.contract
@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"prevalence": 0}, "prevalence must lie strictly between 0 and 1; got 0"),
        ({"prevalence": 1}, "prevalence must lie strictly between 0 and 1; got 1"),
        (
            {"prevalence": 5},
            "prevalence must lie strictly between 0 and 1; got 5. Pass a fraction",
        ),
        ({"prevalence": float("nan")}, "prevalence must lie strictly between 0 and 1"),
        ({"prevalence": None}, "prevalence must be given without a scenario"),
        ({"n_parameters": 0}, "n_parameters must be a whole number"),
        ({"n_parameters": 2.5}, "n_parameters must be a whole number"),
        ({"n_parameters": None}, "n_parameters must be given without a scenario"),
        ({"c_statistic": 0.5}, "c_statistic must lie above 0.5 and below 1; got 0.5"),
        ({"c_statistic": 0.3}, "c_statistic must lie above 0.5 and below 1; got 0.3"),
        ({"c_statistic": 1.0}, "c_statistic must lie strictly between 0 and 1"),
        ({"c_statistic": 80}, "Pass a fraction, not a percentage"),
        ({"c_statistic": 0.5 + 1e-9}, "must lie above 1e-09"),
        ({"c_statistic": None}, "exactly one of them; got none"),
        ({"r2_cox_snell": 0.01}, "exactly one of them; got c_statistic and r2_cox_snell"),
        (
            {"c_statistic": None, "r2_cox_snell": 0.2},
            "below 0.106, the most that a prevalence of 0.01 allows; got 0.2",
        ),
        (
            {"c_statistic": None, "r2_cox_snell": 0.0},
            "r2_cox_snell must lie strictly between 0 and 1",
        ),
        ({"shrinkage": 1}, "shrinkage must lie strictly between 0 and 1"),
        ({"shrinkage": 0.01}, "shrinkage must be above R2"),
        ({"relative_margin": 0}, "relative_margin must lie strictly between 0 and 1; got 0"),
        ({"predictors": ["fever"]}, "predictors must come with a scenario"),
        ({"check": 50}, "rng must be given because numbers are drawn"),
        ({"check": 2, "rng": 1}, "check must be a whole number"),
        (
            {"check": 50, "rng": 1, "acceptable_slope": (1.2, 0.8)},
            "acceptable_slope must be low and high",
        ),
    ],
)
def test_bad_input_is_told_in_a_sentence(changes, message):
    arguments = {"prevalence": 0.01, "n_parameters": 10, "c_statistic": 0.8} | changes
    with pytest.raises(ValueError, match=message):
        bpr.sample_size_development(**arguments)
