"""Ridge strength by cross-validated log likelihood."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy.special import logit

from ..numerics.checks import FloatArray
from ..numerics.newton import LogisticObjective, maximise

STRENGTHS = 10.0 ** np.arange(-3, 5.25, 0.25)
N_FOLDS = 10


def cross_validated_strength(objective: LogisticObjective, variance: FloatArray) -> float:
    """The strength with the largest 10-fold cross-validated log likelihood.

    Patients of one pattern and outcome are spread over the folds as evenly as whole counts allow, in the order of the
    patterns, so no random numbers are used and row order does not matter.
    """
    folds = [_fold(objective, k) for k in range(N_FOLDS)]
    total = np.zeros(STRENGTHS.size)
    for held_events, held_n in folds:
        rest = replace(objective, events=objective.events - held_events, n=objective.n - held_n)
        beta = np.zeros(objective.X.shape[1])
        beta[0] = logit(np.clip(rest.events.sum() / rest.n.sum(), 1e-9, 1 - 1e-9))
        held = replace(objective, events=held_events, n=held_n)
        for i in range(STRENGTHS.size - 1, -1, -1):
            beta = maximise(replace(rest, ridge=STRENGTHS[i] * variance), beta).parameters
            total[i] += held.log_likelihood(beta)
    return float(STRENGTHS[int(np.argmax(total))])


def _fold(objective: LogisticObjective, fold: int) -> tuple[FloatArray, FloatArray]:
    """Events and patients of one fold: the k-th, (k + 10)-th ... event and non-event in the order of the patterns."""
    events = _every_tenth(objective.events, fold)
    return events, events + _every_tenth(objective.n - objective.events, fold)


def _every_tenth(counts: FloatArray, fold: int) -> FloatArray:
    upper = np.cumsum(counts)
    return np.diff(np.floor((upper + fold) / N_FOLDS), prepend=np.floor(fold / N_FOLDS))
