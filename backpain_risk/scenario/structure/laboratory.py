"""Marginal distributions of recorded laboratory values in each class, meeting every published
cut-off exactly.

Without malignancy the probit of the distribution function is a monotone cubic in the (log) value
through the cut-offs, linear beyond. With malignancy the distribution is that one times a likelihood
ratio, the exponential of a monotone-preserving cubic through one node per band, constant beyond the
outer nodes. A normal result so has one and the same likelihood ratio however normal it is:
published figures support no more.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.interpolate import PchipInterpolator
from scipy.optimize import root
from scipy.special import ndtr, ndtri

from ... import vocabulary
from ...evidence.band_accuracy import band_probabilities
from ...numerics.checks import FloatArray

if TYPE_CHECKING:
    from ..parts import LaboratoryTarget

RATIO_NODES: Mapping[str, tuple[float, ...]] = {
    "esr_mm_h": (12.0, 30.0, 60.0, 110.0),
    "haematocrit_percent": (27.0, 33.0, 38.0),
    "white_cell_count_10e9_l": (10.0, 14.0),
}
"""One node in each band, the likelihood ratio constant beyond the outer ones (38 %, 10: limits
of normal).
"""


@dataclass(frozen=True, eq=False)
class RecordedDistribution:
    """Distribution of a recorded value in each class.

    ``values`` (k,) are the recorded values, the last one meaning that value or more; ``below`` and
    ``above`` (k - 1,) are P(value <= values[i] | no malignancy) and its complement; ``log_ratio``
    (k,) is the log likelihood ratio of each value, ``nodes`` (n,) the positions of its nodes among
    the values.
    """

    values: FloatArray
    below: FloatArray
    above: FloatArray
    log_ratio: FloatArray
    nodes: FloatArray

    @property
    def healthy(self) -> FloatArray:
        """P(value | no malignancy), (k,), subtracted in the smaller tail."""
        inner = np.where(self.below[1:] < 0.5, np.diff(self.below), -np.diff(self.above))
        return np.concatenate([self.below[:1], inner, self.above[-1:]])


def recorded_values(key: str) -> FloatArray:
    """All values a test can record, ascending."""
    test = vocabulary.LABORATORY[key]
    n = round((test.high - test.low) / test.step) + 1
    per_unit = round(1 / test.step)
    return (round(test.low * per_unit) + np.arange(n)) / per_unit


def value_bands(key: str) -> FloatArray:
    """Which recorded values belong to each band, (bands, k) of 0/1."""
    band = np.digitize(recorded_values(key), vocabulary.LABORATORY[key].cutoffs)
    return (band == np.arange(band[-1] + 1)[:, None]).astype(np.float64)


def recorded_distributions(key: str, target: LaboratoryTarget) -> RecordedDistribution:
    """Distributions of a laboratory value that meet the sensitivity and specificity at every
    cut-off.
    """
    values, test = recorded_values(key), vocabulary.LABORATORY[key]
    scale = np.asarray if key == "haematocrit_percent" else np.log
    edges = values[1:]  # recorded <= values[i] means the underlying value is below values[i + 1]
    points = _known_points(key, target)
    probit = _probit(
        scale(list(points)), np.array(list(points.values())), scale([edges[0] / 2, edges[-1] * 2])
    )
    z = probit(scale(edges))
    places = np.searchsorted(values, RATIO_NODES[key]).astype(np.float64)
    bare = RecordedDistribution(values, ndtr(z), ndtr(-z), np.zeros(values.size), places)
    malignant = band_probabilities(target.sensitivity, test.abnormal)
    ratio = _log_ratio(key, scale(values), scale(RATIO_NODES[key]), bare.healthy, malignant)
    return RecordedDistribution(values, bare.below, bare.above, ratio, places)


def _known_points(key: str, target: LaboratoryTarget) -> dict[float, float]:
    """Probit of P(value below | no malignancy) at the cut-offs, and at the median where one is
    stated.
    """
    test = vocabulary.LABORATORY[key]
    z = ndtri(np.cumsum(band_probabilities(1 - np.asarray(target.specificity), test.abnormal))[:-1])
    points = dict(zip(test.cutoffs, z.tolist(), strict=True))
    if len(points) == 1:
        (cutoff, at_cutoff), median = *points.items(), target.median_non_malignant or 0.0
        if (np.log(cutoff) - np.log(median)) * at_cutoff <= 0:
            raise ValueError(
                f"median_non_malignant must lie on the normal side of the cut-off {cutoff:g} with "
                "more than half of "
                f"the non-malignant; got {median:g} with {ndtr(at_cutoff):.3f} below the cut-off. "
                "Change one of them."
            )
        points = dict(sorted({median: 0.0, **points}.items()))
    return points


def _probit(x: FloatArray, z: FloatArray, ends: FloatArray) -> PchipInterpolator:
    """Monotone cubic through the known points, linear beyond them."""
    slope = np.diff(z) / np.diff(x)
    first, last = z[0] - slope[0] * (x[0] - ends[0]), z[-1] + slope[-1] * (ends[1] - x[-1])
    return PchipInterpolator([ends[0], *x, ends[1]], [first, *z, last])


def _log_ratio(
    key: str, x: FloatArray, nodes: FloatArray, healthy: FloatArray, malignant: FloatArray
) -> FloatArray:
    """Log likelihood ratio of each value, (k,), whose nodes give the bands their probability
    with malignancy.
    """
    where, bands = np.clip(x, nodes[0], nodes[-1]), value_bands(key)

    def curve(heights: FloatArray) -> FloatArray:
        return np.asarray(PchipInterpolator(nodes, heights)(where))

    def mismatch(heights: FloatArray) -> FloatArray:
        return np.log(bands @ (healthy * np.exp(curve(heights))) / malignant)

    solution = root(mismatch, np.log(malignant / (bands @ healthy)), tol=1e-14)
    if np.abs(mismatch(solution.x)).max() > 1e-10:
        raise ValueError(
            f"the distribution of {key} with malignancy has no solution for bands "
            f"{malignant.round(4).tolist()}. "
            "Bring its sensitivities closer to its specificities."
        )
    return curve(solution.x)
