"""The efficient frontier by hand and by brute force."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backpain_risk.pathways.frontier import efficient_frontier

pytestmark = pytest.mark.identity


def test_an_example_by_hand():
    table = efficient_frontier([0, 10, 20, 30, 20], [0, 1, 5, 6, 3], list("abcde")).set_index(
        "option"
    )
    assert table.status.to_dict() == {
        "a": "efficient",
        "b": "extendedly dominated",
        "c": "efficient",
        "e": "dominated",
        "d": "efficient",
    }
    assert table.cost_per_effect[["c", "d"]].tolist() == [4, 10]


@given(
    st.lists(st.tuples(st.integers(0, 20), st.integers(0, 20)), min_size=1, max_size=8, unique=True)
)
def test_an_option_is_efficient_when_it_is_best_at_some_price(options):
    """On the frontier means: it maximises effect - price x cost for some price; ties go to the
    cheaper option.
    """
    cost, effect = np.array(options, dtype=float).T
    table = efficient_frontier(cost, effect).set_index("option")
    steps = {
        (e2 - e1) / (c2 - c1) for c1, e1 in options for c2, e2 in options if c2 > c1 and e2 > e1
    }
    ordered = sorted(steps | {0.0})
    prices = [
        *(s for s in ordered),
        *((a + b) / 2 for a, b in pairwise(ordered)),
        ordered[-1] + 1,
    ]
    best = set()
    for price in prices:
        worth = effect - price * cost
        best |= set(np.flatnonzero(worth >= worth.max() - 1e-12).tolist())
    efficient = {int(name.split()[1]) for name in table.index[table.status == "efficient"]}
    assert efficient <= best
    dominated = {
        i
        for i in range(len(options))
        if any(
            i != j and cost[j] <= cost[i] and effect[j] >= effect[i] for j in range(len(options))
        )
    }
    said = {int(name.split()[1]) for name in table.index[table.status == "dominated"]}
    assert said <= dominated
    assert not efficient & dominated


@pytest.mark.contract
@pytest.mark.parametrize(("cost", "effect"), [([1, np.nan], [1, 2]), ([1], [1, 2]), (["x"], [1])])
def test_bad_input_is_named(cost, effect):
    with pytest.raises(ValueError, match=r"(cost|effect)"):
        efficient_frontier(cost, effect)
