from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit

from backpain_risk import Accuracy, Estimate, load_evidence, post_test, post_test_probability
from backpain_risk.evidence.band_accuracy import band_probabilities

pytestmark = pytest.mark.identity

cells = st.integers(1, 3000)


@pytest.mark.reference
def test_epir_intervals_are_met(reference):
    expected = reference("epi-tests-scott2008")["expected"]
    for key, method in (("exact", "clopper_pearson"), ("wilson", "wilson")):
        rows = {row["statistic"]: (row["est"], row["lower"], row["upper"]) for row in expected[key]}
        ours = Accuracy.from_counts(670, 202, 74, 640, interval=method, ratio_interval="log")
        for statistic, estimate in (
            ("se", ours.sensitivity),
            ("sp", ours.specificity),
            ("lr.pos", ours.lr_positive),
            ("lr.neg", ours.lr_negative),
            ("diag.or", ours.diagnostic_odds_ratio),
            ("youden", ours.youden),
        ):
            np.testing.assert_allclose(
                (estimate.value, estimate.low, estimate.high), rows[statistic], rtol=1e-7
            )


@given(
    tp=cells,
    fp=cells,
    fn=cells,
    tn=cells,
    interval=st.sampled_from(["wilson", "clopper_pearson", "jeffreys"]),
)
def test_intervals_contain_their_estimates(tp, fp, fn, tn, interval):
    accuracy = Accuracy.from_counts(tp, fp, fn, tn, interval=interval)
    for name in (
        "sensitivity",
        "specificity",
        "lr_positive",
        "lr_negative",
        "diagnostic_odds_ratio",
        "youden",
    ):
        estimate = getattr(accuracy, name)
        assert estimate.low <= estimate.value <= estimate.high


@given(tp=cells, fp=cells, fn=cells, tn=cells)
def test_relabelling_the_test_swaps_the_ratios_and_inverts_the_odds_ratio(tp, fp, fn, tn):
    plain = Accuracy.from_counts(tp, fp, fn, tn)
    swapped = Accuracy.from_counts(fn, tn, tp, fp)
    assert swapped.lr_positive.value == pytest.approx(plain.lr_negative.value)
    assert swapped.lr_negative.low == pytest.approx(plain.lr_positive.low)
    assert swapped.diagnostic_odds_ratio.value == pytest.approx(
        1 / plain.diagnostic_odds_ratio.value
    )


@given(tp=cells, fp=cells, fn=cells, tn=cells)
def test_relabelling_the_disease_inverts_the_ratio(tp, fp, fn, tn):
    plain = Accuracy.from_counts(tp, fp, fn, tn)
    swapped = Accuracy.from_counts(fp, tp, tn, fn)
    assert swapped.lr_positive.value == pytest.approx(1 / plain.lr_positive.value)


def test_zero_cells_follow_the_stated_rule():
    accuracy = Accuracy.from_counts(13, 785, 0, 1177)
    assert accuracy.sensitivity.value == 1
    assert accuracy.lr_negative.value == pytest.approx((0.5 / 14) / (1177.5 / 1963))
    assert np.isfinite([accuracy.lr_negative.high, accuracy.diagnostic_odds_ratio.high]).all()


def test_the_score_interval_needs_no_correction_for_zero_cells():
    accuracy = Accuracy.from_counts(13, 785, 0, 1177, ratio_interval="score")
    assert accuracy.lr_negative.value == accuracy.lr_negative.low == 0
    assert 0 < accuracy.lr_negative.high < 0.5
    assert accuracy.lr_positive.value == pytest.approx(1962 / 785)
    assert accuracy.lr_positive.method == "score"
    plain = Accuracy.from_counts(4, 41, 9, 1921, ratio_interval="score").lr_positive
    assert (plain.low, plain.high) == pytest.approx(
        (5.8126, 30.2000), abs=1e-4
    )  # statsmodels, see test_intervals


def test_limits_of_ratios_are_score_limits_unless_logs_are_asked_for():
    """Without zero cells `adjusted` is `score`; with them only its value is corrected, which no
    logarithm survives.
    """
    default, score, log = (
        Accuracy.from_counts(4, 41, 9, 1921, **options)
        for options in ({}, {"ratio_interval": "score"}, {"ratio_interval": "log"})
    )
    assert default.lr_positive == score.lr_positive
    assert default.predictive_values(0.01).positive == score.predictive_values(0.01).positive
    assert (log.lr_positive.low, log.lr_positive.high) == pytest.approx((6.169, 35.139), abs=5e-3)
    assert log.lr_positive.method == log.predictive_values(0.01).positive.method == "log"
    none_missed, plain = (
        Accuracy.from_counts(13, 785, 0, 1177, ratio_interval=i) for i in ("adjusted", "score")
    )
    assert none_missed.lr_negative.value == pytest.approx((0.5 / 14) / (1177.5 / 1963))
    assert none_missed.lr_negative.high == plain.lr_negative.high > none_missed.lr_negative.value
    assert none_missed.lr_negative.low == plain.lr_negative.value == 0
    with pytest.raises(
        ValueError, match="ratio_interval must be one of 'adjusted', 'score', 'log'; got 'katz'"
    ):
        Accuracy.from_counts(13, 785, 0, 1177, ratio_interval="katz")


def test_the_ratio_of_the_lowest_band_has_the_limits_of_a_negative_result():
    """An ESR below 20 is a negative result at 20: the same counts, hence the same score limits."""
    bands = load_evidence().bands("esr_mm_h")
    below = bands.likelihood_ratios[0]
    numbers = {
        "effective_n_diseased": bands.effective_n_malignant,
        "effective_n_healthy": bands.effective_n_non_malignant,
    }
    negative = Accuracy.from_rates(1 - bands.malignant[0], bands.non_malignant[0], **numbers)
    assert (below.value, below.low, below.high) == pytest.approx(
        (negative.lr_negative.value, negative.lr_negative.low, negative.lr_negative.high)
    )
    assert negative.lr_negative.method == below.method == "score"


def test_predictive_values_follow_bayes():
    values = Accuracy.from_counts(4, 41, 9, 1921).predictive_values(13 / 1975)
    assert values.positive.value == pytest.approx(4 / 45)
    assert values.negative.value == pytest.approx(1921 / 1930)
    assert values.negative.low < values.negative.value < values.negative.high


def test_rates_are_worth_their_effective_numbers():
    accuracy = Accuracy.from_rates(0.9, 0.46, effective_n_diseased=10, effective_n_healthy=100)
    assert (accuracy.tp, accuracy.fn, accuracy.tn, accuracy.fp) == pytest.approx((9, 1, 46, 54))


@pytest.mark.contract
@pytest.mark.parametrize(
    ("counts", "message"),
    [
        ((-1, 2, 3, 4), "tp must be a count of 0 or more; got -1"),
        ((1.5, 2, 3, 4), "tp must be a whole number of patients; got 1.5"),
        ((0, 2, 0, 4), "must hold patients with malignancy .* got 0"),
        ((1, 0, 2, 0), "must hold patients without .* got 0"),
        ((1, np.nan, 2, 1), "fp must be"),
    ],
)
def test_bad_counts_are_named(counts, message):
    with pytest.raises(ValueError, match=message):
        Accuracy.from_counts(*counts)


@pytest.mark.recovery
def test_draws_follow_the_stated_posterior():
    drawn = Accuracy.from_counts(4, 41, 9, 1921).draw(200_000, rng=1)
    assert drawn.sensitivity.mean() == pytest.approx(4.5 / 14, abs=0.002)
    log_odds = np.log(drawn.specificity / (1 - drawn.specificity))
    assert log_odds.std() == pytest.approx(
        np.hypot(np.sqrt(2) * 0.5, np.sqrt(1 / 41.5 + 1 / 1921.5)), rel=0.02
    )


@pytest.mark.recovery
def test_draws_for_a_new_setting_cover_its_specificity():
    """The study and the setting each deviate by an SD of 0.5; with one deviation the limits
    cover 0.84.
    """
    rng = np.random.default_rng(2)
    covered = 0
    study, setting = expit(3 + 0.5 * rng.standard_normal((2, 400)))
    for a, b in zip(study, setting, strict=True):
        tn = rng.binomial(2000, a)
        drawn = Accuracy.from_counts(4, 2000 - tn, 9, tn).draw(1000, rng=rng).specificity
        covered += drawn[np.argsort(drawn)[25]] <= b <= drawn[np.argsort(drawn)[974]]
    assert covered / 400 == pytest.approx(0.95, abs=0.033)  # three standard errors


@pytest.mark.parametrize("key", ["fever_or_night_sweats", "bladder_or_bowel_dysfunction"])
def test_a_reported_bound_holds_in_every_draw(key):
    finding = load_evidence().finding(key)
    assert finding.lr_positive_below == 5
    assert finding.draw(20_000, rng=1).lr_positive.max() < 5
    assert post_test(finding, 0.01, rng=1).draws.max() < 5 / 104


def test_counted_findings_have_no_bound():
    assert load_evidence().finding("unexplained_weight_loss").lr_positive_below == np.inf


@pytest.mark.contract
def test_a_bound_out_of_reach_is_named():
    counted = replace(Accuracy.from_counts(900, 10, 100, 990), lr_positive_below=2.0)
    with pytest.raises(
        ValueError,
        match=r"lr_positive_below must leave room for the LR\+ of the counts; got 2 for 90",
    ):
        counted.draw(10, rng=1, specificity_sd=0)


def test_draws_need_a_seed():
    with pytest.raises(ValueError, match="rng must be given"):
        Accuracy.from_counts(4, 41, 9, 1921).draw(10)


def test_bands_are_coherent_in_every_draw():
    bands = load_evidence().bands("esr_mm_h")
    malignant, non_malignant = bands.draw(2000, rng=1)
    np.testing.assert_allclose(malignant.sum(axis=1), 1)
    np.testing.assert_allclose(non_malignant.sum(axis=1), 1)
    assert (non_malignant > 0).all()
    np.testing.assert_allclose(
        malignant.mean(axis=0), np.array([2.5, 2.5, 3.5, 2.5]) / 11, atol=0.01
    )


def test_band_probabilities_of_a_low_test_start_with_the_positive():
    np.testing.assert_allclose(band_probabilities([0.09, 0.55], "low"), [0.09, 0.46, 0.45])
    np.testing.assert_allclose(
        band_probabilities([0.78, 0.56, 0.22], "high"), [0.22, 0.22, 0.34, 0.22]
    )


@pytest.mark.reference
def test_history_of_cancer_reproduces_the_published_post_test_probability():
    history = load_evidence().finding("history_of_cancer")
    after = post_test(history, 0.005, rng=1, specificity_sd=0, n_draws=100_000).post
    assert after.value == pytest.approx(0.069, abs=0.002)
    assert after.low == pytest.approx(0.026, abs=0.002)
    assert after.high == pytest.approx(0.131, abs=0.003)


def test_a_pretest_estimate_is_read_at_its_own_level():
    history = load_evidence().finding("history_of_cancer")
    for level, z in ((0.95, 1.959964), (0.5, 0.67449)):
        spread = np.log(np.array([0.01, 0.01]) / 0.99) + z * np.array([-0.4, 0.4])
        low, high = 1 / (1 + np.exp(-spread))
        draws = post_test(history, Estimate(0.01, low, high, level), rng=1, n_draws=50_000).pretest
        assert np.log(draws.high / (1 - draws.high)) - np.log(0.01 / 0.99) == pytest.approx(
            1.96 * 0.4, abs=0.02
        )


@pytest.mark.reference
def test_fagan_example_of_epir(reference):
    case = reference("fagan-hypothyroid-dog")
    accuracy = Accuracy.from_rates(0.89, 0.85)
    assert post_test_probability(0.05, accuracy.lr_positive.value) == pytest.approx(
        case["expected"]["post_pos"], abs=case["tolerance"]["post_pos"]
    )
    assert post_test_probability(0.05, accuracy.lr_negative.value) == pytest.approx(
        case["expected"]["post_neg"], abs=case["tolerance"]["post_neg"]
    )


@given(p=st.floats(1e-6, 1 - 1e-6), a=st.floats(1e-3, 1e3), b=st.floats(1e-3, 1e3))
def test_two_findings_in_turn_are_their_product(p, a, b):
    assert post_test_probability(post_test_probability(p, a), b) == pytest.approx(
        post_test_probability(p, a * b)
    )


def test_extreme_probabilities_and_ratios():
    np.testing.assert_array_equal(
        post_test_probability([0.0, 1.0, 0.5, 0.5], [5, 5, np.inf, 0]), [0, 1, 1, 0]
    )
    assert isinstance(post_test_probability(0.5, 1), float)
    with pytest.raises(ValueError, match=r"pretest must lie in \[0, 1\]"):
        post_test_probability(7, 2)
    with pytest.raises(ValueError, match="likelihood_ratio must be 0 or more"):
        post_test_probability(0.5, -2)
    for value in (True, np.array([True])):
        with pytest.raises(ValueError, match="pretest must hold numbers; got truth values"):
            post_test_probability(value, 2)


def test_the_earlier_names_of_the_patients_without_cancer_still_answer_with_a_warning():
    bands = load_evidence().bands("esr_mm_h")
    with pytest.warns(DeprecationWarning, match="now called non_malignant"):
        assert bands.healthy is bands.non_malignant
    with pytest.warns(DeprecationWarning, match="now called effective_n_non_malignant"):
        assert bands.effective_n_healthy == bands.effective_n_non_malignant
