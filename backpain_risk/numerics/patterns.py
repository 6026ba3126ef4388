"""Covariate patterns: identical rows collapsed to one row with counts.

Red flags are few and discrete, so a million patients are a few thousand patterns. Every likelihood
and every measure of the package is an exact function of the counts.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ..results.in_words import sentence
from .checks import FloatArray, check_outcome, check_same_index, check_same_length, check_weight
from .values import as_numbers, shown

IntArray = npt.NDArray[np.int64]
_DENSE = 1 << 24  # a key below this is counted in a table, above it hashed


@dataclass(frozen=True, eq=False, kw_only=True)
class Patterns:
    """Distinct rows with counts.

    Attributes
    ----------
    X : DataFrame or ndarray, shape (m, p)
        The distinct rows, in ascending order of the columns.
    events, n : ndarray, shape (m,)
        Patients with the event, and all patients, of each pattern.
    inverse : ndarray, shape (rows,)
        Pattern of each original row: ``X[inverse]`` restores them; empty when counted from files.
    """

    X: Any
    events: FloatArray
    n: FloatArray
    inverse: IntArray = field(default_factory=lambda: np.empty(0, dtype=np.int64))

    __repr__ = sentence

    def rows(self) -> tuple[Any, FloatArray, FloatArray]:
        """The patterns as rows to fit: X, y and sample_weight, with a row for events and one for
        the others of each.
        """
        twice = np.repeat(np.arange(self.n.size), 2)
        table = (
            self.X.iloc[twice].reset_index(drop=True)
            if isinstance(self.X, pd.DataFrame)
            else self.X[twice]
        )
        weight = np.column_stack([self.events, self.n - self.events]).ravel()
        return table, np.tile([1.0, 0.0], self.n.size), weight

    def to_frame(self) -> pd.DataFrame:
        """The patterns with columns ``events`` and ``n`` appended."""
        return pd.DataFrame(self.X).assign(events=self.events, n=self.n)


def collapse(
    X: pd.DataFrame | npt.ArrayLike, y: npt.ArrayLike, sample_weight: npt.ArrayLike | None = None
) -> Patterns:
    """Collapse identical rows of ``X`` to covariate patterns with counts.

    Parameters
    ----------
    X : DataFrame or array, shape (rows, p)
        Predictors; missing values count as a level of their own.
    y : array, shape (rows,)
        Outcome, 0 or 1.
    sample_weight : array, shape (rows,), optional
        Number of identical patients behind each row; 1 when absent.

    Returns
    -------
    Patterns
        Rows of weight zero are kept as patterns with ``n = 0``, so that ``inverse`` covers every
        row.

    Examples
    --------
    >>> collapse([[0], [1], [1]], [0, 1, 0]).to_frame()
       0  events    n
    0  0     0.0  1.0
    1  1     1.0  2.0
    """
    table = as_table(X)
    outcome = check_outcome(y)
    check_same_length(X=table.shape[0], y=outcome.size)
    check_same_index(X=X, y=y, sample_weight=sample_weight)
    weight = check_weight(sample_weight, outcome.size)
    inverse, first = distinct_rows(_columns(table))
    return Patterns(
        X=table.iloc[first].reset_index(drop=True)
        if isinstance(table, pd.DataFrame)
        else table[first],
        events=sum_by(inverse, weight * outcome, first.size),
        n=sum_by(inverse, weight, first.size),
        inverse=inverse,
    )


def as_table(X: Any) -> Any:
    """A DataFrame, or an array of two dimensions; of an array of numbers masked values are missing.

    Raises
    ------
    ValueError
        For anything else, complex numbers and columns that mix numbers and text.
    """
    table = as_numbers("X", X) if isinstance(X, np.ma.MaskedArray) else X
    if not isinstance(table, pd.DataFrame):
        table = np.asarray(table)
        if table.ndim == 1 and table.size and not isinstance(table[0], (str, bytes)):
            table = table[:, None]
        if table.ndim != 2 or table.dtype.kind == "V":
            raise ValueError(
                f"X must be a table; got {shown(X)}. Pass a DataFrame or an array of two "
                "dimensions."
            )
    for column in _columns(table):
        _refuse_mixture(column)
    return table


def _refuse_mixture(column: Any) -> None:
    """Refuse complex numbers, and 1 beside "1", which are two levels to the computer and one to
    its user.
    """
    kind = getattr(column, "dtype", None)
    if getattr(kind, "kind", "") == "O" and not isinstance(kind, pd.CategoricalDtype):
        values = [
            value for value in pd.unique(np.asarray(column, dtype=object)) if not pd.isna(value)
        ]
        text = [value for value in values if isinstance(value, str)]
        if text and len(text) < len(values):
            other = next(value for value in values if not isinstance(value, str))
            raise ValueError(
                f"X must not mix numbers and text; got {other!r} and {text[0]!r} in a column. "
                "Convert it."
            )
    elif getattr(kind, "kind", "") == "c":
        raise ValueError("X must hold real numbers or labels; got complex ones. Pass real columns.")


def sum_by(codes: IntArray, weight: FloatArray, size: int) -> FloatArray:
    """Sum of the weights of each code 0..size-1."""
    return np.bincount(codes, weights=weight, minlength=size).astype(np.float64, copy=False)


def _columns(table: Any) -> list[Any]:
    if isinstance(table, pd.DataFrame):
        return [table.iloc[:, j] for j in range(table.shape[1])]
    return list(table.reshape(len(table), -1).T)


def distinct_rows(columns: list[Any]) -> tuple[IntArray, IntArray]:
    """Pattern number of each row, and the first row of each pattern; patterns in ascending
    order.
    """
    size = len(columns[0]) if columns else 0
    key = np.zeros(size, dtype=np.int64)
    radix = 1
    for column in columns:
        codes, levels = _codes(column)
        if radix * levels >= 1 << 62:
            key, radix = _dense(key, radix)
        key *= levels
        key += codes
        radix *= levels
    inverse, m = _dense(key, radix)
    first = np.empty(m, dtype=np.int64)
    first[inverse[::-1]] = np.arange(size - 1, -1, -1)
    return inverse, first


def _codes(column: Any) -> tuple[npt.NDArray[Any], int]:
    """Ordered level numbers of one column, and how many levels."""
    values = np.asarray(column)
    if values.size and values.dtype.kind in "biu":
        low = int(values.min())
        high = int(values.max())
        if high - low < 4096:
            whole = values if values.dtype.itemsize < 8 else values.astype(np.int64, copy=False)
            return whole.astype(np.int64) - low if low else whole, high - low + 1
    if isinstance(getattr(column, "dtype", None), pd.CategoricalDtype):
        codes = np.asarray(column.cat.codes, dtype=np.int64) + 1
        return codes, len(column.cat.categories) + 1
    codes, levels = pd.factorize(values, sort=True, use_na_sentinel=False)
    return codes, max(len(levels), 1)


def _dense(key: IntArray, radix: int) -> tuple[IntArray, int]:
    """Renumber keys as 0..m-1 in ascending order."""
    if key.size == 0:
        return key, 0
    if radix <= max(_DENSE, 4 * key.size) and radix < 1 << 31:
        present = np.zeros(radix, dtype=bool)
        present[key] = True
        number = np.cumsum(present) - 1
        return number[key], int(number[-1]) + 1
    codes, levels = pd.factorize(key, sort=True)
    return codes.astype(np.int64, copy=False), len(levels)
