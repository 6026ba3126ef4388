"""One column of a table given others: logistic for two levels, linear for a number, with a weak
prior of the slopes.

The prior is that of the weak Bayesian model, N(0, 2^2) per unit of a column of two levels and per
standard deviation of another: it leaves a unique mode where the data are separated, or columns say
the same, and moves nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import linalg

from .checks import FloatArray
from .newton import LogisticObjective, ScaledRoot, logistic, maximise, scaled_root

_SLOPE_SD = 2.0


@dataclass(frozen=True, eq=False, kw_only=True)
class Standardisation:
    """Centre and unit of each column, (p,), that standardise it."""

    centre: FloatArray
    unit: FloatArray

    def design(self, values: FloatArray) -> FloatArray:
        """Constant and standardised columns, (m, 1 + p)."""
        return np.column_stack([np.ones(len(values)), (values - self.centre) / self.unit])


def standardisation_of(values: FloatArray, n: FloatArray) -> Standardisation:
    """Mean and SD over patients, (m, p) patterns of ``n`` each; the unit of at most two levels
    is their distance.
    """
    centre = n @ values / n.sum()
    unit = np.sqrt(n @ (values - centre) ** 2 / n.sum())
    for j, column in enumerate(values.T):
        low = column.min(initial=np.inf)
        high = column.max(initial=-np.inf)
        if np.all((column == low) | (column == high)):
            unit[j] = high - low
    return Standardisation(centre=centre, unit=np.where(unit > 0, unit, 1.0))


@dataclass(frozen=True, eq=False, kw_only=True)
class Coefficients:
    """Mode (1 + p,) of the coefficients, the root of their precision there, and for a number its
    residual SD.
    """

    mode: FloatArray
    root: ScaledRoot
    spread: float = 1.0
    degrees_of_freedom: float = np.inf

    def draw(self, rng: np.random.Generator) -> FloatArray:
        """From the normal approximation of their posterior, the residual SD drawn with them."""
        normal = rng.standard_normal(self.mode.size)
        spread = self.spread
        if np.isfinite(self.degrees_of_freedom):
            spread *= float(
                np.sqrt(self.degrees_of_freedom / rng.chisquare(self.degrees_of_freedom))
            )
        turned = linalg.solve_triangular(self.root.root, normal, lower=True, trans=1)
        return np.asarray(self.mode + spread * self.root.scale * turned)


def fit_two_levels(design: FloatArray, events: FloatArray, n: FloatArray) -> Coefficients:
    """Log odds of the higher level."""
    objective = LogisticObjective(
        design, events, n, np.zeros(len(n)), ridge=_precision(design.shape[1])
    )
    start = np.zeros(design.shape[1])
    start[0] = np.log((events.sum() + 0.5) / (n.sum() - events.sum() + 0.5))
    maximum = maximise(objective, start)
    return Coefficients(mode=maximum.parameters, root=_root(maximum.terms.information))


def fit_number(
    design: FloatArray, total: FloatArray, squares: float, n: FloatArray
) -> Coefficients:
    """Mean of a number: ``total`` (m,) is its sum in each pattern, ``squares`` the sum of its
    squares over all.

    The prior of the slopes is in units of the residual SD (conjugate).
    """
    gram = design.T @ (n[:, None] * design)
    moment = design.T @ total
    root = _root(gram + np.diag(_precision(design.shape[1])))
    mode = root.solve(moment)
    df = max(float(n.sum()) - design.shape[1], 1.0)
    residual = max(squares - float(mode @ moment), 1e-12 * squares) / df
    return Coefficients(
        mode=mode, root=root, spread=float(np.sqrt(residual)), degrees_of_freedom=df
    )


def probability(design: FloatArray, coefficient: FloatArray) -> FloatArray:
    """Of the higher level, (m,)."""
    return logistic(design @ coefficient)[0]


def _precision(size: int) -> FloatArray:
    return np.concatenate([[0.0], np.full(size - 1, _SLOPE_SD**-2)])


def _root(information: FloatArray) -> ScaledRoot:
    root = scaled_root(information)
    if root is None:
        raise ValueError(
            "columns must have finite values of comparable size to be imputed; got an information "
            "matrix that is not "
            "positive definite. Rescale the largest."
        )
    return root
