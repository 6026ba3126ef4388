"""Running a study: what is missing is drawn, fitted, measured and kept."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from contextlib import nullcontext
from pathlib import Path

import pandas as pd

from ..files import one_writer, remove_leftovers
from ..numerics.checks import (
    check_count,
    check_flag,
    check_kind,
    check_mapping,
    check_path,
    check_positive,
)
from .chunks import find_chunks, read_chunk
from .finished import CHUNKS, Cell, Finished, write_summary
from .study_design import StudyDesign
from .study_result import StudyResult
from .workers import run_all

MOST_TIMES = 10
"""A target is followed to at most so many times the replicates of the design."""
_READ_AGAIN = "Build one, or read one with load_study_design."


def run_study(
    design: StudyDesign,
    *,
    executor: Executor | None = None,
    n_jobs: int = 1,
    directory: str | Path | None = None,
    resume: bool = True,
    target_mcse: Mapping[str, float] | None = None,
    on_chunk: Callable[[int, int], None] | None = None,
) -> StudyResult:
    """Run a simulation study, or what is missing of it.

    Parameters
    ----------
    design : StudyDesign
        What to simulate, fit and measure.
    executor : concurrent.futures.Executor, optional
        Where replicates are run: a process pool, Dask's ``client.get_executor()``, MPI's.
    n_jobs : int
        Worker processes (loky) where no executor is given; 1 runs everything in this process.
    directory : str or Path, optional
        Folder of the finished replicates. What is there is read and kept; without it results are
        in memory only.
    resume : bool
        With False a folder that holds replicates is refused.
    target_mcse : mapping of measure to float, optional
        Go on until these Monte-Carlo errors are reached by every method, or to ten times the
        replicates of the design.
    on_chunk : callable, optional
        Called with the finished and the wanted number of rows.

    Returns
    -------
    StudyResult

    Raises
    ------
    ValueError
        When another process is writing to the folder, or it holds replicates although ``resume``
        is False.
    OSError
        When the disk is full; finished replicates stay, and a second call goes on.

    Notes
    -----
    Seeds are made from content (scenario, n, number of the replicate), so methods share their
    cohorts, any replicate can be replayed alone, and results do not depend on the executor, on
    interruptions or on what else is in the study. A replicate whose method fails, in whatever way,
    is a row with its reason. A task whose worker died is run again in a process of its own, one
    method at a time, so that the guilty one is named and the others finish. In this process
    (``n_jobs=1``) compiled code that hangs cannot be interrupted.

    References
    ----------
    Morris, White, Crowther (2019), Stat Med 38:2074 (ADEMP). Pawel and others (2026), Am Stat
    (failed replicates).

    Examples
    --------
    >>> from backpain_risk import LogisticModel, StudyDesign, load_scenario
    >>> design = StudyDesign(
    ...     scenarios={"d = 1": load_scenario("primary_care")},
    ...     sizes=[2000],
    ...     methods={"firth": LogisticModel(penalty="firth")},
    ...     predictors=["history_of_cancer", "age_50_or_over"],
    ...     replicates=20,
    ...     seed=1,
    ... )
    >>> table = run_study(design).performance().set_index("measure")
    >>> bool(abs(table.value["mean_risk"] - 0.01) < 4 * table.mcse["mean_risk"])
    True
    """
    check_kind("design", design, StudyDesign, _READ_AGAIN)
    check_count("n_jobs", n_jobs, 1, 10_000)
    check_flag("resume", resume)
    if executor is not None and not hasattr(executor, "submit"):
        check_kind("executor", executor, Executor, "Pass for example client.get_executor().")
    target: dict[str, float] = {}
    if target_mcse is not None:
        target = dict(check_mapping("target_mcse", target_mcse, "measure to number"))
    for measure, mcse in target.items():
        check_positive(f"target_mcse ({measure})", mcse)
    folder = None if directory is None else check_path("directory", directory)
    with nullcontext() if folder is None else one_writer(folder / ".lock"):
        if folder is not None:
            _prepare(folder, resume)
        finished = Finished(design, folder)
        if folder is not None:
            write_summary(folder, design, finished.cells)
        wanted = {cell: design.replicates_of(cell[2]) for cell in finished.cells}
        while True:
            _run_missing(finished, wanted, executor, n_jobs, on_chunk)
            result = StudyResult(design=design, replicates=finished.table(wanted))
            more = _more(result, wanted, target)
            if more == wanted:
                return result
            wanted = more


def _prepare(folder: Path, resume: bool) -> None:
    chunks = folder / CHUNKS
    if not resume and chunks.is_dir() and any(chunks.glob("*.parquet")):
        raise ValueError(
            f"directory must hold no replicates when resume is False; {folder} does. Choose "
            "another."
        )
    chunks.mkdir(parents=True, exist_ok=True)
    remove_leftovers(chunks)


def _run_missing(
    finished: Finished,
    wanted: Mapping[Cell, int],
    executor: Executor | None,
    n_jobs: int,
    on_chunk: Callable[[int, int], None] | None,
) -> None:
    tasks = list(finished.to_do(wanted))
    missing = sum((task.after - task.first) * len(task.methods) for task in tasks)
    total = sum(wanted.values())
    done = total - missing
    if on_chunk is not None:
        on_chunk(done, total)
    for _, rows in run_all(finished.design, tasks, executor, n_jobs):
        finished.add(rows)
        done += len(rows)
        if on_chunk is not None:
            on_chunk(done, total)


def _more(
    result: StudyResult, wanted: Mapping[Cell, int], target: Mapping[str, float]
) -> dict[Cell, int]:
    """Replicates of each cell that the target asks for; as many for every method of a scenario and
    size, which are compared.
    """
    if not target:
        return dict(wanted)
    needed = result.replicates_needed(target).groupby(["scenario", "n"]).needed.max()
    more = {}
    for cell, now in wanted.items():
        scenario, n, method = cell
        most = MOST_TIMES * result.design.replicates_of(method)
        more[cell] = max(now, min(int(needed.loc[scenario, n]), most))
    return more


def study_status(design: StudyDesign, directory: str | Path) -> pd.DataFrame:
    """What of a study a folder holds: scenario, n, method, wanted, done, failed, damaged files."""
    check_kind("design", design, StudyDesign, _READ_AGAIN)
    folder = check_path("directory", directory) / CHUNKS
    cells = design.cells()
    chunks = find_chunks(folder, cells.digest)
    rows = []
    for scenario, n, method, digest in cells.itertuples(index=False, name=None):
        read = [read_chunk(chunk) for chunk in chunks[digest]]
        whole = [table for table in read if table is not None]
        wanted = design.replicates_of(method)
        numbers = {int(k) for table in whole for k in table.replicate if k < wanted}
        failed = sum(int((table.cause != "").sum()) for table in whole)
        rows.append((scenario, n, method, wanted, len(numbers), failed, len(read) - len(whole)))
    names = ["scenario", "n", "method", "wanted", "done", "failed", "damaged"]
    return pd.DataFrame(rows, columns=names)
