"""Time this package against its peers, in one run on one machine; figures are ratios of medians.

Run by ``make bench``. Machines are noisy: only ratios within one run mean anything.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import numpy as np

import backpain_risk as bpr


def seconds(task: Callable[[], object], repeats: int = 5) -> float:
    """Median wall time after one warm-up."""
    task()
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        task()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def drawing(n: int = 1_000_000) -> tuple[str, float, float]:
    """All columns of n patients, against drawing 20 Philox doubles a row."""
    scenario = bpr.load_scenario("primary_care")
    generator = np.random.Generator(np.random.Philox(1))
    ours = seconds(lambda: bpr.simulate_cohort(scenario, n, seed=1))
    peer = seconds(lambda: [generator.random(n) for _ in range(20)])
    return f"draw {n:,} patients, all columns | 20 Philox doubles a row", ours, peer


def main() -> None:
    print("| job | peer | ours (s) | peer (s) | peer / ours |\n|:--|:--|--:|--:|--:|")
    for task in (drawing,):
        name, ours, peer = task()
        print(f"| {name} | {ours:.3g} | {peer:.3g} | {peer / ours:.3g} |")


if __name__ == "__main__":
    main()
