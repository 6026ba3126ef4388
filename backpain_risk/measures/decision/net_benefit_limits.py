"""Limits of net benefit: a sum over the patients on whom two strategies decide differently."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ...numerics.checks import BoolArray, FloatArray
from ...numerics.intervals import combination_interval, normal_quantile
from .inputs import TREAT_ALL, TREAT_NONE

if TYPE_CHECKING:
    from .net_benefit import DecisionCurve

INTERVALS = ("mover", "normal")


def difference_limits(curve: DecisionCurve, i: int, j: int) -> tuple[FloatArray, FloatArray]:
    """Limits (k,) of the net benefit of strategy i less that of j."""
    value = curve.net_benefit[i] - curve.net_benefit[j]
    if i == j:
        return value, value
    if curve.interval == "normal":
        half = normal_quantile(curve.level) * standard_error(curve, i, j)
        return value - half, value + half
    sample = np.zeros(4) if curve.from_sample else np.array([0, 1, 0, 1])
    low, high = combination_interval(
        *_cells(curve, i, j), sample, _estimated(curve, i, j), curve.level
    )
    harm = curve.harm[i] - curve.harm[j]
    return low - harm, high - harm


def _cells(curve: DecisionCurve, i: int, j: int) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Patients whom only i treats and only j, without and with the event, with sizes and worth,
    each (4, k).
    """
    only_i, only_j = curve.counts.disagreements(i, j)
    worth = _worth(curve)
    sizes = np.full((2, 1), curve.n)
    if not curve.from_sample:
        worth = worth * np.array([[1 - curve.prevalence], [curve.prevalence]])
        sizes = np.array([[curve.n - curve.n_events], [curve.n_events]])
    counts = np.concatenate([only_i, only_j])
    return (
        counts,
        np.broadcast_to(np.tile(sizes, (2, 1)), counts.shape),
        np.concatenate([worth, -worth]),
    )


def _worth(curve: DecisionCurve) -> FloatArray:
    """What treating a patient without the event and one with it is worth, (2, k)."""
    t = curve.thresholds
    if curve.policy == "opt-in":
        return np.stack([-t / (1 - t), np.ones_like(t)])
    return np.stack([-np.ones_like(t), (1 - t) / t])


def _estimated(curve: DecisionCurve, i: int, j: int) -> BoolArray:
    """Whether the cells of i only and j only are estimated, (4, 1).

    Nobody is treated by a model only when the other treats all, nor by the strategy that treats
    none; and at a given prevalence all patients of an outcome are treated by the one that treats
    all.
    """
    everyone, nobody = curve.models.index(TREAT_ALL), curve.models.index(TREAT_NONE)
    known = {i, j} == {everyone, nobody} and not curve.from_sample
    by_i, by_j = (not known and a != nobody and b != everyone for a, b in ((i, j), (j, i)))
    return np.array([[by_i], [by_i], [by_j], [by_j]])


def standard_error(curve: DecisionCurve, i: int, j: int) -> FloatArray:
    """Standard error of the difference in net benefit between two strategies, (k,).

    A patient adds what the decision is worth where only i acts, takes it away where only j acts,
    and else counts 0.
    """
    worth = _worth(curve)
    only_i, only_j = curve.counts.disagreements(i, j)
    net, either = only_i - only_j, only_i + only_j
    if curve.from_sample:
        n, total = curve.n, (net * worth).sum(axis=0)
        return np.asarray(
            np.sqrt(((either * worth**2).sum(axis=0) - total**2 / n) / (max(n - 1, 1) * n))
        )
    sizes = np.array([[curve.n - curve.n_events], [curve.n_events]])
    share = np.array([[1 - curve.prevalence], [curve.prevalence]])
    variance = (either - net**2 / sizes) / (np.maximum(sizes - 1, 1) * sizes)
    return np.asarray(np.sqrt(np.sum((share * worth) ** 2 * variance, axis=0)))
