from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from backpain_risk import auroc, calibration_slope, observed_expected, subgroup_calibration

pytestmark = pytest.mark.identity


@pytest.fixture(scope="module")
def grouped(rare):
    y, risk = rare
    rng = np.random.default_rng(1)
    return (
        y,
        risk,
        pd.DataFrame({"sex": rng.choice(["f", "m"], y.size), "site": rng.integers(1, 4, y.size)}),
    )


def test_each_group_is_judged_by_itself(grouped):
    y, risk, labels = grouped
    table = subgroup_calibration(y, risk, labels).set_index(["subgroup", "group", "measure"])
    for subgroup, group in (("sex", "f"), ("site", 3)):
        mine = (labels[subgroup] == group).to_numpy()
        for measure, function in (("observed_expected", observed_expected), ("auroc", auroc)):
            row = table.loc[subgroup, group, measure]
            own = function(y[mine], risk[mine])
            assert (row.value, row.low, row.high) == (own.value, own.low, own.high)
        assert row.n == mine.sum()
        assert row.mean_risk == pytest.approx(risk[mine].mean())
    assert table.loc["all", "all", "calibration_slope"].value == calibration_slope(y, risk).value


def test_weights_are_repetition(grouped):
    y, risk, labels = (part[:3000] for part in grouped)
    weight = np.arange(3000) % 3
    again = np.repeat(np.arange(3000), weight)
    a = subgroup_calibration(y, risk, labels, sample_weight=weight)
    b = subgroup_calibration(y[again], risk[again], labels.iloc[again])
    pd.testing.assert_frame_equal(a, b, rtol=1e-9)


@pytest.mark.contract
def test_a_group_without_events_has_an_oe_ratio_and_says_what_it_lacks():
    y = np.repeat([0, 0, 1], 20)
    risk = np.linspace(0.05, 0.6, 60)
    table = subgroup_calibration(y, risk, {"site": np.repeat(["a", "b", "c"], 20)})
    rows = table[table.group == "a"].set_index("measure")
    assert rows.value["observed_expected"] == 0
    assert np.isnan(rows.value["calibration_slope"])
    assert rows.note["calibration_slope"].startswith(
        "outcome must hold both classes for calibration_slope; got no events"
    )


def test_categories_that_hold_nobody_are_left_out(grouped):
    y, risk, _ = grouped
    bands = pd.cut(np.linspace(20, 60, y.size), [18, 40, 65, 100])
    assert subgroup_calibration(y, risk, {"age": bands}).group.nunique() == 3


@pytest.mark.contract
@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (
            {"sex": ["f", None]},
            "subgroups must have a label for every patient; got 1 missing in sex",
        ),
        (
            {"sex": ["f"]},
            "outcome and subgroup_sex must have the same length; got outcome 2, subgroup_sex 1",
        ),
    ],
)
def test_bad_input_is_named(labels, message):
    with pytest.raises(ValueError, match=message):
        subgroup_calibration([0, 1], [0.1, 0.2], labels)


@pytest.mark.contract
def test_a_level_in_percent_is_refused():
    with pytest.raises(ValueError, match="level must lie strictly between 0 and 1; got 95"):
        subgroup_calibration([0, 1], [0.1, 0.2], {"sex": ["f", "m"]}, level=95)
