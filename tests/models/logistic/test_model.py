from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

from backpain_risk import (
    LogisticModel,
    calibration_slope,
    detect_separation,
    observed_expected,
    simulate_cohort,
    vocabulary,
)
from backpain_risk.models.logistic.model import SeparationWarning
from backpain_risk.numerics.newton import covariance

pytestmark = pytest.mark.identity

FLAGS = list(vocabulary.FINDINGS)


@pytest.fixture(scope="module")
def sex2(reference_data):
    table = pd.read_csv(reference_data / "sex2.csv")
    return table[["age", "oc", "vic", "vicl", "vis", "dia"]], table["case"]


def expected(case, name):
    return [
        case["expected"][name][term]
        for term in ("(Intercept)", "age", "oc", "vic", "vicl", "vis", "dia")
    ]


@pytest.mark.reference
def test_maximum_likelihood_agrees_with_statsmodels(cohort):
    X = cohort.predictors[FLAGS]
    y = cohort.outcome
    result = LogisticModel().fit(X, y).result_
    other = sm.Logit(np.asarray(y), sm.add_constant(np.asarray(X, float))).fit(
        method="newton", disp=0, tol=1e-14
    )
    np.testing.assert_allclose(result.coefficient, other.params, rtol=1e-9)
    np.testing.assert_allclose(result.standard_error, other.bse, rtol=1e-7)
    np.testing.assert_allclose(result.conf_int(method="wald"), other.conf_int(), rtol=1e-7)
    assert (result.n, result.n_events, result.converged) == (len(y), y.sum(), True)


def test_on_its_own_data_maximum_likelihood_is_calibrated(cohort):
    model = LogisticModel(splines={"age_years": 4}).fit(
        cohort.predictors[["age_years", "night_pain"]], cohort.outcome
    )
    risk = model.risk(cohort.predictors[["age_years", "night_pain"]])
    assert observed_expected(cohort.outcome, risk).value == pytest.approx(1, abs=1e-9)
    assert calibration_slope(cohort.outcome, risk).value == pytest.approx(1, abs=1e-8)


@pytest.mark.reference
def test_firth_agrees_with_logistf(sex2, reference):
    case = reference("firth-sex2")
    result = LogisticModel(penalty="firth", correction="none").fit(*sex2).result_
    np.testing.assert_allclose(result.coefficient, expected(case, "coef"), atol=1e-6)
    np.testing.assert_allclose(result.standard_error, expected(case, "se"), atol=1e-5)
    limits = result.conf_int()
    np.testing.assert_allclose(limits["low"], expected(case, "ci_lower"), atol=1e-8)
    np.testing.assert_allclose(limits["high"], expected(case, "ci_upper"), atol=1e-8)
    np.testing.assert_allclose(
        result.likelihood_ratio_tests()["p_value"], expected(case, "p"), atol=1e-9
    )
    assert result.log_likelihood == pytest.approx(case["expected"]["loglik"]["full"], abs=1e-7)


@pytest.mark.reference
def test_flic_agrees_with_logistf(sex2, reference):
    """The limits of the intercept use the normal quantile, where logistf has 1.96: a difference
    of 2e-5.
    """
    case = reference("flic-sex2")
    model = LogisticModel(penalty="firth").fit(*sex2)
    np.testing.assert_allclose(model.result_.coefficient, expected(case, "coef"), atol=1e-6)
    limits = model.result_.conf_int()
    np.testing.assert_allclose(limits["low"], expected(case, "ci_lower"), atol=3e-5)
    np.testing.assert_allclose(limits["high"], expected(case, "ci_upper"), atol=3e-5)


@pytest.mark.parametrize("correction", ["flic", "flac"])
def test_corrections_bring_the_mean_risk_to_the_event_rate(scenario, correction):
    cohort = simulate_cohort(scenario, 1500, seed=8)
    X = cohort.predictors[FLAGS[:4]]
    y = cohort.outcome
    plain = LogisticModel(penalty="firth", correction="none").fit(X, y)
    corrected = LogisticModel(penalty="firth", correction=correction).fit(X, y)
    assert corrected.risk(X).mean() == pytest.approx(y.mean(), rel=1e-10)
    assert plain.risk(X).mean() > 1.05 * y.mean()


def test_grouped_and_ungrouped_rows_give_the_same_fit(cohort):
    from backpain_risk import collapse

    X = cohort.predictors[FLAGS]
    y = cohort.outcome
    patterns = collapse(X, y)
    rows = pd.concat([patterns.X, patterns.X])
    outcome = np.repeat([1, 0], len(patterns.n))
    weight = np.concatenate([patterns.events, patterns.n - patterns.events])
    for options in ({}, {"penalty": "firth"}, {"penalty": "ridge"}):
        whole = LogisticModel(**options).fit(X, y)
        grouped = LogisticModel(**options).fit(rows, outcome, sample_weight=weight)
        np.testing.assert_allclose(grouped.coef_, whole.coef_, rtol=1e-10)


def test_ridge_leaves_the_intercept_free_and_shrinks_the_rest(cohort):
    X = cohort.predictors[FLAGS].head(3000)
    y = cohort.outcome.head(3000)
    strong = LogisticModel(penalty="ridge", ridge_strength=1e6).fit(X, y)
    np.testing.assert_allclose(strong.coef_, 0, atol=1e-3)
    assert strong.risk(X).mean() == pytest.approx(y.mean(), rel=1e-6)
    none = LogisticModel(penalty="ridge", ridge_strength=0.0).fit(
        cohort.predictors[FLAGS], cohort.outcome
    )
    np.testing.assert_allclose(
        none.coef_, LogisticModel().fit(cohort.predictors[FLAGS], cohort.outcome).coef_, rtol=1e-9
    )


def test_knots_are_learned_once(cohort):
    X = cohort.predictors[["age_years", "night_pain"]]
    model = LogisticModel(splines={"age_years": 4}).fit(X, cohort.outcome)
    part = X.iloc[:100]
    np.testing.assert_array_equal(model.risk(part), model.risk(X)[:100])
    assert model.result_.terms == (
        "intercept",
        "age_years",
        "age_years'",
        "age_years''",
        "night_pain",
    )


def test_interactions_are_products(cohort):
    X = cohort.predictors[["night_pain", "age_50_or_over"]]
    y = cohort.outcome
    model = LogisticModel(interactions=[("night_pain", "age_50_or_over")]).fit(X, y)
    by_hand = LogisticModel().fit(X.assign(both=X.night_pain * X.age_50_or_over), y)
    np.testing.assert_allclose(model.coef_, by_hand.coef_, rtol=1e-10)
    assert model.result_.terms[-1] == "night_pain:age_50_or_over"


def test_separation_is_reported_and_risks_are_the_limiting_ones():
    X = pd.DataFrame({"flag": [0, 0, 0, 0, 1, 1], "x": [1, 2, 3, 4, 1, 2]})
    y = [0, 1, 0, 1, 1, 1]
    with pytest.warns(SeparationWarning, match=r"flag \+inf"):
        model = LogisticModel().fit(X, y)
    rest = LogisticModel().fit(X[["x"]][:4], y[:4])
    np.testing.assert_allclose(model.risk(X)[:4], rest.risk(X[["x"]])[:4], rtol=1e-10)
    np.testing.assert_array_equal(model.risk(X)[4:], 1)
    assert model.result_.separation["flag"] == "+inf"
    assert model.coef_[0, 0] == np.inf


def test_a_single_column_may_come_as_a_vector():
    assert detect_separation([1, 2, 3, 4], [0, 0, 1, 1]).to_frame().direction.to_dict() == {
        "intercept": "-inf",
        "x0": "+inf",
    }


@pytest.mark.reference
@pytest.mark.parametrize("case", ["a", "b", "c", "d"])
def test_separation_of_the_reference_cases(reference, case):
    x = {
        "a": [1, 2, 3, 4, 5, 6],
        "b": [1, 1, 2, 2, 3, 3],
        "c": [4, 5, 6, 1, 2, 3],
        "d": [1, 2, 3, 4, 5, 6],
    }[case]
    y = [0, 1, 0, 1, 0, 1] if case == "b" else [0, 0, 0, 1, 1, 1]
    wanted = reference("separation-detect-small")["expected"][case]
    found = detect_separation(np.array(x)[:, None], y, intercept=case != "d")
    signs = {"+inf": 1, "-inf": -1, "finite": 0}
    assert found.separated is wanted["separation"]
    directions = [signs[d] for d in found.directions]
    assert (
        directions[::-1] == wanted["directions_x_int"]
        if case != "d"
        else directions == wanted["directions"]
    )


@pytest.mark.contract
@pytest.mark.parametrize(
    ("X", "y", "options", "message"),
    [
        (
            [[1], [2], [3]],
            [0, 0, 0],
            {},
            "y must have both events and non-events; got 0 events among 3 patients",
        ),
        (
            [[1, 5], [2, 5], [3, 5]],
            [0, 1, 0],
            {},
            "X must have terms that are not constant .* got x1",
        ),
        ([[1], [np.nan], [3]], [0, 1, 0], {}, "NaN"),
        (
            pd.DataFrame({"a": [1.0, np.nan, 3]}),
            [0, 1, 0],
            {},
            r"X must have no missing values; got NaN in a \(1\)",
        ),
        (
            pd.DataFrame({"a": ["x", "y", "z"]}),
            [0, 1, 0],
            {},
            "X must hold numbers; column 'a' holds 'x'",
        ),
        ([[1], [np.inf], [3]], [0, 1, 0], {}, "infinity"),
        (np.empty((0, 2)), [], {}, "0 sample"),
        ([[1], [2], [3]], [0, 1, 2], {}, "y must have two classes"),
        (
            [[1], [2], [3]],
            [0, 1, 0],
            {"penalty": "lasso"},
            "penalty must be None, 'firth' or 'ridge'; got 'lasso'",
        ),
        (
            [[1], [2], [3]],
            [0, 1, 0],
            {"correction": "flic"},
            "correction must be 'auto' or 'none' unless penalty='firth'",
        ),
        (
            [[1], [2], [3]],
            [0, 1, 0],
            {"splines": {"age": 4}},
            "splines and interactions must name columns of X; got 'age'",
        ),
    ],
)
def test_bad_input_is_named(X, y, options, message):
    with pytest.raises(ValueError, match=message):
        LogisticModel(**options).fit(X, y)


@pytest.mark.contract
def test_a_column_unseen_at_fit_is_named(cohort):
    model = LogisticModel().fit(cohort.predictors[["night_pain"]], cohort.outcome)
    with pytest.raises(ValueError, match="radicular_pain"):
        model.risk(cohort.predictors[["radicular_pain"]])


def test_summary_reads_well(cohort):
    text = str(
        LogisticModel(penalty="firth")
        .fit(cohort.predictors[["night_pain"]], cohort.outcome)
        .result_.summary()
    )
    assert "Firth's penalty, FLIC correction: 100000 patients" in text
    assert "not for clinical use" in text


@pytest.fixture(scope="module")
def patterns():
    """A cohort as patterns with counts, and what R made of it (reference/glm.R)."""
    here = Path(__file__).parent / "reference"
    table = pd.read_csv(here / "glm_patients.csv")
    expected = json.loads((here / "glm.json").read_text("utf-8"))
    columns = [
        "age_50_or_over",
        "history_of_cancer",
        "unexplained_weight_loss",
        "no_relief_with_rest",
    ]
    return table, columns, expected


@pytest.mark.reference
def test_maximum_likelihood_agrees_with_glm(patterns):
    """Profile limits are interpolated by MASS and solved here."""
    table, columns, expected = patterns
    result = LogisticModel().fit(table[columns], table.outcome, sample_weight=table.n).result_
    theirs = expected["ml"]
    np.testing.assert_allclose(result.coefficient, theirs["coefficient"], rtol=1e-9)
    np.testing.assert_allclose(result.standard_error, theirs["standard_error"], rtol=1e-8)
    np.testing.assert_allclose(result.conf_int(), theirs["profile"], atol=2e-4)
    np.testing.assert_allclose(
        result.likelihood_ratio_tests().p_value[1:], theirs["p_value"], rtol=1e-6, atol=1e-12
    )
    assert result.log_likelihood == pytest.approx(theirs["log_likelihood"], rel=1e-12)


@pytest.mark.reference
@pytest.mark.parametrize(("key", "count"), [("firth", "n"), ("firth_1500", "first_1500")])
def test_firth_agrees_with_brglm2(patterns, key, count):
    table, columns, expected = patterns
    seen = table[table[count] > 0]
    model = LogisticModel(penalty="firth", correction="none")
    model.fit(seen[columns], seen.outcome, sample_weight=seen[count])
    np.testing.assert_allclose(model.result_.coefficient, expected[key]["coefficient"], rtol=1e-7)
    if "plain_standard_error" in expected[key]:
        objective = model.result_.fit.objective
        beta = model.result_.fit.coefficient
        plain = np.sqrt(np.diagonal(covariance(objective.information(beta))))
        np.testing.assert_allclose(plain, expected[key]["plain_standard_error"], rtol=1e-7)
