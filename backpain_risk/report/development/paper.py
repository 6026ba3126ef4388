"""A development told as a paper, in Markdown."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pandas as pd

from ...cohort.mapping.mapped import MappedCohort
from ...measures.catalogue import label_of
from ...results.markdown import as_markdown, markdown_table
from .candidates import LABELS, PUBLISHED
from .developed import DevelopedModel, Development
from .figures import Figure

TITLE = "Development and internal validation of risk models for spinal malignancy in back pain"
_MEASURES = (
    "auroc",
    "calibration_slope",
    "observed_expected",
    "ici",
    "scaled_brier",
    "net_benefit@0.01",
    "net_benefit@0.03",
)
_COUNTS = ("treated", "true_positives", "false_positives", "net_true_positives")


def number(value: Any, digits: int = 3) -> str:
    """A number with three significant digits and a true minus; n/a where it is not defined."""
    value = float(value)
    if not np.isfinite(value):
        return "n/a"
    if value == 0:
        return "0"
    text = f"{value:#.{digits}g}".removesuffix(".")
    if "e" in text:
        text = f"{value:.0f}" if abs(value) > 1 else f"{value:.7f}".rstrip("0")
    return text.replace("-", "\u2212")


def interval(row: Any, value: str = "value", low: str = "low", high: str = "high") -> str:
    """An estimate with its limits."""
    middle, a, b = (float(getattr(row, name)) for name in (value, low, high))
    if not np.isfinite(a) and not np.isfinite(b):
        return number(middle)
    return f"{number(middle)} ({number(a)} to {number(b)})"


class _Numbered:
    """Captions with numbers in the order in which things appear."""

    def __init__(self) -> None:
        self.tables = 0
        self.figures = 0

    def table(self, caption: str, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
        self.tables += 1
        head = f"**Table {self.tables}.** {as_markdown(caption)}"
        return f"{head}\n\n{markdown_table(columns, rows)}"

    def figure(self, figure: Figure) -> str:
        self.figures += 1
        words = as_markdown(figure.caption)
        return f"![**Figure {self.figures}.** {words}]({figure.name}.png)"


def paper_of(
    found: Development,
    mapped: MappedCohort | None,
    drawn: Sequence[Figure],
    checklist: pd.DataFrame,
    data: str,
) -> str:
    """The whole report.

    Parameters
    ----------
    found : Development
    mapped : MappedCohort or None
    drawn : sequence of Figure
        Whose files lie beside the report.
    checklist : DataFrame
    data : str
        What the patients came from.
    """
    numbered = _Numbered()
    parts = [
        _front(found, mapped, data),
        *_summary(found),
        "# Methods",
        "\n".join(f"- {as_markdown(line)}" for line in found.protocol.lines()),
        *_participants(found, mapped, numbered),
        *_ratios(found, numbered),
        *_models(found, numbered),
        *_performance(found, numbered),
        "# Figures",
        *map(numbered.figure, drawn),
        *_subgroups(found, numbered),
        *_sites(found, numbered),
        "# Advice",
        "\n".join(f"- {as_markdown(text)}" for text in found.recommendations),
        *_notes(found),
        "# Reporting checklist (TRIPOD+AI)",
        numbered.table(
            "Items filled by rule; NOT PROVIDED is for the author.",
            list(checklist.columns),
            checklist.astype(str).to_numpy().tolist(),
        ),
    ]
    return "\n\n".join(parts) + "\n"


def subtitle_of(found: Development, mapped: MappedCohort | None, data: str) -> str:
    """Whose patients they are, and what must be known before anything is believed."""
    unchecked = " The mapping has not been checked by a person."
    doubt = unchecked if mapped is not None and not mapped.checked else ""
    return f"Data: {data}. {found.notice}{doubt}"


def _front(found: Development, mapped: MappedCohort | None, data: str) -> str:
    subtitle = as_markdown(subtitle_of(found, mapped, data))
    head = {"title": TITLE, "subtitle": subtitle, "lang": "en-GB"}
    return "---\n" + "\n".join(f"{k}: {json.dumps(v)}" for k, v in head.items()) + "\n---"


def _summary(found: Development) -> list[str]:
    plan = found.protocol
    told = []
    for name, model in found.models.items():
        table = model.validation.to_frame()
        c = table.loc["auroc"]
        slope = table.loc["calibration_slope"]
        told.append(
            f"- {LABELS[name]}: C-statistic {number(c.apparent)}, corrected for optimism "
            f"{interval(c, 'corrected')}; calibration slope {number(slope.apparent)}, corrected "
            f"{number(slope.corrected)}."
        )
    head = (
        f"{plan.n} patients, {plan.n_events} with the outcome ({plan.n_events / plan.n:.2%}), "
        f"{len(plan.predictors)} candidate predictors. Limits are 95 % confidence limits unless "
        "said otherwise."
    )
    return ["# Summary", head, "\n".join(told)]


def _participants(
    found: Development, mapped: MappedCohort | None, numbered: _Numbered
) -> list[str]:
    parts = ["# Participants"]
    if mapped is not None:
        dropped = "; ".join(f"{row.n} {row.rule}" for row in mapped.dropped.itertuples())
        parts.append(
            f"{mapped.n_given} patients in the file = {mapped.n_used} used + "
            f"{mapped.n_given - mapped.n_used} left out ({dropped or 'none'}). "
            f"Values changed by declared rules: {len(mapped.set_missing)} (changed_values.csv)."
        )
    one = found.tables["table_one"]
    names = ["variable", "level", "summary", "without", "with", "missing", "difference"]
    shown = one[names].astype(str).to_numpy().tolist()
    parts.append(numbered.table("Patients without and with the outcome.", names, shown))
    return parts


def _ratios(found: Development, numbered: _Numbered) -> list[str]:
    if "likelihood_ratios" not in found.tables:
        return []
    rows = [
        [
            str(r.finding),
            f"{r.tp}/{r.fp}/{r.fn}/{r.tn}",
            interval(r, "lr_positive", "lr_positive_low", "lr_positive_high"),
            interval(r, "lr_negative", "lr_negative_low", "lr_negative_high"),
            interval(
                r,
                "published_lr_positive",
                "published_lr_positive_low",
                "published_lr_positive_high",
            ),
            str(r.status),
        ]
        for r in found.tables["likelihood_ratios"].itertuples()
    ]
    columns = ["finding", "TP/FP/FN/TN", "LR+ here", "LR\u2212 here", "LR+ published", "status"]
    caption = "Each flag in these patients (missing left out) beside the published."
    return ["# Single flags", numbered.table(caption, columns, rows)]


def _models(found: Development, numbered: _Numbered) -> list[str]:
    parts = ["# Models"]
    for model in found.models.values():
        if model.model is None:
            parts.append(f"{model.label}: pre-test probability is the event rate of the patients.")
            continue
        rows = [[str(r.label), interval(r, "odds_ratio")] for r in model.terms.itertuples()]
        caption = f"{model.label}: odds ratios (intercept: odds), {_limits_of(model)}."
        parts.append(numbered.table(caption, ["term", "odds ratio (95 % limits)"], rows))
    return parts


def _limits_of(model: DevelopedModel) -> str:
    fits = getattr(model.model, "models_", [model.model])
    diagnostics = getattr(fits[0], "diagnostics_", None)
    if diagnostics is None:
        return "Wald confidence limits, pooled over completed copies by Rubin's rules"
    k = max(float(fit.diagnostics_.pareto_k) for fit in fits)
    return f"credible limits by a normal approximation with importance weights, Pareto k {k:.2f}"


def _performance(found: Development, numbered: _Numbered) -> list[str]:
    rows = []
    for name, model in found.models.items():
        table = model.validation.to_frame()
        for measure in [m for m in _MEASURES if m in table.index]:
            r: Any = table.loc[measure]
            optimism = number(r.optimism)
            cells = [number(r.apparent), optimism, interval(r, "corrected"), str(int(r.n_failed))]
            rows.append([LABELS[name], label_of(measure), *cells])
    columns = ["model", "measure", "apparent", "optimism", "corrected (95 %)", "failed"]
    caption = (
        f"Performance, corrected by {found.protocol.n_resamples} resamples with the whole pipeline "
        "refitted; failed: resamples in which the measure is not defined."
    )
    parts = ["# Performance", numbered.table(caption, columns, rows)]
    counts = found.tables["consequences_per_1000"]
    kept = counts[counts.threshold.isin((0.01, 0.03))]
    shown = [
        [
            LABELS.get(str(r.model), str(r.model).replace("_", " ")),
            f"{r.threshold:.0%}",
            *(number(getattr(r, c)) for c in _COUNTS),
        ]
        for r in kept.itertuples()
    ]
    names = ["strategy", "threshold", *(c.replace("_", " ") for c in _COUNTS)]
    caption = "What happens to 1 000 patients like these (apparent)."
    return [*parts, numbered.table(caption, names, shown)]


def _subgroups(found: Development, numbered: _Numbered) -> list[str]:
    if "subgroups" not in found.tables:
        return []
    table = found.tables["subgroups"]
    table = table[(table.model != PUBLISHED) & table.measure.isin(("observed_expected", "auroc"))]
    rows = [
        [
            LABELS[str(r.model)],
            str(r.group),
            f"{r.n_events:g}/{r.n:g}",
            label_of(str(r.measure)),
            str(r.note) if str(r.note).startswith("hidden") else interval(r),
        ]
        for r in table.itertuples()
    ]
    columns = ["model", "group", "events/patients", "measure", "value (95 %)"]
    return ["# Subgroups", numbered.table("By age and sex (apparent).", columns, rows)]


def _sites(found: Development, numbered: _Numbered) -> list[str]:
    if "internal_external" not in found.tables:
        return []
    table = found.tables["internal_external"]
    table = table[table.measure.isin(("auroc", "calibration_slope"))]
    rows = [
        [
            LABELS[str(r.model)],
            str(r.group),
            f"{r.n_events}/{r.n}",
            label_of(str(r.measure)),
            interval(r),
        ]
        for r in table.itertuples()
    ]
    columns = ["model", "site", "events/patients", "measure", "value (95 %)"]
    caption = "Each site by the model of the others."
    return ["# Sites", numbered.table(caption, columns, rows)]


def _notes(found: Development) -> list[str]:
    if not found.notes:
        return []
    return ["# What could not be computed", "\n".join(f"- {as_markdown(n)}" for n in found.notes)]
