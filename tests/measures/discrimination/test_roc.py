from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import logit
from sklearn.metrics import average_precision_score

from backpain_risk import auroc, precision_recall_curve, roc_curve

pytestmark = pytest.mark.identity

cases = st.lists(
    st.tuples(st.booleans(), st.integers(0, 8), st.integers(1, 4)), min_size=4, max_size=40
).filter(lambda rows: len({y for y, _, _ in rows}) == 2)


def arrays(rows):
    y, r, w = (np.array(x, dtype=float) for x in zip(*rows, strict=True))
    return y, r / 10 + 0.05, w


@pytest.mark.reference
def test_points_agree_with_proc(patients, from_r):
    """pROC calls a patient positive above its threshold, here at or above: no risk is exactly
    one of these.
    """
    frame = roc_curve(patients.y, patients.a).to_frame().set_index("threshold")
    precision = (
        precision_recall_curve(patients.y, patients.a).to_frame().set_index("threshold").precision
    )
    for t, (specificity, sensitivity, ppv) in zip((0.1, 0.2, 0.4), from_r["coords"], strict=True):
        above = frame.index[frame.index >= t].min()
        assert frame.specificity[above] == pytest.approx(specificity, abs=1e-12)
        assert frame.sensitivity[above] == pytest.approx(sensitivity, abs=1e-12)
        assert precision[above] == pytest.approx(ppv, abs=1e-12)


@given(cases)
def test_the_area_below_the_points_is_the_auroc(rows):
    y, r, w = arrays(rows)
    curve = roc_curve(y, r, sample_weight=w)
    area = np.trapezoid(curve.sensitivity, 1 - curve.specificity)
    assert area == pytest.approx(auroc(y, r, sample_weight=w).value, abs=1e-12)
    assert area == pytest.approx(curve.auroc.value, abs=1e-12)


@pytest.mark.reference
@given(cases)
def test_average_precision_agrees_with_scikit_learn_and_weights_are_repetition(rows):
    y, r, w = arrays(rows)
    weighted = precision_recall_curve(y, r, sample_weight=w).average_precision
    assert weighted.value == pytest.approx(
        average_precision_score(y, r, sample_weight=w), abs=1e-12
    )
    again = np.repeat(np.arange(len(y)), w.astype(int))
    repeated = precision_recall_curve(y[again], r[again]).average_precision
    np.testing.assert_allclose(
        (weighted.value, weighted.low, weighted.high),
        (repeated.value, repeated.low, repeated.high),
        rtol=1e-9,
    )


@pytest.mark.recovery
def test_limits_of_the_average_precision_have_the_spread_of_resamples(patients):
    """300 resamples give the standard error within 8 % (two Monte Carlo errors)."""
    y = patients.y.to_numpy()
    r = patients.a.to_numpy()
    rng = np.random.default_rng(1)
    drawn = [
        average_precision_score(y[i], r[i])
        for i in (rng.integers(0, y.size, y.size) for _ in range(300))
    ]
    estimate = precision_recall_curve(y, r).average_precision
    logit = np.log(np.array(drawn) / (1 - np.array(drawn)))
    width = np.diff(
        np.log([estimate.low / (1 - estimate.low), estimate.high / (1 - estimate.high)])
    )[0]
    assert width / 3.92 == pytest.approx(np.std(logit), rel=0.1)


def test_limits_contain_the_points_and_stay_inside(patients):
    roc = roc_curve(patients.y, patients.a)
    pr = precision_recall_curve(patients.y, patients.a)
    for result, rates in ((roc, ("sensitivity", "specificity")), (pr, ("recall", "precision"))):
        for rate in rates:
            low, value, high = (getattr(result, rate + end) for end in ("_low", "", "_high"))
            assert (low.min() >= 0) & (high.max() <= 1)
            assert ((low <= value + 1e-12) & (value <= high + 1e-12)).all()


def test_a_useless_risk_has_the_event_rate_as_precision():
    curve = precision_recall_curve([0, 0, 0, 1], [0.1] * 4)
    assert curve.average_precision.value == 0.25
    assert curve.to_frame().precision.tolist() == [0.25]


def test_perfect_order_has_no_lower_limit():
    estimate = precision_recall_curve([0, 0, 1], [0.1, 0.2, 0.9]).average_precision
    assert estimate.value == 1
    assert np.isnan(estimate.low)


@pytest.mark.contract
@pytest.mark.parametrize("function", [roc_curve, precision_recall_curve])
def test_bad_input_is_named(function):
    with pytest.raises(
        ValueError, match=f"outcome must hold both classes for {function.__name__}; got no events"
    ):
        function([0, 0], [0.1, 0.2])


def test_limits_of_the_average_precision_widen_with_few_events():
    y = [0, 0, 0, 1, 0, 1, 0, 1]
    risk = np.arange(1, 9) / 10
    estimate = precision_recall_curve(y, risk).average_precision
    again = precision_recall_curve(np.repeat(y, 1000), np.repeat(risk, 1000)).average_precision
    assert estimate.method == "logit, t"
    ratio = (
        (logit(estimate.high) - logit(estimate.low))
        / (logit(again.high) - logit(again.low))
        / np.sqrt(1000)
    )
    assert ratio == pytest.approx(
        4.302652729749464 / 1.959963984540054, rel=2e-3
    )  # t with 2 degrees of freedom
