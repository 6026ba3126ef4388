"""Whole or absent after a kill or a full disk, never over a planted link, one writer at a time."""

from __future__ import annotations

import os
import resource
import shutil
import signal
import stat
import subprocess
import sys
import threading
import time

import pytest

import backpain_risk as bpr
from backpain_risk import files
from backpain_risk.files import (
    inside,
    one_writer,
    read_json,
    remove_leftovers,
    replace_folder,
    sha256,
    write_atomically,
)

pytestmark = pytest.mark.contract


def python(code, *arguments):
    """Another process that says when it is under way, by a line on its output."""
    run = [
        sys.executable,
        "-c",
        f"import sys\nfrom pathlib import Path\nfrom backpain_risk.files import *\n{code}",
    ]
    return subprocess.Popen(
        [*run, *map(str, arguments)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def wait_for_line(process):
    assert process.stdout.readline() == "under way\n", process.stderr.read()


def kill(process):
    process.send_signal(signal.SIGKILL)
    process.communicate()


WRITING = """
def write(part):
    part.write_text("half of it")
    print("under way", flush=True)
    __import__("signal").pause()
write_atomically(Path(sys.argv[1]), write)
"""


def test_a_kill_leaves_the_old_file_and_the_next_write_tidies_up(tmp_path):
    target = tmp_path / "model.json"
    target.write_text("old")
    process = python(WRITING, target)
    wait_for_line(process)
    kill(process)
    assert target.read_text() == "old"
    assert len(list(tmp_path.iterdir())) == 2
    write_atomically(target, lambda part: part.write_text("new"))
    assert [path.read_text() for path in tmp_path.iterdir()] == ["new"]


def test_the_unfinished_files_of_the_living_and_of_the_user_stay(tmp_path):
    mine = [
        tmp_path / name for name in (".mine.part", ".backpain-risk-notes.part", ".patients.12.part")
    ]
    for path in mine:
        path.write_text("mine")
    process = python(WRITING, tmp_path / "other.json")
    wait_for_line(process)
    before = sorted(tmp_path.iterdir())
    write_atomically(tmp_path / "model.json", lambda part: part.write_text("new"))
    assert sorted(tmp_path.iterdir()) == sorted([*before, tmp_path / "model.json"])
    kill(process)
    remove_leftovers(tmp_path)
    assert sorted(tmp_path.iterdir()) == sorted([*mine, tmp_path / "model.json"])


def test_an_error_while_writing_leaves_the_old_file_alone(tmp_path):
    target = tmp_path / "a.txt"
    target.write_text("old")
    with pytest.raises(TypeError):
        write_atomically(target, lambda part: part.write_text("half") + "stop")
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {"a.txt": "old"}


def test_a_full_disk_leaves_the_old_file_alone(tmp_path):
    """A limit on the size of files stands for the disk; the write fails with the same kind of
    error.
    """
    target = tmp_path / "a.txt"
    target.write_text("old")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, hard))
    try:
        with pytest.raises(OSError, match="File too large"):
            write_atomically(target, lambda part: part.write_bytes(b"x" * 100_000))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, ignored)
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {"a.txt": "old"}


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 64 kB, where this process may mount one."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = shutil.which("mount")
    if mount is None or not hasattr(os, "geteuid") or os.geteuid() != 0:
        pytest.skip("only root may mount a file system")
    call = [mount, "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(folder)]
    if subprocess.run(call, capture_output=True, check=False).returncode:
        pytest.skip("this system lets root mount nothing")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_disk_without_room_leaves_old_files_and_folders_alone(small_disk):
    """A file system that is really full, for a file, a folder and a cohort with its manifest."""
    (small_disk / "a.txt").write_text("old")
    (small_disk / "results").mkdir()
    (small_disk / "results/b.txt").write_text("old")
    cohort = bpr.simulate_cohort(bpr.load_scenario("walk_in"), 10, seed=1)
    bpr.write_cohort(cohort, small_disk / "c.csv")
    before = {path: path.read_bytes() for path in small_disk.rglob("*") if path.is_file()}
    much = b"x" * 200_000
    large = bpr.simulate_cohort(bpr.load_scenario("walk_in"), 20_000, seed=1)
    for write in (
        lambda: write_atomically(small_disk / "a.txt", lambda part: part.write_bytes(much)),
        lambda: replace_folder(
            small_disk / "results", lambda part: (part / "b.txt").write_bytes(much)
        ),
        lambda: bpr.write_cohort(large, small_disk / "c.csv"),
    ):
        with pytest.raises(OSError, match="No space left on device"):
            write()
        after = {path: path.read_bytes() for path in small_disk.rglob("*") if path.is_file()}
        assert after == before
    assert len(bpr.read_cohort(small_disk / "c.csv").outcome) == 10


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o664])
def test_permissions_are_kept(tmp_path, mode):
    target = tmp_path / "a.csv"
    target.write_text("old")
    target.chmod(mode)
    seen = []
    write_atomically(
        target, lambda part: seen.append(part.stat().st_mode) or part.write_text("new")
    )
    assert {stat.S_IMODE(m) for m in (*seen, target.stat().st_mode)} == {mode}


def test_a_new_file_follows_the_umask(tmp_path):
    old = os.umask(0o027)
    try:
        write_atomically(tmp_path / "a.csv", lambda part: part.write_text("new"))
    finally:
        os.umask(old)
    assert stat.S_IMODE((tmp_path / "a.csv").stat().st_mode) == 0o640


def test_planted_links_are_not_followed(tmp_path):
    victim = tmp_path / "victim"
    victim.write_text("precious")
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "a.csv").symlink_to(victim)
    (folder / f".backpain-risk-{'0' * 16}.part").symlink_to(victim)
    (folder / f".a.csv.{os.getpid()}.part").symlink_to(victim)
    write_atomically(folder / "a.csv", lambda part: part.write_text("new"))
    assert victim.read_text() == "precious"
    assert (folder / "a.csv").read_text() == "new"


def test_a_link_at_a_name_that_was_guessed_is_refused(tmp_path, monkeypatch):
    victim = tmp_path / "victim"
    victim.write_text("precious")
    monkeypatch.setattr(files.secrets, "token_hex", lambda n: "0" * 2 * n)
    (tmp_path / f".backpain-risk-{'0' * 16}.part").symlink_to(victim)
    with pytest.raises(FileExistsError):
        write_atomically(tmp_path / "a.csv", lambda part: part.write_text("new"))
    assert victim.read_text() == "precious"


def test_temporary_names_cannot_be_guessed(tmp_path):
    names = set()
    for _ in range(20):
        write_atomically(tmp_path / "a.csv", lambda part: names.add(part.name))
    assert len(names) == 20


def test_threads_writing_one_name_do_not_collide(tmp_path):
    target = tmp_path / "a.txt"
    errors = []
    together = threading.Barrier(8)

    def work(i):
        together.wait()
        try:
            for _ in range(10):
                write_atomically(target, lambda part: part.write_text(str(i) * 1000))
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=work, args=(i,)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]
    assert len(set(target.read_text())) == 1


@pytest.mark.parametrize("folder", [False, True])
def test_a_tidier_that_is_first_to_hold_a_new_file_costs_nothing(tmp_path, monkeypatch, folder):
    real = files.lock_descriptor
    threads = []

    def tidied_meanwhile(descriptor, *, blocking):
        if not threads:
            (part,) = tmp_path.glob("*.part")
            other = os.open(part, os.O_RDONLY)
            assert real(other, blocking=False)

            def tidy():
                shutil.rmtree(part) if folder else part.unlink()
                os.close(other)

            threads.append(threading.Timer(0.2, tidy))
            threads[0].start()
        return real(descriptor, blocking=blocking)

    monkeypatch.setattr(files, "lock_descriptor", tidied_meanwhile)
    target = tmp_path / "out"
    if folder:
        replace_folder(target, lambda part: (time.sleep(0.4), (part / "a").write_text("whole")))
        assert (target / "a").read_text() == "whole"
    else:
        write_atomically(target, lambda part: (time.sleep(0.4), part.write_text("whole")))
        assert target.read_text() == "whole"
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_a_folder_in_the_way_is_named(tmp_path):
    with pytest.raises(
        ValueError, match=r"path must be a file; .* is a folder\. Choose another name"
    ):
        write_atomically(tmp_path, lambda part: part.write_text("x"))


FOLDER = """
def write(part):
    for i in range(5):
        (part / f"{i}.csv").write_text("new")
        if i == 3:
            print("under way", flush=True)
            __import__("signal").pause()
replace_folder(Path(sys.argv[1]), write)
"""


def contents(folder):
    return {path.name: path.read_text() for path in folder.iterdir()}


def test_a_folder_is_old_or_new_and_never_both(tmp_path):
    target = tmp_path / "out"
    replace_folder(target, lambda part: [(part / f"{i}.csv").write_text("old") for i in range(8)])
    process = python(FOLDER, target)
    wait_for_line(process)
    kill(process)
    assert contents(target) == {f"{i}.csv": "old" for i in range(8)}
    replace_folder(target, lambda part: [(part / f"{i}.csv").write_text("new") for i in range(5)])
    assert contents(target) == {f"{i}.csv": "new" for i in range(5)}
    assert list(tmp_path.iterdir()) == [target]


@pytest.mark.parametrize("one_step", [True, False])
def test_a_folder_is_swapped_with_its_permissions(tmp_path, monkeypatch, one_step):
    if not one_step:
        monkeypatch.setattr("backpain_risk.files._exchanged", lambda one, other: False)
    target = tmp_path / "out"
    target.mkdir(mode=0o700)
    (target / "old.csv").write_text("old")
    replace_folder(target, lambda part: (part / "new.csv").write_text("new"))
    assert contents(target) == {"new.csv": "new"}
    assert stat.S_IMODE(target.stat().st_mode) == 0o700
    assert list(tmp_path.iterdir()) == [target]


def test_an_error_leaves_the_old_folder_alone(tmp_path):
    target = tmp_path / "out"
    target.mkdir()
    (target / "old.csv").write_text("old")
    with pytest.raises(ZeroDivisionError):
        replace_folder(target, lambda part: 1 / 0)
    assert contents(target) == {"old.csv": "old"}
    assert list(tmp_path.iterdir()) == [target]


def test_a_file_where_a_folder_belongs_is_named(tmp_path):
    (tmp_path / "out").write_text("mine")
    with pytest.raises(ValueError, match=r"folder must be a folder; .* is a file"):
        replace_folder(tmp_path / "out", lambda part: None)
    assert (tmp_path / "out").read_text() == "mine"


HOLDING = """
with one_writer(Path(sys.argv[1])):
    print("under way", flush=True)
    __import__("signal").pause()
"""


def test_a_second_writer_is_refused_and_told_who_the_first_is(tmp_path):
    lock_file = tmp_path / ".lock"
    process = python(HOLDING, lock_file)
    wait_for_line(process)
    when = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC"
    said = rf"one writer at a time; process {process.pid} on .+ since {when} is writing"
    with pytest.raises(ValueError, match=said), one_writer(lock_file):
        pass
    kill(process)
    with one_writer(lock_file):
        assert f"process {os.getpid()} on" in lock_file.read_text()
    assert list(tmp_path.iterdir()) == []


def test_threads_of_one_process_wait_for_each_other(tmp_path):
    inside_now = []
    most = []

    def work():
        with one_writer(tmp_path / ".lock", wait=True):
            inside_now.append(1)
            most.append(len(inside_now))
            inside_now.pop()

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == [1] * 8
    assert list(tmp_path.iterdir()) == []


def test_a_lock_file_that_is_a_link_is_not_written_through(tmp_path):
    victim = tmp_path / "victim"
    victim.write_text("precious")
    (tmp_path / ".lock").symlink_to(victim)
    with pytest.raises(OSError, match="symbolic link"), one_writer(tmp_path / ".lock"):
        pass
    os.unlink(tmp_path / ".lock")
    os.link(victim, tmp_path / ".lock")
    with one_writer(tmp_path / ".lock"):
        pass
    assert victim.read_text() == "precious"


@pytest.mark.parametrize(
    "name", ["../secret", "/etc/passwd", "a/b", "..", ".", "", "a\\b", "C:x", "a\0b"]
)
def test_names_do_not_leave_their_folder(tmp_path, name):
    with pytest.raises(ValueError, match="must be plain names inside their folder"):
        inside(tmp_path, name)


def test_plain_names_are_inside(tmp_path):
    assert inside(tmp_path, "patients-00001.parquet") == tmp_path / "patients-00001.parquet"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "garbage",
        "[" * 100_000,
        '{"a": 1',
        '{"a": 1, "a": 2}',
        '{"a": NaN}',
        "[1]",
        "null",
        "\xff",
        "9" * 5000,
    ],
)
def test_json_that_is_none_gets_one_short_sentence(tmp_path, text):
    path = tmp_path / "a.json"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(ValueError, match=r"must hold (a )?JSON.* Write it again\.$") as error:
        read_json(path)
    assert len(str(error.value)) < 300 + len(str(path))


def test_json_objects_are_read(tmp_path):
    (tmp_path / "a.json").write_text('{"a": {"b": [1, 2.5, null]}}')
    assert read_json(tmp_path / "a.json") == {"a": {"b": [1, 2.5, None]}}


@pytest.mark.reference
def test_checksums_are_those_of_sha256sum(tmp_path):
    (tmp_path / "a").write_bytes(b"abc")  # FIPS 180-2, example B.1
    assert (
        sha256(tmp_path / "a") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    )


def test_a_message_quotes_no_more_than_a_line_of_a_name(tmp_path):
    with pytest.raises(ValueError, match="plain names") as error:
        inside(tmp_path, "../" + "x" * 1_000_000)
    assert len(str(error.value)) < 400
