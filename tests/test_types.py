"""What a user's type checker sees of the package: real types, and real mistakes."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest

pytestmark = pytest.mark.contract

PROGRAM = """\
import numpy as np
import backpain_risk as bpr
from backpain_risk import plots

scenario = bpr.load_scenario("primary_care")
cohort = bpr.simulate_cohort(scenario, 100, seed=1)
y = [0, 1]
risk = np.array([0.1, 0.2])
reveal_type(scenario)  # backpain_risk.scenario.scenario.Scenario
reveal_type(cohort)  # backpain_risk.cohort.table.Cohort
reveal_type(cohort.predictors)  # pandas.core.frame.DataFrame
reveal_type(scenario.risk(cohort.predictors))  # numpy.ndarray[...dtype[numpy.float64]]
reveal_type(bpr.auroc(y, risk).value)  # float
reveal_type(bpr.LogisticModel().fit(cohort.predictors, y))  # backpain_risk...LogisticModel
reveal_type(bpr.decision_curve(y, risk))  # backpain_risk...DecisionCurve
reveal_type(plots.plot_decision_curve(bpr.decision_curve(y, risk)))  # matplotlib...Axes
reveal_type(bpr.RED_FLAGS)  # tuple[str, ...]
bpr.auroc(y, risk, level="high")  # error: "level" to "auroc" has incompatible type "str"
bpr.load_scenario(3)  # error: "load_scenario" has incompatible type "int"
bpr.no_such_name  # error: Module has no attribute "no_such_name"
"""


@pytest.fixture(scope="module")
def seen(tmp_path_factory, pytestconfig):
    """What ``mypy --strict`` says of each line of the program, outside the repository."""
    pytest.importorskip("mypy")
    folder = tmp_path_factory.mktemp("user")
    (folder / "program.py").write_text(PROGRAM, "utf-8")
    cache = pytestconfig.cache.mkdir("mypy") if hasattr(pytestconfig, "cache") else folder
    command = [sys.executable, "-m", "mypy", "--strict", "--cache-dir", str(cache), "program.py"]
    quiet = {k: v for k, v in os.environ.items() if not k.startswith("MYPY")}
    done = subprocess.run(
        command, cwd=folder, env=quiet, capture_output=True, text=True, check=False
    )
    found = re.findall(r"^program\.py:(\d+): (note|error): (.*)$", done.stdout, re.MULTILINE)
    assert found, done.stdout + done.stderr
    return {int(line): (kind, text) for line, kind, text in found}


def expected() -> dict[int, str]:
    """The comment of each line that has one."""
    lines = enumerate(PROGRAM.splitlines(), 1)
    return {number: line.split("  # ")[1] for number, line in lines if "  # " in line}


@pytest.mark.parametrize(("line", "words"), expected().items(), ids=expected().values())
def test_a_users_type_checker_sees_real_types(seen, line, words):
    kind, text = seen[line]
    assert kind == ("error" if words.startswith("error: ") else "note")
    for part in words.removeprefix("error: ").split("..."):
        assert part in text


def test_nothing_else_is_said_of_the_program(seen):
    assert set(seen) == set(expected())
