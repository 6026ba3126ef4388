"""Seconds of a bambi fit per thousand effective draws: python bambi_sampler.py patients.csv DRAWS.

The patients have a column ``outcome``. Each of 4 chains tunes for as many steps as it draws; all
else is default.
"""

from __future__ import annotations

import sys
import time

import arviz
import bambi
import pandas as pd


def main() -> None:
    patients = pd.read_csv(sys.argv[1])
    number = int(sys.argv[2])
    findings = [column for column in patients if column != "outcome"]
    start = time.perf_counter()
    model = bambi.Model(f"outcome ~ {' + '.join(findings)}", patients, family="bernoulli")
    draws = model.fit(draws=number, tune=number, chains=4, random_seed=1, progressbar=False)
    wall = time.perf_counter() - start
    effective = min(float(size) for size in arviz.ess(draws).data_vars.values())
    print(1000 * wall / effective)


if __name__ == "__main__":
    main()
