"""E[utility | some parameters], by regression on draws.

Parameters of few distinct values (a grid of dependence, a choice between studies) are told apart
value by value; all others by cubic splines of each and products of up to three. A ridge penalty is
chosen by leave-one-out for each option.
"""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np
from sklearn.linear_model import RidgeCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, SplineTransformer

from ..numerics.checks import FloatArray
from ..numerics.patterns import distinct_rows

_KNOTS = 7  # of each parameter's own curve
_PENALTIES = np.logspace(-6, 8, 29)
_FOLDS = 5
_FEW = 25  # distinct values, or combinations of them, up to which each is told apart
_PRODUCTS = 200


def conditional_mean(utility: FloatArray, group: FloatArray) -> FloatArray:
    """E[utility | group] in every draw by regression, (draws, options); ``group`` is (draws,
    parameters).
    """
    base = utility[:, [0]]
    relative = utility - base
    group = varying(group)
    if not np.any(relative) or not group.shape[1]:
        return np.tile(utility.mean(axis=0), (len(utility), 1))
    return np.asarray(fitted(group, relative) + base.mean())


def varying(group: FloatArray) -> FloatArray:
    """The columns that are not constant."""
    return group[:, np.ptp(group, axis=0) > 0]


def fitted(x: FloatArray, relative: FloatArray) -> FloatArray:
    """Regression of utilities on parameters, at the same draws; (draws, options)."""
    return np.reshape(_regression(x).fit(x, relative).predict(x), relative.shape)


def expected_at(at: FloatArray, x: FloatArray, relative: FloatArray) -> FloatArray:
    """Regression of utilities on parameters, at other values of the parameters."""
    return np.reshape(_regression(x).fit(x, relative).predict(at), (len(at), relative.shape[1]))


def gain(relative: FloatArray, expected: FloatArray) -> FloatArray:
    """Utility gained in each draw by the option with the highest expectation, over the best without
    information.
    """
    return relative[np.arange(len(relative)), expected.argmax(axis=1)]


def unseen_gain(x: FloatArray, relative: FloatArray) -> FloatArray:
    """The same for draws in folds that the regression has not seen; draws are taken in turn, so
    nothing is random.
    """
    fold = np.arange(len(x)) % _FOLDS
    gained = np.empty(len(x))
    for k in range(_FOLDS):
        out = fold == k
        expected = _regression(x[~out]).fit(x[~out], relative[~out]).predict(x[out])
        gained[out] = gain(relative[out], np.reshape(expected, relative[out].shape))
    return gained


def _regression(x: FloatArray) -> Any:
    _, first = distinct_rows(list(x.T))
    basis = _each_value() if first.size <= _FEW else _curves(x)
    return make_pipeline(basis, RidgeCV(_PENALTIES, alpha_per_target=True))


def _each_value() -> Any:
    """One column for each combination of values."""
    as_one = FunctionTransformer(lambda raw: np.array([[repr(row)] for row in raw.tolist()]))
    return make_pipeline(as_one, OneHotEncoder(handle_unknown="ignore", sparse_output=False))


def _curves(x: FloatArray) -> Any:
    """Splines of each parameter and products of up to three, all of one size."""
    centre = x.mean(axis=0)
    scale = x.std(axis=0)
    curves = SplineTransformer(
        n_knots=_KNOTS, knots="quantile", extrapolation="linear", include_bias=False
    )
    products = [c for size in (2, 3) for c in combinations(range(x.shape[1]), size)][:_PRODUCTS]

    def basis(raw: FloatArray) -> FloatArray:
        z = (raw - centre) / scale
        crossed = [z[:, list(c)].prod(axis=1) for c in products]
        return np.column_stack([curves.transform(z), z, *crossed])

    curves.fit((x - centre) / scale)
    return FunctionTransformer(basis)
