"""Bayesian logistic regression on covariate patterns against bambi on rows: seconds per thousand
effective draws.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd
from peers import peer_seconds
from timing import Row, seconds

import backpain_risk as bpr

FLAGS = list(bpr.vocabulary.RED_FLAGS)  # the band of age is one of them
OURS = """
import sys, time, pandas as pd, backpain_risk as bpr
patients = pd.read_csv(sys.argv[1])
X, y = patients.drop(columns="outcome"), patients.outcome
for _ in range(2):  # with compiling, and without
    start = time.perf_counter()
    model = bpr.BayesianLogisticModel(random_state=1).fit(X, y)
    print(1000 * (time.perf_counter() - start) / model.diagnostics_.by_term.ess_bulk.min())
"""


def rows() -> list[Row]:
    cohort = bpr.simulate_cohort(bpr.load_scenario("primary_care"), 500_000, seed=1)
    patients = cohort.predictors[FLAGS].assign(outcome=cohort.outcome)
    return [*_compared(patients.head(50_000), 1000, "20"), *_compared(patients, 100, "200")]


def _compared(patients: pd.DataFrame, draws: int, target: str) -> list[Row]:
    """Bambi's defaults are 1000 draws a chain; on 500 000 rows they take hours, and the share of
    tuning is kept.
    """
    with TemporaryDirectory() as folder:
        path = Path(folder) / "patients.csv"
        patients.to_csv(path, index=False)
        command = [sys.executable, "-c", OURS, str(path)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        theirs = peer_seconds("bambi_sampler.py", str(path), str(draws))
    if theirs is None:
        return []
    job = f"1000 effective draws, 9 flags, n = {len(patients):,}"
    compiled, again = map(float, done.stdout.split())
    return [
        Row(f"{job}, compiling counted", f"bambi, 4 x {draws} draws", compiled, theirs, target),
        Row(f"{job}, compiled before", f"bambi, 4 x {draws} draws", again, theirs, target),
    ]


def notes() -> list[str]:
    """Wall time of a default fit as patients grow, compiled before; reading and collapsing the
    patients included.
    """
    cohort = bpr.simulate_cohort(bpr.load_scenario("primary_care"), 1_000_000, seed=1)
    patients = cohort.predictors[FLAGS].assign(outcome=cohort.outcome)
    lines = []
    for table in (
        patients.head(10_000),
        patients.head(100_000),
        patients,
        pd.concat([patients] * 10),
    ):
        X = table[FLAGS]
        y = table.outcome
        wall = seconds(
            lambda X=X, y=y: bpr.BayesianLogisticModel(random_state=1).fit(X, y), repeats=3
        )
        lines.append(f"- Bayesian fit of {len(X):,} patients, 9 flags: {wall:.3g} s")
    return lines
