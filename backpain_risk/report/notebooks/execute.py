"""Notebooks run from top to bottom, each in a fresh kernel, two at a time."""

from __future__ import annotations

import asyncio
import os
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, wait
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread
from typing import Any

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

AT_ONCE = 2


def run_notebooks(
    paths: Sequence[Path], environment: Mapping[str, str], *, timeout: int = 1200
) -> dict[str, Any]:
    """Execute notebooks, showing progress by cell, and return them by name, in order.

    Parameters
    ----------
    paths : sequence of Path
    environment : mapping
        Variables for the kernels, besides those that are set.
    timeout : int
        Seconds that a cell may take.

    Raises
    ------
    ValueError
        When a cell fails; the message names notebook, cell and error.
    """
    columns = (
        TextColumn("{task.description:<32}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns) as progress, TemporaryDirectory() as folder:
        place = _place(paths, Path(folder))
        works = [_work(path, place, environment, timeout, progress) for path in paths]
        executed = _side_by_side(works)
    return {path.name: notebook for path, notebook in zip(paths, executed, strict=True)}


def _place(paths: Sequence[Path], folder: Path) -> Path:
    """Where notebooks run: an empty folder that has the project's data beside it, as theirs has."""
    place = folder / "notebooks"
    place.mkdir()
    for data in {path.resolve().parent.parent / "data" for path in paths}:
        if data.is_dir():
            (folder / "data").symlink_to(data, target_is_directory=True)
    return place


def _work(
    path: Path, folder: Path, environment: Mapping[str, str], timeout: int, progress: Progress
) -> Callable[[], Any]:
    reader: Any = nbformat  # untyped
    notebook = reader.read(path, as_version=4)
    code = sum(cell.cell_type == "code" for cell in notebook.cells)
    task = progress.add_task(path.name, total=code, start=False)
    own = {**os.environ, "OMP_NUM_THREADS": "1", "MPLBACKEND": "agg", **environment}
    client = NotebookClient(
        notebook,
        timeout=timeout,
        kernel_name="python3",
        # nothing of it is needed any more, and an interrupted one would complain
        shutdown_kernel="immediate",
        extra_arguments=["--log-level=40"],
        resources={"metadata": {"path": str(folder)}},
        on_cell_start=lambda **_: progress.start_task(task),
        on_cell_executed=lambda **_: progress.advance(task),
    )

    def run() -> Any:
        try:
            asyncio.run(client.async_execute(env=own))  # a loop that is closed
        except CellExecutionError as error:
            raise ValueError(_failure(path.name, notebook, error)) from None
        return notebook

    return run


def _failure(name: str, notebook: Any, error: CellExecutionError) -> str:
    failed = [
        number
        for number, cell in enumerate(notebook.cells, start=1)
        if any(output.output_type == "error" for output in cell.get("outputs", []))
    ]
    place = f"{name}, cell {failed[0]}" if failed else name
    said = " ".join(str(error.evalue).split())
    return f"{place} failed with {error.ename}: {said} Run the notebook to see where."


def _side_by_side(works: Sequence[Callable[[], Any]]) -> list[Any]:
    """Do the works in threads, where nbclient leaves interruptions to Python; its own handler
    fails on them. The first failure ends it.
    """
    ends: list[Future[Any]] = [Future() for _ in works]
    waiting = deque(zip(works, ends, strict=True))

    def serve() -> None:
        while waiting:
            work, end = waiting.popleft()
            try:
                end.set_result(work())
            except BaseException as error:  # every end of the work is told to who waits for it
                end.set_exception(error)
                waiting.clear()

    for _ in range(AT_ONCE):
        Thread(target=serve, daemon=True).start()
    for end in wait(ends, return_when=FIRST_EXCEPTION).done:
        end.result()  # raises what went wrong
    return [end.result() for end in ends]
