"""Limits and tests of separated data against maxima found by another optimiser on all the data."""

from __future__ import annotations

import warnings
from dataclasses import replace

import numpy as np
import pytest
from scipy import optimize, stats
from scipy.special import expit

from backpain_risk import LogisticModel, load_model, save_model, simulate_cohort, vocabulary
from backpain_risk.models.logistic.model import ConvergenceWarning, SeparationWarning

pytestmark = pytest.mark.identity

FLAGS = list(vocabulary.FINDINGS)
DROP = stats.chi2.ppf(0.95, 1)
SEEDS = range(1, 19)


def fitted(X, y, **options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SeparationWarning)
        return LogisticModel(**options).fit(X, y)


def red_flags(scenario, seed):
    cohort = simulate_cohort(scenario, [300, 500, 700, 1000][seed % 4], seed=seed)
    X = cohort.predictors[FLAGS]
    return X.loc[:, X.nunique() > 1], cohort.outcome


@pytest.fixture(scope="module")
def separated(scenario):
    """Fits of the nine red flags in 300 to 1000 patients, nearly all of them separated."""
    drawn = (red_flags(scenario, seed) for seed in SEEDS)
    models = [fitted(X, y) for X, y in drawn if y.sum() > 1]
    return [model.result_ for model in models if model.result_.separation is not None]


def supremum(whole, held, value):
    """Largest log likelihood with one coefficient held: SciPy's trust region on every pattern,
    from zero.
    """
    others = np.arange(whole.X.shape[1]) != held
    X = whole.X[:, others]
    offset = whole.X[:, held] * value

    def cost(beta):
        eta = X @ beta + offset
        slope = X.T @ (whole.n * expit(eta) - whole.events)
        return whole.n @ np.logaddexp(0, eta) - whole.events @ eta, slope

    def curvature(beta):
        risk = expit(X @ beta + offset)
        return X.T @ ((whole.n * risk * (1 - risk))[:, None] * X)

    options = {"maxiter": 3000, "gtol": 1e-9, "max_trust_radius": 50.0}
    start = np.zeros(X.shape[1])
    return -optimize.minimize(
        cost, start, jac=True, hess=curvature, method="trust-exact", options=options
    ).fun


@pytest.mark.recovery
def test_most_small_cohorts_are_separated(separated):
    assert len(separated) >= 14


def test_finite_limits_are_where_another_optimiser_finds_the_drop(separated):
    checked = 0
    for result in separated:
        whole = result.fit.whole
        best = result.log_likelihood
        for j, ends in enumerate(result.conf_int().to_numpy()):
            for limit in ends[np.isfinite(ends)]:
                assert 2 * (best - supremum(whole, j, limit)) == pytest.approx(DROP, abs=1e-6)
                checked += 1
    assert checked > 220


def test_a_limit_is_infinite_only_where_the_profile_stays_high(separated):
    for result in separated[:4]:
        whole = result.fit.whole
        best = result.log_likelihood
        for j, (low, high) in enumerate(result.conf_int().to_numpy()):
            start = low if np.isfinite(low) else high if np.isfinite(high) else 0.0
            for limit in (low, high):
                if np.isinf(limit):
                    assert 2 * (best - supremum(whole, j, start + np.copysign(12.0, limit))) < DROP


def test_tests_of_infinite_coefficients_compare_two_suprema(separated):
    for result in separated[:4]:
        statistic = result.likelihood_ratio_tests().chi_squared.to_numpy()
        for j in np.flatnonzero(np.isinf(result.coefficient)):
            expected = 2 * (result.log_likelihood - supremum(result.fit.whole, j, 0.0))
            assert statistic[j] == pytest.approx(expected, abs=1e-6)


def test_every_separated_fit_can_be_shown_and_saved(scenario, separated, tmp_path):
    for result in separated:
        assert not result.to_frame()[["low", "high"]].isna().any(axis=None)
        assert "separated" in result._repr_html_()
    X, y = red_flags(scenario, 4)
    for penalty in (None, "firth"):
        model = fitted(X, y, penalty=penalty)
        save_model(model, tmp_path / "model.json")
        loaded = load_model(tmp_path / "model.json")
        np.testing.assert_array_equal(loaded.result_.to_frame(), model.result_.to_frame())


def test_limits_depend_on_nothing_asked_before(scenario):
    X, y = red_flags(scenario, 4)
    asked = fitted(X, y).result_
    fresh = fitted(X, y).result_
    for level in (0.5, 0.99, 0.8):
        asked.conf_int(level)
    np.testing.assert_array_equal(asked.conf_int(), fresh.conf_int())
    shuffled = np.random.default_rng(1).permutation(len(X))
    again = fitted(X.iloc[shuffled], y.iloc[shuffled]).result_
    np.testing.assert_allclose(again.conf_int(), fresh.conf_int(), atol=1e-7)


def test_a_coefficient_that_separation_leaves_free_is_nan_with_infinite_limits():
    """Any intercept does: the slope alone tells events from non-events."""
    result = fitted([[-2], [-1], [1], [2]], [0, 0, 1, 1]).result_
    assert np.isnan(result.coefficient[0])
    np.testing.assert_array_equal(result.conf_int().loc["intercept"], [-np.inf, np.inf])
    assert result.likelihood_ratio_tests().loc["intercept"].tolist() == [0, 1]


def test_the_limit_of_a_separating_flag_is_the_exact_one():
    """Two cells: all 3 with the flag are events, 5 of 10 without; 3 log(1 + exp(-a - b)) rises
    to DROP / 2 with the intercept a refitted, which one equation in each unknown states.
    """
    X = [[0]] * 10 + [[1]] * 3
    y = [0, 1] * 5 + [1] * 3
    low = fitted(X, y).result_.conf_int().loc["x0", "low"]

    def profile(b):
        score = optimize.brentq(lambda a: 8 - 10 * expit(a) - 3 * expit(a + b), -20, 20, xtol=1e-14)
        return 8 * score + 3 * b - 10 * np.logaddexp(0, score) - 3 * np.logaddexp(0, score + b)

    best = 10 * np.log(0.5)
    assert low == pytest.approx(
        optimize.brentq(lambda b: 2 * (best - profile(b)) - DROP, -5, 5), abs=1e-8
    )


def test_firth_converges_quadratically_where_data_are_separated(scenario):
    for seed in SEEDS:
        X, y = red_flags(scenario, seed)
        if y.sum() > 1:
            result = fitted(X, y, penalty="firth", correction="none").result_
            assert result.converged
            assert result.n_iterations < 25
            assert np.abs(result.fit.objective(result.coefficient).gradient).max() < 1e-10


def test_a_fit_without_convergence_has_no_profile_limits(scenario):
    X, y = red_flags(scenario, 3)
    result = fitted(X, y, penalty="firth").result_
    stopped = replace(
        result, fit=replace(result.fit, maximum=replace(result.fit.maximum, converged=False))
    )
    with pytest.warns(
        ConvergenceWarning, match="profile limits of .* cannot be determined and are NaN"
    ):
        limits = stopped.conf_int()
    assert limits.drop("intercept").isna().all(axis=None)
    with pytest.warns(ConvergenceWarning):
        text = str(replace(stopped).summary())
    assert "Not determined for intercept, " not in text
    assert "limits. Not determined for age_50_or_over, " in text
