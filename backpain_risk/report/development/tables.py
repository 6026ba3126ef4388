"""Tables of a development that no model makes: missing values, likelihood ratios, subgroups."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ... import vocabulary
from ...cohort.table import Cohort
from ...evidence.diagnostic_accuracy import Accuracy
from ...evidence.tables import Evidence, load_evidence
from ...measures.calibration.subgroups import subgroup_calibration
from ...numerics.checks import FloatArray

FEWEST_EVENTS = 20
"""Events below which nothing is said of a subgroup."""


def missing_values(table: pd.DataFrame, labels: Mapping[str, str]) -> pd.DataFrame:
    """Columns predictor, label, missing, share: how many patients miss each predictor."""
    count = table.isna().sum()
    return pd.DataFrame(
        {
            "predictor": table.columns,
            "label": [labels[c] for c in table.columns],
            "missing": count.to_numpy(),
            "share": count.to_numpy() / max(len(table), 1),
        }
    )


def likelihood_ratios(
    table: pd.DataFrame, outcome: FloatArray, labels: Mapping[str, str]
) -> pd.DataFrame:
    """Each flag and cut-off in these patients, those who miss it left out, beside the published
    likelihood ratios.
    """
    evidence = load_evidence()
    rows = [
        _ratio_row(key, label, sign, table[column], outcome, evidence, labels)
        for column in table.columns
        for key, label, sign in _signs(str(column), table[column])
    ]
    return pd.DataFrame(rows)


def _signs(column: str, values: pd.Series[Any]) -> list[tuple[str, str, Any]]:
    """Key of the evidence, words, and the test of each sign that a column gives."""
    term = vocabulary.MEASURED.get(column)
    if term is not None:
        high = term.abnormal == "high"
        return [
            (
                vocabulary.AGE_BAND if column == vocabulary.AGE.key else column,
                f"{'>=' if high else '<'} {cut:g} {term.unit}",
                (lambda x, c=cut, h=high: x >= c if h else x < c),
            )
            for cut in term.cutoffs
        ]
    binary = set(values.dropna().unique()) <= {0, 1}
    return [(column, "", lambda x: x == 1)] if binary else []


def _ratio_row(
    key: str,
    words: str,
    sign: Any,
    values: pd.Series[Any],
    outcome: FloatArray,
    evidence: Evidence,
    labels: Mapping[str, str],
) -> dict[str, Any]:
    known = values.notna().to_numpy()
    positive = np.asarray(sign(values.to_numpy(np.float64)))[known]
    event = outcome[known] == 1
    tp = int((positive & event).sum())
    fp = int((positive & ~event).sum())
    fn = int((~positive & event).sum())
    tn = int((~positive & ~event).sum())
    label = f"{labels.get(str(values.name), key)} {words}".strip()
    row: dict[str, Any] = {"finding": label, "tp": tp, "fp": fp, "fn": fn, "tn": tn}
    row |= _ratios("", Accuracy.from_counts(tp, fp, fn, tn) if tp + fn and fp + tn else None)
    published = _published(evidence, key)
    by_band = "published by band" if key in vocabulary.LABORATORY else ""
    status = getattr(published, "status", by_band)
    return row | _ratios("published_", published) | {"status": status}


def _published(evidence: Evidence, key: str) -> Accuracy | None:
    """Of a yes/no finding; cut-offs of laboratory values are published by band."""
    if key in vocabulary.LABORATORY:
        return None
    try:
        return evidence.finding(key)
    except ValueError:
        return None


def _ratios(prefix: str, accuracy: Accuracy | None) -> dict[str, float]:
    row: dict[str, float] = {}
    for name in ("lr_positive", "lr_negative"):
        estimate = getattr(accuracy, name, None)
        for part, end in (("value", ""), ("low", "_low"), ("high", "_high")):
            row[f"{prefix}{name}{end}"] = getattr(estimate, part, np.nan)
    return row


def groupings(cohort: Cohort) -> dict[str, npt.NDArray[Any]]:
    """Age and sex of the patients in words, where they are known of everybody or said to be
    missing.
    """
    found: dict[str, npt.NDArray[Any]] = {}
    predictors = cohort.predictors
    if "age_years" in predictors:
        years = predictors.age_years.to_numpy(np.float64)
        bands = np.select(
            [years < 50, years < 65, years >= 65], ["under 50", "50 to 64", "65+"], ""
        )
        found["age"] = np.where(bands == "", "not known", bands)
    elif "age_50_or_over" in predictors:
        over = predictors.age_50_or_over.to_numpy(np.float64)
        found["age"] = np.select([over == 1, over == 0], ["50 or over", "under 50"], "not known")
    if "male" in predictors:
        male = predictors.male.to_numpy(np.float64)
        found["sex"] = np.select([male == 1, male == 0], ["male", "female"], "not known")
    return found


def subgroups(
    outcome: FloatArray, risks: Mapping[str, FloatArray], groups: Mapping[str, npt.NDArray[Any]]
) -> pd.DataFrame:
    """Calibration and discrimination by age and sex (apparent); values of groups with fewer than
    20 events are hidden.
    """
    parts = []
    for name, risk in risks.items():
        table = pd.DataFrame(subgroup_calibration(outcome, risk, dict(groups)))
        few = table.n_events < FEWEST_EVENTS
        table.loc[few, ["mean_risk", "value", "low", "high"]] = np.nan
        table.loc[few, "note"] = f"hidden: fewer than {FEWEST_EVENTS} events"
        parts.append(table.assign(model=name))
    whole = pd.concat(parts, ignore_index=True)
    return whole[["model", *whole.columns.drop("model")]]
