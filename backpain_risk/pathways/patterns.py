"""Every pattern that pathways can tell apart, and its exact probability in each class.

A pattern is a cell of age (and sex, where a rule asks for it), each finding, the cells of each laboratory value between
the cut-offs that rules use, and the result that each imaging test would have. Given class, state, age, sex and severity
these are independent, so P(pattern | class) is a finite sum, made here as one matrix product for each age and sex.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from .. import vocabulary
from ..cohort.laboratory import recorded_values
from ..cohort.responses import NODE_WEIGHTS
from ..cohort.states import AGES, MALIGNANT, N_CONTEXTS
from ..cohort.structure import Structure
from ..numerics.checks import FloatArray
from ..numerics.patterns import distinct_rows
from .pathway import DECISIVE, Pathway
from .rule import REVIEW

IntArray = npt.NDArray[np.int64]
AGE, BAND, MALE = vocabulary.AGE.key, "age_50_or_over", vocabulary.MALE.key
FLAGS = tuple(key for key in vocabulary.RED_FLAGS if key != BAND)
_AGES_PER_CELL = 7  # interpolation points over age in each cell


@dataclass(frozen=True, eq=False, kw_only=True)
class Layout:
    """Which words a pattern has, and the lowest value of each of its cells.

    Attributes
    ----------
    age : ndarray, shape (age cells,)
        Lowest age of each cell, ascending.
    sexes : bool
        Whether women and men are told apart.
    findings, imaging : tuple of str
    laboratory : dict of str to ndarray
        Positions among the recorded values at which a cell begins.
    review : bool
        Whether a pattern says what a review would find.
    """

    age: IntArray
    sexes: bool
    findings: tuple[str, ...]
    laboratory: dict[str, IntArray]
    imaging: tuple[str, ...]
    review: bool

    @property
    def keys(self) -> tuple[str, ...]:
        """Everything that responds."""
        return (*self.findings, *self.laboratory, *self.imaging, *((REVIEW,) if self.review else ()))

    def ranges(self, key: str) -> IntArray:
        """First and last recorded position of each cell of a laboratory value, (cells, 2)."""
        start = self.laboratory[key]
        return np.column_stack([start, np.append(start[1:], recorded_values(key).size) - 1])


def layout_for(pathways: Iterable[Pathway], words: Iterable[str] = ()) -> Layout:
    """The coarsest patterns that the pathways, and models that read ``words``, can be run on."""
    rules = [step.rule for pathway in pathways for step in pathway.steps]
    tests = {test for pathway in pathways for test in pathway.tests}
    used = {word for rule in rules for word in rule.words} | set(words) | tests | {DECISIVE}
    ages = {float(AGES[0]), 50.0} | {cut for rule in rules for cut in rule.cuts(AGE) if np.isfinite(cut)}
    if AGE in words:
        ages |= set(map(float, AGES))
    laboratory = {}
    for key in vocabulary.LABORATORY:
        if key in used:
            cuts = {cut for rule in rules for cut in rule.cuts(key) if np.isfinite(cut)}
            if key in words or not cuts:
                cuts |= set(vocabulary.LABORATORY[key].cutoffs)
            start = np.searchsorted(recorded_values(key), sorted(cuts))
            laboratory[key] = np.unique(np.append(0, start)).astype(np.int64)
    return Layout(
        age=np.array(sorted(ages), dtype=np.int64),
        sexes=MALE in used,
        findings=tuple(k for k in vocabulary.FINDINGS if k != BAND and (k in FLAGS or k in used)),
        laboratory=laboratory,
        imaging=tuple(key for key in vocabulary.IMAGING if key in used),
        review=any(pathway.has_review for pathway in pathways),
    )


@dataclass(frozen=True, eq=False, kw_only=True)
class PatternTable:
    """All patterns of a layout.

    Attributes
    ----------
    layout : Layout
    left, right : tuple of str
        The keys in the order in which patterns run: age, sex, then ``right``, then ``left`` fastest.
    values : dict of str to ndarray, shape (patterns,)
        Lowest value of each word's cell in each pattern; 0 and 1 for yes/no words.
    """

    layout: Layout
    left: tuple[str, ...]
    right: tuple[str, ...]
    values: dict[str, FloatArray] = field(repr=False)

    @property
    def n_patterns(self) -> int:
        """Number of patterns."""
        return next(iter(self.values.values())).size

    @cached_property
    def interpolated(self) -> tuple[IntArray, IntArray, FloatArray]:
        """Ages and sexes to sum over: their positions, cells, and interpolation weights (kept, all contexts)."""
        return _interpolation(self.layout, _AGES_PER_CELL)

    @cached_property
    def every_age(self) -> tuple[IntArray, IntArray, FloatArray]:
        """The same with every age of every cell."""
        return _interpolation(self.layout, AGES.size)


def pattern_table(layout: Layout, structure: Structure) -> PatternTable:
    """Lay the patterns out; keys that depend on mechanisms only are left, so that sites are summed out early."""
    states = structure.states[MALIGNANT]
    group, _ = distinct_rows([column.astype(np.float64) for column in states.mechanisms.T])
    free = [key for key in layout.keys if _constant_within(structure.responses[key][MALIGNANT].state, group)]
    left = tuple(free)
    right = tuple(key for key in layout.keys if key not in free)
    cells = [_lowest(layout, key) for key in (*right, *left)]
    sexes = np.array([0.0, 1.0]) if layout.sexes else np.array([np.nan])
    grid = np.meshgrid(layout.age.astype(np.float64), sexes, *cells, indexing="ij")
    columns = [column.ravel() for column in grid]
    values = dict(zip((AGE, MALE, *right, *left), columns, strict=True))
    if not layout.sexes:
        del values[MALE]
    values[BAND] = (values[AGE] >= 50).astype(np.float64)
    return PatternTable(layout=layout, left=left, right=right, values=values)


def _constant_within(state: FloatArray, group: IntArray) -> bool:
    return all(np.ptp(state[group == g]) == 0 for g in range(int(group.max()) + 1))


def _lowest(layout: Layout, key: str) -> FloatArray:
    if key in layout.laboratory:
        return np.asarray(recorded_values(key)[layout.laboratory[key]])
    return np.array([0.0, 1.0])


def _interpolation(layout: Layout, most: int) -> tuple[IntArray, IntArray, FloatArray]:
    """Contexts at which probabilities are computed, the cell of each, and all contexts written in terms of them.

    Over an age cell a probability is a smooth function of age, so a polynomial through Chebyshev-spaced ages gives it
    at all others; a cell with few ages is taken whole. Both sexes are always computed.
    """
    kept, cell, rows = [], [], []
    for i, (first, after) in enumerate(pairwise([*layout.age.tolist(), int(AGES[-1]) + 1])):
        ages = np.arange(first, after)
        nodes = _chebyshev(ages, most)
        basis = np.eye(ages.size) if nodes.size == ages.size else _lagrange(nodes, ages)
        for sex in (0, 1):
            for j, node in enumerate(nodes):
                row = np.zeros(N_CONTEXTS)
                row[2 * (ages - AGES[0]) + sex] = basis[j]
                kept.append(2 * (node - AGES[0]) + sex)
                cell.append(2 * i + sex if layout.sexes else i)
                rows.append(row)
    return np.array(kept), np.array(cell), np.array(rows)


def _chebyshev(ages: IntArray, most: int) -> IntArray:
    if ages.size <= most:
        return ages
    angle = (2 * np.arange(most) + 1) * np.pi / (2 * most)
    middle, half = (ages[0] + ages[-1]) / 2, (ages[-1] - ages[0]) / 2
    return np.unique(np.rint(middle - half * np.cos(angle))).astype(np.int64)


def _lagrange(nodes: IntArray, ages: IntArray) -> FloatArray:
    """Basis polynomials of the nodes at all ages, (nodes, ages)."""
    result = np.ones((nodes.size, ages.size))
    for j, node in enumerate(nodes):
        for other in nodes[nodes != node]:
            result[j] *= (ages - other) / (node - other)
    return result


def class_probability(table: PatternTable, structure: Structure, g: int, *, exact: bool = False) -> FloatArray:
    """P(pattern | class g), shape (D, patterns); ``exact`` sums over every age instead of interpolating."""
    contexts, cell, spread = table.every_age if exact else table.interpolated
    states = structure.states[g]
    weight = np.einsum("ca,das->dcs", spread, states.weight)
    pool, _ = distinct_rows([structure.responses[k][g].state for k in table.left] or [np.zeros(len(states.cause))])
    _, representative = np.unique(pool, return_index=True)
    member = (pool[:, None] == np.arange(representative.size)).astype(np.float64)
    left = _product(table, structure, g, table.left, contexts, representative)
    right = _product(table, structure, g, table.right, contexts, np.arange(len(states.cause)))
    right = right * weight[:, :, None, :, None] * NODE_WEIGHTS
    right = np.einsum("dcmsf,sp->dcmpf", right, member)
    flat = (len(weight), contexts.size, -1, representative.size * NODE_WEIGHTS.size)
    by_context = right.reshape(flat) @ left.reshape(flat).swapaxes(-1, -2)
    cells = (cell == np.arange(cell.max() + 1)[:, None]).astype(np.float64)
    return np.einsum("nc,dcrl->dnrl", cells, by_context).reshape(len(weight), -1)


def _product(
    table: PatternTable, structure: Structure, g: int, keys: Sequence[str], contexts: IntArray, states: IntArray
) -> FloatArray:
    """P(cells of the keys | context, state, severity), (D, contexts, combinations, states, nodes)."""
    draws = len(structure.base_rate)
    result = np.ones((draws, contexts.size, 1, states.size, NODE_WEIGHTS.size))
    for key in keys:
        cells = _cells(table, structure, g, key, contexts)[:, :, :, states]
        result = (result[:, :, :, None] * cells[:, :, None]).reshape(
            draws, contexts.size, -1, states.size, NODE_WEIGHTS.size
        )
    return result


def _cells(table: PatternTable, structure: Structure, g: int, key: str, contexts: IntArray) -> FloatArray:
    """P(cell | context, state, severity) of one key, (D, contexts, cells, S, nodes)."""
    if key in table.layout.laboratory:
        return structure.value_probability(key, g, table.layout.ranges(key), contexts)
    present = structure.finding_probability(key, g, contexts)
    return np.stack([1 - present, present], axis=2)
