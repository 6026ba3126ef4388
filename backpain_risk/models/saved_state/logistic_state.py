"""What the file of a logistic model holds."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

import numpy as np
from pydantic import Field, StrictBool, StrictInt, model_validator

from .classifier_state import SavedDesign
from .plain_values import Array, Count, Finite, Label, Names, Number, SavedPart, require


class _Options(SavedPart):
    penalty: Literal["firth", "ridge"] | None
    correction: Literal["auto", "none", "flic", "flac"]
    ridge_strength: Count | None
    event: Label | None


class _Limits(SavedPart):
    low: list[Number]
    high: list[Number]


class _Tests(SavedPart):
    chi_squared: list[Number]
    p_value: list[Number]


class _Marginal(_Limits):
    odds_ratio: list[Number]


class _Stated(SavedPart):
    limits: _Limits
    tests: _Tests
    marginal: _Marginal


class _Maximum(SavedPart):
    parameters: list[Finite]
    log_likelihood: Finite
    n_iterations: StrictInt
    converged: StrictBool


class _Likelihood(SavedPart):
    X: Array
    events: Array
    n: Array
    offset: Array
    ridge: list[Count] | None
    firth: StrictBool

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        m = len(self.n) if self.n.ndim == 1 else -1
        shapes = self.events.shape == self.n.shape == self.offset.shape == (m,)
        require(
            shapes and self.X.ndim == 2 and len(self.X) == m > 0,
            "X, events, n and offset of the likelihood must be of the same patterns",
        )
        within = np.all((self.events >= 0) & (self.events <= self.n) & (self.n > 0))
        require(bool(within), "events of the likelihood must lie between 0 and n")
        require(
            self.ridge is None or len(self.ridge) == self.X.shape[1],
            "ridge of the likelihood must have one entry a parameter",
        )
        return self


class _Fit(SavedPart):
    coefficient: list[Finite]
    covariance: list[list[Number]]
    position: list[StrictInt]
    direction: list[Finite]
    maximum: _Maximum
    likelihood: _Likelihood | None
    whole: _Likelihood | None

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        p = len(self.coefficient)
        size = len(self.maximum.parameters)
        lists: list[list[Any]] = [self.position, self.direction, self.covariance, *self.covariance]
        require(
            all(len(values) == p for values in lists),
            "coefficient, position, direction and covariance must have one entry a term",
        )
        require(
            all(-1 <= at < size for at in self.position), "position must be that of a parameter"
        )
        require(
            _is_covariance(self.covariance),
            "covariance must be symmetric without negative variances",
        )
        fits = self.likelihood is None or self.likelihood.X.shape[1] == size
        whole = self.whole is None or self.whole.X.shape[1] == p
        require(fits and whole, "X of the likelihood must have one column a parameter")
        return self


class SavedLogistic(SavedDesign):
    """A logistic model and what its result states."""

    kind: Literal["LogisticModel"]
    options: _Options
    ridge_strength: Count | None
    reference: list[Finite]
    range: Annotated[list[list[Finite]], Field(min_length=2, max_length=2)]
    terms: Names
    n: Count
    n_events: Count
    fit: _Fit
    stated: _Stated

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        width = len(self.columns)
        p = self.n_terms
        rows = [self.reference, *self.range]
        require(
            all(len(row) == width for row in rows),
            "columns, reference and range must fit each other",
        )
        limits = self.stated.limits
        tests = self.stated.tests
        lists: list[list[Any]] = [self.terms, self.fit.coefficient, limits.low, limits.high]
        lists += [tests.chi_squared, tests.p_value]
        alone = self.stated.marginal
        few = [alone.odds_ratio, alone.low, alone.high]
        require(
            all(len(values) == p for values in lists) and all(len(x) == p - 1 for x in few),
            "terms, coefficient and stated limits must have one entry a term",
        )
        require(0 < self.n_events < self.n, "n_events must lie between 0 and n")
        require(self._limits_agree(), "stated limits must lie around the coefficients")
        require(self._counts_agree(), "n and n_events must be those of the likelihood")
        return self

    def _limits_agree(self) -> bool:
        finite = np.array(self.fit.coefficient)
        direction = np.array(self.fit.direction)
        value = np.where(direction == 0, finite, np.copysign(np.inf, direction))
        known = (direction != 0) | (np.array(self.fit.position) >= 0)
        low = np.array(self.stated.limits.low)
        high = np.array(self.stated.limits.high)
        slack = 1e-6 * (1 + np.abs(finite))
        return not np.any(known & ((low > value + slack) | (high < value - slack)))

    def _counts_agree(self) -> bool:
        all_patients = self.fit.whole or self.fit.likelihood
        flac = self.options.correction == "flac"  # whose likelihood holds pseudo-patients too
        if all_patients is None or flac:
            return True
        found = (float(all_patients.n.sum()), float(all_patients.events.sum()))
        return bool(np.allclose(found, (self.n, self.n_events), rtol=1e-9))


def _is_covariance(rows: list[list[float]]) -> bool:
    """Symmetric and positive semi-definite to rounding; a matrix with missing variances cannot
    be judged.
    """
    matrix = np.array(rows)
    if not np.all(np.isfinite(matrix)):
        return bool(
            np.all(np.isnan(matrix) == np.isnan(matrix.T)) and not np.any(np.diagonal(matrix) < 0)
        )
    scale = np.sqrt(np.abs(np.diagonal(matrix)))
    scaled = matrix / np.where(scale > 0, np.outer(scale, scale), 1.0)
    return bool(
        np.allclose(scaled, scaled.T, rtol=1e-6, atol=1e-9)
        and np.linalg.eigvalsh(scaled)[0] > -1e-6
    )
