"""The command `backpain-risk plan`."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from backpain_risk.cli import app

pytestmark = pytest.mark.contract


def run(*arguments):
    return CliRunner().invoke(app, [*map(str, arguments)])


def test_plan_prints_the_criteria_and_what_drives_them():
    done = run(
        "plan", "development", "--prevalence", 0.01, "--n-parameters", 12, "--c-statistic", 0.8
    )
    assert done.exit_code == 0, done.output
    assert "9,508 patients, 95.1 cancers expected at 0.01; driven by relative_margin" in done.output
    assert "not for clinical use" in done.output
    done = run("plan", "validation", "--prevalence", 0.018, "--c-statistic", 0.8, "--oe-width", 1)
    assert "observed_expected          906" in done.output
    done = run("plan", "accuracy", "--prevalence", 0.01, "--sensitivity", 0.31, "--width", 0.1)
    assert "8,218 patients" in done.output


def test_plan_takes_a_scenario_and_writes_json():
    done = run(
        "plan",
        "development",
        "--scenario",
        "primary_care",
        "--predictor",
        "history_of_cancer",
        "--json",
    )
    rows = json.loads(done.output)
    assert [row["criterion"] for row in rows] == [
        "shrinkage",
        "optimism",
        "overall_risk",
        "relative_margin",
    ]
    assert [row["drives"] for row in rows] == [False, False, False, True]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ("accuracy", "--prevalence", 5, "--sensitivity", 0.3, "--width", 0.1),
            "prevalence must lie strictly between",
        ),
        (
            ("validation", "--prevalence", 0.01, "--c-statistic", 0.8, "--lp-mean", -5),
            "lp_sd must be given with lp_mean",
        ),
        (
            ("development", "--prevalence", 0.01, "--n-parameters", 10),
            "exactly one of them; got none",
        ),
    ],
)
def test_bad_input_is_one_sentence(arguments, message):
    done = run("plan", *arguments)
    assert isinstance(done.exception, ValueError)  # which the command prints, with exit status 2
    assert message in str(done.exception)
