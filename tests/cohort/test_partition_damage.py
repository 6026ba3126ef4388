"""Resuming never blesses damage, two processes never share a folder, and what is not ours stays."""

from __future__ import annotations

import json
import multiprocessing
import os
import shutil
import signal

import pytest

from backpain_risk import read_cohort, simulate_to_parquet, verify_cohort
from backpain_risk.cohort import partitions

pytestmark = pytest.mark.contract

N = 2 * 65_536 + 400
FIRST, SECOND, THIRD = (f"patients-0000{i}.parquet" for i in range(3))


def run(scenario, folder, seed=4, **options):
    return simulate_to_parquet(scenario, N, folder, seed=seed, blocks_per_file=1, **options)


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.fixture(scope="module")
def undisturbed(scenario, tmp_path_factory):
    folder = tmp_path_factory.mktemp("undisturbed")
    run(scenario, folder)
    return folder


@pytest.fixture(scope="module")
def unfinished(undisturbed, tmp_path_factory):
    """All but the last file, as a kill leaves them."""
    folder = tmp_path_factory.mktemp("unfinished") / "run"
    shutil.copytree(undisturbed, folder)
    files = json.loads((folder / "manifest.json").read_text("utf-8"))["files"]
    for name in ("manifest.json", THIRD):
        (folder / name).unlink()
    for name in (FIRST, SECOND):
        partitions._note(folder, name, files[name]["sha256"])
    return folder


def flip(folder):
    data = bytearray((folder / FIRST).read_bytes())
    data[len(data) // 2] ^= 1
    (folder / FIRST).write_bytes(data)


def swap(folder):
    (folder / FIRST).rename(folder / "x")
    (folder / SECOND).rename(folder / FIRST)
    (folder / "x").rename(folder / SECOND)


DAMAGE = {
    "flipped": flip,
    "swapped": swap,
    "empty": lambda folder: (folder / FIRST).write_bytes(b""),
    "truncated": lambda folder: (folder / FIRST).write_bytes((folder / FIRST).read_bytes()[:-100]),
}


@pytest.mark.parametrize("state", ["complete", "unfinished"])
@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
def test_resuming_draws_damaged_files_again_and_says_so(
    tmp_path, scenario, undisturbed, unfinished, caplog, state, damage
):
    folder = tmp_path / "run"
    drawn = []
    shutil.copytree(undisturbed if state == "complete" else unfinished, folder)
    damage(folder)
    run(scenario, folder, on_file=drawn.append)
    verify_cohort(folder)
    assert contents(folder) == contents(undisturbed)
    assert sum(drawn) == N
    assert f"{FIRST} was changed or damaged since it was written and is drawn again." in caplog.text


def test_only_what_is_missing_or_damaged_is_drawn(tmp_path, scenario, unfinished, monkeypatch):
    folder = tmp_path / "run"
    drawn = []
    write = partitions._write_piece
    shutil.copytree(unfinished, folder)
    flip(folder)
    monkeypatch.setattr(partitions, "_write_piece", lambda *a: drawn.append(a[2].name) or write(*a))
    run(scenario, folder)
    assert drawn == [FIRST, THIRD]


@pytest.mark.parametrize(
    "notes", [b"", b"garbage\n[]\n5\n{}\n", b'{"name": "patients-00000.parquet", "sha2']
)
def test_files_of_which_nothing_is_noted_are_drawn_again(
    tmp_path, scenario, undisturbed, unfinished, notes
):
    folder = tmp_path / "run"
    shutil.copytree(unfinished, folder)
    (folder / partitions.FINISHED).write_bytes(notes)
    flip(folder)
    run(scenario, folder)
    assert contents(folder) == contents(undisturbed)


@pytest.mark.parametrize(
    "text", ["", "garbage", "[1]", "null", "[" * 100_000, '{"n": 1, "n": 2}', "{}"]
)
def test_a_plan_that_is_none_gets_one_sentence(tmp_path, scenario, unfinished, text):
    folder = tmp_path / "run"
    shutil.copytree(unfinished, folder)
    (folder / partitions.PLAN).write_text(text)
    before = contents(folder)
    with pytest.raises(
        ValueError, match=r"plan\.json must hold|must hold the same plan to resume"
    ) as error:
        run(scenario, folder)
    assert len(str(error.value)) < 500 + 2 * len(str(folder))
    assert contents(folder) == before


def test_a_plan_changed_by_hand_is_another_plan(tmp_path, scenario, unfinished):
    folder = tmp_path / "run"
    shutil.copytree(unfinished, folder)
    plan = json.loads((folder / partitions.PLAN).read_text("utf-8"))
    plan["scenario"]["base_rate"] = 0.02
    (folder / partitions.PLAN).write_text(json.dumps(plan))
    with pytest.raises(ValueError, match="differs in scenario"):
        run(scenario, folder)


def test_what_is_the_users_own_stays(tmp_path, scenario, unfinished):
    folder = tmp_path / "run"
    shutil.copytree(unfinished, folder)
    (folder / ".mine.part").write_text("mine")
    run(scenario, folder)
    assert (folder / ".mine.part").read_text() == "mine"


def hold(scenario, folder, pipe):
    """A run that stops with its first file half written, until it is killed."""

    def stop(part):
        part.write_text("half")
        pipe.send(os.getpid())
        signal.pause()

    atomically = partitions.write_atomically
    partitions.write_atomically = lambda target, write: atomically(
        target, stop if target.suffix == ".parquet" else write
    )
    run(scenario, folder, seed=5)


@pytest.fixture
def living(scenario, tmp_path):
    """A folder in which another process is writing, and that process."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["backpain_risk.cohort.partitions"])
    mine, theirs = context.Pipe()
    process = context.Process(target=hold, args=(scenario, tmp_path / "run", theirs))
    process.start()
    assert mine.recv() == process.pid
    yield tmp_path / "run", process
    process.kill()
    process.join()


def test_a_second_process_is_refused_and_told_who_the_first_is(scenario, living):
    folder, process = living
    before = contents(folder)
    for seed in (4, 5):
        with pytest.raises(
            ValueError, match=f"one writer at a time; process {process.pid} on .+ since"
        ):
            run(scenario, folder, seed=seed)
    assert contents(folder) == before
    process.kill()
    process.join()
    with pytest.raises(ValueError, match="differs in seed"):
        run(scenario, folder, seed=4)
    run(scenario, folder, seed=5)
    assert read_cohort(folder).seed == 5
    assert sorted(contents(folder)) == sorted([FIRST, SECOND, THIRD, "manifest.json", "plan.json"])


def race(scenario, folder, seed, together, outcomes):
    together.wait()
    try:
        run(scenario, folder, seed=seed)
    except ValueError as error:
        outcomes.put((seed, str(error)))
    else:
        outcomes.put((seed, ""))


def test_of_two_that_start_together_one_wins_whole(scenario, tmp_path):
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["backpain_risk.cohort.partitions"])
    for i in range(4):
        together = context.Barrier(2)
        outcomes = context.SimpleQueue()
        arguments = (together, outcomes)
        racers = [
            context.Process(target=race, args=(scenario, tmp_path / str(i), seed, *arguments))
            for seed in (1, 2)
        ]
        for racer in racers:
            racer.start()
        said = dict(outcomes.get() for _ in racers)
        for racer in racers:
            racer.join()
        (winner,) = [seed for seed, error in said.items() if not error]
        assert "one writer at a time" in said[3 - winner] or "differs in seed" in said[3 - winner]
        verify_cohort(tmp_path / str(i))
        assert read_cohort(tmp_path / str(i)).seed == winner
        assert json.loads((tmp_path / str(i) / "plan.json").read_text("utf-8"))["seed"] == winner
