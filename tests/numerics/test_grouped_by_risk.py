from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backpain_risk.numerics.grouped_by_risk import resampled, resampled_within_outcomes, risk_groups

pytestmark = pytest.mark.identity

rows = st.lists(
    st.tuples(st.booleans(), st.integers(0, 6), st.integers(0, 3)), min_size=1, max_size=40
).filter(lambda r: sum(w for _, _, w in r) > 0)


@given(rows)
def test_groups_are_the_distinct_risks_with_their_counts(rows):
    y, r, w = (np.array(x, dtype=float) for x in zip(*rows, strict=True))
    groups = risk_groups(y, r / 10, w)
    present = np.unique(r[w > 0]) / 10
    np.testing.assert_array_equal(groups.risk, present)
    for i, risk in enumerate(present):
        assert groups.n[i] == w[r / 10 == risk].sum()
        assert groups.events[i] == (w * y)[r / 10 == risk].sum()
    assert groups.others.sum() == groups.total - groups.total_events


def test_resamples_keep_the_number_of_patients():
    rng = np.random.default_rng(1)
    risk = rng.random(500).round(2)
    groups = risk_groups(rng.random(500) < risk, risk)
    whole, within = (next(each(groups, 1, rng)) for each in (resampled, resampled_within_outcomes))
    assert whole.total == within.total == 500
    assert within.total_events == groups.total_events
    assert (whole.n > 0).all()
    assert (whole.events <= whole.n).all()
