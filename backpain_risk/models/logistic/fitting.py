"""Fitting a logistic likelihood: four ways, each ending in the same frozen result."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy.special import logit

from ...numerics.checks import FloatArray
from ...numerics.newton import LogisticObjective, Maximum, covariance, maximise, polish
from .separation import Separation, separation_of

IntArray = npt.NDArray[np.int64]
_BEYOND = 1e9  # log odds that stand for infinite ones where these are to be ranked
_EXTREME = 15.0  # log odds beyond which a converged fit does not yet prove that the data overlap


class SeparationWarning(UserWarning):
    """Some maximum likelihood estimates are infinite."""


class ConvergenceWarning(UserWarning):
    """A maximum was not found to full precision."""


@dataclass(frozen=True, eq=False, kw_only=True)
class LogisticFit:
    """Estimates and the likelihood they came from.

    Attributes
    ----------
    objective, maximum
        The likelihood whose profile gives limits and tests, and its maximum.
    position : ndarray of int, shape (p,)
        Parameter of ``maximum`` behind each term, -1 where the term is not identified.
    coefficient, covariance : ndarray, shape (p,) and (p, p)
        Per term; the coefficient is finite here even when separated, see ``separation``.
    whole : LogisticObjective or None
        When separated, the likelihood of all patterns, of which ``objective`` is the limit.
    """

    objective: LogisticObjective
    maximum: Maximum
    position: IntArray
    coefficient: FloatArray
    covariance: FloatArray
    separation: Separation | None = None
    whole: LogisticObjective | None = None


def start_at_mean(objective: LogisticObjective) -> FloatArray:
    """Zero slopes, and the intercept at the overall event rate."""
    start = np.zeros(objective.X.shape[1])
    events = objective.events.sum()
    n = objective.n.sum()
    start[0] = logit((events + 0.5) / (n + 1)) - float(objective.n @ objective.offset) / n
    return start


def maximum_likelihood(objective: LogisticObjective, terms: tuple[str, ...]) -> LogisticFit:
    """Maximum likelihood, or its limit when the data are separated.

    A converged fit without extreme risks proves that the data overlap: its residuals are the dual
    certificate. Only otherwise is separation sought by linear programming.
    """
    maximum = maximise(objective, start_at_mean(objective))
    certain = (
        maximum.converged
        and np.abs(objective.linear_predictor(maximum.parameters)).max() < _EXTREME
    )
    separation = (
        None if certain else separation_of(objective.X, objective.events, objective.n, terms)
    )
    if separation is not None and separation.separated:
        return _limit(objective, separation)
    return penalised(objective, maximum)


def penalised(objective: LogisticObjective, maximum: Maximum | None = None) -> LogisticFit:
    """The maximum of a likelihood with or without a ridge penalty, polished to full precision."""
    maximum = maximise(objective, start_at_mean(objective)) if maximum is None else maximum
    coefficient = polish(objective, maximum)
    terms = objective(coefficient)
    return LogisticFit(
        objective=objective,
        maximum=replace(maximum, parameters=coefficient, terms=terms),
        position=np.arange(coefficient.size),
        coefficient=coefficient,
        covariance=covariance(terms.information),
    )


def ridge(objective: LogisticObjective, penalty: FloatArray) -> LogisticFit:
    """The maximum under a squared penalty, (p,); terms that do not vary get coefficient 0."""
    p = penalty.size
    used = np.flatnonzero((np.arange(p) == 0) | (np.ptp(objective.X, axis=0) > 0))
    fit = penalised(replace(objective, X=objective.X[:, used], ridge=penalty[used]))
    position = np.full(p, -1)
    coefficient = np.zeros(p)
    matrix = np.zeros((p, p))
    position[used] = fit.position
    coefficient[used] = fit.coefficient
    matrix[np.ix_(used, used)] = fit.covariance
    return replace(fit, position=position, coefficient=coefficient, covariance=matrix)


def _limit(objective: LogisticObjective, separation: Separation) -> LogisticFit:
    """Maximum likelihood on the patterns that the separating direction leaves, in the terms they
    identify.
    """
    rest = ~moved_by(objective.X, separation.direction)
    columns = _independent(objective.X[rest])
    part = LogisticObjective(
        objective.X[np.ix_(rest, columns)],
        objective.events[rest],
        objective.n[rest],
        objective.offset[rest],
    )
    maximum = maximise(part, np.zeros(columns.size))
    p = objective.X.shape[1]
    position = np.full(p, -1)
    coefficient = np.zeros(p)
    matrix = np.full((p, p), np.nan)
    position[columns] = np.arange(columns.size)
    coefficient[columns] = maximum.parameters
    matrix[np.ix_(columns, columns)] = covariance(maximum.terms.information)
    position[separation.direction != 0] = -1
    return LogisticFit(
        objective=part,
        maximum=maximum,
        position=position,
        coefficient=coefficient,
        covariance=matrix,
        separation=separation,
        whole=objective,
    )


def without_doubt(whole: LogisticObjective, term: int) -> tuple[LogisticObjective, int] | None:
    """The likelihood whose profile in one term is that of separated data, and where the term stands
    in it.

    With the term held, the other terms may still separate, in directions that no value of the term
    changes. Along them the patterns they move come to be certain and add nothing: the profile's
    supremum is the maximum over the patterns that are left. None where these do not identify the
    term: the profile is then flat.
    """
    others = np.flatnonzero(np.arange(whole.X.shape[1]) != term)
    names = tuple(map(str, others))
    direction = separation_of(whole.X[:, others], whole.events, whole.n, names).direction
    rest = ~moved_by(whole.X[:, others], direction)
    columns = others[_independent(whole.X[np.ix_(rest, others)])]
    used = np.append(columns, term)
    if not rest.any() or np.linalg.matrix_rank(whole.X[np.ix_(rest, used)]) < used.size:
        return None
    part = LogisticObjective(
        whole.X[np.ix_(rest, used)], whole.events[rest], whole.n[rest], whole.offset[rest]
    )
    return part, columns.size


def moved_by(design: FloatArray, direction: FloatArray) -> npt.NDArray[np.bool_]:
    """Rows that a separating direction moves."""
    return np.abs(design @ direction) > 1e-7 * np.abs(design * direction).max(initial=1e-300)


def _independent(X: FloatArray) -> IntArray:
    """Columns that are not combinations of earlier ones."""
    keep: list[int] = []
    for j in range(X.shape[1]):
        if len(X) and np.linalg.matrix_rank(X[:, [*keep, j]]) > len(keep):
            keep.append(j)
    return np.array(keep, dtype=np.int64)


def firth(objective: LogisticObjective, correction: str) -> LogisticFit:
    """Firth's penalised likelihood, with the intercept corrected by FLIC or FLAC where asked."""
    objective = replace(objective, firth=True)
    maximum = maximise(objective, start_at_mean(objective), tolerance=1e-11)
    if correction == "flac":
        return _flac(objective, maximum.parameters)
    coefficient = maximum.parameters
    matrix = covariance(objective.augmented_information(maximum.parameters))
    position = np.arange(coefficient.size)
    if correction == "flic":
        coefficient = _flic(objective, coefficient)
        position[0] = -1
        matrix[0, 0] = covariance(objective.information(coefficient))[0, 0]
    return LogisticFit(
        objective=objective,
        maximum=maximum,
        position=position,
        coefficient=coefficient,
        covariance=matrix,
    )


def _flic(objective: LogisticObjective, beta: FloatArray) -> FloatArray:
    """The intercept refitted by maximum likelihood with everything else as offset."""
    offset = objective.linear_predictor(beta) - beta[0]
    constant = LogisticObjective(np.ones((offset.size, 1)), objective.events, objective.n, offset)
    return np.concatenate([maximise(constant, beta[:1]).parameters, beta[1:]])


def _flac(objective: LogisticObjective, beta: FloatArray) -> LogisticFit:
    """Maximum likelihood on Firth's augmented data with an indicator of the pseudo-patients as a
    further term.
    """
    pseudo = objective.leverage(beta)
    indicator = np.repeat([0.0, 1.0], pseudo.size)[:, None]
    augmented = LogisticObjective(
        np.hstack([np.vstack([objective.X, objective.X]), indicator]),
        np.concatenate([objective.events, pseudo / 2]),
        np.concatenate([objective.n, pseudo]),
        np.concatenate([objective.offset, objective.offset]),
    )
    maximum = maximise(augmented, np.append(beta, 0.0))
    return LogisticFit(
        objective=augmented,
        maximum=maximum,
        position=np.arange(beta.size),
        coefficient=maximum.parameters[:-1],
        covariance=covariance(maximum.terms.information)[:-1, :-1],
    )


def limiting_predictor(
    design: FloatArray, coefficient: FloatArray, direction: FloatArray
) -> FloatArray:
    """Linear predictor, infinite for rows that a separating direction moves."""
    eta = design @ coefficient
    if not np.any(direction):
        return eta
    return np.where(moved_by(design, direction), np.copysign(np.inf, design @ direction), eta)


def ranking_predictor(
    design: FloatArray, coefficient: FloatArray, direction: FloatArray
) -> FloatArray:
    """The limiting linear predictor with finite numbers for infinite ones, in the order in which
    they get there.
    """
    limit = limiting_predictor(design, coefficient, direction)
    finite = design @ coefficient
    moved = design @ direction / max(float(np.abs(direction).sum()), 1e-300)
    return np.where(
        np.isinf(limit), np.copysign(_BEYOND, moved) * (1 + np.abs(moved)) + finite, finite
    )
