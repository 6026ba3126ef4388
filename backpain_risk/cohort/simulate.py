"""Drawing patients, block by block.

Patient i lives in block i // 65 536. Every variable has a stream of its own and is always drawn for
a whole block, so the first rows are the same for any number of patients, any number of workers and
any partition into files.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from .. import vocabulary
from ..numerics.checks import MOST, FloatArray, check_kind
from ..numerics.streams import BLOCK, as_seed_sequence, block_generator
from ..numerics.values import as_real, shown
from ..scenario.scenario import Scenario
from ..scenario.structure.laboratory import recorded_values
from ..scenario.structure.responses import NODE_WEIGHTS, NODES
from ..scenario.structure.states import AGES, MALIGNANT, N_CONTEXTS, NON_MALIGNANT
from ..scenario.structure.structure import Structure
from .table import Cohort

IntArray = npt.NDArray[np.int64]
GENERATOR_VERSION = 2
"""Changes whenever the same scenario and seed would give other patients."""

_IN_ORDER = (
    "profile",
    "severity",
    "history_of_cancer",
    "unexplained_weight_loss",
    "failure_to_improve",
    "no_relief_with_rest",
    "night_pain",
    "fever_or_night_sweats",
    "neurological_deficit",
    "bladder_or_bowel_dysfunction",
    "radicular_pain",
    "pain_varies_with_movement",
    "weight_bearing_pain",
    "xray_lesion",
    "ct_positive",
    "mri_positive",
    "esr_mm_h",
    "haematocrit_percent",
    "white_cell_count_10e9_l",
)
_STREAMS = {key: i for i, key in enumerate(_IN_ORDER)}
"""Numbers of the streams: a new variable is written last, wherever it stands in the vocabulary, so
that it never changes an old one. One that a scenario declares has a number from its name.
"""
_DECLARED = 2**16


def stream(key: str) -> int:
    """Number of the stream of a variable."""
    known = _STREAMS.get(key)
    if known is not None:
        return known
    return _DECLARED + int.from_bytes(sha256(key.encode()).digest()[:4], "big") % 2**31


@dataclass(frozen=True, eq=False)
class AliasTable:
    """Walker's alias method: one uniform number draws from a discrete distribution."""

    keep: FloatArray
    alias: IntArray

    @classmethod
    def build(cls, probability: FloatArray) -> AliasTable:
        """From weights (k,) of any sum."""
        scaled = probability * (probability.size / probability.sum())
        keep = np.ones(scaled.size)
        alias = np.arange(scaled.size)
        p = scaled.tolist()
        small = [i for i, value in enumerate(p) if value < 1]
        large = [i for i, value in enumerate(p) if value >= 1]
        while small and large:
            low = small.pop()
            high = large[-1]
            keep[low] = p[low]
            alias[low] = high
            p[high] -= 1 - p[low]
            if p[high] < 1:
                small.append(large.pop())
        return cls(keep, alias)

    def draw(self, uniform: FloatArray) -> IntArray:
        """One outcome per uniform number."""
        position = uniform * self.keep.size
        column = position.astype(np.int64)
        return np.where(position - column < self.keep[column], column, self.alias[column])


@dataclass(frozen=True, eq=False)
class YesNoTable:
    """P(yes) of every cell in 16 leading bits, and the rest for the rare ties."""

    leading: npt.NDArray[np.uint16]
    rest: FloatArray

    @classmethod
    def build(cls, probability: FloatArray) -> YesNoTable:
        """From P(yes) of every cell."""
        scaled = probability * 65_536
        leading = np.minimum(np.floor(scaled), 65_535)
        return cls(leading.astype(np.uint16), scaled - leading)

    def draw(self, cell: IntArray, generator: np.random.Generator) -> npt.NDArray[np.int8]:
        """Yes (1) with the exact probability of each cell: 16 random bits decide, ties draw
        again.
        """
        bits = generator.bit_generator.random_raw(cell.size // 4).view(np.uint16)
        threshold = self.leading.take(cell)
        yes = bits < threshold
        ties = np.flatnonzero(bits == threshold)
        yes[ties] = generator.random(ties.size) < self.rest[cell[ties]]
        return yes.view(np.int8)


@dataclass(frozen=True, eq=False)
class ValueTable:
    """Whether the illness shows in a laboratory value, in every cell; distribution functions of the
    value given that.

    ``level`` (cells,) numbers the effects of age and sex; row ``2 * level + showing`` of ``below``
    (rows, k) is the distribution function, the last column 1; ``guide`` (rows, bins) is the first
    value that each bin of a uniform number can give.
    """

    showing: YesNoTable
    level: IntArray
    below: FloatArray
    guide: npt.NDArray[np.int16]

    _BINS = 256

    @classmethod
    def build(cls, showing: FloatArray, level: IntArray, given: FloatArray) -> ValueTable:
        """From P(showing) and the level of every cell, and P(value | showing, level), (2,
        levels, k).
        """
        below = np.cumsum(np.swapaxes(given, 0, 1).reshape(-1, given.shape[-1]), axis=1)
        below[:, -1] = 1.0
        edges = np.arange(cls._BINS) / cls._BINS
        guide = np.stack([np.searchsorted(row, edges, side="right") for row in below])
        return cls(YesNoTable.build(showing), level, below, guide.astype(np.int16))

    def draw(self, cell: IntArray, generator: np.random.Generator) -> IntArray:
        """Index of the recorded value."""
        row = 2 * self.level.take(cell) + self.showing.draw(cell, generator)
        return self._locate(row, generator.random(cell.size))

    def _locate(self, row: IntArray, uniform: FloatArray) -> IntArray:
        """First value whose distribution function exceeds ``uniform``: a look-up of its bin,
        then single steps.
        """
        index = (
            self.guide.ravel()
            .take(row * self._BINS + (uniform * self._BINS).astype(np.int64))
            .astype(np.int64)
        )
        below = self.below.ravel()
        start = row * self.below.shape[1]
        behind = np.flatnonzero(below.take(start + index) <= uniform)
        while behind.size:
            index[behind] += 1
            behind = behind[below.take(start[behind] + index[behind]) <= uniform[behind]]
        return index


@dataclass(frozen=True, eq=False)
class Sampler:
    """Everything needed to draw blocks of patients from one scenario."""

    profile: AliasTable
    severity: AliasTable
    yes_no: dict[str, YesNoTable]
    values: dict[str, ValueTable]
    recorded: dict[str, npt.NDArray[Any]]
    profiles: dict[str, npt.NDArray[Any]]
    states: pd.DataFrame
    words: vocabulary.Vocabulary

    def block(self, seed: np.random.SeedSequence, number: int) -> dict[str, npt.NDArray[Any]]:
        """All columns of one block, drawn whole."""
        named = ("profile", "severity", *self.yes_no, *self.values)
        generators = {key: block_generator(seed, stream(key), number) for key in named}
        profile = self.profile.draw(generators["profile"].random(BLOCK))
        node = self.severity.draw(generators["severity"].random(BLOCK))
        cell = profile * NODES.size + node
        columns = {key: table.take(profile) for key, table in self.profiles.items()}
        columns["severity"] = node.astype(np.int8)
        for key, flag in self.yes_no.items():
            columns[key] = flag.draw(cell, generators[key])
        for key, value in self.values.items():
            columns[key] = self.recorded[key].take(value.draw(cell, generators[key]))
        return columns


@lru_cache(maxsize=4)
def sampler(scenario: Scenario) -> Sampler:
    """The sampling tables of a scenario."""
    structure = scenario.structure
    rate = (1 - scenario.base_rate, scenario.base_rate)
    weight = [r * states.weight.ravel() for r, states in zip(rate, structure.states, strict=True)]
    return Sampler(
        profile=AliasTable.build(np.concatenate(weight)),
        severity=AliasTable.build(NODE_WEIGHTS),
        yes_no={
            key: YesNoTable.build(_both(structure.finding_probability, key))
            for key in structure.words.responding
        },
        values={key: _value_table(structure, key) for key in structure.words.laboratory},
        recorded={
            key: _compact(recorded_values(test)) for key, test in structure.words.laboratory.items()
        },
        profiles=_profiles(structure),
        states=_state_table(structure),
        words=structure.words,
    )


def _both(of: Callable[[str, int], FloatArray], key: str) -> FloatArray:
    """Values over all cells: profiles of the non-malignant, then of the malignant, nodes running
    fastest.
    """
    return np.concatenate([of(key, g).ravel() for g in (NON_MALIGNANT, MALIGNANT)])


def _value_table(structure: Structure, key: str) -> ValueTable:
    values = structure.values[key]
    cells = [N_CONTEXTS * len(states.cause) for states in structure.states]
    showing = _both(
        lambda k, g: np.tile(structure.finding_probability(k, g, [0]), (N_CONTEXTS, 1, 1)), key
    )
    level = np.concatenate([np.repeat(values.level, n // N_CONTEXTS * NODES.size) for n in cells])
    return ValueTable.build(showing, level, values.given[0])


def _compact(values: FloatArray) -> npt.NDArray[Any]:
    return values.astype(np.int32) if np.all(values == np.floor(values)) else values


def _profiles(structure: Structure) -> dict[str, npt.NDArray[Any]]:
    """What every profile (context and state of a class) fixes."""
    sizes = [len(states.cause) for states in structure.states]
    context = np.concatenate([np.repeat(np.arange(N_CONTEXTS), size) for size in sizes])
    age = AGES[context // 2].astype(np.int32)
    states = np.concatenate([np.tile(np.arange(size), N_CONTEXTS) for size in sizes])
    outcome = np.repeat([0, 1], [N_CONTEXTS * size for size in sizes])
    return {
        "age_years": age,
        "male": (context % 2).astype(np.int8),
        "age_50_or_over": (age >= 50).astype(np.int8),
        "outcome": outcome.astype(np.int8),
        "state": np.where(outcome == 1, states + sizes[0], states).astype(np.int8),
    }


def _state_table(structure: Structure) -> pd.DataFrame:
    """Cause, primary site and mechanisms of each state, both classes below one another."""
    non_malignant, malignant = structure.states
    table = pd.DataFrame(
        {
            "cause": pd.Categorical(
                [*non_malignant.cause, *malignant.cause],
                [*vocabulary.CAUSES, vocabulary.MALIGNANCY.key],
            ),
            "primary_site": pd.Categorical(
                [*(site or None for site in non_malignant.primary_site), *malignant.primary_site],
                list(vocabulary.PRIMARY_SITES),
            ),
        }
    )
    mechanisms = np.concatenate([non_malignant.mechanisms, malignant.mechanisms])
    return table.assign(**{key: mechanisms[:, j] for j, key in enumerate(vocabulary.MECHANISMS)})


def simulate_cohort(scenario: Scenario, n: int, *, seed: int | np.random.SeedSequence) -> Cohort:
    """Draw a synthetic cohort.

    Parameters
    ----------
    scenario : Scenario
        The setting, with its base rate and accuracies.
    n : int
        Number of patients.
    seed : int or SeedSequence
        The same seed gives the same first rows for every ``n``.

    Returns
    -------
    Cohort
        With ``predictors``, ``tests``, ``outcome``, ``latent`` and, when asked, ``true_risk``.

    Raises
    ------
    ValueError
        When ``n`` is not a positive whole number or the seed is missing.

    Examples
    --------
    >>> from backpain_risk import load_scenario
    >>> cohort = simulate_cohort(load_scenario("primary_care"), 100_000, seed=1)
    >>> int(cohort.outcome.sum())
    1028
    """
    check_kind("scenario", scenario, Scenario, "Load one with load_scenario.")
    size = check_patients(n)
    sequence = as_seed_sequence(seed)
    tables = sampler(scenario)
    return _cohort(scenario, collect(tables, sequence, size), tables, sequence)


def check_patients(n: int) -> int:
    """A number of patients to draw."""
    size = as_real(n)
    if size is None or size != size // 1 or not 1 <= size <= MOST:
        raise ValueError(
            f"n must be a positive whole number of patients; got {shown(n)}. Pass for example "
            "n=10_000."
        )
    return int(size)


def collect(tables: Sampler, seed: np.random.SeedSequence, n: int) -> dict[str, npt.NDArray[Any]]:
    """Columns of the first ``n`` patients."""
    result: dict[str, npt.NDArray[Any]] = {}
    for start, stop, columns in _blocks(tables, seed, n):
        for key, values in columns.items():
            whole = result.setdefault(key, np.empty(n, dtype=values.dtype))
            whole[start:stop] = values[: stop - start]
    return result


def _blocks(
    tables: Sampler, seed: np.random.SeedSequence, n: int
) -> Iterator[tuple[int, int, dict[str, npt.NDArray[Any]]]]:
    for number in range(-(-n // BLOCK)):
        start = number * BLOCK
        yield start, min(start + BLOCK, n), tables.block(seed, number)


def _cohort(
    scenario: Scenario,
    columns: dict[str, npt.NDArray[Any]],
    tables: Sampler,
    seed: np.random.SeedSequence,
) -> Cohort:
    predictors = {key: columns[key] for key in scenario.words.predictors}
    tests = {key: columns[key] for key in scenario.words.tests}
    return Cohort(
        predictors=pd.DataFrame(predictors, copy=False),
        outcome=pd.Series(columns["outcome"], name="outcome", copy=False),
        tests=pd.DataFrame(tests, copy=False),
        latent=pd.DataFrame(latent_columns(columns, tables.states), copy=False),
        scenario=scenario,
        words=scenario.words,
        seed=seed.entropy if isinstance(seed.entropy, int) and not seed.spawn_key else None,
    )


def latent_columns(columns: dict[str, npt.NDArray[Any]], states: pd.DataFrame) -> dict[str, Any]:
    """Cause, primary site, mechanisms and severity behind the drawn states and nodes."""
    state = columns["state"]
    latent: dict[str, Any] = {
        key: _categories(states[key], state) for key in ("cause", "primary_site")
    }
    latent |= {key: states[key].to_numpy().take(state) for key in vocabulary.MECHANISMS}
    latent["severity"] = NODES.take(columns["severity"])
    return latent


def _categories(column: pd.Series[Any], state: npt.NDArray[Any]) -> pd.Categorical[Any]:
    codes = column.cat.codes.to_numpy().take(state)
    return pd.Categorical.from_codes(codes, categories=column.cat.categories)
