"""The evidence tables, read and checked."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from .. import vocabulary
from ..numerics.checks import check_path
from .band_accuracy import BandAccuracy, band_probabilities
from .diagnostic_accuracy import Accuracy

_FILES = {"accuracy": "accuracy.csv", "prevalence": "prevalence.csv", "case_mix": "case_mix.csv"}
_NEEDED = {
    "accuracy": [
        "finding",
        "definition",
        "threshold",
        "study",
        "year",
        "setting",
        "n",
        "tp",
        "fp",
        "fn",
        "tn",
        "sensitivity",
        "specificity",
        "effective_n_malignant",
        "effective_n_non_malignant",
        "lr_positive",
        "lr_negative",
        "status",
        "preferred",
        "overlaps_with",
        "reference",
        "note",
    ],
    "prevalence": [
        "setting",
        "study",
        "year",
        "events",
        "n",
        "base_rate",
        "low",
        "high",
        "status",
        "preferred",
        "overlaps_with",
        "reference",
        "note",
    ],
    "case_mix": [
        "group",
        "key",
        "sex",
        "share",
        "status",
        "study",
        "preferred",
        "reference",
        "note",
    ],
}
_BOUND = "lr_positive_high"  # a column that a table of one's own may leave out


@dataclass(frozen=True, eq=False, kw_only=True)
class Evidence:
    """Published figures with source and status.

    Attributes
    ----------
    accuracy : DataFrame
        A row per published figure of a finding or test; disagreements between sources are separate
        rows, one row of each finding is ``preferred``.
    prevalence : DataFrame
        Base rates by setting.
    case_mix : DataFrame
        Shares of causes and of primary sites.

    Examples
    --------
    >>> evidence = load_evidence()
    >>> print(evidence.finding("history_of_cancer").lr_positive)
    14.7 (95% confidence interval 5.81 to 30.2, score)
    """

    accuracy: pd.DataFrame
    prevalence: pd.DataFrame
    case_mix: pd.DataFrame

    def finding(
        self, key: str, study: str | None = None, threshold: float | None = None
    ) -> Accuracy:
        """Accuracy of one finding or test: the preferred row, or the row of one study or threshold.

        Where nothing was counted (status *assumed*), the lowest bound of LR+ that other rows report
        without a figure comes along as ``lr_positive_below``.

        Raises
        ------
        ValueError
            When nothing matches, or when the row gives no sensitivity or no specificity.
        """
        rows = self.rows(key)
        if study is not None:
            rows = rows[rows.study == study]
        if threshold is not None:
            rows = rows[rows.threshold == threshold]
        rows = rows[rows.has_both] if len(rows) > 1 else rows
        rows = rows.sort_values("preferred", ascending=False, kind="stable")
        if rows.empty:
            raise ValueError(self._nothing(key, study, threshold))
        found = _accuracy(rows.iloc[0])
        return (
            replace(found, lr_positive_below=self._bound(key))
            if found.status == "assumed"
            else found
        )

    def _bound(self, key: str) -> float:
        """The lowest upper limit of LR+ that is reported without a figure; infinite when there
        is none.
        """
        rows = self.rows(key)
        if _BOUND not in rows:
            return np.inf
        bounds = rows.loc[rows.lr_positive.isna() & ~rows.has_both, _BOUND].dropna()
        return float(min(bounds, default=np.inf))

    def bands(self, key: str) -> BandAccuracy:
        """Accuracy by band of a test with published thresholds, from the study of its preferred
        row.
        """
        if key not in vocabulary.LABORATORY:
            raise ValueError(
                f"bands exist for {', '.join(vocabulary.LABORATORY)}; got {key!r}. Use finding() "
                "for yes/no findings."
            )
        test = vocabulary.LABORATORY[key]
        rows = self.rows(key)
        study = rows.loc[rows.preferred == 1, "study"].iloc[0]
        by_threshold = {
            float(row.threshold): _accuracy(row) for _, row in rows[rows.study == study].iterrows()
        }
        missing = set(test.cutoffs) - set(by_threshold)
        if missing:
            raise ValueError(
                f"accuracy of {key} must have a row for each cut-off; got none for "
                f"{sorted(missing)}."
            )
        at = [by_threshold[cut] for cut in test.cutoffs]
        worst = max((row.status for row in at), key=vocabulary.STATUSES.index)
        return BandAccuracy(
            finding=key,
            labels=test.bands,
            malignant=band_probabilities([a.sensitivity.value for a in at], test.abnormal),
            non_malignant=band_probabilities([1 - a.specificity.value for a in at], test.abnormal),
            effective_n_malignant=at[0].tp + at[0].fn,
            effective_n_non_malignant=at[0].fp + at[0].tn,
            status=worst,
            study=study,
        )

    def rows(self, key: str) -> pd.DataFrame:
        """Every row of one finding or test, and ``has_both``: whether it gives sensitivity and
        specificity.

        Raises
        ------
        ValueError
            When the key is not in the table.
        """
        rows = self.accuracy[self.accuracy.finding == key]
        if rows.empty:
            raise ValueError(
                f"finding must be a key of the accuracy table; got {key!r}. "
                f"Known: {', '.join(self.accuracy.finding.unique())}."
            )
        both = _known(rows, "tp", "fn", "sensitivity") & _known(rows, "fp", "tn", "specificity")
        return rows.assign(has_both=both)

    def _nothing(self, key: str, study: str | None, threshold: float | None) -> str:
        rows = self.rows(key)
        known = ", ".join(_described(row) for _, row in rows.iterrows())
        return (
            f"no row with both sensitivity and specificity of {key} has study={study!r}, "
            f"threshold={threshold!r}; "
            f"the table holds {known}. Choose one of these, or read .accuracy for likelihood "
            "ratios alone."
        )


def _described(row: Any) -> str:
    return f"{row.study}" if pd.isna(row.threshold) else f"{row.study} at {row.threshold:g}"


def _known(rows: pd.DataFrame, a: str, b: str, rate: str) -> Any:
    """Counts of an arm with patients, or a rate; 0 and 0 say that the study had nobody in that
    arm.
    """
    return (rows[a] + rows[b] > 0) | rows[rate].notna()


def _accuracy(row: Any) -> Accuracy:
    """Counts where printed or reconstructed, effective counts elsewhere."""
    if not row.get("has_both", True):
        raise ValueError(
            f"{row.finding} in {row.study} has no sensitivity or no specificity, so no accuracy; "
            "read the row of .accuracy, or choose another study."
        )
    tp, fn = _arm(row.tp, row.fn, row.sensitivity, row.effective_n_malignant)
    tn, fp = _arm(row.tn, row.fp, row.specificity, row.effective_n_non_malignant)
    return Accuracy(
        tp=tp,
        fp=fp,
        fn=fn,
        tn=tn,
        finding=row.finding,
        study=row.study,
        definition=row.definition,
        status=row.status,
    )


def _arm(right: float, wrong: float, rate: float, effective_n: float) -> tuple[float, float]:
    if right + wrong > 0:
        return float(right), float(wrong)
    return float(rate * effective_n), float((1 - rate) * effective_n)


def load_evidence(path: str | Path | None = None) -> Evidence:
    """Read the evidence tables.

    Parameters
    ----------
    path : str or Path, optional
        Folder with ``accuracy.csv``, ``prevalence.csv`` and ``case_mix.csv`` in the same columns;
        the packaged tables when None.

    Raises
    ------
    ValueError
        Listing every problem of the tables at once.
    """
    if path is None:
        return _packaged()
    folder = check_path("path", path)
    missing = [name for name in _FILES.values() if not (folder / name).is_file()]
    if missing:
        raise ValueError(
            f"path must hold {', '.join(_FILES.values())}; {folder} lacks {', '.join(missing)}."
        )
    return _read(folder)


@lru_cache(maxsize=1)
def _packaged() -> Evidence:
    with resources.as_file(resources.files(__package__)) as folder:
        return _read(folder)


def _read(folder: Path) -> Evidence:
    tables = {
        name: pd.read_csv(folder / file, keep_default_na=True) for name, file in _FILES.items()
    }
    problems = [problem for name, table in tables.items() for problem in _problems(name, table)]
    if problems:
        raise ValueError("evidence tables: " + " ".join(problems))
    for table in tables.values():
        text = table.columns[[not pd.api.types.is_numeric_dtype(kind) for kind in table.dtypes]]
        table[text] = table[text].fillna("")
    return Evidence(**tables)


def _problems(name: str, table: pd.DataFrame) -> list[str]:
    file = _FILES[name]
    missing = [column for column in _NEEDED[name] if column not in table.columns]
    if missing:
        return [
            (
                f"{file} must have the columns {', '.join(missing)}; got none of them. Add them, "
                "empty if unknown."
            )
        ]
    found = [
        f"{file} row {i + 2}: status must be one of {', '.join(vocabulary.STATUSES)}; got "
        f"{status!r}."
        for i, status in enumerate(table.status)
        if status not in vocabulary.STATUSES
    ]
    for column in ("sensitivity", "specificity", "base_rate", "low", "high", "share"):
        found += _outside(file, table, column, 0.0, 1.0)
    for column in ("tp", "fp", "fn", "tn", "n", "events"):
        found += _outside(file, table, column, 0.0, np.inf, whole=True)
    if name == "accuracy":
        count = table.groupby("finding").preferred.sum()
        found += [
            f"{file}: {key} must have one preferred row; got {k}."
            for key, k in count.items()
            if k != 1
        ]
    return found


def _outside(
    file: str, table: pd.DataFrame, column: str, low: float, high: float, whole: bool = False
) -> list[str]:
    if column not in table.columns:
        return []
    values = pd.to_numeric(table[column], errors="coerce")
    bad = (values < low) | (values > high) | (values.isna() & table[column].notna())
    if whole:
        bad |= values.notna() & (values != np.floor(values))
    rule = "a whole number of 0 or more" if whole else f"from {low:g} to {high:g}"
    return [
        f"{file} row {i + 2}: {column} must be {rule}; got {table[column][i]}."
        for i in np.flatnonzero(bad)
    ]
