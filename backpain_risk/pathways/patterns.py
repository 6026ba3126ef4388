"""Every pattern that pathways can tell apart, and its exact probability in each class.

A pattern is a cell of age (and sex, where a rule asks for it), each finding, the cells of each
laboratory value between the cut-offs that rules use, and the result that each imaging test would
have. Given class, state, age, sex and severity these are independent, so P(pattern | class) is a
finite sum, made here as one matrix product for each age and sex.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from .. import vocabulary
from ..numerics.checks import FloatArray
from ..numerics.patterns import distinct_rows
from ..numerics.quadrature import normal_nodes
from ..scenario.structure.laboratory import recorded_values
from ..scenario.structure.states import AGES, MALIGNANT, Grid
from ..scenario.structure.structure import Structure
from ..vocabulary import STANDARD, Vocabulary
from .pathway import DECISIVE, Pathway
from .rule import REVIEW

IntArray = npt.NDArray[np.int64]
AGE = vocabulary.AGE.key
BAND = "age_50_or_over"
MALE = vocabulary.MALE.key
FLAGS = tuple(key for key in vocabulary.RED_FLAGS if key != BAND)
_AGES_PER_CELL = 7  # interpolation points over age in each cell
_SEVERITIES = 7


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
    known : Vocabulary
        What the words are.
    """

    age: IntArray
    sexes: bool
    findings: tuple[str, ...]
    laboratory: dict[str, IntArray]
    imaging: tuple[str, ...]
    review: bool
    known: Vocabulary = STANDARD

    @property
    def keys(self) -> tuple[str, ...]:
        """Everything that responds."""
        return (
            *self.findings,
            *self.laboratory,
            *self.imaging,
            *((REVIEW,) if self.review else ()),
        )

    def ranges(self, key: str) -> IntArray:
        """First and last recorded position of each cell of a laboratory value, (cells, 2)."""
        start = self.laboratory[key]
        return np.column_stack(
            [start, np.append(start[1:], recorded_values(self.known.laboratory[key]).size) - 1]
        )


def layout_for(
    pathways: Iterable[Pathway], words: Iterable[str] = (), known: Vocabulary = STANDARD
) -> Layout:
    """The coarsest patterns that the pathways, and models that read ``words``, can be run on."""
    rules = [step.rule for pathway in pathways for step in pathway.steps]
    tests = {test for pathway in pathways for test in pathway.tests}
    used = {word for rule in rules for word in rule.words} | set(words) | tests | {DECISIVE}
    ages = {float(AGES[0]), 50.0} | {
        cut for rule in rules for cut in rule.cuts(AGE) if np.isfinite(cut)
    }
    if AGE in words:
        ages |= set(map(float, AGES))
    laboratory = {}
    for key, test in known.laboratory.items():
        if key in used:
            cuts = {cut for rule in rules for cut in rule.cuts(key) if np.isfinite(cut)}
            if key in words or not cuts:
                cuts |= set(test.cutoffs)
            start = np.searchsorted(recorded_values(test), sorted(cuts))
            laboratory[key] = np.unique(np.append(0, start)).astype(np.int64)
    return Layout(
        age=np.array(sorted(ages), dtype=np.int64),
        sexes=MALE in used,
        findings=tuple(k for k in known.findings if k != BAND and (k in FLAGS or k in used)),
        laboratory=laboratory,
        imaging=tuple(key for key in known.imaging if key in used),
        review=any(pathway.has_review for pathway in pathways),
        known=known,
    )


@dataclass(frozen=True, eq=False, kw_only=True)
class PatternTable:
    """All patterns of a layout.

    Attributes
    ----------
    layout : Layout
    left, right : tuple of str
        The keys in the order in which patterns run: age, sex, then ``right``, then ``left``
        fastest.
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

    def cell_of(self, grid: Grid) -> IntArray:
        """The cell of age (and sex) of each context of a grid."""
        age = np.searchsorted(self.layout.age, np.rint(10 * grid.decades + 50), side="right") - 1
        return 2 * age + grid.male.astype(np.int64) if self.layout.sexes else age


def coarse_grid(layout: Layout) -> Grid:
    """Fewer ages and severities: polynomials through Chebyshev-spaced ages of each cell, and seven
    severity nodes.

    Within an age cell every probability is a smooth function of age, so a polynomial through a few
    ages gives it at all others. Counts of patients change by less than a millionth (tested).
    """
    ages = []
    rows = []
    for first, after in pairwise([*layout.age.tolist(), int(AGES[-1]) + 1]):
        cell = np.arange(first, after)
        chosen = _chebyshev(cell)
        basis = np.zeros((chosen.size, AGES.size))
        basis[:, cell - AGES[0]] = _lagrange(chosen, cell)
        ages += chosen.tolist()
        rows.append(basis)
    nodes, node_weights = normal_nodes(_SEVERITIES)
    return Grid(
        decades=(np.repeat(ages, 2) - 50) / 10,
        male=np.tile([0.0, 1.0], len(ages)),
        spread=np.asarray(np.kron(np.concatenate(rows), np.eye(2)), dtype=np.float64),
        nodes=nodes,
        node_weights=node_weights,
    )


def pattern_table(layout: Layout, structure: Structure) -> PatternTable:
    """Lay the patterns out; keys that depend on mechanisms only are left, so that sites are
    summed out early.
    """
    states = structure.states[MALIGNANT]
    group, _ = distinct_rows([column.astype(np.float64) for column in states.mechanisms.T])
    free = [
        key
        for key in layout.keys
        if _constant_within(structure.responses[key][MALIGNANT].state, group)
    ]
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
        return np.asarray(recorded_values(layout.known.laboratory[key])[layout.laboratory[key]])
    return np.array([0.0, 1.0])


def _chebyshev(ages: IntArray) -> IntArray:
    if ages.size <= _AGES_PER_CELL:
        return ages
    angle = (2 * np.arange(_AGES_PER_CELL) + 1) * np.pi / (2 * _AGES_PER_CELL)
    middle = (ages[0] + ages[-1]) / 2
    half = (ages[-1] - ages[0]) / 2
    return np.unique(np.rint(middle - half * np.cos(angle))).astype(np.int64)


def _lagrange(nodes: IntArray, ages: IntArray) -> FloatArray:
    """Basis polynomials of the nodes at all ages, (nodes, ages)."""
    result = np.ones((nodes.size, ages.size))
    for j, node in enumerate(nodes):
        for other in nodes[nodes != node]:
            result[j] *= (ages - other) / (node - other)
    return result


def class_probability(
    table: PatternTable, structure: Structure, g: int, dtype: type[np.floating[Any]] = np.float64
) -> npt.NDArray[Any]:
    """P(pattern | class g), shape (D, patterns), summed over the grid of the structure.

    States that the left keys cannot tell apart are summed out of the right keys first; then each
    age cell is one matrix product over its ages, sexes, severities and states, in precision
    ``dtype``.
    """
    states = structure.states[g]
    grid = structure.grid
    effects = [structure.responses[key][g].state for key in table.left]
    pool, first = distinct_rows(effects or [np.zeros(len(states.cause))])
    member: npt.NDArray[Any] = (pool[:, None] == np.arange(first.size)).astype(dtype)
    left = [_cells(table, structure, g, key, first).astype(dtype) for key in table.left]
    every = np.arange(pool.size)
    right = [_cells(table, structure, g, key, every).astype(dtype) for key in table.right]
    weight: npt.NDArray[Any] = (states.weight[:, :, None] * grid.node_weights[:, None]).astype(
        dtype
    )
    cell = table.cell_of(grid)
    places = [np.flatnonzero(cell == n) for n in range(int(cell.max()) + 1)]
    result: npt.NDArray[Any] = np.empty(
        (len(weight), len(places), table.n_patterns // len(places)), dtype=dtype
    )
    for draw in range(len(weight)):
        a = _product([part[draw] for part in left], np.ones_like(weight[draw, ..., : first.size]))
        b = _product([part[draw] for part in right], weight[draw]) @ member
        for n, place in enumerate(places):
            pair = [x[:, place].reshape(len(x), -1) for x in (b, a)]
            result[draw, n] = (pair[0] @ pair[1].T).ravel()
    return result.reshape(len(weight), -1)


def _product(parts: Sequence[npt.NDArray[Any]], start: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """``start`` times P(cells of all keys | context, severity, state); last key fastest.

    Shape (combinations, contexts, nodes, states).
    """
    result = start[None]
    for part in parts:
        result = (result[:, None] * part).reshape(-1, *start.shape)
    return result


def _cells(
    table: PatternTable, structure: Structure, g: int, key: str, states: IntArray
) -> FloatArray:
    """P(cell | context, severity, state) of one key, (D, cells, contexts, nodes, len(states)).

    Computed once for states that the key cannot tell apart.
    """
    contexts = np.arange(structure.grid.male.size)
    response = structure.responses[key][g]
    effect, which = np.unique(response.state[states], return_inverse=True)
    pair = list(structure.responses[key])
    pair[g] = replace(response, state=effect)
    pooled = replace(structure, responses={key: tuple(pair)})
    if key in table.layout.laboratory:
        given = pooled.value_probability(key, g, table.layout.ranges(key), contexts)
        cells = np.moveaxis(given, 2, 1)
    else:
        present = pooled.finding_probability(key, g, contexts)
        cells = np.stack([1 - present, present], axis=1)
    return np.moveaxis(cells, 3, 4).take(which, axis=4)
