"""A whole development in one call: small cohorts, every rule of the plan."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

import backpain_risk as bpr

FLAGS = ["history_of_cancer", "night_pain", "failure_to_improve"]


def cohort_of(n, n_events, seed=1, columns=FLAGS):
    """Patients with this many events, flags more common among them."""
    rng = np.random.default_rng(seed)
    y = pd.Series((np.arange(n) < n_events).astype(np.int8), name="outcome")
    X = pd.DataFrame({c: (rng.random(n) < 0.2 + 0.3 * y).astype(np.int8) for c in columns})
    return bpr.Cohort(predictors=X, outcome=y, tests=pd.DataFrame(index=X.index))


def quick(cohort, **options):
    return bpr.develop(cohort, **{"models": ["firth"], "n_resamples": 4, "rng": 1} | options)


@pytest.fixture(scope="module")
def missing():
    cohort = bpr.simulate_cohort(
        bpr.load_scenario("spine_clinic").replace(base_rate=0.1), 400, seed=2
    )
    holes = dict.fromkeys(["history_of_cancer", "night_pain"], 0.1)
    return bpr.make_missing(cohort, holes, rng=1)


@pytest.mark.filterwarnings("ignore:.*failed in up to")
@pytest.mark.identity
def test_of_complete_patients_the_correction_is_that_of_the_optimism_bootstrap():
    cohort = cohort_of(300, 40)
    found = quick(cohort, n_resamples=6).models["firth"]
    model = bpr.LogisticModel(penalty="firth")
    expected = bpr.optimism_bootstrap(
        model, cohort.predictors, cohort.outcome, n_resamples=6, rng=1
    )
    pd.testing.assert_frame_equal(found.validation.to_frame(), expected.to_frame(), rtol=1e-9)
    fitted = model.fit(cohort.predictors, cohort.outcome)
    np.testing.assert_allclose(found.risk, fitted.risk(cohort.predictors), rtol=1e-12)
    terms = found.terms.set_index("term")
    np.testing.assert_allclose(terms.log_odds_ratio, fitted.result_.coefficient, rtol=1e-12)


@pytest.mark.identity
def test_risks_of_incomplete_patients_are_those_of_the_model_that_is_handed_over(missing):
    developed = quick(missing, predictors=FLAGS, n_imputations=2).models["firth"]
    X = missing.predictors[FLAGS].astype(float)
    np.testing.assert_allclose(developed.risk, developed.model.risk(X), rtol=1e-12)


@pytest.mark.identity
def test_an_interrupted_run_goes_on_where_it_was(missing, tmp_path):
    options = {"predictors": [*FLAGS, "age_years"], "models": ["firth", "bayes_evidence"]}
    whole = quick(missing, **options).results()
    kept = tmp_path / "kept"
    assert quick(missing, kept=kept, **options).results() == whole
    files = sorted(kept.glob("*/*.npz"))
    assert len(files) == 4
    files[1].unlink()
    assert quick(missing, kept=kept, **options).results() == whole
    assert json.loads(json.dumps(whole)) == whole


@pytest.mark.contract
def test_everything_that_the_plan_promises_is_there(missing):
    sites = np.arange(400) % 3
    found = quick(missing, models=["firth"], groups=sites)
    for name in (
        "plan",
        "sample_size",
        "missing",
        "table_one",
        "likelihood_ratios",
        "terms",
        "performance",
        "calibration",
        "decision_curve",
        "consequences_per_1000",
        "risk_distribution",
        "stability",
        "subgroups",
        "internal_external",
        "recommendations",
    ):
        assert len(found.tables[name]), name
    hidden = found.tables["subgroups"].query("n_events < 20")
    assert len(hidden)
    assert hidden.value.isna().all()
    assert set(hidden.note) == {"hidden: fewer than 20 events"}
    assert found.tables["internal_external"].group.nunique() == 3
    assert "Synthetic data" in found.notice
    assert "Harrell's optimism bootstrap, 4 resamples" in "\n".join(found.protocol.lines())


@pytest.mark.reference
def test_ratios_of_this_cohort_stand_beside_the_published():
    cohort = cohort_of(300, 40)
    table = quick(cohort).tables["likelihood_ratios"].set_index("finding")
    row = table.loc["History of cancer"]
    event = cohort.outcome == 1
    flag = cohort.predictors.history_of_cancer
    assert row.lr_positive == pytest.approx(flag[event].mean() / flag[~event].mean())
    published = bpr.load_evidence().finding("history_of_cancer").lr_positive
    assert row.published_lr_positive == published.value
    assert row.status == "reported"


@pytest.mark.contract
@pytest.mark.parametrize("n_events", [5, 13])
def test_with_few_events_the_report_says_that_they_are_too_few(n_events):
    found = quick(cohort_of(200, n_events))
    assert f"Too few events ({n_events}) to judge a model" in found.recommendations[0]
    assert np.isfinite(found.models["firth"].risk).all()


@pytest.mark.contract
@pytest.mark.parametrize(
    ("cohort", "message"),
    [
        (cohort_of(100, 0), "patients with and without the outcome; got 0 events among 100"),
        (cohort_of(100, 100), "patients with and without the outcome; got 100 events among 100"),
        (cohort_of(100, 1), r"at least 5 events to develop a model; got 1 of 100 .* about \d+"),
        (
            cohort_of(100, 40, columns=[f"c{k}" for k in range(500)]),
            "predictors must be chosen beforehand, at most 50; got 500 for 40 events",
        ),
    ],
)
def test_what_cannot_be_developed_is_refused_in_a_sentence(cohort, message):
    with pytest.raises(ValueError, match=message):
        quick(cohort)


@pytest.mark.contract
def test_columns_that_say_nothing_are_left_out_and_named():
    cohort = cohort_of(200, 30)
    X = cohort.predictors.assign(constant=1.0, empty=np.nan)
    found = quick(bpr.Cohort(predictors=X, outcome=cohort.outcome, tests=cohort.tests))
    assert found.protocol.predictors == tuple(FLAGS)
    assert found.protocol.left_out == {"constant": "one value only", "empty": "all values missing"}
    assert "constant: one value only" in "\n".join(found.protocol.lines())


@pytest.mark.contract
def test_separation_is_named():
    cohort = cohort_of(200, 30)
    X = cohort.predictors.assign(night_pain=cohort.outcome)
    found = quick(bpr.Cohort(predictors=X, outcome=cohort.outcome, tests=cohort.tests))
    assert any("separated by Night pain (+inf)" in text for text in found.recommendations)


@pytest.mark.contract
@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"predictors": ["night_pane"]}, "predictors must be columns of the cohort"),
        ({"predictors": "night_pain"}, "predictors must be columns of the cohort"),
        ({"models": ["forest"]}, "models must be"),
        ({"groups": "site"}, "groups must be a column kept in cohort.other"),
        ({"groups": [1, 2]}, "must have the same length|must be of the same length"),
        ({"n_resamples": 1}, "n_resamples must be"),
        ({"rng": None}, "rng must be given"),
    ],
)
def test_bad_arguments_are_refused_before_anything_is_fitted(options, message):
    with pytest.raises(ValueError, match=message):
        quick(cohort_of(100, 30), **options)
