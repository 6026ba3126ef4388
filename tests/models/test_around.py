"""Models among others: scikit-learn tools, statsmodels results, counts from files, effects,
limits of infinity.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
import statsmodels.formula.api as smf
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.model_selection import GridSearchCV, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from backpain_risk import (
    LikelihoodRatioModel,
    LogisticModel,
    StatsmodelsModel,
    auroc,
    calibration_slope,
    collapse,
    count_patterns,
    observed_expected,
    simulate_cohort,
    simulate_to_parquet,
    vocabulary,
)
from backpain_risk.models.logistic.model import SeparationWarning

pytestmark = pytest.mark.identity

FLAGS = list(vocabulary.FINDINGS)


@pytest.mark.parametrize(
    "model", [LogisticModel(penalty="firth"), LikelihoodRatioModel()], ids=repr
)
def test_scikit_learn_tools_work(model, cohort):
    X = cohort.predictors[FLAGS].head(8000)
    y = cohort.outcome.head(8000)
    folded = cross_val_predict(model, X, y, cv=4, method="predict_proba")[:, 1]
    assert auroc(y, folded).value > 0.8
    piped = make_pipeline(StandardScaler(), clone(model)).fit(X, y)
    assert piped.predict_proba(X).shape == (8000, 2)
    calibrated = CalibratedClassifierCV(clone(model), cv=3, method="sigmoid").fit(X, y)
    assert auroc(y, calibrated.predict_proba(X)[:, 1]).value > 0.8


def test_grid_search_chooses_an_option(cohort):
    X = cohort.predictors[FLAGS].head(8000)
    y = cohort.outcome.head(8000)
    search = GridSearchCV(
        LogisticModel(penalty="ridge"), {"ridge_strength": [0.1, 1e5]}, scoring="neg_log_loss", cv=3
    )
    assert search.fit(X, y).best_params_ == {"ridge_strength": 0.1}


def test_statsmodels_results_are_risk_models(cohort):
    X = cohort.predictors[FLAGS[:4]]
    y = cohort.outcome
    ours = LogisticModel().fit(X, y)
    arrays = sm.Logit(y.to_numpy(), sm.add_constant(X.astype(float))).fit(disp=0)
    formula = smf.glm(
        f"outcome ~ {' + '.join(FLAGS[:4])}", X.assign(outcome=y), family=sm.families.Binomial()
    ).fit()
    for result in (arrays, formula):
        np.testing.assert_allclose(StatsmodelsModel(result).risk(X), ours.risk(X), rtol=1e-6)
    assert StatsmodelsModel(arrays).predict_proba(X).shape == (len(X), 2)


def test_patterns_counted_from_files_are_those_counted_in_memory(scenario, tmp_path):
    n = 3 * 65_536 + 11
    simulate_to_parquet(scenario, n, tmp_path, seed=2, blocks_per_file=1)
    cohort = simulate_cohort(scenario, n, seed=2)
    memory = collapse(cohort.predictors[FLAGS], cohort.outcome)
    for jobs in (1, 2):
        files = count_patterns(tmp_path, FLAGS, n_jobs=jobs)
        pd.testing.assert_frame_equal(files.to_frame(), memory.to_frame(), check_dtype=False)
    one = count_patterns(tmp_path / "patients-00000.parquet", FLAGS)
    assert one.n.sum() == 65_536
    whole = LogisticModel().fit(cohort.predictors[FLAGS], cohort.outcome)
    X, y, weight = files.rows()
    np.testing.assert_allclose(
        LogisticModel().fit(X, y, sample_weight=weight).coef_, whole.coef_, rtol=1e-12
    )
    with pytest.raises(ValueError, match="columns must be in the files; got shoe"):
        count_patterns(tmp_path, ["shoe"])
    with pytest.raises(ValueError, match="parquet_path must be a Parquet file"):
        count_patterns(tmp_path / "none.parquet", FLAGS)


@pytest.mark.recovery
def test_shrunken_ratios_are_calibrated_where_multiplied_ones_are_not(scenario):
    ratios = {key: scenario.accuracy(key) for key in FLAGS}
    development, new = (simulate_cohort(scenario, 200_000, seed=s) for s in (1, 2))
    found = {}
    for dependence in ("independent", "shrunk"):
        model = LikelihoodRatioModel(ratios, pretest=0.01, dependence=dependence)
        risk = model.fit(development.predictors[FLAGS], development.outcome).risk(
            new.predictors[FLAGS]
        )
        found[dependence] = (
            observed_expected(new.outcome, risk).value,
            calibration_slope(new.outcome, risk).value,
        )
    assert found["independent"][0] < 0.9
    assert found["independent"][1] < 0.9
    assert found["shrunk"] == pytest.approx((1, 1), abs=0.06)


def test_without_dependence_exponents_are_one(scenario):
    plain = scenario.replace(dependence=0)
    cohort = simulate_cohort(plain, 1_000_000, seed=3)
    ratios = {key: plain.accuracy(key) for key in FLAGS[:6]}
    model = LikelihoodRatioModel(ratios, pretest=0.01, dependence="shrunk").fit(
        cohort.predictors[FLAGS], cohort.outcome
    )
    strong = ["age_50_or_over", "history_of_cancer", "no_relief_with_rest", "failure_to_improve"]
    assert [model.exponents_[key] for key in strong] == pytest.approx([1] * 4, abs=0.06)
    assert model.baseline_ == pytest.approx(0.01, rel=0.06)


def test_an_unknown_dependence_is_named(cohort):
    with pytest.raises(
        ValueError, match="dependence must be one of 'independent', 'shrunk'; got 'some'"
    ):
        LikelihoodRatioModel(dependence="some").fit(cohort.predictors, cohort.outcome)


def test_an_effect_is_the_difference_of_linear_predictors(cohort):
    X = cohort.predictors[["age_years", "night_pain"]]
    model = LogisticModel(splines={"age_years": 4}).fit(X, cohort.outcome)
    effect = model.effect("age_years", [30.0, 70.0])
    rows = pd.DataFrame({"age_years": [30, 70, effect.reference], "night_pain": 1})
    eta = model.linear_predictor(rows)
    np.testing.assert_allclose(effect.log_odds_ratio, eta[:2] - eta[2], rtol=1e-9)
    assert (effect.low < effect.log_odds_ratio).all()
    assert model.effect("age_years").values.size == 100
    with pytest.raises(ValueError, match="column must be one of age_years, night_pain; got 'shoe'"):
        model.effect("shoe")


def test_risk_intervals_hold_the_risk_and_narrow_with_patients(cohort):
    X = cohort.predictors[FLAGS[:4]]
    y = cohort.outcome
    few = LogisticModel().fit(X[:20_000], y[:20_000])
    many = LogisticModel().fit(X, y)
    for model in (few, many):
        low, high = model.risk_interval(X[:100])
        assert ((low < model.risk(X[:100])) & (model.risk(X[:100]) < high)).all()
    assert np.subtract(*few.risk_interval(X[:1])) < np.subtract(*many.risk_interval(X[:1]))


def test_marginal_odds_ratios_are_those_of_the_two_by_two_tables(cohort):
    X = cohort.predictors[FLAGS[:3]]
    y = cohort.outcome
    table = LogisticModel().fit(X, y).result_.marginal_odds_ratios()
    for key in FLAGS[:3]:
        a, b = (X[key][y == g].sum() for g in (1, 0))
        expected = a / (y.sum() - a) / (b / ((y == 0).sum() - b))
        assert table.loc[key, "odds_ratio"] == pytest.approx(expected, rel=1e-9)


def test_an_infinite_coefficient_has_one_finite_profile_limit():
    X = pd.DataFrame({"flag": [0] * 40 + [1] * 6})
    y = [1] * 10 + [0] * 30 + [1] * 6
    with pytest.warns(SeparationWarning):
        result = LogisticModel().fit(X, y).result_
    low, high = result.conf_int().loc["flag"]
    assert high == np.inf
    # the binomial likelihoods of both groups, the intercept profiled out, drop by the chi-squared
    # quantile at the limit
    from scipy.optimize import minimize_scalar
    from scipy.special import expit

    best = 10 * np.log(0.25) + 30 * np.log(0.75)
    at = -minimize_scalar(
        lambda a: -(10 * np.log(expit(a)) + 30 * np.log(expit(-a)) + 6 * np.log(expit(a + low)))
    ).fun
    assert 2 * (best - at) == pytest.approx(3.841458820694124, abs=1e-5)
    assert result.likelihood_ratio_tests().loc["flag", "p_value"] < 0.01


def test_a_model_with_more_columns_than_rows_says_so():
    rng = np.random.default_rng(1)
    with pytest.raises(
        ValueError, match="X must have terms that are not constant or linear combinations"
    ):
        LogisticModel().fit(rng.normal(size=(10, 20)), np.arange(10) % 2)
    ridge = LogisticModel(penalty="ridge", ridge_strength=1.0).fit(
        rng.normal(size=(10, 20)), np.arange(10) % 2
    )
    assert np.isfinite(ridge.coef_).all()
