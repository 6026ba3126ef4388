"""Marginal distributions of recorded laboratory values in each class, meeting every published
cut-off exactly.

Without malignancy the probit of the distribution function is a monotone cubic in the (log) value
through the cut-offs, linear beyond. With malignancy the distribution is that one times a likelihood
ratio, the exponential of a monotone-preserving cubic through one node per band, constant beyond the
outer nodes. A normal result so has one and the same likelihood ratio however normal it is:
published figures support no more.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import ndtr, ndtri

from ...evidence.band_accuracy import band_probabilities
from ...numerics.checks import FloatArray
from ...vocabulary import Measurement

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

_STEPS = 100
_HALVINGS = 20
_STEP = 1e-7
_CLOSE = 1e-14
_TOLERANCE = 1e-10


@dataclass(frozen=True, eq=False)
class RecordedDistribution:
    """Distribution of a recorded value in each class, for each of D targets.

    ``values`` (k,) are the recorded values, the last one meaning that value or more; ``below`` and
    ``above`` (D, k - 1) are P(value <= values[i] | no malignancy) and its complement; ``log_ratio``
    (D, k) is the log likelihood ratio of each value, ``nodes`` (n,) the positions of its nodes
    among the values.
    """

    values: FloatArray
    below: FloatArray
    above: FloatArray
    log_ratio: FloatArray
    nodes: FloatArray

    @property
    def non_malignant(self) -> FloatArray:
        """P(value | no malignancy), (D, k), subtracted in the smaller tail."""
        rise = np.diff(self.below)
        fall = -np.diff(self.above)
        inner = np.where(self.below[:, 1:] < 0.5, rise, fall)
        return np.concatenate([self.below[:, :1], inner, self.above[:, -1:]], axis=1)


def recorded_values(test: Measurement) -> FloatArray:
    """All values a test can record, ascending."""
    n = round((test.high - test.low) / test.step) + 1
    per_unit = round(1 / test.step)
    return (round(test.low * per_unit) + np.arange(n)) / per_unit


def value_bands(test: Measurement) -> FloatArray:
    """Which recorded values belong to each band, (bands, k) of 0/1."""
    band = np.digitize(recorded_values(test), test.cutoffs)
    return (band == np.arange(band[-1] + 1)[:, None]).astype(np.float64)


def ratio_nodes(test: Measurement) -> FloatArray:
    """One recorded value in each band, between which the likelihood ratio rises.

    Those of a test that a scenario declares: 0.6 times the first cut-off, the geometric means of
    two cut-offs, 1.2 times the last, each moved to the nearest recorded value of its band.
    """
    if test.key in RATIO_NODES:
        return np.array(RATIO_NODES[test.key])
    cuts = np.array(test.cutoffs)
    wanted = np.array([0.6 * cuts[0], *np.sqrt(cuts[:-1] * cuts[1:]), 1.2 * cuts[-1]])
    values = recorded_values(test)
    bands = value_bands(test)
    inside = [values[band == 1] for band in bands]
    return np.array([v[np.abs(v - x).argmin()] for v, x in zip(inside, wanted, strict=True)])


def recorded_distributions(
    test: Measurement, targets: Sequence[LaboratoryTarget]
) -> RecordedDistribution:
    """Distributions of a laboratory value that meet each target's accuracy at every cut-off."""
    values = recorded_values(test)
    nodes = ratio_nodes(test)
    scale = np.asarray if test.key == "haematocrit_percent" else np.log
    edges = values[1:]  # recorded <= values[i] means the underlying value is below values[i + 1]
    points = [_known_points(test, target) for target in targets]
    x, known = (
        np.array([list(part) for part in parts]) for parts in (points, map(dict.values, points))
    )
    z = _probit(scale(x), known, scale([edges[0] / 2, edges[-1] * 2]), scale(edges))
    places = np.searchsorted(values, nodes).astype(np.float64)
    bare = RecordedDistribution(
        values, ndtr(z), ndtr(-z), np.zeros((len(points), values.size)), places
    )
    malignant = np.array(
        [band_probabilities(target.sensitivity, test.abnormal) for target in targets]
    )
    ratio = _log_ratio(test, scale(values), scale(nodes), bare.non_malignant, malignant)
    return replace(bare, log_ratio=ratio)


def _known_points(test: Measurement, target: LaboratoryTarget) -> dict[float, float]:
    """Probit of P(value below | no malignancy) at the cut-offs, and at a stated median."""
    z = ndtri(np.cumsum(band_probabilities(1 - np.asarray(target.specificity), test.abnormal))[:-1])
    points = dict(zip(test.cutoffs, z.tolist(), strict=True))
    if len(points) == 1:
        (cutoff, at_cutoff), median = *points.items(), target.median_non_malignant or 0.0
        if (np.log(cutoff) - np.log(median)) * at_cutoff <= 0:
            raise ValueError(
                f"median_non_malignant must lie on the normal side of the cut-off {cutoff:g} with "
                f"more than half of the non-malignant; got {median:g} with {ndtr(at_cutoff):.3f} "
                "below the cut-off. Change one of them."
            )
        points = dict(sorted({median: 0.0, **points}.items()))
    return points


def _probit(x: FloatArray, z: FloatArray, ends: FloatArray, at: FloatArray) -> FloatArray:
    """Monotone cubic through known points (D, n), linear beyond them, at some values, (D, k)."""
    slope = np.diff(z) / np.diff(x)
    first = z[:, 0] - slope[:, 0] * (x[:, 0] - ends[0])
    last = z[:, -1] + slope[:, -1] * (ends[1] - x[:, -1])
    outer = np.broadcast_to(ends, (len(x), 2))
    known = np.column_stack([outer[:, 0], x, outer[:, 1]])
    return _cubic(known, at)(np.column_stack([first, z, last]))


def _cubic(x: FloatArray, at: FloatArray) -> Callable[[FloatArray], FloatArray]:
    """Monotone-preserving cubic (Fritsch, Butland) through nodes ``x`` (1 or D, n), at ``at`` (k,).

    A function of the heights at the nodes, (D, n).
    """
    gap = np.diff(x)
    place = np.clip((at[:, None] >= x[:, None]).sum(axis=2) - 1, 0, gap.shape[1] - 1)
    width = np.take_along_axis(gap, place, axis=1)
    t = (at - np.take_along_axis(x, place, axis=1)) / width
    start = (1 - t) ** 2 * (1 + 2 * t)
    bend = width * t * (1 - t)

    def curve(heights: FloatArray) -> FloatArray:
        slope = _slopes(gap, np.diff(heights) / gap)
        at_left = np.broadcast_to(place, (len(heights), at.size))
        at_right = place + 1
        a, b = (
            np.take_along_axis(heights, i, axis=1)
            for i in (at_left, np.broadcast_to(at_right, at_left.shape))
        )
        c, d = (
            np.take_along_axis(slope, i, axis=1)
            for i in (at_left, np.broadcast_to(at_right, at_left.shape))
        )
        return np.asarray(b + (a - b) * start + bend * ((1 - t) * c - t * d))

    return curve


def _slopes(gap: FloatArray, secant: FloatArray) -> FloatArray:
    """Slopes at the nodes (D, n) from the slopes between them: harmonic means, and none at
    extremes.
    """
    if secant.shape[1] == 1:
        return np.repeat(secant, 2, axis=1)
    before = secant[:, :-1]
    after = secant[:, 1:]
    w1 = 2 * gap[:, 1:] + gap[:, :-1]
    w2 = gap[:, 1:] + 2 * gap[:, :-1]
    alike = before * after > 0
    mean = (w1 / np.where(alike, before, 1.0) + w2 / np.where(alike, after, 1.0)) / (w1 + w2)
    inner = np.where(alike, 1 / np.where(alike, mean, 1.0), 0.0)
    first = _end(gap[:, 0], gap[:, 1], secant[:, 0], secant[:, 1])
    last = _end(gap[:, -1], gap[:, -2], secant[:, -1], secant[:, -2])
    return np.column_stack([first, inner, last])


def _end(
    gap: FloatArray, next_gap: FloatArray, secant: FloatArray, next_secant: FloatArray
) -> FloatArray:
    """Slope at an end: that of a parabola through three nodes, kept monotone."""
    slope = ((2 * gap + next_gap) * secant - gap * next_secant) / (gap + next_gap)
    turned = (np.sign(secant) != np.sign(next_secant)) & (np.abs(slope) > 3 * np.abs(secant))
    return np.where(np.sign(slope) != np.sign(secant), 0.0, np.where(turned, 3 * secant, slope))


def _log_ratio(
    test: Measurement,
    x: FloatArray,
    nodes: FloatArray,
    non_malignant: FloatArray,
    malignant: FloatArray,
) -> FloatArray:
    """Log likelihood ratio of each value, (D, k), that gives the bands their probabilities.

    Newton steps with slopes by differences, halved where they would lead away.
    """
    bands = value_bands(test).T
    curve = _cubic(nodes[None], np.clip(x, nodes[0], nodes[-1]))

    def mismatch(heights: FloatArray, rows: Any) -> FloatArray:
        return np.asarray(
            np.log((non_malignant[rows] * np.exp(curve(heights))) @ bands / malignant[rows])
        )

    heights, gap = _solved(mismatch, np.log(malignant / (non_malignant @ bands)))
    missed = np.abs(gap).max(axis=1) > _TOLERANCE
    if missed.any():
        raise ValueError(
            f"the distribution of {test.key} with malignancy has no solution for bands "
            f"{malignant[missed][0].round(4).tolist()}. Bring its sensitivities closer to its "
            f"specificities."
        )
    return curve(heights)


def _solved(
    mismatch: Callable[[FloatArray, Any], FloatArray], heights: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Heights (D, n) at which ``mismatch`` vanishes, row by row, and what is left of it."""
    gap = mismatch(heights, slice(None))
    rows = np.arange(len(heights))
    for _ in range(_STEPS):
        rows = rows[np.abs(gap[rows]).max(axis=1) > _CLOSE]
        if not rows.size:
            break
        here = heights[rows]
        off = gap[rows]
        moved = np.stack(
            [mismatch(here + _STEP * unit, rows) for unit in np.eye(here.shape[1])], axis=2
        )
        step = -np.linalg.solve((moved - off[:, :, None]) / _STEP, off[:, :, None])[:, :, 0]
        for _ in range(_HALVINGS):
            with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
                found = mismatch(here + step, rows)
            better = np.abs(found).max(axis=1) < np.abs(off).max(axis=1)
            if better.all():
                break
            step[~better] /= 2
        heights[rows[better]] = (here + step)[better]
        gap[rows[better]] = found[better]
        rows = rows[better]
    return heights, gap
