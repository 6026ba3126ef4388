from __future__ import annotations

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pandas as pd
import pytest
from scipy import stats
from scipy.special import expit, logit

from backpain_risk import load_evidence, pool_accuracy
from backpain_risk.evidence.pooling import accuracy_by_sampling as bayesian_pooling
from backpain_risk.evidence.pooling.accuracy_by_sampling import (
    _study_effects,
    log_density,
    posterior_inputs,
    unpack,
    with_empty_studies,
)
from backpain_risk.evidence.pooling.study_counts import StudyCounts
from backpain_risk.numerics.sampling import nuts
from backpain_risk.numerics.sampling.diagnostics import SamplingWarning

pytestmark = pytest.mark.recovery

K = 5
SETS = 300
DRAWS = 99
THIN = 4


# --- simulation-based calibration: 300 truths from the prior, five small studies each, all
# posteriors in one program


def prior_draw(rng, spread_scale):
    mean = rng.logistic(size=2)
    tau = spread_scale * np.abs(rng.standard_normal(2))
    correlation = 2 * rng.beta(2, 2) - 1
    between = np.diag(tau) @ [[1, correlation], [correlation, 1]] @ np.diag(tau)
    theta = mean + rng.standard_normal((K, 2)) @ np.linalg.cholesky(between).T
    return mean, tau, correlation, theta


def simulated(spread_scale, seed):
    """Quantities of each truth (sets, 7), and the inputs of its posterior."""
    rng = np.random.default_rng(seed)
    truths = []
    inputs = []
    size = np.array(
        [[12, 40], [30, 150], [5, 80], [0, 60], [25, 0]], dtype=float
    )  # two studies of one arm
    for _ in range(SETS):
        mean, tau, correlation, theta = prior_draw(rng, spread_scale)
        positive = rng.binomial(size.astype(int), expit(theta)).astype(float)
        counts = StudyCounts(
            labels=tuple("abcde"), positive=positive, size=size, design=np.ones((K, 1))
        )
        inputs.append(posterior_inputs(counts))
        truths.append(quantities(mean, np.log(tau), correlation, theta, positive, size))
    return np.array(truths), inputs


def quantities(mean, log_tau, correlation, theta, positive, size):
    """Means, spreads, correlation, log LR+ of the summary point, log likelihood."""
    likelihood = jnp.sum(positive * theta - size * jax.nn.softplus(theta))
    ratio = jax.nn.log_sigmoid(mean[0]) - jax.nn.log_sigmoid(mean[1])
    return jnp.array([*mean, *log_tau, correlation, ratio, likelihood])


def drawn(parameters, data):
    positive, size, _, observed_logit, information = data
    coefficients, log_tau, correlation, z = unpack(parameters, K, 1)
    mean = jnp.broadcast_to(coefficients, (K, 2))
    theta = _study_effects(mean, jnp.exp(log_tau), correlation, z, observed_logit, information)[0]
    return quantities(coefficients[0], log_tau, correlation, theta, positive, size)


def sampled(inputs):
    """Draws of the quantities, (sets, draws, 7); ten posteriors at a time, which wait for each
    other.
    """
    parts = [_sampled(inputs[i : i + 10], np.random.SeedSequence(i)) for i in range(0, SETS, 10)]
    return np.concatenate(parts)


def _sampled(inputs, seed):
    data = tuple(np.stack([given[0][i] for given in inputs]) for i in range(5))
    start = np.stack([given[1] for given in inputs])
    scale = np.stack([given[2] for given in inputs])
    draws = nuts.sample_many(
        log_density, data, start, scale, seed=seed, draws=DRAWS * THIN, warmup=200
    )
    with jax.enable_x64(True):
        return np.asarray(_quantities(draws.parameters[:, THIN - 1 :: THIN], data))


@jax.jit
def _quantities(parameters, data):
    return jax.vmap(jax.vmap(drawn, in_axes=(0, None)))(parameters, data)


def p_values(truths, draws):
    """Chi-squared test of uniform ranks in 20 bins, per quantity."""
    ranks = (draws < truths[:, None]).sum(axis=1)
    bins = np.apply_along_axis(np.bincount, 0, ranks // 5, minlength=20)
    return stats.chisquare(bins).pvalue


@pytest.mark.slow
def test_posteriors_are_calibrated_to_the_prior():
    """Seven quantities, zero cells and empty arms included; chance fails one of them in a
    thousand times.
    """
    truths, inputs = simulated(1.0, seed=7)
    assert p_values(truths, sampled(inputs)).min() > 0.001 / 7


@pytest.mark.slow
def test_calibration_sees_a_spread_prior_of_the_wrong_scale():
    """Truths with half-normal(0, 2.5) spreads against the model's half-normal(0, 1)."""
    truths, inputs = simulated(2.5, seed=7)
    assert p_values(truths, sampled(inputs))[2:4].max() < 1e-6


# --- agreement


@pytest.fixture(scope="module")
def large():
    """Forty studies of thousands, half of them late, with a lower sensitivity."""
    rng = np.random.default_rng(11)
    late = np.tile([0, 1], 20)
    mean = np.column_stack([1.2 - 0.5 * late, -2.2 + 0 * late])
    p = expit(mean + rng.standard_normal((40, 2)) @ np.linalg.cholesky([[0.5, 0.2], [0.2, 0.4]]).T)
    n = rng.integers([800, 2000], [1500, 6000], (40, 2))
    x = rng.binomial(n, p)
    counts = pd.DataFrame(
        {"tp": x[:, 0], "fp": x[:, 1], "fn": (n - x)[:, 0], "tn": (n - x)[:, 1], "late": late}
    )
    return pool_accuracy(counts, "reml", "late"), pool_accuracy(counts, "bayes", "late", rng=1)


def test_large_studies_agree_with_reml(large):
    """Coefficients within four Monte Carlo errors (ESS 2 000) plus 0.15 standard errors for the
    priors.
    """
    reml, bayes = large
    error = reml.coefficients.standard_error
    gap = np.abs(bayes.coefficients.estimate - reml.coefficients.estimate)
    assert (gap < (4 / np.sqrt(2000) + 0.15) * error).all()
    np.testing.assert_allclose(bayes.coefficients.standard_error, error, rtol=0.1)
    np.testing.assert_allclose(bayes.tau, reml.tau, rtol=0.05)
    assert bayes.correlation == pytest.approx(reml.correlation, abs=0.05)
    assert bayes.diagnostics.problems == ()


def test_a_covariate_moves_the_summary_by_sampling_too(large):
    reml, bayes = large
    assert bayes.covariate_test is None
    for late in (0, 1):
        assert bayes.at(late).sensitivity.value == pytest.approx(
            reml.at(late).sensitivity.value, abs=0.02
        )


# --- few studies, zero cells, one arm


@pytest.fixture(scope="module")
def history():
    """The walk-in study (4 of 13) and 47 of 1 172 without any cancer."""
    rows = load_evidence().rows("history_of_cancer")
    rows = rows[rows.study.isin(["deyo_diehl_1988", "henschke_2009"])]
    return pool_accuracy(rows, "bayes", rng=3)


def test_two_studies_one_without_cancers_are_enough(history):
    assert history.studies.observed.tolist() == [[True, True], [False, True]]
    assert history.sensitivity.low < 4 / 13 < history.sensitivity.high
    assert history.specificity.value == pytest.approx(0.965, abs=0.01)
    assert history.sensitivity.kind == "credible"
    assert np.isnan(history.log_likelihood)
    assert (
        history.to_frame().loc["lr_positive", "low"] < history.to_frame().loc["lr_positive", "high"]
    )


def test_a_seed_gives_the_same_draws(history):
    again = pool_accuracy(history.studies.to_frame()[["tp", "fp", "fn", "tn"]], "bayes", rng=3)
    np.testing.assert_array_equal(again.draws.tau, history.draws.tau)


def test_draws_for_a_new_setting_are_wider_than_those_of_the_mean(history):
    new = logit(history.draw(20_000, rng=1).sensitivity)
    mean = history.draws.coefficients[:, 0, 0]
    assert np.quantile(new, 0.05) < np.quantile(mean, 0.05)
    between = history.draws.between
    np.testing.assert_allclose(np.sqrt(between[:, 1, 1]), history.draws.tau[:, 1])
    np.testing.assert_allclose(
        between[:, 0, 1], history.draws.correlation * history.draws.tau.prod(axis=1)
    )


def test_studies_without_patients_change_the_density_by_a_constant():
    positive = np.array([[4.0, 41.0], [0.0, 47.0]])
    size = np.array([[13.0, 1962.0], [0.0, 1172.0]])
    counts = StudyCounts(
        labels=("a", "b"), positive=positive, size=size, design=np.array([[1.0, 0.0], [1.0, 1.0]])
    )
    with jax.enable_x64(True):
        data = posterior_inputs(counts)[0]
        padded = posterior_inputs(with_empty_studies(counts))[0]
        points = np.random.default_rng(1).normal(scale=0.7, size=(5, 2 * 2 + 3 + 2 * 2))
        filled = np.pad(points, ((0, 0), (0, 2 * 6)))  # the effects of six more studies, at zero
        gaps = [
            log_density(b, padded) - log_density(a, data)
            for a, b in zip(points, filled, strict=True)
        ]
    assert len(padded[0]) == 8
    np.testing.assert_allclose(gaps, gaps[0], atol=1e-9)


def test_zero_cells_need_no_correction():
    counts = pd.DataFrame([(0, 0, 5, 50), (0, 1, 3, 40)], columns=["tp", "fp", "fn", "tn"])
    pooled = pool_accuracy(counts, "bayes", rng=1)
    assert "added" not in pooled.title
    assert 0 < pooled.sensitivity.low < pooled.sensitivity.high < 0.5


@pytest.mark.contract
def test_draws_that_do_not_pass_the_checks_warn(monkeypatch):
    honest = bayesian_pooling.diagnose
    monkeypatch.setattr(
        bayesian_pooling,
        "diagnose",
        lambda *given: replace(honest(*given), problems=("R-hat 1.3",)),
    )
    counts = pd.DataFrame([(0, 0, 5, 50), (0, 1, 3, 40)], columns=["tp", "fp", "fn", "tn"])
    with pytest.warns(SamplingWarning, match=r"sampling: R-hat 1\.3\.") as caught:
        assert not pool_accuracy(counts, "bayes", rng=1).converged
    assert caught[0].filename == __file__
