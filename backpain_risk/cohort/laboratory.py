"""Marginal distributions of recorded laboratory values in each class, meeting every published cut-off exactly."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.interpolate import PchipInterpolator
from scipy.optimize import root
from scipy.special import ndtr, ndtri

from .. import vocabulary
from ..evidence.band_accuracy import band_probabilities
from ..numerics.checks import FloatArray

if TYPE_CHECKING:
    from .scenario_parts import LaboratoryTarget

ESR_NODES = (12.0, 30.0, 60.0, 110.0)
"""One node inside each ESR band, where the log density ratio of the classes is solved."""


@dataclass(frozen=True, eq=False)
class RecordedDistribution:
    """Distribution of a recorded value in each class.

    ``values`` (k,) are the recorded values; ``below[g]`` and ``above[g]`` (k - 1,) are P(value <= values[i] | class)
    and its complement, for the classes without and with malignancy. The last value means that value or more.
    """

    values: FloatArray
    below: tuple[FloatArray, FloatArray]
    above: tuple[FloatArray, FloatArray]


def recorded_values(key: str) -> FloatArray:
    """All values a test can record, ascending."""
    test = vocabulary.LABORATORY[key]
    n = round((test.high - test.low) / test.step) + 1
    per_unit = round(1 / test.step)
    return (round(test.low * per_unit) + np.arange(n)) / per_unit


def recorded_distributions(key: str, target: LaboratoryTarget) -> RecordedDistribution:
    """Distributions of a laboratory value that meet the sensitivity and specificity at every cut-off."""
    values = recorded_values(key)
    test = vocabulary.LABORATORY[key]
    malignant = band_probabilities(target.sensitivity, test.abnormal)
    healthy = band_probabilities(1 - np.asarray(target.specificity), test.abnormal)
    edges = values[1:]  # recorded <= values[i] means the underlying value is below values[i + 1]
    if key == "esr_mm_h":
        return _esr(values, edges, healthy, malignant)
    if key == "haematocrit_percent":
        z = [_line(test.cutoffs, ndtri(np.cumsum(p)[:-1]), edges) for p in (healthy, malignant)]
    else:
        z = _white_cells(test.cutoffs[0], target.median_non_malignant or 0.0, healthy, malignant, edges)
    return RecordedDistribution(values, (ndtr(z[0]), ndtr(z[1])), (ndtr(-z[0]), ndtr(-z[1])))


def _line(cutoffs: tuple[float, ...], z: FloatArray, edges: FloatArray) -> FloatArray:
    """Normal distribution through two cut-offs, on the probit scale."""
    return z[0] + (z[1] - z[0]) * (edges - cutoffs[0]) / (cutoffs[1] - cutoffs[0])


def _white_cells(
    cutoff: float, median: float, healthy: FloatArray, malignant: FloatArray, edges: FloatArray
) -> list[FloatArray]:
    """Lognormal with one log-SD in both classes, so that the likelihood ratio rises throughout."""
    z = ndtri([healthy[0], malignant[0]])
    if (np.log(cutoff) - np.log(median)) * z[0] <= 0:
        raise ValueError(
            f"median_non_malignant must lie on the normal side of the cut-off {cutoff:g} with more than half of the "
            f"non-malignant; got {median:g} with {healthy[0]:.3f} below the cut-off. Change one of them."
        )
    log_sd = (np.log(cutoff) - np.log(median)) / z[0]
    return [z_g + (np.log(edges) - np.log(cutoff)) / log_sd for z_g in z]


def _esr(values: FloatArray, edges: FloatArray, healthy: FloatArray, malignant: FloatArray) -> RecordedDistribution:
    """No lognormal pair meets the three cut-offs.

    Without malignancy the probit of the distribution function is a monotone cubic in log ESR through the cut-offs,
    linear beyond. With malignancy the density is that one times exp(h(log ESR)), h a monotone-preserving cubic through
    one node per band, whose heights give the bands their probabilities.
    """
    cuts = np.log(vocabulary.LABORATORY["esr_mm_h"].cutoffs)
    z = ndtri(np.cumsum(healthy)[:-1])
    first, last = np.diff(z) / np.diff(cuts)
    ends = np.log([edges[0] / 2, edges[-1] * 2])
    nodes = np.concatenate([[ends[0]], cuts, [ends[1]]])
    heights = np.concatenate([[z[0] - first * (cuts[0] - ends[0])], z, [z[-1] + last * (ends[1] - cuts[-1])]])
    probit = PchipInterpolator(nodes, heights)(np.log(edges))
    below, above = ndtr(probit), ndtr(-probit)
    density = np.where(probit[1:] < 0, np.diff(below), -np.diff(above))
    density = np.concatenate([below[:1], density, above[-1:]])
    tilted = density * np.exp(_log_ratio(values, density, malignant))
    return RecordedDistribution(values, (below, np.cumsum(tilted)[:-1]), (above, np.cumsum(tilted[::-1])[::-1][1:]))


def _log_ratio(values: FloatArray, density: FloatArray, malignant: FloatArray) -> FloatArray:
    nodes, log_value = np.log(ESR_NODES), np.log(values)
    where = np.clip(log_value, nodes[0], nodes[-1])
    band = np.digitize(values, vocabulary.LABORATORY["esr_mm_h"].cutoffs)

    def curve(heights: FloatArray) -> FloatArray:
        return np.asarray(PchipInterpolator(nodes, heights)(where))

    def mismatch(heights: FloatArray) -> FloatArray:
        return np.log(np.bincount(band, density * np.exp(curve(heights)), 4) / malignant)

    start = np.log(malignant / np.bincount(band, density, 4))
    solution = root(mismatch, start, tol=1e-14)
    if np.abs(mismatch(solution.x)).max() > 1e-10:
        raise ValueError(
            f"the ESR distribution with malignancy has no solution for bands {malignant.round(4).tolist()}. "
            "Bring the sensitivities at 20, 50 and 100 mm/h closer to the specificities."
        )
    return curve(solution.x)
