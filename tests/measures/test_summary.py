from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import backpain_risk as bpr
from backpain_risk import MEASURES, auroc, performance

pytestmark = pytest.mark.identity

OWN = {
    "brier": bpr.brier_score,
    "average_precision": lambda y, r: bpr.precision_recall_curve(y, r).average_precision,
}


def test_one_tidy_table_for_all_models(rare):
    y, risk = rare
    table = performance(y, {"a": risk, "b": np.clip(1.5 * risk, 0, 0.99)}, thresholds=[0.01, 0.03])
    assert list(table.columns) == ["model", "measure", "value", "low", "high"]
    assert set(table.measure) == {
        *(
            "auroc",
            "brier",
            "scaled_brier",
            "observed_expected",
            "calibration_in_the_large",
            "calibration_slope",
        ),
        *("ici", "e50", "e90", "emax", "net_benefit@0.01", "net_benefit@0.03"),
    }
    wide = table.pivot(index="model", columns="measure", values="value")
    assert wide.loc["a", "auroc"] == auroc(y, risk).value
    assert wide.loc["treat_none", "net_benefit@0.03"] == 0
    assert type(table.to_frame()) is pd.DataFrame


def test_every_measure_equals_its_own_function(patients):
    y = patients.y
    risk = patients.a
    rows = performance(y, risk, measures=MEASURES).query("model == 'model'").set_index("measure")
    assert list(rows.index[: len(MEASURES)]) == list(MEASURES)
    curve = bpr.calibration_curve(y, risk)
    for name in MEASURES:
        own = getattr(curve, name, None) or OWN.get(name, getattr(bpr, name, None))(y, risk)
        if name == "spiegelhalter_z":
            assert rows.value[name] == own.statistic
        else:
            np.testing.assert_array_equal(
                rows.loc[name, ["value", "low", "high"]].astype(float),
                (own.value, own.low, own.high),
                name,
            )


def test_the_indices_have_limits_where_resampled(patients):
    y = patients.y
    risks = patients[["a", "b"]]
    first, again = (
        performance(y, risks, measures=("ici",), n_resamples=20, rng=4) for _ in range(2)
    )
    pd.testing.assert_frame_equal(first, again)
    ici = first[first.measure == "ici"]
    assert (ici.low < ici.high).all()
    with pytest.raises(ValueError, match="rng must be given"):
        performance(y, risks, n_resamples=20)


def test_what_a_model_does_not_have_is_nan_with_a_reason(patients):
    y = patients.y
    flag = np.where(patients.a > 0.3, 0.6, 0.1)
    certain = np.where(patients.a > 0.9, 1.0, patients.a)
    with pytest.warns(UserWarning, match="left as NaN because") as warned:
        table = performance(y, {"flag": flag, "certain": certain}).set_index(["model", "measure"])
    texts = sorted(str(w.message) for w in warned)
    assert any(
        t.startswith("flag: ici, e50, e90, emax left as NaN because a spline must have 3")
        for t in texts
    )
    assert any(
        t.startswith("certain: calibration_slope left as NaN because risk must lie strictly")
        for t in texts
    )
    assert np.isnan(table.value["flag", "ici"])
    assert np.isfinite(table.value["flag", "calibration_slope"])
    assert np.isnan(table.value["certain", "calibration_slope"])
    assert np.isfinite(table.value["certain", "brier"])


@pytest.mark.contract
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"measures": ["accuracy"]}, "measures must be one of 'auroc', .*; got 'accuracy'"),
        ({"outcome": [0, 0]}, "outcome must hold both classes for performance; got no events"),
        (
            {"risks": [0.1, 1.7]},
            r"risk must lie in \[0, 1\]; got 1 of 2 outside \(first 1.7 at row 1\)",
        ),
        ({"risks": {"a": [0.1, np.nan], "b": [0.1, 0.2]}}, "risk of a must be finite"),
        (
            {"risks": {"a": [0.1], "b": [0.1, 0.2]}},
            "outcome and risk_of_a must have the same length",
        ),
        ({"level": 95}, "level must lie strictly between 0 and 1; got 95"),
        ({"n_resamples": -1, "rng": 1}, "n_resamples must be a whole number of 0 or more; got -1"),
        ({"thresholds": [1.0]}, "thresholds must lie strictly between 0 and 1"),
    ],
)
def test_bad_input_is_named(arguments, message):
    call = {"outcome": [0, 1], "risks": [0.1, 0.7], "measures": ("auroc",)} | arguments
    with pytest.raises(ValueError, match=message):
        performance(call.pop("outcome"), call.pop("risks"), **call)


def test_indices_of_a_curve_that_says_little_are_warned_of():
    y = np.zeros(400)
    y[::60] = 1
    risk = np.random.default_rng(1).uniform(0.005, 0.1, 400)
    with pytest.warns(UserWarning, match="says little with 7 events among 400 patients"):
        table = performance(y, risk, measures=["ici"])
    assert np.isfinite(table.value[0])


FEW = (np.tile([0, 0, 1, 0, 1], 12), np.linspace(0.05, 0.9, 60).round(2))
LIMITS = {
    "auroc": lambda **rest: bpr.auroc(*FEW, interval="bootstrap", n_resamples=3, **rest),
    "partial_auroc": lambda **rest: bpr.partial_auroc(
        *FEW, interval="bootstrap", n_resamples=3, **rest
    ),
    "calibration_curve": lambda **rest: bpr.calibration_curve(
        *FEW, method="lowess", n_resamples=3, **rest
    ),
    "decision_curve": lambda **rest: bpr.decision_curve(
        FEW[0], {"a": FEW[1]}, thresholds=[0.2], n_resamples=3, **rest
    ),
    "bayesian_decision_curve": lambda **rest: bpr.bayesian_decision_curve(
        FEW[0], {"a": FEW[1]}, thresholds=[0.2], n_draws=3, **rest
    ),
}


@pytest.mark.contract
@pytest.mark.parametrize("level", [-1, 0, 1, 95])
@pytest.mark.parametrize("measure", LIMITS)
def test_a_level_that_is_none_is_refused_before_anything_is_drawn(measure, level):
    """Quantiles of -1 would be limits the wrong way round."""
    rng = np.random.default_rng(1)
    before = rng.bit_generator.state
    with pytest.raises(ValueError, match=f"level must lie strictly between 0 and 1; got {level}"):
        LIMITS[measure](level=level, rng=rng)
    assert rng.bit_generator.state == before
