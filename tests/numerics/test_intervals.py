from __future__ import annotations

import numpy as np
import pytest
from scipy import optimize, stats
from scipy.special import xlog1py, xlogy
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint

from backpain_risk.numerics.intervals import (
    median_and_limits,
    normal_quantile,
    percentile_limits,
    proportion_interval,
    score_ratio_interval,
    t_quantile,
    tails,
)

pytestmark = pytest.mark.identity

STATSMODELS = {"wilson": "wilson", "clopper_pearson": "beta", "jeffreys": "jeffreys"}


@pytest.mark.reference
@pytest.mark.parametrize("method", STATSMODELS)
@pytest.mark.parametrize(("events", "n"), [(4, 13), (41, 1962), (1, 9), (12, 13)])
def test_limits_agree_with_statsmodels(method, events, n):
    ours = proportion_interval(events, n, method)
    np.testing.assert_allclose(
        ours, proportion_confint(events, n, method=STATSMODELS[method]), rtol=1e-10
    )


@pytest.mark.parametrize("method", STATSMODELS)
def test_no_events_and_all_events_reach_the_ends(method):
    low, high = proportion_interval([0, 13], [13, 13], method)
    assert low[0] == 0
    assert high[1] == 1
    assert 0 < high[0] < 0.35
    assert 0.65 < low[1] < 1


def test_no_patients_have_no_limits():
    assert np.isnan(proportion_interval(0, 0)).all()


@pytest.mark.contract
def test_unknown_methods_are_refused():
    with pytest.raises(
        ValueError,
        match="interval must be one of 'wilson', 'clopper_pearson', 'jeffreys'; got 'exact'",
    ):
        proportion_interval(1, 2, "exact")


INNER = [(4, 13, 41, 1962), (9, 13, 1921, 1962), (10, 13, 569, 1962), (1, 9, 1, 1000)]
EDGES = [
    (13, 13, 785, 1962),
    (0, 13, 10, 100),
    (5, 13, 0, 100),
    (3, 13, 100, 100),
    (13, 13, 100, 100),
]


@pytest.mark.reference
@pytest.mark.parametrize("cells", INNER)
def test_score_limits_of_a_ratio_agree_with_statsmodels(cells):
    peer = confint_proportions_2indep(*cells, method="score", compare="ratio", correction=False)
    np.testing.assert_allclose(score_ratio_interval(*cells)[1:], peer, rtol=1e-6)


def constrained_statistic(ratio, x1, n1, x2, n2):
    """Score statistic with the constrained proportions found by brute force."""

    def loss(p2):
        return -(
            xlogy(x1, ratio * p2)
            + xlog1py(n1 - x1, -ratio * p2)
            + xlogy(x2, p2)
            + xlog1py(n2 - x2, -p2)
        )

    top = min(1.0, 1 / ratio)
    p2 = optimize.minimize_scalar(
        loss, bounds=(0, top), method="bounded", options={"xatol": 1e-13}
    ).x
    p1 = ratio * p2
    variance = p1 * (1 - p1) / n1 + ratio**2 * p2 * (1 - p2) / n2
    return (x1 / n1 - ratio * x2 / n2) ** 2 / variance


@pytest.mark.parametrize("cells", INNER + EDGES)
def test_score_limits_are_where_the_score_test_turns(cells):
    value, low, high = score_ratio_interval(*cells)
    assert low <= value <= high
    for limit in (low, high):
        if 0 < limit < np.inf:
            assert constrained_statistic(limit, *cells) == pytest.approx(
                stats.chi2.ppf(0.95, 1), rel=1e-5
            )


@pytest.mark.parametrize("cells", INNER + EDGES)
def test_swapping_the_groups_inverts_the_score_limits(cells):
    value, low, high = score_ratio_interval(*cells)
    with np.errstate(divide="ignore"):
        expected = 1 / np.array([value, high, low])
    np.testing.assert_allclose(score_ratio_interval(*cells[2:], *cells[:2]), expected, rtol=1e-8)


def test_two_groups_without_events_say_nothing_of_their_ratio():
    value, low, high = score_ratio_interval(0, 13, 0, 100)
    assert np.isnan(value)
    assert (low, high) == (0, np.inf)


def test_quantiles_and_tails_of_a_level_agree():
    low, high = tails(0.95)
    assert (low, high) == pytest.approx((0.025, 0.975), abs=1e-15)
    assert t_quantile(0.95, [1e12]) == pytest.approx([normal_quantile(0.95)], abs=1e-9)
    draws = np.arange(101.0)[:, None]
    ends = median_and_limits(draws, 0.9)
    np.testing.assert_array_equal(ends[::2], percentile_limits(draws, 0.9))
    assert ends[1] == 50
