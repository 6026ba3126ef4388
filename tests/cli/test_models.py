"""Commands that judge predictions and assess a patient."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

pytestmark = pytest.mark.contract


@pytest.fixture
def predictions(tmp_path):
    rng = np.random.default_rng(1)
    risk = rng.beta(1, 20, 3000)
    path = tmp_path / "mine.csv"
    table = pd.DataFrame({"y": (rng.random(3000) < risk).astype(int), "model_a": risk})
    table.assign(sex=rng.choice(["f", "m"], 3000)).to_csv(path, index=False)
    return path


def test_assess_goes_step_by_step(run, tmp_path):
    picture = tmp_path / "steps.png"
    done = run(
        "assess",
        "--flag",
        "history_of_cancer",
        "--age",
        67,
        "--esr",
        58,
        "--draws",
        20,
        "--plot",
        picture,
    )
    assert done.returncode == 0, done.stderr
    assert "Multiplied likelihood ratios: 83.49%" in done.stdout
    assert "After all of them: 51.97% (" in done.stdout
    assert "They differ because multiplication takes the findings as independent" in done.stdout
    assert done.stdout.count("not for clinical use") == 1
    assert picture.is_file()
    bad = run("assess", "--flag", "history_of_cancer", "--age", 670)
    assert bad.returncode == 2
    assert "age_years must be from 18 to 95 years; got 670.0" in bad.stderr


def test_assess_takes_a_setting_a_base_rate_and_bands_and_prints_json(run):
    call = ("assess", "--value", "esr_mm_h=50-99", "--draws", 0, "--json")
    told = [
        json.loads(run(*call, *more).stdout)
        for more in ((), ("--scenario", "spine_clinic"), ("--pretest", 0.03))
    ]
    assert [round(each["baseline"], 4) for each in told] == [0.01, 0.016, 0.03]
    risks = [each["risk"]["value"] for each in told]
    assert risks == sorted(risks)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--value", "esr_mm_h"), "value must be KEY=NUMBER or KEY=BAND; got 'esr_mm_h'"),
        (("--value", "esr_mm_h=5", "--esr", 6), "esr_mm_h must be told once"),
        (("--scenario", "nowhere", "--age", 70), "scenario must be one of primary_care"),
        (("--model", "m.json", "--pretest", 0.1), "model has a base rate of its own"),
        (("--pretest", 3, "--age", 70), "pretest must lie strictly between 0 and 1; got 3"),
    ],
)
def test_assess_refuses_in_a_sentence(run, arguments, message):
    done = run("assess", *arguments)
    assert done.returncode == 2
    assert message in done.stderr


def test_evaluate_judges_a_strangers_predictions(run, predictions, tmp_path):
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
def test_bad_predictions_end_in_a_sentence(run, tmp_path, table, arguments, message):
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
