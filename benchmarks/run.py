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

sys.path.insert(0, str(Path(__file__).parent))
from timing import HEAD

TOPICS = ("cohort", "logistic", "bayesian", "measures", "validation")


def main(topics: list[str]) -> None:
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}\n\n{HEAD}")
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
