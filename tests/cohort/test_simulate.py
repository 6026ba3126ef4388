from __future__ import annotations

import hashlib

import numpy as np
import pandas as pd
import pytest

from backpain_risk import calibration_slope, observed_expected, simulate_cohort, vocabulary
from backpain_risk.cohort.simulate import (
    _STREAMS,
    GENERATOR_VERSION,
    AliasTable,
    YesNoTable,
)

pytestmark = pytest.mark.recovery

GOLDEN = {2: "8f11ab16543d37e2be7a0808907dca459e6e1a10fe722ac1241d9b6cd7d08479"}
WHEN_IT_WAS_KEPT = (
    *("age_years", "male", "age_50_or_over"),
    *(key for key, stream in _STREAMS.items() if 2 <= stream <= 12),
    *("esr_mm_h", "haematocrit_percent", "white_cell_count_10e9_l"),
    *("xray_lesion", "ct_positive", "mri_positive"),
    "outcome",
)


def frame(cohort):
    return pd.concat([cohort.to_frame(), cohort.latent], axis=1)


def test_first_rows_are_the_same_for_any_number_of_patients(scenario):
    few = simulate_cohort(scenario, 1000, seed=5)
    many = simulate_cohort(scenario, 140_000, seed=5)
    pd.testing.assert_frame_equal(frame(few), frame(many).head(1000))


@pytest.mark.regression
def test_patients_of_one_generator_version_never_change(scenario):
    """Findings that came later change none of those before them."""
    columns = simulate_cohort(scenario, 2000, seed=5).to_frame()
    text = columns[[*WHEN_IT_WAS_KEPT]].to_csv(index=False)
    assert hashlib.sha256(text.encode()).hexdigest() == GOLDEN[GENERATOR_VERSION]


@pytest.mark.contract
def test_every_variable_has_a_stream_of_its_own():
    drawn = {*vocabulary.RESPONDING, *vocabulary.LABORATORY}
    assert set(_STREAMS) == {"profile", "severity", *drawn}
    assert list(_STREAMS.values()) == list(range(len(_STREAMS)))


def test_sampled_marginals_are_near_their_targets(scenario, cohort):
    columns = cohort.to_frame()
    event = cohort.outcome == 1
    for key, target in scenario.findings.items():
        for group, p in ((event, target.sensitivity), (~event, 1 - target.specificity)):
            se = np.sqrt(p * (1 - p) / group.sum())
            assert columns.loc[group, key].mean() == pytest.approx(p, abs=4 * se), key
    for key in scenario.laboratory:
        bands = scenario.bands(key)
        level = np.digitize(columns[key], vocabulary.LABORATORY[key].cutoffs)
        for group, target in ((event, bands.malignant), (~event, bands.non_malignant)):
            share = np.bincount(level[group], minlength=target.size) / group.sum()
            assert (
                np.abs(share - target) <= 4 * np.sqrt(target * (1 - target) / group.sum())
            ).all(), key


def test_base_rate_and_case_mix_are_near_their_targets(scenario, cohort):
    assert cohort.n_events == pytest.approx(1000, abs=4 * np.sqrt(990))
    sites = cohort.latent.primary_site[cohort.outcome == 1]
    assert sites.notna().all()
    assert cohort.latent.primary_site[cohort.outcome == 0].isna().all()
    male = cohort.predictors.male[cohort.outcome == 1] == 1
    assert not (sites[~male] == "prostate").any()
    for key, site in scenario.primary_sites.items():
        p = site.share_male
        assert (sites[male] == key).mean() == pytest.approx(
            p, abs=4 * np.sqrt(p * (1 - p) / male.sum()) + 1e-12
        )


def test_true_risk_is_calibrated(cohort):
    y = cohort.outcome
    risk = cohort.true_risk
    expected_se = np.sqrt(np.sum(risk * (1 - risk)))
    assert y.sum() - risk.sum() == pytest.approx(0, abs=3 * expected_se)
    slope = calibration_slope(y, risk)
    assert abs(slope.value - 1) <= 3 * (slope.high - slope.low) / 3.92
    oe = observed_expected(y, risk)
    assert oe.low <= 1 <= oe.high or abs(oe.value - 1) < 3 * (oe.high - oe.low) / 3.92


def test_recorded_values_follow_their_distribution(scenario):
    """The table look-up with single steps gives the value that a search through the distribution
    function gives.
    """
    from backpain_risk.cohort.simulate import sampler

    for key, table in sampler(scenario).values.items():
        rng = np.random.default_rng(1)
        uniform = rng.random(2000)
        row = rng.integers(len(table.below), size=2000)
        searched = [
            np.searchsorted(table.below[i], u, side="right")
            for i, u in zip(row, uniform, strict=True)
        ]
        np.testing.assert_array_equal(table._locate(row, uniform), searched, err_msg=key)


def test_recorded_values_are_drawn_with_their_exact_probability(scenario, cohort):
    """By ESR band, age and sex: the tables of the sampler and the exact sums agree."""
    old = cohort.predictors.age_years >= 60
    for male in (0, 1):
        seen = cohort.to_frame()[old & (cohort.predictors.male == male) & (cohort.outcome == 0)]
        bands = scenario.bands("esr_mm_h").labels * 36
        ages = pd.DataFrame({"age_years": np.repeat(np.arange(60, 96), 4), "esr_mm_h": bands})
        p = scenario.probabilities(ages.assign(male=male))[:, 0].reshape(-1, 4).sum(axis=0)
        share = np.bincount(np.digitize(seen.esr_mm_h, (20, 50, 100)), minlength=4) / len(seen)
        np.testing.assert_allclose(share, p / p.sum(), atol=4 * np.sqrt(0.25 / len(seen)))


def test_alias_method_keeps_the_distribution():
    p = np.array([0.5, 0.2, 0.0, 0.29, 0.01])
    table = AliasTable.build(p)
    share = np.zeros(5)
    np.add.at(share, np.arange(5), table.keep / 5)
    np.add.at(share, table.alias, (1 - table.keep) / 5)
    np.testing.assert_allclose(share, p, atol=1e-15)


def test_ties_of_the_leading_bits_are_broken_exactly():
    """P = 1.5 / 65536: the leading bits give one part, the tie-break half a part."""
    table = YesNoTable.build(np.array([1.5 / 65_536]))
    generator = np.random.Generator(np.random.Philox(3))
    n = 1 << 16
    yes = sum(int(table.draw(np.zeros(n, dtype=np.int64), generator).sum()) for _ in range(400))
    expected = 400 * 1.5
    assert yes == pytest.approx(expected, abs=4 * np.sqrt(expected))


def test_latent_variables_are_never_predictors(cohort):
    assert not set(cohort.latent) & set(cohort.to_frame())


@pytest.mark.contract
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"n": 0, "seed": 1}, "n must be a positive whole number"),
        ({"n": 10, "seed": None}, "seed must be given"),
    ],
)
def test_bad_arguments_are_named(scenario, arguments, message):
    with pytest.raises(ValueError, match=message):
        simulate_cohort(scenario, **arguments)
