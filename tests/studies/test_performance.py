"""Performance measures of simulation studies: rsimsum's numbers, identities, and its defects."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from backpain_risk import study_performance

pytestmark = pytest.mark.identity
HERE = Path(__file__).parent / "reference"
NAMES = {
    "nsim": "n_used",
    "bias": "bias",
    "rbias": "relative_bias",
    "empse": "empirical_se",
    "modelse": "model_se",
    "relerror": "relative_error_model_se",
    "mse": "mse",
    "cover": "coverage",
    "becover": "bias_eliminated_coverage",
    "power": "power",
    "relprec": "relative_precision",
}
OWN = {"truth": -0.75, "standard_error": "se", "method": "method", "by": "n", "reference": "b"}


@pytest.fixture
def rows():
    return pd.read_csv(HERE / "replicates.csv")


def measured(table, **options):
    found = study_performance(table, **options)
    return found.set_index(["measure", "method", *found.columns[1:-5]]).sort_index()


@pytest.mark.reference
@pytest.mark.parametrize(
    ("limits", "more"),
    [("wald", {}), ("t", {"df": "df"}), ("given", {"low": "low", "high": "high"})],
)
def test_values_and_errors_are_those_of_rsimsum(rows, limits, more):
    """Numbers by tests/studies/reference/performance.R."""
    table = pd.read_csv(HERE / "performance.csv").query("limits == @limits")
    table = table[table.stat.isin(list(NAMES))].assign(measure=table.stat.map(NAMES))
    found = study_performance(rows.sample(frac=1, random_state=1), **OWN, **more)
    both = table.merge(found, on=["measure", "method", "n"], suffixes=("_r", ""))
    assert len(both) == 11 * 6
    np.testing.assert_allclose(both.value, both.est, rtol=1e-9, atol=1e-9)
    known = both.mcse_r.notna()
    assert known.sum() == 10 * 6
    # correlations of 1 leave rounding
    np.testing.assert_allclose(both.mcse[known], both.mcse_r[known], rtol=1e-8, atol=1e-5)


@pytest.mark.contract
def test_columns_and_measures_are_those_agreed(rows):
    found = study_performance(rows, **OWN)
    assert list(found.columns) == [
        *("method", "n", "measure", "value", "mcse", "replicates", "missing")
    ]
    assert set(found.measure) == {*NAMES.values(), "rmse", "infinite"}
    assert (found.mcse >= 0).all()
    alone = study_performance(rows[["estimate"]], truth=0)
    assert set(alone.method) == {"estimate"}
    assert "coverage" not in set(alone.measure)


@pytest.mark.recovery
def test_the_error_of_the_rmse_is_that_of_simulation():
    """Against the spread of the RMSE itself over 4 000 studies of 50 replicates (1 % of error)."""
    draws = np.random.default_rng(1).normal(0.1, 1, (4000, 50))
    rmse = np.sqrt(np.mean(draws**2, axis=1))
    errors = [
        measured(pd.DataFrame({"estimate": study}), truth=0).loc["rmse"].mcse.item()
        for study in draws[:200]
    ]
    assert np.mean(errors) == pytest.approx(np.std(rmse), rel=0.06)


def test_methods_are_paired_by_replicate_not_by_row_order(rows):
    turned = pd.concat([rows[rows.method != "c"], rows[rows.method == "c"][::-1]])
    a, b = (measured(table, **OWN) for table in (rows, turned))
    pd.testing.assert_frame_equal(a, b)
    assert a.loc["relative_precision", "c"].mcse.min() > 1


def test_unequal_replicates_are_compared_where_both_are_there(rows):
    fewer = rows[(rows.method != "a") | (rows.replicate > 20)]
    common = rows[rows.replicate > 20]
    some, all_common = (measured(t, **OWN).loc["relative_precision"] for t in (fewer, common))
    pd.testing.assert_frame_equal(some.loc[["a"]], all_common.loc[["a"]])
    assert set(measured(fewer, **OWN).loc["n_used"].loc["a"].value) == {40}


def test_missing_limits_are_missing_not_misses(rows):
    holes = rows.copy()
    gone = rows.replicate % 5 == 0
    holes.loc[gone, ["low", "high"]] = np.nan
    options = OWN | {"low": "low", "high": "high"}
    a, b = (measured(t, **options).loc["coverage"] for t in (holes, rows[~gone]))
    np.testing.assert_allclose(a.value, b.value)
    assert set(a.missing) == {12}
    assert set(a.replicates) == {48}
    assert a.value.mean() > 0.85


def test_infinite_estimates_are_a_category_of_their_own(rows):
    some = rows.copy()
    some.loc[(rows.method == "a") & (rows.replicate <= 6), "estimate"] = np.inf
    with pytest.warns(UserWarning, match="12 of 360 estimates or standard errors are infinite"):
        found = measured(some, **OWN)
    assert set(found.loc["infinite"].loc["a"].value) == {0.1}
    assert set(found.loc["bias"].loc["a"].missing) == {6}
    kept = measured(rows[(rows.method != "a") | (rows.replicate > 6)], **OWN)
    np.testing.assert_allclose(found.loc["bias"].value, kept.loc["bias"].value)


def test_limits_of_an_infinite_estimate_count(rows):
    one = pd.DataFrame({"estimate": [np.inf, 1, 1], "low": [0.5, 0, 0], "high": [np.inf, 2, 0.5]})
    with pytest.warns(UserWarning, match="infinite"):
        found = measured(one, truth=1, low="low", high="high")
    assert found.loc["coverage"].value.item() == pytest.approx(2 / 3)


def test_one_missing_standard_error_leaves_the_others(rows):
    holes = rows.copy()
    holes.loc[0, "se"] = np.nan
    found = measured(holes, **OWN)
    assert np.isfinite(found.mcse).all()
    assert found.loc["bias"].loc["a"].replicates.tolist() == [59, 60]


def test_a_negative_truth_gives_no_negative_error(rows):
    a = measured(rows, **OWN)
    mirrored = rows.assign(estimate=-rows.estimate)
    b = measured(mirrored, **OWN | {"truth": 0.75})
    np.testing.assert_allclose(a.mcse, b.mcse, rtol=1e-12)
    np.testing.assert_allclose(
        a.loc["relative_bias"].value, b.loc["relative_bias"].value, rtol=1e-12
    )


def test_truth_by_number_column_cell_and_series_agree(rows):
    with_column = rows.assign(true=np.where(rows.n == 50, -0.75, -0.7))
    cells = {50: -0.75, 200: -0.7}
    found = [
        measured(with_column, **OWN | {"truth": truth})
        for truth in ("true", cells, pd.Series(cells))
    ]
    for each in found[1:]:
        pd.testing.assert_frame_equal(found[0], each)
    pairs = {(m, n): t for m in "abc" for n, t in cells.items()}
    two = study_performance(
        with_column.assign(arm=rows.method), truth=pairs, by=["arm", "n"], method="method"
    )
    assert len(two) == 7 * 6


def test_power_is_that_of_the_p_value(rows):
    z = np.abs(rows.estimate / rows.se)
    p = pd.Series(2 * stats.t.sf(z, rows.df), rows.index)
    found = measured(rows.assign(p=p), **OWN, p_value="p", level=0.99).loc["power"]
    expected = (p < 0.01).groupby([rows.method, rows.n]).mean()
    np.testing.assert_allclose(found.value, expected)
    limits = measured(rows, truth=-0.75, low="low", high="high", method="method", by="n")
    outside = ((rows.low > 0) | (rows.high < 0)).groupby([rows.method, rows.n]).mean()
    np.testing.assert_allclose(limits.loc["power"].value, outside)


def test_the_mean_squared_error_is_bias_and_spread(rows):
    found = measured(rows, **OWN).value
    spread = found["empirical_se"] ** 2 * 59 / 60
    np.testing.assert_allclose(found["mse"], found["bias"] ** 2 + spread, rtol=1e-12)
    np.testing.assert_allclose(found["rmse"] ** 2, found["mse"], rtol=1e-12)


@pytest.mark.contract
@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"truth": None}, "truth must be a finite number"),
        ({"truth": {50: 0.5}}, "truth must have a value for every cell; got none for 200"),
        ({"truth": {50: 0.5}, "by": ()}, "truth must be a number or a column"),
        ({"truth": np.nan}, "truth must be a finite number"),
        ({"estimate": "nothing"}, "estimate must name one column"),
        ({"low": "low"}, "low and high must be given together"),
        ({"low": "high", "high": "low"}, "low must not lie above high"),
        ({"df": "df", "standard_error": None}, "df must come with standard_error"),
        ({"p_value": "n"}, r"p_value must lie in \[0, 1\]"),
        ({"by": "value"}, "by must name columns once"),
        ({"by": ()}, "replicate must stand once in each method and cell; got 180 rows again"),
        ({"reference": "d"}, r"reference must be one of the methods \(a, b, c\); got 'd'"),
        ({"method": None}, "reference must be one of the methods"),
        ({"replicate": "id"}, "replicate must name one column"),
        ({"level": 95}, "level must lie strictly"),
    ],
)
def test_what_cannot_be_is_refused(rows, change, message):
    with pytest.raises(ValueError, match=message):
        study_performance(rows, **OWN | change)


def test_one_replicate_has_no_error_but_a_value():
    found = measured(pd.DataFrame({"estimate": [0.3]}), truth=0.2)
    assert found.loc["bias"].value.item() == pytest.approx(0.1)
    assert np.isnan(found.loc["bias"].mcse.item())
    assert np.isnan(found.loc["empirical_se"].value.item())
