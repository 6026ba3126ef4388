"""Importance weights whose largest are smoothed by a Pareto distribution."""

from __future__ import annotations

from typing import Any

import numpy as np
from arviz_stats import base

from ..checks import FloatArray


def smoothed_weights(log_ratios: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Log weights (..., draws) that sum to 1, and Pareto k (...) of each row: above 0.7 it cannot
    be trusted.

    Reference: Vehtari et al. (2024), J Mach Learn Res 25:72.
    """
    tools: Any = base
    log_weight, pareto_k = tools.array_stats.psislw(
        -log_ratios
    )  # it takes log likelihoods and turns the sign itself
    return log_weight, np.asarray(pareto_k)
