"""What all models share: reading predictors and outcome, and risk as probability of
``classes_[1]``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple, Self

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from .. import vocabulary
from ..numerics.checks import FloatArray, check_weight
from ..numerics.patterns import distinct_rows
from ..numerics.values import as_numbers, shown
from ..numerics.warned import in_turn
from .event import binary_outcome


class Rows(NamedTuple):
    """Distinct rows of predictors, (m, columns), and which of them each patient is, (n,)."""

    values: FloatArray
    inverse: npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class CheckedTable:
    """Distinct rows that a model read and checked once, to fit and predict with often; the rows
    are values[inverse].
    """

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
        """Predicted probability of the event, shape (n,); computed once for identical rows of a
        DataFrame.
        """
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
        """Distinct rows of a DataFrame, or all rows of an array, as float64; see
        :meth:`_read_predictors`.
        """
        if isinstance(X, CheckedTable):
            return Rows(self._accept(X, reset=reset), X.inverse)
        with in_turn():
            return self._read_table(X, reset=reset)

    def _read_table(self, X: Any, *, reset: bool) -> Rows:
        if not isinstance(X, pd.DataFrame):
            values = self._read_predictors(X, reset=reset)
            return Rows(values, np.arange(len(values)))
        refuse_text(X)
        inverse, first = distinct_rows([X.iloc[:, j] for j in range(X.shape[1])])
        try:
            return Rows(self._read_predictors(X.iloc[first], reset=reset), inverse)
        except ValueError:
            self._read_predictors(
                X, reset=reset
            )  # says the same of the patients, not of the distinct rows
            raise

    def check_once(self, X: Any) -> CheckedTable:
        """Predictors as this fitted model reads them, for models of its kind to take without
        reading again.
        """
        check_is_fitted(self)
        values = self._read_predictors(X, reset=False)
        return CheckedTable(
            values, getattr(self, "feature_names_in_", None), np.arange(len(values))
        )

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
        values = np.asarray(validate_data(self, refuse_masked(X), reset=reset, dtype=np.float64))
        self._check_values(values)
        return values

    def _check_values(self, values: FloatArray) -> None:
        """Refuse what a finding or measurement of the vocabulary cannot be, such as 5 for
        yes/no.
        """
        for column, x in zip(getattr(self, "feature_names_in_", ()), values.T, strict=False):
            vocabulary.check_values(str(column), x)

    def _read_outcome(self, y: Any, n: int) -> FloatArray:
        """Outcome as 0/1; sets ``classes_``. Outcome of 0 and 1 keeps both classes even where
        one is absent.
        """
        if y is None:
            raise ValueError(
                f"y must be given; got None. {type(self).__name__} requires y to be passed, but "
                "the target y is None."
            )
        self.classes_, outcome = binary_outcome(y, n, getattr(self, "event", None))
        return outcome

    def _read_weight(self, sample_weight: Any, n: int) -> FloatArray:
        return check_weight(sample_weight, n)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_class = False
        return tags


def refuse_text(X: pd.DataFrame) -> None:
    """Raise when a column holds text (that of numbers included), dates or anything else that is
    no real number.
    """
    for name, column in X.items():
        if (
            column.dtype.kind in "biuf"
            if isinstance(column.dtype, np.dtype)
            else pd.api.types.is_bool_dtype(column)
        ):
            continue
        try:
            as_numbers("X", column)
        except ValueError as error:
            got = str(error).split("; got ")[1].split(". Convert")[0]
            raise ValueError(
                f"X must hold numbers; column {name!r} holds {got}. Map text to numbers first, "
                "for example with "
                "Cohort.from_frame(values=...)."
            ) from None


def refuse_no_table(X: Any) -> None:
    """Refuse a single number or text, mappings, dates, and objects without rows."""
    if hasattr(X, "dtype") and getattr(X.dtype, "kind", "") in "mMV":
        raise ValueError(
            f"X must hold numbers; got {shown(X)} of {X.dtype}. Pass for example days as numbers."
        )
    if isinstance(X, np.ndarray) and X.dtype.kind == "c":
        raise ValueError(
            "X must hold real numbers; got complex ones. Complex data not supported: pass real "
            "columns."
        )
    table = isinstance(X, (list, tuple)) or any(
        hasattr(X, name) for name in ("shape", "__array__", "__dataframe__")
    )
    shape = X.shape if hasattr(X, "shape") else np.shape(np.asarray(X, dtype=object))
    if not table or len(shape) < 2:
        hint = (
            "Reshape your data with .reshape(-1, 1) for one column, or .reshape(1, -1) for one "
            "patient."
        )
        got = "1D array" if table and len(shape) == 1 else shown(X)
        raise ValueError(
            f"X must be a table; got {got}. Expected 2D array, got {got} instead. {hint}"
        )
    if isinstance(X, pd.DataFrame) and not X.size:
        raise ValueError(
            f"X must hold patients and columns; got shape {X.shape}, 0 sample(s) or 0 feature(s). "
            "Check it."
        )


def refuse_masked(X: Any) -> Any:
    """The predictors; masked values, which are missing ones, are refused as such, and what is no
    table of numbers.
    """
    refuse_no_table(X)
    if isinstance(X, np.ma.MaskedArray) and np.ma.getmaskarray(X).any():
        raise ValueError(
            f"X must have no missing values; got {int(np.ma.getmaskarray(X).sum())} masked. "
            "Impute them with the "
            "outcome included, or use a model that skips unknown findings (LikelihoodRatioModel)."
        )
    return X


def refuse_missing(X: pd.DataFrame) -> None:
    """Raise when values are missing, with advice."""
    missing = X.columns[X.isna().any()]
    if len(missing):
        counts = ", ".join(f"{column} ({int(X[column].isna().sum())})" for column in missing)
        raise ValueError(
            f"X must have no missing values; got NaN in {counts}. Impute them with the outcome "
            "included, or use a "
            "model that skips unknown findings (LikelihoodRatioModel)."
        )
