from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from backpain_risk import auroc, compare_auroc, discrimination_slope, somers_d

pytestmark = pytest.mark.identity

cases = st.lists(
    st.tuples(st.booleans(), st.integers(0, 8), st.integers(1, 4)), min_size=4, max_size=40
).filter(lambda rows: len({y for y, _, _ in rows}) == 2)


def arrays(rows):
    y, r, w = (np.array(x, dtype=float) for x in zip(*rows, strict=True))
    return y, r / 10 + 0.05, w


@pytest.fixture(scope="module")
def asah(reference, reference_data):
    table = pd.read_csv(reference_data / "proc_aSAH.csv")
    scaled = table[["s100b", "wfns", "ndka"]].rank() / (len(table) + 1)
    return (table.outcome == "Poor").astype(int), scaled, reference("auc-proc-asah")["expected"]


@pytest.mark.reference
def test_areas_limits_and_comparison_agree_with_proc(asah):
    y, risks, expected = asah
    np.testing.assert_allclose(
        [auroc(y, risks[c]).value for c in risks], expected["auc"], atol=1e-10
    )
    limits = auroc(y, risks.s100b, interval="delong")
    np.testing.assert_allclose(
        (limits.low, limits.value, limits.high), expected["s100b_delong"], atol=1e-10
    )
    comparison = compare_auroc(y, risks.s100b, risks.wfns)
    assert comparison.z == pytest.approx(expected["test"]["z"], abs=1e-8)
    assert comparison.p_value == pytest.approx(expected["test"]["p"], abs=1e-8)


@pytest.mark.reference
def test_areas_and_their_comparison_agree_with_proc_on_our_own_data(patients, from_r):
    y = patients.y
    a = patients.a
    b = patients.b
    np.testing.assert_allclose([auroc(y, a).value, auroc(y, b).value], from_r["auc"], atol=1e-12)
    limits = auroc(y, a, interval="delong")
    np.testing.assert_allclose(
        (limits.low, limits.value, limits.high), from_r["delong"], atol=1e-12
    )
    compared = compare_auroc(y, a, b)
    expected = from_r["compare"]
    assert compared.z == pytest.approx(expected["z"], abs=1e-10)
    assert compared.p_value == pytest.approx(expected["p"], abs=1e-10)
    np.testing.assert_allclose(
        (compared.difference.low, compared.difference.high),
        (expected["low"], expected["high"]),
        atol=1e-12,
    )


@pytest.mark.reference
def test_somers_d_agrees_with_rms_and_slope_of_discrimination_with_welch(patients, from_r):
    y = patients.y
    a = patients.a
    assert somers_d(y, a).value == pytest.approx(from_r["val_prob"]["Dxy"], abs=1e-12)
    slope = discrimination_slope(y, a, interval="normal")
    assert slope.value == pytest.approx(from_r["discrimination_slope"], abs=1e-12)
    assert (slope.high - slope.low) / (2 * 1.959963984540054) == pytest.approx(
        from_r["discrimination_slope_se"], rel=1e-10
    )


@given(cases)
def test_somers_d_is_the_auroc_on_its_own_scale(rows):
    y, r, w = arrays(rows)
    area = auroc(y, r, sample_weight=w)
    d = somers_d(y, r, sample_weight=w)
    np.testing.assert_allclose(
        (d.value, d.low, d.high), np.array((area.value, area.low, area.high)) * 2 - 1
    )


def test_all_ties_discriminate_nothing():
    assert auroc([0, 1, 0, 1], [0.3] * 4).value == 0.5
    assert discrimination_slope([0, 1, 0, 1], [0.3] * 4).value == 0


def test_newcombe_limits_are_the_default_and_any_number_of_patients_has_them(patients):
    y = patients.y
    a = patients.a
    default = auroc(y, a)
    assert default == auroc(y, a, interval="newcombe")
    assert (
        default.method
        == compare_auroc(y, a, patients.b).a.method
        == somers_d(y, a).method
        == "newcombe"
    )
    for risk, value in (
        ([0.1, 0.4, 0.3, 0.8], 1.0),
        ([0.4, 0.1, 0.8, 0.3], 0.0),
        ([0.1, 0.4, 0.5, 0.8], 0.75),
    ):
        estimate = auroc([0, 1, 0, 1], risk, sample_weight=[1e12] * 4)
        assert estimate.value == value
        assert 0 <= value - estimate.low < 2e-6
        assert 0 <= estimate.high - value < 2e-6
        reverse = auroc([1, 0, 1, 0], risk, sample_weight=[1e12] * 4)
        assert (1 - reverse.high, 1 - reverse.low) == pytest.approx(
            (estimate.low, estimate.high), abs=1e-15
        )


def test_limits_of_the_discrimination_slope_lean_to_where_the_risks_do():
    """Without skewness they are t limits of two means; events with a long tail of high risks
    leave room above.
    """
    even = discrimination_slope([0, 0, 0, 1, 1, 1], [0.1, 0.2, 0.3, 0.4, 0.5, 0.6])
    half = 4.302652729749464 * 0.1 / np.sqrt(3) * np.sqrt(2)
    assert (even.low, even.high) == pytest.approx((even.value - half, even.value + half))
    y = np.repeat([1, 0], [13, 1000])
    risk = np.concatenate([[0.3, 0.1], np.full(11, 0.01), np.full(1000, 0.005)])
    skewed, normal = (discrimination_slope(y, risk, interval=i) for i in ("hall", "normal"))
    assert skewed.high - skewed.value > 1.5 * (skewed.value - skewed.low)
    assert skewed.high > normal.high
    with pytest.raises(ValueError, match="interval must be one of 'hall', 'normal'; got 'welch'"):
        discrimination_slope(y, risk, interval="welch")


def test_a_single_event_has_newcombe_limits():
    estimate = auroc([0] * 30 + [1], np.linspace(0.01, 0.5, 31))
    assert estimate.method == "newcombe"
    single = auroc([0] * 30 + [1], [*np.linspace(0.01, 0.5, 30), 0.3])
    assert single.method == "newcombe"
    assert 0 < single.low < single.value < single.high < 1


@pytest.mark.reference
@given(cases)
def test_area_agrees_with_scikit_learn_and_weights_are_repetition(rows):
    y, r, w = arrays(rows)
    repeated = np.repeat(np.arange(len(y)), w.astype(int))
    weighted = auroc(y, r, sample_weight=w)
    assert weighted.value == pytest.approx(roc_auc_score(y, r, sample_weight=w), abs=1e-12)
    again = auroc(y[repeated], r[repeated])
    np.testing.assert_allclose((weighted.low, weighted.high), (again.low, again.high), rtol=1e-10)


@given(cases)
def test_area_is_invariant_to_monotone_change_and_complements(rows):
    y, r, w = arrays(rows)
    value = auroc(y, r, sample_weight=w).value
    assert auroc(y, r**3, sample_weight=w).value == pytest.approx(value)
    assert auroc(1 - y, 1 - r, sample_weight=w).value == pytest.approx(value)
    assert auroc(y, 1 - r, sample_weight=w).value == pytest.approx(1 - value)


@given(cases, st.sampled_from(["logit", "newcombe"]))
def test_limits_contain_the_area_and_stay_inside(rows, interval):
    y, r, w = arrays(rows)
    if min(y @ w, (1 - y) @ w) < 2:
        return
    estimate = auroc(y, r, sample_weight=w, interval=interval)
    assert 0 <= estimate.low <= estimate.value <= estimate.high <= 1


@pytest.mark.recovery
def test_bootstrap_limits_are_near_those_of_delong(asah):
    y, risks, _ = asah
    drawn = auroc(y, risks.s100b, interval="bootstrap", rng=1)
    exact = auroc(y, risks.s100b, interval="delong")
    np.testing.assert_allclose((drawn.low, drawn.high), (exact.low, exact.high), atol=0.015)


def test_perfect_separation_has_newcombe_limits():
    estimate = auroc([0] * 20 + [1] * 5, [0.1] * 20 + [0.9] * 5)
    assert (estimate.value, estimate.high, estimate.method) == (1.0, 1.0, "newcombe")
    assert 0.7 < estimate.low < 1


def test_a_model_against_itself_does_not_differ():
    comparison = compare_auroc([0, 1, 0, 1], [0.1, 0.4, 0.3, 0.2], [0.1, 0.4, 0.3, 0.2])
    assert comparison.difference.value == 0
    assert np.isnan(comparison.p_value)


@pytest.mark.contract
@pytest.mark.parametrize(
    ("outcome", "risk", "message"),
    [
        ([0, 0], [0.1, 0.2], "outcome must hold both classes for auroc; got no events"),
        ([1, 1], [0.1, 0.2], "outcome must hold both classes for auroc; got no non-events"),
        (
            [0, 1],
            [0.1, 1.7],
            r"risk must lie in \[0, 1\]; got 1 of 2 outside \(first 1.7 at row 1\)",
        ),
        ([0, 1], [0.1, np.nan], "risk must be finite; got 1 of 2 outside"),
        (
            [0, 1, 1],
            [0.1, 0.2],
            "outcome and risk must have the same length; got outcome 3, risk 2",
        ),
        ([0, 2], [0.1, 0.2], r"outcome must be 0 or 1; got 1 of 2 outside \(first 2.0 at row 1\)"),
        (["a", "b"], [0.1, 0.2], "outcome must hold numbers; got 'a'"),
        (
            [0, 1],
            np.ma.masked_array([0.1, 0.2], mask=[False, True]),
            "risk must be finite; got 1 of 2 outside",
        ),
    ],
)
def test_bad_input_is_named(outcome, risk, message):
    with pytest.raises(ValueError, match=message):
        auroc(outcome, risk)


@pytest.mark.contract
def test_a_bootstrap_without_resamples_is_refused():
    with pytest.raises(ValueError, match="n_resamples must be a whole number of 1 or more; got 0"):
        auroc([0, 1], [0.1, 0.2], interval="bootstrap", n_resamples=0, rng=1)
