"""Separation: when maximum likelihood estimates are infinite, in which direction, and what the
risks tend to.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.optimize import linprog

from ...numerics.checks import (
    FloatArray,
    check_flag,
    check_outcome,
    check_same_index,
    check_same_length,
    refuse_where,
)
from ...numerics.patterns import collapse
from ...numerics.values import as_numbers, shown
from ...results.notebook import as_html


@dataclass(frozen=True, eq=False, kw_only=True)
class Separation:
    """Which coefficients have no finite maximum likelihood estimate.

    Attributes
    ----------
    terms : tuple of str
    directions : tuple of str
        ``"finite"``, ``"+inf"`` or ``"-inf"`` per term.
    direction : ndarray, shape (p,)
        Along it the likelihood never falls; zero when the data overlap.
    """

    terms: tuple[str, ...]
    directions: tuple[str, ...]
    direction: FloatArray

    @classmethod
    def along(cls, direction: FloatArray, terms: tuple[str, ...]) -> Separation:
        """The separation in one direction, (p,).

        Parameters
        ----------
        direction : array, shape (p,)
            Direction in which the likelihood rises without end.
        terms : tuple of str
            Names of the terms, in the order of the columns.
        """
        names = np.array(["-inf", "finite", "+inf"])[np.sign(direction).astype(int) + 1]
        return cls(terms=terms, directions=tuple(str(name) for name in names), direction=direction)

    @property
    def separated(self) -> bool:
        """Whether any coefficient is infinite."""
        return any(direction != "finite" for direction in self.directions)

    def __getitem__(self, term: str) -> str:
        return self.directions[self.terms.index(term)]

    def to_frame(self) -> pd.DataFrame:
        """One row per term."""
        return pd.DataFrame({"term": self.terms, "direction": self.directions}).set_index("term")

    def _repr_html_(self) -> str:
        return as_html(self.to_frame())

    def __repr__(self) -> str:
        return f"Separation of {len(self.terms)} terms: {self}"

    def __str__(self) -> str:
        infinite = [
            f"{t} {d}" for t, d in zip(self.terms, self.directions, strict=True) if d != "finite"
        ]
        return f"separated: {', '.join(infinite)}" if infinite else "not separated"


def detect_separation(
    X: pd.DataFrame | npt.ArrayLike, y: npt.ArrayLike, *, intercept: bool = True
) -> Separation:
    """Find infinite maximum likelihood estimates of a logistic model by linear programming.

    Parameters
    ----------
    X : DataFrame or array, shape (n, p)
        Predictors, without the constant.
    y : array, shape (n,)
        Outcome, 0 or 1.
    intercept : bool
        Whether the model has an intercept; it comes first in the result.

    Returns
    -------
    Separation

    Notes
    -----
    A direction delta separates when X delta >= 0 for every event, <= 0 for every non-event, and is
    not 0 everywhere. Directions are collected until none separates a further pattern, so every
    infinite coefficient is found.

    References
    ----------
    Albert and Anderson (1984), Biometrika 71:1. Konis (2007), DPhil thesis, Oxford.

    Examples
    --------
    >>> detect_separation([[1], [2], [3], [4]], [0, 0, 1, 1]).directions
    ('-inf', '+inf')
    """
    check_flag("intercept", intercept)
    table: Any = X if isinstance(X, pd.DataFrame) else np.atleast_1d(as_numbers("X", X))
    _check_numbers(table, X)
    outcome = check_outcome(y)
    check_same_length(X=table.shape[0], y=outcome.size)
    check_same_index(X=X, y=y)
    if isinstance(table, np.ndarray):
        table = table.reshape(len(table), -1)  # a single column may come as a vector
    patterns = collapse(table, outcome)
    names = (
        [str(c) for c in table.columns]
        if isinstance(table, pd.DataFrame)
        else [f"x{j}" for j in range(table.shape[-1])]
    )
    design = np.asarray(patterns.X, dtype=np.float64)
    if intercept:
        design = np.column_stack([np.ones(len(design)), design])
        names = ["intercept", *names]
    return separation_of(design, patterns.events, patterns.n, tuple(names))


def _check_numbers(table: Any, given: Any) -> None:
    """Refuse what is no table of finite numbers."""
    columns = (
        [table.iloc[:, j] for j in range(table.shape[1])]
        if isinstance(table, pd.DataFrame)
        else [table]
    )
    if not columns or table.ndim > 2 or table.size == 0:
        raise ValueError(
            f"X must be a table with columns; got {shown(given)}. Pass a DataFrame or an array."
        )
    for column in columns:
        values = as_numbers("X", column)
        refuse_where(
            ~np.isfinite(values), values, "X must be finite", "Remove or impute these rows first."
        )


def separation_of(
    design: FloatArray, events: FloatArray, n: FloatArray, terms: tuple[str, ...]
) -> Separation:
    """Separation of a design matrix (constant included) with counts per pattern."""
    present = n > 0
    scale = np.abs(design[present]).max(axis=0)
    scale[scale == 0] = 1.0
    X = design[present] / scale
    y = events[present] / n[present]
    direction = np.zeros(X.shape[1])
    found = np.zeros(len(X), dtype=bool)
    while not found.all():
        step = _separating_direction(X, y, ~found)
        moved = np.abs(X @ step) > 1e-7
        if not np.any(moved & ~found):
            break
        direction = direction + step
        found = found | moved
    direction = np.where(np.abs(direction) > 1e-7, direction / scale, 0.0)
    return Separation.along(direction, terms)


def _separating_direction(X: FloatArray, y: FloatArray, count: npt.NDArray[np.bool_]) -> FloatArray:
    """The direction in the unit box that moves ``count`` furthest the right way, and no pattern
    the wrong way.
    """
    signed = np.where(y[:, None] == 1, X, -X)
    mixed = (y > 0) & (y < 1)
    solution = linprog(
        -signed[count & ~mixed].sum(axis=0),
        A_ub=-signed[~mixed] if np.any(~mixed) else None,
        b_ub=np.zeros(int(np.sum(~mixed))) if np.any(~mixed) else None,
        A_eq=X[mixed] if np.any(mixed) else None,
        b_eq=np.zeros(int(np.sum(mixed))) if np.any(mixed) else None,
        bounds=(-1, 1),
        method="highs",
    )
    return np.asarray(solution.x) if solution.status == 0 else np.zeros(X.shape[1])
