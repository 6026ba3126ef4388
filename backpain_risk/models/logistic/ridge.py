"""Ridge strength by cross-validated log likelihood."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy.special import expit, logit

from ...numerics.checks import FloatArray
from ...numerics.newton import LogisticObjective, maximise, scaled_root

STRENGTHS = 10.0 ** np.arange(-3, 5.25, 0.25)
N_FOLDS = 10


def cross_validated_strength(objective: LogisticObjective, variance: FloatArray) -> float:
    """The strength with the largest 10-fold cross-validated log likelihood.

    Patients of one pattern and outcome are spread over the folds as evenly as whole counts allow,
    in the order of the patterns, so no random numbers are used and row order does not matter.
    """
    used = np.flatnonzero((np.arange(variance.size) == 0) | (variance > 0))
    objective = replace(objective, X=objective.X[:, used])
    variance = variance[used]
    folds = [_fold(objective, k) for k in range(N_FOLDS)]
    total = np.zeros(STRENGTHS.size)
    for held_events, held_n in folds:
        rest = replace(objective, events=objective.events - held_events, n=objective.n - held_n)
        beta = np.zeros(objective.X.shape[1])
        beta[0] = logit(np.clip(rest.events.sum() / rest.n.sum(), 1e-9, 1 - 1e-9))
        held = replace(objective, events=held_events, n=held_n)
        gram = rest.information(beta)
        for i in range(STRENGTHS.size - 1, -1, -1):
            beta, gram = _follow(replace(rest, ridge=STRENGTHS[i] * variance), beta, gram)
            total[i] += held.log_likelihood(beta)
    return float(STRENGTHS[int(np.argmax(total))])


def _follow(
    objective: LogisticObjective, beta: FloatArray, gram: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """The maximum near ``beta``, which a little less strength has moved little, so that ``gram``
    mostly still serves.

    Steps with an information that is kept cost a gradient each; it is computed anew, with full
    Newton steps, only where they do not shrink to a third each time.
    """
    penalty = np.zeros(beta.size) if objective.ridge is None else objective.ridge
    half = scaled_root(gram + np.diag(penalty))
    start = beta
    last = np.inf
    while half is not None:
        gradient = objective.X.T @ (
            objective.events - objective.n * expit(objective.linear_predictor(beta))
        )
        step = half.solve(gradient - penalty * beta)
        distance = float(np.sqrt(max(float((gradient - penalty * beta) @ step), 0.0)))
        if not distance < last / 3:
            break
        beta = beta + step
        last = distance
        if distance < 1e-6:
            return beta, gram
    found = maximise(
        objective, start if np.isinf(last) else _better(objective, start, beta), tolerance=1e-6
    )
    return found.parameters, objective.information(found.parameters)


def _better(objective: LogisticObjective, one: FloatArray, other: FloatArray) -> FloatArray:
    return max(one, other, key=lambda beta: objective(beta).value)


def _fold(objective: LogisticObjective, fold: int) -> tuple[FloatArray, FloatArray]:
    """Events and patients of one fold: the k-th, (k + 10)-th ... event and non-event in the
    order of the patterns.
    """
    events = _every_tenth(objective.events, fold)
    return events, events + _every_tenth(objective.n - objective.events, fold)


def _every_tenth(counts: FloatArray, fold: int) -> FloatArray:
    upper = np.cumsum(counts)
    return np.diff(np.floor((upper + fold) / N_FOLDS), prepend=np.floor(fold / N_FOLDS))
