from __future__ import annotations

import sys

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.special import expit, logit

from backpain_risk import load_evidence, pool_accuracy, post_test
from backpain_risk.evidence.pooling.heterogeneity import zhou_i_squared

pytestmark = pytest.mark.identity

CELLS = ["tp", "fp", "fn", "tn"]
RATIOS = ("lr_positive", "lr_negative", "diagnostic_odds_ratio")


def table(*rows):
    return pd.DataFrame(rows, columns=CELLS)


FEW = table((20, 9, 5, 60), (31, 4, 9, 80), (18, 12, 2, 44), (40, 30, 12, 160))
tables = st.lists(st.tuples(*[st.integers(1, 400)] * 4), min_size=3, max_size=8).map(
    lambda rows: table(*rows)
)


def log_jacobian(pooled):
    """mada's log likelihood is that of the proportions; metafor's is that of their logits."""
    positive, negative = pooled.studies.corrected()
    seen = pooled.studies.observed
    p = positive[seen] / (positive + negative)[seen]
    return -np.log(p * (1 - p)).sum()


# --- reference


@pytest.fixture
def audit_c(reference, reference_data):
    counts = pd.read_csv(reference_data / "mada_AuditC.csv").rename(columns=str.lower)
    return counts, reference("mada-reitsma-auditc")["expected"]


@pytest.mark.reference
@pytest.mark.parametrize("method", ["reml", "ml"])
def test_mada_agrees_on_audit_c(audit_c, method):
    counts = audit_c[0]
    expected = audit_c[1][method]
    pooled = pool_accuracy(counts, method)
    sens, fpr = expected["coef"][:2]
    for name, row in (("tsens intercept", sens), ("tfpr intercept", fpr)):
        ours = pooled.coefficients.loc[name]
        theirs = [row[key] for key in ("Estimate", "Std. Error", "z", "95%ci.lb", "95%ci.ub")]
        np.testing.assert_allclose(
            ours[["estimate", "standard_error", "z", "low", "high"]], theirs, rtol=1e-5
        )
    rates = [
        row[key] for row in expected["coef"][2:] for key in ("Estimate", "95%ci.lb", "95%ci.ub")
    ]
    np.testing.assert_allclose(rates_of(pooled), rates, atol=1e-6)
    np.testing.assert_allclose(pooled.between, expected["Psi"], atol=1e-5)
    np.testing.assert_allclose(pooled.tau, expected["sd"], atol=1e-5)
    assert pooled.correlation == pytest.approx(expected["cor"], abs=1e-5)
    np.testing.assert_allclose(pooled.covariance, expected["vcov"], atol=1e-6)
    assert pooled.log_likelihood == pytest.approx(expected["logLik"], abs=1e-6)


def rates_of(pooled):
    a = pooled.sensitivity
    b = pooled.specificity
    return [a.value, a.low, a.high, 1 - b.value, 1 - b.high, 1 - b.low]


@pytest.mark.reference
def test_mada_agrees_on_areas_and_heterogeneity_of_audit_c(audit_c):
    counts = audit_c[0]
    expected = audit_c[1]["reml"]
    pooled = pool_accuracy(counts)
    assert pooled.auc == pytest.approx(expected["AUC"], abs=1e-6)
    assert pooled.partial_auc == pytest.approx(expected["pAUC"], abs=1e-6)
    ours = pooled.heterogeneity().set_index("measure").value
    theirs = expected["I2"][0]
    for name in ("unadjusted", "adjusted"):
        for i, kind in enumerate(("higgins", "harmonic", "arithmetic"), start=1):
            assert ours[f"holling_{name}_{kind}"] == pytest.approx(
                theirs[f"Holling{name.capitalize()}{i}"], abs=1e-6
            )


@pytest.mark.reference
def test_mada_prints_another_i_squared_of_zhou_because_it_mixes_up_two_inputs(audit_c):
    """mada 0.5.12 puts the variances of the means for those between studies, and TP + FP, TN +
    FN for the arms.
    """
    counts = audit_c[0]
    expected = audit_c[1]["reml"]["I2"][0]["Zhou"]
    pooled = pool_accuracy(counts)
    assert pooled.heterogeneity().value[0] == pytest.approx(0.841, abs=5e-4)
    variances = np.diag(np.diag(pooled.covariance))
    variances[0, 1] = variances[1, 0] = pooled.correlation * np.sqrt(
        variances[0, 0] * variances[1, 1]
    )
    mixed_up = np.column_stack([counts.tp + counts.fp, counts.tn + counts.fn])
    assert zhou_i_squared(pooled.mean, variances, mixed_up) == pytest.approx(expected, abs=1e-6)


@pytest.mark.reference
@pytest.mark.parametrize("method", ["reml", "ml"])
@pytest.mark.parametrize(
    ("model", "covariate"), [("plain", None), ("setting", "setting"), ("year", "year")]
)
def test_metafor_agrees_with_a_zero_cell_an_empty_arm_and_a_covariate(
    studies, peers, model, covariate, method
):
    studies["year"] -= 2000
    pooled = pool_accuracy(studies, method, covariate)
    theirs = peers["bivariate"][model][method]
    np.testing.assert_allclose(pooled.coefficient_matrix.ravel(), theirs["coefficients"], atol=1e-5)
    errors = pooled.coefficients.standard_error.to_numpy().reshape(2, -1).T.ravel()
    np.testing.assert_allclose(errors, theirs["standard_errors"], atol=1e-5)
    np.testing.assert_allclose(pooled.tau, theirs["tau"], atol=1e-5)
    assert pooled.correlation == pytest.approx(theirs["correlation"], abs=1e-5)
    assert pooled.log_likelihood - log_jacobian(pooled) == pytest.approx(
        theirs["log_likelihood"], abs=1e-6
    )


# --- identities


def test_the_covariate_test_is_twice_the_gain_of_the_ml_fits(studies):
    for method in ("reml", "ml"):
        test = pool_accuracy(studies, method, "setting").covariate_test
        gain = (
            pool_accuracy(studies, "ml", "setting").log_likelihood
            - pool_accuracy(studies, "ml").log_likelihood
        )
        assert test.statistic == pytest.approx(2 * gain, abs=1e-8)
        assert test.p_value == pytest.approx(stats.chi2.sf(2 * gain, 2))
        assert (test.to_frame().degrees_of_freedom == 2).all()


def test_columns_in_capitals_are_read_too():
    assert (
        pool_accuracy(FEW.rename(columns=str.upper)).log_likelihood
        == pool_accuracy(FEW).log_likelihood
    )


def test_words_numbers_and_arrays_say_the_same_of_two_levels(studies):
    hospital = (studies.setting == "hospital").to_numpy()
    fits = [
        pool_accuracy(studies, covariate=c)
        for c in ("setting", hospital, hospital.astype(float).tolist())
    ]
    for fit in fits[1:]:
        np.testing.assert_allclose(fit.coefficient_matrix, fits[0].coefficient_matrix)
    assert fits[0].at("hospital").sensitivity.value == pytest.approx(
        fits[1].at(1).sensitivity.value
    )
    assert fits[0].at("clinic").lr_positive.value == pytest.approx(fits[0].lr_positive.value)


@pytest.mark.contract
def test_the_summary_moves_with_the_covariate_and_its_title_says_so(studies):
    fit = pool_accuracy(studies, covariate="setting")
    tsens, step = fit.coefficients.estimate[["tsens intercept", "tsens setting hospital"]]
    assert fit.at("hospital").sensitivity.value == pytest.approx(expit(tsens + step))
    assert "summary at clinic;" in fit.title
    assert "summary at hospital;" in fit.at("hospital").title
    numeric = pool_accuracy(studies, covariate=studies.year - 2000)
    assert "summary at covariate 0;" in numeric.title
    with pytest.raises(ValueError, match=r"value must be one of clinic, hospital; got 'home'"):
        fit.at("home")
    with pytest.raises(ValueError, match="value must be None without a covariate"):
        pool_accuracy(studies).at(3)


@settings(deadline=None, max_examples=25)
@given(counts=tables, seed=st.integers(0, 99))
def test_the_order_of_the_studies_does_not_matter(counts, seed):
    shuffled = counts.sample(frac=1, random_state=seed)
    a = pool_accuracy(counts)
    b = pool_accuracy(shuffled)
    assert a.log_likelihood == pytest.approx(b.log_likelihood, abs=1e-6)
    np.testing.assert_allclose(a.mean, b.mean, atol=1e-4)


@settings(deadline=None, max_examples=25)
@given(counts=tables)
def test_intervals_contain_their_estimates(counts):
    pooled = pool_accuracy(counts)
    for name in ("sensitivity", "specificity", *RATIOS):
        estimate = getattr(pooled, name)
        assert estimate.low <= estimate.value <= estimate.high


@settings(deadline=None, max_examples=25)
@given(counts=tables)
def test_relabelling_the_test_swaps_the_ratios_and_inverts_the_odds_ratio(counts):
    swapped = counts.rename(columns={"tp": "fn", "fn": "tp", "fp": "tn", "tn": "fp"})
    a = pool_accuracy(counts)
    b = pool_accuracy(swapped)
    assert a.log_likelihood == pytest.approx(b.log_likelihood, abs=1e-6)
    assert b.sensitivity.value == pytest.approx(1 - a.sensitivity.value, abs=1e-4)
    # ratios come from 28 657 lattice points, good to about three digits
    assert np.log(b.lr_positive.value) == pytest.approx(np.log(a.lr_negative.value), abs=5e-3)
    assert np.log(b.diagnostic_odds_ratio.value) == pytest.approx(
        -np.log(a.diagnostic_odds_ratio.value), abs=5e-3
    )


@settings(deadline=None, max_examples=25)
@given(counts=tables)
def test_relabelling_the_disease_inverts_the_ratio(counts):
    swapped = counts.rename(columns={"tp": "fp", "fp": "tp", "fn": "tn", "tn": "fn"})
    a = pool_accuracy(counts)
    b = pool_accuracy(swapped)
    assert np.log(b.lr_positive.value) == pytest.approx(-np.log(a.lr_positive.value), abs=5e-3)
    assert b.specificity.value == pytest.approx(1 - a.sensitivity.value, abs=1e-4)


def test_half_is_added_everywhere_as_soon_as_one_cell_is_zero_and_never_to_an_empty_arm():
    whole = FEW
    zero = FEW.copy()
    empty = pd.concat([FEW, table((0, 5, 0, 50))])
    zero.loc[0, "fn"] = 0
    assert pool_accuracy(whole).studies.continuity == 0
    assert pool_accuracy(empty).studies.continuity == 0
    corrected = pool_accuracy(zero)
    assert corrected.studies.continuity == 0.5
    assert "0.5 added to every cell" in corrected.title
    np.testing.assert_allclose(corrected.studies.corrected()[0][1], [31.5, 4.5])
    both = pd.concat([zero, table((0, 5, 0, 50))])
    np.testing.assert_allclose(pool_accuracy(both).studies.corrected()[0][-1], [0, 5.5])


def test_a_study_of_one_arm_informs_that_arm_only():
    """With uncorrelated arms the other arm is as without the study, likelihood included."""
    counts = table((150, 90, 50, 210), (150, 30, 50, 270), (100, 90, 100, 210), (100, 30, 100, 270))
    alone = pool_accuracy(counts, "ml")
    more = pool_accuracy(pd.concat([counts, table((0, 150, 0, 150))]), "ml")
    assert alone.correlation == pytest.approx(0, abs=1e-4)
    np.testing.assert_allclose(
        more.coefficients.loc["tsens intercept"],
        alone.coefficients.loc["tsens intercept"],
        rtol=1e-4,
    )
    assert more.tau[0] == pytest.approx(alone.tau[0], rel=1e-4)
    assert more.specificity.value < alone.specificity.value


def test_regions_are_ellipses_of_the_stated_content():
    pooled = pool_accuracy(FEW)
    regions = pooled.regions(0.9)
    for outline, covariance in (
        (regions.confidence, pooled.mean_covariance),
        (regions.prediction, pooled.mean_covariance + pooled.between),
    ):
        gap = logit(outline[:, ::-1]) - pooled.mean
        distance = np.einsum("ki,ij,kj->k", gap, np.linalg.inv(covariance), gap)
        np.testing.assert_allclose(distance, stats.chi2.ppf(0.9, 2), rtol=1e-6)
    assert set(regions.to_frame().region) == {"confidence", "prediction"}
    assert pooled.regions().level == 0.95


def test_both_curves_pass_through_the_summary_point_with_their_slopes(studies):
    pooled = pool_accuracy(studies)
    fpr = 1 - pooled.specificity.value
    for kind, slope in (
        ("ruttergatsonis", pooled.tau[0] / pooled.tau[1]),
        ("naive", pooled.between[0, 1] / pooled.between[1, 1]),
    ):
        assert pooled.sroc(fpr, kind) == pytest.approx(pooled.sensitivity.value)
        a, b = logit(pooled.sroc([0.1, 0.4], kind))
        assert (b - a) / (logit(0.4) - logit(0.1)) == pytest.approx(slope)


@pytest.mark.parametrize("method", ["reml", "ml"])
def test_studies_that_agree_have_no_spread_no_correlation_and_no_curve(method):
    pooled = pool_accuracy(table(*[(20, 10, 5, 90)] * 4), method)
    assert pooled.tau.tolist() == [0, 0]
    assert pooled.sensitivity.value == pytest.approx(0.8)
    assert np.isnan([pooled.correlation, pooled.auc, *pooled.sroc([0.1, 0.2])]).all()


@pytest.mark.recovery
def test_the_ratios_are_those_of_a_simulation():
    """The lattice against a million random draws, the way mada does it."""
    pooled = pool_accuracy(FEW)
    z = np.random.default_rng(1).multivariate_normal(pooled.mean, pooled.mean_covariance, 1_000_000)
    sens, fpr = expit(z.T)
    for name, ratio in zip(
        RATIOS,
        (sens / fpr, (1 - sens) / (1 - fpr), sens * (1 - fpr) / ((1 - sens) * fpr)),
        strict=True,
    ):
        ours = getattr(pooled, name)
        np.testing.assert_allclose(
            (ours.low, ours.value, ours.high), np.quantile(ratio, [0.025, 0.5, 0.975]), rtol=0.01
        )


def test_draws_for_a_new_setting_have_the_spread_between_studies():
    pooled = pool_accuracy(FEW)
    drawn = pooled.draw(200_000, rng=1)
    logits = np.column_stack([logit(drawn.sensitivity), logit(1 - drawn.specificity)])
    np.testing.assert_allclose(logits.mean(axis=0), pooled.mean, atol=0.01)
    np.testing.assert_allclose(np.cov(logits.T), pooled.mean_covariance + pooled.between, atol=0.01)


def test_pooled_studies_bring_their_own_spread_to_the_post_test_probability():
    pooled = pool_accuracy(FEW)
    after = post_test(pooled, 0.05, rng=1)
    assert after.name == "4 studies pooled, positive"
    assert after.post.low < after.post.value < after.post.high
    with pytest.raises(
        ValueError, match=r"specificity_sd must be None for pooled studies; got 0\.5"
    ):
        post_test(pooled, 0.05, rng=1, specificity_sd=0.5)


# --- recovery


@pytest.mark.recovery
def test_intervals_of_the_means_cover_at_their_level():
    """200 sets of 20 studies. REML limits ignore the doubt of the spread, so 0.93 is the aim;
    Monte Carlo SE 0.018.
    """
    rng = np.random.default_rng(5)
    inside = np.zeros(2)
    truth = np.array([1.2, -2.2])
    root = np.linalg.cholesky([[0.5, 0.2], [0.2, 0.4]])
    for _ in range(200):
        p = expit(truth + rng.standard_normal((20, 2)) @ root.T)
        n = rng.integers([30, 100], [120, 600], (20, 2))
        x = rng.binomial(n, p)
        pooled = pool_accuracy(
            pd.DataFrame({"tp": x[:, 0], "fp": x[:, 1], "fn": (n - x)[:, 0], "tn": (n - x)[:, 1]})
        )
        rows = pooled.coefficients
        inside += (rows.low.to_numpy() < truth) & (truth < rows.high.to_numpy())
    assert (inside / 200 > 0.93 - 3 * 0.018).all()
    assert (inside / 200 < 0.995).all()


# --- bad input


@pytest.mark.contract
@pytest.mark.parametrize(
    ("counts", "arguments", "message"),
    [
        (
            FEW.drop(columns=["fn", "tn"]),
            {},
            "counts must have the columns tp, fp, fn, tn; got none called fn, tn",
        ),
        (FEW.to_numpy(), {}, "counts must be a DataFrame with a row a study; got ndarray"),
        (FEW.iloc[:1], {}, "counts must hold at least two studies for random effects; got 1"),
        (
            FEW.replace(5, -5),
            {},
            r"fn must be a whole number of patients, 0 or more; got 1 of 4 outside \(first -5.0",
        ),
        (FEW.replace(5, 5.5), {}, "fn must be a whole number of patients"),
        (FEW.replace(5, np.nan), {}, "fn must be finite"),
        (FEW.astype(object).replace(5, "five"), {}, "fn must hold numbers; got 'five'"),
        (
            pd.concat([FEW, table((0, 0, 0, 0))]),
            {},
            "study 5 must have patients; got none in either arm",
        ),
        (
            table((0, 5, 0, 50), (0, 4, 0, 40), (9, 3, 1, 30)),
            {},
            "at least 2 studies with the disease .* got 1",
        ),
        (FEW.assign(study=["a", "b", "a", "c"]), {}, "study must not repeat; got a more than once"),
        (
            FEW.assign(study=list("abcd"), overlaps_with=["", "x;d", "", ""]),
            {},
            "studies must not share patients; got b, which overlaps with d. Keep one of them",
        ),
        (FEW, {"method": "mm"}, "method must be one of 'reml', 'ml', 'bayes'; got 'mm'"),
        (FEW, {"level": 95}, "level must lie strictly between 0 and 1; got 95"),
        (FEW, {"covariate": "era"}, "covariate must be a column of counts or an array; got 'era'"),
        (FEW, {"covariate": [1, 2, 3]}, "must have the same length; got counts 4, covariate 3"),
        (FEW, {"covariate": [1, 1, 1, 1]}, "covariate must differ between studies"),
        (
            FEW,
            {"covariate": ["a", "b", None, "a"]},
            "covariate must be known for every study; got 1 missing",
        ),
        (FEW.iloc[:2], {"covariate": [0, 1]}, "at least 3 studies with the disease"),
        (FEW, {"method": "bayes"}, "rng must be given"),
    ],
)
def test_bad_input_is_told_in_a_sentence(counts, arguments, message):
    with pytest.raises(ValueError, match=message):
        pool_accuracy(counts, **arguments)


def test_false_positive_rates_of_a_curve_lie_inside():
    with pytest.raises(
        ValueError, match="fpr must lie strictly between 0 and 1; got 1 of 2 outside"
    ):
        pool_accuracy(FEW).sroc([0.5, 1.0])


def test_overlapping_studies_are_pooled_when_told():
    counts = FEW.assign(study=list("abca"), overlaps_with=["", "x;d", "", "b"])
    told = pool_accuracy(counts, allow_overlap=True)
    assert told.sensitivity.value == pool_accuracy(FEW).sensitivity.value


def test_the_evidence_refuses_to_pool_a_review_with_its_own_studies():
    rows = load_evidence().rows("history_of_cancer")
    counted = rows[rows.study.isin(["deyo_diehl_1988", "henschke_2009"])]
    review = counted.iloc[[0]].assign(study="cochrane_2013", overlaps_with="")
    with pytest.raises(ValueError, match="deyo_diehl_1988, which overlaps with cochrane_2013"):
        pool_accuracy(pd.concat([counted, review]), "bayes", rng=1)


@pytest.mark.contract
def test_a_missing_sampler_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "jax", None)
    monkeypatch.delitem(
        sys.modules, "backpain_risk.evidence.pooling.accuracy_by_sampling", raising=False
    )
    with pytest.raises(ImportError, match=r"method='bayes' needs jax.*backpain-risk\[bayes\]"):
        pool_accuracy(FEW, "bayes", rng=1)
