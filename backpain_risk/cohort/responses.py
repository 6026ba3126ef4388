"""How findings and laboratory values respond to states, ages, sexes and severity, calibrated to their targets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import ndtr, ndtri

from ..numerics.checks import FloatArray
from ..numerics.quadrature import normal_nodes
from .laboratory import recorded_distributions
from .states import DECADES, MALE, ClassStates

if TYPE_CHECKING:
    from .scenario import Scenario
    from .scenario_parts import Effects

NODES, NODE_WEIGHTS = normal_nodes(21)
_PIECE = 4_000_000  # numbers held at once while solving


@dataclass(frozen=True, eq=False)
class Response:
    """How one finding or laboratory value responds within one class.

    The mean of state s in context c is ``dependence * (state[s] + context[c] + loading * f)``; it is the same in every
    draw, only ``location`` differs: (D, 1) intercepts of a finding, (D, k - 1) thresholds of a laboratory value.
    ``recording`` holds the probabilities that a finding is missed, and invented, when it is written down.
    """

    state: FloatArray
    context: FloatArray
    loading: float
    dependence: float
    location: FloatArray
    recording: tuple[float, float] = (0.0, 0.0)

    def mean(self, contexts: Any = slice(None)) -> FloatArray:
        """Means over (contexts, S, nodes), or (S, nodes) for one context."""
        context = np.asarray(self.context[contexts])[..., None, None]
        return self.dependence * (self.state[:, None] + context + self.loading * NODES)


def responses(scenarios: Sequence[Scenario], key: str, states: tuple[ClassStates, ClassStates]) -> tuple[Response, ...]:
    """Responses without and with malignancy whose class marginals equal the targets."""
    first = scenarios[0]
    effects: Effects = first.laboratory[key] if key in first.laboratory else first.findings[key]
    context = effects.age * DECADES + effects.male * MALE
    loadings = (effects.severity.non_malignant, effects.severity.malignant)
    result = []
    for g, (loading, below, above) in enumerate(zip(loadings, *_targets(scenarios, key), strict=True)):
        shifts = states[g].shifts(effects.shifts)
        bare = Response(shifts, context, loading, first.dependence, np.empty((0, 0)))
        location = _located(bare, states[g].weight, below, above)
        if key in first.laboratory:
            result.append(replace(bare, location=location))
        else:
            target = first.findings[key]
            result.append(replace(bare, location=-location, recording=(target.missed, target.invented)))
    return tuple(result)


def _targets(scenarios: Sequence[Scenario], key: str) -> tuple[list[FloatArray], list[FloatArray]]:
    """P(value <= k) and P(value > k) of each class, (D, k - 1); for a finding P(absent) and P(present)."""
    if key in scenarios[0].laboratory:
        recorded = [recorded_distributions(key, scenario.laboratory[key]) for scenario in scenarios]
        return (
            [np.stack([r.below[g] for r in recorded]) for g in (0, 1)],
            [np.stack([r.above[g] for r in recorded]) for g in (0, 1)],
        )
    sensitivity = np.array([[scenario.findings[key].sensitivity] for scenario in scenarios])
    specificity = np.array([[scenario.findings[key].specificity] for scenario in scenarios])
    return [specificity, 1 - sensitivity], [1 - specificity, sensitivity]


def _located(response: Response, weight: FloatArray, below: FloatArray, above: FloatArray) -> FloatArray:
    """The locations tau (D, k) at which the class mixture of Phi(tau - mean) equals ``below`` = 1 - ``above``.

    States with equal effects are pooled, and the severity factor is integrated in closed form, which its 21 nodes
    reproduce to rounding for loadings up to 0.75.
    """
    levels, which = np.unique(response.state, return_inverse=True)
    member = (which[:, None] == np.arange(levels.size)).astype(np.float64)
    spread = np.sqrt(1 + (response.dependence * response.loading) ** 2)
    mean = (response.dependence * (levels + response.context[:, None]) / spread).ravel()
    pooled = (weight @ member).reshape(len(weight), -1)
    size = max(1, _PIECE // (mean.size * below.shape[1]))
    pieces = [slice(i, i + size) for i in range(0, len(weight), size)]
    return spread * np.concatenate([_mixture_quantile(pooled[p], mean, below[p], above[p]) for p in pieces])


def _mixture_quantile(weight: FloatArray, mean: FloatArray, below: FloatArray, above: FloatArray) -> FloatArray:
    """Solve sum(weight * Phi(t - mean)) = below, (D, k), by Newton steps on the probit scale, in the smaller tail."""
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
