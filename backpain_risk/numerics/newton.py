"""One Newton loop for logistic likelihoods: maximum likelihood, ridge and Firth, on covariate
patterns.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from scipy.linalg.lapack import dpotrf, dpotrs

from .checks import BoolArray, FloatArray

# standard errors from the maximum at which a decrement that falls no more has met rounding
_ROUNDING = 1e-6
_NOTHING = 1e-150  # information so small that its inverse overflows
_NEAR = 1e-4  # standard errors within which a step gains less than the rounding of the value
_MUCH_WORK = (
    1e7  # multiplications in second derivatives beyond which more steps of another kind are quicker
)


@dataclass(frozen=True, eq=False)
class Terms:
    """Value, gradient (p,) and information (p, p) of an objective at one point.

    ``otherwise`` (p, p) scales steps more than a standard error away from the maximum, and where
    the information of the parameters that move is not positive definite.
    """

    value: float
    gradient: FloatArray
    information: FloatArray
    otherwise: FloatArray | None = None


@dataclass(frozen=True, eq=False)
class Maximum:
    """Where the Newton loop ended."""

    parameters: FloatArray
    terms: Terms
    n_iterations: int
    converged: bool


@dataclass(frozen=True, eq=False)
class LogisticObjective:
    """Log likelihood of ``events`` in ``n`` patients per pattern, with an optional penalty.

    Parameters
    ----------
    X : ndarray, shape (m, p)
        Design of the patterns, the constant included.
    events, n, offset : ndarray, shape (m,)
    ridge : ndarray, shape (p,), optional
        Adds ``-0.5 * sum(ridge * beta**2)``.
    firth : bool
        Adds half the log determinant of the Fisher information (Jeffreys' prior).
    """

    X: FloatArray
    events: FloatArray
    n: FloatArray
    offset: FloatArray
    ridge: FloatArray | None = None
    firth: bool = False

    def linear_predictor(self, beta: FloatArray) -> FloatArray:
        """Log odds of each pattern, (m,)."""
        return self.X @ beta + self.offset

    def log_likelihood(self, beta: FloatArray) -> float:
        """Unpenalised log likelihood (without the binomial coefficients)."""
        eta = self.linear_predictor(beta)
        return float(self.events @ eta - self.n @ logistic(eta)[2])

    def information(self, beta: FloatArray) -> FloatArray:
        """Fisher information X'WX of the unpenalised likelihood."""
        return self._weighted_gram(self.n * _variance(self.linear_predictor(beta)))

    def augmented_information(self, beta: FloatArray) -> FloatArray:
        """X'W(1 + h)X: the information of Firth's augmented data (the convention of logistf)."""
        weight = self.n * _variance(self.linear_predictor(beta))
        leverage = self.leverage(beta)
        ratio = np.divide(leverage, self.n, out=np.zeros_like(leverage), where=self.n > 0)
        return self._weighted_gram(weight * (1 + ratio))

    def leverage(self, beta: FloatArray) -> FloatArray:
        """Diagonal of the hat matrix, summed over the patients of each pattern, (m,)."""
        weight = self.n * _variance(self.linear_predictor(beta))
        half = scaled_root(self._weighted_gram(weight))
        return (
            np.full(len(weight), np.nan)
            if half is None
            else weight * self._quadratic(half.inverse())
        )

    def __call__(self, beta: FloatArray) -> Terms:
        """Value, gradient and information at ``beta``."""
        eta = self.linear_predictor(beta)
        risk, variance, cost = logistic(eta)
        weight = self.n * variance
        gram = self._weighted_gram(weight)
        value = float(self.events @ eta - self.n @ cost)
        residual = self.events - self.n * risk
        fisher = None
        if self.firth:
            half = scaled_root(gram)
            if half is None:
                return Terms(-np.inf, np.zeros_like(beta), gram)
            # Jeffreys: log det(I) / 2 is the sum of the logs of the Cholesky diagonal.
            value += float(np.sum(np.log(half.root.diagonal()) - np.log(half.scale)))
            inverse = half.inverse()
            leverage = weight * self._quadratic(inverse)
            # Firth's score: every patient counts as half an event and half a non-event, h times.
            residual = residual + leverage * (0.5 - risk)
            fisher = gram
            gram = self._penalised_information(gram, weight, risk, leverage, inverse)
        gradient = self.X.T @ residual
        if self.ridge is not None:
            value -= 0.5 * float(self.ridge @ beta**2)
            gradient = gradient - self.ridge * beta
            gram = gram + np.diag(self.ridge)
        return Terms(value, gradient, gram, fisher)

    def precise_gradient(self, beta: FloatArray) -> FloatArray:
        """The unpenalised gradient in extended precision, where the platform has it."""
        wide = np.longdouble
        X = self.X.astype(wide)
        eta = X @ beta.astype(wide) + self.offset
        # Near separation the residuals cancel to the last digits that double precision has.
        with np.errstate(over="ignore"):  # a risk of 0
            residual = self.events - self.n / (1 + np.exp(-eta))
        gradient: Any = X.T @ residual
        if self.ridge is not None:
            gradient = gradient - self.ridge * beta
        return np.asarray(gradient, dtype=np.float64)

    def _weighted_gram(self, weight: FloatArray) -> FloatArray:
        gram: FloatArray = self.X.T @ (weight[:, None] * self.X)
        return gram

    def _quadratic(self, inverse: FloatArray) -> FloatArray:
        return np.asarray(np.einsum("ij,ij->i", self.X @ inverse, self.X))

    def _penalised_information(
        self,
        gram: FloatArray,
        weight: FloatArray,
        risk: FloatArray,
        leverage: FloatArray,
        inverse: FloatArray,
    ) -> FloatArray:
        """Minus the second derivatives of Firth's penalised likelihood, so that steps converge
        quadratically.

        With the Fisher information itself hundreds are needed where data are separated; it serves
        where these would take long.
        """
        m, p = self.X.shape
        if m * p**3 > _MUCH_WORK:
            return gram
        rows = self.X * (weight * (1 - 2 * risk))[:, None]
        products = (self.X[:, :, None] * self.X[:, None, :]).reshape(m, p * p)
        moved = inverse @ (rows.T @ products).reshape(
            p, p, p
        )  # inverse times the derivative of the information
        # w'' / w = 1 - 6 p (1 - p) for the weight w = p (1 - p).
        second = self._weighted_gram(leverage * (1 - 6 * risk * (1 - risk)))
        return gram - 0.5 * (second - np.asarray(np.einsum("jab,kba->jk", moved, moved)))


class ScaledRoot(NamedTuple):
    """Lower triangular ``root`` (p, p) of a matrix scaled to unit diagonal by ``scale`` (p,) on
    both sides.
    """

    root: FloatArray
    scale: FloatArray

    def solve(self, right: FloatArray) -> FloatArray:
        """The solution x of ``matrix @ x = right``, both (p,)."""
        return np.asarray(self.scale * dpotrs(self.root, self.scale * right, lower=1)[0])

    def inverse(self) -> FloatArray:
        """Inverse of the matrix, (p, p)."""
        if self.scale.size == 0:
            return np.empty((0, 0))
        return np.ascontiguousarray(
            dpotrs(self.root, np.diag(self.scale), lower=1)[0] * self.scale[:, None]
        )


def scaled_root(matrix: FloatArray) -> ScaledRoot | None:
    """Cholesky factor after scaling to unit diagonal; None when the matrix is not positive
    definite, or hardly.
    """
    diagonal = np.diagonal(matrix)
    if not np.all(np.isfinite(matrix)) or np.any(diagonal < _NOTHING):
        return None
    scale = 1 / np.sqrt(diagonal)
    root, failed = dpotrf(
        matrix * scale[:, None] * scale, lower=1
    )  # LAPACK itself: wrappers cost more than this size
    return None if failed else ScaledRoot(root, scale)


def logistic(eta: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Probability p of log odds, p (1 - p) and -log(1 - p), without cancellation and from one
    exponential.
    """
    small = np.exp(-np.abs(eta))
    near = 1 / (1 + small)
    return (
        np.where(eta > 0, near, small * near),
        small * near**2,
        np.maximum(eta, 0.0) + np.log1p(small),
    )


def _variance(eta: FloatArray) -> FloatArray:
    return logistic(eta)[1]


def maximise(
    objective: Callable[[FloatArray], Terms],
    start: FloatArray,
    *,
    free: BoolArray | None = None,
    max_iterations: int = 200,
    tolerance: float = 1e-9,
) -> Maximum:
    """Newton steps with halving until the Newton decrement is below ``tolerance``, then one more
    full step.

    The decrement is the distance to the maximum in standard errors; where rounding lets it fall no
    further than 1e-6, that is the maximum.

    Parameters
    ----------
    objective : callable
        Parameters (p,) to :class:`Terms`; its information scales the step.
    start : ndarray, shape (p,)
    free : ndarray of bool, shape (p,), optional
        Parameters that move; the others stay at ``start`` (profile likelihood).

    Returns
    -------
    Maximum
        ``converged`` is False when the iterations ran out, the information became singular or no
        step helps.
    """
    move: BoolArray | slice = slice(None) if free is None else free
    parameters = start.astype(np.float64)
    terms = objective(start)
    before = np.inf
    for iteration in range(1, max_iterations + 1):
        step = _step(terms, move)
        if step is None:
            return Maximum(parameters, terms, iteration, converged=False)
        decrement = float(np.sqrt(max(float(terms.gradient[move] @ step), 0.0)))
        slack = (1e-8 if decrement < _NEAR else 1e-12) * max(1.0, abs(terms.value))
        trial = _halve_until_better(objective, parameters, terms, step, move, slack)
        if trial is None:
            return Maximum(parameters, terms, iteration, converged=decrement < _ROUNDING)
        parameters, terms = trial
        if decrement < tolerance or before <= decrement < _ROUNDING:
            return Maximum(parameters, terms, iteration, converged=True)
        before = decrement
    return Maximum(parameters, terms, max_iterations, converged=False)


def _step(terms: Terms, move: BoolArray | slice) -> FloatArray | None:
    """The Newton step; where it is none or goes far, that with the other scale."""
    gradient = terms.gradient[move]
    step = newton_step(gradient, terms.information[move][:, move])
    if terms.otherwise is None or (step is not None and float(gradient @ step) < 1):
        return step
    return newton_step(gradient, terms.otherwise[move][:, move])


def newton_step(gradient: FloatArray, information: FloatArray) -> FloatArray | None:
    """Solve information @ step = gradient after scaling to unit diagonal; None when singular."""
    if gradient.size == 0:
        return gradient.copy()
    half = scaled_root(information)
    if half is None:
        return None
    return half.solve(gradient)


def _halve_until_better(
    objective: Callable[[FloatArray], Terms],
    parameters: FloatArray,
    terms: Terms,
    step: FloatArray,
    move: BoolArray | slice,
    slack: float,
) -> tuple[FloatArray, Terms] | None:
    for halving in range(30):
        candidate = parameters.copy()
        candidate[move] += step * 0.5**halving
        new = objective(candidate)
        if np.isfinite(new.value) and new.value >= terms.value - slack:
            return candidate, new
    return None


def polish(objective: LogisticObjective, maximum: Maximum) -> FloatArray:
    """One last Newton step with the gradient in extended precision (maximum likelihood and
    ridge).
    """
    step = newton_step(objective.precise_gradient(maximum.parameters), maximum.terms.information)
    return maximum.parameters if step is None else maximum.parameters + step


def covariance(information: FloatArray) -> FloatArray:
    """Inverse of an information matrix, scaled to unit diagonal first; NaN when singular."""
    half = scaled_root(information)
    if half is None:
        return np.full_like(information, np.nan)
    return half.inverse()
