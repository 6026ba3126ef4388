"""Every public function, called with one argument spoilt at a time, answers with a sentence.

A valid call is kept per function; each of its arguments is replaced by what people pass by mistake:
text, nothing, dates, percentages, other objects, arrays of other patients. The call then does one
of four things: it refuses in a sentence that names the argument and says what came; it fails with a
raw message; it accepts what the argument cannot be; it hangs.
"""

from __future__ import annotations

import datetime
import inspect
import re
import signal
import tempfile
import warnings
from collections import Counter
from collections.abc import Mapping

import numpy as np
import pandas as pd
import pytest

import backpain_risk as bpr
from backpain_risk import plots

pytestmark = pytest.mark.contract

N = 60
DATE = datetime.date(2024, 1, 1)
ALLOWED_UNCLEAR = 0.02
SECONDS = 8  # of processor time; a call that takes longer hangs, a valid one a small part of one


def example_patients():
    rng = np.random.default_rng(4)
    X = pd.DataFrame(
        {"history_of_cancer": rng.integers(0, 2, N), "night_pain": rng.integers(0, 2, N)}
    )
    return X, pd.Series(
        (rng.random(N) < 0.3 + 0.2 * X.history_of_cancer).astype(int), name="outcome"
    )


X, y = example_patients()
risk = pd.Series(np.random.default_rng(1).uniform(0.05, 0.9, N).round(2))
counts = pd.DataFrame(
    {
        "study": list("abcd"),
        "tp": [5, 8, 4, 6],
        "fp": [20, 30, 25, 22],
        "fn": [4, 6, 5, 3],
        "tn": 200,
    }
)
scenario = bpr.load_scenario("spine_clinic")
cohort = bpr.simulate_cohort(scenario, 300, seed=1)
holes = bpr.make_missing(cohort, {"night_pain": 0.2}, rng=1)
accuracy = bpr.Accuracy.from_counts(5, 30, 8, 1900)
fitted = bpr.LogisticModel(penalty="firth").fit(X, y)

study = bpr.StudyDesign(
    scenarios={"clinic": scenario},
    sizes=[500],
    methods={"lr": bpr.LikelihoodRatioModel()},
    predictors=["night_pain"],
    replicates=2,
    seed=1,
)


def measure(function, **more):
    return function, {
        "outcome": y,
        "risk": risk,
        "sample_weight": pd.Series(np.ones(N)),
        "level": 0.95,
    } | more


def without(call, *names):
    return call[0], {k: v for k, v in call[1].items() if k not in names}


def fit(kind, **options):
    def fit(X, y, **options):
        return kind(**options).fit(X, y)

    return fit, {"X": X, "y": y} | options


CALLS = {
    "auroc": measure(bpr.auroc, interval="bootstrap", n_resamples=5, rng=1),
    "somers_d": measure(bpr.somers_d),
    "discrimination_slope": measure(bpr.discrimination_slope),
    "partial_auroc": measure(
        bpr.partial_auroc,
        bounds=(0.5, 1.0),
        focus="specificity",
        corrected=False,
        interval="delong",
    ),
    "roc_curve": measure(bpr.roc_curve),
    "precision_recall_curve": measure(bpr.precision_recall_curve),
    "brier_score": measure(bpr.brier_score),
    "scaled_brier": measure(bpr.scaled_brier),
    "log_loss": measure(bpr.log_loss),
    "cox_snell_r2": measure(bpr.cox_snell_r2),
    "nagelkerke_r2": measure(bpr.nagelkerke_r2),
    "spiegelhalter_z": without(measure(bpr.spiegelhalter_z), "level"),
    "observed_expected": measure(bpr.observed_expected),
    "calibration_in_the_large": measure(bpr.calibration_in_the_large, interval="wald"),
    "calibration_slope": measure(bpr.calibration_slope, interval="wald"),
    "miller_tests": without(measure(bpr.miller_tests), "level"),
    "calibration_curve": measure(
        bpr.calibration_curve,
        method="rcs",
        n_knots=3,
        n_groups=4,
        at=[0.2, 0.3],
        band="pointwise",
        n_resamples=2,
        rng=1,
    ),
    "risk_distribution": without(measure(bpr.risk_distribution, n_bins=5), "level"),
    "compare_auroc": without(
        measure(bpr.compare_auroc, risk_a=risk, risk_b=risk[::-1].to_numpy()), "risk"
    ),
    "subgroup_calibration": measure(
        bpr.subgroup_calibration, subgroups={"half": pd.Series(np.arange(N) % 2)}
    ),
    "performance": without(
        measure(
            bpr.performance, risks={"a": risk}, thresholds=[0.2], measures=["auroc"], n_resamples=0
        ),
        "risk",
    ),
    "decision_curve": without(
        measure(
            bpr.decision_curve,
            risks={"a": risk},
            thresholds=[0.1, 0.2],
            prevalence=0.1,
            harm=0.001,
            policy="opt-in",
            n_resamples=2,
            rng=1,
        ),
        "risk",
    ),
    "bayesian_decision_curve": without(
        measure(
            bpr.bayesian_decision_curve,
            risks={"a": risk},
            thresholds=[0.1, 0.2],
            prior=(1, 1),
            prevalence_counts=(3, 40),
            dependence="independent",
            n_draws=5,
            rng=1,
        ),
        "risk",
    ),
    "collapse": (bpr.collapse, {"X": X, "y": y, "sample_weight": pd.Series(np.ones(N))}),
    "detect_separation": (bpr.detect_separation, {"X": X, "y": y, "intercept": True}),
    "table_one": (bpr.table_one, {"patients": X, "outcome": y}),
    "standardised_difference": (
        bpr.standardised_difference,
        {"values": X.night_pain, "outcome": y},
    ),
    "pool_estimates": (
        bpr.pool_estimates,
        {
            "estimates": [[0.1], [0.2]],
            "standard_errors": [[0.1], [0.1]],
            "names": ["a"],
            "complete_df": 50.0,
        },
    ),
    "post_test_probability": (
        bpr.post_test_probability,
        {"pretest": 0.01, "likelihood_ratio": 3.0},
    ),
    "post_test": (
        bpr.post_test,
        {
            "accuracy": accuracy,
            "pretest": 0.01,
            "result": "positive",
            "n_draws": 20,
            "rng": 1,
            "specificity_sd": 0.5,
            "level": 0.95,
        },
    ),
    "pool_accuracy": (
        bpr.pool_accuracy,
        {"counts": counts, "method": "reml", "level": 0.95, "allow_overlap": False},
    ),
    "pool_measure": (
        bpr.pool_measure,
        {
            "counts": counts,
            "measure": "sensitivity",
            "method": "reml",
            "level": 0.95,
            "allow_overlap": False,
        },
    ),
    "pool_prevalence": (
        bpr.pool_prevalence,
        {
            "events": [1, 2, 3],
            "n": [100, 200, 300],
            "method": "ml",
            "level": 0.95,
            "study": ["a", "b", "c"],
            "allow_overlap": False,
        },
    ),
    "likelihood_ratio_table": (bpr.likelihood_ratio_table, {"evidence": bpr.load_evidence()}),
    "load_evidence": (bpr.load_evidence, {"path": None}),
    "load_scenario": (
        bpr.load_scenario,
        {"name_or_path": "walk_in", "evidence": bpr.load_evidence()},
    ),
    "associations": (bpr.associations, {"scenario": scenario}),
    "published_facts": (bpr.published_facts, {"scenario": scenario}),
    "simulate_cohort": (bpr.simulate_cohort, {"scenario": scenario, "n": 10, "seed": 1}),
    "simulate_sites": (bpr.simulate_sites, {"scenarios": {"a": scenario}, "n": 10, "seed": 1}),
    "Scenario.risk": (scenario.risk, {"predictors": X}),
    "Scenario.draw": (scenario.draw, {"rng": 1}),
    "Cohort.take": (cohort.take, {"rows": [0, 1]}),
    "ages": (bpr.ages, {"cohort": cohort}),
    "case_mix": (bpr.case_mix, {"cohort": cohort}),
    "risk_by_flags": (bpr.risk_by_flags, {"cohort": cohort}),
    "suggest_mapping": (
        bpr.suggest_mapping,
        {"df": cohort.to_frame(), "outcome": "outcome", "source": "file"},
    ),
    "data_dictionary": (bpr.data_dictionary, {"words": scenario.words}),
    "check_cohort": (
        bpr.check_cohort,
        {"df": cohort.to_frame(), "outcome": "outcome", "words": scenario.words},
    ),
    "Cohort.from_frame": (
        bpr.Cohort.from_frame,
        {
            "df": X.assign(bad=y),
            "outcome": "bad",
            "columns": {"night_pain": "fever_or_night_sweats"},
            "values": {"yes": 1},
            "words": scenario.words,
        },
    ),
    "enrich": (
        bpr.enrich,
        {"cohort": cohort, "share": 0.5, "given": {"night_pain": 1.0}, "rng": 1},
    ),
    "follow_up": (bpr.follow_up, {"cohort": cohort, "sensitivity": 0.8, "rng": 1}),
    "make_missing": (
        bpr.make_missing,
        {
            "cohort": cohort,
            "share": {"night_pain": 0.2},
            "given": {"male": 1.0},
            "own_value": 0.5,
            "rng": 1,
        },
    ),
    "misreport": (
        bpr.misreport,
        {
            "cohort": cohort,
            "missed": {"night_pain": 0.1},
            "invented": {"night_pain": 0.1},
            "rng": 1,
        },
    ),
    "sample_case_control": (
        bpr.sample_case_control,
        {"cohort": cohort, "controls_per_case": 2, "rng": 1},
    ),
    "verify_partially": (
        bpr.verify_partially,
        {"cohort": cohort, "share": 0.5, "given": {"night_pain": 1.0}, "rng": 1},
    ),
    "impute": (bpr.impute, {"cohort": holes, "n_imputations": 1, "rng": 1}),
    "assess": (bpr.assess, {"findings": {"night_pain": 1}, "pretest": 0.01}),
    "assess jointly": (
        bpr.assess,
        {"findings": {"night_pain": 1}, "scenario": scenario, "n_draws": 2, "rng": 1},
    ),
    "shift_prevalence": (bpr.shift_prevalence, {"risk": risk, "from_": 0.1, "to": 0.01}),
    "recalibrate": (bpr.recalibrate, {"model": fitted, "X": X, "y": y, "method": "intercept"}),
    "recalibrate prevalence": (
        bpr.recalibrate,
        {"model": fitted, "method": "prevalence", "from_": 0.5, "to": 0.01},
    ),
    "save_model": (bpr.save_model, {"model": fitted, "path": "no-such-folder/model.txt"}),
    "load_model": (bpr.load_model, {"path": "no-such-file.json"}),
    "LogisticModel": fit(
        bpr.LogisticModel,
        penalty="firth",
        correction="flic",
        splines={},
        interactions=(),
        event=1,
        ridge_strength=None,
    ),
    "LogisticModel ridge": fit(bpr.LogisticModel, penalty="ridge", ridge_strength=1.0),
    "LikelihoodRatioModel": fit(
        bpr.LikelihoodRatioModel, pretest=0.01, dependence="independent", event=1
    ),
    "LikelihoodRatioModel.from_evidence": (
        bpr.LikelihoodRatioModel.from_evidence,
        {"findings": ["night_pain"], "pretest": 0.01},
    ),
    "LogisticModel.risk": (fitted.risk, {"X": X}),
    "ImputedModel": fit(
        bpr.ImputedModel, estimator=bpr.LogisticModel(), n_imputations=1, random_state=1
    ),
    "optimism_bootstrap": (
        bpr.optimism_bootstrap,
        {
            "estimator": bpr.LogisticModel(penalty="firth"),
            "X": X,
            "y": y,
            "n_resamples": 2,
            "method": "harrell",
            "rng": 1,
            "measures": ["auroc"],
            "level": 0.95,
        },
    ),
    "cross_validate_risk": (
        bpr.cross_validate_risk,
        {
            "estimator": bpr.LogisticModel(penalty="firth"),
            "X": X,
            "y": y,
            "n_folds": 2,
            "n_repeats": 1,
            "rng": 1,
        },
    ),
    "internal_external_validation": (
        bpr.internal_external_validation,
        {
            "estimator": bpr.LogisticModel(penalty="firth"),
            "X": X,
            "y": y,
            "groups": pd.Series(np.arange(N) % 2),
            "measures": ["auroc"],
            "thresholds": [0.2],
            "level": 0.95,
        },
    ),
    "run_study": (
        bpr.run_study,
        {"design": study, "n_jobs": 1, "resume": True, "target_mcse": {"auroc": 0.9}},
    ),
    "load_study": (bpr.load_study, {"path": "no-such-file.parquet"}),
    "load_study_design": (bpr.load_study_design, {"path": "no-such-file.toml"}),
    "StudyDesign": (
        bpr.StudyDesign,
        {
            "scenarios": {"clinic": scenario},
            "sizes": [500],
            "methods": {"lr": bpr.LikelihoodRatioModel()},
            "predictors": ["night_pain"],
            "thresholds": [0.02],
            "replicates": 2,
            "target": {"auroc": 0.1},
            "draw": "counts",
            "time_limit": 60.0,
            "seed": 1,
        },
    ),
    "study_performance": (
        bpr.study_performance,
        {
            "replicates": pd.DataFrame({"estimate": [0.1, 0.2], "se": [0.1, 0.1], "a": ["x", "x"]}),
            "truth": 0.1,
            "estimate": "estimate",
            "standard_error": "se",
            "by": ["a"],
            "level": 0.95,
        },
    ),
    "read_cohort": (bpr.read_cohort, {"path": "no-such-file.csv"}),
    "verify_cohort": (bpr.verify_cohort, {"path": "no-such-file.csv"}),
    "write_cohort": (bpr.write_cohort, {"cohort": cohort, "path": "cohort.txt"}),
    "count_patterns": (
        lambda parquet_path: bpr.count_patterns(parquet_path, ["male"]),
        {"parquet_path": "no-such-file"},
    ),
    "leave_one_out": (bpr.leave_one_out, {"model": None}),
    "power_scaling": (bpr.power_scaling, {"model": None}),
    "predictive_check": (bpr.predictive_check, {"model": None}),
    "implied_accuracy": (lambda model: bpr.implied_accuracy(model, X), {"model": None}),
    "risk_by_count": (lambda model: bpr.risk_by_count(model, X), {"model": None}),
    "sample_size_accuracy": (
        bpr.sample_size_accuracy,
        {"prevalence": 0.01, "sensitivity": 0.8, "specificity": 0.9, "width": 0.1},
    ),
    "sample_size_development": (
        bpr.sample_size_development,
        {
            "prevalence": 0.01,
            "n_parameters": 10,
            "c_statistic": 0.8,
            "shrinkage": 0.9,
            "relative_margin": 0.2,
        },
    ),
    "sample_size_validation": (
        bpr.sample_size_validation,
        {
            "prevalence": 0.1,
            "c_statistic": 0.8,
            "oe_width": 0.2,
            "slope_width": 0.2,
            "c_width": 0.1,
        },
    ),
    "precision": (bpr.precision, {"n": 1000, "prevalence": 0.1, "c_statistic": 0.8}),
    "Accuracy.from_counts": (bpr.Accuracy.from_counts, {"tp": 5, "fp": 30, "fn": 8, "tn": 1900}),
    "Accuracy.from_rates": (
        bpr.Accuracy.from_rates,
        {
            "sensitivity": 0.4,
            "specificity": 0.9,
            "effective_n_diseased": 10,
            "effective_n_healthy": 100,
        },
    ),
    "Accuracy.predictive_values": (accuracy.predictive_values, {"prevalence": 0.01}),
    "Accuracy.draw": (accuracy.draw, {"size": 10, "rng": 1, "specificity_sd": 0.5}),
}

two = {name: bpr.load_pathways()[name] for name in ("image_no_one", "mri_for_all")}
compared = bpr.compare_pathways(scenario, two, n_draws=100, rng=1)
benefit = compared.net_benefit(0.01)
CALLS |= {
    "simulation_based_calibration": (
        lambda model: bpr.simulation_based_calibration(model, X, rng=1),
        {"model": None},
    ),
    "Step": (bpr.Step, {"test": "esr_mm_h", "who": "history_of_cancer", "at": "index"}),
    "Review": (bpr.Review, {"returning": 0.9, "sensitivity": 0.8, "specificity": 0.7}),
    "Prior": (bpr.Prior, {"intercept": (-4.6, 1.0), "slopes": (0.0, 1.0)}),
    "EvidencePrior.published": (
        bpr.EvidencePrior.published,
        {"evidence": bpr.load_evidence(), "setting": "primary_care", "pooled": []},
    ),
    "load_pathways": (bpr.load_pathways, {"path": None}),
    "compare_pathways": (
        bpr.compare_pathways,
        {
            "scenario": scenario,
            "pathways": two,
            "models": None,
            "per": 10_000,
            "n_draws": 0,
            "rng": 1,
            "review": None,
            "dependence": (),
            "decide": "expected",
            "n_jobs": 1,
        },
    ),
    "best_pathway": (
        bpr.best_pathway,
        {
            "scenario": scenario,
            "threshold": 0.01,
            "test_harm": {"esr": 0.02},
            "tests": ["esr"],
            "pathways": two,
            "per": 10_000,
        },
    ),
    "efficient_frontier": (
        bpr.efficient_frontier,
        {"cost": [0, 10, 20], "effect": [0, 1, 5], "names": ["a", "b", "c"]},
    ),
    "value_of_information": (
        bpr.value_of_information,
        {
            "utility": pd.DataFrame(
                np.random.default_rng(1).normal(size=(120, 2)), columns=["a", "b"]
            ),
            "parameters": pd.DataFrame({"x": np.arange(120.0)}),
            "groups": {"x": ["x"]},
        },
    ),
    "acceptability": (
        bpr.acceptability,
        {
            "comparison": compared,
            "thresholds": [0.01, 0.02],
            "counted": "sent",
            "test_harm": None,
            "value_at_review": None,
        },
    ),
    "review_break_even": (
        bpr.review_break_even,
        {
            "scenario": scenario,
            "pathway": next(p for p in bpr.load_pathways().values() if p.has_review),
            "without": two,
            "threshold": 0.01,
            "test_harm": {
                "review": 0.05,
                "esr": 0.02,
                "xray": 0.1,
                "ct": 0.1,
                "haematocrit": 0.01,
                "white_cells": 0.01,
            },
            "value_at_review": 0.8,
            "returning": 0.9,
            "sensitivity": [0.8],
            "specificity": [0.8],
        },
    ),
    "tornado": (bpr.tornado, {"benefit": benefit, "a": "image_no_one", "b": "mri_for_all"}),
    "simulate_to_parquet": (
        bpr.simulate_to_parquet,
        {
            "scenario": scenario,
            "n": 10,
            "directory": tempfile.mkdtemp(),
            "seed": 1,
            "n_jobs": 1,
            "blocks_per_file": 1,
            "resume": True,
            "on_file": None,
        },
    ),
}

OTHER = object()
SPOILT = {
    "text": "abc",
    "number as text": "7",
    "none": None,
    "minus one": -1,
    "nan": np.nan,
    "infinite": np.inf,
    "percentage": 95,
    "huge": 1e300,
    "endless": 10**400,
    "half": 0.5,
    "two": 2,
    "true": True,
    "date": DATE,
    "moment": np.datetime64("2024-01-01"),
    "complex": 0.5 + 1j,
    "object": OTHER,
    "function": len,
    "empty list": [],
    "numbers": [0.5, 0.5],
    "texts": ["abc", "def"],
    "mapping": {"abc": 1},
    "table": pd.DataFrame({"abc": [1, 2]}),
    "empty table": pd.DataFrame(),
    "matrix": np.zeros((2, 3)),
    "model": fitted,
}


def spoilt_copies(value):
    """The valid value with something wrong in it."""
    if isinstance(value, (pd.Series, pd.DataFrame)):
        yield "other order", value.iloc[::-1]
        yield "other labels", value.set_axis(np.arange(len(value)) + 1000)
        yield "shorter", value.iloc[:-1]
        value = value.select_dtypes("number") if isinstance(value, pd.DataFrame) else value
        yield (
            "masked",
            np.ma.masked_array(value.to_numpy(), np.arange(value.size).reshape(value.shape) == 1),
        )
        yield "imaginary", value.to_numpy() * (1 + 1j)
        yield "moments", value.to_numpy().astype(np.int64).astype("M8[D]")
        yield "durations", value.to_numpy().astype(np.int64).astype("m8[D]")
        yield "as text", value.astype(str)
        for name, bad in {
            "a hole": np.nan,
            "a minus": -1.0,
            "a huge": 1e300,
            "a percentage": 95.0,
        }.items():
            copy = value.astype(float)
            copy.iloc[3:4] = bad
            yield name, copy
    if isinstance(value, (list, tuple)):
        yield "a hole within", [*value[:-1], np.nan]
        yield "a text within", [*value[:-1], "abc"]
        yield "a minus within", [*value[:-1], -1]
        yield "a nothing within", [*value[:-1], None]
    if isinstance(value, Mapping) and value:
        key = next(iter(value))
        for name, bad in {
            "a text": "abc",
            "a nothing": None,
            "a minus": -1,
            "a huge": 1e300,
            "an array": [1, 2],
        }.items():
            yield f"{name} within", {**value, key: bad}
        yield "another key", {**value, "abc": value[key]}
        yield "a number for a key", {3: value[key]}


COUNT = {"two", "percentage"}  # 95 is a number of resamples like any other
POSITIVE = {"half", "two", "percentage"}
ROWS = {"other order", "other labels", "shorter"}  # of an argument that stands alone
LABELS = {"as text", "a hole", "a minus", "a huge", "a percentage"}  # any text or number
MAY_BE = {
    "rng": {"two", "percentage", "endless"},
    "seed": {"two", "percentage", "endless"},
    "random_state": {"none", "two", "percentage"},
    "sample_weight": {"none", "a percentage"},
    "at": {"none", "numbers"},
    "level": {"half"},
    "pretest": {"none", "half"},
    "prevalence": {"none", "half"},
    "threshold": {"half"},
    "thresholds": {"none", "half"},
    "harm": {"none", "half"},
    "share": {"half"},
    "evidence": {"none"},
    "sensitivity": {"half", "none"},
    "specificity": {"half", "none"},
    "from_": {"half"},
    "to": {"half"},
    "given": {"none", "a minus within"},
    "missed": {"none"},
    "invented": {"none"},
    "prior": {"numbers"},
    "prevalence_counts": {"none"},
    "complete_df": {"infinite"} | POSITIVE,
    "specificity_sd": {"none", "half", "two"},
    "measures": {"empty list"},
    "names": {"empty list", "a text within"},
    "findings": {"none", "empty list", "a nothing within"},
    "study": {"none", "a text within"},
    "path": {"none"},
    "estimator": {"model"},
    "model": {"model"},
    "ridge_strength": {"none"} | POSITIVE,
    "controls_per_case": POSITIVE,
    "width": {"half"},
    "oe_width": {"half", "two"},
    "slope_width": {"half", "two"},
    "c_width": {"half"},
    "shrinkage": {"half"},
    "relative_margin": {"none", "half"},
    "n_parameters": COUNT,
    "c_statistic": {"none"},
    "own_value": {"minus one"} | POSITIVE,
    "splines": {"none"},
    "interactions": {"empty list"},
    "penalty": {"none"},
    "event": {"none", "true"},  # True is the label 1
    "risks": {"another key", "a number for a key"},
    "subgroups": {"another key", "a number for a key"},
    "scenarios": {"another key"},
    "groups": LABELS - {"a hole"},
    "corrected": {"true"},
    "intercept": {"true"},
    "allow_overlap": {"true"},
    "estimates": {"table"},
    "standard_errors": {"table"},
    "rows": {"empty list"},
    "columns": {"none"},
    "dependence": {"empty list", "numbers"},
    "value_at_review": {"none", "half"},
    "models": {"none"},
    "review": {"none"},
    "tests": {"none", "empty list"},
    "test_harm": {"none"},
    "per": COUNT,
    "resume": {"true"},
    "pathways": {"none", "another key"},
    "without": {"another key"},
    "returning": {"half"},
    "on_file": {"none", "function"},
    "n_jobs": {"minus one"} | COUNT,
    "blocks_per_file": COUNT,
}
"""What an argument may be, besides the valid value: such spoilt values are no mistakes."""
COUNTS = (
    "n",
    "n_resamples",
    "n_draws",
    "n_bins",
    "n_groups",
    "n_imputations",
    "n_folds",
    "n_repeats",
    "size",
)
MAY_BE |= {name: MAY_BE.get(name, set()) | COUNT for name in (*COUNTS, "tp", "fp", "fn", "tn")}
MAY_BE |= dict.fromkeys(("effective_n_diseased", "effective_n_healthy"), POSITIVE)
ARRAYS = {"empty list", "numbers", "empty table", "matrix"}  # of probabilities or ratios
MAY_BE_HERE = {
    ("post_test_probability", "pretest"): ARRAYS,
    ("acceptability", "thresholds"): {"numbers"},
    ("assess jointly", "scenario"): {"none"},
    ("Prior", "intercept"): {"numbers"},
    ("Prior", "slopes"): {"numbers"},
    ("EvidencePrior.published", "evidence"): {"none"},
    ("EvidencePrior.published", "pooled"): {"empty list"},
    ("review_break_even", "sensitivity"): {"numbers"},
    ("review_break_even", "specificity"): {"numbers"},
    ("efficient_frontier", "cost"): {"a minus within"},
    ("efficient_frontier", "effect"): {"a minus within"},
    ("efficient_frontier", "names"): {"none"},
    ("value_of_information", "utility"): {"a minus", "a huge", "a percentage"},
    ("value_of_information", "parameters"): {"a minus", "a huge", "a percentage"},
    ("value_of_information", "groups"): {"none", "another key", "a number for a key"},
    ("compare_pathways", "rng"): {"none"},
    ("simulate_to_parquet", "directory"): {"text", "number as text"},
    ("post_test_probability", "likelihood_ratio"): ARRAYS
    | POSITIVE
    | {"infinite", "huge", "table"},
    ("collapse", "X"): LABELS | {"masked", "moments", "durations"},  # any value is a level
    ("detect_separation", "X"): {"a minus", "a huge", "a percentage"},
    ("table_one", "patients"): LABELS,
    ("standardised_difference", "values"): LABELS,
    ("pool_accuracy", "counts"): ROWS | {"a huge", "a percentage"},
    ("pool_measure", "counts"): ROWS | {"a huge", "a percentage"},
    ("Scenario.risk", "predictors"): ROWS | {"a hole"},
    ("LogisticModel.risk", "X"): ROWS,
    ("shift_prevalence", "risk"): ROWS | {"empty list", "numbers"},
    ("run_study", "n_jobs"): COUNT,
    ("run_study", "target_mcse"): {"none"},
    ("run_study", "resume"): {"true"},
    ("StudyDesign", "scenarios"): {"another key"},
    ("StudyDesign", "methods"): {"another key"},
    ("StudyDesign", "replicates"): COUNT,
    ("StudyDesign", "target"): {"another key", "a huge within", "mapping"},
    ("StudyDesign", "time_limit"): POSITIVE,
    ("study_performance", "replicates"): ROWS,
    ("study_performance", "truth"): {"minus one", "percentage", "half", "two"},
    ("study_performance", "standard_error"): {"none"},
    ("study_performance", "by"): {"empty list"},
    ("suggest_mapping", "df"): ROWS | LABELS | {"table"},  # any table; what is odd is a comment
    ("suggest_mapping", "outcome"): {"none"},
    ("suggest_mapping", "source"): {"text", "number as text"},
    ("check_cohort", "df"): ROWS
    | LABELS
    | {"table", "empty table"},  # which says what is wrong with it
    ("check_cohort", "outcome"): {"text", "number as text"},
    ("Cohort.from_frame", "df"): ROWS,
    ("Cohort.from_frame", "values"): {"none", "another key", "a number for a key", "mapping"},
    ("LikelihoodRatioModel", "X"): {"masked", "a hole"},
    ("ImputedModel", "X"): {"masked", "a hole"},
    ("LogisticModel ridge", "y"): {"as text"},  # with a warning that names the event
    ("ImputedModel", "y"): {"as text"},
}


def may_be(function, argument, spoil):
    return spoil in MAY_BE.get(argument, ()) or spoil in MAY_BE_HERE.get((function, argument), ())


def called(argument, value):
    """Words by which a message may call an argument: its name, or the column or key in question."""
    others = {
        "y": {"outcome"},
        "X": {"predictors", "patients"},
        "df": {"table"},
        "values": {"patients"},
        "share": {"columns"},
        "name_or_path": {"scenario"},
        "sample_weight": {"distinct values"},
    }
    inside = map(str, value) if isinstance(value, (Mapping, pd.DataFrame)) else ()
    return {
        argument,
        argument.rstrip("_"),
        argument.rstrip("s"),
        *others.get(argument, ()),
        *inside,
    }


def is_clear(argument, value, message):
    """A sentence and its remedy, on one line, which names the argument, states a rule and says
    what came.
    """
    names = any(
        re.search(rf"(?<!\w){re.escape(word)}(?![a-z])", message)
        for word in called(argument, value)
    )
    return (
        names
        and "must" in message
        and ";" in message
        and len(message) < 600
        and "\n" not in message
    )


class Hang(BaseException):
    """The call did not end."""


def outcome_of(function, arguments):
    """What a call did: ("accepted", ""), ("refused", message), ("raw", message) or ("hang", "")."""

    def stop(*_):
        raise Hang

    previous = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, SECONDS)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            function(**arguments)
        return "accepted", ""
    except (ValueError, TypeError, KeyError, OverflowError, FileNotFoundError) as error:
        kind = "refused" if type(error) in (ValueError, TypeError) else "raw"
        return kind, f"{type(error).__name__}: {error}"
    except Hang:
        return "hang", ""
    except Exception as error:
        return "raw", f"{type(error).__name__}: {error}"
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, previous)


def spoil_every_argument(name):
    function, arguments = CALLS[name]
    for argument, value in arguments.items():
        for spoil, bad in [*SPOILT.items(), *spoilt_copies(value)]:
            if may_be(name, argument, spoil):
                continue
            kind, message = outcome_of(function, {**arguments, argument: bad})
            if kind == "refused":
                kind = (
                    "clear" if is_clear(argument, value, message.split(": ", 1)[1]) else "unclear"
                )
            yield argument, spoil, kind, message


NOT_CALLED = {
    "write_explorer": "takes seconds; its arguments are spoilt in tests/report/explorer",
    "export_scenario": "takes seconds; its arguments are spoilt in tests/report/explorer",
    "coverage_of_limits": "has no argument",
    "read_table": "reads a file; spoilt ones are in tests/cohort/mapping/test_mapping.py",
    "load_mapping": "reads a file; spoilt ones are in tests/cohort/mapping/test_mapping.py",
    "develop": "takes seconds; its arguments are spoilt in tests/report/development",
}


def test_every_public_function_is_called():
    """A function that is added without a valid call here has no one to spoil its arguments."""
    mine = {name.split()[0].split(".")[0] for name in CALLS}
    functions = {name for name in bpr.__all__ if inspect.isfunction(getattr(bpr, name))}
    assert functions - mine == set(NOT_CALLED)


@pytest.fixture(scope="module")
def answers():
    return {name: list(spoil_every_argument(name)) for name in CALLS}


def of_kind(answers, kind):
    found = ((name, *each) for name, mine in answers.items() for each in mine)
    return [
        (name, argument, spoil, message) for name, argument, spoil, k, message in found if k == kind
    ]


def test_valid_calls_are_valid():
    """Else a refusal would prove nothing; those that need a file or a fitted Bayesian model are
    refused for that.
    """
    needy = {
        "save_model",
        "load_model",
        "read_cohort",
        "verify_cohort",
        "write_cohort",
        "count_patterns",
        "load_study",
        "load_study_design",
    }
    needy |= {
        "leave_one_out",
        "power_scaling",
        "simulation_based_calibration",
        "predictive_check",
        "implied_accuracy",
        "risk_by_count",
    }
    assert {
        name: said for name in CALLS if (said := outcome_of(*CALLS[name])) != ("accepted", "")
    }.keys() == needy


def test_nothing_outside_its_range_is_accepted_in_silence(answers):
    assert of_kind(answers, "accepted") == []


def test_no_call_hangs(answers):
    assert of_kind(answers, "hang") == []


def test_refusals_are_sentences_that_name_the_argument(answers):
    unclear = of_kind(answers, "unclear") + of_kind(answers, "raw")
    total = Counter(kind for mine in answers.values() for *_, kind, _ in mine).total()
    assert total > 7000
    assert len(unclear) / total <= ALLOWED_UNCLEAR, unclear[:40]


@pytest.mark.parametrize("name", plots.__all__)
def test_plots_refuse_what_they_cannot_draw(name):
    function = getattr(plots, name)
    first, *others = inspect.signature(function).parameters.values()
    given = {p.name: "auroc" for p in others if p.default is p.empty}
    for spoil, bad in SPOILT.items():
        if (name, spoil) == ("plot_icon_array", "mapping"):
            continue  # names with numbers are what it draws
        kind, message = outcome_of(function, {first.name: bad, **given})
        assert kind == "refused", (spoil, kind, message)
        assert is_clear(first.name, bad, message), (spoil, message)
