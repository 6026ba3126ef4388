"""The same draws of a scenario's uncertain numbers, asked about many patients."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from ..numerics.checks import FloatArray
from ..vocabulary import Vocabulary
from .assumptions import Assumptions
from .structure.structure import Structure, build_structure

_TOGETHER = 100  # draws calibrated and asked at once


class ScenarioDraws:
    """A scenario, and draws of it: see :meth:`Scenario.draws`.

    A column is calibrated when it is first asked about, and kept: a laboratory value takes some
    0.5 MB a draw.

    Attributes
    ----------
    scenario : Scenario
        What was drawn from.
    drawn : tuple of Scenario
    """

    def __init__(self, scenario: Any, drawn: tuple[Any, ...]) -> None:
        self.scenario = scenario
        self.drawn = drawn
        self._calibrated: dict[int, _Calibrated] = {}

    @property
    def words(self) -> Vocabulary:
        """What can be asked about."""
        words: Vocabulary = self.scenario.words
        return words

    def __len__(self) -> int:
        return len(self.drawn)

    def __repr__(self) -> str:
        return f"{len(self)} draws of scenario {self.scenario.name}"

    def risk(self, predictors: pd.DataFrame) -> FloatArray:
        """Exact risk of each patient under each draw, shape (draws, n); see :meth:`Scenario.risk`.

        Examples
        --------
        >>> from backpain_risk import load_scenario
        >>> draws = load_scenario("primary_care").draws(500, rng=1)
        >>> drawn = draws.risk(pd.DataFrame({"history_of_cancer": [1]}))
        >>> np.quantile(drawn, [0.025, 0.5, 0.975]).round(3).tolist()
        [0.022, 0.125, 0.406]
        """
        columns = tuple(map(str, predictors.columns))
        pieces = [self._piece(i, columns) for i in range(-(-len(self) // _TOGETHER))]
        return np.concatenate([piece.risk(predictors) for piece in pieces])

    def _piece(self, i: int, columns: tuple[str, ...]) -> Structure:
        """Some of the draws, calibrated for at least these columns."""
        known = self._calibrated.get(i)
        lacking = set(columns)
        if known is not None:
            lacking -= known.columns
        if lacking or known is None:
            some = self.drawn[i * _TOGETHER : (i + 1) * _TOGETHER]
            known = _Calibrated.of(some, lacking, known)
            self._calibrated[i] = known
        return known.structure


class _Calibrated(NamedTuple):
    """The joint distribution of some draws, and the columns it can be asked about."""

    structure: Structure
    columns: frozenset[str]

    @classmethod
    def of(
        cls, drawn: Sequence[Assumptions], columns: set[str], known: _Calibrated | None
    ) -> _Calibrated:
        added = build_structure(drawn, columns)
        if known is None:
            return cls(added, frozenset(columns))
        both = replace(
            known.structure,
            responses=known.structure.responses | added.responses,
            values=known.structure.values | added.values,
        )
        return cls(both, known.columns | columns)
