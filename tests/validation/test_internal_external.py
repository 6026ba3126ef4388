"""Each site is predicted by the model of the others, and sites are pooled with their
differences.
"""

from __future__ import annotations

import numpy as np
import pytest

import backpain_risk as bpr

pytestmark = pytest.mark.identity

FLAGS = ["history_of_cancer", "age_50_or_over", "night_pain"]


@pytest.fixture(scope="module")
def patients():
    cohort = bpr.simulate_cohort(
        bpr.load_scenario("spine_clinic").replace(base_rate=0.05), 6000, seed=3
    )
    return (
        cohort.predictors[FLAGS],
        cohort.outcome.to_numpy(),
        np.array(["a", "b", "c", "d"])[np.arange(6000) % 4],
    )


@pytest.fixture(scope="module")
def result(patients):
    return bpr.internal_external_validation(bpr.LogisticModel("firth"), *patients)


def test_each_site_is_measured_on_the_model_of_the_others(patients, result):
    X, y, site = patients
    for name in "abcd":
        out = site == name
        risk = bpr.LogisticModel("firth").fit(X[~out], y[~out]).risk(X[out])
        np.testing.assert_allclose(result.risk[out], risk, rtol=1e-9)
        row = result.to_frame().query("group == @name and measure == 'auroc'").iloc[0]
        expected = bpr.auroc(y[out], risk)
        np.testing.assert_allclose(
            [row.value, row.low, row.high], [expected.value, expected.low, expected.high], rtol=1e-9
        )
        assert (row.n, row.n_events) == (out.sum(), y[out].sum())


@pytest.mark.reference
def test_the_pooled_slope_is_the_paule_mandel_mean(result):
    """The mean that makes Cochran's statistic with its weights equal to sites - 1, or fixed
    effects when below.
    """
    pooled = result.pooled().loc["calibration_slope"]
    sites = result.to_frame().query("measure == 'calibration_slope'")
    value = sites.value.to_numpy()
    variance = ((sites.high - sites.low).to_numpy() / (2 * 1.959963984540054)) ** 2
    weight = 1 / (variance + pooled.tau**2)
    assert pooled.value == pytest.approx(weight @ value / weight.sum(), rel=1e-6)
    q = weight @ (value - pooled.value) ** 2
    assert q == pytest.approx(3, abs=1e-3) or (pooled.tau == 0 and q < 3)
    assert pooled.prediction_low < pooled.low < pooled.value < pooled.high < pooled.prediction_high
    assert pooled.n_groups == 4


@pytest.mark.reference
def test_pooled_limits_are_those_of_hartung_and_knapp_and_never_narrower_than_with_equal_sites(
    result,
):
    """t with 3 degrees of freedom; sites nearer each other than chance allows gain nothing."""
    pooled = result.pooled()
    normal = result.pooled("normal")
    assert pooled.value.equals(normal.value)
    for name in ("calibration_slope", "calibration_in_the_large"):
        sites = result.to_frame().query("measure == @name")
        variance = (
            (sites.high - sites.low).to_numpy() / (2 * 1.959963984540054)
        ) ** 2 + pooled.tau[name] ** 2
        q = np.sum((sites.value.to_numpy() - pooled.value[name]) ** 2 / variance) / 3
        error = (normal.high[name] - normal.value[name]) / 1.959963984540054
        assert error == pytest.approx(1 / np.sqrt(np.sum(1 / variance)), rel=1e-6)
        half = 3.182446305284263 * error * np.sqrt(max(q, 1))
        assert pooled.high[name] - pooled.value[name] == pytest.approx(half, rel=1e-6)
    with pytest.raises(
        ValueError, match="interval must be one of 'hartung_knapp', 'normal'; got 't'"
    ):
        result.pooled("t")


def test_sites_that_differ_widen_the_prediction_interval(patients, result):
    X, y, site = patients
    other = y.copy()
    rng = np.random.default_rng(1)
    other[site == "a"] = (rng.random((site == "a").sum()) < 0.25).astype(int)
    apart = bpr.internal_external_validation(bpr.LogisticModel("firth"), X, other, site).pooled(
        "normal"
    )
    assert apart.tau["observed_expected"] > 5 * result.pooled().tau["observed_expected"]
    row = np.log(apart.loc["observed_expected", ["value", "high", "prediction_high"]].astype(float))
    error = (row.high - row.value) / 1.959963984540054
    tau = apart.tau["observed_expected"]
    t_of_two = 4.302652729749464
    assert row.prediction_high - row.value == pytest.approx(
        t_of_two * np.hypot(tau, error), rel=1e-9
    )


def test_a_site_without_events_keeps_its_row_and_the_reason(patients):
    X, y, site = patients
    none = np.where(site == "b", 0, y)
    table = bpr.internal_external_validation(bpr.LogisticModel("firth"), X, none, site).to_frame()
    rows = table.query("group == 'b'")
    assert rows.value.isna().all()
    assert rows.reason.str.contains("both classes").all()
    assert table.query("group != 'b'").value.notna().all()


def test_groups_are_checked(patients):
    X, y, site = patients
    with pytest.raises(ValueError, match="at least 2 sites"):
        bpr.internal_external_validation(bpr.LogisticModel(), X, y, np.zeros(len(y)))
    with pytest.raises(ValueError, match="same length"):
        bpr.internal_external_validation(bpr.LogisticModel(), X, y, site[:-1])
    missing = np.where(np.arange(len(y)) == 5, None, site)
    with pytest.raises(ValueError, match="1 missing"):
        bpr.internal_external_validation(bpr.LogisticModel(), X, y, missing)
    for odd in (np.arange(len(y)) * 1j, np.arange(len(y)).astype("M8[D]")):
        with pytest.raises(ValueError, match="groups must name sites by text or numbers; got"):
            bpr.internal_external_validation(bpr.LogisticModel(), X, y, odd)


@pytest.mark.contract
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"measures": ["accuracy"]}, "measures must be one of"),
        ({"thresholds": [0.0, 0.5]}, "thresholds must lie strictly between 0 and 1"),
        ({"level": 95}, "level must lie strictly between 0 and 1"),
    ],
)
def test_a_mistake_in_the_call_is_refused_and_no_reason_of_a_site(patients, arguments, message):
    with pytest.raises(ValueError, match=message):
        bpr.internal_external_validation(bpr.LogisticModel(), *patients, **arguments)


def test_sites_may_be_numbers_and_text(patients):
    X, y, site = patients
    mixed = np.array([1 if name == "a" else name for name in site], dtype=object)
    table = bpr.internal_external_validation(bpr.LogisticModel("firth"), X, y, mixed).to_frame()
    assert list(table.group.unique()) == [1, "b", "c", "d"]
