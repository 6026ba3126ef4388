"""Consequences of ten pathways under many draws of the evidence; no peer computes them."""

from __future__ import annotations

from timing import Row, seconds

import backpain_risk as bpr

TEN = (
    "any_of_four",
    "deyo_diehl",
    "guideline_tiers",
    "esr_20",
    "esr_50",
    "risk_1",
    "risk_2",
    "risk_3",
    "risk_1_then_esr",
    "mri_3_esr_between",
)


def rows() -> list[Row]:
    return []


def notes() -> list[str]:
    scenario = bpr.load_scenario("primary_care")
    shipped = bpr.load_pathways()
    chosen = {name: shipped[name] for name in TEN}
    lines = []
    for draws, jobs in ((0, 1), (1000, 1), (10_000, 2)):

        def run(draws: int = draws, jobs: int = jobs) -> object:
            return bpr.compare_pathways(scenario, chosen, n_draws=draws, rng=1, n_jobs=jobs)

        wall = seconds(run, repeats=1, warm_up=draws == 0)
        lines.append(f"- {draws:,} draws x {len(TEN)} pathways, {jobs} processes: {wall:.3g} s")
    return lines
