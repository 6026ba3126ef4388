"""Damaged, swapped, planted and half-replaced files: nothing is read that was not written, and
each gets a sentence.
"""

from __future__ import annotations

import itertools
import json
import multiprocessing
import os
import random
import resource
import shutil
import signal
import stat
import threading
from collections import Counter
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from backpain_risk import (
    Cohort,
    count_patterns,
    read_cohort,
    simulate_cohort,
    simulate_to_parquet,
    verify_cohort,
    write_cohort,
)
from backpain_risk.cohort import store
from backpain_risk.cohort.manifest import manifest_path

pytestmark = pytest.mark.contract

BOTH = pytest.mark.parametrize("suffix", [".csv", ".parquet"])


@pytest.fixture(scope="module")
def small(scenario):
    return simulate_cohort(scenario, 300, seed=3)


def same(cohort, other):
    return cohort.to_frame().equals(other.to_frame()) and cohort.latent.equals(other.latent)


@BOTH
@pytest.mark.parametrize("which", ["data", "manifest"])
def test_no_flipped_bit_is_read_as_other_data(tmp_path, small, suffix, which):
    path = tmp_path / f"cohort{suffix}"
    write_cohort(small, path)
    victim = path if which == "data" else manifest_path(path)
    places = random.Random(1)
    whole = victim.read_bytes()
    for _ in range(60):
        data = bytearray(whole)
        data[places.randrange(len(data))] ^= 1 << places.randrange(8)
        victim.write_bytes(data)
        try:
            back = read_cohort(path)
        except ValueError as error:
            assert str(path) in str(error)  # noqa: PT017 (either is right)
            continue
        assert same(back, small)  # a letter of a word that nothing reads
        assert (back.seed, back.scenario) == (3, small.scenario)


@BOTH
@pytest.mark.parametrize("length", [0, 1, 1000, -1])
def test_truncated_files_are_refused(tmp_path, small, suffix, length):
    path = tmp_path / f"cohort{suffix}"
    write_cohort(small, path)
    path.write_bytes(path.read_bytes()[:length])
    for read in (read_cohort, verify_cohort):
        with pytest.raises(ValueError, match="must have SHA-256"):
            read(path)
    manifest_path(path).unlink()
    if suffix == ".parquet" or length == 0:
        with pytest.raises(
            ValueError, match=r"must be a (CSV|Parquet) file that can be read; it is damaged"
        ):
            read_cohort(path)


@pytest.mark.parametrize(
    ("column", "value", "said"),
    [
        ("outcome", 2, "outcome must be 0 or 1; got 1 rows outside, first 2"),
        ("outcome", -1, "outcome must be 0 or 1"),
        ("outcome", 0.5, "outcome must be 0 or 1"),
        ("outcome", 300, "outcome must be 0 or 1"),
        ("age_years", 300, "age_years must lie from"),
        ("age_years", 1e12, "age_years must lie from"),
        ("night_pain", 5, "night_pain must be 0, 1 or missing"),
        ("night_pain", 256, "night_pain must be 0, 1 or missing"),
        ("night_pain", np.inf, "night_pain must be 0, 1 or missing"),
        ("esr_mm_h", -1, "esr_mm_h must lie from"),
    ],
)
@BOTH
@pytest.mark.parametrize("signed", [True, False])
def test_values_outside_their_range_are_refused(
    tmp_path, small, suffix, column, value, said, signed
):
    """With a manifest that somebody made for the file, and without any."""
    path = tmp_path / f"cohort{suffix}"
    write_cohort(small, path)
    table = pd.read_csv(path) if suffix == ".csv" else pd.read_parquet(path)
    table[column] = table[column].astype(float)
    table.loc[7, column] = value
    table.to_csv(path, index=False) if suffix == ".csv" else table.to_parquet(path, index=False)
    resign(path) if signed else manifest_path(path).unlink()
    with pytest.raises(ValueError, match=said):
        read_cohort(path)


def resign(path, **changes):
    """A manifest that belongs to whatever the file holds."""
    from backpain_risk.cohort.manifest import write_manifest
    from backpain_risk.files import sha256

    content = json.loads(manifest_path(path).read_text("utf-8"))
    content.pop("manifest_sha256")
    if path.is_file():
        content["sha256"] = sha256(path)
    write_manifest(path, content | changes)


def test_two_formats_of_one_name_have_two_manifests(tmp_path, scenario):
    other = scenario.replace(base_rate=0.03)
    write_cohort(simulate_cohort(scenario, 50, seed=1), tmp_path / "c.csv")
    write_cohort(simulate_cohort(other, 50, seed=2), tmp_path / "c.parquet")
    assert read_cohort(tmp_path / "c.csv").scenario == scenario
    assert read_cohort(tmp_path / "c.parquet").scenario == other


def test_a_former_manifest_belongs_to_the_file_it_names_only(tmp_path, small):
    """One manifest for both formats, without a checksum of itself or a list of columns."""
    path = tmp_path / "c.csv"
    former = tmp_path / "c.manifest.json"
    write_cohort(small, path)
    content = json.loads(manifest_path(path).read_text("utf-8"))
    manifest_path(path).unlink()
    former.write_text(
        json.dumps({k: v for k, v in content.items() if k not in ("columns", "manifest_sha256")})
    )
    back = read_cohort(path)
    assert (back.seed, back.scenario) == (3, small.scenario)
    pd.testing.assert_frame_equal(back.to_frame(), small.to_frame())
    small.to_frame().to_parquet(tmp_path / "c.parquet")
    assert read_cohort(tmp_path / "c.parquet").scenario is None


@BOTH
def test_without_a_manifest_a_file_is_ones_own(tmp_path, small, suffix):
    path = tmp_path / f"cohort{suffix}"
    write_cohort(small, path)
    manifest_path(path).unlink()
    back = read_cohort(path)
    assert (back.scenario, back.seed, back.latent) == (None, None, None)
    assert back.outcome.tolist() == small.outcome.tolist()
    assert "latent_cause" in back.other


def test_a_csv_of_ones_own_keeps_its_text(tmp_path):
    path = tmp_path / "own.csv"
    path.write_text(
        "patient,outcome,night_pain,age_years,visits,centre\n007,0,1,NA,1,NA\n08,1,,58,2,'x\n"
    )
    back = read_cohort(path)
    assert back.other.patient.tolist() == ["007", "08"]
    assert back.other.visits.tolist() == [1, 2]
    assert back.other.centre.tolist() == ["NA", "'x"]
    assert back.predictors.night_pain.isna().tolist() == [False, True]
    assert back.predictors.age_years.isna().tolist() == [True, False]


@BOTH
def test_a_file_of_other_patients_under_a_manifest_is_refused(tmp_path, scenario, suffix):
    a = tmp_path / f"a{suffix}"
    b = tmp_path / f"b{suffix}"
    write_cohort(simulate_cohort(scenario, 50, seed=1), a)
    write_cohort(simulate_cohort(scenario, 50, seed=2), b)
    shutil.copy(b, a)
    with pytest.raises(ValueError, match="must have SHA-256"):
        read_cohort(a)


GARBAGE = {
    "empty": "",
    "text": "garbage",
    "null": "null",
    "a list": "[]",
    "nothing": "{}",
    "nested": "[" * 100_000,
    "twice": '{"n": 1, "n": 2}',
    "wrong types": '{"n": "many", "sha256": 5}',
    "columns": '{"n": 300, "sha256": "x", "columns": {"a": {"table": "elsewhere"}}}',
    "files": '{"n": 300, "files": {"../secret.parquet": {"patients": 1}}}',
}


@BOTH
@pytest.mark.parametrize("text", GARBAGE.values(), ids=GARBAGE)
def test_a_manifest_that_is_none_gets_one_sentence(tmp_path, small, suffix, text):
    path = tmp_path / f"cohort{suffix}"
    write_cohort(small, path)
    manifest_path(path).write_text(text)
    for read in (read_cohort, verify_cohort):
        with pytest.raises(
            ValueError, match=r"manifest\.json must .*Write the cohort again\.$"
        ) as error:
            read(path)
        assert len(str(error.value)) < 400 + len(str(path))
    write_cohort(small, path)
    assert same(read_cohort(path), small)


@pytest.mark.parametrize("name", ["../secret.parquet", "absolute", "a/../../secret.parquet"])
def test_the_files_of_a_manifest_do_not_leave_its_folder(tmp_path, scenario, small, name):
    write_cohort(small, tmp_path / "secret.parquet")
    name = str(tmp_path / "secret.parquet") if name == "absolute" else name
    folder = tmp_path / "folder"
    simulate_to_parquet(scenario, 300, folder, seed=3)
    digest = json.loads(manifest_path(tmp_path / "secret.parquet").read_text("utf-8"))["sha256"]
    resign(folder, files={name: {"patients": 300, "sha256": digest}})
    for read in (read_cohort, verify_cohort, lambda path: count_patterns(path, ["male"])):
        with pytest.raises(ValueError, match="file names must be plain names inside their folder"):
            read(folder)


@pytest.mark.parametrize("changes", [{"scenario": {"name": "x"}}, {"scenario": {"base_rate": 5}}])
def test_a_scenario_that_is_none_is_refused(tmp_path, small, changes):
    write_cohort(small, tmp_path / "c.parquet")
    resign(tmp_path / "c.parquet", **changes)
    with pytest.raises(ValueError, match=r"scenario in .*c\.parquet\.manifest\.json"):
        read_cohort(tmp_path / "c.parquet")


# What happens between the file and its manifest.


def write_and_die(cohort, path, step):
    """Write a cohort, and be killed just before the given rename."""
    steps = itertools.count(1)
    rename = Path.replace

    def counted(self, target):
        if next(steps) == step:
            os.kill(os.getpid(), signal.SIGKILL)
        return rename(self, target)

    Path.replace = counted
    write_cohort(cohort, path)


@pytest.fixture(scope="module")
def other(scenario):
    return simulate_cohort(scenario.replace(base_rate=0.03), 200, seed=9)


def killed(cohort, path, step):
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["backpain_risk.cohort.partitions"])
    writer = context.Process(target=write_and_die, args=(cohort, path, step))
    writer.start()
    writer.join()
    return writer.exitcode == -signal.SIGKILL


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_a_kill_between_the_file_and_its_manifest_leaves_a_pair(tmp_path, small, other, suffix):
    """Killed before each of its three renames; the fourth run ends."""
    path = tmp_path / f"cohort{suffix}"
    seen = []
    for step in (1, 2, 3, 4):
        write_cohort(small, path)
        assert killed(other, path, step) == (step < 4)
        back = read_cohort(path)
        verify_cohort(path)
        seen.append(same(back, other) and (back.seed, back.scenario) == (9, other.scenario))
        assert seen[-1] or (same(back, small) and (back.seed, back.scenario) == (3, small.scenario))
    assert seen == [False, False, True, True]
    write_cohort(small, path)
    assert sorted(p.name for p in tmp_path.iterdir()) == [
        f"cohort{suffix}",
        f"cohort{suffix}.manifest.json",
    ]


def test_a_kill_over_a_file_of_ones_own_leaves_it_ones_own(tmp_path, other):
    path = tmp_path / "cohort.csv"
    text = "outcome,night_pain,site\n0,1,'x\n1,0,007\n"
    path.write_text(text)
    assert killed(other, path, 2)
    assert path.read_text() == text
    back = read_cohort(path)
    assert back.scenario is None
    assert back.other.site.tolist() == ["'x", "007"]


def test_threads_writing_one_name_take_turns_and_leave_one_of_the_cohorts(
    tmp_path, scenario, monkeypatch
):
    path = tmp_path / "cohort.parquet"
    errors = []
    together = threading.Barrier(4)
    busy = []
    most = []
    look = store._must_come_back

    def counted(*arguments):
        busy.append(1)
        look(*arguments)
        most.append(len(busy))
        busy.pop()

    monkeypatch.setattr(store, "_must_come_back", counted)

    def work(seed):
        cohort = simulate_cohort(scenario, 50 + seed, seed=seed)
        together.wait()
        try:
            write_cohort(cohort, path)
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert most == [1] * 4
    back = read_cohort(path)
    assert len(back) == 50 + back.seed
    assert len(list(tmp_path.iterdir())) == 2


def test_a_restricted_file_stays_restricted(tmp_path, small):
    path = tmp_path / "cohort.csv"
    write_cohort(small, path)
    path.chmod(0o600)
    write_cohort(small, path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_file_that_is_there_is_kept_when_it_must_be(tmp_path, small):
    path = tmp_path / "cohort.csv"
    path.write_text("mine")
    with pytest.raises(ValueError, match=r"path must be new; .* is there already"):
        write_cohort(small, path, overwrite=False)
    assert [p.read_text() for p in tmp_path.iterdir()] == ["mine"]


# Patterns counted from files.


def flipped(path, n=1):
    data = bytearray(path.read_bytes())
    for i in range(n):
        data[len(data) // 3 + 7 * i] ^= 4
    path.write_bytes(data)


def test_patterns_are_not_counted_from_damaged_files(tmp_path, scenario, small):
    folder = tmp_path / "folder"
    path = tmp_path / "c.parquet"
    simulate_to_parquet(scenario, 300, folder, seed=3)
    write_cohort(small, path)
    assert count_patterns(folder, ["male"]).n.sum() == count_patterns(path, ["male"]).n.sum() == 300
    flipped(folder / "patients-00000.parquet")
    flipped(path)
    for damaged in (folder, path):
        with pytest.raises(ValueError, match="must have SHA-256"):
            count_patterns(damaged, ["male"])


@pytest.mark.parametrize("content", [b"", b"PAR1", b"garbage" * 100, b"PAR1" * 100])
def test_what_is_no_parquet_file_gets_one_sentence(tmp_path, content):
    path = tmp_path / "c.parquet"
    path.write_bytes(content)
    for read in (read_cohort, lambda p: count_patterns(p, ["male"])):
        with pytest.raises(
            ValueError,
            match="must be a Parquet file that can be read; it is damaged or of another kind",
        ):
            read(path)


@pytest.mark.parametrize(
    ("column", "value", "said"),
    [("outcome", 2, "outcome must be 0 or 1"), ("male", 5, "male must be 0, 1")],
)
def test_patterns_of_values_outside_their_range_are_refused(tmp_path, small, column, value, said):
    table = small.to_frame()
    table.loc[7, column] = value
    table.to_parquet(tmp_path / "own.parquet")
    with pytest.raises(ValueError, match=said):
        count_patterns(tmp_path / "own.parquet", ["male", "night_pain"])


def test_the_outcome_of_patterns_may_be_any_yes_or_no(tmp_path, small):
    small.to_frame().to_parquet(tmp_path / "own.parquet")
    patterns = count_patterns(tmp_path / "own.parquet", ["male"], outcome="night_pain")
    counts = Counter(zip(small.predictors.male, small.predictors.night_pain, strict=True))
    assert patterns.events.tolist() == [counts[0, 1], counts[1, 1]]
    with pytest.raises(ValueError, match="outcome must be 0 or 1"):
        count_patterns(tmp_path / "own.parquet", ["male"], outcome="age_years")


def test_cohorts_of_ones_own_say_no_synthetic_data(tmp_path):
    table = pd.DataFrame({"outcome": [0, 1], "night_pain": [0, 1]})
    write_cohort(Cohort.from_frame(table), tmp_path / "own.csv")
    notice = json.loads(manifest_path(tmp_path / "own.csv").read_text("utf-8"))["notice"]
    assert notice == "For research; not for clinical use."


# A full disk: a limit on the size of files stands for it, and a write fails with the same kind of
# error.


@contextmanager
def room_for(n_bytes):
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (n_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, ignored)


@BOTH
@pytest.mark.parametrize("room", [100, 5000])
def test_a_full_disk_leaves_the_old_cohort(tmp_path, small, other, suffix, room):
    path = tmp_path / f"cohort{suffix}"
    write_cohort(small, path)
    with room_for(room), pytest.raises(OSError, match="File too large"):
        write_cohort(other, path)
    assert same(read_cohort(path), small)
    assert len(list(tmp_path.iterdir())) == 2


def test_a_run_that_met_a_full_disk_is_resumed(tmp_path, scenario):
    with room_for(20_000), pytest.raises(OSError, match="File too large"):
        simulate_to_parquet(scenario, 70_000, tmp_path, seed=4, blocks_per_file=1)
    assert [path.name for path in tmp_path.iterdir()] == ["plan.json"]
    simulate_to_parquet(scenario, 70_000, tmp_path, seed=4, blocks_per_file=1)
    verify_cohort(tmp_path)
