from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from backpain_risk import load_evidence, load_scenario, vocabulary

pytestmark = pytest.mark.contract


def written(tmp_path, text):
    path = tmp_path / "mine.toml"
    path.write_text('extends = "primary_care"\n' + text, "utf-8")
    return path


@pytest.mark.parametrize("name", vocabulary.SETTINGS)
def test_shipped_scenarios_load_and_state_the_base_rate_of_the_evidence(name):
    scenario = load_scenario(name)
    row = load_evidence().prevalence.query("setting == @name and preferred == 1").iloc[0]
    expected = row.base_rate if pd.notna(row.base_rate) else row.events / row.n
    assert scenario.base_rate == pytest.approx(expected, rel=1e-12)
    assert scenario.base_rate_interval == pytest.approx((row.low, row.high))
    assert scenario.risk(pd.DataFrame({"night_pain": [np.nan]}))[0] == pytest.approx(expected)


def test_targets_are_the_preferred_rows_of_the_evidence(scenario):
    history = scenario.findings["history_of_cancer"]
    assert (history.sensitivity, history.specificity) == (4 / 13, 1921 / 1962)
    assert (
        scenario.accuracy("history_of_cancer").lr_positive
        == load_evidence().finding("history_of_cancer").lr_positive
    )


def test_replacing_changes_only_what_is_named(scenario):
    other = scenario.replace(
        dependence=0.5, accuracy={"night_pain": (0.6, 0.7)}, changes={"male_share": 0.5}
    )
    assert set(scenario.difference(other).index) == {
        "dependence",
        "male_share",
        "findings.night_pain.sensitivity",
        "findings.night_pain.specificity",
        "findings.night_pain.study",
    }
    assert other.digest != scenario.digest
    assert scenario.replace() == scenario
    assert hash(scenario.replace()) == hash(scenario)


def test_a_replaced_base_rate_moves_its_interval_and_is_assumed(scenario):
    other = load_scenario("walk_in").replace(base_rate=0.02)
    assert other.base_rate == 0.02
    assert other.base_rate_interval[0] < 0.02 < other.base_rate_interval[1]
    assert other.base_rate_status == "assumed"


def test_a_base_rate_lies_inside_its_interval_everywhere(scenario, tmp_path):
    for changes in ({"base_rate": 0.05}, {"base_rate_interval": (0.02, 0.03)}):
        with pytest.raises(
            ValueError, match=r"base_rate must lie inside base_rate_interval; got 0.0"
        ):
            scenario.replace(changes=changes)
    stated = written(tmp_path, "base_rate = 0.05\nbase_rate_interval = [0.005, 0.02]\n")
    with pytest.raises(
        ValueError,
        match=r"base_rate must lie inside base_rate_interval; got 0.05 with 0.005 to 0.02",
    ):
        load_scenario(stated)
    rng = np.random.default_rng(1)
    drawn = [scenario.draw(rng=rng) for _ in range(60)]
    assert all(s.base_rate_interval[0] < s.base_rate < s.base_rate_interval[1] for s in drawn)
    assert min(s.base_rate for s in drawn) < 0.005 or max(s.base_rate for s in drawn) > 0.02


def test_a_file_that_states_a_base_rate_alone_takes_the_interval_along(scenario, tmp_path):
    own = load_scenario(written(tmp_path, "base_rate = 0.05\n"))
    replaced = scenario.replace(base_rate=0.05)
    assert own.base_rate_interval == replaced.base_rate_interval
    assert own.base_rate_status == "assumed"


def test_draws_vary_accuracy_and_base_rate_around_their_targets(scenario):
    rng = np.random.default_rng(3)
    drawn = [scenario.draw(rng=rng) for _ in range(300)]
    rates = np.array([s.base_rate for s in drawn])
    assert np.median(rates) == pytest.approx(0.01, rel=0.1)
    np.testing.assert_allclose(np.quantile(rates, [0.025, 0.975]), [0.005, 0.02], rtol=0.35)
    sensitivity = np.array([s.findings["history_of_cancer"].sensitivity for s in drawn])
    assert sensitivity.mean() == pytest.approx(4.5 / 14, abs=0.03)
    esr = np.array([s.laboratory["esr_mm_h"].sensitivity for s in drawn])
    assert (np.diff(esr, axis=1) < 0).all()
    assert np.isfinite([s.risk(pd.DataFrame({"esr_mm_h": [60]}))[0] for s in drawn[:20]]).all()


def test_reported_bounds_hold_in_every_drawn_scenario(scenario):
    rng = np.random.default_rng(8)
    for _ in range(60):
        drawn = scenario.draw(rng=rng)
        for key in ("fever_or_night_sweats", "bladder_or_bowel_dysfunction"):
            assert drawn.findings[key].sensitivity < 5 * (1 - drawn.findings[key].specificity)


def test_a_target_beyond_its_reported_bound_is_refused(scenario):
    with pytest.raises(
        ValueError, match=r"fever_or_night_sweats must have an LR\+ below its bound 5; got 45"
    ):
        scenario.replace(changes={"findings": {"fever_or_night_sweats": {"sensitivity": 0.9}}})
    assert scenario.replace(accuracy={"fever_or_night_sweats": (0.9, 0.98)}).findings[
        "fever_or_night_sweats"
    ]


def test_a_file_of_ones_own_extends_another(tmp_path):
    path = written(tmp_path, 'title = "Mine"\n[findings.night_pain]\nsensitivity = 0.7\n')
    scenario = load_scenario(path)
    assert scenario.name == "mine"
    assert scenario.findings["night_pain"].sensitivity == 0.7
    assert scenario.findings["night_pain"].accuracy_status == "assumed"
    assert scenario.findings["night_pain"].specificity == 269 / 482


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("colour = 3", "colour is not a key of a scenario; remove it or check its spelling"),
        (
            "[findings.night_pain]\nsensitivity = 1.2",
            "findings.night_pain.sensitivity must be less than 1.0; got 1.2; ",
        ),
        (
            "[findings.nightpain]\nsensitivity = 0.2\nspecificity = 0.5",
            "findings must be exactly those of the vocabulary",
        ),
        ("dependence = 2.0", "dependence must be at most 1.5; got 2.0"),
        ('base_rate = "1 %"', "base_rate must be a number; got '1 %'"),
        ("[causes.infection]\nshare = 0.5", "causes.share must sum to 1"),
        (
            "[findings.night_pain.shifts]\nmeningitis = 1.0",
            "shifts must name causes, primary sites or mechanisms; got meningitis",
        ),
        ("[laboratory.esr_mm_h]\nsensitivity = [0.2, 0.5, 0.7]", "in the order of its cut-offs"),
        ("[findings.age_50_or_over]\nage = 0.5", "must have no effects"),
        ("base_rate = ", "must be valid TOML"),
    ],
)
def test_bad_files_end_in_a_sentence(tmp_path, text, message):
    with pytest.raises(ValueError, match=message):
        load_scenario(written(tmp_path, text + "\n"))


def test_files_that_extend_each_other_or_nest_endlessly_end_in_a_sentence(tmp_path):
    one = tmp_path / "one.toml"
    two = tmp_path / "two.toml"
    one.write_text(f'extends = "{two}"\n', "utf-8")
    two.write_text(f'extends = "{one}"\n', "utf-8")
    deep = tmp_path / "deep.toml"
    texts = {one: "must not extend themselves", deep: "nested too deeply|at most 8 deep"}
    for text in (
        "a = " + "[" * 5000 + "]" * 5000,
        "x" + ".x" * 4000 + " = 1",
        'extends = ["a"]',
        "extends = {}",
    ):
        deep.write_text(text, "utf-8")
        with pytest.raises(
            ValueError, match=r"nested too deeply|at most 8 deep|extends must be the name"
        ) as error:
            load_scenario(deep)
        assert len(str(error.value)) < 500
    with pytest.raises(ValueError, match=texts[one]):
        load_scenario(one)


def test_messages_stay_short_whatever_a_file_holds(tmp_path):
    text = "\n".join(f"k{i} = 1" for i in range(3000)) + f'\nbase_rate = "{"x" * 1_800_000}"\n'
    with pytest.raises(ValueError, match=r"And 29.. more") as error:
        load_scenario(written(tmp_path, text))
    assert len(str(error.value)) < 5000


def test_all_problems_of_a_file_are_told_at_once(tmp_path):
    with pytest.raises(ValueError, match="colour is not a key") as error:
        load_scenario(written(tmp_path, "colour = 3\ndependence = 9.0\n"))
    assert "dependence must be at most 1.5" in str(error.value)


def test_an_unknown_name_lists_the_shipped_ones():
    with pytest.raises(ValueError, match="scenario must be one of primary_care, walk_in"):
        load_scenario("nowhere")


def test_esr_likelihood_ratio_rises_throughout(scenario):
    plain = scenario.replace(dependence=0)
    risk = plain.risk(pd.DataFrame({"esr_mm_h": np.arange(1, 151)}))
    ratio = risk / (1 - risk) * 99
    assert (np.diff(ratio) > -1e-9).all()
    assert ratio[0] == pytest.approx(0.32, abs=0.02)
    assert ratio[-1] == pytest.approx(57, abs=3)
