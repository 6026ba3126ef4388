"""The efficient frontier by hand and by brute force."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pandas as pd
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


@given(
    st.lists(st.tuples(st.integers(0, 12), st.integers(0, 12)), min_size=1, max_size=7, unique=True)
)
def test_the_three_statuses_are_their_definitions(options):
    """In whole numbers, so without rounding: dominance by one option, then by a mixture of two."""
    table = efficient_frontier(*zip(*options, strict=True)).set_index("option")
    for i, (c, e) in enumerate(options):
        others = [o for o in options if o != (c, e)]
        beaten = any(c2 <= c and e2 >= e for c2, e2 in others)
        mixed = any(
            (e2 - e1) * (c - c1) > (e - e1) * (c2 - c1)
            for c1, e1 in others
            for c2, e2 in others
            if c1 < c < c2 and e1 < e < e2
        )
        expected = "dominated" if beaten else "extendedly dominated" if mixed else "efficient"
        assert table.status[f"option {i}"] == expected


@pytest.mark.parametrize("step", [0.1, 0.3, 1 / 7])
def test_options_on_one_line_are_all_efficient_whatever_the_rounding(step):
    cost = np.cumsum(np.full(40, step)) * 1e6
    table = efficient_frontier(cost, np.arange(40) * step)
    assert set(table.status) == {"efficient"}


def test_the_frontier_does_not_depend_on_level_unit_or_order():
    rng = np.random.default_rng(1)
    cost = rng.random(30)
    effect = rng.random(30)
    first = efficient_frontier(cost, effect).set_index("option")
    moved = efficient_frontier(1e3 * cost - 500, 7 * effect - 3).set_index("option")
    assert moved.status.to_dict() == first.status.to_dict()
    on = first.status == "efficient"
    assert np.allclose(moved.cost_per_effect[on][1:], 1e3 / 7 * first.cost_per_effect[on][1:])
    turned = efficient_frontier(cost[::-1], effect[::-1])
    assert turned.status.tolist() == first.status.tolist()


@pytest.mark.parametrize(
    ("cost", "effect", "status"),
    [
        ([1], [1], ["efficient"]),
        ([], [], []),
        ([0, 0], [0, 0], ["efficient", "dominated"]),
        ([5, 5], [1, 2], ["efficient", "dominated"]),
        ([0, 1, 2], [3, 2, 1], ["efficient", "dominated", "dominated"]),
        ([-3, -1, 0], [-1, 0, 5], ["efficient", "extendedly dominated", "efficient"]),
    ],
)
def test_edges_of_the_frontier(cost, effect, status):
    table = efficient_frontier(cost, effect)
    assert table.status.tolist() == status
    assert table.cost_per_effect.isna().sum() == len(table) - max(0, status.count("efficient") - 1)


def test_the_index_of_a_series_names_the_options():
    cost = pd.Series([0.0, 2.0], index=["a", "b"])
    assert efficient_frontier(cost, 2 * cost).option.tolist() == ["a", "b"]
    with pytest.raises(ValueError, match="same index"):
        efficient_frontier(cost, cost[::-1])
    with pytest.raises(ValueError, match="names must differ"):
        efficient_frontier([0, 1], [0, 1], ["a", "a"])


@pytest.mark.contract
@pytest.mark.parametrize(("cost", "effect"), [([1, np.nan], [1, 2]), ([1], [1, 2]), (["x"], [1])])
def test_bad_input_is_named(cost, effect):
    with pytest.raises(ValueError, match=r"(cost|effect)"):
        efficient_frontier(cost, effect)
