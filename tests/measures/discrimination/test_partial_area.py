from __future__ import annotations

import numpy as np
import pytest

from backpain_risk import auroc, partial_auroc

pytestmark = pytest.mark.identity


@pytest.mark.reference
@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("specificity", {}),
        ("specificity_corrected", {"corrected": True}),
        ("sensitivity", {"bounds": (0.8, 1.0), "focus": "sensitivity"}),
        (
            "sensitivity_corrected",
            {"bounds": (1.0, 0.8), "focus": "sensitivity", "corrected": True},
        ),
    ],
)
def test_partial_areas_agree_with_proc(patients, from_r, name, options):
    assert partial_auroc(patients.y, patients.a, **options).value == pytest.approx(
        from_r["partial"][name], abs=1e-12
    )


@pytest.mark.reference
def test_partial_area_agrees_with_the_reference(reference, reference_data):
    import pandas as pd

    table = pd.read_csv(reference_data / "proc_aSAH.csv")
    value = partial_auroc(
        (table.outcome == "Poor").astype(int), table.s100b.rank() / (len(table) + 1)
    ).value
    assert value == pytest.approx(reference("auc-proc-asah")["expected"]["pauc"], abs=1e-10)


def test_the_whole_range_is_the_auroc_with_delong_limits(patients):
    whole = partial_auroc(patients.y, patients.b, bounds=(0, 1), interval="delong")
    area = auroc(patients.y, patients.b, interval="delong")
    np.testing.assert_allclose(
        (whole.value, whole.low, whole.high), (area.value, area.low, area.high), rtol=1e-12
    )


def test_two_halves_make_the_whole(patients):
    parts = [partial_auroc(patients.y, patients.a, bounds=b).value for b in ((0, 0.7), (0.7, 1))]
    assert sum(parts) == pytest.approx(auroc(patients.y, patients.a).value, abs=1e-12)


@pytest.mark.recovery
def test_delong_limits_have_the_spread_of_resamples(patients):
    """The bootstrap standard error from 2 000 resamples has a Monte Carlo error of about 2 %."""
    exact = partial_auroc(patients.y, patients.a, interval="delong")
    drawn = partial_auroc(patients.y, patients.a, interval="bootstrap", rng=1)
    assert drawn.high - drawn.low == pytest.approx(exact.high - exact.low, rel=0.06)


@pytest.mark.parametrize(
    ("bounds", "focus", "from_proc"),
    [
        ((0.75, 1), "specificity", 0.125),
        ((0.5, 0.75), "specificity", 0.25),
        ((0.5, 1), "sensitivity", 0.375),
    ],
)
def test_a_bound_at_a_vertical_piece_of_the_curve_adds_nothing_above_it(bounds, focus, from_proc):
    """R: auc(roc(y, r), partial.auc = bounds, partial.auc.focus = focus), pROC 1.18.0."""
    value = partial_auroc(
        [0, 0, 0, 0, 1, 1], [0.1, 0.2, 0.3, 0.6, 0.5, 0.8], bounds=bounds, focus=focus
    ).value
    assert value == pytest.approx(from_proc, abs=1e-15)


@pytest.mark.recovery
@pytest.mark.parametrize("n_risks", [2, 4])
@pytest.mark.parametrize("focus", ["specificity", "sensitivity"])
def test_delong_limits_have_the_spread_of_resamples_where_a_bound_cuts_through_ties(n_risks, focus):
    """Few red flags give few risks. Monte Carlo error of the bootstrap standard error about 2 %."""
    rng = np.random.default_rng(5)
    y = np.repeat([1, 0], [1000, 3000])
    risk = (rng.integers(n_risks, size=y.size) + y * (rng.random(y.size) < 0.4)).clip(
        max=n_risks - 1
    ) / 10
    exact = partial_auroc(y, risk, focus=focus)
    drawn = partial_auroc(y, risk, focus=focus, interval="bootstrap", rng=1)
    assert drawn.high - drawn.low == pytest.approx(exact.high - exact.low, rel=0.08)


def test_correction_gives_one_half_to_no_discrimination_and_one_to_perfection():
    y = np.repeat([0, 1], 50)
    assert partial_auroc(y, np.full(100, 0.2), corrected=True).value == pytest.approx(0.5)
    assert partial_auroc(y, y * 0.5 + 0.1, corrected=True).value == pytest.approx(1)


@pytest.mark.contract
@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"bounds": (0.9, 0.9)}, "bounds must differ; got 0.9 twice"),
        ({"bounds": (90, 100)}, r"bounds must lie in \[0, 1\]; got 90"),
        ({"focus": "fpr"}, "focus must be one of 'specificity', 'sensitivity'"),
        ({"interval": "bootstrap"}, "rng must be given"),
        (
            {"interval": "bootstrap", "n_resamples": 0, "rng": 1},
            "n_resamples must be a whole number of 1 or more",
        ),
    ],
)
def test_bad_input_is_named(options, message):
    with pytest.raises(ValueError, match=message):
        partial_auroc([0, 1, 0, 1], [0.1, 0.2, 0.3, 0.4], **options)


def test_five_separated_patients_prove_little():
    """All of the strip is under the curve, and DeLong's variance is 0 however few the patients."""
    y = [0, 0, 0, 1, 1]
    risk = [0.1, 0.2, 0.3, 0.5, 0.8]
    estimate = partial_auroc(y, risk)
    assert (estimate.value, estimate.high) == pytest.approx((0.1, 0.1))
    assert estimate.low == pytest.approx(
        0.1 * 2 / (2 + 1.959963984540054**2)
    )  # Wilson's for 2 of 2 events
    for interval in ("delong", "bootstrap"):
        nothing = partial_auroc(y, risk, interval=interval, n_resamples=50, rng=1)
        assert np.isnan([nothing.low, nothing.high]).all()


@pytest.mark.parametrize("bounds", [(0.9, 1.0), (0.5, 1.0), (0.0, 1.0)])
def test_limits_of_the_area_lie_in_the_strip_and_become_those_of_delong(patients, bounds):
    few, many = (
        partial_auroc(patients.y, patients.a, bounds=bounds, sample_weight=[w] * 600)
        for w in (1, 10_000)
    )
    assert 0 <= few.low < few.value < few.high <= bounds[1] - bounds[0]
    delong = partial_auroc(
        patients.y, patients.a, bounds=bounds, sample_weight=[10_000] * 600, interval="delong"
    )
    assert (many.low, many.high) == pytest.approx((delong.low, delong.high), abs=1e-6)
