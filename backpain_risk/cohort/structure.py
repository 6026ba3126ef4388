"""The joint distribution of a scenario: its calibrated parameters and exact probabilities.

Every patient belongs to a class g (malignant or not), has a state s (a cause; for cancers a primary site and three
mechanisms), an integer age, a sex, and a severity f. Given these, findings are independent:

    P(x_j = 1 | g, s, age, sex, f) = Phi( alpha_jg + d * ( beta_js + gamma_j age + delta_j sex + lambda_jg f ) )

so that any probability is a finite sum over states, ages, sexes and the 21 nodes of f.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.optimize import brentq
from scipy.special import logit, ndtr, ndtri

from .. import vocabulary
from ..numerics.checks import FloatArray
from ..numerics.patterns import distinct_rows
from ..numerics.quadrature import normal_nodes
from .laboratory import RecordedDistribution, recorded_distributions
from .queries import Query, read_query

if TYPE_CHECKING:
    from .scenario import Effects, Scenario

AGES = np.arange(int(vocabulary.AGE.low), int(vocabulary.AGE.high) + 1)
N_CONTEXTS = 2 * AGES.size  # pairs of age and sex, sex running fastest
NODES, NODE_WEIGHTS = normal_nodes(21)
HEALTHY, MALIGNANT = 0, 1


@dataclass(frozen=True, eq=False)
class ClassStates:
    """States of one class and their probability in each context (age, sex).

    ``cause`` and ``primary_site`` are vocabulary keys (site empty without malignancy), ``mechanisms`` is (S, 3) of 0/1,
    ``weight`` is (contexts, S) with P(age, sex, state | class), summing to 1.
    """

    cause: tuple[str, ...]
    primary_site: tuple[str, ...]
    mechanisms: npt.NDArray[np.int8]
    weight: FloatArray

    def pooled(self, pool: npt.NDArray[np.int64], first: npt.NDArray[np.int64]) -> ClassStates:
        """States of one pool taken together; each pool keeps the description of its first state."""
        member = np.zeros((pool.size, first.size))
        member[np.arange(pool.size), pool] = 1
        return ClassStates(
            cause=tuple(self.cause[i] for i in first),
            primary_site=tuple(self.primary_site[i] for i in first),
            mechanisms=self.mechanisms[first],
            weight=self.weight @ member,
        )

    def shifts(self, effects: Effects) -> FloatArray:
        """Sum of the effects of each state, (S,)."""
        table = effects.shifts
        total = np.array(
            [table.get(c, 0.0) + table.get(p, 0.0) for c, p in zip(self.cause, self.primary_site, strict=True)]
        )
        return total + self.mechanisms @ np.array([table.get(key, 0.0) for key in vocabulary.MECHANISMS])


@dataclass(frozen=True, eq=False)
class Response:
    """How one finding or laboratory value responds within one class.

    The mean of state s in context c is ``dependence * (state[s] + context[c] + loading * f)``.
    """

    state: FloatArray
    context: FloatArray
    loading: float
    dependence: float

    def mean(self, contexts: Any = slice(None)) -> FloatArray:
        """Means over (contexts, S, nodes), or (S, nodes) for one context."""
        context = np.asarray(self.context[contexts])[..., None, None]
        return self.dependence * (self.state[:, None] + context + self.loading * NODES)

    def locate(self, weight: FloatArray, below: FloatArray, above: FloatArray) -> FloatArray:
        """The location tau (k,) at which the class mixture of Phi(tau - mean) equals ``below`` = 1 - ``above``.

        States with equal effects are pooled, and the severity factor is integrated in closed form, which its 21 nodes
        reproduce to rounding for loadings up to 0.75.
        """
        levels, which = np.unique(self.state, return_inverse=True)
        pooled = np.stack([weight[:, which == i].sum(axis=1) for i in range(levels.size)], axis=1)
        spread = np.sqrt(1 + (self.dependence * self.loading) ** 2)
        mean = self.dependence * (levels + self.context[:, None]) / spread
        return spread * _mixture_quantile(pooled.ravel(), mean.ravel(), below, above)


def _mixture_quantile(weight: FloatArray, mean: FloatArray, below: FloatArray, above: FloatArray) -> FloatArray:
    """Solve sum(weight * Phi(t - mean)) = below for each of k targets, by Newton steps on the probit scale."""
    lower = below < above
    target = np.where(lower, ndtri(np.minimum(below, 0.5)), -ndtri(np.minimum(above, 0.5)))
    t = target * np.sqrt(1 + _variance(weight, mean)) + weight @ mean
    for _ in range(50):
        sign = np.where(lower, 1.0, -1.0)[:, None]
        z = t[:, None] - mean
        now = sign[:, 0] * ndtri(ndtr(sign * z) @ weight)
        density = np.exp(-(z**2) / 2) @ weight / np.exp(-(now**2) / 2)
        step = (now - target) / density
        t = t - step
        if np.all(np.abs(step) <= 1e-14 * np.maximum(1.0, np.abs(t))):
            break
    return t


def _variance(weight: FloatArray, mean: FloatArray) -> float:
    return float(weight @ (mean - weight @ mean) ** 2)


@dataclass(frozen=True, eq=False, kw_only=True)
class Structure:
    """The calibrated joint distribution.

    Attributes
    ----------
    base_rate, dependence : float
    states : pair of ClassStates
        Without and with malignancy.
    responses : dict of pair of Response
        For every finding, imaging test and laboratory value.
    alpha : dict of pair of float
        Calibrated intercepts of findings and imaging.
    recorded : dict of RecordedDistribution
        Marginal distributions of the laboratory values.
    tau : dict of pair of ndarray (k - 1,)
        Calibrated thresholds between recorded values.
    """

    base_rate: float
    dependence: float
    states: tuple[ClassStates, ClassStates]
    responses: dict[str, tuple[Response, Response]]
    alpha: dict[str, tuple[float, float]]
    recorded: dict[str, RecordedDistribution]
    tau: dict[str, tuple[FloatArray, FloatArray]]

    def finding_probability(self, key: str, g: int, contexts: Any = slice(None)) -> FloatArray:
        """P(finding | class, context, state, severity), shape (contexts, S, nodes)."""
        return np.asarray(ndtr(self.alpha[key][g] + self.responses[key][g].mean(contexts)))

    def value_probability(self, key: str, g: int, ranges: npt.NDArray[np.int64], context: int) -> FloatArray:
        """P(first <= value index <= last | class, context, state, severity), shape (len(ranges), S * nodes)."""
        tau = np.concatenate([[-np.inf], self.tau[key][g], [np.inf]])
        used, place = np.unique(np.column_stack([ranges[:, 0], ranges[:, 1] + 1]), return_inverse=True)
        z = tau[used][:, None] - self.responses[key][g].mean(context).ravel()
        lower, upper = place.reshape(-1, 2).T
        below, above = ndtr(z), ndtr(-z)  # subtract in the smaller tail
        return np.where(z[lower] > 0, above[lower] - above[upper], below[upper] - below[lower])

    def probabilities(self, predictors: pd.DataFrame) -> FloatArray:
        """P(the given columns | class), shape (n, 2): without and with malignancy; missing values integrated out."""
        query = read_query(predictors)
        pooled = self._pooled(query.halves[0] + query.halves[1])
        result = np.zeros((query.n_patterns, 2))
        for group in query.groups():
            halves = [(columns, *query.distinct(columns, group.rows)) for columns in query.halves]
            for context in group.contexts:
                for g in (HEALTHY, MALIGNANT):
                    result[group.rows, g] += pooled._group_probability(query, halves, context, g)
        return result[query.inverse]

    def risk(self, predictors: pd.DataFrame) -> FloatArray:
        """Exact P(malignancy | the given columns), shape (n,); see :meth:`Scenario.risk`."""
        probability = self.probabilities(predictors)
        joint = probability * [1 - self.base_rate, self.base_rate]
        return joint[:, MALIGNANT] / joint.sum(axis=1)

    def _pooled(self, columns: tuple[str, ...]) -> Structure:
        """The same distribution of some columns, with states that they cannot tell apart taken together."""
        states, responses = list(self.states), {key: list(self.responses[key]) for key in columns}
        for g in (HEALTHY, MALIGNANT):
            size = self.states[g].weight.shape[1]
            effects = [self.responses[key][g].state for key in columns] or [np.zeros(size)]
            pool, first = distinct_rows(effects)
            states[g] = self.states[g].pooled(pool, first)
            for key in columns:
                responses[key][g] = replace(responses[key][g], state=responses[key][g].state[first])
        return replace(
            self,
            states=(states[HEALTHY], states[MALIGNANT]),
            responses={key: (pair[HEALTHY], pair[MALIGNANT]) for key, pair in responses.items()},
        )

    def _group_probability(self, query: Query, halves: list[Half], context: int, g: int) -> FloatArray:
        """P(columns and context | class) of some patterns: two halves of the columns multiplied as matrices."""
        weight = (self.states[g].weight[context][:, None] * NODE_WEIGHTS).ravel()
        (left, left_of), (right, right_of) = (
            (self._half_probability(query, columns, first, context, g), which) for columns, first, which in halves
        )
        if len(left) * len(right) <= 32 * left_of.size:
            return ((left * weight) @ right.T)[left_of, right_of]
        return _rowwise(left * weight, left_of, right, right_of)

    def _half_probability(
        self, query: Query, columns: tuple[str, ...], rows: npt.NDArray[np.int64], context: int, g: int
    ) -> FloatArray:
        """P(columns | state, severity) of distinct rows, (m, S * nodes)."""
        result = np.ones((rows.size, self.states[g].weight.shape[1] * NODES.size))
        for key in columns:
            present, which = np.unique(query.columns[key].code[rows], return_inverse=True)
            result *= self._range_probability(key, query.columns[key].ranges[present], context, g)[which]
        return result

    def _range_probability(self, key: str, ranges: npt.NDArray[np.int64], context: int, g: int) -> FloatArray:
        """P(a value in each range | state, severity), (k, S * nodes)."""
        if key not in self.alpha:
            return self.value_probability(key, g, ranges, context)
        p = self.finding_probability(key, g, context).ravel()
        return np.stack([1 - p, p, np.ones_like(p)])[np.where(ranges[:, 0] == ranges[:, 1], ranges[:, 0], 2)]


Half = tuple[tuple[str, ...], npt.NDArray[np.int64], npt.NDArray[np.int64]]
"""Columns, one row number per distinct combination of them, and which of these each row is."""


def _rowwise(
    left: FloatArray, left_of: npt.NDArray[np.int64], right: FloatArray, right_of: npt.NDArray[np.int64]
) -> FloatArray:
    """Row by row dot products, in pieces that stay in memory."""
    result, size = np.empty(left_of.size), max(1, 4_000_000 // left.shape[1])
    for start in range(0, left_of.size, size):
        part = slice(start, start + size)
        result[part] = np.einsum("ij,ij->i", left[left_of[part]], right[right_of[part]])
    return result


def build_structure(scenario: Scenario) -> Structure:
    """Calibrate the joint distribution of a scenario."""
    age = scenario.findings["age_50_or_over"]
    over_50 = (1 - age.specificity, age.sensitivity)
    base = scenario.age
    ages = (
        tilted_ages(base.non_malignant_mean, base.non_malignant_sd, over_50[HEALTHY]),
        tilted_ages(base.malignant_mean, base.malignant_sd, over_50[MALIGNANT]),
    )
    states = (_cause_states(scenario, ages[HEALTHY]), _tumour_states(scenario, ages[MALIGNANT]))
    effects = {key: f for key, f in scenario.findings.items() if key != "age_50_or_over"} | scenario.laboratory
    responses = {key: _responses(effect, states, scenario.dependence) for key, effect in effects.items()}
    alpha = {key: _intercepts(scenario, key, responses[key], states) for key in responses if key in scenario.findings}
    recorded = {key: recorded_distributions(key, target) for key, target in scenario.laboratory.items()}
    tau = {key: _thresholds(recorded[key], responses[key], states) for key in recorded}
    return Structure(
        base_rate=scenario.base_rate,
        dependence=scenario.dependence,
        states=states,
        responses=responses,
        alpha=alpha,
        recorded=recorded,
        tau=tau,
    )


def _responses(
    effects: Effects, states: tuple[ClassStates, ClassStates], dependence: float
) -> tuple[Response, Response]:
    decades, male = (np.repeat(AGES, 2) - 50) / 10, np.tile([0.0, 1.0], AGES.size)
    context = effects.age * decades + effects.male * male
    loadings = (effects.severity.non_malignant, effects.severity.malignant)
    healthy, malignant = (
        Response(state.shifts(effects), context, loading, dependence)
        for state, loading in zip(states, loadings, strict=True)
    )
    return healthy, malignant


def _intercepts(
    scenario: Scenario, key: str, responses: tuple[Response, Response], states: tuple[ClassStates, ClassStates]
) -> tuple[float, float]:
    """Intercepts at which the class marginals equal the targets."""
    target = scenario.findings[key]
    absent = np.array([[target.specificity, 1 - target.specificity], [1 - target.sensitivity, target.sensitivity]])
    healthy, malignant = (
        -float(response.locate(state.weight, absent[g, :1], absent[g, 1:])[0])
        for g, (response, state) in enumerate(zip(responses, states, strict=True))
    )
    return healthy, malignant


def _thresholds(
    recorded: RecordedDistribution, responses: tuple[Response, Response], states: tuple[ClassStates, ClassStates]
) -> tuple[FloatArray, FloatArray]:
    healthy, malignant = (
        response.locate(state.weight, below, above)
        for response, state, below, above in zip(responses, states, recorded.below, recorded.above, strict=True)
    )
    return healthy, malignant


def tilted_ages(mean: float, sd: float, over_50: float) -> FloatArray:
    """Integer ages 18 to 95: a normal density tilted exponentially so that P(age >= 50) = ``over_50``."""
    base = -(((AGES - mean) / sd) ** 2) / 2
    old = AGES >= 50

    def distribution(theta: float) -> FloatArray:
        log_p = base + theta * (AGES - 50)
        p = np.exp(log_p - log_p.max())
        return np.asarray(p / p.sum())

    def excess(theta: float) -> float:
        p = distribution(theta)
        return float(np.log(p[old].sum() / p[~old].sum()) - logit(over_50))

    theta = brentq(excess, -3.0, 3.0, xtol=1e-15, rtol=1e-15)
    p = distribution(float(theta))
    return np.where(old, over_50 * p / p[old].sum(), (1 - over_50) * p / p[~old].sum())


def raked(weight: FloatArray, context: FloatArray, share: FloatArray) -> FloatArray:
    """P(state | context), (S, C), proportional to row * column factors of ``weight``, with the shares held exactly."""
    factor = np.ones_like(share)
    for _ in range(10_000):
        p = factor[:, None] * weight
        p /= p.sum(axis=0)
        now = p @ context
        if np.all(np.abs(now - share) <= 1e-15):
            break
        factor *= np.divide(share, now, out=np.zeros_like(share), where=now > 0)
    return p


def _contexts(ages: FloatArray, male_share: float) -> FloatArray:
    """P(age, sex | class) over contexts."""
    return np.outer(ages, [1 - male_share, male_share]).ravel()


def _cause_states(scenario: Scenario, ages: FloatArray) -> ClassStates:
    causes = list(scenario.causes.values())
    decades, male = (np.repeat(AGES, 2) - 50) / 10, np.tile([0.0, 1.0], AGES.size)
    share = np.array([cause.share for cause in causes])
    log_weight = np.outer([c.age for c in causes], decades) + np.outer([c.male for c in causes], male)
    context = _contexts(ages, scenario.male_share)
    conditional = raked(share[:, None] * np.exp(log_weight), context, share / share.sum())
    return ClassStates(
        cause=tuple(scenario.causes),
        primary_site=("",) * len(causes),
        mechanisms=np.zeros((len(causes), 3), dtype=np.int8),
        weight=(conditional * context).T,
    )


def _tumour_states(scenario: Scenario, ages: FloatArray) -> ClassStates:
    sites = list(scenario.primary_sites.values())
    weight = np.exp(np.outer([site.age for site in sites], (AGES - 50) / 10))
    conditional = np.empty((len(sites), AGES.size, 2))
    for x, shares in enumerate(([s.share_female for s in sites], [s.share_male for s in sites])):
        share = np.array(shares) / sum(shares)
        conditional[:, :, x] = raked(share[:, None] * weight, ages, share)
    on = np.array(list(product((0, 1), repeat=3)), dtype=np.int8)
    p = np.array([[getattr(site.mechanisms, key) for key in vocabulary.MECHANISMS] for site in sites])
    given_site = np.prod(np.where(on, p[:, None], 1 - p[:, None]), axis=2)
    joint = conditional.reshape(len(sites), 1, N_CONTEXTS) * given_site[:, :, None]
    return ClassStates(
        cause=(vocabulary.MALIGNANCY.key,) * (len(sites) * 8),
        primary_site=tuple(np.repeat(list(scenario.primary_sites), 8)),
        mechanisms=np.tile(on, (len(sites), 1)),
        weight=(joint.reshape(-1, N_CONTEXTS) * _contexts(ages, scenario.male_share)).T,
    )
