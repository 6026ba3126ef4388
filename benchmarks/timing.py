"""Timing in one process: medians of several runs, printed as rows of a table."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import NamedTuple


class Row(NamedTuple):
    """One comparison: what was done, against whom, both times in seconds, and the ratio aimed
    at.
    """

    job: str
    peer: str
    ours: float
    theirs: float
    target: str

    def line(self) -> str:
        """A row of the Markdown table."""
        times = f"{self.ours:.3g} | {self.theirs:.3g} | {self.theirs / self.ours:.3g}"
        return f"| {self.job} | {self.peer} | {times} | {self.target} |"


HEAD = "| job | peer | ours (s) | peer (s) | peer / ours | target |\n|:--|:--|--:|--:|--:|--:|"


def seconds(task: Callable[[], object], repeats: int = 5, warm_up: bool = True) -> float:
    """Median wall time."""
    if warm_up:
        task()
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        task()
        times.append(time.perf_counter() - start)
    return statistics.median(times)
