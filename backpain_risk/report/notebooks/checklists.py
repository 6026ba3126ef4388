"""Reporting standards of the report: TRIPOD+AI, STARD for single flags, BARG, ADEMP.

An item is filled by rule: it names the section when the numbers, tables and figures that it needs
are there, and says NOT PROVIDED when one is missing or only the author can write it. The wording of
the items is shortened, and known from secondary copies.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from .contents import Contents

NOT_PROVIDED = "NOT PROVIDED"
SYNTHETIC = "not applicable: synthetic"
AUTHOR = f"{NOT_PROVIDED}: the author must write it"

Item = tuple[str, str, str, tuple[str, ...]]
"""Standard and number, topic, where it stands, and what must have been offered."""

_VALIDATED = "validation.logistic.validation"
ITEMS: tuple[Item, ...] = (
    ("TRIPOD+AI 1, 2", "Title and abstract", "In short", ("cohort.base_rate",)),
    ("TRIPOD+AI 3, 4", "Background and objectives", "Introduction", ()),
    ("TRIPOD+AI 3c", "Known inequalities", AUTHOR, ()),
    ("TRIPOD+AI 5a, 7", "Source and preparation of data", "Methods", ("provenance.scenario",)),
    ("TRIPOD+AI 5b, 6", "Dates, setting, treatments", SYNTHETIC, ()),
    ("TRIPOD+AI 8, 9", "Outcome and predictors", "Methods", ("models.n_findings", "tbl-accuracy")),
    ("TRIPOD+AI 8b, 9c", "Blinding", SYNTHETIC, ()),
    ("TRIPOD+AI 10", "Sample size", "Rare events", ("plan.large.n", "tbl-plan-development")),
    ("TRIPOD+AI 11", "Missing data", "Methods (none in these cohorts)", ()),
    ("TRIPOD+AI 12", "Models and measures", "Methods", (f"{_VALIDATED}.auroc.value",)),
    ("TRIPOD+AI 12f, 14", "Updating and fairness", AUTHOR, ()),
    ("TRIPOD+AI 13", "Class imbalance", "Methods (no weights, no resampling)", ()),
    ("TRIPOD+AI 15", "Output and thresholds", "Decisions and pathways", ("models.ng12",)),
    ("TRIPOD+AI 16", "Development against evaluation", "Provenance", ("tbl-cohorts",)),
    ("TRIPOD+AI 17, 18a-d", "Ethics, funding, interests, protocol", AUTHOR, ()),
    ("TRIPOD+AI 18e, f", "Data and code", "Provenance", ("tbl-provenance",)),
    ("TRIPOD+AI 19", "Patient involvement", AUTHOR, ()),
    ("TRIPOD+AI 20, 21", "Participants and events", "Appendix", ("tbl-one", "cohort.n_events")),
    ("TRIPOD+AI 22", "Full model", "Appendix", ("fig-odds-ratios",)),
    ("TRIPOD+AI 23a", "Performance with intervals", "Models", (f"{_VALIDATED}.auroc.low",)),
    ("TRIPOD+AI 24", "Updated model", "none", ()),
    ("TRIPOD+AI 25, 27", "Interpretation and usability", AUTHOR, ()),
    ("TRIPOD+AI 26", "Limitations", "Limits", ("status.assumed",)),
    ("STARD 14", "Estimates with precision", "Single red flags", ("tbl-ratios", "fig-ratios")),
    ("STARD 20, 21", "Participants and their disease", "The evidence", ("tbl-base-rates",)),
    ("BARG 1, 2", "Likelihood and prior", "Methods; Appendix", ("tbl-prior",)),
    ("BARG 3", "Computation and diagnostics", "Provenance", ("tbl-diagnostics",)),
    ("BARG 4", "Posterior", "Rare events", ("fig-patients", "fig-learned")),
    ("BARG 5", "Posterior predictive check", "Appendix", ("fig-check",)),
    ("BARG 6", "Sensitivity to the prior", "Appendix", ("tbl-leaning",)),
    ("ADEMP", "Monte-Carlo error of every average", "Rare events", ("tbl-rivals",)),
)


def checklist_tables(contents: Contents) -> dict[str, dict[str, Any]]:
    """Tables that a template places as ``{{table checklist}}`` and ``{{table checks}}``."""
    offered = {*contents.results, *contents.shown}
    items = [
        [number, topic, _place(where, needs, offered)] for number, topic, where, needs in ITEMS
    ]
    caption = "Items of reporting standards, filled by rule from what the notebooks offer."
    checks = [list(row) for row in _checks(contents.results)]
    return {
        "tbl-checklist": _table("checklist", caption, ["Item", "Topic", "Where"], items),
        "tbl-checks": _table("checks", "Checks made by rule.", ["Check", "Finding"], checks),
    }


def _place(where: str, needs: tuple[str, ...], offered: set[str]) -> str:
    missing = [need for need in needs if need not in offered]
    return f"{NOT_PROVIDED}: {', '.join(missing)}" if missing else where


def _checks(results: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    measured = [key.removesuffix(".auroc.value") for key in results if key.endswith(".auroc.value")]
    alone = [key for key in measured if f"{key}.calibration_slope.value" not in results]
    yield "C-statistics without calibration", ", ".join(alone) or f"none of {len(measured)}"
    limited = ("auroc", "observed_expected", "calibration_slope", "net_benefit@0.03")
    bare = [
        f"{model}.{measure}"
        for model in measured
        for measure in limited
        if not np.isfinite(results.get(f"{model}.{measure}.low", np.nan))
    ]
    yield "Essential measures without an interval", ", ".join(bare) or "none"
    if {"models.n", "plan.large.n"} <= set(results):
        enough = "enough" if results["models.n"] >= results["plan.large.n"] else "too few"
        counts = f"{results['models.n']:,} for a minimum of {results['plan.large.n']:,}"
        yield "Patients of the development cohort", f"{counts}: {enough}"
    yield "Performance shown", "in patients not used for development"
    yield "Dichotomised predictors", "age, as the flag of fifty or over: loses information"
    yield "Class weights or resampling of classes", "none"


def _table(key: str, caption: str, columns: list[str], rows: list[list[str]]) -> dict[str, Any]:
    return {
        "key": key,
        "caption": caption,
        "columns": columns,
        "heads": [""] * len(columns),
        "numeric": [False] * len(columns),
        "rows": rows,
    }
