"""Measures in the whole population are those of very many patients, and have closed forms."""

from __future__ import annotations

import numpy as np
import pytest

import backpain_risk as bpr
from backpain_risk.studies.population import WholePopulation

pytestmark = pytest.mark.identity
FLAGS = ("history_of_cancer", "age_50_or_over", "unexplained_weight_loss")


@pytest.fixture(scope="module")
def population():
    return WholePopulation.of(bpr.load_scenario("primary_care"), FLAGS)


def test_the_exact_risk_is_perfect(population):
    found = population.measures(population.exact_risk, (0.01, 0.03))
    assert found["mean_risk"] == pytest.approx(0.01, rel=1e-12)
    assert found["observed_expected"] == pytest.approx(1, rel=1e-9)
    assert found["calibration_slope"] == pytest.approx(1, rel=1e-9)
    assert found["mape"] == 0
    assert found["net_benefit_lost@0.01"] == 0
    assert found["share_lost@0.03"] == 0


def test_measures_are_those_of_a_cohort_of_the_population(population):
    """Counts proportional to the probabilities, read by the measures for patients."""
    risk = population.exact_risk**1.2 * 1.5
    outcome = np.tile([0, 1], len(risk))
    weight = population.joint.ravel() * 1e6
    each = np.repeat(risk, 2)
    found = population.measures(risk, (0.02,))
    options = {"sample_weight": weight}
    same = {
        "auroc": bpr.auroc(outcome, each, **options).value,
        "observed_expected": bpr.observed_expected(outcome, each, **options).value,
        "calibration_slope": bpr.calibration_slope(outcome, each, **options).value,
    }
    for name, value in same.items():
        assert found[name] == pytest.approx(value, rel=1e-8), name
    curve = bpr.decision_curve(outcome, each, thresholds=[0.02], **options).to_frame()
    expected = curve.set_index("model").net_benefit["model"]
    assert found["net_benefit@0.02"] == pytest.approx(expected, rel=1e-9)


def test_treating_nobody_and_everybody_lose_what_the_exact_risk_gains(population):
    nobody = population.measures(np.zeros(8) + 1e-9, (0.03,))
    assert nobody["share_lost@0.03"] == pytest.approx(1)
    everybody = population.net_benefit(np.ones(8), 0.005)
    assert everybody == pytest.approx(0.01 - 0.99 * 0.005 / 0.995)


def test_a_risk_of_0_has_a_slope_of_0(population):
    risk = population.exact_risk.copy()
    risk[-1] = 0.0
    assert population.calibration_slope(risk) == 0
    near = [population.calibration_slope(np.append(risk[:-1], 10.0**-e)) for e in (4, 40, 280)]
    assert abs(near[0]) > abs(near[1]) > abs(near[2]) > 0
    assert abs(near[2]) < 0.01


def test_counts_and_patients_agree_in_distribution(population):
    """Chi-squared of patients drawn one by one against the exact probabilities."""
    cohort = bpr.simulate_cohort(bpr.load_scenario("primary_care"), 200_000, seed=8)
    from backpain_risk.studies.replicate import _counted

    counts = _counted(cohort.predictors[list(FLAGS)], cohort.outcome.to_numpy())
    expected = 200_000 * population.joint
    statistic = ((counts - expected) ** 2 / expected).sum()
    assert 3 < statistic < 37  # 0.1 % and 99.9 % of chi-squared with 15 degrees of freedom
    drawn = population.draw(200_000, np.random.default_rng(8))
    assert 3 < ((drawn - expected) ** 2 / expected).sum() < 37


def test_limits_hold_what_they_hold(population):
    risk = population.exact_risk
    found = population.coverage(risk * 0.9, risk * 1.1)
    assert found["coverage_exact"] == pytest.approx(1)
    assert found["interval_width"] == pytest.approx(0.2 * 0.01)
    assert 0 < found["coverage_least_false"] < 1
    with_hole = np.where(np.arange(8) == 3, np.nan, risk)
    assert np.isnan(population.coverage(with_hole, with_hole)["coverage_exact"])
