"""Studies run anywhere, interrupted or damaged, end in the same bytes; what fails is a row."""

from __future__ import annotations

import resource
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from ways_to_fail import failing

import backpain_risk as bpr
from backpain_risk.studies.running import study_status

pytestmark = pytest.mark.contract
FLAGS = ("history_of_cancer", "age_50_or_over", "failure_to_improve")


def small(**changes):
    given = {
        "scenarios": {"clinic": bpr.load_scenario("spine_clinic")},
        "sizes": [500],
        "methods": {"ml": bpr.LogisticModel(), "lr": bpr.LikelihoodRatioModel()},
        "predictors": FLAGS,
        "replicates": 60,
        "seed": 3,
    }
    return bpr.StudyDesign(**given | changes)


def contents(folder: Path) -> dict[str, bytes]:
    return {p.name: p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("serial")
    return bpr.run_study(small(), directory=folder), contents(folder)


def test_processes_and_threads_give_the_bytes_of_one(undisturbed, tmp_path):
    bpr.run_study(small(), directory=tmp_path / "two", n_jobs=2)
    assert contents(tmp_path / "two") == undisturbed[1]
    with ThreadPoolExecutor(2) as executor:
        bpr.run_study(small(), directory=tmp_path / "threads", executor=executor)
    assert contents(tmp_path / "threads") == undisturbed[1]
    pd.testing.assert_frame_equal(bpr.run_study(small()).replicates, undisturbed[0].replicates)


def test_dask_gives_the_bytes_of_one_process(undisturbed, tmp_path):
    distributed = pytest.importorskip("distributed")
    options = {"processes": False, "n_workers": 2, "threads_per_worker": 1}
    with distributed.Client(**options, dashboard_address=None) as client:
        bpr.run_study(small(), directory=tmp_path, executor=client.get_executor())
    assert contents(tmp_path) == undisturbed[1]


def test_a_study_grows_by_what_is_new(undisturbed, tmp_path):
    told = []
    few = small(replicates=40, methods={"ml": bpr.LogisticModel()})
    bpr.run_study(few, directory=tmp_path)
    before = contents(tmp_path / "replicates")
    grown = bpr.run_study(small(), directory=tmp_path, on_chunk=lambda *k: told.append(k))
    assert told[0] == (40, 120)
    after = contents(tmp_path / "replicates")
    assert before.items() <= after.items()
    pd.testing.assert_frame_equal(grown.replicates, undisturbed[0].replicates)
    told.clear()
    bpr.run_study(small(), directory=tmp_path, on_chunk=lambda *k: told.append(k))
    assert told == [(120, 120)]
    with pytest.raises(ValueError, match="directory must hold no replicates when resume is False"):
        bpr.run_study(small(), directory=tmp_path, resume=False)


def test_slow_methods_may_have_fewer_replicates(undisturbed):
    few = bpr.run_study(small(replicates={"ml": 60, "lr": 7}))
    found = few.replicates.groupby("method").size()
    assert (found.ml, found.lr) == (60, 7)
    contrast = few.contrast("ml", "lr", "auroc")
    assert (contrast.replicates.item(), contrast.missing.item()) == (7, 53)
    whole = undisturbed[0].replicates.query("replicate < 7 or method == 'ml'")
    pd.testing.assert_frame_equal(few.replicates, whole.reset_index(drop=True))


@pytest.mark.parametrize("damage", ["truncated", "a bit flipped", "another cell's name"])
def test_damaged_files_are_found_and_made_again(undisturbed, tmp_path, damage, caplog):
    bpr.run_study(small(), directory=tmp_path)
    first, *_, last = sorted((tmp_path / "replicates").glob("*.parquet"))
    content = bytearray(first.read_bytes())
    if damage == "truncated":
        first.write_bytes(content[:-100])
    elif damage == "a bit flipped":
        content[len(content) // 2] ^= 4
        first.write_bytes(content)
    else:
        first.write_bytes(last.read_bytes())
    assert study_status(small(), tmp_path).damaged.sum() == 1
    again = bpr.run_study(small(), directory=tmp_path)
    assert "changed or damaged since it was written" in caplog.text
    assert contents(tmp_path) == undisturbed[1]
    pd.testing.assert_frame_equal(again.replicates, undisturbed[0].replicates)


def test_a_full_disk_stops_the_run_and_keeps_what_is_finished(undisturbed, tmp_path):
    """By the limit of the size of a file, so that no disk need be filled."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    old = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    stop = []

    def limit(done, total):
        if done:
            resource.setrlimit(resource.RLIMIT_FSIZE, (1000, before[1]))
            stop.append(done)

    try:
        with pytest.raises(OSError, match="too large"):
            bpr.run_study(small(), directory=tmp_path, on_chunk=limit)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, old)
    assert stop == [100]
    assert not list(tmp_path.rglob("*.part"))
    bpr.run_study(small(), directory=tmp_path)
    assert contents(tmp_path) == undisturbed[1]


KILLED = """
import sys
import backpain_risk as bpr
design = bpr.load_study_design(sys.argv[1])
bpr.run_study(design, directory=sys.argv[2], on_chunk=lambda *k: print(*k, flush=True))
"""


def test_a_killed_driver_goes_on_where_it_was(undisturbed, tmp_path):
    design = tmp_path / "design.toml"
    design.write_text(small().to_toml(), "utf-8")
    folder = tmp_path / "out"
    command = [sys.executable, "-c", KILLED, str(design), str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as driver:
        for line in driver.stdout:
            if line.startswith("100 "):
                driver.kill()
    assert driver.returncode == -signal.SIGKILL
    bpr.run_study(bpr.load_study_design(design), directory=folder)
    assert contents(folder) == undisturbed[1]


@pytest.mark.parametrize(
    ("how", "cause", "reason"),
    [
        ("raise", "raised", "ArithmeticError: no maximum"),
        ("nan", "not a risk", r"risks outside \[0, 1\] or missing: 1 of 8 patterns, first nan"),
        ("inf", "not a risk", "first inf"),
        ("percent", "not a risk", "first 95"),
        ("sleep", "time", "took longer than 0.2 s"),
        ("loop", "time", "took longer than 0.2 s"),
    ],
)
def test_a_method_that_fails_is_a_row_with_its_reason(how, cause, reason):
    methods = {"lr": bpr.LikelihoodRatioModel(), "bad": failing(how)}
    design = small(methods=methods, replicates=8, time_limit=0.2 if cause == "time" else 60.0)
    found = bpr.run_study(design)
    table = found.replicates.set_index("method")
    expected = table.loc["bad", "events"] % 5 == 0
    assert 0 < expected.sum() < 8
    assert ((table.loc["bad", "cause"] == cause) == expected).all()
    assert (table.loc["lr", "cause"] == "").all()
    [failure] = found.failures().query("method == 'bad'").to_dict("records")
    assert (failure["cause"], failure["replicates"]) == (cause, expected.sum())
    assert pd.Series([failure["reason"]]).str.contains(reason).all()
    rates = found.performance().set_index(["method", "measure"])
    assert rates.loc[("bad", "failed"), "value"] == expected.mean()
    assert rates.loc[("bad", "auroc"), "missing"] == expected.sum()
    replayed = found.replay("clinic", 500, int(failure["first"])).rows.set_index("method")
    assert replayed.loc["bad", "cause"] == cause


def test_a_time_limit_holds_in_threads_too():
    design = small(methods={"bad": failing("loop")}, replicates=8, time_limit=0.2)
    with ThreadPoolExecutor(1) as executor:
        found = bpr.run_study(design, executor=executor).replicates
    assert set(found.cause[found.events % 5 == 0]) == {"time"}
    assert set(found.cause[found.events % 5 != 0]) == {""}


def test_a_replicate_that_ends_its_process_is_named_and_the_others_finish():
    """A worker killed by a segmentation fault, as by the system when memory is short."""
    methods = {"lr": bpr.LikelihoodRatioModel(), "bad": failing("segfault")}
    found = bpr.run_study(small(methods=methods, replicates=8), n_jobs=2).replicates
    bad = found[found.method == "bad"]
    guilty = bad.events % 5 == 0
    assert 0 < guilty.sum() < 8
    assert set(bad.cause[guilty]) == {"process"}
    assert set(bad.reason[guilty]) == {"ended its process (SIGSEGV(-11))"}
    assert (bad.cause[~guilty] == "").all()
    alone = bpr.run_study(small(methods={"lr": methods["lr"]}, replicates=8)).replicates
    lr = found[found.method == "lr"].reset_index(drop=True)[alone.columns]
    pd.testing.assert_frame_equal(lr, alone)


def test_one_writer_at_a_time(tmp_path):
    code = "import sys, time\nfrom pathlib import Path\n"
    code += "from backpain_risk.files import one_writer\n"
    code += "with one_writer(Path(sys.argv[1]) / '.lock'):\n    print('held', flush=True)\n"
    code += "    time.sleep(60)\n"
    with subprocess.Popen([sys.executable, "-c", code, tmp_path], stdout=subprocess.PIPE) as other:
        assert other.stdout.readline() == b"held\n"
        with pytest.raises(ValueError, match="must have one writer at a time"):
            bpr.run_study(small(), directory=tmp_path)
        other.kill()


@pytest.mark.identity
def test_any_replicate_can_be_replayed_alone(undisturbed):
    replayed = undisturbed[0].replay("clinic", 500, 17)
    stored = undisturbed[0].replicates.query("replicate == 17").reset_index(drop=True)
    assert replayed.cohort.n.sum() == 500
    for column in stored:
        assert replayed.rows[column].equals(stored[column].astype(replayed.rows[column].dtype))
    assert replayed.models["ml"].result_.n == 500


@pytest.mark.identity
def test_methods_share_their_cohorts_and_contrasts_are_paired(undisturbed):
    table = undisturbed[0].replicates
    events = table.pivot(index="replicate", columns="method", values="events")
    assert (events.ml == events.lr).all()
    row = undisturbed[0].contrast("ml", "lr", "auroc").iloc[0]
    wide = table.pivot(index="replicate", columns="method", values="auroc")
    gap = wide.ml - wide.lr
    assert row.value == pytest.approx(gap.mean())
    assert row.mcse == pytest.approx(gap.std() / np.sqrt(60))
    assert row.mcse < row.unpaired_mcse
    assert undisturbed[0].contrast("ml", "ml", "auroc").value.item() == 0


@pytest.mark.recovery
def test_a_target_error_is_followed():
    design = small(replicates=50, methods={"lr": bpr.LikelihoodRatioModel()})
    target = {"auroc": 0.0018}
    first = bpr.run_study(design)
    needed = int(first.replicates_needed(target).needed.item())
    assert 50 < needed < 500
    more = bpr.run_study(design, target_mcse=target)
    assert len(more.replicates) >= needed
    reached = more.performance().set_index("measure").mcse["auroc"]
    assert reached <= 0.0018


def test_drawn_truths_are_shared_by_sizes_and_methods():
    truth = bpr.DrawnTruth(scenario=bpr.load_scenario("spine_clinic"))
    design = small(scenarios={"drawn": truth}, sizes=[400, 800], replicates=3)
    found = bpr.run_study(design)
    rates = [found.replay("drawn", n, r).truth.base_rate for r in (0, 1) for n in (400, 800)]
    assert rates[0] == rates[1] != rates[2] == rates[3]


def test_a_study_kept_in_a_file_is_read_or_refused(undisturbed, tmp_path):
    path = undisturbed[0].write(tmp_path / "study.parquet")
    again = bpr.load_study(path)
    pd.testing.assert_frame_equal(again.replicates, undisturbed[0].replicates)
    assert again.design.digest == undisturbed[0].design.digest
    content = bytearray(path.read_bytes())
    content[len(content) // 3] ^= 1
    path.write_bytes(content)
    with pytest.raises(ValueError, match="must have the checksum that its manifest states"):
        bpr.load_study(path)


def test_patients_one_by_one_are_a_draw_too():
    found = bpr.run_study(small(draw="patients", replicates=2))
    assert (found.replicates.cause == "").all()
    assert found.replay("clinic", 500, 1).cohort.n.sum() == 500


def test_random_numbers_of_a_method_are_those_of_its_replicate():
    from sklearn.ensemble import RandomForestClassifier

    forest = RandomForestClassifier(n_estimators=3)
    first, again = (bpr.run_study(small(methods={"f": forest}, replicates=3)) for _ in range(2))
    pd.testing.assert_frame_equal(first.replicates, again.replicates)
    seeds = {first.replay("clinic", 500, r).models["f"].random_state for r in range(3)}
    assert len(seeds) == 3


def test_a_study_says_what_it_is(undisturbed):
    text = repr(undisturbed[0])
    assert "2 methods: 120 replicates in 2 cells, 0 failed" in text
    assert "ynthetic data" in text
    assert "array(" not in undisturbed[0]._repr_html_()
