from __future__ import annotations

import numpy as np
import pytest
from scipy import integrate, stats
from scipy.special import expit, logit

from backpain_risk import Estimate, load_evidence, pool_prevalence, post_test
from backpain_risk.evidence.pooling.binomial_normal import BinomialCounts

pytestmark = pytest.mark.identity

RARE = ([13, 0, 1, 1], [1975, 1172, 471, 1353])


def counts(events, n):
    return BinomialCounts(events=np.asarray(events, float), n=np.asarray(n, float))


@pytest.mark.reference
@pytest.mark.parametrize("name", ["rare", "common", "alike"])
def test_lme4_agrees_on_the_exact_likelihood(peers, name):
    case = peers["prevalence"][name]
    pooled = pool_prevalence(case["events"], case["n"], "ml")
    assert logit(pooled.value) == pytest.approx(case["mean"], abs=2e-5)
    assert pooled.tau == pytest.approx(case["tau"], abs=2e-5)
    error = (logit(pooled.high) - logit(pooled.low)) / (2 * stats.norm.ppf(0.975))
    assert error == pytest.approx(case["standard_error"], rel=1e-4)


@pytest.mark.reference
def test_large_studies_agree_with_metafors_normal_reml(peers):
    """With thousands of events the logits are nearly normal; the plain ML spread is 6 % smaller."""
    case = peers["prevalence_large"]
    pooled = pool_prevalence(case["events"], case["n"])
    assert logit(pooled.value) == pytest.approx(case["mean"], abs=0.002)
    assert pooled.tau == pytest.approx(case["tau"], rel=0.01)
    assert pool_prevalence(case["events"], case["n"], "ml").tau < 0.95 * pooled.tau


def test_the_likelihood_is_the_integral():
    data = counts([0, 3, 40], [100, 50, 60])
    mean = -2.0
    tau = 1.3

    def one(x, n):
        def integrand(z):
            return stats.binom.pmf(x, n, expit(mean + tau * z)) * stats.norm.pdf(z)

        return np.log(integrate.quad(integrand, -12, 12, epsabs=1e-14, limit=200)[0])

    expected = sum(one(x, n) for x, n in zip(data.events, data.n, strict=True))
    assert float(data.log_likelihood(mean, tau)) == pytest.approx(expected, abs=1e-7)


def test_without_spread_the_likelihood_is_binomial():
    data = counts([0, 3, 40], [100, 50, 60])
    expected = stats.binom.logpmf(data.events, data.n, 0.2).sum()
    assert float(data.log_likelihood(logit(0.2), 0.0)) == pytest.approx(expected)


def test_a_study_without_events_counts():
    """0 of 1 172 pulls the base rate down and widens the spread."""
    with_it = pool_prevalence(*RARE)
    without = pool_prevalence([13, 1, 1], [1975, 471, 1353])
    assert with_it.value < without.value
    assert 0 < with_it.low < with_it.high < 1


def test_the_restricted_likelihood_is_integrated_over_the_mean():
    data = counts([5, 9, 30], [120, 80, 300])
    tau = 0.4
    means = np.linspace(-6, 2, 4001)
    expected = np.log(np.trapezoid(np.exp(data.log_likelihood(means, tau)), means))
    assert data.integrated_log_likelihood(tau) == pytest.approx(
        expected - np.log(2 * np.pi) / 2, abs=1e-5
    )


def test_the_order_of_the_studies_does_not_matter():
    a = pool_prevalence(*RARE)
    b = pool_prevalence([1, 13, 1, 0], [471, 1975, 1353, 1172])
    assert a.value == pytest.approx(b.value, rel=1e-6)
    assert a.tau == pytest.approx(b.tau, rel=1e-6)


def test_counting_the_others_mirrors_the_result():
    events = np.array([5, 9, 30, 2])
    n = np.array([120, 80, 300, 45])
    a = pool_prevalence(events, n)
    b = pool_prevalence(n - events, n)
    assert a.low == pytest.approx(1 - b.high, rel=1e-5)


def test_the_result_is_an_estimate_that_a_post_test_probability_can_start_from():
    base_rate = pool_prevalence(*RARE, "ml")
    assert isinstance(base_rate, Estimate)
    after = post_test(load_evidence().finding("history_of_cancer"), base_rate, rng=1)
    assert after.pretest.low == pytest.approx(base_rate.low, rel=0.1)


@pytest.mark.contract
def test_disjoint_base_rates_are_pooled_and_a_review_that_contains_them_is_refused():
    rates = load_evidence().prevalence.query(
        "setting in ['primary_care', 'walk_in', 'primary_care_pooled']"
    )
    rates = rates[rates.events.notna() & (rates.study != "suarez_almazor_1997")]
    with pytest.raises(
        ValueError,
        match="studies must not share patients; got henschke_2009, which overlaps with coch",
    ):
        pool_prevalence(rates.events, rates.n, study=rates.study, overlaps_with=rates.overlaps_with)
    told = {"study": rates.study, "overlaps_with": rates.overlaps_with, "allow_overlap": True}
    assert pool_prevalence(rates.events, rates.n, **told).n_studies == 5
    apart = rates[rates.study != "cochrane_2013"]
    assert sorted(apart.events) == sorted(RARE[0])
    pooled = pool_prevalence(
        apart.events, apart.n, study=apart.study, overlaps_with=apart.overlaps_with
    )
    assert pooled.value == pytest.approx(pool_prevalence(*RARE).value, rel=1e-5)


def grid_posterior(events, n):
    """Posterior of the base rate on a grid: uniform median rate, half-normal spread, exact
    likelihood.
    """
    data = counts(events, n)
    means = np.linspace(-9, 3, 481)
    taus = np.linspace(0.005, 4, 160)
    log = np.array([data.log_likelihood(means, tau) - tau**2 / 2 for tau in taus])
    weight = np.exp(log - log.max()) * expit(means) * expit(-means)
    p = weight.sum(axis=0)
    spread = weight.sum(axis=1)
    return (
        np.interp([0.1, 0.5, 0.9], np.cumsum(p) / p.sum(), means),
        np.interp(0.5, np.cumsum(spread) / spread.sum(), taus),
    )


@pytest.mark.reference
def test_sampling_agrees_with_the_posterior_on_a_grid():
    """The median of the mean logit within 0.06, its 80 % limits within 0.15: four Monte Carlo
    errors of 1 500 draws.
    """
    events = [6, 0, 2]
    n = [300, 150, 90]
    pooled = pool_prevalence(events, n, "bayes", rng=4, level=0.8)
    (low, middle, high), tau = grid_posterior(events, n)
    np.testing.assert_allclose(
        logit([pooled.low, pooled.value, pooled.high]), [low, middle, high], atol=0.15
    )
    assert logit(pooled.value) == pytest.approx(middle, abs=0.06)
    assert pooled.tau == pytest.approx(tau, abs=0.06)
    assert pooled.prediction.low < pooled.low
    assert pooled.prediction.high > pooled.high
    assert pooled.kind == "credible"


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ({"study": ["a", "b", "a", "c"]}, "study must not repeat; got a more than once"),
        ({"study": ["a", "b"]}, "must have the same length; got events 4, study 2"),
        (
            {"study": list("abcd"), "overlaps_with": ["b"]},
            "must have the same length; got events 4, overlaps_with 1",
        ),
        ({"overlaps_with": [""] * 4}, "study must come with overlaps_with"),
    ],
)
def test_labels_of_studies_are_checked(labels, message):
    with pytest.raises(ValueError, match=message):
        pool_prevalence(*RARE, **labels)


@pytest.mark.contract
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([1], [10]), "events must hold at least two studies for random effects; got 1"),
        (([1, -2], [10, 10]), "events must be a whole number of patients, 0 or more"),
        (([1, 0.5], [10, 10]), "events must be a whole number of patients, 0 or more"),
        (([1, 2], [10, 0]), "n must be a whole number of patients, 1 or more"),
        (([1, 11], [10, 10]), "events must not exceed n"),
        (([1, 2], [10]), "must have the same length; got events 2, n 1"),
        (
            ([0, 0], [10, 10]),
            "some patients with and some without the disease for method='reml'; got 0 of 20",
        ),
        (([1, 2], [10, 10], "mle"), "method must be one of"),
        (([1, 2], [10, 10], "bayes"), "rng must be given"),
    ],
)
def test_bad_input_is_told_in_a_sentence(arguments, message):
    with pytest.raises(ValueError, match=message):
        pool_prevalence(*arguments)


@pytest.mark.contract
def test_limits_exist_where_the_likelihood_has_no_peak_in_mean_and_spread():
    """A study without events and a base rate that varies: the joint curvature is indefinite at
    the restricted spread.
    """
    found = pool_prevalence([21, 5, 0], [6622, 900, 1172])
    assert 0 < found.low < found.value < found.high < 0.05
