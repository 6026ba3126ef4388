from __future__ import annotations

from itertools import product

import numpy as np
import pandas as pd
import pytest

from backpain_risk import (
    LogisticModel,
    auroc,
    calibration_slope,
    enrich,
    follow_up,
    make_missing,
    misreport,
    observed_expected,
    sample_case_control,
    simulate_cohort,
    simulate_sites,
    verify_partially,
    vocabulary,
)

pytestmark = pytest.mark.recovery

FLAGS = ["history_of_cancer", "night_pain", "unexplained_weight_loss", "failure_to_improve"]


@pytest.fixture(scope="module")
def large(scenario):
    return simulate_cohort(scenario, 400_000, seed=21)


def sensitivity(cohort, key):
    return cohort.predictors.loc[cohort.outcome == 1, key].mean()


def test_values_are_missing_as_often_as_asked(cohort):
    seen = make_missing(cohort, {"night_pain": 0.2, "esr_mm_h": 0.7}, rng=1)
    assert seen.predictors.night_pain.isna().mean() == pytest.approx(0.2, abs=0.006)
    assert seen.tests.esr_mm_h.isna().mean() == pytest.approx(0.7, abs=0.006)
    known = seen.predictors.night_pain.notna()
    assert (seen.predictors.night_pain[known] == cohort.predictors.night_pain[known]).all()


def test_missing_at_random_depends_on_what_is_recorded(cohort):
    seen = make_missing(cohort, {"esr_mm_h": 0.5}, given={"age_50_or_over": np.log(4)}, rng=1)
    gone = seen.tests.esr_mm_h.isna()
    old = cohort.predictors.age_50_or_over == 1
    odds = [gone[group].mean() / (1 - gone[group].mean()) for group in (old, ~old)]
    assert odds[0] / odds[1] == pytest.approx(4, rel=0.08)
    assert gone.mean() == pytest.approx(0.5, abs=0.006)


def test_missing_not_at_random_depends_on_the_value_itself(cohort):
    seen = make_missing(cohort, {"night_pain": 0.3}, own_value=1.0, rng=1)
    assert seen.predictors.night_pain.mean() < cohort.predictors.night_pain.mean() - 0.05


def test_age_takes_its_band_along(cohort):
    seen = make_missing(cohort, {"age_years": 0.3}, rng=1)
    assert (seen.predictors.age_years.isna() == seen.predictors.age_50_or_over.isna()).all()


def test_true_risk_stays_calibrated_when_values_are_missing_at_random(large):
    seen = make_missing(large, dict.fromkeys(FLAGS, 0.4), given={"age_50_or_over": 1.0}, rng=2)
    slope = calibration_slope(seen.outcome, seen.true_risk)
    oe = observed_expected(seen.outcome, seen.true_risk)
    assert abs(slope.value - 1) < 3 * (slope.high - slope.low) / 3.92
    assert abs(oe.value - 1) < 3 * (oe.high - oe.low) / 3.92
    assert auroc(seen.outcome, seen.true_risk).value < auroc(large.outcome, large.true_risk).value


def test_true_risk_is_that_of_what_was_recorded(large):
    seen = misreport(
        large, missed={"history_of_cancer": 0.4}, invented={"history_of_cancer": 0.03}, rng=1
    )
    slope = calibration_slope(seen.outcome, seen.true_risk)
    assert abs(slope.value - 1) < 3 * (slope.high - slope.low) / 3.92
    recorded, present = (
        c.probabilities(pd.DataFrame({"history_of_cancer": [1]}))[0]
        for c in (seen.scenario, large.scenario)
    )
    np.testing.assert_allclose(recorded, 0.6 * present + 0.03 * (1 - present), rtol=1e-12)
    assert sensitivity(seen, "history_of_cancer") == pytest.approx(recorded[1], abs=0.03)
    naive = observed_expected(seen.outcome, large.scenario.risk(seen.predictors))
    assert naive.high < 1


def test_unverified_counted_as_negative_biases_as_the_docstring_says(large):
    naive = verify_partially(
        large, 0.3, given={"history_of_cancer": 3.0, "unexplained_weight_loss": 2.0}, rng=1
    )
    assert naive.verified.mean() == pytest.approx(0.3, abs=0.005)
    assert naive.outcome.mean() < 0.6 * large.outcome.mean()
    assert sensitivity(naive, "history_of_cancer") > 1.5 * sensitivity(large, "history_of_cancer")
    only = naive.take(np.flatnonzero(naive.verified))
    assert only.outcome.mean() > large.outcome.mean()
    fits = [
        LogisticModel().fit(c.predictors[FLAGS], c.outcome).coef_[0] for c in (large, only, naive)
    ]
    assert np.abs(fits[1] - fits[0]).max() < 0.25
    assert fits[2][0] - fits[0][0] > 0.5


def test_follow_up_that_misses_cancers_lowers_the_rate_and_not_the_odds_ratios(large):
    missed = follow_up(large, 0.6, rng=1)
    assert missed.outcome.mean() == pytest.approx(0.6 * large.outcome.mean(), rel=0.06)
    a, b = (LogisticModel().fit(c.predictors[FLAGS], c.outcome).coef_[0] for c in (large, missed))
    assert np.abs(a - b).max() < 0.15


def test_case_control_sampling_keeps_odds_ratios_and_changes_the_rate(large):
    sampled = sample_case_control(large, 4, rng=1)
    assert sampled.n_events == large.n_events
    assert sampled.outcome.mean() == pytest.approx(0.2)
    a, b = (LogisticModel().fit(c.predictors[FLAGS], c.outcome).coef_[0] for c in (large, sampled))
    assert np.abs(a - b).max() < 0.2
    pd.testing.assert_series_equal(
        sampled.true_risk.reset_index(drop=True),
        pd.Series(large.scenario.risk(sampled.predictors), name="true_risk"),
    )


def test_enrichment_by_findings_keeps_risks_and_raises_the_rate(large):
    referred = enrich(large, 0.2, given={"history_of_cancer": 2.0, "night_pain": 1.0}, rng=1)
    assert len(referred) == pytest.approx(0.2 * len(large), rel=0.02)
    assert referred.outcome.mean() > 1.2 * large.outcome.mean()
    slope = calibration_slope(referred.outcome, referred.true_risk)
    oe = observed_expected(referred.outcome, referred.true_risk)
    assert abs(slope.value - 1) < 3 * (slope.high - slope.low) / 3.92
    assert abs(oe.value - 1) < 3 * (oe.high - oe.low) / 3.92


def test_sites_have_scenarios_of_their_own(scenario):
    scenarios = {"a": scenario, "b": scenario.replace(base_rate=0.05)}
    cohort = simulate_sites(scenarios, {"a": 30_000, "b": 20_000}, seed=3)
    assert cohort.other["site"].value_counts().to_dict() == {"a": 30_000, "b": 20_000}
    for site, expected in (("a", 0.01), ("b", 0.05)):
        here = cohort.other["site"] == site
        assert cohort.outcome[here].mean() == pytest.approx(expected, rel=0.15)
        assert cohort.true_risk[here].mean() == pytest.approx(expected, rel=0.1)
    with pytest.raises(ValueError, match="n must give a number for each site"):
        simulate_sites(scenarios, {"a": 10}, seed=1)


def test_results_are_repeatable_by_seed_and_the_cohort_is_untouched(cohort):
    before = cohort.predictors.copy()
    a, b = (
        make_missing(cohort, {"night_pain": 0.5}, rng=7).predictors.night_pain for _ in range(2)
    )
    pd.testing.assert_series_equal(a, b)
    pd.testing.assert_frame_equal(cohort.predictors, before)


@pytest.mark.contract
@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda c: make_missing(c, {"shoe": 0.1}, rng=1),
            "columns must be predictors or tests of the cohort; got 'shoe'",
        ),
        (
            lambda c: make_missing(c, {"night_pain": 20}, rng=1),
            "share of night_pain must lie strictly between 0 and 1; got 20",
        ),
        (lambda c: make_missing(c, {"night_pain": 0.2}), "rng must be given"),
        (
            lambda c: make_missing(c, {"age_50_or_over": 0.2}, rng=1),
            "age_50_or_over follows age_years",
        ),
        (
            lambda c: make_missing(c, {"night_pain": 0.2}, given={"x": 1}, rng=1),
            "given must name predictors or tests",
        ),
        (
            lambda c: misreport(c, missed={"age_years": 0.1}, rng=1),
            "missed and invented must name yes/no findings",
        ),
        (
            lambda c: misreport(c, missed={"night_pain": 1.5}, rng=1),
            r"rates of night_pain must lie in \[0, 1\]; got 1.5",
        ),
        (
            lambda c: verify_partially(c, 1.0, rng=1),
            "share must lie strictly between 0 and 1; got 1.0",
        ),
        (lambda c: sample_case_control(c, 1e6, rng=1), "controls_per_case must give 1 to"),
    ],
)
def test_bad_input_is_named(cohort, call, message):
    with pytest.raises(ValueError, match=message):
        call(cohort)


def test_misreporting_twice_adds_up(cohort):
    """Missed 0.3 and then 0.4 of those recorded: 1 - 0.7 * 0.6 = 0.58 are missed in the end."""
    once = misreport(cohort, missed={"night_pain": 0.3}, rng=1)
    twice = misreport(once, missed={"night_pain": 0.4}, invented={"night_pain": 0.1}, rng=2)
    target = twice.scenario.findings["night_pain"]
    assert target.missed == pytest.approx(1 - (0.7 * 0.6 + 0.3 * 0.1))
    assert target.invented == pytest.approx(0.1)
    expected = twice.true_risk
    y = twice.outcome
    assert y.sum() == pytest.approx(
        expected.sum(), abs=4 * np.sqrt((expected * (1 - expected)).sum())
    )
    present = cohort.predictors.night_pain == 1
    assert (twice.predictors.night_pain[present] == 0).mean() == pytest.approx(
        target.missed, abs=0.01
    )


@pytest.mark.contract
def test_verifying_twice_is_refused(cohort):
    once = verify_partially(cohort, 0.5, rng=1)
    with pytest.raises(
        ValueError,
        match=r"needs the outcome of every patient; got .* of 100000 not verified before",
    ):
        verify_partially(once, 0.5, rng=2)


def test_adjusted_odds_ratios_move_under_case_control_sampling_and_missed_cancers(scenario):
    """The figures of the docstrings, as exact sums over all patterns of the findings."""
    keys = list(vocabulary.FINDINGS)
    X = pd.DataFrame(list(product((0, 1), repeat=len(keys))), columns=keys, dtype="int8")
    p = scenario.probabilities(X) * [1 - scenario.base_rate, scenario.base_rate]
    kept = {"cohort": p, "four controls a case": p * [4 * p[:, 1].sum() / p[:, 0].sum(), 1]}
    kept["sensitivity 0.6"] = np.column_stack([p[:, 0] + 0.4 * p[:, 1], 0.6 * p[:, 1]])
    found = {}
    for name, weight in kept.items():
        y = np.repeat([0, 1], len(X))
        n = weight.T.ravel() * 1e6
        fit = LogisticModel().fit(pd.concat([X, X]), y, sample_weight=n)
        found[name] = float(np.exp(fit.result_.to_frame().loc["history_of_cancer"].iloc[0]))
    assert found == pytest.approx(
        {"cohort": 11.8, "four controls a case": 13.3, "sensitivity 0.6": 10.0}, abs=0.051
    )
