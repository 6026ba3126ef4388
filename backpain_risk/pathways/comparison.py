"""What comparing pathways gives: exact counts of their consequences, with the doubt of the
evidence carried through.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import pandas as pd

from .. import vocabulary
from ..numerics.checks import FloatArray, check_choice, check_level
from ..numerics.intervals import LEVEL, percentile_limits, tails
from ..results.notebook import as_html
from ..scenario.scenario import Scenario
from .closed_form import Margins, expected_given
from .consequences import SECOND
from .course import Course
from .doubt import Inputs, Review
from .flow import patient_flow
from .frontier import efficient_frontier
from .net_benefit import NetBenefit, net_benefit_of
from .pathway import Pathway
from .patterns import BAND, PatternTable

_FRONTIER = {"mri": ("mri",), "cancers_found": ("found_at_index", "found_at_review")}


@dataclass(frozen=True, eq=False, kw_only=True)
class PathwayComparison:
    """Consequences of pathways in one setting.

    Attributes
    ----------
    scenario : Scenario
    pathways : dict of str to Pathway
    per : int
        Counts are per so many patients.
    draws : DataFrame
        One row a draw and pathway (none without draws), columns ``draw``, ``pathway`` and the
        consequences.
    parameters : DataFrame
        One row a draw: what was drawn.
    decide : {"expected", "oracle"}
        Whether risks in rules are those expected over the draws, or (a labelled bound, no policy)
        those of each draw.
    """

    scenario: Scenario
    pathways: dict[str, Pathway]
    review: Review
    per: int
    point: dict[str, dict[str, float]] = field(repr=False)
    drawn: dict[str, dict[str, FloatArray]] = field(repr=False)
    courses: dict[str, Course] = field(repr=False)
    table: PatternTable = field(repr=False)
    probability: FloatArray = field(repr=False)
    parameters: pd.DataFrame = field(repr=False)
    inputs: Inputs | None = field(repr=False)
    margins: Margins | None = field(repr=False)
    decide: str = "expected"

    @property
    def n_draws(self) -> int:
        """Number of draws of the evidence."""
        return len(self.parameters)

    @property
    def draws(self) -> pd.DataFrame:
        """One row a draw and pathway: draw, pathway, and every consequence per ``per`` patients."""
        number = np.arange(self.n_draws)
        frames = [
            pd.DataFrame(
                {
                    "draw": number,
                    "pathway": name,
                    **{k: self._scaled(k, v) for k, v in columns.items()},
                }
            )
            for name, columns in self.drawn.items()
        ]
        return pd.concat(frames, ignore_index=True)

    def to_frame(self) -> pd.DataFrame:
        """One row a pathway and consequence: pathway, consequence, value, low, high, status.

        ``value`` is exact at the scenario's own numbers; ``low`` and ``high`` are 95 % limits over
        the draws (missing without draws); ``status`` is that of the least known number behind it.
        """
        rows = []
        for name, values in self.point.items():
            status = self._status(name)
            for consequence, value in values.items():
                if consequence not in SECOND:
                    rows.append(
                        (
                            name,
                            consequence,
                            self._scaled(consequence, value),
                            *self._limits(name, consequence),
                            status,
                        )
                    )
        return pd.DataFrame(
            rows, columns=["pathway", "consequence", "value", "low", "high", "status"]
        )

    def flow(self, pathway: str) -> pd.DataFrame:
        """Patients through the steps of one pathway, as a STARD diagram counts them.

        Parameters
        ----------
        pathway : str
            Name of one of the pathways.

        Returns
        -------
        DataFrame
            One row a step: step, test, visit, who (as written), who_in_words; ``seen``,
            ``tested`` and ``positive`` patients (of imaging; missing for laboratory values), and
            ``tested_malignant``, ``not_tested`` with ``tested + not_tested = seen``.
        """
        course = self.courses[check_choice("pathway", pathway, self.courses)]
        rate = self.scenario.base_rate
        joint = self.per * self.probability * np.array([[1 - rate], [rate]])
        return patient_flow(course, self.table, joint, self.review.returning)

    def frontier(self) -> pd.DataFrame:
        """Cancers found (at either visit) against MRI scans; see :func:`efficient_frontier`."""
        scans = [self.per * v["mri"] for v in self.point.values()]
        found = [
            self.per * (v["found_at_index"] + v["found_at_review"]) for v in self.point.values()
        ]
        table = efficient_frontier(scans, found, list(self.point))
        names = {
            "option": "pathway",
            "cost": "mri",
            "effect": "cancers_found",
            "cost_per_effect": "mri_per_cancer",
        }
        return table.rename(columns=names)

    def frontier_limits(self, level: float = LEVEL) -> pd.DataFrame:
        """Limits over the draws of the two axes of the frontier.

        Parameters
        ----------
        level : float
            Share of the draws within the limits, in (0, 1).

        Returns
        -------
        DataFrame
            One row a pathway, in their order: ``pathway``, ``mri`` and ``cancers_found`` at the
            scenario's own numbers, each with ``_low`` and ``_high`` (missing without draws).

        Examples
        --------
        >>> from backpain_risk import compare_pathways, load_pathways, load_scenario
        >>> some = {name: load_pathways()[name] for name in ("image_no_one", "mri_for_all")}
        >>> compared = compare_pathways(load_scenario("primary_care"), some, n_draws=50, rng=1)
        >>> compared.frontier_limits(0.9)[["mri_low", "mri_high"]].round(2).values.tolist()
        [[0.0, 0.0], [10000.0, 10000.0]]
        """
        check_level(level)
        return pd.DataFrame([self._spread(name, level) for name in self.point])

    def _spread(self, name: str, level: float) -> dict[str, Any]:
        """Scans and cancers found of one pathway, with limits over the draws."""
        row: dict[str, Any] = {"pathway": name}
        for axis, parts in _FRONTIER.items():
            row[axis] = self.per * sum(self.point[name][part] for part in parts)
            drawn = sum((self.per * self.drawn[name][part] for part in parts), np.zeros(()))
            limits = percentile_limits(drawn, level) if self.n_draws else (np.nan, np.nan)
            row |= dict(zip((f"{axis}_low", f"{axis}_high"), map(float, limits), strict=True))
        return row

    def net_benefit(
        self,
        threshold: float,
        *,
        counted: Literal["sent", "found"] = "sent",
        test_harm: Mapping[str, float] | None = None,
        value_at_review: float | None = None,
    ) -> NetBenefit:
        """Net benefit at a threshold probability, per ``per`` patients.

        Parameters
        ----------
        threshold : float
            Risk in (0, 1) at which a patient is indifferent between being imaged and not.
        counted : {"sent", "found"}
            Cancers sent to MRI, which is what a threshold for MRI weighs; or those that the MRI
            finds.
        test_harm : mapping of consequence to float
            Harm of each test but MRI, in harms of one needless MRI; for example ``{"esr": 0.02,
            "xray": 0.1}``. Every test (and ``"review"``) that some pathway uses must be named, with
            an explicit 0 where it is free.
        value_at_review : float, optional
            Worth of a cancer counted at review, from 0 to 1 of one at the index visit; required
            with a review.
        """
        return net_benefit_of(
            self, threshold, counted=counted, test_harm=test_harm, value_at_review=value_at_review
        )

    @property
    def independent(self) -> bool:
        """Whether findings are independent given malignancy in every draw, so that closed forms
        hold.
        """
        return self.margins is not None

    @property
    def used(self) -> frozenset[str]:
        """Groups of parameters that some pathway can depend on: what the patterns tell apart, and
        the base rate and dependence.
        """
        return frozenset((*self.table.layout.keys, BAND, "base_rate", "dependence"))

    def expected_given(self, group: str) -> dict[str, dict[str, FloatArray]]:
        """Consequences expected in each draw of one group of parameters, all others at their
        means (dependence 0).

        Parameters
        ----------
        group : str
            Name of the group of parameters.
        """
        if self.inputs is None or self.margins is None:
            raise ValueError(
                "expected_given needs draws at dependence 0; got another comparison. Use evppi "
                "instead."
            )
        return {
            n: expected_given(group, c, self.table, self.margins, self.inputs)
            for n, c in self.courses.items()
        }

    def _scaled(self, consequence: str, value: Any) -> Any:
        return value if consequence == "number_needed_to_image" else self.per * value

    def _limits(self, name: str, consequence: str) -> tuple[float, float]:
        if not self.n_draws:
            return np.nan, np.nan
        low, high = np.nanquantile(
            self._scaled(consequence, self.drawn[name][consequence]), tails(LEVEL)
        )
        return float(low), float(high)

    def _status(self, name: str) -> str:
        """The least known of everything behind a pathway's numbers."""
        used = {self.scenario.base_rate_status, self.pathways[name].status}
        if self.scenario.dependence > 0 or self.pathways[name].has_review:
            used.add("assumed")
        status = {key: t.accuracy_status for key, t in self.scenario.findings.items()}
        status |= {key: t.accuracy_status for key, t in self.scenario.laboratory.items()}
        words = (*self.pathways[name].words, *self.pathways[name].tests)
        used |= {status[word] for word in words if word in status}
        return max(used, key=vocabulary.STATUSES.index)

    def _repr_html_(self) -> str:
        return as_html(repr(self), self.to_frame(), digits=4, index=False)

    def __repr__(self) -> str:
        return (
            f"PathwayComparison of {len(self.pathways)} pathways in {self.scenario.name}, base "
            "rate "
            f"{self.scenario.base_rate:.2%}, {self.n_draws} draws. {vocabulary.NOTICE}"
        )
