"""Drawing patients, writing them, and their exact risk."""

from __future__ import annotations

import subprocess
import sys
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd
from peers import peer_seconds
from timing import Row, seconds

import backpain_risk as bpr

MILLION = 1_000_000
DEMONSTRATION = Path(__file__).parents[1] / "data" / "synthetic" / "demonstration.csv"


def rows() -> list[Row]:
    scenario = bpr.load_scenario("primary_care")
    draw = seconds(lambda: bpr.simulate_cohort(scenario, MILLION, seed=1))
    generator = np.random.Generator(np.random.Philox(1))
    doubles = seconds(lambda: [generator.random(MILLION) for _ in range(20)])
    found = [
        Row(
            "draw 1e6 patients, all columns, one core",
            "20 Philox doubles a row",
            draw,
            doubles,
            "0.4",
        )
    ]
    copula = peer_seconds("copulas_sampler.py", str(DEMONSTRATION), "10000")
    if copula is not None:
        found.append(
            Row(
                "draw 1e6 patients, all columns, one core",
                "copulas (100 x 1e4 rows)",
                draw,
                100 * copula,
                "8",
            )
        )
    return found


def notes() -> list[str]:
    """Figures without a peer."""
    scenario = bpr.load_scenario("primary_care")
    scenario.structure  # noqa: B018  # calibrated before the clock starts
    flags = [key for key in bpr.vocabulary.FINDINGS if key != "age_50_or_over"]
    keys = [*flags, "xray_lesion", "ct_positive", "mri_positive"]
    patterns = pd.DataFrame(list(product((0, 1), repeat=len(keys))), columns=keys, dtype="int8")
    everyone = pd.concat(
        [patterns.assign(age_years=np.int8(a)) for a in range(18, 96)], ignore_index=True
    )
    exact = seconds(lambda: scenario.risk(everyone), repeats=3)
    cohort = bpr.simulate_cohort(scenario, MILLION, seed=1)
    usual = seconds(lambda: scenario.risk(cohort.predictors), repeats=3)
    with_esr = cohort.predictors.assign(esr_mm_h=cohort.tests.esr_mm_h)
    esr = seconds(lambda: scenario.risk(with_esr), repeats=3)
    lines = [
        _speed(
            f"exact risk of {len(everyone):,} patterns (2^14 findings x 78 ages)",
            len(everyone),
            exact,
        ),
        _speed("exact risk of 1e6 patients from history and examination", MILLION, usual),
        _speed("exact risk of 1e6 patients with ESR as a value", MILLION, esr),
    ]
    for n in (MILLION, 10 * MILLION):
        wall, memory = _streamed(n, 1)
        lines.append(
            f"- {n:,} patients streamed to Parquet, one core: {wall:.3g} s, peak memory "
            f"{memory:.3g} GB"
        )
    wall, _ = _streamed(10 * MILLION, 2)
    lines.append(f"- {10 * MILLION:,} patients streamed to Parquet, two cores: {wall:.3g} s")
    return lines


def _speed(job: str, n: int, wall: float) -> str:
    return f"- {job}: {wall:.3g} s, {n / wall / 1e6:.3g} M/s"


def _streamed(n: int, jobs: int) -> tuple[float, float]:
    """Wall seconds and peak memory of a process of its own."""
    code = (
        "import resource, sys, time, backpain_risk as b; s = b.load_scenario('primary_care'); t = "
        "time.perf_counter();"
        f"b.simulate_to_parquet(s, {n}, sys.argv[1], seed=1, n_jobs={jobs});"
        "print(time.perf_counter() - t, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6)"
    )
    with TemporaryDirectory() as folder:
        done = subprocess.run(
            [sys.executable, "-c", code, folder], capture_output=True, text=True, check=True
        )
    wall, memory = map(float, done.stdout.split())
    return wall, memory
