"""The joint distribution of a scenario, and exact probabilities under it.

Every patient belongs to a class g (malignant or not), has a state s (a cause; for cancers a primary
site and three mechanisms), an integer age, a sex, and a severity f. Given these, findings are
independent:

    P(x_j = 1 | g, s, age, sex, f) = Phi( alpha_jg + d * ( beta_js + gamma_j age + delta_j sex +
    lambda_jg f ) )

so that any probability is a finite sum over states, ages, sexes and the 21 nodes of f.

Axes of the arrays, always in this order where they occur:

    D         draws: scenarios that differ in base rate and accuracy only
    2         the class g, ``NON_MALIGNANT`` then ``MALIGNANT``; or y = 0, 1
    contexts  pairs of age and sex, sex running fastest
    S         states of a class
    nodes     of the severity factor
    rows      distinct rows that are asked about; halves of them: combinations of some columns
    k         recorded values of a laboratory test, or bands of them
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ...numerics.checks import FloatArray
from ...numerics.patterns import distinct_rows
from ...vocabulary import Vocabulary
from .queries import Branch, Group, read_query
from .responses import Response, finding_responses, value_responses
from .states import EXACT, MALIGNANT, N_CONTEXTS, NON_MALIGNANT, ClassStates, Grid, class_states
from .value_response import Values

if TYPE_CHECKING:
    from ..assumptions import Assumptions

IntArray = npt.NDArray[np.int64]
_ACCURACY = {
    "sensitivity",
    "specificity",
    "effective_n_malignant",
    "effective_n_non_malignant",
    "accuracy_status",
    "study",
    "lr_positive_below",
}
# all pairs of two halves are multiplied as matrices up to so many times the rows that are asked
_PAIRED = 32
_AT_ONCE = 2_000_000  # numbers held at once
_IN_CACHE = 100_000  # numbers in one table that the processor keeps close


@dataclass(frozen=True, eq=False, kw_only=True)
class Structure:
    """The calibrated joint distribution of D scenarios that differ in base rate and accuracy only.

    Attributes
    ----------
    base_rate : ndarray, shape (D,)
    states : pair of ClassStates
        Without and with malignancy.
    responses : dict of pair of Response
        For findings and imaging; for laboratory values, whether the illness shows in them.
    values : dict of Values
        Laboratory values given whether the illness shows in them, age and sex.
    words : Vocabulary
        Columns that can be asked about.
    """

    base_rate: FloatArray
    states: tuple[ClassStates, ClassStates]
    responses: dict[str, tuple[Response, ...]]
    values: dict[str, Values]
    words: Vocabulary

    def __repr__(self) -> str:
        without, malignant = (len(states.cause) for states in self.states)
        rates = f"base rate {self.base_rate.min():.3%} to {self.base_rate.max():.3%}"
        return (
            f"Structure of {self.base_rate.size} scenario(s), {rates}: {without} states without "
            f"malignancy and {malignant} with, {self.grid.male.size} ages and sexes, "
            f"{self.grid.nodes.size} severities; {len(self.responses)} findings and tests, "
            f"{len(self.values)} of them laboratory values."
        )

    @property
    def grid(self) -> Grid:
        """The ages, sexes and severities it is summed over."""
        return self.states[0].grid

    def finding_probability(self, key: str, g: int, contexts: Any = slice(None)) -> FloatArray:
        """P(finding recorded | class, context, state, severity), shape (D, contexts, S, nodes)."""
        return self.responses[key][g].probability(contexts)

    def value_probability(
        self, key: str, g: int, ranges: IntArray, contexts: Any = slice(None)
    ) -> FloatArray:
        """P(first <= value index <= last | ...), shape (D, contexts, len(ranges), S, nodes)."""
        within = self.values[key].probability(ranges, contexts)
        showing = self.responses[key][g].probability([0])
        both = np.concatenate([1 - showing, showing], axis=1)
        flat = within.reshape(len(within), -1, 2) @ both.reshape(len(both), 2, -1)
        return flat.reshape(*within.shape[:3], *showing.shape[2:])

    def probabilities(self, predictors: pd.DataFrame) -> FloatArray:
        """P(the given columns | class), shape (D, n, 2): without and with malignancy; missing
        values integrated out.
        """
        query = read_query(predictors, self.words)
        pooled = self._pooled(query.halves[0] + query.halves[1])
        groups = list(query.groups())
        result = np.zeros((2, self.base_rate.size, query.n_patterns))
        everyone = [query.branch(columns, np.arange(query.n_patterns)) for columns in query.halves]
        asked = sum(group.rows.size * len(group.contexts) for group in groups)
        if everyone[0].size * everyone[1].size * N_CONTEXTS <= _PAIRED * asked:
            pooled._add_all_pairs(result, everyone, groups)
        else:
            for group in groups:
                pooled._add_group(
                    result, [query.branch(columns, group.rows) for columns in query.halves], group
                )
        return np.moveaxis(result[:, :, query.inverse], 0, -1)

    def risk(self, predictors: pd.DataFrame) -> FloatArray:
        """Exact P(malignancy | the given columns), shape (D, n); see :meth:`Scenario.risk`."""
        probability = self.probabilities(predictors)
        non_malignant = probability[..., NON_MALIGNANT] * (1 - self.base_rate)[:, None]
        malignant = probability[..., MALIGNANT] * self.base_rate[:, None]
        return malignant / (non_malignant + malignant)

    def _pooled(self, columns: tuple[str, ...]) -> Structure:
        """The same distribution of some columns, with states that they cannot tell apart taken
        together.
        """
        states = list(self.states)
        kept = {key: list(self.responses[key]) for key in columns}
        for g in (NON_MALIGNANT, MALIGNANT):
            effects = [self.responses[key][g].state for key in columns] or [
                np.zeros(len(self.states[g].cause))
            ]
            pool, first = distinct_rows(effects)
            states[g] = self.states[g].pooled(pool, first)
            for key in columns:
                kept[key][g] = replace(kept[key][g], state=kept[key][g].state[first])
        return replace(
            self,
            states=(states[NON_MALIGNANT], states[MALIGNANT]),
            responses={key: tuple(pair) for key, pair in kept.items()},
        )

    def _add_all_pairs(self, result: FloatArray, halves: list[Branch], groups: list[Group]) -> None:
        """Every pair of combinations of the two halves in every context, as batched matrix
        products.
        """
        asking: dict[int, list[IntArray]] = {}
        for group in groups:
            for context in group.contexts:
                asking.setdefault(int(context), []).append(group.rows)
        places = {
            context: _places(np.concatenate(rows), halves) for context, rows in asking.items()
        }
        for g, contexts in product(
            (NON_MALIGNANT, MALIGNANT), self._pieces(halves, np.array(list(places)))
        ):
            left, right = self._halves_probability(halves, contexts, g)
            table = (left @ right.swapaxes(-1, -2)).reshape(self.base_rate.size, len(contexts), -1)
            for i, context in enumerate(contexts):
                rows, place = places[int(context)]
                result[g][:, rows] += table[:, i].take(place, axis=1)

    def _add_group(self, result: FloatArray, halves: list[Branch], group: Group) -> None:
        """One group of patterns that share their contexts: all pairs where many are asked, else
        row by row.
        """
        many = halves[0].size * halves[1].size <= _PAIRED * group.rows.size
        for g, contexts in product(
            (NON_MALIGNANT, MALIGNANT), self._pieces(halves, group.contexts)
        ):
            left, right = self._halves_probability(halves, contexts, g)
            if many:
                found = (left @ right.swapaxes(-1, -2))[:, halves[0].which, halves[1].which]
            else:
                found = _rowwise(left, halves[0].which, right, halves[1].which)
            result[g][:, group.rows] += found.reshape(-1, len(contexts), group.rows.size).sum(
                axis=1
            )

    def _pieces(self, halves: list[Branch], contexts: IntArray) -> list[IntArray]:
        """Contexts in pieces whose tables stay in memory."""
        cells = max(len(states.cause) for states in self.states) * self.grid.nodes.size
        size = max(
            1, _IN_CACHE // (self.base_rate.size * cells * max(half.size for half in halves))
        )
        return [contexts[i : i + size] for i in range(0, len(contexts), size)]

    def _halves_probability(
        self, halves: list[Branch], contexts: IntArray, g: int
    ) -> tuple[FloatArray, FloatArray]:
        """P of each half's combinations, (D * contexts, m, S * nodes), the first weighted by
        P(context, s, f).
        """
        left, right = (self._branch_probability(half, contexts, g) for half in halves)
        weight = self.states[g].weight[:, contexts, None, :, None] * self.grid.node_weights
        flat = (
            self.base_rate.size * len(contexts),
            -1,
            len(self.states[g].cause) * self.grid.nodes.size,
        )
        return (left * weight).reshape(flat), right.reshape(flat)

    def _branch_probability(self, branch: Branch, contexts: IntArray, g: int) -> FloatArray:
        """P(columns of a branch | ...) of its combinations, (D, contexts, m, S, nodes)."""
        if branch.parts:
            a, b = (
                self._branch_probability(part, contexts, g).take(part.which, axis=2)
                for part in branch.parts
            )
            return np.multiply(a, b, out=a)
        if branch.key in self.values:
            return self.value_probability(branch.key, g, branch.ranges, contexts)
        if not branch.key:
            return np.ones(
                (
                    self.base_rate.size,
                    len(contexts),
                    1,
                    len(self.states[g].cause),
                    self.grid.nodes.size,
                )
            )
        p = self.finding_probability(branch.key, g, contexts)
        low, high = branch.ranges.T
        return np.stack([1 - p, p, np.ones_like(p)], axis=2).take(
            np.where(low == high, low, 2), axis=2
        )


def _places(rows: IntArray, halves: list[Branch]) -> tuple[IntArray, IntArray]:
    """Rows, and where the pair of combinations of each lies in a flat table of all pairs."""
    return rows, halves[0].which[rows] * halves[1].size + halves[1].which[rows]


def _rowwise(
    left: FloatArray, left_of: IntArray, right: FloatArray, right_of: IntArray
) -> FloatArray:
    """Row by row dot products, (batch, rows), in pieces that stay in memory."""
    result = np.empty((len(left), left_of.size))
    size = max(1, _AT_ONCE // (len(left) * left.shape[2]))
    for start in range(0, left_of.size, size):
        part = slice(start, start + size)
        result[:, part] = np.einsum("bij,bij->bi", left[:, left_of[part]], right[:, right_of[part]])
    return result


def build_structure(
    scenarios: Sequence[Assumptions], columns: Iterable[str] | None = None, grid: Grid = EXACT
) -> Structure:
    """Calibrate the joint distribution of scenarios that differ in base rate and accuracy only.

    ``columns`` limits the work to the findings and tests that will be asked for. A ``grid`` other
    than the exact one sums over fewer ages and severities; its structure answers to contexts of
    that grid only.

    Raises
    ------
    ValueError
        When the scenarios differ in anything else, such as dependence or case mix.
    """
    for scenario in scenarios[1:]:
        _check_alike(scenarios[0], scenario)
    states = class_states(scenarios, grid)
    words = scenarios[0].words
    asked = {*words.responding, *words.laboratory} if columns is None else set(columns)
    found = {
        key: finding_responses(scenarios, key, states) for key in words.responding if key in asked
    }
    values = {}
    for key in words.laboratory:
        if key in asked:
            found[key], values[key] = value_responses(scenarios, key, states)
    rates = np.array([scenario.base_rate for scenario in scenarios])
    return Structure(base_rate=rates, states=states, responses=found, values=values, words=words)


def _check_alike(first: Assumptions, other: Assumptions) -> None:
    """Refuse a scenario that differs in what the calibration takes from the first alone."""
    shared = ("dependence", "male_share", "age", "causes", "primary_sites")
    if first.words != other.words:
        raise ValueError(
            f"scenarios must declare the same findings; {first.name} and {other.name} do not. Ask "
            "each by itself."
        )
    differing = [name for name in shared if getattr(first, name) != getattr(other, name)]
    for group, own in (
        ("findings", _ACCURACY),
        ("laboratory", _ACCURACY | {"median_non_malignant"}),
    ):
        pairs = (
            (key, part, getattr(other, group)[key]) for key, part in getattr(first, group).items()
        )
        differing += [f"{group}.{key}" for key, a, b in pairs if _differs(a, b, own)]
    if differing:
        raise ValueError(
            "scenarios must differ in base rate and accuracy only; got a difference in "
            f"{', '.join(differing[:5])} between {first.name} and {other.name}. Ask each by itself."
        )


def _differs(a: Any, b: Any, own: set[str]) -> bool:
    """Whether two targets differ in anything but what each may have of its own."""
    shared = [
        (getattr(a, name), getattr(b, name)) for name in type(a).model_fields if name not in own
    ]
    return any(x is not y and x != y for x, y in shared)
