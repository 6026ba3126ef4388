from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import multivariate_normal, norm

from backpain_risk import decision_curve
from backpain_risk.measures.decision.value_of_information import _both_below, expected_maximum

pytestmark = pytest.mark.recovery


def one(*values):
    return expected_maximum(*(np.array([float(x)]) for x in values))[0]


@pytest.mark.reference
@pytest.mark.parametrize("rho", [-0.95, -0.3, 0.0, 0.6, 0.99])
@pytest.mark.parametrize(
    ("h", "k"), [(0.4, -1.2), (-0.7, -0.1), (1.5, 0.8), (0.0, 0.5), (0.0, 0.0)]
)
def test_bivariate_normal_probabilities_agree_with_scipy(h, k, rho):
    ours = _both_below(np.array(h), np.array(k), np.array(rho), np.sqrt(1 - rho**2))
    assert ours == pytest.approx(
        multivariate_normal.cdf([h, k], cov=[[1, rho], [rho, 1]]), abs=1e-8
    )


@pytest.mark.parametrize(
    ("mean_a", "mean_b", "sd_a", "sd_b", "rho"),
    [(0.1, -0.1, 1, 2, 0.5), (0, 0, 1, 1, 0), (-0.2, 0.1, 1, 0.5, -0.9), (0.5, 0.4, 1, 1, 0.999)],
)
def test_the_expected_maximum_agrees_with_simulation(mean_a, mean_b, sd_a, sd_b, rho):
    """A million draws have a standard error below 0.0015."""
    z = np.random.default_rng(1).standard_normal((1_000_000, 2))
    a = mean_a + sd_a * z[:, 0]
    b = mean_b + sd_b * (rho * z[:, 0] + np.sqrt(1 - rho**2) * z[:, 1])
    simulated = np.maximum(0, np.maximum(a, b)).mean()
    assert one(mean_a, mean_b, sd_a, sd_b, rho * sd_a * sd_b) == pytest.approx(simulated, abs=0.005)


@pytest.mark.identity
def test_degenerate_spreads_are_limits():
    alone = 0.3 * norm.cdf(0.3) + norm.pdf(0.3)
    assert one(0.3, 0.3, 1, 1, 1) == pytest.approx(alone, abs=1e-6)  # two names for one strategy
    assert one(0.3, 0, 1, 0, 0) == pytest.approx(
        alone, abs=1e-6
    )  # the other one is certain to be worth 0
    assert one(0, 0, 0, 0, 0) == pytest.approx(0, abs=1e-12)
    assert one(0.2, 0.1, 0, 0, 0) == pytest.approx(0.2)


@pytest.fixture(scope="module")
def uncertain():
    rng = np.random.default_rng(4)
    risk = rng.beta(1, 20, 800)
    return (rng.random(800) < risk).astype(int), risk


@pytest.mark.parametrize("options", [{}, {"policy": "opt-out"}, {"prevalence": 0.03}])
def test_the_value_of_a_validation_agrees_with_the_bootstrap(uncertain, options):
    """4 000 resamples; the normal approximation and Monte Carlo error leave about a tenth."""
    grid = [0.02, 0.05, 0.1]
    normal = decision_curve(*uncertain, thresholds=grid, **options).evpi()
    drawn = decision_curve(*uncertain, thresholds=grid, n_resamples=4000, rng=1, **options).evpi()
    assert list(normal.columns) == ["model", "threshold", "evpi"]
    largest = normal.evpi.max()
    assert largest > 0
    np.testing.assert_allclose(normal.evpi, drawn.evpi, atol=0.15 * largest)


@pytest.mark.identity
def test_perfect_information_is_never_worth_less_than_nothing(uncertain):
    evpi = decision_curve(*uncertain).evpi().evpi
    assert evpi.min() > -1e-12
    more = decision_curve(np.tile(uncertain[0], 50), np.tile(uncertain[1], 50)).evpi().evpi
    assert more.max() < evpi.max() / 5
