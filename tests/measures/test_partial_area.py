from __future__ import annotations

import numpy as np
import pytest

from backpain_risk import auroc, partial_auroc


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("specificity", {}),
        ("specificity_corrected", {"corrected": True}),
        ("sensitivity", {"bounds": (0.8, 1.0), "focus": "sensitivity"}),
        ("sensitivity_corrected", {"bounds": (1.0, 0.8), "focus": "sensitivity", "corrected": True}),
    ],
)
def test_partial_areas_agree_with_proc(patients, from_r, name, options):
    assert partial_auroc(patients.y, patients.a, **options).value == pytest.approx(from_r["partial"][name], abs=1e-12)


def test_partial_area_agrees_with_the_reference(reference, reference_data):
    import pandas as pd

    table = pd.read_csv(reference_data / "proc_aSAH.csv")
    value = partial_auroc((table.outcome == "Poor").astype(int), table.s100b.rank() / (len(table) + 1)).value
    assert value == pytest.approx(reference("auc-proc-asah")["expected"]["pauc"], abs=1e-10)


def test_the_whole_range_is_the_auroc_with_delong_limits(patients):
    whole = partial_auroc(patients.y, patients.b, bounds=(0, 1))
    area = auroc(patients.y, patients.b, interval="delong")
    np.testing.assert_allclose((whole.value, whole.low, whole.high), (area.value, area.low, area.high), rtol=1e-12)


def test_two_halves_make_the_whole(patients):
    parts = [partial_auroc(patients.y, patients.a, bounds=b).value for b in ((0, 0.7), (0.7, 1))]
    assert sum(parts) == pytest.approx(auroc(patients.y, patients.a).value, abs=1e-12)


def test_delong_limits_have_the_spread_of_resamples(patients):
    """The bootstrap standard error from 2 000 resamples has a Monte Carlo error of about 2 %."""
    exact = partial_auroc(patients.y, patients.a)
    drawn = partial_auroc(patients.y, patients.a, interval="bootstrap", rng=1)
    assert drawn.high - drawn.low == pytest.approx(exact.high - exact.low, rel=0.06)


def test_correction_gives_one_half_to_no_discrimination_and_one_to_perfection():
    y = np.repeat([0, 1], 50)
    assert partial_auroc(y, np.full(100, 0.2), corrected=True).value == pytest.approx(0.5)
    assert partial_auroc(y, y * 0.5 + 0.1, corrected=True).value == pytest.approx(1)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"bounds": (0.9, 0.9)}, "bounds must differ; got 0.9 twice"),
        ({"bounds": (90, 100)}, r"bounds must lie in \[0, 1\]; got 90"),
        ({"focus": "fpr"}, "focus must be one of 'specificity', 'sensitivity'"),
        ({"interval": "bootstrap"}, "rng must be given"),
    ],
)
def test_bad_input_is_named(options, message):
    with pytest.raises(ValueError, match=message):
        partial_auroc([0, 1, 0, 1], [0.1, 0.2, 0.3, 0.4], **options)
