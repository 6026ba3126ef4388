from __future__ import annotations

from itertools import product

import numpy as np
import pandas as pd
import pytest
from scipy.special import ndtr

from backpain_risk import vocabulary
from backpain_risk.scenario.structure.laboratory import recorded_values
from backpain_risk.scenario.structure.responses import NODE_WEIGHTS, NODES
from backpain_risk.scenario.structure.states import AGES
from backpain_risk.scenario.structure.structure import build_structure

pytestmark = pytest.mark.identity

DEPENDENCE = (0.0, 0.5, 1.0, 1.5)
FLAGS = tuple(vocabulary.FINDINGS)


@pytest.fixture(scope="module", params=DEPENDENCE)
def setting(request, scenario):
    return scenario.replace(dependence=request.param)


@pytest.fixture(scope="module")
def patterns():
    return pd.DataFrame(list(product((0, 1), repeat=len(FLAGS))), columns=list(FLAGS), dtype="int8")


def odds(p):
    return p / (1 - p)


def test_marginals_of_findings_are_the_targets(setting):
    for key, target in setting.findings.items():
        present, absent = setting.probabilities(pd.DataFrame({key: [1, 0]}))
        assert present[1] == pytest.approx(target.sensitivity, abs=1e-9)
        assert absent[0] == pytest.approx(target.specificity, abs=1e-9)


def test_marginals_of_laboratory_bands_are_the_targets(setting):
    for key in setting.laboratory:
        bands = setting.bands(key)
        p = setting.probabilities(pd.DataFrame({key: list(bands.labels)}))
        np.testing.assert_allclose(p[:, 1], bands.malignant, atol=1e-9)
        np.testing.assert_allclose(p[:, 0], bands.non_malignant, atol=1e-9)


def test_probabilities_over_all_patterns_sum_to_one(setting, patterns):
    np.testing.assert_allclose(setting.probabilities(patterns).sum(axis=0), 1, atol=1e-12)


def test_probabilities_over_all_recorded_values_sum_to_one(setting):
    for key, test in vocabulary.LABORATORY.items():
        p = setting.probabilities(pd.DataFrame({key: recorded_values(test)}))
        np.testing.assert_allclose(p.sum(axis=0), 1, atol=1e-12)
        assert (p > 0).all()


def test_ages_and_sexes_do_not_move_with_dependence(setting, scenario):
    table = pd.DataFrame({"age_years": AGES}).assign(male=1)
    np.testing.assert_allclose(
        setting.probabilities(table), scenario.probabilities(table), rtol=1e-12
    )


def independent_risk(scenario, X):
    """The product of likelihood ratios, each read from the exact risk given its column alone."""
    base = odds(scenario.base_rate)
    total = np.full(len(X), base)
    for key in X:
        total *= odds(scenario.risk(X[[key]])) / base
    return total / (1 + total)


@pytest.mark.parametrize(
    "extra",
    [
        {},
        {"age_years": (18, 96)},
        {"esr_mm_h": (1, 151)},
        {"age_years": (18, 96), "esr_mm_h": (1, 151)},
    ],
)
def test_without_dependence_the_risk_is_the_product_of_likelihood_ratios(scenario, patterns, extra):
    rng = np.random.default_rng(1)
    X = patterns.drop(columns="age_50_or_over") if "age_years" in extra else patterns
    X = X.assign(**{key: rng.integers(low, high, len(X)) for key, (low, high) in extra.items()})
    plain = scenario.replace(dependence=0)
    np.testing.assert_allclose(plain.risk(X), independent_risk(plain, X), atol=1e-12, rtol=0)


def test_without_dependence_a_band_has_the_ratio_of_the_table(scenario):
    plain = scenario.replace(dependence=0)
    bands = plain.bands("esr_mm_h")
    ratio = odds(plain.risk(pd.DataFrame({"esr_mm_h": list(bands.labels)}))) / odds(plain.base_rate)
    np.testing.assert_allclose(ratio, bands.malignant / bands.non_malignant, rtol=1e-11)
    age = odds(plain.risk(pd.DataFrame({"age_50_or_over": [1]})))[0] / odds(plain.base_rate)
    assert age == pytest.approx((10 / 13) / (569 / 1962), rel=1e-12)


def test_risk_agrees_with_a_sum_written_out_by_hand(scenario):
    """One patient of known age and sex with two findings: every term of the sum, slowly."""
    structure = scenario.structure
    keys = ("night_pain", "no_relief_with_rest")
    total = []
    for g, states in enumerate(structure.states):
        context = 2 * (67 - 18) + 1
        value = 0.0
        for s in range(len(states.cause)):
            for f, w in zip(NODES, NODE_WEIGHTS, strict=True):
                p = 1.0
                for key in keys:
                    r = structure.responses[key][g]
                    p *= ndtr(
                        r.location[0, 0]
                        + r.dependence * (r.state[s] + r.context[context] + r.loading * f)
                    )
                value += states.weight[0, context, s] * w * p
        total.append(value)
    joint = np.array(total) * [1 - scenario.base_rate, scenario.base_rate]
    X = pd.DataFrame(
        {"age_years": [67], "male": [1], "night_pain": [1], "no_relief_with_rest": [1]}
    )
    assert scenario.risk(X)[0] == pytest.approx(joint[1] / joint.sum(), rel=1e-12)


def test_missing_values_are_integrated_out(scenario):
    X = pd.DataFrame(
        {"night_pain": [1.0], "history_of_cancer": [np.nan], "age_years": [np.nan], "male": [1.0]}
    )
    assert scenario.risk(X)[0] == pytest.approx(
        scenario.risk(X[["night_pain", "male"]])[0], rel=1e-12
    )
    known = pd.DataFrame({"history_of_cancer": [0, 1]})
    p = scenario.probabilities(known.assign(night_pain=1))
    np.testing.assert_allclose(
        p.sum(axis=0), scenario.probabilities(pd.DataFrame({"night_pain": [1]}))[0]
    )


def test_a_band_is_the_sum_of_its_values(scenario):
    values = pd.DataFrame({"esr_mm_h": np.arange(20, 50)}).assign(night_pain=1)
    band = pd.DataFrame({"esr_mm_h": ["20-49"], "night_pain": [1]})
    p = scenario.probabilities(band)[0]
    np.testing.assert_allclose(scenario.probabilities(values).sum(axis=0), p, rtol=1e-10)


def test_risk_does_not_depend_on_the_order_of_rows_or_columns(scenario, cohort):
    X = cohort.predictors.join(cohort.tests).head(500)
    risk = scenario.risk(X)
    order = np.random.default_rng(1).permutation(500)
    np.testing.assert_allclose(scenario.risk(X.iloc[order, ::-1]), risk[order], rtol=1e-10)


def test_both_ways_of_multiplying_agree(scenario, cohort):
    """Few rows go pair by pair, many as matrices."""
    X = cohort.predictors.join(cohort.tests).head(3000)
    together = scenario.risk(X)
    np.testing.assert_allclose(
        [scenario.risk(X.iloc[[i]])[0] for i in range(0, 3000, 500)], together[::500], rtol=1e-11
    )


@pytest.mark.contract
@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({}, "predictors must have one or more columns of distinct names; got none"),
        ({"shoe_size": [43]}, "predictors must have columns of the vocabulary; got shoe_size"),
        ({"night_pain": [2]}, "night_pain must be a whole number from 0 to 1, or missing; got 2"),
        ({"age_years": [17]}, "age_years must be a whole number from 18 to 95, or missing; got 17"),
        (
            {"esr_mm_h": [20.5]},
            "esr_mm_h must be from 1 to 150 in steps of 1, a band, or missing; got 20.5",
        ),
        (
            {"esr_mm_h": ["high"]},
            "esr_mm_h must hold numbers or the bands <20, 20-49, 50-99, >=100; got 'high'",
        ),
        (
            {"age_years": [40], "age_50_or_over": [1]},
            "age_years and age_50_or_over must agree; .* at row 0",
        ),
        ({"night_pain": ["yes"]}, "night_pain must hold numbers; got 'yes'"),
        ({"night_pain": ["1"]}, "night_pain must hold numbers; got '1'"),
        ({"age_years": ["67"]}, "age_years must hold numbers; got '67'"),
    ],
)
def test_bad_questions_are_named(scenario, columns, message):
    with pytest.raises(ValueError, match=message):
        scenario.risk(pd.DataFrame(columns))


@pytest.mark.contract
def test_columns_of_one_name_are_refused(scenario):
    twice = pd.DataFrame([[1, 0]], columns=["night_pain", "night_pain"])
    with pytest.raises(
        ValueError, match="one or more columns of distinct names; got night_pain twice"
    ):
        scenario.risk(twice)


@pytest.mark.recovery
@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"dependence": 0.5}, "dependence"),
        ({"causes": {"infection": {"age": 0.9}}}, "causes"),
        ({"findings": {"night_pain": {"age": 0.1}}}, "findings.night_pain"),
        ({"laboratory": {"esr_mm_h": {"male": 0.1}}}, "laboratory.esr_mm_h"),
    ],
)
def test_scenarios_that_differ_in_more_than_accuracy_are_not_calibrated_together(
    scenario, changes, named
):
    with pytest.raises(
        ValueError,
        match=f"must differ in base rate and accuracy only; got a difference in {named} ",
    ):
        build_structure([scenario, scenario.replace(changes=changes)])
