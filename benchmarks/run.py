"""Time this package against its peers, in one run on one machine; only ratios mean anything.

make bench                    everything, in minutes
python benchmarks/run.py cohort logistic
"""

from __future__ import annotations

import importlib
import os
import platform
import sys
from pathlib import Path

os.environ["OMP_NUM_THREADS"] = "1"  # for everybody: on small matrices threads wait for each other
sys.path.insert(0, str(Path(__file__).parent))
from timing import HEAD

TOPICS = ("cohort", "logistic", "bayesian", "measures", "validation", "pathways")


def main(topics: list[str]) -> None:
    machine = (
        f"{platform.machine()}, {os.cpu_count()} cores, one BLAS thread, Python "
        f"{platform.python_version()}"
    )
    print(f"{machine}\n\n{HEAD}")
    modules = [importlib.import_module(topic) for topic in topics or TOPICS]
    for module in modules:
        for row in module.rows():
            print(row.line(), flush=True)
    print()
    for module in modules:
        for line in module.notes():
            print(line, flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
