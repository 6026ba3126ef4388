"""Seconds of bambi's default fit per thousand effective draws; the patients are a CSV with a column ``outcome``."""

from __future__ import annotations

import sys
import time

import arviz
import bambi
import pandas as pd


def main() -> None:
    patients = pd.read_csv(sys.argv[1])
    findings = [column for column in patients if column != "outcome"]
    start = time.perf_counter()
    model = bambi.Model(f"outcome ~ {' + '.join(findings)}", patients, family="bernoulli")
    draws = model.fit(random_seed=1, progressbar=False)
    wall = time.perf_counter() - start
    effective = min(float(size) for size in arviz.ess(draws).data_vars.values())
    print(1000 * wall / effective)


if __name__ == "__main__":
    main()
