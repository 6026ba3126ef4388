from __future__ import annotations

import numpy as np
import pytest
from statsmodels.stats.proportion import proportion_confint

from backpain_risk.numerics.intervals import proportion_interval

STATSMODELS = {"wilson": "wilson", "clopper_pearson": "beta", "jeffreys": "jeffreys"}


@pytest.mark.parametrize("method", STATSMODELS)
@pytest.mark.parametrize(("events", "n"), [(4, 13), (41, 1962), (1, 9), (12, 13)])
def test_limits_agree_with_statsmodels(method, events, n):
    ours = proportion_interval(events, n, method)
    np.testing.assert_allclose(ours, proportion_confint(events, n, method=STATSMODELS[method]), rtol=1e-10)


@pytest.mark.parametrize("method", STATSMODELS)
def test_no_events_and_all_events_reach_the_ends(method):
    low, high = proportion_interval([0, 13], [13, 13], method)
    assert low[0] == 0
    assert high[1] == 1
    assert 0 < high[0] < 0.35
    assert 0.65 < low[1] < 1


def test_no_patients_have_no_limits():
    assert np.isnan(proportion_interval(0, 0)).all()


def test_unknown_methods_are_refused():
    with pytest.raises(
        ValueError, match="interval must be one of 'wilson', 'clopper_pearson', 'jeffreys'; got 'exact'"
    ):
        proportion_interval(1, 2, "exact")
