"""Tables of a development: odds ratios, performance, decisions, stability, sites."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from ... import vocabulary
from ...cohort.baseline import table_one
from ...cohort.mapping.mapped import MappedCohort
from ...cohort.table import Cohort
from ...measures.decision.net_benefit import decision_curve
from ...models.imputed import ImputedModel
from ...models.logistic.separation import detect_separation
from ...numerics.checks import FloatArray
from ...numerics.intervals import LEVEL, normal_quantile
from ...numerics.rubin import pool_estimates
from . import tables as described
from .candidates import LABELS
from .developed import DevelopedModel, Development
from .protocol import Protocol

_SHOWN_THRESHOLDS = (0.01, 0.02, 0.03, 0.05, 0.1)


def terms_of(model: Any, labels: Mapping[str, str]) -> pd.DataFrame:
    """Odds ratios with limits; pooled over the completed copies by Rubin's rules."""
    if model is None:
        return pd.DataFrame()
    fits = model.models_ if isinstance(model, ImputedModel) else [model]
    parts = [_log_odds(fit) for fit in fits]
    names = [str(name) for name in parts[0].index]
    estimate = np.array([part.estimate for part in parts])
    se = np.array([part.se for part in parts])
    low = estimate[0] - normal_quantile(LEVEL) * se[0]
    high = estimate[0] + normal_quantile(LEVEL) * se[0]
    if len(parts) > 1:
        pooled = pool_estimates(estimate, se)
        low, high = pooled.conf_int().T
        se = pooled.standard_error[None]
    mean = estimate.mean(axis=0)
    return pd.DataFrame(
        {
            "term": names,
            "label": [_term_label(name, labels) for name in names],
            "log_odds_ratio": mean,
            "standard_error": se[0],
            "odds_ratio": np.exp(mean),
            "low": np.exp(low),
            "high": np.exp(high),
        }
    )


def _term_label(name: str, labels: Mapping[str, str]) -> str:
    """Label of a term: a column, or a column with its band."""
    column, _, band = name.partition(" ")
    return f"{labels.get(column, column)} {band}".strip()


def _log_odds(fit: Any) -> pd.DataFrame:
    if hasattr(fit, "result_"):
        table = fit.result_.to_frame()
        return pd.DataFrame({"estimate": table.coefficient, "se": table.standard_error})
    table = fit.summary()
    return pd.DataFrame({"estimate": table["mean"], "se": table["sd"]})


def gathered(
    cohort: Cohort,
    mapped: MappedCohort | None,
    protocol: Protocol,
    table: pd.DataFrame,
    outcome: FloatArray,
    models: dict[str, DevelopedModel],
    labels: dict[str, str],
    notes: list[str],
    advice: list[str],
) -> Development:
    """The development with every table that its results make."""
    risks = {name: model.risk for name, model in models.items()}
    curve = decision_curve(outcome, {LABELS[name]: risk for name, risk in risks.items()})
    corrected = {name: model.validation.to_frame() for name, model in models.items()}
    if mapped is not None and not mapped.checked:
        advice.insert(
            0, "The mapping of the file has not been checked by a person (checked = false)."
        )
    groups = described.groupings(cohort)
    tables = {
        "plan": pd.DataFrame({"step": protocol.lines()}),
        "sample_size": protocol.minimum,
        "missing": described.missing_values(table, labels),
        "table_one": table_one(table.rename(columns=labels), outcome).to_frame(),
        "likelihood_ratios": described.likelihood_ratios(table, outcome, labels),
        "terms": _stacked({k: m.terms for k, m in models.items() if len(m.terms)}),
        "performance": _stacked({k: t.reset_index() for k, t in corrected.items()}),
        "calibration": _stacked({k: m.validation.calibration_curve() for k, m in models.items()}),
        "decision_curve": _stacked({k: m.validation.decision_curve() for k, m in models.items()}),
        "consequences_per_1000": _per_1000(outcome, risks),
        "risk_distribution": _quantiles(outcome, risks),
        "stability": _stacked({k: _stability(m) for k, m in models.items()}),
        "subgroups": described.subgroups(outcome, risks, groups) if groups else pd.DataFrame(),
        "internal_external": _stacked({k: m.sites.table for k, m in models.items() if m.sites}),
        "problems": _stacked({k: m.validation.problems for k, m in models.items()}),
        "recommendations": pd.DataFrame({"recommendation": advice}),
    }
    if mapped is not None:
        flow = {"given": mapped.n_given, "used": mapped.n_used}
        tables["patients"] = pd.DataFrame([flow]).assign(left_out=mapped.n_given - mapped.n_used)
        tables |= {"columns": mapped.columns, "changed_values": mapped.set_missing}
        tables |= {"left_out": mapped.dropped}
    return Development(
        protocol=protocol,
        models=models,
        cohort=cohort,
        labels=labels,
        decision=curve,
        tables={name: one for name, one in tables.items() if len(one)},
        recommendations=tuple(advice),
        notes=tuple(dict.fromkeys(notes)),
        notice=_notice(cohort),
    )


def _notice(cohort: Cohort) -> str:
    drawn = cohort.scenario or cohort.sites
    return vocabulary.notice(drawn) if drawn else f"The user's own data. {vocabulary.notice()}"


def separated(table: pd.DataFrame, outcome: FloatArray, labels: Mapping[str, str]) -> str:
    """Which predictors separate the complete patients, in words."""
    whole = table.notna().all(axis=1).to_numpy()
    columns = [c for c in table.columns if table.loc[whole, c].nunique() > 1]
    if len(set(outcome[whole])) < 2 or not columns:
        return ""
    try:
        found = detect_separation(table.loc[whole, columns], outcome[whole].astype(int))
    except ValueError:
        return ""
    pairs = zip(found.terms, found.directions, strict=True)
    named = [f"{labels.get(t, t)} ({d})" for t, d in pairs if d != "finite" and t != "intercept"]
    return f"Complete patients are separated by {', '.join(named)}" if named else ""


def _per_1000(outcome: FloatArray, risks: Mapping[str, FloatArray]) -> pd.DataFrame:
    return decision_curve(outcome, dict(risks), thresholds=_SHOWN_THRESHOLDS).consequences()


def _quantiles(outcome: FloatArray, risks: Mapping[str, FloatArray]) -> pd.DataFrame:
    shares = (0.05, 0.25, 0.5, 0.75, 0.95)
    rows = [
        {"model": name, "outcome": arm}
        | {f"q{int(100 * q)}": float(np.quantile(risk[outcome == arm], q)) for q in shares}
        for name, risk in risks.items()
        for arm in (0, 1)
    ]
    return pd.DataFrame(rows)


def _stability(model: DevelopedModel) -> pd.DataFrame:
    table = model.validation.stability()
    width = table.high - table.low
    return pd.DataFrame(
        [{"mean_mape": table.mape.mean(), "median_width": width.median(), "widest": width.max()}]
    )


def _stacked(parts: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    named = [pd.DataFrame(part).assign(model=name) for name, part in parts.items() if len(part)]
    if not named:
        return pd.DataFrame()
    whole = pd.concat(named, ignore_index=True)
    return whole[["model", *whole.columns.drop("model")]]
