"""How a laboratory value depends on age, sex, state and severity, so that its likelihood ratio
never falls.

Whether the illness shows in the value is a yes/no variable y that responds to states and severity
as a finding does, but never more often without malignancy than with it; ages and sexes shift the
value itself:

    P(y = 1 | not malignant, s, f) = t Phi( alpha_0 + d ( beta_s + lambda_0 f ) )            at most
    t P(y = 1 | malignant,     s, f) = t + (1 - t) Phi( alpha_1 + d ( beta_s + lambda_1 f ) )  at
    least t P(value | y, age, sex)         = q(value | age, sex) r(value) exp( y h(value) ) / its
    sum

q is an ordinal probit whose thresholds are those of all non-malignant, shifted by d times the
effects of age and sex; r is raked so that the distribution without malignancy is the marginal one,
value by value, at every d; h, monotone, is solved so that the bands have their probabilities with
malignancy.

*Proof that the risk is monotone in the value, given age, sex and any other findings.* Other
findings change only the weights of s and f, so the likelihood ratio of the value given them is

    [ (1 - a) L(value) + a U(value) ] / [ (1 - b) L(value) + b U(value) ]

with L and U the distributions for y = 0 and 1 at this age and sex, and a and b averages of P(y = 1)
over states and severities with and without malignancy, whatever the weights: a >= t >= b. Its
derivative with respect to U / L has the sign of a - b, and U / L is a multiple of exp(h), which is
monotone. It also lies between (1 - a) / (1 - b) and a / b.

h is monotone where the likelihood ratios of the bands are, unless age and sex alone explain more
than these do. (A draw of uncertain accuracies may have bands out of order; no model of it can be
monotone.) Where age or sex is unknown, the value also speaks of them, and the risk may then fall.

The price: no cause without malignancy can move a value further than cancers do. Infection raises
ESR and white cells, but less than it does at the bedside.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr, ndtri

from ...numerics.checks import FloatArray
from ...vocabulary import Measurement
from .laboratory import RecordedDistribution, recorded_distributions, value_bands

if TYPE_CHECKING:
    from ..assumptions import Assumptions

_SPREAD = (
    2.0  # y alone has a likelihood ratio so many times beyond the most extreme of the value itself
)
_BETWEEN = 0.75  # where t lies between the probabilities of y without and with malignancy
_TOLERANCE = 1e-13
_ROUNDS = 1_000  # raking closes in by a share a round; one draw in thousands needs over 200


@dataclass(frozen=True, eq=False)
class Values:
    """Distribution of a laboratory value given y, age and sex.

    ``level`` (contexts,) numbers the distinct effects of age and sex; ``given`` (D, 2, levels, k)
    is P(value | y = 0 or 1, level).
    """

    level: npt.NDArray[np.int64]
    given: FloatArray

    def probability(self, ranges: npt.NDArray[np.int64], contexts: Any) -> FloatArray:
        """P(first <= value index <= last | y, context), (D, contexts, ranges, 2)."""
        index = np.arange(self.given.shape[-1])[:, None]
        member = ((index >= ranges[:, 0]) & (index <= ranges[:, 1])).astype(np.float64)
        levels, which = np.unique(self.level[contexts], return_inverse=True)
        return np.moveaxis((self.given[:, :, levels] @ member)[:, :, which], 1, -1)


@dataclass(frozen=True, eq=False)
class ValueTargets:
    """Targets of a laboratory value, and what follows for y.

    ``recorded`` holds the marginal distributions of each of D draws; ``showing`` (D, 2) is P(y = 1)
    without and with malignancy, ``bound`` (D,) is t.
    """

    recorded: RecordedDistribution
    showing: FloatArray
    bound: FloatArray

    @property
    def positive(self) -> FloatArray:
        """What Phi(...) must be on average in each class, (D, 2)."""
        non_malignant, malignant = self.showing.T
        return np.column_stack(
            [non_malignant / self.bound, (malignant - self.bound) / (1 - self.bound)]
        )


def value_targets(scenarios: Sequence[Assumptions], key: str) -> ValueTargets:
    """Marginal distributions, and the smallest and largest likelihood ratio turned into
    probabilities of y.
    """
    test = scenarios[0].words.laboratory[key]
    recorded = recorded_distributions(test, [scenario.laboratory[key] for scenario in scenarios])
    ratio = recorded.log_ratio
    low = np.exp(ratio.min(axis=1)) / _SPREAD
    high = np.exp(ratio.max(axis=1)) * _SPREAD
    non_malignant = (1 - low) / (high - low)
    showing = np.column_stack([non_malignant, high * non_malignant])
    return ValueTargets(recorded, showing, showing @ [1 - _BETWEEN, _BETWEEN])


def values(
    test: Measurement,
    wanted: ValueTargets,
    effect: FloatArray,
    weight: tuple[FloatArray, FloatArray],
) -> Values:
    """The distributions of a value at which both class marginals are as wanted.

    Parameters
    ----------
    test : Measurement
    wanted : ValueTargets
    effect : ndarray, shape (contexts,)
        d times the effects of age and sex.
    weight : pair of ndarray, shape (D, contexts, 2)
        P(age, sex, y | class), without and with malignancy.
    """
    levels, level = np.unique(effect, return_inverse=True)
    member = (level[:, None] == np.arange(levels.size)).astype(np.float64)
    by_level = np.stack([np.einsum("dcy,cl->dyl", w, member) for w in weight])
    return Values(level, _solved(test, wanted, levels, by_level))


def _solved(
    test: Measurement, wanted: ValueTargets, levels: FloatArray, weight: FloatArray
) -> FloatArray:
    """P(value | y, level), (D, 2, levels, k): raking of r, and Newton steps for the heights of h.

    Draws that are met are left alone, so that no draw depends on which others are solved with it.
    """
    target = wanted.recorded
    bands = value_bands(test)
    q = _shifted(target, levels)
    non_malignant = target.non_malignant
    malignant = (non_malignant * np.exp(target.log_ratio)) @ bands.T
    showing = _log_odds(target.log_ratio, wanted.showing)
    hat = _hats(showing, target.nodes)
    heights = showing[:, target.nodes.astype(np.int64)]
    r = np.ones_like(non_malignant)
    result = np.empty((len(q), 2, *q.shape[1:]))
    rows = np.arange(len(q))
    for _ in range(_ROUNDS):
        tilt = r[rows, None] * np.exp(
            np.arange(2)[:, None] * (hat[rows] @ heights[rows, :, None]).swapaxes(1, 2)
        )
        total = tilt @ q[rows].swapaxes(1, 2)  # (D, y, levels)
        share = (weight[:, rows] / total) @ q[rows]  # (class, D, y, k)
        now, ill = (tilt * share).sum(axis=2)
        gap = malignant[rows] - ill @ bands.T
        off = np.maximum(np.abs(gap).max(axis=1), np.abs(now - non_malignant[rows]).max(axis=1))
        met = off <= _TOLERANCE
        result[rows[met]] = q[rows[met], None] * tilt[met][:, :, None] / total[met][..., None]
        if met.all():
            return result
        slope = _moved(
            tilt[:, 1],
            hat[rows],
            q[rows],
            weight[1, rows, 1] / total[:, 1] ** 2,
            share[1, :, 1],
            bands,
        )
        step = np.linalg.solve(slope[~met, 1:, 1:], gap[~met, 1:, None])[..., 0]
        now = now[~met]
        rows = rows[~met]
        heights[rows, 1:] += step
        r[rows] *= non_malignant[rows] / now
    raise ValueError(
        f"the targets of {test.key} cannot be met with its effects of age and sex; got a gap of "
        f"{off.max():.2g}. Make the effects smaller, or its accuracy less extreme."
    )


def _moved(
    tilt: FloatArray,
    hat: FloatArray,
    q: FloatArray,
    weight: FloatArray,
    share: FloatArray,
    bands: FloatArray,
) -> FloatArray:
    """How P(band | malignant) moves with the heights, (D, bands, nodes)."""
    moved = tilt[:, :, None] * hat  # (D, k, nodes)
    direct = bands @ (moved * share[:, :, None])
    return direct - (bands * tilt[:, None]) @ q.swapaxes(1, 2) @ (weight[:, :, None] * (q @ moved))


def _shifted(target: RecordedDistribution, levels: FloatArray) -> FloatArray:
    """Ordinal probits (D, levels, k), thresholds of all non-malignant, shifted; subtracted in the
    smaller tail.
    """
    tau = np.where(target.below < 0.5, ndtri(target.below), -ndtri(target.above))
    z = tau[:, None] - levels[:, None]
    below = ndtr(z)
    above = ndtr(-z)
    inner = np.where(
        z[..., 1:] > 0, above[..., :-1] - above[..., 1:], below[..., 1:] - below[..., :-1]
    )
    return np.concatenate([below[..., :1], inner, above[..., -1:]], axis=-1)


def _log_odds(log_ratio: FloatArray, showing: FloatArray) -> FloatArray:
    """log U / L, (D, k), at which y with these probabilities gives the values their likelihood
    ratios at d = 0.
    """
    ratio = np.exp(log_ratio)
    (non_malignant, malignant) = showing.T[:, :, None]
    return np.log(
        ((1 - non_malignant) * ratio - (1 - malignant)) / (malignant - non_malignant * ratio)
    )


def _hats(curve: FloatArray, nodes: FloatArray) -> FloatArray:
    """Weights (D, k, nodes) with which heights at the nodes give ``curve`` from its own; monotone
    between nodes.
    """
    position = np.arange(curve.shape[1])
    result = np.zeros((*curve.shape, nodes.size))
    place = np.clip(np.searchsorted(nodes, position, side="right") - 1, 0, nodes.size - 2)
    ends = curve[:, nodes.astype(np.int64)]
    start = ends[:, place]
    rise = np.diff(ends)[:, place]
    along = np.clip((position - nodes[place]) / np.diff(nodes)[place], 0.0, 1.0)
    part = np.where(rise == 0, along, (curve - start) / np.where(rise == 0, 1.0, rise))
    result[:, position, place] = 1 - part
    result[:, position, place + 1] = part
    return result
