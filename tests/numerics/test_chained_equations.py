"""Imputed values vary as chance asks, not as a few donors do."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from backpain_risk.numerics.chained_equations import complete

pytestmark = pytest.mark.identity

N = 20_000


@pytest.fixture(scope="module")
def findings():
    """Age band, a rare history that goes with it, an outcome; the history missing for four in
    ten.
    """
    rng = np.random.default_rng(1)
    old = (rng.random(N) < 0.5).astype(float)
    history = (rng.random(N) < np.where(old == 1, 0.08, 0.01)).astype(float)
    outcome = (rng.random(N) < expit(-4.5 + 2.5 * history + old)).astype(float)
    whole = pd.DataFrame({"old": old, "history": history, "outcome": outcome})
    return whole, whole.assign(history=whole.history.mask(rng.random(N) < 0.4))


def test_shares_among_imputed_patients_vary_by_chance_alone(findings):
    """About 4 000 imputed young patients, a history in 1 %: twenty donors for all of them gave
    an SD of 1.3 %.
    """
    _, seen = findings
    young = (seen.history.isna() & (seen.old == 0)).to_numpy()
    shares = [copy.history[young].mean() for copy in complete(seen, 20, np.random.default_rng(2))]
    of_draw = np.sqrt(0.01 * 0.99 / young.sum())
    of_model = np.sqrt(0.01 * 0.99 / ((seen.old == 0) & seen.history.notna()).sum())
    assert np.std(shares) < 2 * np.hypot(of_draw, of_model)
    assert np.mean(shares) == pytest.approx(0.01, abs=3 * of_model)


def test_associations_with_the_outcome_are_those_of_the_complete_table(findings):
    whole, seen = findings

    def log_odds_ratio(table):
        a, b, c, d = ((table.history == h) & (table.outcome == y) for h in (1, 0) for y in (1, 0))
        return np.log(a.sum() * d.sum() / b.sum() / c.sum())

    found = [log_odds_ratio(copy) for copy in complete(seen, 10, np.random.default_rng(3))]
    assert np.mean(found) == pytest.approx(log_odds_ratio(whole), abs=0.25)


def test_donors_of_numbers_are_drawn_among_all_who_are_as_near():
    """A number that depends on a finding alone: thousands of patients are equally near, and any
    may give.
    """
    rng = np.random.default_rng(4)
    group = np.repeat([0.0, 1.0], N // 2)
    value = 10 * group + rng.standard_normal(N)
    table = pd.DataFrame({"group": group, "value": np.where(rng.random(N) < 0.3, np.nan, value)})
    gone = table.value.isna()
    copy = complete(table, 1, np.random.default_rng(5))[0]
    given = copy.value[gone]
    assert set(given) <= set(table.value.dropna())
    assert given.nunique() > 0.7 * gone.sum()
    for level in (0, 1):
        drawn = given[table.group[gone] == level]
        own = table.value[table.group == level]
        assert drawn.mean() == pytest.approx(own.mean(), abs=0.06)
        assert drawn.std() == pytest.approx(own.std(), rel=0.05)


def test_last_bits_choose_no_donor():
    """A predictor that is the same up to rounding leaves every imputed value the same."""
    rng = np.random.default_rng(6)
    x = rng.integers(0, 5, 2000) / 3
    value = x + rng.standard_normal(2000)
    table = pd.DataFrame({"x": x, "flag": rng.integers(0, 2, 2000) * 1.0, "value": value})
    table.loc[rng.random(2000) < 0.3, "value"] = np.nan
    table.loc[rng.random(2000) < 0.3, "flag"] = np.nan
    rounded = table.assign(x=table.x * (1 + 2e-16))
    a, b = (complete(t, 2, np.random.default_rng(7))[1] for t in (table, rounded))
    assert (table.x != rounded.x).any()
    pd.testing.assert_frame_equal(a.drop(columns="x"), b.drop(columns="x"), check_exact=True)


def test_columns_that_say_the_same_or_separate_are_no_obstacle():
    """Two equal columns, and one that decides the other: a weak prior leaves one mode."""
    rng = np.random.default_rng(8)
    a = rng.integers(0, 2, 300) * 1.0
    table = pd.DataFrame({"a": a, "same": a, "decided": a, "x": rng.standard_normal(300)})
    table.loc[:59, "decided"] = np.nan
    for copy in complete(table, 3, np.random.default_rng(9)):
        assert (copy.decided == copy.a).mean() > 0.95
