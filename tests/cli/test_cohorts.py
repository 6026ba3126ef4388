"""Commands that simulate, check and verify cohorts."""

from __future__ import annotations

import json
import subprocess
import sys

import pandas as pd
import pytest

pytestmark = pytest.mark.contract


def test_simulate_writes_a_cohort_that_passes_its_own_check(run, tmp_path):
    out = tmp_path / "cohort.csv"
    done = run("simulate", "--out", out, "--seed", 1, "--n", 1000)
    assert done.returncode == 0, done.stderr
    assert "not for clinical use" in done.stdout
    assert run("check", out).returncode == 0


def test_scenarios_can_be_shown_and_have_a_schema(run):
    shown = run("scenario", "show", "walk_in").stdout
    assert "Base rate 0.658%" in shown
    assert "night_pain changes sign" in shown
    assert '"$defs"' in run("scenario", "schema").stdout


def test_a_folder_of_patients_is_written_verified_and_resumed(run, tmp_path):
    out = tmp_path / "many"
    for extra in ([], ["--resume"]):
        assert run("simulate", "--out", out, "--seed", 1, "--n", 70_000, *extra).returncode == 0
    assert run("verify", out).returncode == 0
    again = run("simulate", "--out", out, "--seed", 1, "--n", 70_000)
    assert again.returncode == 2
    assert "holds an earlier run" in again.stderr


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("colour = 3", "colour is not a key of a scenario"),
        (
            "[findings.night_pain]\nsensitivity = 1.2",
            "findings.night_pain.sensitivity must be less than 1.0; got 1.2",
        ),
    ],
)
def test_a_bad_scenario_file_ends_in_a_sentence(run, tmp_path, text, message):
    path = tmp_path / "mine.toml"
    path.write_text(f'extends = "primary_care"\n{text}\n', "utf-8")
    done = run("simulate", "--out", tmp_path / "x.csv", "--seed", 1, "--scenario", path)
    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def test_a_bad_cohort_is_told_every_problem(run, tmp_path):
    path = tmp_path / "mine.csv"
    pd.DataFrame({"age_years": [44, 430], "night_pain": [0, 3]}).to_csv(path, index=False)
    done = run("check", path)
    assert done.returncode == 2
    for part in ("outcome", "age_years", "night_pain"):
        assert part in done.stderr
    assert "Traceback" not in done.stderr


def test_scenarios_are_listed_and_written_as_json(run):
    listed = json.loads(run("scenario", "list", "--json").stdout)
    assert [each["name"] for each in listed][:2] == ["primary_care", "walk_in"]
    assert listed[0]["base_rate"] == 0.01
    assert "assumed" in run("scenario", "list").stdout
    shown = json.loads(run("scenario", "show", "walk_in", "--json").stdout)
    assert shown["base_rate_status"] == "reported"


def test_the_package_is_a_command_and_completes_its_words(run):
    call = [sys.executable, "-m", "backpain_risk", "--version"]
    done = subprocess.run(call, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == run("--version").stdout.strip()
    assert "--install-completion" in run("--help").stdout
