"""Net benefit of pathways, and what it would be worth to know more before choosing one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import pandas as pd

from .. import vocabulary
from ..numerics.checks import FloatArray, check_choice, check_count, check_fraction
from ..numerics.intervals import percentile_limits
from ..results.notebook import as_html
from .conditional_expectation import conditional_mean
from .consequences import TESTS_COUNTED
from .doors import check_harms
from .information import ValueOfInformation, value_of_information
from .pathway import Pathway
from .study_worth import study_value

HARMED = (*(name for name in TESTS_COUNTED if name != "mri"), "review")
"""What a test harm can be stated for; the harm of an MRI is the unit."""


class Compared(Protocol):
    """What net benefit needs of a comparison of pathways: their consequences per patient."""

    @property
    def pathways(self) -> Mapping[str, Pathway]:
        """The pathways, by name."""

    @property
    def per(self) -> int:
        """Patients that figures are stated for."""

    @property
    def point(self) -> Mapping[str, Mapping[str, float]]:
        """Consequences of each pathway at the scenario's own numbers."""

    @property
    def drawn(self) -> Mapping[str, Mapping[str, FloatArray]]:
        """Consequences of each pathway, (draws,)."""

    @property
    def parameters(self) -> pd.DataFrame:
        """What was drawn, one row a draw."""

    @property
    def independent(self) -> bool:
        """Whether findings are independent given the class in every draw."""

    @property
    def used(self) -> frozenset[str]:
        """Groups of parameters that some pathway can depend on."""

    def expected_given(self, group: str) -> Mapping[str, Mapping[str, FloatArray]]:
        """Expected consequences of each pathway when one group of parameters is known."""


@dataclass(frozen=True, eq=False, kw_only=True)
class NetBenefit:
    """Net benefit of pathways at one threshold, in cancers per ``per`` patients.

    Attributes
    ----------
    threshold : float
    counted : {"sent", "found"}
    point : dict of str to float
        At the scenario's own numbers.
    draws : DataFrame, shape (draws, pathways)
    parameters : DataFrame
    used : frozenset of str, optional
        Groups of parameters that some pathway can depend on; all others are worth nothing.
    """

    threshold: float
    counted: str
    per: int
    point: dict[str, float]
    draws: pd.DataFrame = field(repr=False)
    parameters: pd.DataFrame = field(repr=False)
    given: Callable[[str], pd.DataFrame] | None = field(repr=False, default=None)
    used: frozenset[str] | None = field(repr=False, default=None)

    def to_frame(self) -> pd.DataFrame:
        """One row a pathway: pathway, value (own numbers), mean, low, high, p_best (over draws;
        missing without).
        """
        table = pd.DataFrame({"pathway": list(self.point), "value": list(self.point.values())})
        if self.draws.empty:
            return table.assign(mean=np.nan, low=np.nan, high=np.nan, p_best=np.nan)
        low, high = percentile_limits(self.draws)
        return table.assign(
            mean=self.draws.mean().to_numpy(), low=low, high=high, p_best=self.information().p_best
        )

    @property
    def evpi(self) -> float:
        """Expected value of perfect information, in cancers per ``per`` patients."""
        return self.information().evpi

    def evppi(self, groups: Mapping[str, Sequence[str]] | None = None) -> pd.DataFrame:
        """Value of perfect information about groups of parameters, in cancers per ``per`` patients.

        By default each finding, each test, the base rate, dependence and the review are a
        group, where a pathway can depend on them.

        Parameters
        ----------
        groups : mapping of name to parameters, optional
            Parameters to be known together.

        Returns
        -------
        DataFrame
            The columns of :func:`value_of_information` and ``method``: ``"regression"``, or
            ``"closed form"`` at dependence 0 for the default groups, which needs no regression
            (nothing is then cross-fitted).
        """
        if groups is not None or self.given is None:
            found = self.information(self._groups() if groups is None else groups).evppi
            return found.assign(method="regression")
        rows = [(name, *_gained(self.given(name))) for name in self._groups()]
        return pd.DataFrame(rows, columns=["group", "value", "standard_error"]).assign(
            cross_fitted=np.nan, method="closed form"
        )

    def evsi(self, finding: str, cancers: Sequence[int] = (13, 30, 100, 300, 1000)) -> pd.DataFrame:
        """Expected value of a study of one finding's sensitivity, by how many cancers the study
        contains.

        Parameters
        ----------
        finding : str
            A yes/no finding or test whose sensitivity was drawn.
        cancers : sequence of int
            Patients with cancer that the study would contain.

        Returns
        -------
        DataFrame
            One row a size: finding, cancers, value (cancers per ``per`` patients),
            standard_error (regression and sampling of the parameters), share_of_perfect (of
            learning the sensitivity exactly).

        Notes
        -----
        E over y of max_k E[U_k | y] - max_k E[U_k], y ~ Binomial(cancers, sensitivity) summed over
        exactly; E[U_k | sensitivity] by regression on the draws, which weigh in by their likelihood
        of y (Heath et al. 2022).
        """
        column = f"{finding}.sensitivity"
        if self.draws.empty or column not in self.parameters:
            drawn = [str(c) for c in self.parameters if str(c).endswith(".sensitivity")]
            known = ", ".join(c.split(".")[0] for c in drawn) or "none"
            raise ValueError(
                f"finding must be one whose sensitivity was drawn: {known}; got {finding!r}."
            )
        for n in cancers:
            check_count("cancers", n, 1)
        sensitivity = self.parameters[column].to_numpy()
        utility = self.draws.to_numpy()
        expected = conditional_mean(utility, sensitivity[:, None])
        perfect = float(expected.max(axis=1).mean() - expected.mean(axis=0).max())
        found = [study_value(utility, expected, sensitivity, n) for n in cancers]
        table = pd.DataFrame(found, columns=["value", "standard_error"])
        table.insert(0, "finding", finding)
        table.insert(1, "cancers", list(cancers))
        return table.assign(share_of_perfect=table.value / perfect if perfect > 0 else np.nan)

    def information(self, groups: Mapping[str, Sequence[str]] | None = None) -> ValueOfInformation:
        """All of it; see :func:`value_of_information`.

        Parameters
        ----------
        groups : mapping of name to parameters, optional
            Parameters to be known together.
        """
        if self.draws.empty:
            raise ValueError(
                "n_draws must be positive for a value of information; got 0. Compare pathways "
                "with draws."
            )
        return value_of_information(self.draws, self.parameters if groups else None, groups)

    def _groups(self) -> dict[str, list[str]]:
        """Columns of the parameters by what they are about, where they vary and matter."""
        varying = self.parameters.columns[self.parameters.nunique() > 1]
        groups: dict[str, list[str]] = {}
        for column in map(str, varying):
            name = column.split(".")[0]
            if self.used is None or name in self.used:
                groups.setdefault(name, []).append(column)
        return groups

    def _repr_html_(self) -> str:
        return as_html(repr(self), self.to_frame(), digits=4, index=False)

    def __repr__(self) -> str:
        best = max(self.point, key=self.point.__getitem__)
        return (
            f"NetBenefit at {self.threshold:.2%} per {self.per} patients ({self.counted}): best "
            f"{best} with "
            f"{self.point[best]:.1f}. {vocabulary.NOTICE}"
        )


def _gained(expected: pd.DataFrame) -> tuple[float, float]:
    """EVPPI from conditional expectations, and its standard error from the draws of what would
    be learnt.
    """
    values = expected.to_numpy()
    gain = values.max(axis=1) - values[:, values.mean(axis=0).argmax()]
    return float(gain.mean()), float(gain.std(ddof=1) / np.sqrt(gain.size))


def net_benefit_of(
    comparison: Compared,
    threshold: float,
    *,
    counted: str,
    test_harm: Mapping[str, float] | None,
    value_at_review: float | None,
) -> NetBenefit:
    """Net benefit of every compared pathway; see :meth:`PathwayComparison.net_benefit`."""
    check_fraction("threshold", threshold)
    check_choice("counted", counted, ("sent", "found"))
    harm = _stated(comparison, test_harm)
    credit = _credit(comparison, value_at_review)
    odds = threshold / (1 - threshold)

    def utility(values: Mapping[str, FloatArray]) -> FloatArray:
        gained, needless = _weighed(values, counted, credit)
        tests = sum((harm[name] * values[name] for name in harm), start=0.0 * values["mri"])
        return np.asarray(comparison.per * (gained - odds * (needless + tests)))

    point = {
        n: float(utility({k: np.asarray(x) for k, x in v.items()}))
        for n, v in comparison.point.items()
    }
    drawn = {n: utility(v) for n, v in comparison.drawn.items()}

    def given(group: str) -> pd.DataFrame:
        return pd.DataFrame({n: utility(v) for n, v in comparison.expected_given(group).items()})

    return NetBenefit(
        threshold=threshold,
        counted=counted,
        per=comparison.per,
        point=point,
        draws=pd.DataFrame(drawn),
        parameters=comparison.parameters,
        given=given if comparison.independent else None,
        used=comparison.used,
    )


def _weighed(
    values: Mapping[str, FloatArray], counted: str, credit: float
) -> tuple[FloatArray, FloatArray]:
    """Cancers that count, and patients without cancer that were sent, per patient."""
    if counted == "found":
        return values["found_at_index"] + credit * values["found_at_review"], values[
            "non_cancers_sent"
        ]
    late = values["cancers_sent_at_review"]
    return values["cancers_sent"] - (1 - credit) * late, values["non_cancers_sent"]


def _stated(comparison: Compared, test_harm: Mapping[str, float] | None) -> dict[str, float]:
    """Harms of all tests that some pathway uses; none is assumed."""
    stated = {} if test_harm is None else check_harms(test_harm)
    unknown = [name for name in stated if name not in HARMED]
    if unknown:
        raise ValueError(
            f"test_harm must name {', '.join(HARMED)}; got {unknown[0]!r}. The harm of an MRI is "
            "the unit."
        )
    used = [name for name in HARMED if any(v[name] > 0 for v in comparison.point.values())]
    missing = [name for name in used if name not in stated]
    if missing:
        raise ValueError(
            f"test_harm must state the harm of {', '.join(missing)}, in harms of one needless "
            "MRI; got none. Pass 0 "
            "for a test that is free: the best pathway then tests everybody."
        )
    return {name: stated[name] for name in used}


def _credit(comparison: Compared, value_at_review: float | None) -> float:
    if value_at_review is not None:
        check_fraction("value_at_review", value_at_review, closed=True)
    if not any(pathway.has_review for pathway in comparison.pathways.values()):
        return 1.0
    if value_at_review is None:
        raise ValueError(
            "value_at_review must be given because a pathway has a review; got None. Pass what a "
            "cancer found weeks "
            "later is worth, from 0 to 1."
        )
    return float(value_at_review)
