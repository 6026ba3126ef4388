"""The command line: good input works, bad input ends in one message and exit status 2."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from backpain_risk import pool_accuracy

COMMAND = str(Path(sys.executable).with_name("backpain-risk"))


def run(*arguments):
    return subprocess.run(
        [COMMAND, *map(str, arguments)], capture_output=True, text=True, check=False
    )


@pytest.fixture
def predictions(tmp_path):
    rng = np.random.default_rng(1)
    risk = rng.beta(1, 20, 3000)
    path = tmp_path / "mine.csv"
    table = pd.DataFrame({"y": (rng.random(3000) < risk).astype(int), "model_a": risk})
    table.assign(sex=rng.choice(["f", "m"], 3000)).to_csv(path, index=False)
    return path


def test_simulate_writes_a_cohort_that_passes_its_own_check(tmp_path):
    out = tmp_path / "cohort.csv"
    done = run("simulate", "--out", out, "--seed", 1, "--n", 1000)
    assert done.returncode == 0, done.stderr
    assert "not for clinical use" in done.stdout
    assert run("check", out).returncode == 0


def test_assess_goes_step_by_step(tmp_path):
    picture = tmp_path / "steps.png"
    done = run(
        "assess",
        "--flag",
        "history_of_cancer",
        "--age",
        67,
        "--esr",
        58,
        "--pretest",
        0.01,
        "--plot",
        picture,
    )
    assert done.returncode == 0, done.stderr
    assert "After all of them: 83.49%" in done.stdout
    assert done.stdout.count("not for clinical use") == 1
    assert picture.is_file()
    bad = run("assess", "--flag", "history_of_cancer", "--age", 670)
    assert bad.returncode == 2
    assert "age_years must be from 18 to 95 years; got 670.0" in bad.stderr


def test_scenarios_can_be_shown_and_have_a_schema():
    shown = run("scenario", "show", "walk_in").stdout
    assert "Base rate 0.658%" in shown
    assert "night_pain changes sign" in shown
    assert '"$defs"' in run("scenario", "schema").stdout


def test_a_folder_of_patients_is_written_verified_and_resumed(tmp_path):
    out = tmp_path / "many"
    for extra in ([], ["--resume"]):
        assert run("simulate", "--out", out, "--seed", 1, "--n", 70_000, *extra).returncode == 0
    assert run("verify", out).returncode == 0
    again = run("simulate", "--out", out, "--seed", 1, "--n", 70_000)
    assert again.returncode == 2
    assert "holds an earlier run" in again.stderr


def test_evaluate_judges_a_strangers_predictions(predictions, tmp_path):
    call = [
        "evaluate",
        "--data",
        predictions,
        "--outcome",
        "y",
        "--risk",
        "model_a",
        "--resamples",
        0,
    ]
    done = run(*call, "--threshold", 0.05, "--subgroup", "sex", "--out", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    assert "| Net benefit at 0.05 |" in done.stdout
    assert {
        "summary.md",
        "performance.csv",
        "calibration.png",
        "decision_curve.png",
        "subgroups.csv",
    } <= {path.name for path in (tmp_path / "out").iterdir()}


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
def test_a_bad_scenario_file_ends_in_a_sentence(tmp_path, text, message):
    path = tmp_path / "mine.toml"
    path.write_text(f'extends = "primary_care"\n{text}\n', "utf-8")
    done = run("simulate", "--out", tmp_path / "x.csv", "--seed", 1, "--scenario", path)
    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("table", "arguments", "message"),
    [
        (
            {"y": [0, 1, 0], "a": [0.1, 1.7, 0.2]},
            ("y", "a"),
            "risk must lie in [0, 1]; got 1 of 3 outside (first 1.7 at row 1)",
        ),
        (
            {"y": [0, 2, 0], "a": [0.1, 0.7, 0.2]},
            ("y", "a"),
            "outcome must be 0 or 1; got 1 of 3 outside (first 2.0 at row 1)",
        ),
        (
            {"y": [0, 1, 0], "a": [0.1, 0.7, 0.2]},
            ("y", "b"),
            "must have the columns named; got none called b",
        ),
    ],
)
def test_bad_predictions_end_in_a_sentence(tmp_path, table, arguments, message):
    path = tmp_path / "mine.csv"
    pd.DataFrame(table).to_csv(path, index=False)
    done = run(
        "evaluate",
        "--data",
        path,
        "--outcome",
        arguments[0],
        "--risk",
        arguments[1],
        "--out",
        tmp_path,
    )
    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def test_a_bad_cohort_is_told_every_problem(tmp_path):
    path = tmp_path / "mine.csv"
    pd.DataFrame({"age_years": [44, 430], "night_pain": [0, 3]}).to_csv(path, index=False)
    done = run("check", path)
    assert done.returncode == 2
    for part in ("outcome", "age_years", "night_pain"):
        assert part in done.stderr
    assert "Traceback" not in done.stderr


def test_evidence_lists_all_findings_or_one_with_its_doubts():
    done = run("evidence")
    assert done.returncode == 0, done.stderr
    assert "History of cancer" in done.stdout
    assert "not for clinical use" in done.stdout
    one = run("evidence", "history_of_cancer").stdout
    for part in (
        "henschke_2009",
        "Disagrees with 14.7",
        "Preferred, deyo_diehl_1988 (reported)",
        "14.72",
    ):
        assert part in one


def test_evidence_is_told_in_json_too():
    rows = json.loads(run("evidence", "history_of_cancer", "--json").stdout)
    assert [row["tp"] for row in rows if row["preferred"]] == [4]
    assert {row["status"] for row in rows} == {"reported", "unconfirmed"}
    assert len(json.loads(run("evidence", "--json").stdout)) > 30


def test_an_unknown_finding_ends_in_a_sentence():
    done = run("evidence", "headache")
    assert done.returncode == 2
    assert "finding must be a key of the accuracy table; got 'headache'" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.fixture
def own_studies(tmp_path):
    path = tmp_path / "studies.csv"
    rows = [(20, 9, 5, 60, "a"), (31, 4, 9, 80, "b"), (18, 12, 2, 44, "a"), (40, 30, 12, 160, "b")]
    pd.DataFrame(rows, columns=["tp", "fp", "fn", "tn", "era"]).to_csv(path, index=False)
    return path


def test_pool_pools_a_strangers_studies(own_studies, tmp_path):
    done = run("pool", own_studies, "--out", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    assert "4 studies, reml" in done.stdout
    assert {p.name for p in (tmp_path / "out").iterdir()} == {
        "pooled.csv",
        "forest.png",
        "sroc.png",
    }
    rows = json.loads(
        run("pool", own_studies, "--method", "ml", "--covariate", "era", "--json").stdout
    )
    expected = pool_accuracy(pd.read_csv(own_studies), "ml", "era").sensitivity.value
    assert rows[0] == pytest.approx({**rows[0], "measure": "sensitivity", "value": expected})


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--method", "bayes"), "seed must be given for bayes"),
        (("--covariate", "nothing"), "covariate must be a column of counts"),
        (("--method", "fixed"), "method must be one of"),
    ],
)
def test_bad_pooling_ends_in_a_sentence(own_studies, arguments, message):
    done = run("pool", own_studies, *arguments)
    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def test_the_version_and_the_notice_are_shown():
    assert run("--version").stdout.strip() == "0.1.0"
    assert "not for clinical use" in run("--help").stdout.replace("\n", " ")
