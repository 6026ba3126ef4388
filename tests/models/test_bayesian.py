from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from backpain_risk import BayesianLogisticModel, LogisticModel, Prior, vocabulary
from backpain_risk.models.bayesian import SamplingWarning, log_posterior

FLAGS = list(vocabulary.RED_FLAGS)


@pytest.fixture(scope="module")
def fitted(cohort):
    return BayesianLogisticModel(random_state=1).fit(cohort.predictors[FLAGS], cohort.outcome)


def test_with_many_events_the_posterior_is_near_maximum_likelihood(fitted, cohort):
    result = LogisticModel().fit(cohort.predictors[FLAGS], cohort.outcome).result_
    table = fitted.summary()
    np.testing.assert_allclose(table["mean"], result.coefficient, atol=0.15 * result.standard_error.max())
    np.testing.assert_allclose(table["sd"], result.standard_error, rtol=0.08)
    assert fitted.diagnostics_.problems == ()


def test_the_risk_is_the_posterior_mean_of_the_draws(fitted, cohort):
    X = cohort.predictors[FLAGS].head(50)
    np.testing.assert_allclose(fitted.risk_draws(X).mean(axis=0), fitted.risk(X), rtol=1e-12)
    assert fitted.risk_draws(X, n_draws=10).shape == (10, 50)
    with pytest.raises(ValueError, match="n_draws must be 1 to 4000; got 5000"):
        fitted.risk_draws(X, n_draws=5000)


def test_draws_are_repeatable_by_seed(cohort):
    X, y = cohort.predictors[FLAGS[:3]].head(5000), cohort.outcome.head(5000)
    a, b, c = (BayesianLogisticModel(random_state=s).fit(X, y).risk(X) for s in (1, 1, 2))
    np.testing.assert_array_equal(a, b)
    assert np.abs(a - c).max() > 0


def test_separated_data_and_no_events_at_all_give_proper_risks():
    X = pd.DataFrame({"flag": np.repeat([0, 1], [900, 272])})
    none = BayesianLogisticModel(random_state=1).fit(X, np.zeros(1172))
    assert none.classes_.tolist() == [0, 1]
    assert 0 < none.risk(X).max() < 0.02
    separated = BayesianLogisticModel(random_state=1).fit(X, np.r_[np.zeros(1169), np.ones(3)])
    assert np.isfinite(separated.summary()["mean"]).all()
    assert 0 < separated.risk(X).max() < 0.1


def test_grouped_and_ungrouped_likelihood_have_one_log_posterior(cohort):
    import jax

    X, y = cohort.predictors[FLAGS].head(4000).to_numpy(float), cohort.outcome.head(4000).to_numpy(float)
    rows = np.column_stack([np.ones(len(X)), X])
    patterns, inverse = np.unique(rows, axis=0, return_inverse=True)
    events, n = np.bincount(inverse, y), np.bincount(inverse).astype(float)
    prior = (np.zeros(10), np.eye(10) / 2)
    with jax.enable_x64(True):
        for beta in np.random.default_rng(1).normal(-1, 1, (5, 10)):
            single = float(log_posterior(beta, (rows, y, np.ones(len(y)), *prior)))
            grouped = float(log_posterior(beta, (patterns, events, n, *prior)))
            assert grouped == pytest.approx(single, abs=1e-9)


def test_the_prior_is_stated_on_readable_scales():
    prior = Prior(intercept=(-4.6, 1.0), slopes={"age": (0.5, 0.3)}, name="mine")
    mean, covariance = prior.moments(("intercept", "age", "flag"), np.array([50.0, 0.0]), np.array([10.0, 1.0]))
    np.testing.assert_allclose(mean, [-4.6 - 50 * 0.05, 0.05, 0.0])
    np.testing.assert_allclose(np.diag(covariance), [1 + (50 * 0.03) ** 2, 0.03**2, 4.0])
    with pytest.raises(ValueError, match="prior of age must be a finite mean and a positive sd"):
        Prior(slopes={"age": (0.0, 0.0)})
    with pytest.raises(ValueError, match="prior must be one of 'weak'; got 'strong'"):
        BayesianLogisticModel(prior="strong").fit([[0], [1]], [0, 1])


def test_draws_that_fail_their_checks_end_in_one_warning(cohort):
    with pytest.warns(SamplingWarning, match="ESS down to"):
        BayesianLogisticModel(draws=20, chains=2, random_state=1).fit(cohort.predictors[FLAGS[:2]], cohort.outcome)
