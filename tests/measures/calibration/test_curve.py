from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit, logit

from backpain_risk import calibration_curve

pytestmark = pytest.mark.identity

METHODS = ["rcs", "loess", "lowess", "isotonic", "groups"]


@pytest.fixture(scope="module")
def readme(reference, reference_data):
    table = pd.read_csv(reference_data / "pmcalibration_readme.csv")
    return table.y, table.p, reference


@pytest.mark.reference
def test_spline_indices_agree_with_pmcalibration(readme):
    y, p, reference = readme
    expected = reference("pm-readme-rcs5")["expected"]
    curve = calibration_curve(y, p, at=expected["printed_curve_head"]["p"])
    for ours, theirs in (
        ("ici", "Eavg"),
        ("e50", "E50"),
        ("e90", "E90"),
        ("emax", "Emax"),
        ("eci", "ECI"),
    ):
        assert getattr(curve, ours).value == pytest.approx(expected["full"][theirs], abs=1e-10)
    np.testing.assert_allclose(curve.observed, expected["printed_curve_head"]["p_c"], atol=1e-8)


@pytest.mark.reference
def test_the_spline_agrees_with_rms(patients, from_r):
    """Its curve, its limits and its indices; lrm converges to about 1e-9."""
    expected = from_r["rcs"]
    curve = calibration_curve(patients.y, patients.a, at=[0.05, 0.2, 0.5])
    np.testing.assert_allclose(logit(curve.observed), expected["logit"], atol=1e-7)
    half = 1.959963984540054 * np.array(expected["se"])
    np.testing.assert_allclose(logit(curve.low), np.array(expected["logit"]) - half, atol=1e-6)
    np.testing.assert_allclose(logit(curve.high), np.array(expected["logit"]) + half, atol=1e-6)
    ours = [getattr(curve, name).value for name in ("ici", "e50", "e90", "emax", "eci")]
    np.testing.assert_allclose(ours, expected["indices"], atol=1e-8)


@pytest.mark.reference
@pytest.mark.parametrize(
    ("method", "model", "name"),
    [
        ("loess", "a", "loess"),
        ("loess", "b", "loess_ties"),
        ("lowess", "a", "lowess"),
        ("lowess", "b", "lowess_ties"),
        ("isotonic", "a", "isotonic"),
    ],
)
def test_smoothers_agree_with_r(patients, from_r, method, model, name):
    at = np.unique(patients[model])
    curve = calibration_curve(patients.y, patients[model], method=method, at=at)
    ours = curve.observed[np.searchsorted(at, patients[model][::10])]
    np.testing.assert_allclose(ours, from_r[name], atol=1e-10)


@pytest.mark.reference
def test_the_indices_of_lowess_are_those_of_val_prob(patients, from_r):
    for model, expected in (("a", from_r["val_prob"]), ("b", from_r["val_prob_b"])):
        curve = calibration_curve(patients.y, patients[model], method="lowess")
        for ours, theirs in (("ici", "Eavg"), ("e90", "E90"), ("emax", "Emax")):
            assert getattr(curve, ours).value == pytest.approx(expected[theirs], abs=1e-10)


@pytest.mark.parametrize("method", METHODS)
def test_weights_are_repetition_and_order_does_not_matter(rare, method):
    y = rare[0][:4000]
    risk = rare[1][:4000].round(3).clip(0.001)
    rng = np.random.default_rng(1)
    weight = rng.integers(0, 3, 4000)
    rows = rng.permutation(np.repeat(np.arange(4000), weight))
    a = calibration_curve(y, risk, method=method, sample_weight=weight)
    b = calibration_curve(y[rows], risk[rows], method=method)
    np.testing.assert_allclose(a.observed, b.observed, rtol=1e-8, atol=1e-12)
    np.testing.assert_allclose(a.low, b.low, rtol=1e-6, atol=1e-12)
    assert a.e90.value == pytest.approx(b.e90.value, rel=1e-8)


@pytest.mark.parametrize("method", ["rcs", "groups"])
def test_limits_contain_the_curve_and_stay_inside(rare, method):
    curve = calibration_curve(*rare, method=method)
    assert (curve.low <= curve.observed + 1e-12).all()
    assert (curve.observed <= curve.high + 1e-12).all()
    assert curve.low.min() >= 0
    assert curve.high.max() <= 1
    assert curve.ici_share.value == pytest.approx(curve.ici.value / rare[0].mean())


def test_isotonic_regression_never_falls(rare):
    assert (np.diff(calibration_curve(*rare, method="isotonic").observed) >= 0).all()


def test_loess_outside_the_unit_interval_has_no_limits(patients):
    curve = calibration_curve(patients.y, patients.a, method="loess")
    outside = (curve.observed <= 0) | (curve.observed >= 1)
    assert outside.any()
    np.testing.assert_array_equal(np.isnan(curve.low), outside)


@pytest.mark.parametrize("method", ["rcs", "loess", "groups"])
def test_a_band_for_the_whole_curve_is_wider_than_for_a_point(rare, method):
    bands = ("pointwise", "simultaneous")
    point, whole = (
        calibration_curve(*rare, method=method, band=band, at=[0.005, 0.01, 0.03]) for band in bands
    )
    ratio = (whole.high - whole.low) / (point.high - point.low)
    assert (ratio[1:] > 1.2).all()
    assert (ratio < 2).all()


@pytest.mark.recovery
def test_a_simultaneous_band_holds_the_truth_nineteen_times_in_twenty():
    """120 cohorts with risks that are right: the standard error of the coverage is 2 %."""
    rng = np.random.default_rng(5)
    at = expit(np.linspace(-4.4, -1.1, 30))
    held = 0
    for _ in range(120):
        risk = expit(rng.uniform(-4.5, -1, 3000))
        curve = calibration_curve(rng.random(3000) < risk, risk, band="simultaneous", at=at)
        held += int(((curve.low <= at) & (at <= curve.high)).all())
    assert held / 120 == pytest.approx(0.95, abs=0.05)


@pytest.mark.recovery
def test_limits_by_simulation_are_near_those_of_the_bootstrap(patients):
    drawn = [
        calibration_curve(
            np.tile(patients.y, 5), np.tile(patients.b, 5), n_resamples=300, resampling=how, rng=2
        )
        for how in ("bootstrap", "simulation")
    ]
    for name in ("ici", "e50", "ici_share"):
        a, b = (getattr(curve, name) for curve in drawn)
        assert a.value == b.value
        assert b.high == pytest.approx(a.high, rel=0.15)
    assert drawn[1].ici.method == "simulation, 300 draws"


def test_resampled_limits_are_repeatable(patients):
    y = np.tile(patients.y, 5)
    risk = np.tile(patients.b, 5)
    chosen = {"n_resamples": 20, "resampling": "bootstrap", "rng": 3}
    a, b = (calibration_curve(y, risk, **chosen) for _ in range(2))
    assert (a.ici.low, a.ici.high) == (b.ici.low, b.ici.high)
    assert a.ici.method == "bootstrap, 20 resamples"


def test_resamples_that_fail_are_counted():
    rng = np.random.default_rng(2)
    risk = expit(rng.normal(-6.2, 1, 1500))
    y = (rng.random(1500) < risk).astype(int)
    with (
        pytest.warns(UserWarning, match="says little with 6 events among 1500 patients"),
        pytest.warns(UserWarning, match="limits of ICI and its kin are left as NaN"),
    ):
        curve = calibration_curve(y, risk, n_knots=3, n_resamples=60, resampling="bootstrap", rng=3)
    assert curve.says_little
    assert curve.n_resamples == 60
    assert 0 < curve.n_failed < 60
    assert f"bootstrap, {60 - curve.n_failed} resamples" in curve.ici.method


@pytest.mark.parametrize("where", [0, 999])
def test_one_event_at_the_end_of_the_risks_makes_no_curve(where):
    """Newton steps stop where the likelihood no longer rises: at 1 for that patient and 1e-137
    for the others.
    """
    y = np.arange(1000) == where
    with pytest.raises(ValueError, match="got no maximum of the likelihood with 1 events"):
        calibration_curve(y, np.linspace(0.001, 0.1, 1000))


def calibrated(n, seed):
    rng = np.random.default_rng(seed)
    risk = expit(rng.normal(-5, 1.2, n))
    return (rng.random(n) < risk).astype(int), risk


def test_limits_of_the_indices_hold_zero_where_calibration_is_not_rejected():
    y, risk = calibrated(3000, 1)
    curve = calibration_curve(y, risk, n_resamples=50, rng=1)
    assert curve.ici.method == "confidence region, 50 directions"
    assert (curve.indices().low == 0).all()
    assert (curve.indices().high > curve.indices().value).all()
    doubled = calibration_curve(
        np.tile(y, 20), np.tile(expit(logit(risk) + 0.7), 20), n_resamples=50, rng=1
    )
    assert (doubled.indices().low > 0).all()
    assert (doubled.indices().low < doubled.indices().value).all()
    percentiles = calibration_curve(
        np.tile(y, 10), np.tile(risk, 10), n_resamples=50, rng=1, resampling="simulation"
    )
    assert (percentiles.indices().low > 0).all()


def test_no_curve_of_the_region_has_a_nearer_or_farther_index():
    """Each limit is an index of a curve whose coefficients lie on the edge, and random ones
    inside go no farther.
    """
    y, risk = calibrated(4000, 2)
    few, many = (calibration_curve(y, risk, n_knots=3, n_resamples=n, rng=1) for n in (20, 2000))
    assert (few.indices().high <= many.indices().high + 1e-15).all()
    assert few.ici.high > 0.9 * many.ici.high


@pytest.mark.parametrize("how", [None, "bootstrap"])
def test_percentiles_of_indices_are_withheld_with_few_events(how):
    """They held the truth in none of 80 cohorts whose risks are right (coverage_of_limits)."""
    y, risk = calibrated(3000, 1)
    chosen = {"method": "groups", "n_resamples": 20, "rng": 1, "resampling": how}
    with pytest.warns(UserWarning, match=r"limits of ICI .* fewer than 200 events\)"):
        few = calibration_curve(y, risk, **chosen)
    assert np.isnan(few.indices()[["low", "high"]]).all(axis=None)
    assert np.isfinite(few.indices().value).all()
    enough = calibration_curve(np.tile(y, 10), np.tile(risk, 10), **chosen)
    assert np.isfinite(enough.indices().high).all()


def test_limits_that_do_not_hold_are_withheld_with_a_reason():
    """Bootstrap of isotonic regression, of lowess below 200 events, a spline's band below 20."""
    y, risk = calibrated(1300, 3)
    assert 10 <= y.sum() < 20
    for options, why in (
        ({"band": "simultaneous"}, "whole spline does not hold with fewer than 20 events"),
        ({"method": "lowess", "n_resamples": 5, "rng": 1}, "lowess do not hold with fewer"),
        ({"method": "isotonic", "n_resamples": 5, "rng": 1}, "isotonic regression do not hold"),
    ):
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            curve = calibration_curve(y, risk, **options)
        assert np.isnan(curve.low).all()
        assert np.isnan(curve.high).all()
        assert why in curve.limits
        assert any(
            f"limits of the curve are left as NaN ({curve.limits})" in str(w.message) for w in said
        )
    many = (np.tile(y, 20), np.tile(risk, 20))
    with pytest.warns(UserWarning, match="isotonic regression do not hold"):
        calibration_curve(*many, method="isotonic", n_resamples=5, rng=1)
    curve = calibration_curve(*many, method="lowess", n_resamples=5, rng=1)
    assert np.isfinite(curve.high).all()


def test_all_groups_at_once_have_exact_limits_by_bonferroni():
    """Clopper and Pearson's at 1 - 0.05/4: 0 of 10 has the upper limit 1 - 0.00625**0.1."""
    y = np.repeat([0, 1, 0, 1], 10)
    curve = calibration_curve(
        y, np.linspace(0.1, 0.4, 40), method="groups", n_groups=4, band="simultaneous"
    )
    assert curve.limits == "simultaneous, clopper_pearson"
    np.testing.assert_allclose(curve.high, [1 - 0.00625**0.1, 1, 1 - 0.00625**0.1, 1])


def test_a_band_from_few_events_is_wider_for_its_few_degrees_of_freedom():
    y, risk = calibrated(2000, 4)
    ratios = []
    for times in (1, 1000):
        weight = np.full(risk.size, times)
        point, whole = (
            calibration_curve(y, risk, sample_weight=weight, band=band, at=[0.005, 0.01, 0.03])
            for band in ("pointwise", "simultaneous")
        )
        ratios.append(
            (logit(whole.high) - logit(whole.low)) / (logit(point.high) - logit(point.low))
        )
    assert 20 <= y.sum() <= 30
    assert (ratios[0] > 1.05 * ratios[1]).all()


def test_a_knot_gives_way_where_the_likelihood_has_no_maximum():
    """In this cohort no event has a risk below 2.6 %, more than half of the range on the logit
    scale.
    """
    rng = np.random.default_rng(97)
    risk = expit(rng.uniform(-6.5, -1.5, 1000))
    y = rng.random(1000) < risk
    assert risk[y].min() > 0.026
    with pytest.warns(
        UserWarning, match="says little with 32 events"
    ):  # nothing is known of risks below 2.6 %
        curve = calibration_curve(y, risk)
    assert curve.method == "restricted cubic spline, 4 knots"


@pytest.mark.contract
def test_a_spline_is_refused_where_even_three_knots_have_no_maximum():
    rng = np.random.default_rng(1)
    risk = np.concatenate([rng.uniform(0.001, 0.03, 900), rng.uniform(0.03, 0.3, 100)])
    y = (rng.random(1000) < risk) & (risk > 0.03)
    with pytest.raises(ValueError, match="got no maximum of the likelihood with 17 events"):
        calibration_curve(y, risk)


def test_groups_hold_everyone_once(rare):
    y, risk = rare
    curve = calibration_curve(y, risk, method="groups", n_groups=10)
    order = np.argsort(risk)
    np.testing.assert_allclose(
        curve.predicted, [risk[part].mean() for part in np.array_split(order, 10)], rtol=1e-2
    )
    assert curve.to_frame().n.sum() == y.size
    assert curve.to_frame().events.sum() == y.sum()


def test_groups_between_given_risks_show_what_happens_below_five_per_cent(rare):
    y, risk = rare
    table = calibration_curve(y, risk, method="groups", at=[0.005, 0.01, 0.02, 0.05]).to_frame()
    third = (risk > 0.01) & (risk <= 0.02)
    assert table.n.tolist()[2] == third.sum()
    assert table.observed.tolist()[2] == y[third].mean()
    assert len(calibration_curve(y, risk, method="groups", at=[0.01, 0.98, 0.99]).predicted) == 2


@pytest.mark.parametrize("method", ["loess", "lowess", "isotonic", "groups"])
def test_resamples_without_an_event_fail_whatever_the_smoother(method):
    """A resample of 40 patients misses a single event with probability (39/40)^40 = 0.36."""
    risk = np.linspace(0.02, 0.4, 40)
    chosen = {"method": method, "n_resamples": 100, "rng": 1, "resampling": "bootstrap"}
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "the calibration curve says little")
        warnings.filterwarnings("ignore", "limits of .* are left as NaN")
        curve = calibration_curve(np.arange(40) == 30, risk, **chosen)
    assert curve.says_little == (method == "loess")
    assert 20 < curve.n_failed < 52


@pytest.mark.contract
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"risk": [0.1, 0.2] * 9}, "a spline must have 3 distinct knots; got 2"),
        ({"risk": [0.1, 0.2] * 9, "method": "loess"}, "loess must see 3 distinct values"),
        (
            {"risk": [0.0, 0.2] * 9},
            "risk must lie strictly between 0 and 1 for calibration_curve; got 9 patients",
        ),
        ({"outcome": [0] * 18}, "outcome must hold both classes for calibration_curve"),
        ({"method": "magic"}, "method must be one of"),
        ({"band": "both"}, "band must be one of"),
        (
            {"method": "lowess", "band": "simultaneous"},
            "band must be 'pointwise' for method='lowess'",
        ),
        (
            {"method": "groups", "resampling": "simulation", "n_resamples": 9},
            "resampling must be 'bootstrap'",
        ),
        ({"at": [0.0, 0.5]}, "at must lie strictly between 0 and 1"),
        ({"n_resamples": 20}, "rng must be given"),
        ({"n_resamples": -1, "rng": 1}, "n_resamples must be a whole number of 0 or more; got -1"),
        (
            {"n_groups": 0, "method": "groups"},
            "n_groups must be a whole number of 1 or more; got 0",
        ),
        ({"n_knots": 9}, "n_knots must be 3 to 7"),
    ],
)
def test_bad_input_is_named(arguments, message):
    call = {"outcome": [0, 1] * 9, "risk": np.linspace(0.1, 0.9, 18)} | arguments
    with pytest.raises(ValueError, match=message):
        calibration_curve(call.pop("outcome"), call.pop("risk"), **call)
