"""A million patients: the true risk is right overall and in groups, and no model beats it."""

from __future__ import annotations

import numpy as np
import pytest

from backpain_risk import (
    LikelihoodRatioModel,
    LogisticModel,
    calibration_slope,
    compare_auroc,
    simulate_cohort,
    vocabulary,
)

pytestmark = pytest.mark.recovery

FLAGS = [key for key in vocabulary.FINDINGS if key != "age_50_or_over"]


@pytest.fixture(scope="module")
def million(scenario):
    cohort = simulate_cohort(scenario, 1_000_000, seed=31)
    return cohort, cohort.outcome.to_numpy(), cohort.true_risk.to_numpy()


def groups(cohort):
    """Everybody, and age bands by sex."""
    band = np.digitize(cohort.predictors.age_years, [35, 50, 65])
    yield slice(None)
    for male in (0, 1):
        for b in range(4):
            yield np.flatnonzero((cohort.predictors.male == male) & (band == b))


def test_true_risk_is_calibrated_overall_and_by_age_and_sex(million):
    cohort, y, risk = million
    for rows in groups(cohort):
        observed = y[rows].sum()
        expected = risk[rows].sum()
        assert abs(observed - expected) < 3 * np.sqrt(np.sum(risk[rows] * (1 - risk[rows])))
        slope = calibration_slope(y[rows], risk[rows], interval="wald")
        assert abs(slope.value - 1) < 3 * (slope.high - slope.low) / 3.92


def test_no_fitted_model_discriminates_better_than_the_true_risk(million, scenario):
    cohort, y, risk = million
    development = simulate_cohort(scenario, 1_000_000, seed=32)
    columns = ["age_years", "male", *FLAGS]
    logistic = LogisticModel(
        splines={"age_years": 5}, interactions=[("age_years", "history_of_cancer")]
    )
    logistic.fit(development.predictors[columns], development.outcome)
    ratios = LikelihoodRatioModel().fit(development.predictors[columns], development.outcome)
    for model in (logistic, ratios):
        assert compare_auroc(y, model.risk(cohort.predictors[columns]), risk).difference.low < 0


def test_without_dependence_a_logistic_model_recovers_every_likelihood_ratio(scenario):
    plain = scenario.replace(dependence=0)
    cohort = simulate_cohort(plain, 1_000_000, seed=33)
    result = (
        LogisticModel().fit(cohort.predictors[list(vocabulary.FINDINGS)], cohort.outcome).result_
    )
    for key, coefficient, se in zip(
        result.terms[1:], result.coefficient[1:], result.standard_error[1:], strict=True
    ):
        target = plain.findings[key]
        odds_ratio = (
            target.sensitivity
            / (1 - target.sensitivity)
            * target.specificity
            / (1 - target.specificity)
        )
        assert abs(coefficient - np.log(odds_ratio)) < 4 * se, key
