"""What a review would have to find for a pathway with one to be worth it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from .. import vocabulary
from ..numerics.checks import FloatArray, check_fraction, check_kind
from ..results.notebook import as_html
from ..scenario.scenario import Scenario
from .doors import check_grid, check_harms, check_pathways, check_scenario
from .doubt import Review
from .enumeration import compare_pathways
from .pathway import Pathway


@dataclass(frozen=True, eq=False, kw_only=True)
class BreakEven:
    """Where a review would have to be for a pathway with one to be worth it.

    Attributes
    ----------
    sensitivity, specificity : ndarray
        Grids of what the review would find.
    gain : ndarray, shape (sensitivity, specificity)
        Net benefit of the pathway with a review less that of the best without, per ``per``
        patients.
    """

    pathway: str
    best_without: str
    threshold: float
    value_at_review: float
    returning: float
    per: int
    sensitivity: FloatArray
    specificity: FloatArray
    gain: FloatArray

    def to_frame(self) -> pd.DataFrame:
        """One row a point of the grid: sensitivity, specificity, gain."""
        a, b = np.meshgrid(self.sensitivity, self.specificity, indexing="ij")
        return pd.DataFrame(
            {"sensitivity": a.ravel(), "specificity": b.ravel(), "gain": self.gain.ravel()}
        )

    def _repr_html_(self) -> str:
        return as_html(repr(self), self.to_frame(), digits=4, index=False)

    def __repr__(self) -> str:
        return (
            f"BreakEven at {self.threshold:.2%}: {self.pathway} over {self.best_without} gains "
            f"{self.gain.min():.1f} to {self.gain.max():.1f} cancers per {self.per:,} patients by "
            f"the accuracy of its review; everything about it is assumed. {vocabulary.NOTICE}"
        )


def review_break_even(
    scenario: Scenario,
    pathway: Pathway,
    without: Mapping[str, Pathway],
    *,
    threshold: float,
    test_harm: Mapping[str, float],
    value_at_review: float,
    returning: float = Review().returning,
    sensitivity: Sequence[float] = (0.5, 0.6, 0.7, 0.8, 0.9, 0.95),
    specificity: Sequence[float] = (0.4, 0.5, 0.6, 0.7, 0.8, 0.9),
) -> BreakEven:
    """Gain of a pathway with a review over the best without, for every accuracy that the review
    could have.

    Nobody has measured what a review at 4 to 6 weeks says about cancer, so one number would
    mislead.

    Parameters
    ----------
    scenario : Scenario
        The setting, with its base rate and accuracies.
    pathway : Pathway
        One with a review.
    without : mapping of name to Pathway
        Pathways to beat, none with a review.
    threshold, test_harm, value_at_review
        As in :meth:`PathwayComparison.net_benefit`; ``test_harm`` states the harm of ``"review"``
        too.
    returning : float
        Share who come back.
    sensitivity, specificity : sequence of float
        Grids, each in (0, 1).
    """
    check_scenario(scenario)
    check_kind("pathway", pathway, Pathway, "Take one from load_pathways.")
    check_pathways("without", without)
    check_harms(test_harm)
    check_fraction("threshold", threshold)
    check_fraction("value_at_review", value_at_review, closed=True)
    check_fraction("returning", returning, closed=True)
    check_grid("sensitivity", sensitivity)
    check_grid("specificity", specificity)
    if not pathway.has_review:
        raise ValueError(
            f"pathway must have a review; got {pathway.name}. Add a step at = 'review'."
        )
    own = {k: v for k, v in test_harm.items() if k != "review"}
    plain = compare_pathways(scenario, without).net_benefit(threshold, test_harm=own).point
    best = max(plain, key=plain.__getitem__)
    base = Review(returning=returning)
    gain = np.array(
        [
            [
                compare_pathways(
                    scenario, [pathway], review=replace(base, sensitivity=a, specificity=b)
                )
                .net_benefit(threshold, test_harm=test_harm, value_at_review=value_at_review)
                .point[pathway.name]
                - plain[best]
                for b in specificity
            ]
            for a in sensitivity
        ]
    )
    return BreakEven(
        pathway=pathway.name,
        best_without=best,
        threshold=threshold,
        value_at_review=value_at_review,
        returning=returning,
        per=10_000,
        sensitivity=np.asarray(sensitivity, dtype=float),
        specificity=np.asarray(specificity, dtype=float),
        gain=gain,
    )
