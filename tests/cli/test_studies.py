"""The commands `backpain-risk study`."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

import backpain_risk as bpr
from backpain_risk.cli import app

pytestmark = pytest.mark.contract
TOML = """
seed = 1
sizes = [500]
replicates = 3
predictors = ["history_of_cancer", "night_pain"]

[scenarios.clinic]
scenario = "spine_clinic"

[methods.lr]
model = "LikelihoodRatioModel"
"""


def run(*arguments):
    return CliRunner().invoke(app, [*map(str, arguments)])


@pytest.fixture
def design(tmp_path):
    path = tmp_path / "design.toml"
    path.write_text(TOML, "utf-8")
    return path


def test_a_study_is_run_looked_at_and_replayed(design, tmp_path):
    out = tmp_path / "out"
    assert "0 of 3 replicates are done" in run("study", "status", design, "--out", out).stdout
    saved = tmp_path / "study.parquet"
    done = run("study", "run", design, "--out", out, "--save", saved, "--json")
    assert done.exit_code == 0, done.output
    rows = {row["measure"]: row for row in json.loads(done.stdout)}
    assert rows["auroc"]["replicates"] == 3
    assert len(bpr.load_study(saved).replicates) == 3
    assert "3 of 3 replicates are done" in run("study", "status", design, "--out", out).stdout
    replay = ("study", "replay", design, "--scenario", "clinic", "--n", 500, "--replicate", 2)
    [again] = json.loads(run(*replay, "--json").stdout)
    stored = bpr.load_study(saved).replicates.query("replicate == 2")
    assert again["auroc"] == pytest.approx(stored.auroc.item(), rel=1e-9)
    assert "500 patients" in run(*replay).stdout
    refused = run("study", "run", design, "--out", out, "--save", saved)
    assert refused.exit_code != 0
    assert run("study", "run", design, "--out", out).stdout.startswith("Simulation study of 1 meth")
