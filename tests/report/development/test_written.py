"""From a stranger's file to the paper by the two commands, and back by the script it writes."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

import backpain_risk as bpr
from backpain_risk.cli import app

pytestmark = pytest.mark.contract
QUICK = ["--resamples", "3", "--imputations", "2", "--jobs", "1", "--model", "firth"]


def strange(n=240):
    """Other names and units, M/F, Y/N, dates, 10 % missing, an absurd value, an own column."""
    rng = np.random.default_rng(8)
    ill = rng.random(n) < 0.2
    age = rng.integers(25, 85, n)
    df = pd.DataFrame(
        {
            "Patient": [f"p{k}" for k in range(n)],
            "Date of birth": [f"{2020 - a}-03-01" for a in age],
            "Visit date": "2020-06-15",
            "Sex": np.where(rng.random(n) < 0.5, "M", "F"),
            "Hx of cancer": np.where(rng.random(n) < 0.1 + 0.3 * ill, "Y", "N"),
            "Weight loss kg": (rng.random(n) * (4 + 4 * ill)).round(1),
            "ESR": rng.integers(2, 60, n).astype(float),
            "Thoracic pain": np.where(rng.random(n) < 0.07 + 0.2 * ill, "yes", "no"),
            "Hospital": rng.choice(["North", "South"], n),
            "cancer": np.where(ill, "Y", "N"),
        }
    )
    for column in ("Hx of cancer", "ESR", "Thoracic pain"):
        df.loc[rng.random(n) < 0.1, column] = np.nan
    df.loc[5, "ESR"] = 4300
    df.loc[6, "cancer"] = "unknown"
    return df


def run(*arguments):
    return CliRunner().invoke(app, [str(a) for a in arguments])


def develop(folder, *more):
    given = [
        "--data",
        folder / "cohort.csv",
        "--outcome",
        "cancer",
        "--map",
        folder / "mapping.toml",
    ]
    return run("develop", *given, "--out", folder / "results", *QUICK, *more)


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    folder = tmp_path_factory.mktemp("strange")
    strange().to_csv(folder / "cohort.csv", index=False)
    first = run("map", folder / "cohort.csv", "--out", folder / "mapping.toml")
    assert first.exit_code == 0, first.output
    refused = develop(folder)
    assert "'ESR' must lie from 1 to 150 mm/h; got 4300.0 at row 7" in str(refused.exception)
    text = (folder / "mapping.toml").read_text("utf-8")
    for old, new in (('outside = "refuse"', 'outside = "missing"'), ("use = false", "use = true")):
        assert text.count(old) == 1
        text = text.replace(old, new)
    (folder / "mapping.toml").write_text(text, "utf-8")
    done = develop(folder)
    assert done.exit_code == 0, done.output
    return folder, first.output, done.output


def test_the_commands_name_absurd_values_and_columns_that_are_not_read(written):
    _, mapped, developed = written
    assert "Absurd: outside 1 to 150 mm/h: 4300 at row 7" in mapped
    assert "Not read: Patient, Visit date." in mapped
    assert "240 patients in the file, 239 used" in developed
    assert "1 outcome unknown" in developed


def test_the_folder_holds_paper_tables_figures_models_and_script(written):
    results = written[0] / "results"
    for name in ("report.html", "report.docx", "report.pdf", "report.md", "mapping.toml"):
        assert (results / name).stat().st_size > 500, name
    pictures = {path.stem for path in results.glob("*.png")}
    assert pictures == {path.stem for path in results.glob("*.svg")}
    assert {"calibration_firth", "decision_curve", "stability_firth", "sites_firth"} <= pictures
    stated = json.loads((results / "results.json").read_text("utf-8"))
    for name, rows in stated["results"].items():
        assert len(pd.read_csv(results / f"{name}.csv")) == len(rows), name
    model = bpr.load_model(results / "model_firth.json")
    assert "thoracic_pain" in model.feature_names_in_
    assert not list(results.glob("*.npz"))
    assert "NOT PROVIDED" in (results / "model_card_firth.md").read_text("utf-8")
    assert not list(written[0].glob(".results*"))


def test_it_is_labelled_as_the_user_s_own_and_says_that_nobody_checked_the_mapping(written):
    results = written[0] / "results"
    for name in ("report.md", "results.json", "model_card_firth.md"):
        text = (results / name).read_text("utf-8")
        assert "user's own data" in text, name
        assert "Synthetic" not in text
    report = (results / "report.md").read_text("utf-8")
    assert "The mapping has not been checked by a person." in report
    assert "240 patients in the file = 239 used + 1 left out (1 outcome unknown)" in report


def test_the_checklist_says_what_only_the_author_knows(written):
    table = pd.read_csv(written[0] / "results" / "checklist.csv").set_index("item")["where"]
    assert table["17"] == "NOT PROVIDED: the author must write it"
    assert table["10"] == "Methods; sample_size.csv"
    assert table["12d"] == "Sites"


def test_the_script_alone_reproduces_every_number(written):
    script = written[0] / "results" / "analysis.py"
    done = subprocess.run(
        [sys.executable, str(script)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "results.json reproduced"


def test_a_folder_with_other_files_is_refused_before_anything_is_computed(written, tmp_path):
    (tmp_path / "mine.txt").write_text("mine")
    done = run(
        "develop",
        *("--data", written[0] / "cohort.csv", "--outcome", "cancer"),
        *("--map", written[0] / "mapping.toml", "--out", tmp_path),
    )
    assert "out must be a new or empty folder" in str(done.exception)
