from __future__ import annotations

import numpy as np
import pytest

from backpain_risk.numerics.resampling import resamples

pytestmark = pytest.mark.identity


@pytest.mark.parametrize(
    "counts",
    [[1, 1, 2, 3, 0, 40, 1000], [1, 1, 1, 12], [500.0, 300.0], [0.5, 1, 2.5, 100]],
)
def test_resamples_have_the_moments_of_the_multinomial(counts):
    """20 000 resamples; means and covariances within five standard errors."""
    counts = np.array(counts, dtype=np.float64)
    rng = np.random.default_rng(1)
    drawn = np.array(list(resamples(counts, 20_000, rng)))
    n = round(counts.sum())
    share = counts / counts.sum()
    covariance = n * (np.diag(share) - np.outer(share, share))
    assert set(drawn.sum(axis=1)) == {n}
    error = np.sqrt(covariance.diagonal() / len(drawn)) + 1e-12
    assert (np.abs(drawn.mean(axis=0) - n * share) <= 5 * error).all()
    spread = (
        np.sqrt(np.outer(covariance.diagonal(), covariance.diagonal()) * 2 / len(drawn)) + 1e-12
    )
    assert (np.abs(np.cov(drawn.T) - covariance) <= 5 * spread).all()


def test_parts_of_a_patient_are_not_drawn():
    """Their sum was rounded without a word."""
    with pytest.raises(
        ValueError,
        match="sample_weight must add up to a whole number of patients to be resampled; got",
    ):
        next(resamples(np.array([1.5, 2.2]), 1, np.random.default_rng(1)))
