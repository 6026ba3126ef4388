"""The evaluation in words: the summary of a folder of results."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from ...measures.catalogue import NET_BENEFIT, label_of
from ...measures.decision.inputs import TREAT_ALL, TREAT_NONE
from ...results.markdown import as_markdown, markdown_table

SHOWN = (
    "auroc",
    "observed_expected",
    "calibration_in_the_large",
    "calibration_slope",
    "ici_share",
    "scaled_brier",
)
"""Measures in the table of the summary."""

_EXPLAINED = """\
AUROC: 0.5 is chance. O:E ratio and calibration slope: 1 is ideal; calibration-in-the-large: 0.
ICI / event rate: mean gap between predicted risk and the calibration curve, as a share of the
event rate. Net benefit: true positives per patient, less false positives weighted by the odds of
the threshold; compare it with treating all and none."""


def summary_text(
    tables: Mapping[str, pd.DataFrame], n: float, n_events: float, notes: Sequence[str]
) -> str:
    """Patients, the table of measures, where each strategy is best, and what could not be
    computed.
    """
    share = f"{n_events:,.0f} with the outcome ({n_events / n:.2%})"
    parts = [
        "# Evaluation of predicted risks",
        f"{n:,.0f} patients, {share}. Values with 95 % confidence limits.",
        _measures_table(tables["performance"]),
        _EXPLAINED,
        "## Which strategy has the highest net benefit",
        _best_table(tables["best_strategy"]),
    ]
    if notes:
        parts += [
            "## What could not be computed",
            "\n".join(f"- {as_markdown(note)}" for note in dict.fromkeys(notes)),
        ]
    return "\n\n".join([*parts, "For research; not for clinical use."])


def list_of_files(tables: Mapping[str, pd.DataFrame], figures: Mapping[str, str]) -> str:
    """The figures (title by name of the file), and the tables with their length."""
    drawn = [f"![{as_markdown(title)}]({name}.png)" for name, title in figures.items()]
    listed = [f"- `{name}.csv`: {len(table):,} rows" for name, table in tables.items()]
    return "\n\n".join(["## Figures", *drawn, "## Tables", "\n".join(listed)])


def _measures_table(table: pd.DataFrame) -> str:
    benefits = [m for m in dict.fromkeys(table.measure) if m.startswith(NET_BENEFIT)]
    models = [name for name in dict.fromkeys(table.model) if name not in (TREAT_ALL, TREAT_NONE)]
    models += [TREAT_ALL, TREAT_NONE]
    cells = {(row.measure, row.model): _cell(row) for row in table.itertuples()}
    rows = [
        [label_of(m), *(cells.get((m, model), "") for model in models)] for m in (*SHOWN, *benefits)
    ]
    return markdown_table(["measure", *models], rows)


def _cell(row: Any) -> str:
    if np.isnan(row.value):
        return "not defined"
    limits = "" if np.isnan(row.low) else f" ({row.low:.3g} to {row.high:.3g})"
    return f"{row.value:.3g}{limits}"


def _best_table(best: pd.DataFrame) -> str:
    rows = [[f"{row.low:.3g} to {row.high:.3g}", str(row.model)] for row in best.itertuples()]
    return markdown_table(["thresholds", "strategy"], rows)
