"""Table 1: who the patients are, by outcome, with standardised differences."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from .. import vocabulary
from ..numerics.checks import (
    FloatArray,
    check_kind,
    check_outcome,
    check_same_index,
    check_same_length,
    check_table,
)
from ..numerics.values import as_numbers
from ..results.notebook import as_html
from ..results.terminal import as_text
from .table import Cohort


@dataclass(frozen=True, eq=False, kw_only=True)
class TableOne:
    """Description of two groups of patients.

    ``table`` has one row per variable and level: variable, level, summary ("n (%)", "mean (SD)"),
    without, with (formatted), missing, and the standardised difference of the variable (on its
    first row).
    """

    table: pd.DataFrame
    n_without: int
    n_with: int

    def to_frame(self) -> pd.DataFrame:
        """The table."""
        return self.table.copy()

    def __repr__(self) -> str:
        head = f"Patients by outcome: {self.n_without} without malignancy, {self.n_with} with"
        return as_text(head, self.table, vocabulary.notice(), index=False)

    def _repr_html_(self) -> str:
        return as_html(self.table, index=False)


def table_one(patients: Cohort | pd.DataFrame, outcome: npt.ArrayLike | None = None) -> TableOne:
    """Describe patients by outcome.

    Parameters
    ----------
    patients : Cohort or DataFrame
        Of a cohort, predictors and tests are described.
    outcome : array of 0/1, shape (n,), optional
        Needed with a DataFrame.

    Notes
    -----
    Numbers with more than two values: mean (SD), standardised difference ``(m1 - m0) / sqrt((s1^2 +
    s0^2) / 2)``. Yes/no and text: n (%), the same with ``p (1 - p)`` for the variances, without a
    sign for text; for more than two levels the Mahalanobis distance of the proportions (Yang and
    Dalton 2012). Missing values are left out of each summary and counted.

    References
    ----------
    Austin (2009), Stat Med 28:3083. Yang and Dalton (2012), SAS Global Forum 335.

    Examples
    --------
    >>> frame = pd.DataFrame({"age": [40.0, 50, 60, 70], "site": ["a", "b", "a", "a"]})
    >>> table_one(frame, [0, 0, 1, 1]).to_frame()[
    ...     ["variable", "level", "without", "with", "difference"]
    ... ]
      variable level      without         with difference
    0      age        45.0 (7.1)  65.0 (7.1)       2.83
    1     site     a    1 (50.0)   2 (100.0)       1.41
    2     site     b    1 (50.0)     0 (0.0)
    """
    frame, y = _read(patients, outcome)
    frame = frame.apply(_numbers_as_numbers)
    rows = [row for name in frame.columns for row in _rows(str(name), frame[name], y)]
    columns = ["variable", "level", "summary", "without", "with", "missing", "difference"]
    table = pd.DataFrame(rows, columns=columns)
    table["difference"] = [f"{d:.2f}" if np.isfinite(d) else "" for d in table.difference]
    return TableOne(table=table, n_without=int((y == 0).sum()), n_with=int(y.sum()))


def standardised_difference(values: pd.Series[Any], outcome: npt.ArrayLike) -> float:
    """Standardised difference of one variable between outcome 1 and 0; NaN where it does not vary
    within groups.

    Parameters
    ----------
    values : Series, shape (n,)
        Numbers, yes/no or text; missing values are left out.
    outcome : array of 0/1, shape (n,)
        Of the same patients; a Series must carry the index of ``values``.
    """
    y = _outcome_of(check_kind("values", values, pd.Series, "Pass one column."), outcome)
    values = _numbers_as_numbers(values)
    known = values.notna().to_numpy()
    groups = [values[known & (y == g)] for g in (0, 1)]
    if _is_number(values):
        (m0, v0), (m1, v1) = ((g.mean(), g.var(ddof=1)) for g in groups)
        return _ratio(m1 - m0, (v0 + v1) / 2)
    shares = [np.array([(g == level).mean() for level in _levels(values)[1:]]) for g in groups]
    if shares[0].size != 1:
        return _mahalanobis(shares[0], shares[1])
    p0 = float(shares[0][0])
    p1 = float(shares[1][0])
    difference = _ratio(p1 - p0, (p0 * (1 - p0) + p1 * (1 - p1)) / 2)
    return difference if _binary(values) else abs(difference)


def _read(
    patients: Cohort | pd.DataFrame, outcome: npt.ArrayLike | None
) -> tuple[pd.DataFrame, FloatArray]:
    if isinstance(patients, Cohort):
        return pd.concat([patients.predictors, patients.tests], axis=1), patients.outcome.to_numpy(
            np.float64
        )
    check_table("patients", patients)
    if outcome is None:
        raise ValueError(
            "outcome must be given with a DataFrame; got none. Pass the 0/1 outcome of each "
            "patient."
        )
    return patients, _outcome_of(patients, outcome)


def _numbers_as_numbers(values: pd.Series[Any]) -> pd.Series[Any]:
    """A column that holds numbers only as a column of numbers, whatever its type; any other as
    it is.
    """
    if values.dtype != object:
        return values
    try:
        return pd.Series(as_numbers(str(values.name), values), index=values.index)
    except ValueError:
        return values


def _outcome_of(patients: pd.DataFrame | pd.Series[Any], outcome: npt.ArrayLike) -> FloatArray:
    """The outcome of these very patients as 0 and 1."""
    y = check_outcome(outcome)
    check_same_length(patients=len(patients), outcome=y.size)
    check_same_index(patients=patients, outcome=outcome)
    return y


def _binary(values: pd.Series[Any]) -> bool:
    return bool(set(values.dropna().unique()) <= {0, 1})


def _is_number(values: pd.Series[Any]) -> bool:
    return bool(pd.api.types.is_numeric_dtype(values.dtype)) and not _binary(values)


def _levels(values: pd.Series[Any]) -> list[Any]:
    return [0, 1] if _binary(values) else sorted(values.dropna().unique())


def _ratio(difference: float, variance: float) -> float:
    return float(difference / np.sqrt(variance)) if variance > 0 else np.nan


def _mahalanobis(p0: FloatArray, p1: FloatArray) -> float:
    covariance = sum(np.diag(p) - np.outer(p, p) for p in (p0, p1)) / 2
    gap = p1 - p0
    return float(np.sqrt(gap @ np.linalg.pinv(covariance) @ gap))


def _rows(name: str, values: pd.Series[Any], y: FloatArray) -> list[tuple[Any, ...]]:
    label = vocabulary.label(name)
    missing = int(values.isna().sum())
    difference = standardised_difference(values, y)
    groups = [values[y == g].dropna() for g in (0, 1)]
    if _is_number(values):
        cells = [f"{g.mean():.1f} ({g.std(ddof=1):.1f})" for g in groups]
        return [(label, "", "mean (SD)", *cells, missing, difference)]
    rows: list[tuple[Any, ...]] = []
    for level in _levels(values)[1:] if _binary(values) else _levels(values):
        counts = [int((g == level).sum()) for g in groups]
        cells = [
            f"{k:,} ({100 * k / max(len(g), 1):.1f})" for k, g in zip(counts, groups, strict=True)
        ]
        text = "" if _binary(values) else str(level)
        rows.append((label, text, "n (%)", *cells, missing, difference if not rows else np.nan))
    return rows
