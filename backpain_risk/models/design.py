"""From predictor columns to model terms: bands, splines with knots learned once, interactions as
products.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from scipy import linalg

from ..numerics.checks import FloatArray, check_count, check_mapping
from ..numerics.splines import harrell_knots, restricted_cubic_basis
from ..numerics.values import shown

Column = int | str


@dataclass(frozen=True, eq=False, kw_only=True)
class Bands:
    """Bands of a recorded number; each but the reference becomes a yes/no term.

    Attributes
    ----------
    labels : tuple of str
        In ascending order of the value.
    cutoffs : ndarray, shape (bands - 1,)
        A value at a cut-off belongs to the band above it.
    reference : int
        Position of the band without a term.
    """

    labels: tuple[str, ...]
    cutoffs: FloatArray
    reference: int

    @property
    def others(self) -> tuple[int, ...]:
        """Positions of the bands with a term."""
        return tuple(k for k in range(len(self.labels)) if k != self.reference)

    def indicators(self, values: FloatArray) -> FloatArray:
        """0/1 for each band but the reference, (n, bands - 1)."""
        band = np.searchsorted(self.cutoffs, values, side="right")
        return (band[:, None] == np.array(self.others)).astype(np.float64)


@dataclass(frozen=True, eq=False, kw_only=True)
class Design:
    """How columns become terms.

    Attributes
    ----------
    columns : tuple of str
        Names of the predictor columns.
    knots : dict of column position to knots
    interactions : tuple of pairs of column positions
    bands : dict of column position to Bands
        A banded column enters by its bands, and by a spline too where it has knots.
    """

    columns: tuple[str, ...]
    knots: dict[int, FloatArray]
    interactions: tuple[tuple[int, int], ...]
    bands: dict[int, Bands] = field(default_factory=dict)

    @property
    def terms(self) -> tuple[str, ...]:
        """Names of the terms: ``age_years``, ``age_years'`` for further spline columns, ``a:b``
        for products.
        """
        names = [name for j in range(len(self.columns)) for name in self._names(j)]
        return (*names, *(f"{self.columns[a]}:{self.columns[b]}" for a, b in self.interactions))

    def matrix(self, X: FloatArray) -> FloatArray:
        """Terms of the given rows, (n, p), without the constant."""
        parts = [self.of_column(j, X[:, j]) for j in range(len(self.columns))]
        return np.column_stack([*parts, *(X[:, a] * X[:, b] for a, b in self.interactions)])

    def of_column(self, column: int, values: FloatArray) -> FloatArray:
        """Terms of one column at the given values, (n, terms of the column): its bands first."""
        parts = [self.bands[column].indicators(values)] if column in self.bands else []
        if column in self.knots:
            parts.append(restricted_cubic_basis(values, self.knots[column]))
        return np.column_stack(parts) if parts else values[:, None]

    def positions(self, column: int) -> slice:
        """Where the terms of one column stand among all terms."""
        start = sum(len(self._names(j)) for j in range(column))
        return slice(start, start + len(self._names(column)))

    def _names(self, column: int) -> list[str]:
        name = self.columns[column]
        banded = column in self.bands
        labels = (
            [f"{name} {self.bands[column].labels[k]}" for k in self.bands[column].others]
            if banded
            else []
        )
        width = len(self.knots[column]) - 1 if column in self.knots else int(not banded)
        return [*labels, *(name + "'" * k for k in range(width))]


_DIGITS = 5
NEARLY_DEPENDENT = 10.0**-_DIGITS
"""Part of a term beyond the others, as a share of its size, below which its information is lost
in rounding.
"""


def learn_design(
    X: FloatArray,
    weight: FloatArray,
    columns: tuple[str, ...],
    splines: Mapping[Column, int] | None,
    interactions: Iterable[tuple[Column, Column]],
    bands: Mapping[str, Bands] | None = None,
) -> Design:
    """Learn knots from the data and resolve names to positions; columns named in ``bands`` are
    cut into bands.
    """
    if splines is not None:
        check_mapping("splines", splines, "column to number of knots")
    wanted = {
        _position(column, columns): check_count("splines", k, 3, 10)
        for column, k in (splines or {}).items()
    }
    knots = {j: harrell_knots(X[:, j], k, weight) for j, k in wanted.items()}
    pairs = tuple((_position(a, columns), _position(b, columns)) for a, b in _pairs(interactions))
    cut = {_position(name, columns): cut for name, cut in (bands or {}).items()}
    return Design(columns=columns, knots=knots, interactions=pairs, bands=cut)


def _pairs(interactions: Any) -> list[tuple[Column, Column]]:
    """Interactions as pairs of columns."""
    listed = list(interactions) if isinstance(interactions, (list, tuple, set, frozenset)) else None
    if listed is None or not all(
        isinstance(pair, (list, tuple)) and len(pair) == 2 for pair in listed
    ):
        raise ValueError(
            f"interactions must be pairs of columns; got {shown(interactions)}. Pass for example "
            "[(0, 1)]."
        )
    return [(a, b) for a, b in listed]


def _position(column: Column, columns: tuple[str, ...]) -> int:
    if isinstance(column, str) and column in columns:
        return columns.index(column)
    if isinstance(column, (int, np.integer)) and 0 <= column < len(columns):
        return int(column)
    raise ValueError(
        f"splines and interactions must name columns of X; got {column!r}. Known: "
        f"{', '.join(columns)}, or positions "
        "from 0."
    )


def with_constant(design: FloatArray) -> FloatArray:
    """The design with a first column of ones."""
    return np.column_stack([np.ones(len(design)), design])


def refuse_dependent(design: FloatArray, weight: FloatArray, terms: tuple[str, ...]) -> None:
    """Raise when a term is a linear combination of others (constant included), or so near one
    that no fit is exact.
    """
    present = design[weight > 0]
    scale = np.sqrt(np.sum(present**2, axis=0))
    scale[0] /= 2  # the constant counts as given, so that what hardly varies is named instead
    if len(present) == 0 or np.any(scale == 0):
        raise ValueError(
            _dependence([t for t, s in zip(terms, np.atleast_1d(scale), strict=True) if s == 0])
        )
    _, r, pivot = linalg.qr(present / scale, mode="economic", pivoting=True)
    size = np.abs(np.diagonal(r))
    rank = int(np.sum(size > size[0] * NEARLY_DEPENDENT))
    if rank < design.shape[1]:
        raise ValueError(_dependence([terms[j] for j in sorted(pivot[rank:])]))


def _dependence(terms: list[str]) -> str:
    return (
        "X must have terms that are not constant or linear combinations of each other, exactly or "
        "to "
        f"{_DIGITS} digits; got {', '.join(terms)}. Drop them; subtract the mean of a term that "
        "varies little "
        "for its size; or use penalty='ridge' for terms that say the same."
    )
