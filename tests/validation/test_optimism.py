"""Optimism agrees with R, does not depend on workers, and tells what failed."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_matrix
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

import backpain_risk as bpr
from backpain_risk.measures.decision.net_benefit import decision_curve
from backpain_risk.numerics.grouped_by_risk import risk_groups
from backpain_risk.validation.repeated_measures import net_benefit_of

sys.path.insert(0, str(Path(__file__).parent / "reference"))
import optimism_data

pytestmark = pytest.mark.identity

NAMES = [
    "auroc",
    "brier",
    "calibration_in_the_large",
    "calibration_slope",
    "observed_expected",
    "net_benefit@0.1",
]
FROM_R = {  # tests/validation/reference/optimism.R
    "harrell": [
        0.632106193109,
        0.108963462034,
        -1.09070610083e-03,
        0.892837149987,
        1.00731387468,
        0.0309027777778,
    ],
    "632": [
        0.624059223451,
        0.109287883374,
        -1.96689548626e-02,
        0.830374014412,
        1.00627261743,
        0.0316793383887,
    ],
}


@pytest.fixture(scope="module")
def patients():
    return optimism_data.patients()


@pytest.fixture(scope="module")
def flags(scenario):
    cohort = bpr.simulate_cohort(scenario, 3000, seed=4)
    return cohort.predictors[
        ["history_of_cancer", "age_50_or_over", "night_pain", "male"]
    ], cohort.outcome


@pytest.mark.reference
@pytest.mark.parametrize("method", ["harrell", "632"])
def test_corrected_measures_agree_with_r_on_given_resamples(patients, method):
    X, y = patients
    result = bpr.optimism_bootstrap(
        bpr.LogisticModel(), X, y, method=method, resamples=optimism_data.rows(), thresholds=[0.1]
    )
    np.testing.assert_allclose(result.to_frame().corrected[NAMES], FROM_R[method], atol=2e-9)


@pytest.mark.reference
def test_mean_absolute_prediction_error_agrees_with_r(patients):
    X, y = patients
    result = bpr.optimism_bootstrap(bpr.LogisticModel(), X, y, resamples=optimism_data.rows())
    assert result.stability().mape.mean() == pytest.approx(0.027481686518, abs=1e-10)


@pytest.mark.reference
def test_optimism_agrees_with_pminternal_on_its_resamples(reference, reference_data):
    case = reference("pmi-optimism-exact-indices")["expected"]
    table = pd.read_csv(reference_data / "pminternal_readme.csv")
    rows = (
        pd.read_csv(reference_data / "pminternal_boot_indices_1based_800x200.csv.gz", header=None)
        .to_numpy()
        .T
        - 1
    )
    result = bpr.optimism_bootstrap(
        bpr.LogisticModel(), table.drop(columns="y"), table.y, resamples=rows
    ).to_frame()
    names = {
        "auroc": "C",
        "brier": "Brier",
        "calibration_in_the_large": "Intercept",
        "calibration_slope": "Slope",
    }
    for measure, theirs in names.items():
        for part in ("apparent", "optimism", "corrected"):
            assert result[part][measure] == pytest.approx(case[part][theirs], abs=1e-7), (
                measure,
                part,
            )


def test_our_models_refitted_on_counts_equal_the_same_models_refitted_on_rows(flags):
    """A pipeline hides the model, so that it gets the rows themselves."""
    X, y = flags
    counts = bpr.optimism_bootstrap(bpr.LogisticModel("firth"), X, y, n_resamples=5, rng=2)
    rows = bpr.optimism_bootstrap(
        make_pipeline(bpr.LogisticModel("firth")), X, y, n_resamples=5, rng=2
    )
    pd.testing.assert_frame_equal(counts.to_frame(), rows.to_frame(), rtol=1e-7, atol=1e-9)


def test_the_result_does_not_depend_on_workers(flags):
    X, y = flags
    one, two = (
        bpr.optimism_bootstrap(bpr.LogisticModel("firth"), X, y, n_resamples=6, rng=3, n_jobs=n)
        for n in (1, 2)
    )
    pd.testing.assert_frame_equal(one.to_frame(), two.to_frame(), check_exact=True)


def test_any_pipeline_is_refitted_whole(patients):
    """A transformer that remembers whom it saw would betray a pipeline fitted only once."""
    X, y = patients
    seen = []

    class Scaler(StandardScaler):
        def fit(self, X, y=None, sample_weight=None):
            seen.append(float(np.asarray(X)[:, 3].mean()))
            return super().fit(X, y)

    result = bpr.optimism_bootstrap(
        make_pipeline(Scaler(), LogisticRegression()), X, y, n_resamples=4, rng=1
    )
    assert len(set(seen)) == 5
    assert result.optimism[0] != 0


def test_a_measure_that_fails_in_some_resamples_is_counted_with_its_reason(scenario):
    cohort = bpr.simulate_cohort(scenario, 500, seed=9)
    X = cohort.predictors[["history_of_cancer", "night_pain"]]
    with pytest.warns(
        UserWarning, match=r"calibration_slope.* failed in up to \d+ of 30 resamples"
    ):
        result = bpr.optimism_bootstrap(
            bpr.LogisticModel(), X, cohort.outcome, n_resamples=30, rng=1, thresholds=[0.02]
        )
    table = result.to_frame()
    slope = result.problems[result.problems.measure.isin(["calibration_slope", "fit"])]
    assert table.n_failed["calibration_slope"] == slope["resample"].nunique() > 0
    assert (slope.reason.str.len() > 20).all()
    assert np.isfinite(table.corrected["auroc"])
    assert result.warned.n_resamples.sum() > 0


def test_an_estimator_that_fails_in_one_resample_is_left_out_and_counted(patients):
    X, y = patients
    rows = optimism_data.rows()[:4].copy()
    rows[2] = np.flatnonzero(y == 0)[0]
    with pytest.warns(UserWarning, match="failed in up to 1 of 4 resamples"):
        result = bpr.optimism_bootstrap(bpr.LogisticModel(), X, y, resamples=rows)
    assert (result.n_failed == 1).all()
    assert result.problems.measure.tolist() == ["fit"]
    others = bpr.optimism_bootstrap(bpr.LogisticModel(), X, y, resamples=np.delete(rows, 2, axis=0))
    np.testing.assert_array_equal(result.corrected, others.corrected)


def test_shifted_limits_are_apparent_percentiles_moved_and_missing_where_the_fit_fixes_it(
    patients,
):
    X, y = patients
    result = bpr.optimism_bootstrap(
        bpr.LogisticModel(), X, y, resamples=optimism_data.rows()
    ).to_frame()
    row = result.loc["auroc"]
    own = [
        bpr.auroc(y[i], bpr.LogisticModel().fit(X.iloc[i], y[i]).risk(X.iloc[i])).value
        for i in optimism_data.rows()
    ]
    np.testing.assert_allclose(
        [row.low, row.high], np.quantile(own, [0.025, 0.975]) - row.optimism, atol=1e-9
    )
    fixed = ["observed_expected", "calibration_in_the_large", "calibration_slope"]
    assert result.loc[fixed, ["low", "high"]].isna().all(axis=None)


@pytest.mark.parametrize("method", ["harrell", "632"])
def test_two_stage_limits_of_what_the_fit_fixes_are_those_of_refitted_models_in_all_patients(
    patients, method
):
    """Repeating the procedure shows no spread of them: every outer model is as ideal among its
    own patients.
    """
    X, y = patients
    fixed = ["observed_expected", "calibration_slope"]
    chosen = {
        "measures": [*fixed, "auroc"],
        "at": [],
        "limits": "two-stage",
        "n_outer": 3,
        "rng": 5,
        "method": method,
    }
    rows = optimism_data.rows()[:15]
    result = bpr.optimism_bootstrap(bpr.LogisticModel(), X, y, resamples=rows, **chosen).to_frame()
    assert result.loc["auroc", ["low", "high"]].notna().all()
    if method == "632":
        assert result.loc[fixed, ["low", "high"]].isna().all(axis=None)
        return
    risks = [bpr.LogisticModel().fit(X.iloc[i], y[i]).risk(X) for i in rows]
    for name, measure in zip(fixed, (bpr.observed_expected, bpr.calibration_slope), strict=True):
        expected = np.quantile([measure(y, risk).value for risk in risks], [0.025, 0.975])
        np.testing.assert_allclose(
            result.loc[name, ["low", "high"]].astype(float), expected, atol=1e-9
        )
        assert result.low[name] < result.corrected[name] < result.high[name]


def test_corrected_curves_are_the_apparent_ones_less_their_optimism(patients):
    """At the thresholds of the measures the curve says the same as the measures."""
    X, y = patients
    result = bpr.optimism_bootstrap(
        bpr.LogisticModel(), X, y, resamples=optimism_data.rows(), thresholds=[0.05, 0.1]
    )
    curve = result.decision_curve().set_index("threshold")
    for t in (0.05, 0.1):
        for part in ("apparent", "corrected"):
            assert curve[part][t] == pytest.approx(
                result.to_frame()[part][f"net_benefit@{t}"], abs=1e-15
            )
    calibration = result.calibration_curve()
    apparent = bpr.calibration_curve(y, result.risk, at=calibration.predicted)
    np.testing.assert_allclose(calibration.apparent, apparent.observed, atol=1e-9)
    assert not np.allclose(calibration.apparent, calibration.corrected, atol=1e-3)


def test_net_benefit_of_groups_is_that_of_the_decision_curve(patients):
    _, y = patients
    risk = np.random.default_rng(1).beta(1, 9, y.size).round(2)
    t = np.arange(1, 60) / 100
    curve = decision_curve(y, risk, thresholds=t)
    np.testing.assert_allclose(
        net_benefit_of(risk_groups(y, risk), t), curve.net_benefit[2], atol=1e-15
    )


@pytest.mark.recovery
def test_corrected_discrimination_is_near_that_in_new_patients():
    """Twenty developments of 500 patients: corrected AUROC within 3 standard errors of that in
    new patients.
    """
    scenario = bpr.load_scenario("spine_clinic").replace(base_rate=0.05)
    flags = [
        "history_of_cancer",
        "age_50_or_over",
        "night_pain",
        "male",
        "failure_to_improve",
        "radicular_pain",
    ]
    new = bpr.simulate_cohort(scenario, 200_000, seed=99)
    apparent = []
    gap = []
    for seed in range(20):
        own = bpr.simulate_cohort(scenario, 500, seed=seed)
        model = bpr.LogisticModel("firth")
        result = bpr.optimism_bootstrap(
            model,
            own.predictors[flags],
            own.outcome,
            n_resamples=40,
            rng=seed,
            measures=["auroc"],
            at=[],
        )
        truth = bpr.auroc(
            new.outcome, model.fit(own.predictors[flags], own.outcome).risk(new.predictors[flags])
        ).value
        gap.append(result.corrected[0] - truth)
        apparent.append(result.apparent[0] - truth)
    error = np.std(gap, ddof=1) / np.sqrt(len(gap))
    assert abs(np.mean(gap)) < 3 * error
    assert np.mean(apparent) > 0.02


def test_a_calibration_curve_that_fails_in_resamples_is_counted_without_its_indices_asked_for(
    scenario,
):
    cohort = bpr.simulate_cohort(scenario, 800, seed=9)
    X = cohort.predictors[["age_years"]]
    with pytest.warns(UserWarning, match="^calibration_curve failed in up to"):
        result = bpr.optimism_bootstrap(
            bpr.LogisticModel("firth"),
            X,
            cohort.outcome,
            n_resamples=20,
            rng=2,
            measures=["brier"],
            at=[0.01],
        )
    failed = result.problems[result.problems.measure.isin(["calibration_curve", "fit"])]
    assert result.calibration_curve().n_failed.tolist() == [failed["resample"].nunique()]
    assert 0 < len(failed) < 20


@pytest.mark.contract
def test_what_the_model_itself_does_not_have_is_said(patients):
    X, y = patients
    with pytest.warns(
        UserWarning, match="calibration_slope of the model itself left as NaN because"
    ):
        bpr.optimism_bootstrap(
            DummyClassifier(),
            X,
            y,
            n_resamples=2,
            rng=1,
            measures=["auroc", "calibration_slope"],
            at=[],
        )


@pytest.mark.contract
def test_an_estimator_that_saw_one_class_says_so(patients):
    X, y = patients
    rows = optimism_data.rows()[:2].copy()
    rows[0] = np.flatnonzero(y == 0)[0]
    tree = DecisionTreeClassifier(max_depth=2, random_state=1)
    with pytest.warns(UserWarning, match="two probabilities, no event and event"):
        result = bpr.optimism_bootstrap(tree, X, y, resamples=rows, measures=["auroc"], at=[])
    assert result.n_failed.tolist() == [1, 1, 1]


def test_risks_that_are_missing_are_a_failure_of_the_estimator(patients):
    X, y = patients

    class Broken(LogisticRegression):
        def predict_proba(self, X):
            return super().predict_proba(X) * np.nan

    with pytest.raises(ValueError, match="risk by the estimator must be finite"):
        bpr.optimism_bootstrap(Broken(), X, y, n_resamples=2, rng=1)


def test_a_model_derived_from_ours_is_refitted_by_its_own_fit(patients):
    X, y = patients

    class OneFlag(bpr.LogisticModel):
        def fit(self, X, y):
            return super().fit(X[["flag0"]], y)

        def predict_proba(self, X):
            return super().predict_proba(X[["flag0"]])

    derived = bpr.optimism_bootstrap(
        OneFlag(), X, y, n_resamples=2, rng=1, measures=["auroc", "brier"], at=[]
    )
    plain = bpr.optimism_bootstrap(
        bpr.LogisticModel(),
        X[["flag0"]],
        y,
        n_resamples=2,
        rng=1,
        measures=["auroc", "brier"],
        at=[],
    )
    np.testing.assert_allclose(derived.corrected, plain.corrected, rtol=1e-9)


def test_outer_resamples_that_fail_are_counted(patients):
    X, y = patients

    class Fragile(LogisticRegression):
        def fit(self, X, y):
            if np.sum(y) < 50:
                raise ValueError("too few events")
            return super().fit(X, y)

    assert y.sum() >= 50
    with pytest.warns(UserWarning, match="resamples") as caught:
        bpr.optimism_bootstrap(
            Fragile(),
            X,
            y,
            n_resamples=12,
            rng=2,
            measures=["auroc"],
            at=[],
            limits="two-stage",
            n_outer=12,
        )
    assert re.search(r"\d+ of 12 outer resamples failed .*too few events", str(caught[0].message))


BAD = {
    "method": ({"method": "refined"}, "method must be one of"),
    "rng": ({"rng": None}, "rng must be given"),
    "rows from one": ({"resamples": [[1, 2, 400]]}, "Subtract 1"),
    "rows not whole": ({"resamples": [[0.5, 1.0]]}, "whole row numbers"),
    "rows of different lengths": (
        {"resamples": [[1, 2, 3], [1, 2]]},
        "resamples must all hold the same number of rows",
    ),
    "two-stage without rng": (
        {"resamples": optimism_data.rows()[:2], "limits": "two-stage"},
        "rng must be given because numbers are drawn besides the resamples",
    ),
    "n_outer": ({"limits": "two-stage", "n_outer": 0, "rng": 1}, "n_outer must be 2 or more"),
    "rows in one dimension": ({"resamples": [1, 2, 3]}, "a row of them for each resample"),
    "none": (
        {"n_resamples": 0, "rng": 1},
        "n_resamples must be a whole number of 1 or more; got 0",
    ),
    "measure": ({"measures": ["accuracy"], "rng": 1}, "measures must be one of"),
    "limits": ({"limits": "bca", "rng": 1}, "limits must be one of"),
}


@pytest.mark.contract
@pytest.mark.parametrize(("arguments", "message"), BAD.values(), ids=BAD)
def test_bad_input_is_refused_with_advice(patients, arguments, message):
    X, y = patients
    with pytest.raises(ValueError, match=message):
        bpr.optimism_bootstrap(bpr.LogisticModel(), X, y, **arguments)


def test_outcome_and_estimator_are_checked(patients):
    X, y = patients
    with pytest.raises(ValueError, match="both classes for optimism_bootstrap"):
        bpr.optimism_bootstrap(bpr.LogisticModel(), X, np.zeros(400), rng=1)
    with pytest.raises(ValueError, match="same length"):
        bpr.optimism_bootstrap(bpr.LogisticModel(), X, y[:-1], rng=1)
    with pytest.raises(ValueError, match=r"got a sparse csr_matrix. Pass X.toarray\(\)"):
        bpr.optimism_bootstrap(LogisticRegression(), csr_matrix(X.to_numpy()), y, rng=1)
    with pytest.raises(ValueError, match="without fit and predict_proba"):
        bpr.optimism_bootstrap(object(), X, y, rng=1)
    with pytest.raises(ValueError, match="at least one resample; got 3 failures, the first"):
        bpr.optimism_bootstrap(
            bpr.LogisticModel(), X, y, resamples=np.full((3, 10), np.flatnonzero(y)[0])
        )
