"""The logistic model that an endless cohort would give: nearest to the exact risk."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.special import logit

from ...numerics.checks import FloatArray
from ...numerics.newton import LogisticObjective, maximise


def design_of(patterns: pd.DataFrame) -> FloatArray:
    """The patterns with a leading column of ones, (m, k + 1)."""
    return np.column_stack([np.ones(len(patterns)), patterns.to_numpy(dtype=np.float64)])


def nearest_logistic(design: FloatArray, joint: FloatArray) -> FloatArray:
    """Coefficients (k + 1,) of the highest expected log likelihood; ``joint`` (m, 2) is P(pattern,
    class).
    """
    objective = LogisticObjective(design, joint[:, 1], joint.sum(axis=1), np.zeros(len(design)))
    start = np.zeros(design.shape[1])
    start[0] = logit(joint[:, 1].sum())
    found = maximise(objective, start, tolerance=1e-12)
    if not found.converged:
        raise ValueError(
            "predictors must give a finite logistic model in this scenario; got none after "
            f"{found.n_iterations} Newton steps. Leave out flags that hardly ever occur."
        )
    return found.parameters
