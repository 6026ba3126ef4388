"""The posterior density and its draws against arithmetic written out anew."""

from __future__ import annotations

import arviz_stats
import numpy as np
import pandas as pd
import pytest
from scipy import stats
from scipy.special import expit, logit, xlogy

from backpain_risk import Accuracy, BayesianLogisticModel
from backpain_risk.models.bayesian.density import log_likelihood, log_posterior
from backpain_risk.numerics.sampling.diagnostics import SamplingWarning
from backpain_risk.numerics.sampling.laplace import evaluate

pytestmark = pytest.mark.identity

EVENTS = np.array([9.0, 4.0])
PATIENTS = np.array([1950.0, 50.0])
FINDING = "history_of_cancer"


def cohort():
    """1 950 patients without the finding, 9 events; 50 with it, 4 events."""
    X = pd.DataFrame({FINDING: [0, 0, 1, 1]})
    return X, [0, 1, 0, 1], [1941, 9, 46, 4]


def fitted(prior, **options):
    X, y, weight = cohort()
    return BayesianLogisticModel(prior, random_state=1, **options).fit(X, y, sample_weight=weight)


def by_hand(model, intercept, slope):
    """Log posterior of an intercept and a slope, up to a constant, from binomial and normal
    densities.
    """
    risk = expit(np.stack([intercept, intercept + slope], axis=-1))
    likelihood = stats.binom.logpmf(EVENTS, PATIENTS, risk).sum(axis=-1)
    if model.prior_.name == "weak":
        return (
            likelihood
            + stats.norm.logpdf(intercept, logit(0.01), 2.5)
            + stats.norm.logpdf(slope, 0, 2)
        )
    mean_risk = risk @ PATIENTS / PATIENTS.sum()
    jacobian = (risk * (1 - risk)) @ PATIENTS / PATIENTS.sum() / mean_risk / (1 - mean_risk)
    prior = stats.multivariate_normal(model.term_prior_.mean, model.term_prior_.covariance)
    return (
        likelihood + prior.logpdf(np.stack([logit(mean_risk), slope], axis=-1)) + np.log(jacobian)
    )


@pytest.fixture(scope="module", params=["weak", "evidence"])
def model(request):
    return fitted(request.param)


def grid(size):
    return np.meshgrid(np.linspace(-8, -3.4, size), np.linspace(-1.5, 6, size), indexing="ij")


def test_the_log_posterior_is_that_of_the_textbook(model):
    """Differences over a grid, so that the constant left out drops."""
    intercept, slope = (axis.ravel() for axis in grid(20))
    found = evaluate(log_posterior, np.column_stack([intercept, slope]), model.sampled_.data)
    expected = by_hand(model, intercept, slope)
    np.testing.assert_allclose(found - found[0], expected - expected[0], atol=1e-9)


def test_means_and_sds_are_those_of_brute_force_quadrature(model):
    axes = grid(600)
    density = np.exp((log := by_hand(model, *axes)) - log.max())
    assert (
        max(density[0].max(), density[-1].max(), density[:, 0].max(), density[:, -1].max()) < 1e-4
    )
    weight = density / density.sum()
    for j, axis in enumerate(axes):
        mean = (weight * axis).sum()
        sd = np.sqrt((weight * (axis - mean) ** 2).sum())
        draws = model.sampled_.posterior.coefficient[:, :, j]
        assert abs(draws.mean() - mean) < 4 * float(arviz_stats.mcse(draws, method="mean"))
        assert abs(draws.std() - sd) < 4 * float(arviz_stats.mcse(draws, method="sd"))


@pytest.mark.parametrize("prior", ["weak", "evidence"])
def test_grouped_and_ungrouped_likelihoods_are_the_same(prior):
    """The density of the counts, and the sum over single patients by the formula of Bernoulli."""
    rng = np.random.default_rng(2)
    names = ["history_of_cancer", "night_pain", "no_relief_with_rest"]
    X = pd.DataFrame(rng.integers(0, 2, (500, 3)), columns=names)
    y = (rng.random(500) < 0.05).astype(int)
    model = BayesianLogisticModel(prior, method="laplace", random_state=1).fit(X, y)
    assert model.counts_.n.size == 8
    theta = rng.normal(-1, 1.5, (20, 4))
    eta = theta[:, :1] + theta[:, 1:] @ X.to_numpy().T
    single = np.sum(y * eta - np.logaddexp(0, eta), axis=1)
    np.testing.assert_allclose(
        evaluate(log_likelihood, theta, model.sampled_.data), single, rtol=1e-12, atol=1e-9
    )


def test_sites_have_effects_of_their_own_under_half_normal_sds():
    rng = np.random.default_rng(3)
    X = pd.DataFrame({FINDING: rng.integers(0, 2, 300), "site": rng.integers(0, 3, 300)})
    y = (rng.random(300) < 0.1).astype(int)
    model = BayesianLogisticModel(groups="site", method="laplace", random_state=1)
    with pytest.warns(
        SamplingWarning, match="effective draws, should be 400"
    ):  # a funnel is no place for a normal
        model.fit(X, y)
    theta = rng.normal(0, 0.7, (10, 2 + 2 + 6))
    found = evaluate(log_posterior, theta, model.sampled_.data)
    expected = np.array([_with_sites(t, X.to_numpy(), y) for t in theta])
    np.testing.assert_allclose(found - found[0], expected - expected[0], atol=1e-9)


def _with_sites(theta, rows, y):
    """Effects are normal given SDs, SDs half-normal; the sign of an SD flips that of its effects
    and means nothing.
    """
    sd = 0.5 * theta[2:4]
    effects = theta[4:].reshape(3, 2)
    coefficient = theta[:2] + sd * effects[rows[:, 1]]
    risk = expit(coefficient[:, 0] + coefficient[:, 1] * rows[:, 0])
    prior = stats.norm.logpdf(theta[0], logit(0.01), 2.5) + stats.norm.logpdf(theta[1], 0, 2)
    spread = stats.halfnorm.logpdf(np.abs(sd), scale=0.5).sum()
    return prior + spread + stats.norm.logpdf(effects).sum() + stats.bernoulli.logpmf(y, risk).sum()


@pytest.mark.parametrize("shift", [0.0, np.log(2)])
@pytest.mark.parametrize("rates", [None, (0.9, 0.995)])
def test_recorded_outcomes_depend_on_verification_and_on_the_errors_of_the_standard(shift, rates):
    model = fitted("weak", method="laplace", verification_shift=shift, reference_standard=rates)
    axes = [axis.ravel() for axis in grid(12)]
    found = evaluate(log_posterior, np.column_stack(axes), model.sampled_.data)
    risk = expit(np.stack([axes[0], axes[0] + axes[1]], axis=1) + shift)
    sensitivity, specificity = rates or (1.0, 1.0)
    recorded = sensitivity * risk + (1 - specificity) * (1 - risk)
    likelihood = (xlogy(EVENTS, recorded) + xlogy(PATIENTS - EVENTS, 1 - recorded)).sum(axis=1)
    expected = (
        likelihood + stats.norm.logpdf(axes[0], logit(0.01), 2.5) + stats.norm.logpdf(axes[1], 0, 2)
    )
    np.testing.assert_allclose(found - found[0], expected - expected[0], atol=1e-9)


def test_errors_that_are_estimated_have_the_beta_distribution_of_their_study():
    model = fitted(
        "weak", method="laplace", reference_standard=Accuracy.from_counts(90, 5, 10, 1995)
    )
    rng = np.random.default_rng(4)
    theta = np.column_stack(
        [
            rng.normal(-5, 0.5, 15),
            rng.normal(1, 1, 15),
            rng.normal(2, 0.3, 15),
            rng.normal(6, 0.3, 15),
        ]
    )
    found = evaluate(log_posterior, theta, model.sampled_.data)
    sensitivity = expit(theta[:, 2])
    specificity = expit(theta[:, 3])
    risk = expit(np.stack([theta[:, 0], theta[:, 0] + theta[:, 1]], axis=1))
    recorded = sensitivity[:, None] * risk + (1 - specificity[:, None]) * (1 - risk)
    expected = stats.binom.logpmf(EVENTS, PATIENTS, recorded).sum(axis=1)
    expected += stats.norm.logpdf(theta[:, 0], logit(0.01), 2.5) + stats.norm.logpdf(
        theta[:, 1], 0, 2
    )
    for rate, right, wrong in ((sensitivity, 90.5, 10.5), (specificity, 1995.5, 5.5)):
        expected += stats.beta.logpdf(rate, right, wrong) + np.log(rate * (1 - rate))
    np.testing.assert_allclose(found - found[0], expected - expected[0], atol=1e-8)
