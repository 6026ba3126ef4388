"""From predictor columns to model terms: splines with knots learned once, interactions as products."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from scipy import linalg

from ..numerics.checks import FloatArray
from ..numerics.splines import harrell_knots, restricted_cubic_basis

Column = int | str


@dataclass(frozen=True, eq=False, kw_only=True)
class Design:
    """How columns become terms.

    Attributes
    ----------
    columns : tuple of str
        Names of the predictor columns.
    knots : dict of column position to knots
    interactions : tuple of pairs of column positions
    """

    columns: tuple[str, ...]
    knots: dict[int, FloatArray]
    interactions: tuple[tuple[int, int], ...]

    @property
    def terms(self) -> tuple[str, ...]:
        """Names of the terms: ``age_years``, ``age_years'`` for further spline columns, ``a:b`` for products."""
        names = [name + "'" * k for j, name in enumerate(self.columns) for k in range(self._width(j))]
        return (*names, *(f"{self.columns[a]}:{self.columns[b]}" for a, b in self.interactions))

    def matrix(self, X: FloatArray) -> FloatArray:
        """Terms of the given rows, (n, p), without the constant."""
        parts = [
            restricted_cubic_basis(X[:, j], self.knots[j]) if j in self.knots else X[:, j : j + 1]
            for j in range(len(self.columns))
        ]
        return np.column_stack([*parts, *(X[:, a] * X[:, b] for a, b in self.interactions)])

    def _width(self, column: int) -> int:
        return len(self.knots[column]) - 1 if column in self.knots else 1


def learn_design(
    X: FloatArray,
    weight: FloatArray,
    columns: tuple[str, ...],
    splines: Mapping[Column, int] | None,
    interactions: Iterable[tuple[Column, Column]],
) -> Design:
    """Learn knots from the data and resolve names to positions."""
    wanted = {_position(column, columns): k for column, k in (splines or {}).items()}
    knots = {j: harrell_knots(X[:, j], k, weight) for j, k in wanted.items()}
    pairs = tuple((_position(a, columns), _position(b, columns)) for a, b in interactions)
    return Design(columns=columns, knots=knots, interactions=pairs)


def _position(column: Column, columns: tuple[str, ...]) -> int:
    if isinstance(column, str) and column in columns:
        return columns.index(column)
    if isinstance(column, (int, np.integer)) and 0 <= column < len(columns):
        return int(column)
    raise ValueError(
        f"splines and interactions must name columns of X; got {column!r}. Known: {', '.join(columns)}, or positions "
        "from 0."
    )


def with_constant(design: FloatArray) -> FloatArray:
    """The design with a first column of ones."""
    return np.column_stack([np.ones(len(design)), design])


def refuse_dependent(design: FloatArray, weight: FloatArray, terms: tuple[str, ...]) -> None:
    """Raise when a term is a linear combination of others (constant included)."""
    present = design[weight > 0]
    scale = np.sqrt(np.sum(present**2, axis=0))
    if len(present) == 0 or np.any(scale == 0):
        raise ValueError(_dependence([t for t, s in zip(terms, np.atleast_1d(scale), strict=True) if s == 0]))
    _, r, pivot = linalg.qr(present / scale, mode="economic", pivoting=True)
    size = np.abs(np.diagonal(r))
    rank = int(np.sum(size > size[0] * max(design.shape) * np.finfo(float).eps))
    if rank < design.shape[1]:
        raise ValueError(_dependence([terms[j] for j in sorted(pivot[rank:])]))


def _dependence(terms: list[str]) -> str:
    return (
        f"X must have terms that are not constant or linear combinations of each other; got {', '.join(terms)}. "
        "Drop them, or use penalty='ridge'."
    )
