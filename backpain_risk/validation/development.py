"""Patients to refit an estimator to: distinct rows of predictors, so that predicting and
measuring cost little.
"""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.base import clone
from sklearn.frozen import FrozenEstimator

from ..models.classifier import CheckedTable
from ..models.likelihood_ratio.model import LikelihoodRatioModel
from ..models.logistic.model import LogisticModel
from ..models.recalibrated import RecalibratedModel
from ..models.statsmodels_result import StatsmodelsModel
from ..numerics.checks import (
    FloatArray,
    check_both_classes,
    check_outcome,
    check_risk,
    check_same_index,
    check_same_length,
)
from ..numerics.grouped_by_risk import RiskGroups, group_by_risk
from ..numerics.patterns import IntArray, distinct_rows, sum_by
from ..numerics.values import as_numbers
from ..numerics.warned import collected, recorded


class Fitted(NamedTuple):
    """An estimator refitted, and what it warned of."""

    model: Any
    warnings: list[str]


@dataclass(frozen=True, eq=False)
class Sample:
    """Chosen patients: their row numbers, and how many patients and events (m,) fall on each
    distinct row.
    """

    rows: IntArray
    n: FloatArray
    events: FloatArray

    def grouped(self, risk: FloatArray) -> RiskGroups:
        """Collapsed by the risk (m,) of their distinct row."""
        outcome = np.repeat([1.0, 0.0], risk.size)
        return group_by_risk(
            outcome, np.tile(risk, 2), np.concatenate([self.events, self.n - self.events])
        )


_TAKE_COUNTS = (LogisticModel, LikelihoodRatioModel)
"""Exactly these: a model derived from them may read its predictors in another way."""
_FITTED_ALREADY = (StatsmodelsModel, RecalibratedModel, FrozenEstimator)
"""Their ``fit`` leaves the model within as it was."""


@dataclass(frozen=True, eq=False)
class Patients:
    """Predictors and outcome of the cohort a model is developed in.

    Attributes
    ----------
    X : DataFrame or ndarray, shape (n, columns)
    outcome : ndarray, shape (n,)
    first : ndarray, shape (m,)
        The first patient of each distinct row of X.
    row : ndarray, shape (n,)
        Distinct row of each patient.
    checked : CheckedTable or None
        The distinct rows as read once by a model that takes identical patients as counts.
    """

    X: Any
    outcome: FloatArray
    first: IntArray
    row: IntArray
    checked: CheckedTable | None = None

    @property
    def n(self) -> int:
        """Number of patients."""
        return self.outcome.size

    def take(self, rows: IntArray) -> Any:
        """Predictors of some rows."""
        return self.X.iloc[rows] if isinstance(self.X, pd.DataFrame) else self.X[rows]

    def sample(self, rows: IntArray) -> Sample:
        """Chosen patients, repeats included."""
        distinct = self.row[rows]
        size = self.first.size
        events = sum_by(distinct, self.outcome[rows], size)
        return Sample(rows, np.bincount(distinct, minlength=size).astype(np.float64), events)

    def refit(self, estimator: Any, sample: Sample) -> Fitted:
        """A clone of the estimator fitted to chosen patients.

        Models of this package that take counts get distinct rows with counts, any other estimator
        the rows themselves.
        """
        if self.checked is not None:
            with collected() as said:
                return Fitted(_fit_counts(estimator, self.checked, sample), said)
        with recorded() as said:
            model = clone(estimator).fit(
                self.take(sample.rows), self.outcome[sample.rows].astype(int)
            )
        return Fitted(model, said)

    def risk(self, model: Any) -> FloatArray:
        """Predicted risk of each distinct row, (m,)."""
        if self.checked is None:
            with recorded():
                both = np.asarray(model.predict_proba(self.take(self.first)), dtype=np.float64)
        else:
            both = np.asarray(model.predict_proba(self.checked), dtype=np.float64)
        if both.ndim != 2 or both.shape[1] != 2:
            raise ValueError(
                "estimator must give two probabilities, no event and event; got shape "
                f"{both.shape}. Patients of one "
                "outcome only leave many classifiers with a single class."
            )
        return check_risk(both[:, 1], "risk by the estimator")


def _fit_counts(estimator: Any, checked: CheckedTable, sample: Sample) -> Any:
    weight = np.column_stack([sample.n - sample.events, sample.events]).ravel()
    present = np.flatnonzero(weight)
    return copy(estimator).fit(
        replace(checked, inverse=present // 2), present % 2, sample_weight=weight[present]
    )


def _array(X: Any) -> npt.NDArray[Any]:
    """An array as it is; masked values are missing."""
    return as_numbers("X", X) if isinstance(X, np.ma.MaskedArray) else np.asarray(X)


def read_patients(estimator: Any, X: Any, y: npt.ArrayLike, purpose: str) -> Patients:
    """Check what came and find the distinct rows."""
    missing = [name for name in ("fit", "predict_proba") if not hasattr(estimator, name)]
    if missing:
        raise ValueError(
            "estimator must be a scikit-learn classifier with probabilities; got "
            f"{type(estimator).__name__} without "
            f"{' and '.join(missing)}. Pass an unfitted classifier or pipeline."
        )
    _refuse_fitted(estimator, purpose)
    if hasattr(X, "toarray"):
        raise ValueError(
            f"X must be a table; got a sparse {type(X).__name__}. Pass X.toarray() or a DataFrame."
        )
    table = X if isinstance(X, pd.DataFrame) else _array(X)
    if table.ndim != 2:
        raise ValueError(
            f"X must be a table; got {table.ndim} dimension(s). Pass a DataFrame or a "
            "two-dimensional array."
        )
    outcome = check_outcome(y)
    check_same_length(X=len(table), y=outcome.size)
    check_same_index(X=X, y=y)
    check_both_classes(outcome, np.ones(outcome.size), purpose)
    row, first = distinct_rows(_comparable(table))
    patients = Patients(table, outcome, first, row)
    return (
        replace(patients, checked=_checked(patients, estimator))
        if type(estimator) in _TAKE_COUNTS
        else patients
    )


def _refuse_fitted(estimator: Any, purpose: str) -> None:
    """Refuse what no refit changes: it saw every patient, and its optimism would come out as
    none.
    """
    parts = [
        estimator,
        *(estimator.get_params().values() if hasattr(estimator, "get_params") else ()),
    ]
    for part in parts:
        if isinstance(part, _FITTED_ALREADY):
            raise ValueError(
                f"estimator of {purpose} must be refitted to other patients; got "
                f"{type(part).__name__}, which stays as "
                "it was fitted. Pass a model that fits, such as LogisticModel(), or measure this "
                "one in patients it "
                "has not seen with performance()."
            )


def _checked(patients: Patients, estimator: Any) -> CheckedTable:
    """The distinct rows as the estimator reads them, after fitting it once to everybody."""
    model = patients.refit(estimator, patients.sample(np.arange(patients.n))).model
    return model.check_once(patients.take(patients.first))


def _comparable(table: Any) -> list[Any]:
    """Columns whose values can be told apart and ordered; text as categories."""
    if not isinstance(table, pd.DataFrame):
        return list(table.T)
    columns = [table.iloc[:, j] for j in range(table.shape[1])]
    return [c if pd.api.types.is_numeric_dtype(c) else c.astype("category") for c in columns]
