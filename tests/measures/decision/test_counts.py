from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backpain_risk.measures.decision.convention import (
    _read_from_table,
    thresholds_reached,
)
from backpain_risk.measures.decision.counts import decision_counts

pytestmark = pytest.mark.identity

patients = st.lists(
    st.tuples(st.booleans(), st.integers(0, 20), st.integers(0, 20)), min_size=2, max_size=50
)
THRESHOLDS = np.array([0.05, 0.25, 0.5])


@pytest.mark.parametrize(
    "thresholds",
    [
        np.arange(1, 101) / 1000,
        np.arange(1, 100) / 100,
        np.array([1e-12, 1 - 1e-12]),
        np.arange(1, 65_536) / 65_536,
    ],
)
def test_the_table_reads_what_a_search_finds(thresholds):
    rng = np.random.default_rng(1)
    below = np.nextafter(thresholds, 0)
    above = np.nextafter(thresholds, 1)
    risk = np.concatenate(
        [rng.random(1000), rng.beta(1, 80, 1000), thresholds, below, above, [0.0, 1.0]]
    )
    np.testing.assert_array_equal(
        _read_from_table(thresholds, risk), np.searchsorted(thresholds, risk, side="right")
    )


@pytest.mark.parametrize("n", [4, 100_000])
def test_a_risk_in_32_bits_reaches_the_threshold_it_names(n):
    single = np.full(n, 0.01, dtype=np.float32).astype(np.float64)
    just_below = np.full(n, np.nextafter(0.01, 0))
    assert (single < 0.01).all()
    assert set(thresholds_reached(single, np.array([0.01]))) == {1}
    assert set(thresholds_reached(just_below, np.array([0.01]))) == {0}


@given(patients)
def test_positives_and_disagreements_are_counts_of_patients(rows):
    y, a, b = (np.array(x, dtype=float) for x in zip(*rows, strict=True))
    a = a / 20
    b = b / 20
    counts = decision_counts(y, [a, b], np.ones(y.size), THRESHOLDS)
    for cells in (counts, counts.cells):
        only_a, only_b = cells.disagreements(2, 3)
        spared, _ = cells.disagreements(0, 2)
        for k, t in enumerate(THRESHOLDS):
            for outcome in (0, 1):
                mine = y == outcome
                assert cells.positives[2, outcome, k] == ((a >= t) & mine).sum()
                assert cells.positives[0, outcome, k] == mine.sum()
                assert cells.positives[1, outcome, k] == 0
                assert only_a[outcome, k] == ((a >= t) & (b < t) & mine).sum()
                assert only_b[outcome, k] == ((b >= t) & (a < t) & mine).sum()
                assert spared[outcome, k] == ((a < t) & mine).sum()


def test_resamples_keep_the_number_of_patients_and_of_each_outcome_if_asked():
    rng = np.random.default_rng(1)
    y = (rng.random(300) < 0.2).astype(float)
    cells = decision_counts(y, [rng.random(300)], np.ones(300), THRESHOLDS).cells
    whole, within = (list(cells.resampled(20, rng, within_outcomes=each)) for each in (False, True))
    assert {positives[0, :, 0].sum() for positives in (*whole, *within)} == {300}
    assert {positives[0, 1, 0] for positives in within} == {y.sum()}
    assert len({positives[0, 1, 0] for positives in whole}) > 1
