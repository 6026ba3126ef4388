"""Do 95 % limits hold the truth 95 % of the time at a base rate of 1 %?"""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit, logit
from scipy.stats import norm

from backpain_risk import auroc, calibration_slope, decision_curve, observed_expected

N, REPLICATES, T = 20_000, 1000, 0.03


@pytest.fixture(scope="module")
def population():
    """400 equally common kinds of patients, on average 1 % malignant; the risks are too high and too extreme."""
    p = expit(-5.25 + 1.15 * norm.ppf((np.arange(400) + 0.5) / 400))
    return p, expit(0.9 + 1.2 * logit(p))


@pytest.fixture(scope="module")
def truth(population):
    p, risk = population
    others = 1 - p
    wins = p @ (np.cumsum(others) - others / 2)
    positive = risk >= T
    return {
        "observed_expected": p.sum() / risk.sum(),
        "calibration_slope": 1 / 1.2,
        "auroc": wins / (p.sum() * others.sum()),
        "net_benefit": (p[positive].sum() - others[positive].sum() * T / (1 - T)) / 400,
    }


def limits(outcome, risk, n):
    for measure in (observed_expected, calibration_slope, auroc):
        estimate = measure(outcome, risk, sample_weight=n)
        yield measure.__name__, estimate.low, estimate.high
    curve = decision_curve(outcome, risk, thresholds=[T], sample_weight=n)
    yield "net_benefit", curve.low[2, 0], curve.high[2, 0]


def test_limits_cover_the_truth_with_two_hundred_events(population, truth):
    """1 000 cohorts: coverage of 95 % has a standard error of 0.7 %, so 92 to 98 % is more than four of them."""
    p, risk = population
    rng = np.random.default_rng(1)
    outcome, both = np.repeat([1, 0], 400), np.tile(risk, 2)
    held = dict.fromkeys(truth, 0)
    for _ in range(REPLICATES):
        n = rng.multinomial(N, np.full(400, 1 / 400))
        events = rng.binomial(n, p)
        for name, low, high in limits(outcome, both, np.concatenate([events, n - events])):
            held[name] += int(low <= truth[name] <= high)
    for name, count in held.items():
        assert 0.92 <= count / REPLICATES <= 0.98, name
