"""How findings respond to states, ages, sexes and severity, calibrated to their targets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import ndtr, ndtri

from ...numerics.checks import FloatArray
from .states import EXACT, ClassStates, Grid
from .value_response import Values, value_targets, values

if TYPE_CHECKING:
    from ..assumptions import Assumptions
    from ..parts import Effects

NODES = EXACT.nodes
NODE_WEIGHTS = EXACT.node_weights
_PIECE = 4_000_000  # numbers held at once while solving


@dataclass(frozen=True, eq=False)
class Response:
    """How one finding responds within one class, or whether the illness shows in a laboratory
    value.

    The mean of state s in context c is ``dependence * (state[s] + context[c] + loading * f)``; it
    is the same in every draw, only the intercepts ``location`` (D, 1) differ. ``recording`` (1 or
    D, 2) holds the probabilities that what is there is missed, and what is not is invented, when it
    is written down.
    """

    state: FloatArray
    context: FloatArray
    loading: float
    dependence: float
    location: FloatArray
    recording: FloatArray
    grid: Grid = EXACT

    def mean(self, contexts: Any = slice(None)) -> FloatArray:
        """Means over (contexts, S, nodes), or (S, nodes) for one context."""
        context = np.asarray(self.context[contexts])[..., None, None]
        return self.dependence * (self.state[:, None] + context + self.loading * self.grid.nodes)

    def probability(self, contexts: Any = slice(None)) -> FloatArray:
        """P(recorded as present | context, state, severity), (D, contexts, S, nodes)."""
        present = ndtr(self.location[:, :, None, None] + self.mean(contexts))
        if not self.recording.any():
            return present
        missed, invented = self.recording.T[:, :, None, None, None]
        return invented + (1 - missed - invented) * present


def finding_responses(
    scenarios: Sequence[Assumptions], key: str, states: tuple[ClassStates, ClassStates]
) -> tuple[Response, ...]:
    """Responses of a finding without and with malignancy whose class marginals equal the
    targets.
    """
    first = scenarios[0]
    targets = [scenario.findings[key] for scenario in scenarios]
    effects = first.findings[key]
    grid = states[0].grid
    context = effects.age * grid.decades + effects.male * grid.male
    sensitivity, specificity = np.array([[[t.sensitivity, t.specificity]] for t in targets]).T
    present = ((1 - specificity).T, sensitivity.T)
    absent = (specificity.T, (1 - sensitivity).T)
    bare = _bare(first, effects, context, states)
    errors = np.array([[effects.missed, effects.invented]])
    return tuple(
        replace(
            bare[g],
            location=-_located(bare[g], states[g].weight, absent[g], present[g]),
            recording=errors,
        )
        for g in (0, 1)
    )


def value_responses(
    scenarios: Sequence[Assumptions], key: str, states: tuple[ClassStates, ClassStates]
) -> tuple[tuple[Response, ...], Values]:
    """Responses of whether the illness shows in a laboratory value, and the value given that;
    see `value_response`.
    """
    first = scenarios[0]
    wanted = value_targets(scenarios, key)
    effects = first.laboratory[key]
    grid = states[0].grid
    nothing = np.zeros(wanted.bound.size)
    errors = (
        np.column_stack([1 - wanted.bound, nothing]),
        np.column_stack([nothing, wanted.bound]),
    )
    pair = []
    weight = []
    sign = (
        -1.0 if first.words.laboratory[key].abnormal == "low" else 1.0
    )  # effects raise the value, y may lower it
    for g, bare in enumerate(_bare(first, effects, np.zeros(grid.male.size), states, sign)):
        positive = wanted.positive[:, [g]]
        location = -_located(bare, states[g].weight, 1 - positive, positive)
        pair.append(replace(bare, location=location, recording=errors[g]))
        showing = pair[g].probability([0])[:, 0] @ grid.node_weights
        weight.append(
            np.stack([states[g].weight @ p[:, :, None] for p in (1 - showing, showing)], axis=-1)[
                :, :, 0
            ]
        )
    effect = first.dependence * (effects.age * grid.decades + effects.male * grid.male)
    return tuple(pair), values(first.words.laboratory[key], wanted, effect, (weight[0], weight[1]))


def _bare(
    scenario: Assumptions,
    effects: Effects,
    context: FloatArray,
    states: tuple[ClassStates, ...],
    sign: float = 1.0,
) -> list[Response]:
    """Responses without and with malignancy, still without locations."""
    loadings = (effects.severity.non_malignant, effects.severity.malignant)
    shifts = [s.shifts(effects.shifts) for s in states]
    return [
        Response(
            sign * shift,
            context,
            sign * loading,
            scenario.dependence,
            np.empty((0, 0)),
            np.zeros((1, 2)),
            states[0].grid,
        )
        for shift, loading in zip(shifts, loadings, strict=True)
    ]


def _located(
    response: Response, weight: FloatArray, below: FloatArray, above: FloatArray
) -> FloatArray:
    """The locations tau (D, k) at which the class mixture of Phi(tau - mean) equals ``below`` = 1 -
    ``above``.

    States with equal effects are pooled, and the severity factor is integrated in closed form,
    which its 21 nodes reproduce to rounding for loadings up to 0.75.
    """
    levels, which = np.unique(response.state, return_inverse=True)
    member = (which[:, None] == np.arange(levels.size)).astype(np.float64)
    spread = np.sqrt(1 + (response.dependence * response.loading) ** 2)
    mean = (response.dependence * (levels + response.context[:, None]) / spread).ravel()
    pooled = (weight @ member).reshape(len(weight), -1)
    size = max(1, _PIECE // (mean.size * below.shape[1]))
    pieces = [slice(i, i + size) for i in range(0, len(weight), size)]
    return spread * np.concatenate(
        [_mixture_quantile(pooled[p], mean, below[p], above[p]) for p in pieces]
    )


def _mixture_quantile(
    weight: FloatArray, mean: FloatArray, below: FloatArray, above: FloatArray
) -> FloatArray:
    """Solve sum(weight * Phi(t - mean)) = below, (D, k), by Newton steps on the probit scale, in
    the smaller tail.
    """
    sign = np.where(below < above, 1.0, -1.0)
    target = sign * ndtri(np.minimum(below, above))
    centre = weight @ mean
    variance = weight @ mean**2 - centre**2
    t = target * np.sqrt(1 + variance)[:, None] + centre[:, None]
    for _ in range(50):
        z = t[:, :, None] - mean
        now = sign * ndtri(np.einsum("dkc,dc->dk", ndtr(sign[:, :, None] * z), weight))
        density = np.einsum("dkc,dc->dk", np.exp(-(z**2) / 2), weight) / np.exp(-(now**2) / 2)
        step = (now - target) / density
        t = t - step
        if np.all(np.abs(step) <= 1e-14 * np.maximum(1.0, np.abs(t))):
            break
    return t
