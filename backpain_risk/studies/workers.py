"""Replicates on an executor: what ends a worker ends neither the study nor its neighbours."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, wait
from typing import Any

from joblib.externals.loky import ProcessPoolExecutor, get_reusable_executor

from .replicate import (
    Asked,
    Driver,
    blank_row,
    draw_cohort,
    each_alone,
    run_asked,
    time_reason,
)
from .study_design import StudyDesign
from .time_limit import GAVE_UP

Row = dict[str, Any]
Work = dict["Future[list[Row]]", Asked]
_PATIENCE = 60.0  # seconds beyond three time limits after which a worker alone is ended


def run_all(
    design: StudyDesign, tasks: Sequence[Asked], executor: Executor | None, n_jobs: int
) -> Iterator[tuple[Asked, list[Row]]]:
    """Rows of each task, in whatever order they are finished."""
    driver = Driver.this()
    if executor is None and n_jobs == 1:
        for task in tasks:
            yield task, run_asked(design, task, driver)
        return
    yield from _Pool(design, driver, executor, n_jobs).run(list(tasks))


class _Pool:
    """Tasks on an executor; those that a worker died over are run again alone."""

    def __init__(
        self, design: StudyDesign, driver: Driver, given: Executor | None, n_jobs: int
    ) -> None:
        self.design = design
        self.driver = driver
        self.given = given
        self.n_jobs = n_jobs
        known = getattr(given, "_max_workers", None)
        self.window = 2 * (n_jobs if given is None else known or max(n_jobs, 8))

    def run(self, tasks: list[Asked]) -> Iterator[tuple[Asked, list[Row]]]:
        waiting = tasks[::-1]
        working: Work = {}
        try:
            while waiting or working:
                suspects = self._fill(waiting, working)
                done = wait(working, return_when=FIRST_COMPLETED).done if working else set()
                for future in done:
                    task = working.pop(future)
                    rows = _rows(future)
                    if rows is None:
                        suspects.append(task)
                    else:
                        yield task, rows
                for task in suspects:
                    yield task, run_alone(self.design, task, self.driver)
        finally:
            for future in working:
                future.cancel()

    def _fill(self, waiting: list[Asked], working: Work) -> list[Asked]:
        """Submit as many as may be under way; those that a broken executor does not take."""
        refused = []
        while waiting and len(working) < self.window:
            task = waiting.pop()
            try:
                future = self._executor().submit(run_asked, self.design, task, self.driver)
            except (BrokenExecutor, RuntimeError):  # broken, or shut down by what broke it
                refused.append(task)
                break
            working[future] = task
        return refused

    def _executor(self) -> Executor:
        """The given executor, or loky's, which is made anew when it broke."""
        if self.given is not None:
            return self.given
        found: Executor = get_reusable_executor(max_workers=self.n_jobs)
        return found


def _rows(future: Future[list[Row]]) -> list[Row] | None:
    """What a task gave; None where its worker died or did not say why it failed."""
    try:
        return future.result()
    except Exception:  # run again alone, where the reason shows itself
        return None


def run_alone(design: StudyDesign, task: Asked, driver: Driver) -> list[Row]:
    """The same rows, one replicate and method at a time in a process of their own; what ends it
    is a row with its reason.
    """
    executor = ProcessPoolExecutor(max_workers=1)
    rows = []
    try:
        for one in each_alone(task):
            try:
                future = executor.submit(run_asked, design, one, driver)
                rows += future.result(timeout=3 * design.time_limit + _PATIENCE)
            except (BrokenExecutor, TimeoutError) as error:
                executor.shutdown(wait=True, kill_workers=True)
                executor = ProcessPoolExecutor(max_workers=1)
                rows.append(_guilty(design, one, error))
    finally:
        executor.shutdown(wait=True, kill_workers=True)
    return rows


def _guilty(design: StudyDesign, one: Asked, error: BaseException) -> Row:
    """The row of a replicate that ended its process."""
    row = blank_row(draw_cohort(design, one.scenario, one.n, one.first), one.methods[0])
    if isinstance(error, TimeoutError) or f"EXIT({GAVE_UP})" in str(error):
        return row | {"cause": "time", "reason": time_reason(design)}
    codes = re.search(r"\{([^}]*)\}", str(error))
    what = f" ({codes[1]})" if codes else ""
    return row | {"cause": "process", "reason": f"ended its process{what}"}
