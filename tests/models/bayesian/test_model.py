"""The Bayesian model as its users meet it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from backpain_risk import (
    Accuracy,
    BayesianLogisticModel,
    EvidencePrior,
    LogisticModel,
    Prior,
    load_model,
    save_model,
    vocabulary,
)
from backpain_risk.numerics.sampling.diagnostics import SamplingWarning

pytestmark = pytest.mark.identity

FLAGS = list(vocabulary.RED_FLAGS)
FAST = {"method": "laplace", "random_state": 1}


@pytest.fixture(scope="module")
def fitted(cohort):
    return BayesianLogisticModel(random_state=1).fit(cohort.predictors[FLAGS], cohort.outcome)


def test_a_model_drawn_by_the_sampler_comes_back_from_a_file(fitted, cohort, tmp_path):
    X = cohort.predictors[FLAGS].head(20)
    save_model(fitted, tmp_path / "model.json")
    back = load_model(tmp_path / "model.json")
    np.testing.assert_array_equal(back.risk_draws(X), fitted.risk_draws(X))
    pd.testing.assert_frame_equal(back.diagnostics_.to_frame(), fitted.diagnostics_.to_frame())
    assert str(back.summary()) == str(fitted.summary())


def test_with_many_events_the_posterior_is_near_maximum_likelihood(fitted, cohort):
    result = LogisticModel().fit(cohort.predictors[FLAGS], cohort.outcome).result_
    table = fitted.summary()
    np.testing.assert_allclose(
        table["mean"], result.coefficient, atol=0.15 * result.standard_error.max()
    )
    np.testing.assert_allclose(table["sd"], result.standard_error, rtol=0.08)
    assert fitted.diagnostics_.problems == ()


def test_the_risk_is_the_posterior_mean_of_the_draws(fitted, cohort):
    X = cohort.predictors[FLAGS].head(50)
    np.testing.assert_allclose(fitted.risk_draws(X).mean(axis=0), fitted.risk(X), rtol=1e-12)
    np.testing.assert_array_equal(fitted.predict_proba(X)[:, 1], fitted.risk(X))
    assert fitted.risk_draws(X, n_draws=10).shape == (10, 50)
    with pytest.raises(ValueError, match="n_draws must be 1 to 4000; got 5000"):
        fitted.risk_draws(X, n_draws=5000)


def test_the_credible_interval_of_a_patient_is_that_of_the_draws(fitted, cohort):
    X = cohort.predictors[FLAGS].iloc[100:150]
    table = fitted.credible_risk(X, level=0.9).to_frame()
    draws = fitted.risk_draws(X)
    np.testing.assert_allclose(
        table[["low", "high"]].T, np.quantile(draws, [0.05, 0.95], axis=0), rtol=1e-12
    )
    np.testing.assert_allclose(table.risk, fitted.risk(X), rtol=1e-12)
    assert table.index.equals(X.index)


def test_draws_are_repeatable_by_seed(cohort):
    X = cohort.predictors[FLAGS[:3]].head(5000)
    y = cohort.outcome.head(5000)
    a, b, c = (BayesianLogisticModel(random_state=s).fit(X, y).risk(X) for s in (1, 1, 2))
    np.testing.assert_array_equal(a, b)
    assert np.abs(a - c).max() > 0


@pytest.mark.parametrize("prior", ["weak", "evidence"])
def test_separated_data_and_no_events_at_all_give_proper_risks(prior):
    X = pd.DataFrame({"history_of_cancer": np.repeat([0, 1], [900, 272])})
    none = BayesianLogisticModel(prior, **FAST).fit(X, np.zeros(1172))
    assert none.classes_.tolist() == [0, 1]
    assert 0 < none.risk(X).max() < 0.02
    separated = BayesianLogisticModel(prior, **FAST).fit(X, np.r_[np.zeros(1169), np.ones(3)])
    assert np.isfinite(separated.summary()["mean"]).all()
    assert 0 < separated.risk(X).max() < 0.1


def test_without_events_the_base_rate_falls_and_the_odds_ratios_stay_near_their_prior(cohort):
    """The 1 172 patients of the published cohort without a cancer; 0.02 is a seventh of the
    largest shift of a mean.
    """
    X = cohort.predictors[FLAGS].head(1172)
    before = BayesianLogisticModel.from_evidence(FLAGS, random_state=1)
    after = BayesianLogisticModel("evidence", random_state=1).fit(X, np.zeros(1172))
    assert before.risk(X).mean() > 0.008
    assert after.risk(X).mean() < 0.006
    table = after.summary().drop(index="intercept")
    assert (np.abs(table["mean"] - table.prior_mean) < 0.35 * table.prior_sd).all()
    assert (table.sd > 0.75 * table.prior_sd).all()


def test_thirteen_events_give_finite_doubt_narrower_than_the_prior(cohort):
    rows = np.r_[
        np.flatnonzero(cohort.outcome == 1)[:13], np.flatnonzero(cohort.outcome == 0)[:1962]
    ]
    X = cohort.predictors[FLAGS].iloc[rows]
    y = cohort.outcome.iloc[rows]
    model = BayesianLogisticModel("evidence", random_state=1).fit(X, y)
    table = model.summary()
    assert model.diagnostics_.problems == ()
    assert (table.sd < table.prior_sd).all()
    assert 0.004 < model.risk(X).mean() < 0.011


def test_the_summary_names_the_prior_and_states_it_beside_the_posterior(cohort):
    X = cohort.predictors[FLAGS[:2]]
    y = cohort.outcome
    prior = Prior(slopes={FLAGS[0]: (1.0, 0.25)}, name="mine")
    table = BayesianLogisticModel(prior, **FAST).fit(X, y).summary()
    assert "prior mine: 100000 patients" in repr(table)
    assert "prior mine" in table._repr_html_()
    assert table.loc[FLAGS[0], ["prior_mean", "prior_sd"]].tolist() == [1.0, 0.25]
    assert table.loc[FLAGS[1], ["prior_mean", "prior_sd"]].tolist() == pytest.approx([0.0, 2.0])
    assert type(table.to_frame()) is pd.DataFrame


def test_weights_are_numbers_of_patients(cohort):
    X = cohort.predictors[FLAGS[:4]].head(400)
    y = cohort.outcome.head(400)
    weight = np.random.default_rng(1).integers(0, 4, 400)
    rows = np.repeat(np.arange(400), weight)
    a = BayesianLogisticModel("evidence", **FAST).fit(X, y, sample_weight=weight)
    b = BayesianLogisticModel("evidence", **FAST).fit(X.iloc[rows], y.iloc[rows])
    np.testing.assert_allclose(a.risk(X), b.risk(X), rtol=1e-9)


def test_the_approximation_is_labelled_and_agrees_where_its_weights_can_be_trusted(fitted, cohort):
    """With 4 000 draws of either, 0.1 SD is six Monte Carlo errors of a mean."""
    fast = BayesianLogisticModel(**FAST).fit(cohort.predictors[FLAGS], cohort.outcome)
    assert fast.diagnostics_.pareto_k < 0.5
    assert "Laplace approximation" in fast.summary().heading
    gap = (fast.summary()["mean"] - fitted.summary()["mean"]) / fitted.summary()["sd"]
    assert np.abs(gap).max() < 0.1
    np.testing.assert_allclose(fast.summary()["sd"], fitted.summary()["sd"], rtol=0.1)


@pytest.mark.contract
def test_an_approximation_that_fails_says_so():
    X = pd.DataFrame(np.eye(12), columns=[f"x{j}" for j in range(12)])
    with pytest.warns(
        SamplingWarning, match="Pareto k .* should be at most 0.7: use method='nuts'"
    ):
        BayesianLogisticModel(Prior(slopes=(0.0, 50.0)), **FAST).fit(
            X, np.r_[np.ones(6), np.zeros(6)]
        )


@pytest.mark.contract
def test_draws_that_fail_their_checks_end_in_one_warning(cohort):
    with pytest.warns(SamplingWarning, match="ESS down to") as caught:
        BayesianLogisticModel(draws=20, random_state=1).fit(
            cohort.predictors[FLAGS[:3]], cohort.outcome
        )
    assert len(caught) == 1


@pytest.mark.contract
def test_a_progress_bar_is_shown_when_asked(cohort, capsys):
    X = cohort.predictors[FLAGS[:3]].head(5000)
    y = cohort.outcome.head(5000)
    BayesianLogisticModel(random_state=1, progress=True).fit(X, y)
    assert "sampling" in capsys.readouterr().out
    BayesianLogisticModel(random_state=1).fit(X, y)
    assert capsys.readouterr().out == ""


def test_further_counts_narrow_the_slope_in_any_order_and_need_no_patients():
    X = pd.DataFrame({"history_of_cancer": [0, 1], "night_pain": [0, 0]})
    studies = [(30, 40, 70, 1960), (8, 15, 22, 985)]
    models = []
    for order in (studies, studies[::-1]):
        model = BayesianLogisticModel.from_evidence(list(X), **FAST)
        before = model.summary().loc["history_of_cancer"]
        for study in order:
            assert model.update_from_counts("history_of_cancer", *study) is model
        models.append(model)
    after = models[0].summary().loc["history_of_cancer"]
    assert after.sd < before.sd
    assert models[0].prior_.name == "evidence and further counts"
    np.testing.assert_array_equal(models[0].risk(X), models[1].risk(X))
    pooled = models[0].prior_.findings["history_of_cancer"]
    assert (pooled.tp, pooled.fp, pooled.fn, pooled.tn) == (42, 96, 101, 4866)


def test_further_counts_join_a_cohort_under_a_weak_prior(cohort):
    X = cohort.predictors[FLAGS[:2]].head(2000)
    y = cohort.outcome.head(2000)
    model = BayesianLogisticModel(**FAST).fit(X, y)
    before = model.summary().loc["history_of_cancer"]
    after = (
        model.update_from_counts("history_of_cancer", 3000, 200, 7000, 9800)
        .summary()
        .loc["history_of_cancer"]
    )
    assert after.prior_sd < before.prior_sd
    assert after.sd < before.sd
    crude = np.log(3000.5 * 9800.5 / 7000.5 / 200.5)
    variance = (
        2 * 0.5**2 + 0.5**2 + (0.2 * crude) ** 2
    )  # of the study's odds ratio, once adjusted: its own is negligible
    assert after.prior_mean == pytest.approx(0.8 * crude * 4 / (4 + variance), rel=0.01)
    assert after.prior_sd == pytest.approx(np.sqrt(4 * variance / (4 + variance)), rel=0.01)


@pytest.mark.contract
@pytest.mark.parametrize(
    ("finding", "counts", "message"),
    [
        (
            "night_pain",
            (1, 2, 3, 4),
            "finding must be a yes/no column of the model; got 'night_pain'. Known: history",
        ),
        ("esr_mm_h", (1, 2, 3, 4), "finding must be a yes/no column of the model; got 'esr_mm_h'"),
        ("history_of_cancer", (1.5, 2, 3, 4), "tp must be a whole number of patients; got 1.5"),
    ],
)
def test_counts_that_cannot_be_used_are_named(finding, counts, message):
    model = BayesianLogisticModel.from_evidence(["history_of_cancer", "esr_mm_h"], **FAST)
    with pytest.raises(ValueError, match=message):
        model.update_from_counts(finding, *counts)


@pytest.mark.contract
@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"prior": "strong"}, "prior must be one of 'weak', 'evidence'; got 'strong'"),
        ({"method": "gibbs"}, "method must be one of 'nuts', 'laplace'; got 'gibbs'"),
        ({"draws": 0}, "draws must be a whole number of 1 or more; got 0"),
        ({"chains": 1.5}, "chains must be a whole number of 1 or more; got 1.5"),
        ({"random_state": "x"}, "random_state must be an int or None; got 'x'"),
        (
            {"prior": "evidence"},
            "X must have a finding with published accuracy for prior='evidence'; got columns flag",
        ),
        ({"groups": "site"}, "groups must name a column of X; got 'site'. Known: flag"),
        (
            {"verification_shift": np.nan},
            "verification_shift must be a finite log odds ratio or None; got nan",
        ),
        ({"reference_standard": (0.9, 1.2)}, "specificity of reference_standard must lie in"),
        (
            {"reference_standard": (0.3, 0.6)},
            "reference_standard must do better than chance; got sensitivity 0.3",
        ),
        (
            {"reference_standard": Accuracy.from_counts(80, 5, 20, 95)},
            (
                "specificity of reference_standard must be nearly known, SD at most 0.01; got SD "
                "0.022 from 100 patients"
            ),
        ),
    ],
)
def test_bad_options_are_named(options, message):
    with pytest.raises(ValueError, match=message):
        BayesianLogisticModel(**options).fit(pd.DataFrame({"flag": [0, 1, 1]}), [0, 1, 0])


def test_a_finding_of_the_evidence_must_be_yes_or_no():
    X = pd.DataFrame({"night_pain": [0.0, 2.0, 1.0]})
    with pytest.raises(
        ValueError, match=r"night_pain must be 0, 1 or missing; got 1 of 3 outside \(first 2"
    ):
        BayesianLogisticModel("evidence").fit(X, [0, 1, 0])


def test_the_prior_of_another_setting_or_dependence_is_used():
    walk_in = EvidencePrior.published(setting="walk_in", dependence=(1.0, 0.2))
    model = BayesianLogisticModel(walk_in, **FAST).fit(pd.DataFrame({"night_pain": [0, 1]}), [0, 0])
    assert model.prior_.base_rate.value == pytest.approx(13 / 1975)
    with pytest.raises(ValueError, match="setting must have a preferred base rate; got 'ward'"):
        EvidencePrior.published(setting="ward")
