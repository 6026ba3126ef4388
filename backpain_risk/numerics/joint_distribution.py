"""The joint distribution of the columns of a table, one column after another, and what is missing
given the rest.

P(x_1, ..., x_p) = P(x_1) P(x_2 | x_1) ... : two levels by logistic regression, a number by linear
regression of its normal score. What a row misses is averaged over a grid of values, or over a fixed
sequence of points where the grid would be too large, so nothing is random and no row depends on
another.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from typing import Any, Self

import numpy as np
from scipy import stats
from scipy.special import logsumexp

from .checks import BoolArray, FloatArray
from .one_of_others import (
    Coefficients,
    Standardisation,
    fit_number,
    fit_two_levels,
    standardisation_of,
)
from .patterns import distinct_rows, sum_by
from .quadrature import normal_nodes
from .splines import weighted_quantile

_GRID = 20  # values that stand for a number
_POINTS = 512  # of completions of one row
_BY_LEVEL = ("levels", "share", "scores", "coefficient")


@dataclass(frozen=True, eq=False, kw_only=True)
class _Column:
    """A column given those before it.

    ``levels`` and ``share`` are (k,): values that it may take and how common each is. ``scores``
    are their normal scores where it is a number, empty for two levels and for a column that does
    not vary.
    """

    levels: FloatArray
    share: FloatArray
    scores: FloatArray
    coefficient: FloatArray
    spread: float

    def log_ratio(self, design: FloatArray, values: FloatArray) -> FloatArray:
        """Log of P(value | columns before) over P(value), (m,), up to a constant where the value
        is a number.
        """
        if self.levels.size == 1:
            return np.zeros(len(values))
        eta = design @ self.coefficient
        if self.scores.size:
            z = np.interp(values, self.levels, self.scores)
            return np.asarray(-0.5 * ((z - eta) / self.spread) ** 2 + 0.5 * z**2)
        high = values > self.levels.mean()
        return np.asarray(
            -np.logaddexp(0, np.where(high, -eta, eta)) - np.log(self.share[high.astype(int)])
        )


@dataclass(frozen=True, eq=False, kw_only=True)
class JointDistribution:
    """``columns`` (p,) in the order of the factors, which are the positions ``order`` (p,) of
    the table.
    """

    order: tuple[int, ...]
    columns: tuple[_Column, ...]
    scale: Standardisation

    def completions(self, rows: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Completed rows (m, k, p) and their probabilities (m, k), for rows (m, p) that miss the
        same columns.
        """
        missing = np.isnan(rows[0])
        states, prior = self._states(missing)
        full = np.repeat(rows[:, None], len(states), axis=1)
        full[:, :, missing] = states
        log_weight = np.log(prior) + self._log_ratio(
            full.reshape(-1, rows.shape[1]), missing
        ).reshape(len(rows), -1)
        return full, np.exp(log_weight - logsumexp(log_weight, axis=1, keepdims=True))

    def state(self) -> dict[str, Any]:
        """Order, scale and columns as lists of numbers."""
        return {
            "order": list(self.order),
            "centre": self.scale.centre.tolist(),
            "unit": self.scale.unit.tolist(),
            "columns": [
                {
                    "levels": column.levels.tolist(),
                    "share": column.share.tolist(),
                    "scores": column.scores.tolist(),
                    "coefficient": column.coefficient.tolist(),
                    "spread": float(column.spread),
                }
                for column in self.columns
            ],
        }

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> Self:
        """The distribution of a :meth:`state`."""
        columns = tuple(
            _Column(
                spread=column["spread"],
                **{name: np.array(column[name], np.float64) for name in _BY_LEVEL},
            )
            for column in state["columns"]
        )
        scale = Standardisation(
            centre=np.array(state["centre"], np.float64), unit=np.array(state["unit"], np.float64)
        )
        return cls(order=tuple(state["order"]), columns=columns, scale=scale)

    def _states(self, missing: BoolArray) -> tuple[FloatArray, FloatArray]:
        """Values of the missing columns (k, missing) and their probabilities (k,) were all
        columns independent.
        """
        by_position = dict(zip(self.order, self.columns, strict=True))
        wanted = [by_position[int(j)] for j in np.flatnonzero(missing)]
        if np.prod([float(column.levels.size) for column in wanted]) <= _POINTS:
            grid = np.meshgrid(*[column.levels for column in wanted], indexing="ij")
            prior = reduce(np.multiply.outer, [column.share for column in wanted])
            return np.stack([axis.ravel() for axis in grid], axis=1), np.ravel(prior)
        places = stats.qmc.Sobol(len(wanted), scramble=False).random(_POINTS) + 0.5 / _POINTS
        picked = [
            column.levels[np.searchsorted(np.cumsum(column.share)[:-1], place, side="right")]
            for column, place in zip(wanted, places.T, strict=True)
        ]
        return np.stack(picked, axis=1), np.full(_POINTS, 1 / _POINTS)

    def _log_ratio(self, rows: FloatArray, missing: BoolArray) -> FloatArray:
        """Sum over the factors that a missing column enters, (m,)."""
        first = min(place for place, j in enumerate(self.order) if missing[j])
        design = self.scale.design(rows[:, self.order])
        total = np.zeros(len(rows))
        for place in range(first, len(self.order)):
            total += self.columns[place].log_ratio(
                design[:, : place + 1], rows[:, self.order[place]]
            )
        return total


def fit_joint(values: FloatArray, order: tuple[int, ...]) -> JointDistribution:
    """From complete rows (n, p); ``order`` says which column is given which."""
    inverse, first = distinct_rows(list(values.T))
    rows = values[first][:, order]
    n = sum_by(inverse, np.ones(inverse.size), first.size)
    scale = standardisation_of(rows, n)
    design = scale.design(rows)
    columns = tuple(
        _column(design[:, : place + 1], rows[:, place], n) for place in range(len(order))
    )
    return JointDistribution(order=order, columns=columns, scale=scale)


def _column(design: FloatArray, values: FloatArray, n: FloatArray) -> _Column:
    levels, which = np.unique(values, return_inverse=True)
    share = sum_by(which, n, levels.size) / n.sum()
    none = np.empty(0)
    if levels.size == 1:
        return _Column(levels=levels, share=share, scores=none, coefficient=none, spread=1.0)
    if levels.size == 2:
        fit = fit_two_levels(design, n * which, n)
        return _Column(levels=levels, share=share, scores=none, coefficient=fit.mode, spread=1.0)
    score = _normal_scores(share)[which]
    fit = fit_number(design, n * score, float(n @ score**2), n)
    if levels.size > _GRID:
        return _grid(values, n, fit)
    return _Column(
        levels=levels,
        share=share,
        scores=_normal_scores(share),
        coefficient=fit.mode,
        spread=fit.spread,
    )


def _grid(values: FloatArray, n: FloatArray, fit: Coefficients) -> _Column:
    """Quantiles at the nodes of a Gauss rule stand for the number; those that coincide are one
    level.
    """
    nodes, weights = normal_nodes(_GRID)
    levels, which = np.unique(
        weighted_quantile(values, stats.norm.cdf(nodes), n), return_inverse=True
    )
    share = sum_by(which, weights, levels.size)
    scores = sum_by(which, weights * nodes, levels.size) / share
    return _Column(
        levels=levels, share=share, scores=scores, coefficient=fit.mode, spread=fit.spread
    )


def _normal_scores(share: FloatArray) -> FloatArray:
    """Normal quantile of the middle of each level's place in the distribution."""
    return np.asarray(stats.norm.ppf(np.cumsum(share) - share / 2))
