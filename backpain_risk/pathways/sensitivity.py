"""How conclusions move: over thresholds, over each uncertain number, and over what nobody has
measured.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import pandas as pd

from ..numerics.checks import FloatArray, check_fraction
from ..numerics.intervals import LEVEL, tails
from ..results.notebook import as_html
from ..scenario.scenario import Scenario
from .comparison import PathwayComparison, compare_pathways
from .conditional_expectation import conditional_mean
from .doubt import Review
from .net_benefit import NetBenefit
from .pathway import Pathway

_FEWEST = 100  # draws for a tornado


@dataclass(frozen=True, eq=False, kw_only=True)
class Acceptability:
    """Probability that each pathway is the best, by threshold.

    Attributes
    ----------
    table : DataFrame
        Columns ``threshold``, ``pathway``, ``p_best``, ``expected_best`` (whether its mean net
        benefit is the highest: the frontier).
    evpi : DataFrame
        Columns ``threshold``, ``evpi`` (cancers per ``per`` patients).
    """

    table: pd.DataFrame
    evpi: pd.DataFrame
    n_draws: int
    per: int

    def to_frame(self) -> pd.DataFrame:
        """The table."""
        return self.table

    def _repr_html_(self) -> str:
        return as_html(
            f"Probability of being the best pathway, {self.n_draws} draws.",
            self.table,
            digits=4,
            index=False,
        )


def acceptability(
    comparison: PathwayComparison,
    thresholds: Sequence[float] = (0.005, 0.0075, 0.01, 0.015, 0.02, 0.025, 0.03, 0.04, 0.05),
    *,
    counted: Literal["sent", "found"] = "sent",
    test_harm: Mapping[str, float] | None = None,
    value_at_review: float | None = None,
) -> Acceptability:
    """Probability of being the best pathway at several thresholds; see
    :meth:`PathwayComparison.net_benefit`.

    Examples
    --------
    >>> from backpain_risk import load_scenario
    >>> from backpain_risk.pathways.pathway import load_pathways
    >>> chosen = {name: load_pathways()[name] for name in ("image_no_one", "risk_1", "mri_for_all")}
    >>> found = compare_pathways(load_scenario("primary_care"), chosen, n_draws=20, rng=1)
    >>> acceptability(found, [0.01, 0.03]).table.groupby("threshold").p_best.sum().tolist()
    [1.0, 1.0]
    """
    rows = []
    worth = []
    for threshold in thresholds:
        found = comparison.net_benefit(
            threshold, counted=counted, test_harm=test_harm, value_at_review=value_at_review
        )
        known = found.information()
        worth.append((threshold, known.evpi))
        for name, p, mean in zip(known.options, known.p_best, known.expected, strict=True):
            rows.append((threshold, name, p, mean == known.expected.max()))
    table = pd.DataFrame(rows, columns=["threshold", "pathway", "p_best", "expected_best"])
    evpi = pd.DataFrame(worth, columns=["threshold", "evpi"])
    return Acceptability(table=table, evpi=evpi, n_draws=comparison.n_draws, per=comparison.per)


@dataclass(frozen=True, eq=False, kw_only=True)
class Tornado:
    """Difference in net benefit between two pathways as each uncertain number goes from low to
    high.

    Attributes
    ----------
    table : DataFrame
        Columns ``parameter``, ``low``, ``high`` (2.5 and 97.5 % points of the draws), ``at_low``,
        ``at_high`` (expected difference there), widest first.
    mean : float
        Expected difference over all draws.
    """

    a: str
    b: str
    per: int
    threshold: float
    mean: float
    table: pd.DataFrame

    def to_frame(self) -> pd.DataFrame:
        """The table."""
        return self.table

    def _repr_html_(self) -> str:
        return as_html(
            f"{self.a} less {self.b} at a threshold of {self.threshold:.2%}, per {self.per}.",
            self.table,
            digits=4,
            index=False,
        )


def tornado(benefit: NetBenefit, a: str, b: str) -> Tornado:
    """One uncertain number at a time, the others averaged over their doubt.

    Parameters
    ----------
    benefit : NetBenefit
        With at least 100 draws.
    a, b : str
        Pathways; the difference is a less b.
    """
    for name in (a, b):
        if name not in benefit.point:
            raise ValueError(
                f"pathway must be one of {', '.join(benefit.point)}; got {name!r}. Check the "
                "spelling."
            )
    if len(benefit.draws) < _FEWEST:
        raise ValueError(
            f"n_draws must be {_FEWEST} or more for a tornado; got {len(benefit.draws)}. Draw more."
        )
    difference = (benefit.draws[a] - benefit.draws[b]).to_numpy()
    rows = [
        (str(c), *_ends(difference, v.to_numpy(float)))
        for c, v in benefit.parameters.items()
        if v.nunique() > 1
    ]
    table = pd.DataFrame(rows, columns=["parameter", "low", "high", "at_low", "at_high"])
    order = (table.at_high - table.at_low).abs().sort_values(ascending=False, kind="stable").index
    return Tornado(
        a=a,
        b=b,
        per=benefit.per,
        threshold=benefit.threshold,
        mean=float(difference.mean()),
        table=table.loc[order].reset_index(drop=True),
    )


def _ends(difference: FloatArray, parameter: FloatArray) -> tuple[float, float, float, float]:
    """The 2.5 and 97.5 % points of a parameter, and the expected difference at the draws nearest
    to them.
    """
    utility = np.column_stack([np.zeros(difference.size), difference])
    fitted = conditional_mean(utility, parameter[:, None])
    gap = fitted[:, 1] - fitted[:, 0]
    order = np.argsort(parameter, kind="stable")
    low, high = (order[round(tail * (order.size - 1))] for tail in tails(LEVEL))
    return float(parameter[low]), float(parameter[high]), float(gap[low]), float(gap[high])


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
        return as_html(
            f"Gain of {self.pathway} over {self.best_without}, per {self.per}.",
            self.to_frame(),
            digits=4,
            index=False,
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
    for name, grid in (("sensitivity", sensitivity), ("specificity", specificity)):
        for value in grid:
            check_fraction(name, value)
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
