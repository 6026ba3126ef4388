"""No command replaces what it did not write, unless that is asked for."""

from __future__ import annotations

import sys

import pandas as pd
import pytest

from backpain_risk.cli import main

pytestmark = pytest.mark.contract


@pytest.fixture
def status(monkeypatch, capsys):
    """Status and error text of a command, in this process."""

    def ended(*arguments):
        monkeypatch.setattr(sys, "argv", ["backpain-risk", *map(str, arguments)])
        try:
            code = main()
        except SystemExit as end:
            code = end.code
        return code or 0, capsys.readouterr().err

    return ended


@pytest.fixture
def studies(tmp_path):
    path = tmp_path / "studies.csv"
    rows = [(20, 9, 5, 60, "=a"), (31, 4, 9, 80, "b"), (18, 12, 2, 44, "c")]
    pd.DataFrame(rows, columns=["tp", "fp", "fn", "tn", "study"]).to_csv(path, index=False)
    return path


def commands(studies, out):
    yield ("pool", studies, "--out", out)
    yield ("pathways", "--scenario", "walk_in", "--out", out)


@pytest.mark.parametrize("which", [0, 1])
def test_a_folder_of_other_files_is_refused_and_force_keeps_them(status, studies, tmp_path, which):
    out = tmp_path / "out"
    call = list(commands(studies, out))[which]
    assert status(*call)[0] == 0
    first = {path.name for path in out.iterdir()}
    assert "manifest.json" in first
    assert status(*call)[0] == 0  # its own files, unchanged
    (out / "mine.txt").write_text("mine")
    code, said = status(*call)
    assert code == 2
    assert "mine.txt" in said
    assert "--force" in said
    assert status(*call, "--force")[0] == 0
    assert {path.name for path in out.iterdir()} == first | {"mine.txt"}
    assert (out / "mine.txt").read_text() == "mine"


def test_a_folder_is_refused_before_pathways_are_computed(status, tmp_path):
    """Else many draws are for nothing: here the scenario is not even looked for."""
    (tmp_path / "mine.txt").write_text("mine")
    code, said = status("pathways", "--scenario", "nowhere", "--out", tmp_path)
    assert code == 2
    assert "mine.txt" in said


def test_a_table_that_its_reader_changed_is_not_overwritten(status, studies, tmp_path):
    call = ("pool", studies, "--out", tmp_path / "out")
    assert status(*call)[0] == 0
    (tmp_path / "out/pooled.csv").write_text("my notes")
    assert status(*call)[0] == 2
    assert (tmp_path / "out/pooled.csv").read_text() == "my notes"


def test_a_picture_is_replaced_only_when_that_is_asked_for(status, tmp_path):
    picture = tmp_path / "steps.png"
    picture.write_text("mine")
    call = ("assess", "--flag", "night_pain", "--plot", picture)
    code, said = status(*call)
    assert code == 2
    assert "plot must be a new file" in said
    assert picture.read_text() == "mine"
    assert status(*call, "--force")[0] == 0
    assert picture.read_bytes().startswith(b"\x89PNG")
