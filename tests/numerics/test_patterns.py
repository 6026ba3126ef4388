from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from backpain_risk import collapse

pytestmark = pytest.mark.identity


@given(
    hnp.arrays(
        np.float64,
        st.tuples(st.integers(1, 40), st.integers(1, 3)),
        elements=st.sampled_from([0, 1, 2.5, np.nan]),
    )
)
def test_patterns_restore_every_row_and_lose_no_patient(X):
    y = (np.arange(len(X)) % 2).astype(float)
    patterns = collapse(X, y)
    np.testing.assert_array_equal(patterns.X[patterns.inverse], X)
    assert patterns.n.sum() == len(X)
    assert patterns.events.sum() == y.sum()
    assert len(np.unique(patterns.X, axis=0, equal_nan=True)) == len(patterns.X)


def test_weights_are_numbers_of_patients():
    X = pd.DataFrame({"a": [0, 1, 1], "b": [1, 0, 0]}, dtype="int8")
    weighted = collapse(X, [0, 1, 0], [3, 2, 5])
    repeated = collapse(X.loc[X.index.repeat([3, 2, 5])], np.repeat([0, 1, 0], [3, 2, 5]))
    pd.testing.assert_frame_equal(weighted.to_frame(), repeated.to_frame())


def test_patterns_do_not_depend_on_the_order_of_rows():
    rng = np.random.default_rng(1)
    X = rng.integers(0, 3, (200, 4))
    y = rng.integers(0, 2, 200)
    order = rng.permutation(200)
    a = collapse(X, y)
    b = collapse(X[order], y[order])
    np.testing.assert_array_equal(a.X, b.X)
    np.testing.assert_array_equal(a.events, b.events)


def test_many_levels_take_the_hashed_path():
    rng = np.random.default_rng(2)
    X = rng.integers(0, 3000, (5000, 6))
    patterns = collapse(X, np.zeros(5000))
    np.testing.assert_array_equal(patterns.X[patterns.inverse], X)


@pytest.mark.contract
def test_bad_input_is_named():
    with pytest.raises(ValueError, match="outcome must be 0 or 1; got 1 of 2 outside"):
        collapse([[1], [2]], [0, 2])
    with pytest.raises(ValueError, match="X and y must have the same length"):
        collapse([[1], [2]], [0])
    with pytest.raises(ValueError, match="sample_weight must not be negative"):
        collapse([[1], [2]], [0, 1], [1, -1])
    mixed = pd.DataFrame({"night_pain": pd.Series([1, "1", 0], dtype=object)})
    with pytest.raises(ValueError, match="X must not mix numbers and text; got 1 and '1'"):
        collapse(mixed, [0, 1, 0])
