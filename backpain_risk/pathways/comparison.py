"""Comparing pathways: exact counts of their consequences, with the doubt of the evidence carried
through.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from joblib import Parallel, delayed

from .. import vocabulary
from ..numerics.checks import FloatArray, as_generator, check_choice, check_count
from ..numerics.intervals import LEVEL, tails
from ..results.notebook import as_html
from ..scenario.scenario import Scenario
from ..scenario.structure.states import Grid
from .closed_form import Margins, expected_given, margins
from .consequences import LABELS, counted, indicators
from .course import Course, run_pathway
from .doubt import Inputs, Review, draw_inputs
from .frontier import efficient_frontier
from .net_benefit import NetBenefit, net_benefit_of
from .pathway import Pathway, load_pathways
from .patterns import BAND, PatternTable, class_probability, coarse_grid, layout_for, pattern_table

_SECOND = (
    "cancers_sent_at_review",
    "non_cancers_sent_at_review",
)  # parts of net benefit, not shown as rows


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
                if consequence not in _SECOND:
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

        Returns
        -------
        DataFrame
            One row a step: step, test, visit, who; ``seen``, ``tested`` and ``positive`` patients
            (of imaging; missing for laboratory values), and ``tested_malignant``, ``not_tested``
            with ``tested + not_tested = seen``.
        """
        course = self.courses[_known(pathway, self.courses)]
        joint = (
            self.probability
            * np.array([[1 - self.scenario.base_rate], [self.scenario.base_rate]])
            * self.per
        )
        rows = []
        for i, (step, now) in enumerate(zip(course.pathway.steps, course.steps, strict=True), 1):
            share = self.review.returning if step.at == "review" else 1.0
            positive = joint[:, now & (self.table.values[step.test] == 1)].sum() * share
            tested = joint[:, now].sum(axis=1) * share
            seen = joint.sum() * share
            shown = positive if step.test in vocabulary.IMAGING else np.nan
            rows.append(
                (
                    i,
                    step.test,
                    step.at,
                    step.who,
                    seen,
                    tested.sum(),
                    seen - tested.sum(),
                    tested[1],
                    shown,
                )
            )
        names = [
            "step",
            "test",
            "visit",
            "who",
            "seen",
            "tested",
            "not_tested",
            "tested_malignant",
            "positive",
        ]
        return pd.DataFrame(rows, columns=names)

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


def compare_pathways(
    scenario: Scenario,
    pathways: Mapping[str, Pathway] | Sequence[Pathway] | None = None,
    *,
    models: Mapping[str, Any] | None = None,
    per: int = 10_000,
    n_draws: int = 0,
    rng: int | np.random.SeedSequence | np.random.Generator | None = None,
    review: Review | None = None,
    dependence: Sequence[float] = (),
    decide: Literal["expected", "oracle"] = "expected",
    n_jobs: int = 1,
) -> PathwayComparison:
    """Exact consequences of diagnostic pathways.

    Parameters
    ----------
    scenario : Scenario
    pathways : mapping or sequence of Pathway, optional
        The shipped ones by default; see :func:`load_pathways`.
    models : mapping of name to classifier, optional
        Fitted models whose risk a rule calls ``risk(name)``: of this package or any scikit-learn
        classifier with named columns of the vocabulary.
    per : int
        Counts are per so many patients.
    n_draws : int
        Draws of the evidence for limits; 0 gives counts at the scenario's own numbers only.
    rng : int, SeedSequence or Generator
        Required with draws.
    review : Review, optional
        What a review would find; all of it is assumed.
    dependence : sequence of float, optional
        Values of the scenario's dependence that the draws are spread over in equal blocks; its own
        by default.
    decide : {"expected", "oracle"}
        A policy must not know the draw: rules on ``risk`` use the probability expected over the
        draws, and are then held fixed. ``"oracle"`` lets them know each draw's true numbers: no
        policy, but a bound to compare with.

    n_jobs : int
        Processes over which draws are spread; the results are the same for any number.

    Returns
    -------
    PathwayComparison

    Notes
    -----
    Patients are enumerated, not simulated: each pattern of age, findings and results has an exact
    probability in each class, a pathway is run once on the table of patterns, and every count is a
    sum of probabilities.

    Examples
    --------
    >>> from backpain_risk import load_scenario
    >>> found = compare_pathways(
    ...     load_scenario("primary_care"), [load_pathways()["mri_for_all"]]
    ... ).to_frame()
    >>> found.set_index("consequence").value[["found_at_index", "false_alarms"]].round(1).to_dict()
    {'found_at_index': 88.0, 'false_alarms': 643.5}
    """
    chosen = _chosen(pathways)
    again = review or Review()
    check_count("per", per, 1)
    check_count("n_draws", n_draws, 0)
    check_choice("decide", decide, ("expected", "oracle"))
    words = {
        str(c) for model in (models or {}).values() for c in getattr(model, "feature_names_in_", ())
    }
    layout = layout_for(chosen.values(), words)
    point = Inputs(scenarios=(scenario,), reviews=(again,))
    inputs = (
        draw_inputs(scenario, again, n_draws, dependence, as_generator(rng)) if n_draws else None
    )
    built = point.structure(layout.keys)
    table = pattern_table(layout, built)
    exact = np.stack([class_probability(table, built, g)[0] for g in (0, 1)])
    own = _joint(exact[None], point.base_rate)[0]
    stored = None if inputs is None else _probabilities(table, inputs, n_jobs)
    expected = own if inputs is None or stored is None else _expected(stored, inputs.base_rate)
    courses = {
        name: run_pathway(pathway, table, expected, models) for name, pathway in chosen.items()
    }
    return PathwayComparison(
        scenario=scenario,
        pathways=chosen,
        review=again,
        per=per,
        point={
            name: _one(_consequences(courses[name], table, exact[None], point)) for name in chosen
        },
        drawn={
            name: _drawn(chosen[name], courses[name], table, stored, inputs, models, decide)
            for name in chosen
        },
        courses=courses,
        table=table,
        probability=exact,
        parameters=pd.DataFrame() if inputs is None else inputs.to_frame(),
        inputs=inputs,
        margins=_margins(table, stored, inputs) if decide == "expected" else None,
        decide=decide,
    )


def _chosen(pathways: Mapping[str, Pathway] | Sequence[Pathway] | None) -> dict[str, Pathway]:
    if pathways is None:
        return load_pathways()
    listed = list(pathways.values()) if isinstance(pathways, Mapping) else list(pathways)
    if not listed or not all(isinstance(p, Pathway) for p in listed):
        raise ValueError(
            "pathways must be a list or mapping of Pathway with at least one; got something else."
        )
    named = dict(pathways) if isinstance(pathways, Mapping) else {p.name: p for p in listed}
    if len(named) < len(listed):
        raise ValueError(
            "pathways must have names of their own; got one name twice. Rename one of them."
        )
    return named


def _known(name: str, among: Mapping[str, Any]) -> str:
    if name not in among:
        raise ValueError(
            f"pathway must be one of {', '.join(among)}; got {name!r}. Check the spelling."
        )
    return name


def _joint(probability: npt.NDArray[np.floating[Any]], base_rate: FloatArray) -> FloatArray:
    """P(pattern, class), (D, 2, patterns)."""
    return np.asarray(probability * np.stack([1 - base_rate, base_rate], axis=1)[:, :, None])


def _probabilities(table: PatternTable, inputs: Inputs, n_jobs: int) -> npt.NDArray[np.float32]:
    """P(pattern | class) of every draw, (D, 2, patterns), kept in single precision."""
    result = np.empty((len(inputs), 2, table.n_patterns), dtype=np.float32)
    grid = coarse_grid(table.layout)
    pieces = list(inputs.pieces())
    work = Parallel(n_jobs=n_jobs, return_as="generator")
    found = work(delayed(_piece)(table, piece, grid) for _, piece in pieces)
    for (place, _), part in zip(pieces, found, strict=True):
        result[place] = part
    return result


def _piece(table: PatternTable, piece: Inputs, grid: Grid) -> npt.NDArray[np.float32]:
    structure = piece.structure(table.layout.keys, grid)
    parts = [class_probability(table, structure, g, np.float32) for g in (0, 1)]
    return np.stack(parts, axis=1)


def _margins(
    table: PatternTable, stored: npt.NDArray[np.float32] | None, inputs: Inputs | None
) -> Margins | None:
    """Margins of the draws where no finding depends on another, so that closed forms hold."""
    if stored is None or inputs is None or any(s.dependence for s in inputs.scenarios):
        return None
    return margins(table, stored)


def _expected(stored: npt.NDArray[np.float32], base_rate: FloatArray) -> FloatArray:
    """Joint probabilities expected over the draws, (2, patterns): what a clinician may act on."""
    weight = np.stack([1 - base_rate, base_rate]) / base_rate.size
    return np.stack([weight[g] @ stored[:, g] for g in (0, 1)])


def _consequences(
    course: Course, table: PatternTable, probability: npt.NDArray[np.floating[Any]], inputs: Inputs
) -> dict[str, FloatArray]:
    names, columns = indicators(course, table)
    shares = probability.astype(np.float64) @ columns
    review = course.pathway.has_review
    return counted(names, shares, inputs.base_rate, inputs.returning, has_review=review)


def _one(values: dict[str, FloatArray]) -> dict[str, float]:
    return {name: float(value[0]) for name, value in values.items()}


def _drawn(
    pathway: Pathway,
    course: Course,
    table: PatternTable,
    stored: npt.NDArray[np.float32] | None,
    inputs: Inputs | None,
    models: Mapping[str, Any] | None,
    decide: str,
) -> dict[str, FloatArray]:
    """Consequences in every draw; pieces keep memory flat."""
    if stored is None or inputs is None:
        return {name: np.empty(0) for name in (*LABELS, *_SECOND)}
    parts = []
    for place, piece in inputs.pieces():
        if decide == "oracle" and "risk" in pathway.words:
            for i in range(len(piece)):
                one = Inputs(scenarios=piece.scenarios[i : i + 1], reviews=piece.reviews[i : i + 1])
                seen = stored[place][i : i + 1]
                knowing = run_pathway(pathway, table, _joint(seen, one.base_rate)[0], models)
                parts.append(_consequences(knowing, table, seen, one))
        else:
            parts.append(_consequences(course, table, stored[place], piece))
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
