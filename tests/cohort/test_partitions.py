from __future__ import annotations

import multiprocessing
import random
import signal
import time

import pandas as pd
import pytest

from backpain_risk import read_cohort, simulate_cohort, simulate_to_parquet, verify_cohort

pytestmark = pytest.mark.identity

N = 8 * 65_536 + 1000


@pytest.fixture(scope="module")
def undisturbed(scenario, tmp_path_factory):
    folder = tmp_path_factory.mktemp("undisturbed")
    simulate_to_parquet(scenario, N, folder, seed=4, blocks_per_file=1)
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize(("n_jobs", "blocks_per_file"), [(1, 2), (2, 1), (5, 3)])
def test_patients_do_not_depend_on_workers_or_files(scenario, tmp_path, n_jobs, blocks_per_file):
    n = 4 * 65_536 + 17
    simulate_to_parquet(
        scenario, n, tmp_path, seed=4, n_jobs=n_jobs, blocks_per_file=blocks_per_file
    )
    cohort = read_cohort(tmp_path)
    whole = simulate_cohort(scenario, n, seed=4)
    pd.testing.assert_frame_equal(cohort.to_frame(), whole.to_frame())
    pd.testing.assert_frame_equal(cohort.latent, whole.latent)
    verify_cohort(tmp_path)


def write(scenario, folder):
    simulate_to_parquet(scenario, N, folder, seed=4, blocks_per_file=1)


def usual_seconds(context, scenario, folder):
    """How long one run takes here, after a first that loads the modules."""
    for i in range(2):
        start = time.monotonic()
        writer = context.Process(target=write, args=(scenario, folder / f"usual{i}"))
        writer.start()
        writer.join()
    return time.monotonic() - start


def test_a_killed_writer_leaves_whole_files_and_resuming_gives_the_same_bytes(
    scenario, tmp_path, undisturbed
):
    """Fifty kills at random moments of a run's usual length, each file compared with an
    undisturbed run every time.
    """
    context = multiprocessing.get_context("forkserver")
    moments = random.Random(1)
    context.set_forkserver_preload(["backpain_risk.cohort.partitions"])
    usual = usual_seconds(context, scenario, tmp_path)
    killed = 0
    round_ = 0
    while killed < 50:
        folder = tmp_path / f"round{round_}"
        writer = context.Process(target=write, args=(scenario, folder))
        writer.start()
        writer.join(timeout=moments.uniform(0, usual))
        writer.kill()
        writer.join()
        killed += writer.exitcode == -signal.SIGKILL
        round_ += writer.exitcode == 0
        for path in folder.glob("*.parquet") if folder.exists() else ():
            assert path.read_bytes() == undisturbed[path.name], path.name
    write(scenario, folder)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == undisturbed


def test_one_flipped_byte_and_a_missing_file_are_found(scenario, tmp_path):
    simulate_to_parquet(scenario, 70_000, tmp_path, seed=4, blocks_per_file=1)
    path = tmp_path / "patients-00001.parquet"
    data = bytearray(path.read_bytes())
    data[len(data) // 3] ^= 4
    path.write_bytes(data)
    (tmp_path / "patients-00000.parquet").unlink()
    with pytest.raises(ValueError, match=r"patients-00001\.parquet must have SHA-256") as error:
        verify_cohort(tmp_path)
    assert "patients-00000.parquet is missing" in str(error.value)


@pytest.mark.contract
def test_another_plan_is_refused(scenario, tmp_path):
    simulate_to_parquet(scenario, 1000, tmp_path, seed=4)
    with pytest.raises(
        ValueError, match=r"directory must hold the same plan to resume; .* differs in seed"
    ):
        simulate_to_parquet(scenario, 1000, tmp_path, seed=5)
    with pytest.raises(ValueError, match="directory must be empty when resume is False"):
        simulate_to_parquet(scenario, 1000, tmp_path, seed=4, resume=False)


def test_an_unfinished_cohort_is_not_read(scenario, tmp_path):
    manifest = simulate_to_parquet(scenario, 1000, tmp_path, seed=4)
    manifest.unlink()
    with pytest.raises(ValueError, match="has no manifest"):
        read_cohort(tmp_path)
    with pytest.raises(ValueError, match="must have a manifest to be verified"):
        verify_cohort(tmp_path)


def test_progress_counts_every_patient(scenario, tmp_path):
    seen = []
    for _ in range(2):
        simulate_to_parquet(
            scenario, 150_000, tmp_path, seed=4, blocks_per_file=1, on_file=seen.append
        )
    assert sum(seen) == 300_000
