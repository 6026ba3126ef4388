"""Specificity in a new setting, from several studies."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import expit

import backpain_risk as bpr
from backpain_risk.evidence.pooling.specificities import SpecificityStudies, specificity_studies

pytestmark = pytest.mark.identity


def studies(fp, tn):
    labels = tuple(f"study {i}" for i in range(len(fp)))
    return SpecificityStudies(studies=labels, fp=np.array(fp, float), tn=np.array(tn, float))


def by_brute_force(fp, tn):
    """Mean and SD of the logit specificity of a new setting on a grid of (mu, tau, theta)."""
    mu = np.linspace(-14, 6, 201)[:, None]
    tau = np.linspace(0.005, 5.995, 200)
    log_likelihood = np.zeros((mu.size, tau.size))
    for x, rest in zip(fp, tn, strict=True):
        theta, log_binomial = _around_the_peak(x, rest)
        binomial = np.exp(log_binomial - log_binomial.max())
        for j, sd in enumerate(tau):
            log_likelihood[:, j] += np.log(
                np.exp(-0.5 * ((theta - mu) / sd) ** 2) @ binomial / sd + 1e-300
            )
    mass = (
        np.exp(log_likelihood - log_likelihood.max())
        * expit(mu)
        * expit(-mu)
        * np.exp(-0.5 * tau**2)
    )
    mass /= mass.sum()
    mean = float(np.sum(mass * mu))
    return -mean, float(np.sqrt(np.sum(mass * (mu**2 + tau**2)) - mean**2))


def _around_the_peak(x, rest):
    theta = np.linspace(-12, 3, 6001)
    log_binomial = x * theta - (x + rest) * np.logaddexp(0, theta)
    theta = theta[log_binomial > log_binomial.max() - 25]
    theta = np.linspace(theta[0], theta[-1], 200)
    return theta, x * theta - (x + rest) * np.logaddexp(0, theta)


@pytest.mark.parametrize(("fp", "tn"), [((118, 4), (1844, 1168)), ((0, 3, 9), (50, 120, 80))])
def test_quadrature_agrees_with_a_grid(fp, tn):
    np.testing.assert_allclose(studies(fp, tn).new_setting, by_brute_force(fp, tn), rtol=1e-3)


def test_studies_that_agree_narrow_a_new_setting_and_their_order_is_nothing():
    two = studies([40, 40], [960, 960])
    eight = studies([40] * 8, [960] * 8)
    assert eight.new_setting[1] < 0.5 * two.new_setting[1]
    assert eight.new_setting[0] == pytest.approx(np.log(24), abs=0.05)
    one_way = studies([118], [1844]).with_study(4, 1168).with_study(47, 1125)
    other = studies([47], [1125]).with_study(118, 1844).with_study(4, 1168)
    np.testing.assert_allclose(one_way.new_setting, other.new_setting, rtol=1e-9)
    assert one_way.studies == ("study 0", "further study", "further study")


def test_the_tables_give_their_counted_studies():
    found = specificity_studies(bpr.load_evidence(), "history_of_cancer")
    assert found.studies == ("deyo_diehl_1988", "henschke_2009")
    assert (found.fp.tolist(), found.tn.tolist(), found.status) == (
        [41, 47],
        [1921, 1125],
        "reported",
    )


@pytest.mark.contract
def test_too_few_studies_and_shared_patients_are_refused():
    evidence = bpr.load_evidence()
    with pytest.raises(
        ValueError,
        match="two studies or more have counted; got 'failure_to_improve', counted in deyo",
    ):
        specificity_studies(evidence, "failure_to_improve")
    with pytest.raises(
        ValueError, match="that share no patients; got 'night_pain', where harding_2005 shares them"
    ):
        specificity_studies(evidence, "night_pain")
    table = evidence.accuracy.copy()
    table.loc[
        (table.finding == "history_of_cancer") & (table.study == "henschke_2009"), "overlaps_with"
    ] = "deyo_diehl_1988"
    with pytest.raises(
        ValueError, match="got 'history_of_cancer', where deyo_diehl_1988 shares them"
    ):
        specificity_studies(replace(evidence, accuracy=table), "history_of_cancer")
