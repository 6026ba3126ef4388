"""Plots draw what their results say, label their axes and touch nothing global."""

from __future__ import annotations

import inspect

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from scipy.special import expit
from sklearn.dummy import DummyClassifier

import backpain_risk as bpr
from backpain_risk import plots

pytestmark = pytest.mark.contract

STUDIES = pd.DataFrame(
    [(20, 9, 5, 60), (31, 4, 9, 80), (18, 12, 2, 44), (0, 30, 0, 160), (15, 0, 4, 0)],
    columns=["tp", "fp", "fn", "tn"],
)

HARMLESS = {"esr": 0.0, "xray": 0.0, "review": 0.0}


@pytest.fixture(scope="module")
def rare():
    rng = np.random.default_rng(3)
    risk = expit(rng.normal(-4, 1.2, 5000))
    return (rng.random(5000) < risk).astype(int), risk


def drawn_of_a_posterior(cohort):
    X = cohort.predictors[list(bpr.RED_FLAGS)]
    y = cohort.outcome
    model = bpr.BayesianLogisticModel(random_state=1).fit(X, y)
    summary = model.summary()
    check = bpr.predictive_check(model, rng=1)
    risk = model.credible_risk(X.head(3))
    count = bpr.risk_by_count(model, X)
    return {
        "plot_prior_posterior": lambda ax: plots.plot_prior_posterior(summary, ax=ax),
        "plot_patient_risk": lambda ax: plots.plot_patient_risk(risk, ax=ax),
        "plot_risk_by_count": lambda ax: plots.plot_risk_by_count(count, ax=ax),
        "plot_predictive_check": lambda ax: plots.plot_predictive_check(check, ax=ax),
        "plot_trace": lambda ax: plots.plot_trace(model.posterior_, "night_pain", ax=ax),
        "plot_ranks": lambda ax: plots.plot_ranks(model.posterior_, "intercept", ax=ax),
    }


def drawn_of_pathways(scenario):
    shipped = bpr.load_pathways()
    known = {name: shipped[name] for name in ("image_no_one", "risk_1", "mri_for_all")}
    compared = bpr.compare_pathways(scenario, known, n_draws=100, rng=1)
    benefit = compared.net_benefit(0.02)
    with_review = shipped["review_at_six_weeks"]
    break_even = bpr.review_break_even(
        scenario, with_review, known, threshold=0.01, test_harm=HARMLESS, value_at_review=1.0
    )
    return {
        "plot_pathways": lambda ax: plots.plot_pathways(compared, ax=ax),
        "plot_pathway_flow": lambda ax: plots.plot_pathway_flow(compared, "risk_1", ax=ax),
        "plot_acceptability": lambda ax: plots.plot_acceptability(
            bpr.acceptability(compared, (0.01, 0.03)), ax=ax
        ),
        "plot_information": lambda ax: plots.plot_information(benefit.evppi(), ax=ax),
        "plot_tornado": lambda ax: plots.plot_tornado(
            bpr.tornado(benefit, "risk_1", "mri_for_all"), ax=ax
        ),
        "plot_break_even": lambda ax: plots.plot_break_even(break_even, ax=ax),
    }


def drawn_of_a_study(scenario):
    design = bpr.StudyDesign(
        scenarios={"a": scenario, "b": scenario.replace(dependence=0.0)},
        sizes=[500, 2000],
        methods={"lr": bpr.LikelihoodRatioModel(), "ml": bpr.LogisticModel()},
        predictors=["history_of_cancer", "night_pain"],
        replicates=6,
        seed=1,
    )
    study = bpr.run_study(design)
    return {
        "plot_learning_curve": lambda ax: plots.plot_learning_curve(
            study, "net_benefit_lost@0.03", "b", required=900, ax=ax
        ),
        "plot_learning_curve, separated": lambda ax: plots.plot_learning_curve(
            study, "separated", ax=ax
        ),
        "plot_study_distribution": lambda ax: plots.plot_study_distribution(study, n=2000, ax=ax),
        "plot_study_contrast": lambda ax: plots.plot_study_contrast(
            study, "ml", "lr", "auroc", ax=ax
        ),
        "plot_nested_loop": lambda ax: plots.plot_nested_loop(study, "share_lost@0.03", ax=ax),
    }


@pytest.fixture(scope="module")
def drawn(rare, cohort):
    """Every plot function with a result of its own."""
    y, risk = rare
    evidence = bpr.load_evidence()
    curve = bpr.calibration_curve(y, risk)
    grouped = bpr.calibration_curve(y, risk, method="groups")
    pooled = bpr.pool_accuracy(STUDIES)
    fit = bpr.LogisticModel().fit(cohort.predictors[list(bpr.RED_FLAGS)], cohort.outcome)
    decision = bpr.decision_curve(y, risk)
    bayesian = bpr.bayesian_decision_curve(y, risk, n_draws=200, rng=1)
    X = pd.DataFrame({"logit": np.log(risk / (1 - risk))})
    site = np.arange(y.size) % 4
    optimism = bpr.optimism_bootstrap(bpr.LogisticModel(), X, y, n_resamples=8, rng=1)
    sites = bpr.internal_external_validation(bpr.LogisticModel(), X, y, site)
    subgroups = bpr.subgroup_calibration(
        y, risk, {"sex": np.where(np.arange(y.size) % 2, "f", "m")}
    )
    precision = bpr.precision(
        [1_000, 10_000, 100_000], prevalence=0.01, c_statistic=0.8, threshold=0.01
    )
    return {
        **drawn_of_a_posterior(cohort),
        **drawn_of_pathways(cohort.scenario),
        **drawn_of_a_study(cohort.scenario),
        "plot_calibration": lambda ax: plots.plot_calibration(curve, ax=ax),
        "plot_calibration, two": lambda ax: plots.plot_calibration(
            {"a": curve, "b": grouped}, ax=ax, log=False
        ),
        "plot_risk_distribution": lambda ax: plots.plot_risk_distribution(
            bpr.risk_distribution(y, risk), ax=ax
        ),
        "plot_precision": lambda ax: plots.plot_precision(precision, ax=ax),
        "plot_precision, ratio": lambda ax: plots.plot_precision(precision, "lr_positive", ax=ax),
        "plot_roc": lambda ax: plots.plot_roc(bpr.roc_curve(y, risk), ax=ax),
        "plot_precision_recall": lambda ax: plots.plot_precision_recall(
            bpr.precision_recall_curve(y, risk), ax=ax
        ),
        "plot_decision_curve": lambda ax: plots.plot_decision_curve(decision, ax=ax),
        "plot_decision_curve, bayesian": lambda ax: plots.plot_decision_curve(bayesian, ax=ax),
        "plot_net_benefit_difference": lambda ax: plots.plot_net_benefit_difference(
            decision, "model", "treat_all", ax=ax
        ),
        "plot_interventions_avoided": lambda ax: plots.plot_interventions_avoided(decision, ax=ax),
        "plot_usefulness": lambda ax: plots.plot_usefulness(bayesian, ax=ax),
        "plot_evpi": lambda ax: plots.plot_evpi(bayesian, ax=ax),
        "plot_subgroups": lambda ax: plots.plot_subgroups(subgroups, ax=ax),
        "plot_corrected_calibration": lambda ax: plots.plot_corrected_calibration(optimism, ax=ax),
        "plot_corrected_decision_curve": lambda ax: plots.plot_corrected_decision_curve(
            optimism, ax=ax
        ),
        "plot_stability": lambda ax: plots.plot_stability(optimism, ax=ax),
        "plot_internal_external": lambda ax: plots.plot_internal_external(sites, ax=ax),
        "plot_internal_external, slope": lambda ax: plots.plot_internal_external(
            sites, "calibration_slope", ax=ax
        ),
        "plot_likelihood_ratios": lambda ax: plots.plot_likelihood_ratios(
            bpr.likelihood_ratio_table(evidence), ax=ax
        ),
        "plot_fagan": lambda ax: plots.plot_fagan(
            bpr.post_test(evidence.finding("xray_lesion"), 0.01, rng=1), ax=ax
        ),
        "plot_forest": lambda ax: plots.plot_forest(pooled, ax=ax),
        "plot_sroc": lambda ax: plots.plot_sroc(pooled, ax=ax),
        "plot_odds_ratios": lambda ax: plots.plot_odds_ratios(fit.result_, ax=ax),
        "plot_effect": lambda ax: plots.plot_effect(fit.effect("age_50_or_over"), ax=ax),
        "plot_waterfall": lambda ax: plots.plot_waterfall(
            bpr.assess({"history_of_cancer": 1, "age_years": 67}), ax=ax
        ),
        "plot_icon_array": lambda ax: plots.plot_icon_array({"a": 2.6, "b": 97.4}, ax=ax),
        "plot_case_mix": lambda ax: plots.plot_case_mix(bpr.case_mix(cohort), ax=ax),
        "plot_associations": lambda ax: plots.plot_associations(
            bpr.associations(cohort.scenario), ax=ax
        ),
        "plot_ages": lambda ax: plots.plot_ages(bpr.ages(cohort), ax=ax),
        "plot_risk_by_flags": lambda ax: plots.plot_risk_by_flags(bpr.risk_by_flags(cohort), ax=ax),
    }


@pytest.fixture(scope="module")
def drawn_in_panels(rare):
    """Every plot function that draws on several axes: how many, and how."""
    y, risk = rare
    risks = {"a": risk, "b": np.sqrt(risk)}
    curves = {name: bpr.calibration_curve(y, r) for name, r in risks.items()}
    table = bpr.performance(y, risks)
    shown = ["auroc", "calibration_slope", "observed_expected"]
    decision = bpr.decision_curve(y, risks)
    return {
        "plot_calibration_panels": (
            2,
            lambda axes: plots.plot_calibration_panels(curves, axes=axes),
        ),
        "plot_performance": (
            3,
            lambda axes: plots.plot_performance(table, measures=shown, axes=axes),
        ),
        "plot_decision_panels": (
            2,
            lambda axes: plots.plot_decision_panels(decision, "a", "b", axes=axes),
        ),
    }


def test_every_plot_function_is_drawn_here(drawn, drawn_in_panels):
    assert {name.split(",")[0] for name in drawn} | set(drawn_in_panels) == set(plots.__all__)


@pytest.mark.parametrize("name", plots.__all__)
def test_plot_functions_take_axes_and_say_that_they_return_them(name):
    signature = inspect.signature(getattr(plots, name))
    taken = [signature.parameters[p] for p in ("ax", "axes") if p in signature.parameters]
    assert [(p.kind, p.default) for p in taken] == [(inspect.Parameter.KEYWORD_ONLY, None)]
    returned = {"ax": "Axes", "axes": "npt.NDArray[Any]"}
    assert signature.return_annotation == returned[taken[0].name]


def test_panels_are_drawn_on_the_axes_given(drawn_in_panels):
    before = dict(mpl.rcParams)
    for name, (n, plot) in drawn_in_panels.items():
        figure, given = plt.subplots(1, n)
        returned = plot(given)
        assert all(a is b for a, b in zip(returned, given, strict=True)), name
        assert figure.axes[:n] == list(given)
        assert figure.get_suptitle() == ""  # the figure is its owner's
        assert plt.get_fignums() == [figure.number]
        plt.close("all")
    assert dict(mpl.rcParams) == before


def test_panels_draw_the_same_on_new_axes_and_on_those_given(drawn_in_panels):
    for name, (n, plot) in drawn_in_panels.items():
        for mine, new in zip(plot(plt.subplots(n)[1]), plot(None), strict=True):
            assert mine.get_xlim() == new.get_xlim(), name
            for a, b in zip(mine.lines, new.lines, strict=True):
                np.testing.assert_array_equal(a.get_xydata(), b.get_xydata())
        plt.close("all")


def test_axes_that_are_not_one_a_panel_are_refused(drawn_in_panels):
    for n, plot in drawn_in_panels.values():
        with pytest.raises(ValueError, match=f"axes must hold one a panel; got 1 for {n} panels"):
            plot([plt.subplots()[1]])
        with pytest.raises(ValueError, match="ax must be Matplotlib axes; got 'a'"):
            plot(["a"] * n)
    plt.close("all")


def test_axes_given_are_axes_returned_and_nothing_global_changes(drawn):
    before = dict(mpl.rcParams)
    for name, plot in drawn.items():
        ax = plt.subplots()[1]
        assert plot(ax) is ax, name
        plt.close("all")
    assert dict(mpl.rcParams) == before


def test_panels_share_axes_and_name_models_and_measures(rare):
    y, risk = rare
    risks = {"a": risk, "b": np.sqrt(risk)}
    panels = plots.plot_calibration_panels(
        {name: bpr.calibration_curve(y, r) for name, r in risks.items()}
    )
    assert [ax.get_title("left") for ax in panels] == ["a", "b"]
    assert panels[0].get_xlim() == panels[1].get_xlim()
    table = bpr.performance(y, risks)
    measured = plots.plot_performance(table, measures=["auroc", "calibration_slope"])
    assert [ax.get_xlabel() for ax in measured] == ["AUROC", "Calibration slope"]
    points = [line.get_xdata()[0] for line in measured[0].lines if line.get_marker() == "o"]
    np.testing.assert_array_equal(points, table[table.measure == "auroc"].value)
    plt.close("all")


def test_without_axes_new_ones_are_made_and_labelled(drawn):
    for name, plot in drawn.items():
        ax = plot(None)
        assert len(plt.get_fignums()) == 1, name
        if name == "plot_fagan":
            assert {"Pre-test\nprobability", "Likelihood\nratio", "Post-test\nprobability"} <= {
                t.get_text() for t in ax.texts
            }
        elif name == "plot_icon_array":
            assert ax.get_legend() is not None  # names and numbers, no scale
        elif name == "plot_pathway_flow":
            assert len(ax.texts) > 2  # boxes and arrows, no scale
        else:
            assert ax.get_xlabel(), name
        plt.close("all")


def test_the_precision_plot_draws_its_limits_and_counts_cancers():
    precision = bpr.precision([1_000, 10_000, 100_000], prevalence=0.01, c_statistic=0.8)
    table = precision.to_frame().query("measure == 'c_statistic'")
    ax = plots.plot_precision(precision, "c_statistic")
    lines = [line.get_ydata() for line in ax.lines if len(line.get_xdata()) == 3]
    np.testing.assert_array_equal(lines, table[["low", "high", "value"]].T)
    above = ax.child_axes[0]
    ax.figure.canvas.draw()
    assert above.get_xlabel() == "Cancers expected"
    assert above.get_xlim() == pytest.approx(np.array(ax.get_xlim()) * 0.01)
    assert any("30 cancers" in text.get_text() for text in ax.texts)
    one = plots.plot_precision(bpr.precision(1975, prevalence=0.01), "prevalence")
    assert one.containers  # a single size is an error bar
    with pytest.raises(ValueError, match="measure must be one of prevalence, observed_expected"):
        plots.plot_precision(precision, "sensitivity")


def test_the_decision_curve_draws_its_numbers(rare):
    curve = bpr.decision_curve(*rare)
    ax = plots.plot_decision_curve(curve)
    lines = {line.get_label(): line.get_ydata() for line in ax.lines}
    np.testing.assert_array_equal(lines["model"], 1000 * curve.net_benefit[2])
    np.testing.assert_array_equal(lines["treat all"], 1000 * curve.net_benefit[0])


def test_decision_panels_mark_thresholds_and_draw_the_difference(rare):
    y, risk = rare
    curve = bpr.decision_curve(y, {"a": risk, "b": risk**2})
    above, below = plots.plot_decision_panels(curve, "a", "b", marks=(0.01, 0.03))
    drawn = [line.get_ydata() for line in below.lines if len(line.get_xdata()) > 2]
    np.testing.assert_array_equal(drawn[0], 1000 * curve.difference("a", "b").difference)
    for ax in (above, below):
        marked = [line.get_xdata()[0] for line in ax.lines if len(line.get_xdata()) == 2]
        assert {0.01, 0.03} <= set(marked)
    plt.close("all")


def test_icons_are_whole_patients_that_add_up():
    ax = plots.plot_icon_array({"few": 9.9, "fewer": 0.1, "most": 990.0})
    assert [t.get_text() for t in ax.get_legend().get_texts()] == ["10 few", "0 fewer", "990 most"]
    assert sum(len(dots.get_offsets()) for dots in ax.collections) == 1000
    with pytest.raises(ValueError, match="groups must hold numbers of 0 or more; got -1"):
        plots.plot_icon_array({"a": -1.0})
    with pytest.raises(ValueError, match="between 1 and 10,000 patients; got 20000"):
        plots.plot_icon_array({"a": 20_000})
    plt.close("all")


def test_calibration_is_drawn_from_where_five_events_are_expected(rare):
    y, risk = rare
    ax = plots.plot_calibration(bpr.calibration_curve(y, risk))
    below = np.sort(risk)[np.sort(risk) < ax.get_xlim()[0]]
    assert below.sum() == pytest.approx(5, abs=1)
    plt.close("all")


def test_the_calibration_plot_names_patients_and_events(rare):
    ax = plots.plot_calibration(bpr.calibration_curve(*rare))
    assert ax.get_title("left") == f"5,000 patients, {rare[0].sum()} events"


def test_the_nomogram_line_is_straight_through_the_ratio():
    """Left -logit(pre), middle log(LR) / 2, right logit(post): collinear by Bayes' theorem."""
    after = bpr.post_test(bpr.load_evidence().finding("history_of_cancer"), 0.01, rng=1)
    ax = plots.plot_fagan(after)
    line = next(line for line in ax.lines if str(line.get_label()).startswith("History of cancer"))
    middle = np.mean(line.get_ydata())
    assert middle == pytest.approx(np.log(after.likelihood_ratio.value) / 2, abs=0.01)


def test_the_forest_names_every_study_and_says_which_arm_is_empty():
    ax = plots.plot_forest(bpr.pool_accuracy(STUDIES))
    assert [t.get_text() for t in ax.get_yticklabels()] == [
        *[f"study {i}" for i in range(1, 6)],
        "Pooled (REML)",
    ]
    texts = [t.get_text() for t in ax.texts]
    assert texts.count("none") == 2
    assert {"20 / 25", "60 / 69", "160 / 190", "15 / 19"} <= set(texts)


def test_the_summary_curve_spans_the_observed_rates_and_meets_the_summary_point():
    pooled = bpr.pool_accuracy(STUDIES)
    ax = plots.plot_sroc(pooled)
    point = next(line for line in ax.lines if line.get_marker() == "o")
    curve = max(ax.lines, key=lambda line: len(line.get_xdata()) * (line.get_color() == "#D55E00"))
    x, y = curve.get_data()
    assert (x[0], x[-1]) == pytest.approx((4 / 84, 12 / 56))
    assert np.interp(point.get_xdata()[0], x, y) == pytest.approx(point.get_ydata()[0], abs=1e-3)


def test_a_test_never_positive_is_drawn_without_a_curve():
    counts = pd.DataFrame([(0, 0, 5, 50), (0, 0, 6, 40)], columns=["tp", "fp", "fn", "tn"])
    assert plots.plot_sroc(bpr.pool_accuracy(counts)).get_xlim()[0] < 0


def test_plots_of_a_fit_with_a_covariate_say_what_the_summary_is_for():
    pooled = bpr.pool_accuracy(STUDIES, covariate=["a", "b", "a", "b", "a"]).at("b")
    assert plots.plot_forest(pooled).get_yticklabels()[-1].get_text() == "Pooled, b (REML)"
    legend = plots.plot_sroc(pooled).get_legend()
    assert "summary point, b" in [text.get_text() for text in legend.get_texts()]


def test_limits_beyond_the_axis_of_ratios_end_in_arrowheads():
    table = bpr.likelihood_ratio_table(bpr.load_evidence())
    assert not [
        line for line in plots.plot_likelihood_ratios(table).lines if line.get_marker() in "<>"
    ]
    table.table.loc[0, ["low", "high"]] = 0.001, 90_000.0
    heads = [
        line.get_marker()
        for line in plots.plot_likelihood_ratios(table).lines
        if line.get_marker() in "<>"
    ]
    assert heads == ["<", ">"]


def test_prior_and_posterior_are_drawn_where_the_summary_has_them(cohort):
    X = cohort.predictors[["night_pain", "history_of_cancer"]]
    model = bpr.BayesianLogisticModel("evidence", method="laplace", random_state=1).fit(
        X, cohort.outcome
    )
    table = model.summary().drop(index="intercept")
    ax = plots.plot_prior_posterior(model.summary())
    before, after = (
        line.get_xdata()
        for line in ax.lines
        if len(line.get_xdata()) == 2 and line.get_marker() in "so"
    )
    np.testing.assert_allclose(before, np.exp(table.prior_mean))
    np.testing.assert_allclose(after, np.exp(table["mean"]))
    with pytest.raises(
        ValueError,
        match="term must be one of intercept, night_pain, history_of_cancer; got 'fever'",
    ):
        plots.plot_trace(model.posterior_, "fever")


@pytest.mark.filterwarnings("ignore:.*left as NaN because:UserWarning")
def test_a_model_of_one_risk_has_a_decision_curve_and_no_calibration_curve():
    y = (np.arange(200) % 20 == 0).astype(int)
    X = np.zeros((200, 1))
    never = bpr.optimism_bootstrap(
        DummyClassifier(strategy="most_frequent"), X, y, n_resamples=3, rng=1
    )
    ax = plots.plot_corrected_decision_curve(never)
    assert ax.get_ylim()[0] < 0 < ax.get_ylim()[1]
    with pytest.raises(
        ValueError, match="validation must hold a corrected calibration curve above 0; got none"
    ):
        plots.plot_corrected_calibration(never)
    with pytest.raises(ValueError, match="validation must hold risks above 0"):
        plots.plot_stability(never)
    plt.close("all")
