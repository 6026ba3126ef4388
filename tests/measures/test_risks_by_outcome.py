from __future__ import annotations

import numpy as np
import pytest

from backpain_risk import risk_distribution

pytestmark = pytest.mark.identity


def test_everyone_is_in_a_bin_once(rare):
    y, risk = rare
    spread = risk_distribution(y, risk)
    assert spread.events.sum() == pytest.approx(1)
    assert spread.others.sum() == pytest.approx(1)
    assert spread.event_quantiles[2] == pytest.approx(np.median(risk[y == 1]))


def test_risks_of_zero_are_in_the_first_bin():
    spread = risk_distribution([0, 0, 1], [0.0, 0.1, 0.5], n_bins=4)
    assert spread.others[0] == 1
    assert spread.events[-1] == 1


def test_nobody_with_the_event_has_no_quantiles():
    assert np.isnan(risk_distribution([0, 0], [0.1, 0.2]).event_quantiles).all()


@pytest.mark.contract
def test_no_bins_are_refused():
    with pytest.raises(ValueError, match="n_bins must be a whole number of 1 or more; got 0"):
        risk_distribution([0, 1], [0.1, 0.2], n_bins=0)
