"""Developments planned from a scenario: exact sums, confirmed by drawing patients."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from scipy.special import logit

import backpain_risk as bpr
from backpain_risk.planning.flags import flag_model
from backpain_risk.planning.slopes import FlagPopulation, SlopeCheck, estimates

pytestmark = pytest.mark.recovery

FLAGS = list(bpr.RED_FLAGS)
FEW = ["age_50_or_over", "history_of_cancer", "no_relief_with_rest"]


@pytest.fixture(scope="module")
def planned(scenario):
    return bpr.sample_size_development(
        prevalence=0.01, n_parameters=9, scenario=scenario, predictors=FLAGS
    )


def test_nine_flags_at_one_percent(planned):
    assert planned.r2_cox_snell == pytest.approx(0.0272, abs=5e-5)
    assert planned.flags.c_statistic == pytest.approx(0.878, abs=5e-4)
    table = planned.to_frame().set_index("criterion")
    assert table.n["shrinkage"] == 2938
    assert planned.n == table.n["relative_margin"] == 9508
    bought = planned.expected().set_index("criterion")
    # 0.559 if the flags were independent given cancer; 0.552 as they are
    assert bought.flag_without_cancer["shrinkage"] == pytest.approx(0.5524, abs=5e-4)
    assert bought.flag_without_cancer["relative_margin"] == pytest.approx(0.0657, abs=5e-4)
    assert bought["wrong_side@0.01"][["shrinkage", "relative_margin"]].tolist() == pytest.approx(
        [0.055, 0.033], abs=5e-4
    )


def test_independent_flags_multiply(scenario):
    model = flag_model(scenario.replace(dependence=0), FLAGS)
    sensitivity = np.array([scenario.findings[flag].sensitivity for flag in FLAGS])
    for n in (500, 2938, 9508):  # by number of cancers, among whom the flags are independent
        cancers = np.arange(n + 1)
        from scipy.stats import binom

        missed = 1 - np.prod(1 - (1 - sensitivity) ** cancers[:, None], axis=1)
        expected = binom.pmf(cancers, n, 0.01) @ missed
        assert model.flag_without_cancer(n) == pytest.approx(expected, abs=1e-10)
    cancer_free = binom.pmf(cancers, n, 0.01) @ (
        1
        - np.prod(
            1 - (1 - sensitivity) ** cancers[:, None] - sensitivity ** cancers[:, None], axis=1
        )
    )
    # with no cancer both ways of being alike hold at once; the product counts them twice, but P(no
    # cancer) is nil here
    assert model.flag_separates(n) == pytest.approx(cancer_free, abs=1e-10)


def test_no_cancer_at_all_counts_once(scenario):
    model = flag_model(scenario, FEW)
    assert model.flag_without_cancer(1) == pytest.approx(1 - _one_cancer_with_all(model), abs=1e-12)
    assert model.flag_separates(1) == pytest.approx(
        1, abs=1e-12
    )  # no cancer, or one, like itself in every flag
    assert model.flag_separates(10**7) == pytest.approx(0, abs=1e-9)


def _one_cancer_with_all(model):
    return float(model.joint[(model.patterns == 1).all(axis=1), 1].sum())


@pytest.mark.parametrize("n", [2938, 9508])
def test_drawing_patients_confirms_the_probabilities(planned, n):
    model = planned.flags
    rng = np.random.default_rng(15)
    draws = 20_000
    cancers = rng.binomial(n, model.base_rate, draws)
    present = (
        rng.multinomial(cancers, model.joint[:, 1] / model.base_rate) @ model.patterns.to_numpy()
    )
    absent = (present == 0).any(axis=1)
    alike = absent | (present == cancers[:, None]).any(axis=1)
    for drawn, exact in ((absent, model.flag_without_cancer(n)), (alike, model.flag_separates(n))):
        assert abs(drawn.mean() - exact) < 3 * np.sqrt(exact * (1 - exact) / draws)


def test_separation_seldom_needs_more_than_one_flag(planned):
    """Linear programming on drawn cohorts finds separation where one flag does it, and hardly
    elsewhere.
    """
    model = planned.flags
    rng = np.random.default_rng(4)
    found = []
    for _ in range(60):
        counts = model.draw(2938, rng)
        X = model.patterns.loc[np.repeat(model.patterns.index, 2)]
        weight = counts.ravel()
        kept = weight > 0
        separated = bpr.detect_separation(X[kept], np.tile([0, 1], len(counts))[kept]).separated
        present = counts[:, 1] @ model.patterns.to_numpy()
        found.append((separated, bool(((present == 0) | (present == counts[:, 1].sum())).any())))
    separated, one_flag = np.array(found).T
    assert not np.any(one_flag & ~separated)
    assert np.mean(separated & ~one_flag) < 0.1


def test_the_fisher_information_gives_the_spread_of_fitted_models(scenario):
    """Risks of models developed in drawn cohorts, against the limits and wrong sides promised."""
    model = flag_model(scenario, FEW)
    n = 20_000
    rng = np.random.default_rng(8)
    drawn = [model.design @ estimates(model.design, model.draw(n, rng)) for _ in range(600)]
    spread = np.std(drawn, axis=0)
    promised = model.standard_error(n)
    np.testing.assert_allclose(spread, promised, rtol=0.2)  # SE of an SD from 600: 3 %; n is finite
    patients = model.patients(n, thresholds=[0.01])
    wrong = np.mean((np.array(drawn) > logit(0.01)) != (model.risk > 0.01), axis=0)
    np.testing.assert_allclose(wrong, patients["wrong_side@0.01"], atol=0.06)
    assert model.at(n).interval_width.item() == pytest.approx(
        model.share @ (patients.high - patients.low)
    )


def test_the_model_is_what_a_very_large_cohort_gives(scenario, cohort):
    model = flag_model(scenario, FEW)
    fit = bpr.LogisticModel().fit(cohort.predictors[FEW], cohort.outcome)
    z = (fit.result_.coefficient - model.coefficient) / model.coefficient_error(len(cohort))
    assert np.abs(z).max() < 3.5
    score = model.design.T @ (model.joint[:, 1] - model.share * model.risk)
    np.testing.assert_allclose(score, 0, atol=1e-14)


def test_independent_flags_leave_nothing_unexplained(scenario):
    """At dependence 0 the exact risk is logistic, so the model is the exact risk."""
    independent = scenario.replace(dependence=0)
    model = flag_model(independent, FEW)
    np.testing.assert_allclose(model.risk, independent.risk(model.patterns), rtol=1e-9)


@pytest.mark.contract
def test_a_plan_from_a_scenario_says_so_and_how_well_it_is_known(planned, scenario):
    text = str(planned)
    assert (
        "With 9,508 patients of scenario primary_care: some flag has no cancer with probability "
        "0.066" in text
    )
    assert "Base rate assumed; accuracy of the flags: 5 reported, 4 assumed." in text
    assert "Synthetic data, for research; not for clinical use." in text
    assert bpr.sample_size_development(scenario=scenario).to_frame().equals(planned.to_frame())
    without = bpr.sample_size_development(prevalence=0.01, n_parameters=9, c_statistic=0.8)
    with pytest.raises(ValueError, match="scenario must have been given"):
        without.expected()


def test_patients_of_every_pattern_have_limits_around_their_risk(planned):
    table = planned.flags.patients(9508)
    assert len(table) == 2**9
    assert table.share.sum() == pytest.approx(1)
    assert ((table.low < table.risk) & (table.risk < table.high)).all()
    alone = (table[FLAGS].sum(axis=1) == 1) & (table.history_of_cancer == 1)
    assert table[alone][["risk", "low", "high"]].iloc[0].tolist() == pytest.approx(
        [0.006, 0.002, 0.014], abs=5e-4
    )


@pytest.mark.contract
@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"prevalence": 0.02}, "prevalence must be that of the scenario, 0.01; got 0.02"),
        ({"n_parameters": 8}, "n_parameters must be that of the scenario, 3; got 8"),
        ({"c_statistic": 0.8}, "exactly one of them; got c_statistic and scenario"),
        (
            {"predictors": ["age_years"]},
            "predictors must be yes/no columns of a cohort; got 'age_years'",
        ),
        ({"predictors": ["fever"]}, "predictors must be yes/no columns of a cohort; got 'fever'"),
        ({"predictors": "history_of_cancer"}, "predictors must be"),
        ({"scenario": "primary_care"}, "scenario must be a Scenario; got 'primary_care'"),
        ({"predictors": []}, "predictors must be 1 to 13 different flags"),
        ({"predictors": [FEW[0], FEW[0]]}, "got 2, 1 of them different"),
    ],
)
def test_bad_input_is_told_in_a_sentence(scenario, changes, message):
    with pytest.raises(ValueError, match=message):
        bpr.sample_size_development(**{"scenario": scenario, "predictors": FEW} | changes)


def test_simulated_developments_answer_for_median_and_acceptable_slope():
    """R's samplesizedev is reported (not rerun here) to need 535 for the median slope, 701 for
    an acceptable one.
    """
    arguments = {"prevalence": 0.2, "n_parameters": 10, "c_statistic": 0.85}
    planned = bpr.sample_size_development(**arguments, check=300, rng=3)
    shrinkage = planned.to_frame().n[0]
    assert shrinkage == 307  # the formula promises a slope of 0.9 here
    table = planned.check.to_frame().set_index("n")
    assert {shrinkage, planned.n} <= set(table.index)
    assert table.high[shrinkage] < 0.88
    assert planned.check.n_median_slope == pytest.approx(535, rel=0.1)
    assert planned.check.n_acceptable == pytest.approx(701, rel=0.1)
    assert "Simulated 300 times at each of" in str(planned)


def test_simulated_developments_are_the_same_from_the_same_seed():
    arguments = {"prevalence": 0.2, "n_parameters": 3, "c_statistic": 0.85, "check": 20}
    one, two, three = (
        bpr.sample_size_development(**arguments, rng=seed).check.slopes for seed in (3, 3, 4)
    )
    np.testing.assert_array_equal(one, two)
    assert one[0].tolist() != three[0].tolist()


def test_the_slope_of_a_developed_model_is_exact_in_its_population(scenario):
    model = flag_model(scenario, FEW)
    population = FlagPopulation(model=model)
    assert population.developed_slope(10**9, np.random.default_rng(1)) == pytest.approx(1, abs=5e-3)
    slopes = [population.developed_slope(200, np.random.default_rng(seed)) for seed in range(40)]
    assert 0.0 in slopes  # separated: the limit of the slope


def test_answers_beyond_the_sizes_tried_are_not_made_up():
    never = SlopeCheck(
        n=(100, 200), slopes=np.full((2, 30), 0.5), target=0.9, acceptable=(0.85, 1.15)
    )
    assert np.isnan(never.n_median_slope)
    assert "no size tried" in str(never)


def test_every_pattern_of_flags_is_summed_over(scenario):
    model = flag_model(scenario, FEW)
    assert model.patterns.to_numpy().tolist() == [list(row) for row in product((0, 1), repeat=3)]
    assert model.share.sum() == pytest.approx(1, abs=1e-12)
