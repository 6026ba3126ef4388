"""Draws of what pathways depend on: base rate, accuracy of every finding and test, dependence,
and the review.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any

import numpy as np
import pandas as pd

from ..evidence.diagnostic_accuracy import Accuracy
from ..numerics.checks import FloatArray, check_fraction
from ..scenario.draws import draw_scenarios, with_accuracy
from ..scenario.scenario import Scenario
from ..scenario.structure.states import EXACT, Grid
from ..scenario.structure.structure import Structure, build_structure
from .rule import REVIEW

_LIKE = "failure_to_improve"  # the finding whose effects the review shares
_DRAWN_TOGETHER = 25


@dataclass(frozen=True, kw_only=True)
class Review:
    """What a review at 4 to 6 weeks would find. Nobody has measured it: every number here is
    assumed.

    Attributes
    ----------
    sensitivity, specificity : float
        P(not improved | malignancy) and P(improved | no malignancy), among those who return. This
        is not the index finding ``failure_to_improve``, which is seen in people some of whom have
        had weeks of care already; it shares that finding's dependence on age, cause and severity.
    returning : float
        Share of patients who come to the review.
    effective_n_malignant, effective_n_non_malignant, effective_n_returning : float
        How many patients the assumptions are worth when they are drawn.
    """

    sensitivity: float = 0.80
    specificity: float = 0.75
    returning: float = 0.80
    effective_n_malignant: float = 10.0
    effective_n_non_malignant: float = 40.0
    effective_n_returning: float = 20.0

    def __post_init__(self) -> None:
        for name in ("sensitivity", "specificity"):
            check_fraction(name, getattr(self, name))
        check_fraction("returning", self.returning, closed=True)

    def draws(self, size: int, rng: np.random.Generator) -> tuple[Review, ...]:
        """Reviews with their numbers drawn: Beta for sensitivity and share, a logit SD of 0.5
        more for specificity.

        Parameters
        ----------
        size : int
            Number of draws.
        rng : Generator
            Source of the draws.
        """
        returning = np.full(size, self.returning)
        if 0 < self.returning < 1:
            n = self.effective_n_returning
            returning = rng.beta(self.returning * n, (1 - self.returning) * n, size)
        drawn = _with_review_accuracy(self).draw(size, rng=rng)
        numbers = zip(drawn.sensitivity, drawn.specificity, returning, strict=True)
        return tuple(
            replace(self, sensitivity=float(a), specificity=float(b), returning=float(c))
            for a, b, c in numbers
        )


def _with_review_accuracy(review: Review) -> Accuracy:
    n = review.effective_n_malignant
    m = review.effective_n_non_malignant
    return Accuracy(
        tp=review.sensitivity * n,
        fn=(1 - review.sensitivity) * n,
        tn=review.specificity * m,
        fp=(1 - review.specificity) * m,
    )


@dataclass(frozen=True, eq=False, kw_only=True)
class Inputs:
    """Scenarios and reviews to compute consequences under; one of each a draw.

    Attributes
    ----------
    scenarios : tuple of Scenario
    reviews : tuple of Review
    """

    scenarios: tuple[Scenario, ...]
    reviews: tuple[Review, ...]

    def __len__(self) -> int:
        return len(self.scenarios)

    @property
    def base_rate(self) -> FloatArray:
        """P(malignancy), (D,)."""
        return np.array([scenario.base_rate for scenario in self.scenarios])

    @property
    def returning(self) -> FloatArray:
        """Share of patients who come to a review, (D,)."""
        return np.array([review.returning for review in self.reviews])

    def pieces(self) -> Iterator[tuple[slice, Inputs]]:
        """A few draws at once, all of one dependence."""
        start = 0
        while start < len(self):
            stop = start + 1
            alike = self.scenarios[start].dependence
            while (
                stop < min(len(self), start + _DRAWN_TOGETHER)
                and self.scenarios[stop].dependence == alike
            ):
                stop += 1
            place = slice(start, stop)
            yield place, Inputs(scenarios=self.scenarios[place], reviews=self.reviews[place])
            start = stop

    def structure(self, keys: Sequence[str], grid: Grid = EXACT) -> Structure:
        """The calibrated joint distribution of the findings and tests asked for, the review
        among them.
        """
        built = build_structure(self.scenarios, [key for key in keys if key != REVIEW], grid)
        if REVIEW not in keys:
            return built
        seen_again = [
            with_accuracy(scenario, _LIKE, review.sensitivity, review.specificity)
            for scenario, review in zip(self.scenarios, self.reviews, strict=True)
        ]
        like = build_structure(seen_again, [_LIKE], grid).responses[_LIKE]
        return replace(built, responses={**built.responses, REVIEW: like})

    def to_frame(self) -> pd.DataFrame:
        """One row a draw: base_rate, dependence, and sensitivity and specificity of each finding
        and cut-off.
        """
        return pd.DataFrame(
            [_numbers(s, r) for s, r in zip(self.scenarios, self.reviews, strict=True)]
        )


def _numbers(scenario: Scenario, review: Review) -> dict[str, float]:
    row: dict[str, Any] = {"base_rate": scenario.base_rate, "dependence": scenario.dependence}
    for key, finding in scenario.findings.items():
        row |= {
            f"{key}.sensitivity": finding.sensitivity,
            f"{key}.specificity": finding.specificity,
        }
    for key, value in scenario.laboratory.items():
        for i, cut in enumerate(scenario.words.laboratory[key].cutoffs):
            row |= {
                f"{key}.sensitivity_{cut:g}": value.sensitivity[i],
                f"{key}.specificity_{cut:g}": value.specificity[i],
            }
    return row | {
        f"{REVIEW}.sensitivity": review.sensitivity,
        f"{REVIEW}.specificity": review.specificity,
        f"{REVIEW}.returning": review.returning,
    }


def draw_inputs(
    scenario: Scenario,
    review: Review,
    n_draws: int,
    dependence: Sequence[float],
    rng: np.random.Generator,
) -> Inputs:
    """Draws, in equal blocks of each value of dependence."""
    settings = [scenario.replace(dependence=d) for d in dependence] if dependence else [scenario]
    block = -(-n_draws // len(settings))
    sizes = [max(0, min(block, n_draws - block * i)) for i in range(len(settings))]
    drawn = [
        draw_scenarios(setting, size, rng)
        for setting, size in zip(settings, sizes, strict=True)
        if size
    ]
    return Inputs(scenarios=tuple(chain(*drawn)), reviews=review.draws(n_draws, rng))
