"""Whatever happens, the command ends in one sentence or none, and in a status of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from backpain_risk.cli import main
from backpain_risk.cli.failures import run as run_to_its_end

pytestmark = pytest.mark.contract

COMMAND = str(Path(sys.executable).with_name("backpain-risk"))


def run(*arguments, **options):
    return subprocess.run(
        [COMMAND, *map(str, arguments)], capture_output=True, text=True, check=False, **options
    )


@pytest.fixture
def sentence(monkeypatch, capsys):
    """The only line that the command says, in this process, before it ends with status 2."""
    handler = signal.getsignal(signal.SIGINT)

    def said(*arguments):
        monkeypatch.setattr(sys, "argv", ["backpain-risk", *map(str, arguments)])
        with pytest.raises(SystemExit) as end:
            main()
        assert end.value.code == 2
        [line] = capsys.readouterr().err.strip().split("\n")
        return line

    yield said
    signal.signal(signal.SIGINT, handler)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ("simulate", "--out", "{0}/sim.xlsx", "--seed", 1),
            "out must end in .csv or .parquet, or be a folder",
        ),
        (("simulate", "--out", "{0}/file/a.csv", "--seed", 1, "--n", 10), "file is in the way"),
        (
            ("simulate", "--out", "{0}/" + "x" * 300 + ".csv", "--seed", 1, "--n", 10),
            "Choose a shorter name",
        ),
        (("simulate", "--out", "{0}/file", "--seed", 1, "--n", 10), ""),
        (
            ("simulate", "--out", "{0}/old.csv", "--seed", 1),
            "old.csv is there. Choose another name, or pass --force",
        ),
        (("simulate", "--out", "{0}/new.csv", "--seed", 1, "--resume"), "resume is for folders"),
        (("simulate", "--out", "{0}/new", "--seed", 1, "--force"), "force is for files"),
        (("simulate", "--out", "{0}/new.csv", "--seed", -1), "seed must be"),
        (
            ("assess", "--flag", "night_pain", "--no-flag", "night_pain"),
            "present or absent; got --flag and --no-flag",
        ),
        (("assess", "--flag", "male", "--female"), "male must be told once"),
        (
            ("assess", "--flag", "age_50_or_over", "--age", 30),
            "age_50_or_over must agree with age_years; got 1 and 30",
        ),
        (
            ("assess", "--flag", "night_pain", "--plot", "{0}/a.pdf"),
            "plot must end in .png; got 'a.pdf'",
        ),
        (("assess", "--flag", "night_pain", "--model", "{0}/old.csv"), "must hold JSON"),
        (
            ("check-report", "--reports", "{0}"),
            "results.json cannot be read or written: No such file",
        ),
        (("check", "{0}"), "is a folder"),
        (("verify", "{0}"), "manifest"),
    ],
)
def test_bad_requests_end_in_one_sentence(sentence, tmp_path, arguments, message):
    (tmp_path / "file").write_text("")
    (tmp_path / "old.csv").write_text("mine")
    assert message in sentence(*(str(a).format(tmp_path) for a in arguments))
    assert (tmp_path / "old.csv").read_text() == "mine"


def test_a_file_is_replaced_when_that_is_asked_for(tmp_path):
    out = tmp_path / "old.csv"
    out.write_text("mine")
    assert run("simulate", "--out", out, "--seed", 1, "--n", 10, "--force").returncode == 0
    assert out.read_text().startswith("age_years")


@pytest.mark.skipif(
    not Path("/dev/full").exists(), reason="this system has no device that is always full"
)
def test_a_full_device_ends_in_one_sentence():
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [COMMAND, "evidence"], stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    assert done.returncode == 2
    assert done.stderr.endswith(
        "No space left on device. Make room; what was there before is whole.\n"
    )


@pytest.mark.parametrize("arguments", [("evidence", "--json"), ("--version",)])
def test_a_closed_pipe_ends_quietly(arguments):
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [COMMAND, *arguments], stdout=writing, stderr=subprocess.PIPE, text=True, check=False
    )
    os.close(writing)
    assert (done.returncode, done.stderr) == (141, "")


def interrupted(call, under_way):
    """Complaints and status of a command that is interrupted, as a terminal does it, once it is
    under way.
    """
    options = {"stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE, "start_new_session": True}
    process = subprocess.Popen(call, text=True, **options)
    with under_way.open() as told:
        assert told.read() == "under way"
    os.killpg(process.pid, signal.SIGINT)
    return process.communicate(timeout=60)[1], process.returncode


def test_interrupting_a_report_ends_quietly(tmp_path):
    fifo = tmp_path / "under_way"
    os.mkfifo(fifo)
    code = (
        f"import pathlib, signal\npathlib.Path({str(fifo)!r}).write_text('under "
        "way')\nsignal.pause()"
    )
    cell = {
        "cell_type": "code",
        "execution_count": None,
        "id": "a",
        "metadata": {},
        "outputs": [],
        "source": code,
    }
    notebook = {"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    (tmp_path / "waiting.ipynb").write_text(json.dumps(notebook))
    call = ("report", "--notebooks", tmp_path, "--reports", tmp_path / "out")
    assert interrupted([COMMAND, *map(str, call)], fifo) == ("", 130)


TELLING = """
import pathlib, backpain_risk.cli
from rich.progress import Progress
def told(self, *_):
    Progress.advance = lambda *_: None
    pathlib.Path("{fifo}").write_text("under way")
Progress.advance = told
backpain_risk.cli.main()
"""


def test_interrupting_workers_ends_quietly(tmp_path):
    fifo = tmp_path / "under_way"
    os.mkfifo(fifo)
    call = [
        "simulate",
        "--out",
        str(tmp_path / "many"),
        "--seed",
        "1",
        "--n",
        "30_000_000",
        "--jobs",
        "2",
    ]
    assert interrupted([sys.executable, "-c", TELLING.format(fifo=fifo), *call], fifo) == ("", 130)


def test_other_errors_are_not_hidden():
    def broken():
        raise ZeroDivisionError

    handler = signal.getsignal(signal.SIGINT)
    try:
        with pytest.raises(ZeroDivisionError):
            run_to_its_end(broken)
    finally:
        signal.signal(signal.SIGINT, handler)
