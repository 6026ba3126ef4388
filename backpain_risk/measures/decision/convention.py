"""The convention of net benefit, in one place: who is treated at a threshold, and what it is worth.

A patient is treated where risk >= t: ties count.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ...numerics.checks import FloatArray

POLICIES = ("opt-in", "opt-out")
Reached = npt.NDArray[np.unsignedinteger[Any]]
_CELLS = 1 << 16  # a power of 2, so that the cell of a risk is exact


def thresholds_reached(risk: FloatArray, thresholds: FloatArray) -> Reached:
    """How many of the ascending thresholds each risk is at or above, (n,).

    Thresholds are rounded to 32 bits where every risk is a number of 32 bits, as risks given in
    float32 are: 0.01 in float32 is 0.00999999977648258, below the threshold 0.01 but equal to it in
    float32.

    Examples
    --------
    >>> thresholds_reached(np.array([0.005, 0.01, 0.04]), np.array([0.01, 0.03])).tolist()
    [0, 1, 2]
    """
    if np.array_equal(risk, risk.astype(np.float32)):
        thresholds = thresholds.astype(np.float32).astype(np.float64)
    if risk.size < _CELLS:
        return _counted(thresholds, risk)
    return _read_from_table(thresholds, risk)


def _counted(thresholds: FloatArray, risk: FloatArray) -> Reached:
    found = np.searchsorted(thresholds, risk, side="right")
    return found.astype(np.min_scalar_type(thresholds.size))


def _read_from_table(thresholds: FloatArray, risk: FloatArray) -> Reached:
    """The same for many risks: read from a table, counted only in cells that hold a threshold."""
    starts = np.arange(_CELLS + 1) / _CELLS
    table = _counted(thresholds, starts)
    split = np.searchsorted(thresholds, starts + 1 / _CELLS) > table
    cell = (risk * _CELLS).astype(np.int32)
    reached = table[cell]
    unclear = np.flatnonzero(split[cell])
    reached[unclear] = _counted(thresholds, risk[unclear])
    return reached


def worth(thresholds: FloatArray, policy: str = "opt-in") -> FloatArray:
    """What treating a patient without the event and one with it is worth, (2, k).

    Examples
    --------
    >>> worth(np.array([0.2])).tolist()
    [[-0.25], [1.0]]
    """
    one = np.ones_like(thresholds)
    if policy == "opt-in":
        return np.stack([-thresholds / (1 - thresholds), one])
    return np.stack([-one, (1 - thresholds) / thresholds])


def net_benefit(
    tp: FloatArray,
    fp: FloatArray,
    thresholds: FloatArray,
    *,
    prevalence: float = np.nan,
    policy: str = "opt-in",
) -> FloatArray:
    """Net benefit per patient from true and false positives per patient, (..., k).

    The prevalence counts for opt-out only, which is worth the negatives: TN - FN (1 - t) / t.

    Examples
    --------
    >>> tp, fp = np.array([0.25]), np.array([0.25])
    >>> net_benefit(tp, fp, np.array([0.2])).tolist()
    [0.1875]
    """
    if policy == "opt-in":
        # TP - FP t / (1 - t)
        return tp - fp * (thresholds / (1 - thresholds))
    return (1 - prevalence - fp) - (prevalence - tp) * ((1 - thresholds) / thresholds)
