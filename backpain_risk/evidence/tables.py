"""The evidence tables, read and checked."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
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

    @cached_property
    def words(self) -> vocabulary.Vocabulary:
        """The vocabulary, with the findings and tests that these tables declare by a label."""
        return vocabulary.Vocabulary(declared_terms(self.accuracy))

    def finding(
        self, key: str, study: str | None = None, threshold: float | None = None
    ) -> Accuracy:
        """Accuracy of one finding or test: the preferred row, or the row of one study or threshold.

        Where nothing was counted (status *assumed*), the lowest bound of LR+ that other rows report
        without a figure comes along as ``lr_positive_below``.

        Parameters
        ----------
        key : str
            Name of the finding, test or laboratory value.
        study : str, optional
            A row of this study instead of the preferred one.
        threshold : float, optional
            A row at this threshold of a value.

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

        Parameters
        ----------
        key : str
            Name of the finding, test or laboratory value.
        """
        if key not in self.words.laboratory:
            raise ValueError(
                f"bands exist for {', '.join(self.words.laboratory)}; got {key!r}. Use finding() "
                "for yes/no findings."
            )
        test = self.words.laboratory[key]
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
            test=None if key in vocabulary.LABORATORY else test,
        )

    def rows(self, key: str) -> pd.DataFrame:
        """Every row of one finding or test, and ``has_both``: whether it gives sensitivity and
        specificity.

        Parameters
        ----------
        key : str
            Name of the finding, test or laboratory value.

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
    tp, fn = _arm(row, "tp", "fn", "sensitivity", "effective_n_malignant")
    tn, fp = _arm(row, "tn", "fp", "specificity", "effective_n_non_malignant")
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


def _arm(row: Any, right: str, wrong: str, rate: str, effective_n: str) -> tuple[float, float]:
    if row[right] + row[wrong] > 0:
        return float(row[right]), float(row[wrong])
    n = row[effective_n]
    if not n > 0:
        raise ValueError(
            f"{effective_n} must be given where {rate} has no counts; {row.finding} in "
            f"{row.study} has none. Write how many patients the rate is worth."
        )
    return float(row[rate] * n), float((1 - row[rate]) * n)


_DECLARING = ("label", "group", "unit", "low", "high", "step", "abnormal")
"""Columns of an accuracy table that declare what the vocabulary lacks; empty in other rows."""


def declared_terms(
    accuracy: pd.DataFrame,
) -> tuple[vocabulary.Finding | vocabulary.Measurement, ...]:
    """Findings and tests that an accuracy table declares: those with a label that the vocabulary
    lacks. A test is one with a unit; its cut-offs are the thresholds of its preferred study.
    """
    if "label" not in accuracy:
        return ()
    table = accuracy.assign(**{name: None for name in _DECLARING if name not in accuracy})
    labelled = table[table.label.fillna("").astype(str) != ""]
    own = [key for key in labelled.finding.unique() if key not in vocabulary.ALL]
    return tuple(_term(key, table[table.finding == key]) for key in own)


def _term(key: str, rows: pd.DataFrame) -> vocabulary.Finding | vocabulary.Measurement:
    first = rows.loc[rows.label.fillna("") != ""].iloc[0]
    said = {name: first[name] for name in _DECLARING if not pd.isna(first[name])}
    unit = str(said.get("unit", ""))
    definition = str(first.definition)
    if unit == "":
        group = str(said.get("group", "")) or "history"
        if group not in ("history", "imaging"):
            raise ValueError(
                f"group of {key} must be history or imaging; got {group!r}. Correct it."
            )
        return vocabulary.Finding(key, str(first.label), definition, group)
    study = rows.loc[rows.preferred == 1, "study"].iloc[0]
    cutoffs = sorted(rows.loc[rows.study == study, "threshold"].dropna().astype(float))
    if not cutoffs or not {"low", "high"} <= set(said):
        raise ValueError(
            f"{key} must have low, high and a threshold in each row, because it has a unit; got "
            "less. Add them."
        )
    return vocabulary.Measurement(
        key,
        str(first.label),
        definition,
        unit=unit,
        low=float(said["low"]),
        high=float(said["high"]),
        step=float(said.get("step", 1.0)),
        cutoffs=tuple(cutoffs),
        abnormal=str(said.get("abnormal", "")) or "high",
    )


def load_evidence(path: str | Path | None = None) -> Evidence:
    """Read the evidence tables.

    Parameters
    ----------
    path : str or Path, optional
        Folder with ``accuracy.csv``, ``prevalence.csv`` and ``case_mix.csv`` in the same columns;
        or one CSV file of accuracy rows, such as those of a meta-analysis of one's own, which join
        the packaged tables and are preferred in them. The packaged tables when None. A finding that
        the vocabulary lacks is declared by the further columns label and group ("history" or
        "imaging"); a test by label, unit, low, high, step (1 or 0.1) and abnormal ("high" or
        "low"), with a row for each cut-off.

    Raises
    ------
    ValueError
        Listing every problem of the tables at once.

    Examples
    --------
    >>> load_evidence().finding("history_of_cancer").status
    'reported'
    """
    if path is None:
        return _packaged()
    folder = check_path("path", path)
    if folder.suffix == ".csv":
        return _joined(_packaged(), folder)
    missing = [name for name in _FILES.values() if not (folder / name).is_file()]
    if missing:
        raise ValueError(
            f"path must hold {', '.join(_FILES.values())}; {folder} lacks {', '.join(missing)}."
        )
    return _read(folder)


def _joined(packaged: Evidence, file: Path) -> Evidence:
    """The packaged tables and rows of one's own, which are preferred."""
    if not file.is_file():
        raise ValueError(f"path must be a file or folder; {file} does not exist. Check the name.")
    rows = pd.read_csv(file)
    needed = [name for name in ("finding", "status") if name not in rows]
    if needed:
        raise ValueError(
            f"{file.name} must have the columns {', '.join(needed)}; got none of them. Add them."
        )
    filled = rows.assign(**{n: np.nan for n in _NEEDED["accuracy"] if n not in rows})
    filled["study"] = filled.study.astype(object).fillna(file.stem)
    if "preferred" not in rows:
        filled["preferred"] = (~filled.duplicated("finding")).astype(int)
    kept = packaged.accuracy.copy()
    kept.loc[kept.finding.isin(filled.finding), "preferred"] = 0
    problems = _problems("accuracy", filled)
    if problems:
        raise ValueError(f"{file.name}: " + " ".join(problems).replace("accuracy.csv ", ""))
    table = pd.concat([kept, _without_gaps(filled)], ignore_index=True)
    joined = replace(packaged, accuracy=table)
    _ = joined.words  # declared rightly, or said so now
    return joined


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
    return Evidence(**{name: _without_gaps(table) for name, table in tables.items()})


def _without_gaps(table: pd.DataFrame) -> pd.DataFrame:
    """Text that is missing is empty."""
    text = table.columns[[not pd.api.types.is_numeric_dtype(kind) for kind in table.dtypes]]
    return table.assign(**{name: table[name].fillna("") for name in text})


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
    limits = () if name == "accuracy" else ("low", "high")  # there: what a new test records
    for column in ("sensitivity", "specificity", "base_rate", "share", *limits):
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
