"""How conclusions move: over thresholds, and over each uncertain number."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from .. import vocabulary
from ..numerics.checks import FloatArray, check_choice, check_kind
from ..numerics.intervals import LEVEL, tails
from ..results.notebook import as_html
from .comparison import PathwayComparison
from .conditional_expectation import expected_at
from .doors import check_grid
from .net_benefit import NetBenefit

_FEWEST = 100  # draws for a tornado
_PARTS = 10  # of the draws, left out one at a time for standard errors
_COLUMNS = [
    *("parameter", "low", "high", "at_low", "at_high"),
    *("standard_error_low", "standard_error_high"),
]


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
        return as_html(repr(self), self.table, digits=4, index=False)

    def __repr__(self) -> str:
        best = self.table[self.table.expected_best]
        told = [f"{row.pathway} at {row.threshold:.2%}" for row in best.itertuples()]
        return (
            f"Acceptability over {self.n_draws:,} draws: best on average {', '.join(told)}. "
            f"{vocabulary.NOTICE}"
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

    Parameters
    ----------
    comparison : PathwayComparison
        What :func:`compare_pathways` returns.
    thresholds : sequence of float
        Threshold probabilities, each in (0, 1).
    counted : {"sent", "found"}
        Cancers sent to MRI, or those that it finds.
    test_harm : mapping of consequence to float
        Harm of each test but MRI, in harms of one needless MRI.
    value_at_review : float, optional
        Worth of a cancer counted at review, from 0 to 1.

    Examples
    --------
    >>> from backpain_risk import compare_pathways, load_pathways, load_scenario
    >>> chosen = {name: load_pathways()[name] for name in ("image_no_one", "risk_1", "mri_for_all")}
    >>> found = compare_pathways(load_scenario("primary_care"), chosen, n_draws=20, rng=1)
    >>> acceptability(found, [0.01, 0.03]).table.groupby("threshold").p_best.sum().tolist()
    [1.0, 1.0]
    """
    check_kind("comparison", comparison, PathwayComparison, "Make it with compare_pathways.")
    check_grid("thresholds", thresholds)
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
        ``at_high`` (expected difference there), ``standard_error_low``, ``standard_error_high``
        (by leaving out a tenth of the draws at a time), widest first.
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
        return as_html(repr(self), self.table, digits=4, index=False)

    def __repr__(self) -> str:
        return (
            f"Tornado at {self.threshold:.2%}: {self.a} less {self.b} is {self.mean:.1f} cancers "
            f"per {self.per:,} patients on average. {vocabulary.NOTICE}"
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
    check_kind("benefit", benefit, NetBenefit, "Take it from PathwayComparison.net_benefit.")
    for name, value in (("a", a), ("b", b)):
        check_choice(name, value, benefit.point)
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
    table = pd.DataFrame(rows, columns=_COLUMNS)
    order = (table.at_high - table.at_low).abs().sort_values(ascending=False, kind="stable").index
    return Tornado(
        a=a,
        b=b,
        per=benefit.per,
        threshold=benefit.threshold,
        mean=float(difference.mean()),
        table=table.loc[order].reset_index(drop=True),
    )


def _ends(difference: FloatArray, parameter: FloatArray) -> tuple[float, ...]:
    """The 2.5 and 97.5 % points of a parameter, the expected difference there, and its errors."""
    order = np.sort(parameter)
    ends = order[[round(share * (order.size - 1)) for share in tails(LEVEL)]]
    at = expected_at(ends[:, None], parameter[:, None], difference[:, None])[:, 0]
    part = np.arange(parameter.size) % _PARTS
    without = np.array(
        [
            expected_at(ends[:, None], parameter[part != k, None], difference[part != k, None])
            for k in range(_PARTS)
        ]
    )[:, :, 0]
    error = np.sqrt((_PARTS - 1) * without.var(axis=0))
    return (*ends.tolist(), *at.tolist(), *error.tolist())
