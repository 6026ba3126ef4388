"""Sizes of studies of one flag, and what a given size buys."""

from __future__ import annotations

import numpy as np
import pytest

import backpain_risk as bpr

pytestmark = pytest.mark.identity


def sizes(result):
    return dict(zip(result.to_frame().criterion, result.to_frame().n, strict=True))


def test_wald_half_widths_and_the_factor_of_lr_are_met_and_one_patient_fewer_misses_them():
    pi = 0.01
    sensitivity = 0.31
    specificity = 0.98
    planned = sizes(
        bpr.sample_size_accuracy(
            prevalence=pi,
            sensitivity=sensitivity,
            specificity=specificity,
            width=0.05,
            lr_factor=1.5,
        )
    )

    def half(n, p, share):
        return 1.96 * np.sqrt(p * (1 - p) / (n * share))

    def factor(n):
        variance = (1 - sensitivity) / (sensitivity * n * pi) + specificity / (
            (1 - specificity) * n * (1 - pi)
        )
        return np.exp(1.96 * np.sqrt(variance))

    n = planned["sensitivity"]
    assert half(n, sensitivity, pi) <= 0.05 < half(n - 1, sensitivity, pi)
    n = planned["specificity"]
    assert half(n, specificity, 1 - pi) <= 0.05 < half(n - 1, specificity, 1 - pi)
    n = planned["lr_positive"]
    assert factor(n) <= 1.5 < factor(n - 1)
    assert planned["sensitivity"] == max(planned.values())


def test_the_factor_of_lr_is_that_of_katz_limits_at_the_counts_expected():
    from backpain_risk.numerics.intervals import log_ratio_interval

    n = 20_000
    tp = n * 0.01 * 0.31
    fp = n * 0.99 * 0.02
    value, low, high = log_ratio_interval(tp, n * 0.01, fp, n * 0.99)
    row = (
        bpr.precision(n, prevalence=0.01, sensitivity=0.31, specificity=0.98)
        .to_frame()
        .set_index("measure")
    )
    assert row.loc["lr_positive", ["value", "low", "high"]].tolist() == pytest.approx(
        [value, low, high], rel=1e-4
    )
    value, low, high = log_ratio_interval(n * 0.01 * 0.69, n * 0.01, n * 0.99 * 0.98, n * 0.99)
    assert row.loc["lr_negative", ["value", "low", "high"]].tolist() == pytest.approx(
        [value, low, high], rel=1e-4
    )


def test_precision_at_a_planned_size_is_the_precision_planned_for():
    widths = {
        "oe_width": 0.3,
        "slope_width": 0.25,
        "c_width": 0.08,
        "net_benefit_width": 0.2,
        "threshold": 0.02,
    }
    planned = bpr.sample_size_validation(prevalence=0.01, c_statistic=0.8, **widths)
    for name, width in zip(planned.to_frame().criterion, list(widths.values())[:4], strict=True):
        n = sizes(planned)[name]
        table = bpr.precision(n, prevalence=0.01, c_statistic=0.8, threshold=0.02).to_frame()
        assert table.set_index("measure").width[name] == pytest.approx(width, rel=0.01), name


@pytest.mark.contract
def test_the_thirteen_cancers_we_have_buy_little_and_the_answer_says_so():
    ours = bpr.precision(
        1975, prevalence=13 / 1975, c_statistic=0.8, sensitivity=4 / 13, specificity=0.98
    )
    table = ours.to_frame().set_index("measure")
    assert table.cancers.tolist() == pytest.approx([13] * len(table))
    accuracy = bpr.Accuracy.from_counts(4, 41, 9, 1921)
    assert (table.low["sensitivity"], table.high["sensitivity"]) == pytest.approx(
        (accuracy.sensitivity.low, accuracy.sensitivity.high)
    )
    assert 0 < table.low["c_statistic"] < 0.7 < 0.85 < table.high["c_statistic"] < 1
    assert "With fewer than 30 cancers formulas for large samples are rough" in str(ours)
    assert "not for clinical use" in ours._repr_html_()


def test_more_patients_buy_narrower_intervals_of_every_measure():
    table = bpr.precision(
        [500, 5_000, 500_000], prevalence=0.01, c_statistic=0.8, threshold=0.01
    ).to_frame()
    widths = table.pivot(index="measure", columns="n", values="width")
    assert len(widths) == 9
    assert (widths.diff(axis=1).iloc[:, 1:] < 0).all(axis=None)
    assert ((table.low < table.value) & (table.value < table.high)).all()


@pytest.mark.contract
@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"prevalence": 1}, "prevalence must lie strictly between 0 and 1"),
        (
            {"sensitivity": None, "specificity": None},
            "sensitivity or specificity must be given; got neither",
        ),
        ({"sensitivity": 31}, "sensitivity must lie strictly between 0 and 1; got 31"),
        ({"sensitivity": 1}, "sensitivity must lie strictly between 0 and 1; got 1"),
        ({"width": None}, "width or lr_factor must be given; got neither"),
        ({"width": 0}, "width must lie strictly between 0 and 1; got 0"),
        ({"width": 10}, "width must lie strictly between 0 and 1; got 10"),
        ({"lr_factor": 1}, "lr_factor must be above 1; got 1"),
        ({"lr_factor": 0}, "lr_factor must be one finite number above 0"),
        (
            {"lr_factor": 2, "specificity": None},
            "lr_factor must come with sensitivity and specificity",
        ),
    ],
)
def test_bad_input_is_told_in_a_sentence(changes, message):
    arguments = {
        "prevalence": 0.01,
        "sensitivity": 0.31,
        "specificity": 0.98,
        "width": 0.1,
    } | changes
    with pytest.raises(ValueError, match=message):
        bpr.sample_size_accuracy(**arguments)


@pytest.mark.contract
@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"n": 0}, "n must be a whole number"),
        ({"n": 99}, "n must be at least 100, where one cancer is expected; got 99"),
        ({"sensitivity": 1e-12}, "sensitivity must be 1e-09 or more from 0 and 1; got 1e-12"),
        ({"n": []}, "n must hold at least one number of patients"),
        ({"prevalence": 0}, "prevalence must lie strictly between 0 and 1"),
        ({"c_statistic": 0.5}, "c_statistic must lie above 0.5"),
        ({"linear_predictor": (-5, 1)}, "c_statistic must be given with linear_predictor"),
        (
            {"threshold": 0.01},
            "threshold must come with c_statistic, or sensitivity and specificity",
        ),
        ({"threshold": 0.01, "sensitivity": 0.3}, "specificity must be given with sensitivity"),
    ],
)
def test_precision_tells_bad_input_in_a_sentence(changes, message):
    with pytest.raises(ValueError, match=message):
        bpr.precision(**{"n": 1000, "prevalence": 0.01} | changes)
