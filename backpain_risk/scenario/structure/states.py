"""States of patients (causes, primary sites, mechanisms), their ages and sexes, with the shares
held exactly.

Functions carry a leading axis of draws: D scenarios that differ in base rate and accuracy only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from scipy.special import logit

from ... import vocabulary
from ...numerics.checks import FloatArray
from ...numerics.quadrature import normal_nodes

if TYPE_CHECKING:
    from ..assumptions import Assumptions

AGES = np.arange(int(vocabulary.AGE.low), int(vocabulary.AGE.high) + 1)
N_CONTEXTS = 2 * AGES.size  # pairs of age and sex, sex running fastest
DECADES = (np.repeat(AGES, 2) - 50) / 10  # age of each context, in decades over 50
MALE = np.tile([0.0, 1.0], AGES.size)  # sex of each context
NON_MALIGNANT = 0
MALIGNANT = 1


@dataclass(frozen=True, eq=False, kw_only=True)
class Grid:
    """The ages, sexes and severities that probabilities are summed over.

    ``decades`` and ``male`` (contexts,) are ages (decades over 50) and sexes; ``spread`` (contexts,
    N_CONTEXTS) writes every age and sex in terms of them, so that a sum over all is a sum over
    these; ``nodes`` and ``node_weights`` are those of the severity factor.
    """

    decades: FloatArray
    male: FloatArray
    spread: FloatArray
    nodes: FloatArray
    node_weights: FloatArray


def _every_age_and_sex() -> Grid:
    nodes, node_weights = normal_nodes(21)
    return Grid(
        decades=DECADES,
        male=MALE,
        spread=np.eye(N_CONTEXTS),
        nodes=nodes,
        node_weights=node_weights,
    )


EXACT = _every_age_and_sex()
"""Every age, both sexes, and the 21 nodes that define the severity factor."""


@dataclass(frozen=True, eq=False)
class ClassStates:
    """States of one class and their probability in each context (age, sex).

    ``cause`` and ``primary_site`` are vocabulary keys (site empty without malignancy),
    ``mechanisms`` is (S, 3) of 0/1, ``weight`` is (D, contexts, S) with P(age, sex, state | class),
    summing to 1 in each draw.
    """

    cause: tuple[str, ...]
    primary_site: tuple[str, ...]
    mechanisms: npt.NDArray[np.int8]
    weight: FloatArray
    grid: Grid = EXACT

    def on(self, grid: Grid) -> ClassStates:
        """The same with the contexts of a grid, the probability of all others spread over them."""
        weight = (
            self.weight if grid is EXACT else np.einsum("ca,das->dcs", grid.spread, self.weight)
        )
        return replace(self, weight=weight, grid=grid)

    def shifts(self, table: Mapping[str, float]) -> FloatArray:
        """Sum of the effects of each state, (S,)."""
        named = zip(self.cause, self.primary_site, strict=True)
        of_mechanisms = self.mechanisms @ np.array(
            [table.get(key, 0.0) for key in vocabulary.MECHANISMS]
        )
        return (
            np.array([table.get(cause, 0.0) + table.get(site, 0.0) for cause, site in named])
            + of_mechanisms
        )

    def pooled(self, pool: npt.NDArray[np.int64], first: npt.NDArray[np.int64]) -> ClassStates:
        """States of one pool taken together; each pool keeps the description of its first state."""
        member = np.zeros((pool.size, first.size))
        member[np.arange(pool.size), pool] = 1
        return replace(
            self,
            cause=tuple(self.cause[i] for i in first),
            primary_site=tuple(self.primary_site[i] for i in first),
            mechanisms=self.mechanisms[first],
            weight=self.weight @ member,
        )


def class_states(
    scenarios: Sequence[Assumptions], grid: Grid = EXACT
) -> tuple[ClassStates, ClassStates]:
    """States without and with malignancy of scenarios that share everything but base rate and
    accuracy.
    """
    first = scenarios[0]
    targets = [scenario.findings["age_50_or_over"] for scenario in scenarios]
    non_malignant = tilted_ages(
        first.age.non_malignant_mean,
        first.age.non_malignant_sd,
        np.array([1 - t.specificity for t in targets]),
    )
    malignant = tilted_ages(
        first.age.malignant_mean,
        first.age.malignant_sd,
        np.array([t.sensitivity for t in targets]),
        non_malignant,
    )
    return _cause_states(first, non_malignant).on(grid), _tumour_states(first, malignant).on(grid)


def tilted_ages(
    mean: float, sd: float, over_50: FloatArray, others: FloatArray | None = None
) -> FloatArray:
    """P(age), (D, 78): a normal density on the ages 18 to 95, tilted so that P(age >= 50) is
    ``over_50``.

    Where its ratio to the distribution of ``others`` (D, 78) would fall with age, it keeps the
    highest ratio so far, so that the likelihood ratio of age never falls. (Not in draws in which
    being 50 or over speaks against malignancy.)
    """
    base = -(((AGES - mean) / sd) ** 2) / 2
    old = AGES >= 50
    step: FloatArray = AGES.astype(np.float64) - 50
    theta = np.zeros(over_50.size)
    moving = np.broadcast_to(step, (over_50.size, AGES.size))
    for _ in range(200):
        log_p = base + np.outer(theta, step)
        if others is not None:
            held = others[:, old].sum(axis=1) < over_50
            log_p, moving = _held(log_p - np.log(others), step, held)
            log_p = log_p + np.log(others)
        p = np.exp(log_p)
        upper = p[:, old].sum(axis=1)
        lower = p[:, ~old].sum(axis=1)
        slope = (p * moving)[:, old].sum(axis=1) / upper - (p * moving)[:, ~old].sum(axis=1) / lower
        gap = logit(over_50) - np.log(upper / lower)
        move = np.clip(gap / np.maximum(slope, 1e-3), -0.1, 0.1)
        theta = theta + move
        if np.abs(move).max() < 1e-14:
            break
    share = np.where(old, (over_50 / upper)[:, None], ((1 - over_50) / lower)[:, None])
    return p * share


def _held(
    log_ratio: FloatArray, step: FloatArray, held: npt.NDArray[np.bool_]
) -> tuple[FloatArray, FloatArray]:
    """The highest log ratio up to each age in the draws that are ``held``, and how it moves with
    the tilt.
    """
    ages = np.arange(step.size)
    highest = np.where(log_ratio >= np.maximum.accumulate(log_ratio, axis=1), ages, 0)
    place = np.where(held[:, None], np.maximum.accumulate(highest, axis=1), ages)
    return np.take_along_axis(log_ratio, place, axis=1), step[place]


def raked(weight: FloatArray, context: FloatArray, share: FloatArray) -> FloatArray:
    """P(state | context), (D, S, C): ``weight`` times row and column factors, with the shares held
    exactly.

    ``weight`` is (S, C), ``context`` (D, C) the probability of each context, ``share`` (S,) that of
    each state.
    """
    factor = np.ones((len(context), share.size))
    for _ in range(10_000):
        p = factor[:, :, None] * weight
        p /= p.sum(axis=1, keepdims=True)
        now = np.einsum("dsc,dc->ds", p, context)
        if np.abs(now - share).max() <= 1e-15:
            break
        factor *= np.divide(share, now, out=np.zeros_like(now), where=now > 0)
    return p


def _contexts(ages: FloatArray, male_share: float) -> FloatArray:
    """P(age, sex | class), (D, contexts)."""
    return (ages[:, :, None] * [1 - male_share, male_share]).reshape(len(ages), N_CONTEXTS)


def _cause_states(scenario: Assumptions, ages: FloatArray) -> ClassStates:
    causes = list(scenario.causes.values())
    share = np.array([cause.share for cause in causes])
    log_weight = np.outer([c.age for c in causes], DECADES) + np.outer(
        [c.male for c in causes], MALE
    )
    context = _contexts(ages, scenario.male_share)
    conditional = raked(share[:, None] * np.exp(log_weight), context, share / share.sum())
    return ClassStates(
        cause=tuple(scenario.causes),
        primary_site=("",) * len(causes),
        mechanisms=np.zeros((len(causes), 3), dtype=np.int8),
        weight=np.swapaxes(conditional * context[:, None], 1, 2),
    )


def _tumour_states(scenario: Assumptions, ages: FloatArray) -> ClassStates:
    sites = list(scenario.primary_sites.values())
    weight = np.exp(np.outer([site.age for site in sites], (AGES - 50) / 10))
    of_sex = [np.array([s.share_female for s in sites]), np.array([s.share_male for s in sites])]
    by_sex = [raked(share[:, None] * weight, ages, share / share.sum()) for share in of_sex]
    conditional = np.stack(by_sex, axis=-1).reshape(len(ages), len(sites), 1, N_CONTEXTS)
    on, given_site = _mechanisms(scenario)
    joint = (conditional * given_site[:, :, None]).reshape(len(ages), -1, N_CONTEXTS)
    return ClassStates(
        cause=(vocabulary.MALIGNANCY.key,) * (len(sites) * len(on)),
        primary_site=tuple(np.repeat(list(scenario.primary_sites), len(on))),
        mechanisms=np.tile(on, (len(sites), 1)),
        weight=np.swapaxes(joint * _contexts(ages, scenario.male_share)[:, None], 1, 2),
    )


def _mechanisms(scenario: Assumptions) -> tuple[npt.NDArray[np.int8], FloatArray]:
    """The eight combinations of mechanisms, (8, 3), and their probability given each site,
    (sites, 8).
    """
    on = np.array(list(product((0, 1), repeat=len(vocabulary.MECHANISMS))), dtype=np.int8)
    sites = scenario.primary_sites.values()
    p = np.array(
        [[getattr(site.mechanisms, key) for key in vocabulary.MECHANISMS] for site in sites]
    )
    return on, np.prod(np.where(on, p[:, None], 1 - p[:, None]), axis=2)
