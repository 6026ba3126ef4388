from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

from backpain_risk import (
    Cohort,
    LogisticModel,
    associations,
    case_mix,
    impute,
    load_scenario,
    make_missing,
    pool_estimates,
    published_facts,
    risk_by_flags,
    simulate_cohort,
    standardised_difference,
    table_one,
    vocabulary,
)
from backpain_risk.scenario.text import scenario_text

pytestmark = pytest.mark.identity


@pytest.fixture(scope="module")
def by_dependence(scenario):
    return {d: associations(scenario.replace(dependence=d)) for d in (0.0, 0.5, 1.0, 1.5)}


def test_pairwise_odds_ratios_are_one_without_dependence_and_move_away_from_it(by_dependence):
    sizes = [
        np.abs(np.log(found.pairs[["without", "with_malignancy"]].to_numpy()))
        for found in by_dependence.values()
    ]
    np.testing.assert_allclose(sizes[0], 0, atol=1e-9)
    for weaker, stronger in pairwise(sizes[1:]):
        assert (stronger >= weaker - 0.02).all()
        assert stronger.mean() > weaker.mean()


def test_without_dependence_conditional_and_marginal_agree(by_dependence):
    table = by_dependence[0.0].odds_ratios
    np.testing.assert_allclose(table.conditional, table.marginal, atol=1e-8)


@pytest.mark.recovery
def test_exact_associations_are_those_of_a_large_cohort(scenario, by_dependence):
    cohort = simulate_cohort(scenario, 2_000_000, seed=5)
    result = (
        LogisticModel().fit(cohort.predictors[list(vocabulary.FINDINGS)], cohort.outcome).result_
    )
    gap = (
        result.coefficient[1:] - by_dependence[1.0].odds_ratios.conditional
    ) / result.standard_error[1:]
    assert np.abs(gap).max() < 4


@pytest.mark.parametrize("name", vocabulary.SETTINGS)
def test_every_change_of_sign_has_a_stated_reason(name):
    scenario = load_scenario(name)
    table = associations(scenario).odds_ratios
    for key in table.index[~table.same_sign]:
        assert scenario.findings[key].reason
        assert f"{key} changes sign: " in scenario_text(scenario)


def test_loadings_on_severity_are_small(scenario):
    for target in (*scenario.findings.values(), *scenario.laboratory.values()):
        assert abs(target.severity.malignant) <= 0.3
        assert abs(target.severity.non_malignant) <= 0.3


def test_facts_are_judged_by_their_published_limits():
    table = published_facts(load_scenario("walk_in")).to_frame()
    compared = table[table.low.notna()]
    inside = (compared.low <= compared.scenario) & (compared.scenario <= compared.high)
    assert (inside == (compared.verdict == "agrees")).all()
    assert set(table.verdict) == {"agrees", "disagrees", "context"}


@pytest.mark.recovery
def test_facts_are_those_of_a_simulated_cohort():
    scenario = load_scenario("walk_in")
    cohort = simulate_cohort(scenario, 400_000, seed=3)
    four = cohort.predictors[
        ["age_50_or_over", "history_of_cancer", "unexplained_weight_loss", "failure_to_improve"]
    ]
    table = published_facts(scenario).to_frame()
    healthy = cohort.outcome == 0
    assert four[healthy].any(axis=1).mean() == pytest.approx(table.scenario[0], abs=0.004)
    sent = (four.history_of_cancer == 1) | (four.any(axis=1) & (cohort.tests.esr_mm_h >= 20))
    assert sent.mean() == pytest.approx(table.scenario[2], abs=0.004)


def test_case_mix_and_risk_by_flags_hold_everyone(cohort):
    mix = case_mix(cohort).to_frame()
    assert mix.groupby("group").share.sum().to_numpy() == pytest.approx([1, 1])
    assert mix.groupby("group").target.sum().to_numpy() == pytest.approx([1, 1])
    flags = risk_by_flags(cohort).to_frame()
    assert flags.n.sum() == len(cohort)
    assert flags.events.sum() == cohort.n_events


def test_table_one_agrees_with_its_definitions(cohort):
    table = table_one(cohort).to_frame().set_index("variable")
    age = cohort.predictors.age_years
    y = cohort.outcome
    expected = (age[y == 1].mean() - age[y == 0].mean()) / np.sqrt(
        (age[y == 1].var() + age[y == 0].var()) / 2
    )
    assert table.loc["Age", "difference"] == f"{expected:.2f}"
    assert table.loc["Night pain", "with"].startswith(
        f"{cohort.predictors.night_pain[y == 1].sum()} ("
    )


def test_standardised_difference_of_several_levels_is_the_mahalanobis_distance():
    values = pd.Series(["a"] * 30 + ["b"] * 50 + ["c"] * 20 + ["a"] * 10 + ["b"] * 50 + ["c"] * 40)
    y = np.repeat([0, 1], 100)
    p0 = np.array([0.5, 0.2])
    p1 = np.array([0.5, 0.4])
    s = sum(np.diag(p) - np.outer(p, p) for p in (p0, p1)) / 2
    assert standardised_difference(values, y) == pytest.approx(
        np.sqrt((p1 - p0) @ np.linalg.inv(s) @ (p1 - p0))
    )


@pytest.mark.recovery
def test_imputation_with_the_outcome_recovers_the_association(scenario):
    cohort = simulate_cohort(scenario.replace(base_rate=0.2), 3000, seed=2)
    predictors = cohort.predictors[["age_years", "history_of_cancer", "no_relief_with_rest"]]
    small = Cohort(
        predictors=predictors,
        outcome=cohort.outcome,
        tests=pd.DataFrame(index=cohort.outcome.index),
    )
    seen = make_missing(small, {"history_of_cancer": 0.4}, given={"age_years": 0.02}, rng=3)
    completed = impute(seen, 8, rng=4)
    fits = [LogisticModel().fit(c.predictors, c.outcome).result_ for c in completed]
    pooled = pool_estimates(
        [f.coefficient for f in fits], [f.standard_error for f in fits], names=fits[0].terms
    )
    whole = LogisticModel().fit(predictors, cohort.outcome).result_
    table = pooled.to_frame().loc["history_of_cancer"]
    assert abs(table.estimate - whole.coefficient[2]) < 3 * table.standard_error
    assert table.standard_error > whole.standard_error[2]
    assert table.fraction_missing > 0.1
    for c in completed:
        assert c.predictors.notna().all(axis=None)
        known = seen.predictors.history_of_cancer.notna()
        assert (c.predictors.history_of_cancer[known] == predictors.history_of_cancer[known]).all()
        assert set(c.predictors.history_of_cancer.unique()) == {0, 1}


def test_imputation_is_repeatable_and_needs_something_missing(scenario):
    cohort = simulate_cohort(scenario, 400, seed=2)
    seen = make_missing(cohort, {"esr_mm_h": 0.3}, rng=1)
    a, b = (impute(seen, 2, rng=3)[1].tests.esr_mm_h for _ in range(2))
    pd.testing.assert_series_equal(a, b)
    with pytest.raises(ValueError, match="cohort must have missing values to be imputed"):
        impute(cohort, 2, rng=1)


def test_pooling_follows_rubin():
    """By hand from the formulas of Rubin and of Barnard and Rubin, for 99 complete-data degrees
    of freedom.
    """
    pooled = pool_estimates(
        [[1.1], [0.9], [1.3]], np.sqrt([[0.04], [0.05], [0.045]]), complete_df=99
    )
    within = 0.045
    between = 0.04
    total = within + 4 / 3 * between
    share = 4 / 3 * between / total
    old = 2 / share**2
    observed = (100 / 102) * 99 * (1 - share)
    assert pooled.standard_error[0] == pytest.approx(np.sqrt(total))
    assert pooled.degrees_of_freedom[0] == pytest.approx(old * observed / (old + observed))
    with pytest.raises(ValueError, match="2 or more imputations"):
        pool_estimates([[1.0]], [[0.1]])


@pytest.mark.contract
def test_risk_by_flags_names_what_an_own_cohort_lacks(cohort):
    few = cohort.predictors.drop(columns=["night_pain", "fever_or_night_sweats"])
    with pytest.raises(
        ValueError, match="needs the nine red flags of every patient; got no night_pain, fever_or"
    ):
        risk_by_flags(replace(cohort, predictors=few))
    gaps = cohort.predictors.assign(night_pain=np.where(np.arange(len(cohort)) < 3, np.nan, 1.0))
    with pytest.raises(ValueError, match="got 3 of 100000 patients with missing ones"):
        risk_by_flags(replace(cohort, predictors=gaps))
