"""What all models share: reading predictors and outcome, and risk as probability of ``classes_[1]``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple, Self

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, column_or_1d, validate_data

from ..numerics.checks import FloatArray, check_weight, refuse_where
from ..numerics.patterns import distinct_rows


class Rows(NamedTuple):
    """Distinct rows of predictors, (m, columns), and which of them each patient is, (n,)."""

    values: FloatArray
    inverse: npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class CheckedTable:
    """Distinct rows that a model read and checked once, to fit and predict with often; the rows are values[inverse]."""

    values: FloatArray
    names: npt.NDArray[Any] | None
    inverse: npt.NDArray[np.int64]

    def __len__(self) -> int:
        return self.inverse.size


class RiskClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]  # scikit-learn is untyped
    """A classifier whose ``risk(X)`` is P(event); the event is the second class."""

    classes_: npt.NDArray[Any]

    def fit(self, X: Any, y: Any) -> Self:  # pragma: no cover - every model has its own
        """Fit the model."""
        raise TypeError(f"{type(self).__name__} must define fit")

    def risk(self, X: Any) -> FloatArray:
        """Predicted probability of the event, shape (n,); computed once for identical rows of a DataFrame."""
        check_is_fitted(self)
        rows = self._read_rows(X, reset=False)
        return self._risk(rows.values)[rows.inverse]

    def predict_proba(self, X: Any) -> FloatArray:
        """Probabilities of both classes, shape (n, 2); the second column is the risk."""
        risk = self.risk(X)
        return np.column_stack([1 - risk, risk])

    def predict(self, X: Any) -> npt.NDArray[Any]:
        """The more probable class; for a rare event use the risk and a threshold of your own."""
        event = self.risk(X) >= 0.5
        return self.classes_[event.astype(int)]

    def _risk(self, X: FloatArray) -> FloatArray:
        raise TypeError(f"{type(self).__name__} must define _risk")

    def _read_rows(self, X: Any, *, reset: bool) -> Rows:
        """Distinct rows of a DataFrame, or all rows of an array, as float64; see :meth:`_read_predictors`."""
        if isinstance(X, CheckedTable):
            return Rows(self._accept(X, reset=reset), X.inverse)
        if not isinstance(X, pd.DataFrame):
            values = self._read_predictors(X, reset=reset)
            return Rows(values, np.arange(len(values)))
        inverse, first = distinct_rows([X.iloc[:, j] for j in range(X.shape[1])])
        return Rows(self._read_predictors(X.iloc[first], reset=reset), inverse)

    def check_once(self, X: Any) -> CheckedTable:
        """Predictors as this fitted model reads them, for models of its kind to take without reading again."""
        check_is_fitted(self)
        values = self._read_predictors(X, reset=False)
        return CheckedTable(values, getattr(self, "feature_names_in_", None), np.arange(len(values)))

    def _accept(self, X: CheckedTable, *, reset: bool) -> FloatArray:
        if reset:
            self.n_features_in_ = X.values.shape[1]
            if X.names is not None:
                self.feature_names_in_ = X.names
        return X.values

    def _read_predictors(self, X: Any, *, reset: bool) -> FloatArray:
        """Predictors as finite float64; text and missing values refused with advice."""
        if isinstance(X, pd.DataFrame):
            refuse_text(X)
            refuse_missing(X)
        return np.asarray(validate_data(self, X, reset=reset, dtype=np.float64))

    def _read_outcome(self, y: Any, n: int) -> FloatArray:
        """Outcome as 0/1; sets ``classes_``. Outcome of 0 and 1 keeps both classes even where one is absent."""
        if y is None:
            raise ValueError(f"{type(self).__name__} requires y to be passed, but the target y is None.")
        plain = y.to_numpy() if isinstance(y, pd.Series) and isinstance(y.dtype, np.dtype) else y
        if isinstance(plain, np.ndarray) and plain.dtype.kind in "iu" and plain.shape == (n,) and _only_0_and_1(plain):
            self.classes_ = np.array([0, 1], dtype=plain.dtype)
            return plain.astype(np.float64)  # needs no further reading
        labels = column_or_1d(y, warn=True)
        if labels.size != n:
            raise ValueError(f"y must hold one outcome per row of X; got {labels.size} for {n} rows. Align them first.")
        if labels.dtype.kind == "f":
            refuse_where(~np.isfinite(labels), labels, "y must be finite", "Remove patients of unknown outcome.")
        check_classification_targets(labels)
        classes = np.unique(labels)
        if classes.size == 1 and classes[0] in (0, 1):
            classes = np.array([0, 1], dtype=labels.dtype)
        if classes.size != 2:
            raise ValueError(
                f"y must have two classes, no event and event; got {classes.size} class{'es' * (classes.size != 1)}. "
                "Only binary classification is supported."
            )
        self.classes_ = classes
        return (labels == classes[1]).astype(np.float64)

    def _read_weight(self, sample_weight: Any, n: int) -> FloatArray:
        return check_weight(sample_weight, n)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_class = False
        return tags


def _only_0_and_1(labels: npt.NDArray[Any]) -> bool:
    return bool(labels.size and labels.min() == 0 and labels.max() == 1)


def refuse_text(X: pd.DataFrame) -> None:
    """Raise when a column holds text that is no number."""
    text = [c for c, kind in X.dtypes.items() if not pd.api.types.is_numeric_dtype(kind)]
    for column in text:
        try:
            pd.to_numeric(X[column])
        except (TypeError, ValueError):
            raise ValueError(
                f"X must hold numbers; column {column!r} holds {X[column].iloc[0]!r}. Map text to numbers first, for "
                "example with Cohort.from_frame(values=...)."
            ) from None


def refuse_missing(X: pd.DataFrame) -> None:
    """Raise when values are missing, with advice."""
    missing = X.columns[X.isna().any()]
    if len(missing):
        counts = ", ".join(f"{column} ({int(X[column].isna().sum())})" for column in missing)
        raise ValueError(
            f"X must have no missing values; got NaN in {counts}. Impute them with the outcome included, or use a "
            "model that skips unknown findings (LikelihoodRatioModel)."
        )
