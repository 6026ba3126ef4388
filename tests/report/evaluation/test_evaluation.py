"""A stranger's predictions, judged in a folder."""

from __future__ import annotations

import subprocess
import sys
from unittest.mock import Mock

import numpy as np
import pandas as pd
import pytest

import backpain_risk as bpr
from backpain_risk.report.evaluation import write_evaluation

pytestmark = pytest.mark.contract


@pytest.fixture(scope="module")
def predictions():
    rng = np.random.default_rng(5)
    risk = rng.beta(1, 20, 3000)
    models = {
        "a": risk,
        "b": np.sqrt(risk) / 4,
        "flag": np.where(risk > 0.05, 0.1, 0.02),
        "same": np.full(3000, 0.05),
    }
    return (rng.random(3000) < risk).astype(int), pd.DataFrame(models)


@pytest.fixture(scope="module")
def written(predictions, tmp_path_factory):
    folder = tmp_path_factory.mktemp("judged")
    y, risks = predictions
    sex = {"sex": np.where(np.arange(3000) % 2, "f", "m")}
    return folder, write_evaluation(y, risks, folder, subgroups=sex, n_resamples=20, rng=1)


def test_files_hold_what_the_functions_return(predictions, written):
    (y, risks) = predictions
    folder = written[0]
    decision = pd.read_csv(folder / "decision_curve.csv")
    expected = bpr.decision_curve(y, risks).to_frame()
    pd.testing.assert_frame_equal(decision, expected, check_exact=False, rtol=1e-12)
    differences = pd.read_csv(folder / "auroc_differences.csv").set_index(["a", "b"])
    assert differences.p_value["a", "b"] == pytest.approx(
        bpr.compare_auroc(y, risks.a, risks.b).p_value, nan_ok=True
    )
    subgroups = pd.read_csv(folder / "subgroups.csv")
    assert set(subgroups.group) == {"all", "f", "m"}
    assert set(subgroups.model) == set(risks)


def test_the_summary_shows_every_figure_and_names_every_table(written):
    folder, summary = written
    text = (folder / "summary.md").read_text("utf-8")
    assert text.startswith(summary)
    for path in folder.iterdir():
        if path.suffix == ".png":
            assert f"]({path.name})" in text
            assert path.stat().st_size > 5000
        elif path.suffix == ".csv":
            assert f"`{path.name}`" in text


def test_what_a_model_does_not_have_is_said_and_the_rest_is_given(written):
    folder, summary = written
    assert "flag: ici, e50, e90, emax, eci, ici_share left as NaN because" in summary
    assert (
        "flag: no calibration curve by rcs, because a spline must have 3 distinct knots" in summary
    )
    assert (
        "same: no calibration curve by groups, because the risk is the same for every patient"
        in summary
    )
    calibration = pd.read_csv(folder / "calibration.csv")
    assert (calibration.model == "flag").sum() == 2
    assert (calibration.model == "same").sum() == 0
    measures = pd.read_csv(folder / "performance.csv").set_index(["model", "measure"]).value
    assert measures["same", "auroc"] == 0.5


def test_weights_are_repetition_and_the_seed_decides(predictions, tmp_path):
    y = predictions[0][:600]
    risks = predictions[1][["a"]][:600]
    weight = np.arange(600) % 2 + 1
    again = np.repeat(np.arange(600), weight)
    for name, arguments in (
        ("weighted", (y, risks, tmp_path / "weighted")),
        ("once_more", (y, risks, tmp_path / "once_more")),
        ("repeated", (y[again], risks.iloc[again], tmp_path / "repeated")),
    ):
        w = None if name == "repeated" else weight
        write_evaluation(*arguments, n_resamples=10, rng=2, sample_weight=w)
    tables = {
        name: pd.read_csv(tmp_path / name / "performance.csv")
        for name in ("weighted", "once_more", "repeated")
    }
    pd.testing.assert_frame_equal(tables["weighted"], tables["once_more"])
    pd.testing.assert_frame_equal(tables["weighted"], tables["repeated"], rtol=1e-9)


EVIL = "=cmd|'/c calc'!A1 <script>alert(1)</script>\n| $\\frac$ ](javascript:x) ../../up"


@pytest.fixture(scope="module")
def hostile(predictions, tmp_path_factory):
    folder = tmp_path_factory.mktemp("hostile") / "out"
    y = predictions[0][:800]
    risks = predictions[1][["a", "flag"]][:800].set_axis([EVIL, f"{EVIL}!"], axis=1)
    groups = {EVIL: np.where(np.arange(800) % 2, "-1+1", "=1+1")}
    write_evaluation(y, risks, folder, subgroups=groups, n_resamples=0, rng=1)
    return folder


def test_hostile_names_stay_text_in_the_summary(hostile):
    text = (hostile / "summary.md").read_text("utf-8")
    assert "<script" not in text
    assert "](javascript" not in text
    tables = [line for line in text.split("\n") if line.startswith("|")]
    assert {line.replace("\\|", "").count("|") for line in tables} == {3, 6}


def test_no_cell_of_a_table_is_a_formula_and_numbers_stay_numbers(hostile):
    for path in hostile.glob("*.csv"):
        table = pd.read_csv(path)
        text = [value for column in table for value in table[column] if isinstance(value, str)]
        assert not [
            value for value in [*table.columns, *text] if value.startswith(("=", "+", "-", "@"))
        ], path
    measures = pd.read_csv(hostile / "performance.csv")
    assert measures.value.dtype == float
    assert (measures.value < 0).any()
    assert set(pd.read_csv(hostile / "subgroups.csv").group) == {"all", "'-1+1", "'=1+1"}


def test_names_of_models_never_lead_out_of_the_folder_or_meet(hostile):
    names = {path.name for path in hostile.glob("subgroups*.png")}
    assert len(names) == 2
    assert {path.name for path in hostile.parent.iterdir()} == {"out"}


def write(folder, predictions, columns=("a",), **options):
    y = predictions[0][:600]
    risks = predictions[1][list(columns)][:600]
    return write_evaluation(y, risks, folder, **{"n_resamples": 0, "rng": 1} | options)


@pytest.fixture
def quick(monkeypatch):
    """Without figures, which take nearly all of the time."""
    monkeypatch.setattr("backpain_risk.report.evaluation.plots", Mock())
    monkeypatch.setattr(
        "backpain_risk.report.evaluation.write_png", lambda axes, path: path.write_bytes(b"picture")
    )


@pytest.mark.usefixtures("quick")
def test_files_of_an_earlier_run_with_other_models_go(predictions, tmp_path):
    folder = tmp_path / "out"
    sex = {"sex": np.where(np.arange(600) % 2, "f", "m")}
    write(folder, predictions, ("a", "b"), subgroups=sex)
    assert (folder / "subgroups_b.png").is_file()
    write(folder, predictions, ("a",), subgroups=sex)
    assert not (folder / "subgroups_b.png").exists()
    assert not (folder / "auroc_differences.csv").exists()


@pytest.mark.usefixtures("quick")
def test_a_folder_with_other_files_is_refused_and_force_keeps_them(predictions, tmp_path):
    mine = tmp_path / "summary.md"
    mine.write_text("mine")
    (tmp_path / "manifest.json").write_text("[]")
    with pytest.raises(
        ValueError, match=r"holds 2 other or changed files \(first 'manifest.json'\)"
    ):
        write(tmp_path, predictions)
    assert mine.read_text() == "mine"
    notes = tmp_path / "notes.txt"
    notes.write_text("mine too")
    write(tmp_path, predictions, force=True)
    assert mine.read_text("utf-8").startswith("# Evaluation")
    assert notes.read_text() == "mine too"


@pytest.mark.usefixtures("quick")
def test_a_summary_that_its_reader_changed_is_not_overwritten(predictions, tmp_path):
    write(tmp_path, predictions)
    write(tmp_path, predictions)
    summary = tmp_path / "summary.md"
    summary.write_text("with remarks of mine", "utf-8")
    with pytest.raises(ValueError, match=r"1 other or changed files \(first 'summary.md'\)"):
        write(tmp_path, predictions)
    assert summary.read_text("utf-8") == "with remarks of mine"


@pytest.mark.parametrize("force", [False, True])
def test_folders_in_folders_files_and_the_folder_of_work_are_refused(
    predictions, tmp_path, monkeypatch, force
):
    (tmp_path / "project" / "inner").mkdir(parents=True)
    (tmp_path / "file").write_text("")
    for name, message in (("project", "holds the folder 'inner'"), ("file", "is a file")):
        with pytest.raises(ValueError, match=message):
            write(tmp_path / name, predictions, force=force)
    monkeypatch.chdir(tmp_path / "project" / "inner")
    with pytest.raises(ValueError, match="must not be the folder you work in"):
        write(tmp_path / "project", predictions, force=force)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"highest_threshold": 5}, "highest_threshold must"),
        ({"thresholds": [0.01, 1.5]}, "thresholds must lie strictly between 0 and 1"),
        ({"n_resamples": -1}, "n_resamples must"),
        ({"rng": None}, "rng must be given"),
        (
            {"subgroups": {"sex": ["f", None] * 300}},
            "subgroups must have a label for every patient; got 300",
        ),
    ],
)
def test_options_are_checked_before_any_work(predictions, tmp_path, monkeypatch, options, message):
    monkeypatch.setattr("backpain_risk.report.evaluation.performance", None)
    with pytest.raises(ValueError, match=message):
        write(tmp_path / "out", predictions, **options)
    assert not (tmp_path / "out").exists()


KILLED = """
import signal, sys
from pathlib import Path
import numpy as np
from unittest.mock import Mock
from backpain_risk.report import evaluation
from backpain_risk.report.evaluation import folder as folders
def stop(*_):
    print("under way", flush=True)
    signal.pause()
evaluation.plots, evaluation.write_png = Mock(), lambda axes, path: path.write_bytes(b"new")
if sys.argv[2] == "figures":
    evaluation.write_png = stop
else:
    folders._write_manifest = stop
risk = np.random.default_rng(1).beta(1, 20, 500)
evaluation.write_evaluation(risk > 0.05, {"new": risk}, Path(sys.argv[1]), n_resamples=0, rng=1)
"""


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("when", ["figures", "manifest"])
def test_a_kill_leaves_the_old_evaluation_whole(predictions, tmp_path, when):
    folder = tmp_path / "out"
    write(folder, predictions)
    old = {path.name: path.read_bytes() for path in folder.iterdir()}
    process = subprocess.Popen(
        [sys.executable, "-c", KILLED, str(folder), when], stdout=subprocess.PIPE
    )
    assert process.stdout.readline() == b"under way\n"
    process.kill()
    process.communicate()
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == old
    write(folder, predictions)
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
