"""Commands that show and pool the evidence."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from backpain_risk import pool_accuracy

pytestmark = pytest.mark.contract


def test_evidence_lists_all_findings_or_one_with_its_doubts(run):
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


def test_evidence_is_told_in_json_too(run):
    rows = json.loads(run("evidence", "history_of_cancer", "--json").stdout)
    assert [row["tp"] for row in rows if row["preferred"]] == [4]
    assert {row["status"] for row in rows} == {"reported", "unconfirmed"}
    assert len(json.loads(run("evidence", "--json").stdout)) > 30


def test_an_unknown_finding_ends_in_a_sentence(run):
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


def test_pool_pools_a_strangers_studies(run, own_studies, tmp_path):
    done = run("pool", own_studies, "--out", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    assert "4 studies, reml" in done.stdout
    assert {p.name for p in (tmp_path / "out").iterdir()} == {
        "manifest.json",
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
def test_bad_pooling_ends_in_a_sentence(run, own_studies, arguments, message):
    done = run("pool", own_studies, *arguments)
    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr
