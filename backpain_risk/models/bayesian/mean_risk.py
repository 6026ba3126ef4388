"""The intercept that gives patients a stated mean risk."""

from __future__ import annotations

import numpy as np
from scipy.special import expit, logit

from ...numerics.checks import FloatArray


def intercept_for(log_odds: FloatArray, offset: FloatArray, weight: FloatArray) -> FloatArray:
    """Solve logit(sum of weight * expit(intercept + offset)) = log_odds for the intercept, by
    safeguarded Newton steps.

    Parameters
    ----------
    log_odds : ndarray, shape (draws,)
        Logit of the mean risk wanted.
    offset : ndarray, shape (draws, patients)
        Log odds of each patient without the intercept.
    weight : ndarray, shape (patients,)
        Sums to 1.

    Returns
    -------
    ndarray, shape (draws,)

    Examples
    --------
    >>> offset = np.array([[0.0, 3.0]])
    >>> intercept = intercept_for(np.array([-4.6]), offset, np.array([0.9, 0.1]))
    >>> bool(np.isclose(logit(expit(intercept + offset) @ [0.9, 0.1]), -4.6))
    True
    """
    low = log_odds - offset.max(axis=1)
    high = log_odds - offset.min(axis=1)
    intercept = low.copy()
    for _ in range(100):
        risk = expit(intercept[:, None] + offset)
        mean = risk @ weight
        gap = logit(mean) - log_odds
        low = np.where(gap <= 0, intercept, low)
        high = np.where(gap >= 0, intercept, high)
        with np.errstate(divide="ignore", invalid="ignore"):
            step = intercept - gap * mean * (1 - mean) / ((risk * (1 - risk)) @ weight)
        intercept = np.where((step >= low) & (step <= high), step, (low + high) / 2)
        if np.all(np.abs(gap) < 1e-12) or np.all(high - low < 1e-12):
            break
    return intercept
