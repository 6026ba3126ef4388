from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backpain_risk import decision_curve

pytestmark = pytest.mark.identity

patients = st.lists(
    st.tuples(st.booleans(), st.integers(0, 100), st.integers(0, 100)), min_size=3, max_size=60
).filter(lambda rows: len({y for y, _, _ in rows}) == 2)
THRESHOLDS = np.array([0.01, 0.05, 0.2, 0.57])


def by_hand(y, risk, t):
    positive = risk >= t
    return np.mean(positive & (y == 1)) - np.mean(positive & (y == 0)) * t / (1 - t)


def arrays(rows):
    y, a, b = (np.array(x, dtype=float) for x in zip(*rows, strict=True))
    return y, a / 100, b / 100


@pytest.mark.reference
def test_net_benefit_agrees_with_dcurves(reference, reference_data):
    table = pd.read_csv(reference_data / "df_binary.csv")
    frame = decision_curve(table.cancer, table.cancerpredmarker, thresholds=[0.25]).to_frame()
    np.testing.assert_allclose(
        frame.net_benefit, reference("dca-binary-nb-t25")["expected"], atol=1e-7
    )
    np.testing.assert_allclose(
        frame.net_interventions_avoided, reference("dca-nia-t25")["expected"], atol=1e-7
    )


@pytest.mark.reference
def test_case_control_prevalence_agrees_with_dcurves(reference, reference_data):
    table = pd.read_csv(reference_data / "df_case_control.csv")
    curve = decision_curve(
        table.casecontrol, table.cancerpredmarker, thresholds=[0.25], prevalence=0.15
    )
    np.testing.assert_allclose(
        curve.to_frame().net_benefit, reference("dca-case-control-t25")["expected"], atol=1e-7
    )


@given(patients)
def test_net_benefit_is_its_definition(rows):
    y, a, b = arrays(rows)
    frame = (
        decision_curve(y, {"a": a, "b": b}, thresholds=THRESHOLDS)
        .to_frame()
        .set_index(["model", "threshold"])
    )
    for name, risk in (("a", a), ("b", b), ("treat_all", np.ones_like(y))):
        for t in THRESHOLDS:
            assert frame.net_benefit[name, t] == pytest.approx(by_hand(y, risk, t), abs=1e-12)
    assert (frame.net_benefit <= y.mean() + 1e-12).all()
    assert (frame.net_benefit["treat_none"] == 0).all()


@given(patients)
def test_opt_out_benefit_is_the_interventions_avoided(rows):
    y, a, _ = arrays(rows)
    opt_in = decision_curve(y, a, thresholds=THRESHOLDS).to_frame()
    opt_out = decision_curve(y, a, thresholds=THRESHOLDS, policy="opt-out").to_frame()
    np.testing.assert_allclose(opt_out.net_benefit, opt_in.net_interventions_avoided, atol=1e-12)
    np.testing.assert_allclose(
        opt_out.net_interventions_avoided, opt_in.net_interventions_avoided, atol=1e-12
    )


@given(patients)
def test_weights_are_repetition(rows):
    y, a, b = arrays(rows)
    weight = np.arange(len(y)) % 3 + 1
    again = np.repeat(np.arange(len(y)), weight)
    weighted = decision_curve(y, {"a": a, "b": b}, thresholds=THRESHOLDS, sample_weight=weight)
    repeated = decision_curve(y[again], {"a": a[again], "b": b[again]}, thresholds=THRESHOLDS)
    for name in ("net_benefit", "low", "high"):
        np.testing.assert_allclose(getattr(weighted, name), getattr(repeated, name), atol=1e-12)


def test_normal_limits_are_those_of_a_mean():
    rng = np.random.default_rng(1)
    y = rng.integers(0, 2, 500)
    risk = rng.random(500)
    curve = decision_curve(y, risk, thresholds=[0.3], interval="normal")
    each = (risk >= 0.3) * np.where(y == 1, 1, -0.3 / 0.7)
    half = 1.959963984540054 * each.std(ddof=1) / np.sqrt(500)
    assert curve.high[2, 0] - curve.net_benefit[2, 0] == pytest.approx(half, rel=1e-10)


def test_bootstrap_and_normal_limits_are_near_each_other():
    rng = np.random.default_rng(2)
    risk = rng.beta(1, 20, 5000)
    y = (rng.random(5000) < risk).astype(int)
    for options in ({}, {"prevalence": 0.02}, {"policy": "opt-out"}):
        normal = decision_curve(y, risk, thresholds=[0.03, 0.1], interval="normal", **options)
        drawn = decision_curve(y, risk, thresholds=[0.03, 0.1], n_resamples=600, rng=1, **options)
        width = normal.high - normal.low
        np.testing.assert_allclose(drawn.low, normal.low, atol=0.12 * width.max())
        np.testing.assert_allclose(drawn.high, normal.high, atol=0.12 * width.max())


def test_paired_difference_has_limits_of_its_own():
    rng = np.random.default_rng(3)
    a = rng.beta(1, 20, 4000)
    y = (rng.random(4000) < a).astype(int)
    b = np.clip(a * rng.uniform(0.5, 1.5, 4000), 0, 1)
    curve = decision_curve(y, {"a": a, "b": b}, thresholds=[0.05], interval="normal")
    row = curve.difference("a", "b").iloc[0]
    each = ((a >= 0.05).astype(float) - (b >= 0.05)) * np.where(y == 1, 1, -0.05 / 0.95)
    assert row.difference == pytest.approx(each.mean(), abs=1e-12)
    assert row.high - row.difference == pytest.approx(
        1.959963984540054 * each.std(ddof=1) / np.sqrt(4000), rel=1e-9
    )
    with pytest.raises(ValueError, match="a and b must be models of the curve; got 'c'"):
        curve.difference("a", "c")


@pytest.mark.reference
@given(patients)
def test_standardised_net_benefit_is_that_of_rmda(rows):
    """Opt-in TPR - (1 - p)/p odds FPR; opt-out TNR - p/(1 - p) FNR/odds (rmda treats above t,
    here at or above).
    """
    y, a, _ = arrays(rows)
    p = y.mean()
    for policy in ("opt-in", "opt-out"):
        frame = decision_curve(y, a, thresholds=THRESHOLDS, policy=policy).to_frame()
        for row in frame[frame.model == "model"].itertuples():
            odds = row.threshold / (1 - row.threshold)
            tpr = np.mean(a[y == 1] >= row.threshold)
            fpr = np.mean(a[y == 0] >= row.threshold)
            opt_in = tpr - (1 - p) / p * odds * fpr
            opt_out = (1 - fpr) - p / (1 - p) * (1 - tpr) / odds
            expected = opt_in if policy == "opt-in" else opt_out
            assert row.standardised_net_benefit == pytest.approx(expected, abs=1e-10)
            assert row.sensitivity == pytest.approx(tpr, abs=1e-12)
            assert row.specificity == pytest.approx(1 - fpr, abs=1e-12)


@given(patients)
def test_consequences_hold_every_patient_once(rows):
    y, a, _ = arrays(rows)
    table = decision_curve(y, a, thresholds=THRESHOLDS).consequences(per=1000)
    cells = ["true_positives", "false_positives", "false_negatives", "true_negatives"]
    np.testing.assert_allclose(table[cells].sum(axis=1), 1000)
    np.testing.assert_allclose(table.treated, table.true_positives + table.false_positives)
    worth = table.true_positives - table.false_positives * table.threshold / (1 - table.threshold)
    np.testing.assert_allclose(table.net_true_positives, worth, atol=1e-9)
    opt_out = decision_curve(y, a, thresholds=THRESHOLDS, policy="opt-out").consequences()
    np.testing.assert_allclose(
        opt_out.net_true_negatives, table.net_interventions_avoided, atol=1e-9
    )


def test_the_best_strategy_changes_where_curves_cross():
    """The model finds the event from 20 % on; below, it spares nobody; above 60 %, it finds
    nobody.
    """
    curve = decision_curve([1, 0, 0, 0], [0.6, 0.2, 0.2, 0.2], thresholds=np.arange(1, 10) / 10)
    ranges = curve.best().values.tolist()
    assert ranges == [["treat_all", 0.1, 0.2], ["model", 0.3, 0.6], ["treat_none", 0.7, 0.9]]


def test_the_difference_of_resampled_curves_is_paired():
    """Limits from resamples agree with those from the standard error, and are narrower than
    unpaired ones would be.
    """
    rng = np.random.default_rng(5)
    a = rng.beta(1, 20, 5000)
    y = (rng.random(5000) < a).astype(int)
    b = a * rng.uniform(0.8, 1.2, 5000)
    for options in ({}, {"policy": "opt-out"}, {"prevalence": 0.02}):
        normal = decision_curve(
            y, {"a": a, "b": b}, thresholds=[0.05], interval="normal", **options
        ).difference("a", "b")
        curve = decision_curve(
            y, {"a": a, "b": b}, thresholds=[0.05], n_resamples=2000, rng=1, **options
        )
        drawn = curve.difference("a", "b")
        assert drawn.difference[0] == normal.difference[0]
        width = normal.high[0] - normal.low[0]
        assert drawn.high[0] - drawn.low[0] == pytest.approx(width, rel=0.08)
        assert width < 0.6 * (curve.high[2, 0] - curve.low[2, 0])


def thousand_patients(missed):
    """13 cancers, of which the model misses so many at 0.5 %; it spares 400 of 987 others."""
    risk = np.where(np.arange(1000) < 13, 0.02, 0.01)
    risk[:missed] = 0.001
    risk[600:] = 0.001
    return (np.arange(1000) < 13).astype(int), risk


@pytest.mark.parametrize("options", [{}, {"prevalence": 0.013}, {"policy": "opt-out"}])
def test_missing_none_of_thirteen_cancers_does_not_prove_that_none_is_missed(options):
    y, risk = thousand_patients(missed=0)
    row = (
        decision_curve(y, risk, thresholds=[0.005], **options)
        .difference("model", "treat_all")
        .iloc[0]
    )
    assert row.low < 0 < row.difference < row.high
    assert row.difference - row.low > 5 * (row.high - row.difference)
    normal = decision_curve(y, risk, thresholds=[0.005], interval="normal", **options)
    with pytest.warns(UserWarning, match="too narrow with fewer than 50 events"):
        assert normal.difference("model", "treat_all").low[0] > 0


def test_a_difference_is_the_other_way_round_when_its_strategies_are():
    y, risk = thousand_patients(missed=2)
    curve = decision_curve(y, {"a": risk, "b": risk[::-1]}, thresholds=[0.005, 0.015])
    for pair in (("a", "b"), ("a", "treat_all"), ("b", "treat_none"), ("treat_all", "treat_none")):
        there = curve.difference(*pair)
        back = curve.difference(*pair[::-1])
        np.testing.assert_allclose(there.low, -back.high, atol=1e-15)
        assert (there.low < there.difference).all()
    same = curve.difference("a", "a")
    assert (same[["difference", "low", "high"]] == 0).all(axis=None)


def test_with_many_patients_limits_are_those_of_the_standard_error():
    rng = np.random.default_rng(4)
    a = rng.beta(1, 20, 200_000)
    y = (rng.random(a.size) < a).astype(int)
    risks = {"a": a, "b": a * rng.uniform(0.5, 1.5, a.size)}
    for options in ({}, {"prevalence": 0.5}, {"policy": "opt-out"}, {"harm": 0.001}):
        curves = [
            decision_curve(y, risks, thresholds=[0.05], interval=i, **options)
            for i in ("mover", "normal")
        ]
        for pair in (
            ("a", "b"),
            ("a", "treat_all"),
            ("treat_none", "b"),
            ("treat_all", "treat_none"),
        ):
            mover, normal = (curve.difference(*pair) for curve in curves)
            width = (normal.high - normal.low)[0]
            np.testing.assert_allclose(
                mover[["low", "high"]], normal[["low", "high"]], atol=0.02 * width
            )


def test_nothing_is_uncertain_about_treating_all_at_a_given_prevalence():
    y, risk = thousand_patients(missed=1)
    curve = decision_curve(y, risk, thresholds=[0.005], prevalence=0.02)
    assert curve.low[0, 0] == curve.high[0, 0] == curve.net_benefit[0, 0]
    sampled = decision_curve(y, risk, thresholds=[0.005])
    assert sampled.low[0, 0] < sampled.net_benefit[0, 0] < sampled.high[0, 0]
    assert sampled.low[1, 0] == sampled.high[1, 0] == 0


def test_harm_is_subtracted_from_models_only():
    y = [0, 1, 0, 1]
    risk = [0.1, 0.6, 0.3, 0.8]
    plain = decision_curve(y, {"a": risk, "b": risk}, thresholds=[0.2])
    harmed = decision_curve(y, {"a": risk, "b": risk}, thresholds=[0.2], harm={"b": 0.05})
    np.testing.assert_allclose(
        plain.net_benefit - harmed.net_benefit, [[0], [0], [0], [0.05]], atol=1e-15
    )


def test_a_risk_equal_to_the_threshold_is_positive():
    curve = decision_curve([1, 0], [0.57, 0.1], thresholds=np.arange(1, 100) / 100)
    assert curve.tp_rate[2, 56] == 0.5


@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_a_risk_equal_to_the_threshold_is_positive_in_every_precision(kind):
    """0.01 in float32 is 0.00999999977648258."""
    hundredths = np.arange(1, 100) / 100
    curve = decision_curve([1, 0] * 49 + [1], hundredths.astype(kind), thresholds=hundredths)
    np.testing.assert_allclose(
        curve.tp_rate[2] + curve.fp_rate[2], np.arange(99, 0, -1) / 99, rtol=1e-12
    )
    nearly = np.append(hundredths[1:], np.nextafter(0.01, 0))  # in float64 it is another number
    below = decision_curve([1, 0] * 49 + [1], nearly, thresholds=[0.01])
    assert below.tp_rate[2, 0] + below.fp_rate[2, 0] == pytest.approx(98 / 99)


@pytest.mark.contract
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            {"thresholds": [0.0, 0.1]},
            "thresholds must lie strictly between 0 and 1; got 1 of 2 outside",
        ),
        ({"thresholds": [0.2, 0.1]}, "thresholds must be ascending and distinct"),
        ({"interval": "wald"}, "interval must be one of 'mover', 'normal'; got 'wald'"),
        ({"policy": "opt"}, "policy must be one of 'opt-in', 'opt-out'"),
        ({"harm": {"x": 0.1}}, "harm must name models of risks; got 'x'"),
        ({"harm": np.nan}, "harm must be 0 or more, in units of net benefit; got .nan"),
        ({"harm": {"a": -0.1}}, "harm must be 0 or more, in units of net benefit; got .-0.1"),
        ({"n_resamples": -1, "rng": 1}, "n_resamples must be a whole number of 0 or more; got -1"),
        ({"prevalence": 15}, "prevalence must lie strictly between 0 and 1; got 15"),
        ({"outcome": [0, 0]}, "outcome must hold both classes for decision_curve; got no events"),
        ({"risks": {"a": [0.1, 1.7]}}, r"risk must lie in \[0, 1\]; got 1 of 2 outside"),
        (
            {"risks": {"treat_all": [0.1, 0.7]}},
            "risks must have distinct names other than treat_all",
        ),
    ],
)
def test_bad_input_is_named(arguments, message):
    call = {"outcome": [0, 1], "risks": {"a": [0.1, 0.7]}} | arguments
    with pytest.raises(ValueError, match=message):
        decision_curve(call.pop("outcome"), call.pop("risks"), **call)


def test_differences_whose_limits_are_too_narrow_with_few_events_say_so():
    """Normal and resampled limits held half to three quarters with 13 events
    (coverage_of_limits).
    """
    rng = np.random.default_rng(3)
    risk = rng.uniform(0.001, 0.05, 1000)
    y = (rng.random(1000) < risk).astype(int)
    chosen = {"thresholds": [0.01], "rng": 1}
    for options in ({"interval": "normal"}, {"n_resamples": 5}):
        curve = decision_curve(y, risk, **chosen, **options)
        with pytest.warns(UserWarning, match="too narrow with fewer than 50 events"):
            curve.difference("model", "treat_all")
        many = decision_curve(np.tile(y, 4), np.tile(risk, 4), **chosen, **options)
        many.difference("model", "treat_all")
    decision_curve(y, risk, **chosen).difference("model", "treat_all")
