"""What is exported of a scenario holds its distribution, once, and repeats."""

from __future__ import annotations

import base64
import json

import numpy as np
import pytest

from backpain_risk import export_scenario, load_scenario, vocabulary, write_explorer
from backpain_risk.report.explorer.page import _pooled
from backpain_risk.report.explorer.scenario_export import drawn_structures, exported

pytestmark = pytest.mark.identity


def unpacked(packed):
    flat = np.frombuffer(base64.b64decode(packed["data"]), np.dtype(packed["type"]))
    return flat.reshape(packed["shape"])


@pytest.fixture(scope="module")
def content(tmp_path_factory):
    path = tmp_path_factory.mktemp("export") / "scenario.json"
    export_scenario(load_scenario("primary_care"), path, n_draws=3, rng=5, dependences=(0, 1))
    return json.loads(path.read_text("utf-8"))


def test_factors_multiply_to_the_weights_of_every_draw(content):
    """P(age) P(sex) times the point's sites, moved by one factor a sex, is P(age, sex, site)."""
    scenario = load_scenario("primary_care")
    (structure,) = drawn_structures(scenario, 3, 5)
    for g, states in enumerate(structure.states):
        given = unpacked(content["classes"][g]["weight"])
        mechanism = unpacked(content["classes"][g]["mechanism"])
        factors = unpacked(content["draws"][f"factors_{g}"])
        ages = unpacked(content["draws"][f"ages_{g}"])
        moved = given.reshape(78, 2, -1) * factors[:, None]
        moved /= moved.sum(axis=-1, keepdims=True)
        sex = np.array([1 - scenario.male_share, scenario.male_share])
        sites = moved * (ages[:, :, None] * sex)[..., None]
        weight = (sites[..., None] * mechanism).reshape(states.weight.shape)
        np.testing.assert_allclose(weight, states.weight, atol=1e-9)


def test_draws_are_those_of_the_scenario(content):
    scenario = load_scenario("primary_care")
    rates = [drawn.base_rate for drawn in scenario.draws(3, rng=5).drawn]
    assert unpacked(content["draws"]["base_rate"]).tolist() == rates


def test_statuses_notice_and_digest_travel_along(content):
    scenario = load_scenario("primary_care")
    assert content["notice"] == vocabulary.NOTICE
    assert content["scenario"]["digest"] == scenario.digest
    for key, target in scenario.findings.items():
        if key in content["terms"]:
            assert content["terms"][key]["status"] == target.accuracy_status
    assert [at["dependence"] for at in content["at"]] == [0, 1]


def test_the_example_is_what_the_scenario_says(content):
    import pandas as pd

    example = content["example"]
    row = pd.DataFrame([example["patient"]])
    assert example["risk"] == load_scenario("primary_care").risk(row)[0]
    assert len(example["draws"]) == 3


def test_no_draws_are_no_draws():
    assert exported(load_scenario("walk_in"), [], dependences=())["draws"] is None


@pytest.mark.parametrize("bad", [-1, 1.5, "3", None])
def test_a_number_of_draws_is_a_count(bad, tmp_path):
    with pytest.raises(ValueError, match="n_draws must be"):
        export_scenario(load_scenario("walk_in"), tmp_path / "a.json", n_draws=bad)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.contract
@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"scenario": None}, "scenario must be a Scenario; got None"),
        ({"path": 7}, "path must be a path; got 7"),
        ({"rng": "abc"}, "rng must be a non-negative int, SeedSequence or Generator; got 'abc'"),
    ],
)
def test_what_cannot_be_exported_is_refused_in_a_sentence(given, message, tmp_path):
    valid = {"scenario": load_scenario("walk_in"), "path": tmp_path / "a", "n_draws": 0}
    with pytest.raises(ValueError, match=message):
        export_scenario(**valid | given)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.contract
@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"scenarios": "walk_in"}, "scenarios must be a list of one or more Scenario; got 'walk"),
        ({"scenarios": []}, "scenarios must be a list of one or more Scenario; got"),
        ({"scenarios": [None]}, "each of scenarios must be a Scenario; got None"),
        ({"path": None}, "path must be a path; got None"),
        ({"n_draws": -1}, "n_draws must be a whole number of 0 or more; got -1"),
        ({"rng": None}, "rng must be given"),
    ],
)
def test_a_page_of_what_is_no_scenario_is_refused_in_a_sentence(given, message, tmp_path):
    valid = {"scenarios": [load_scenario("walk_in")], "path": tmp_path / "a", "n_draws": 0}
    with pytest.raises(ValueError, match=message):
        write_explorer(**valid | given)
    assert list(tmp_path.iterdir()) == []


def test_equal_arrays_are_written_once():
    pool = {}
    value = [{"data": "AA", "type": "float64", "shape": [1]}, {"deep": {"data": "AA"}}]
    assert _pooled(value, pool) == [
        {"type": "float64", "shape": [1], "pooled": 0},
        {"deep": {"pooled": 0}},
    ]


def test_a_page_is_whole_repeats_and_asks_for_nothing(tmp_path):
    scenarios = [load_scenario("primary_care"), load_scenario("walk_in")]
    write_explorer(scenarios, tmp_path / "a.html", 2)
    write_explorer(scenarios, tmp_path / "b.html", 2)
    page = (tmp_path / "a.html").read_text("utf-8")
    assert page == (tmp_path / "b.html").read_text("utf-8")
    assert "http:" not in page
    assert "https:" not in page
    assert page.count(vocabulary.NOTICE) >= 2
    assert "/*" not in page.replace("/**", "")


def test_a_hostile_title_stays_text(tmp_path):
    title = "</script><script>alert(1)</script>"
    scenario = load_scenario("primary_care").replace(changes={"title": title})
    write_explorer([scenario], tmp_path / "a.html", 0)
    assert "alert(1)</script>" not in (tmp_path / "a.html").read_text("utf-8")
