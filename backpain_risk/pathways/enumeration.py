"""Comparing pathways by enumeration: every pattern of patients, its probability, and what becomes
of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from joblib import Parallel, delayed

from ..numerics.checks import (
    FloatArray,
    as_generator,
    check_choice,
    check_count,
    check_kind,
    check_workers,
)
from ..scenario.scenario import Scenario
from ..scenario.structure.states import Grid
from .closed_form import Margins, margins
from .comparison import PathwayComparison
from .consequences import LABELS, SECOND, counted, indicators
from .course import Course, run_pathway
from .doors import check_grid, check_models, check_pathways, check_scenario
from .doubt import Inputs, Review, draw_inputs
from .pathway import Pathway, load_pathways
from .patterns import PatternTable, class_probability, coarse_grid, layout_for, pattern_table


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
        The setting, with its base rate and accuracies.
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
    check_scenario(scenario)
    chosen = load_pathways() if pathways is None else check_pathways("pathways", pathways)
    if models is not None:
        check_models(models)
    if review is not None:
        check_kind("review", review, Review, "Make one with Review().")
    if np.ndim(dependence) != 1 or len(dependence):
        check_grid("dependence", dependence, 0.0, 1.5)
    check_workers("n_jobs", n_jobs)
    if rng is not None:
        as_generator(rng)
    again = review or Review()
    check_count("per", per, 1)
    check_count("n_draws", n_draws, 0)
    check_choice("decide", decide, ("expected", "oracle"))
    words = {
        str(c) for model in (models or {}).values() for c in getattr(model, "feature_names_in_", ())
    }
    _refuse_undeclared(chosen.values(), scenario)
    layout = layout_for(chosen.values(), words, scenario.words)
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


def _refuse_undeclared(pathways: Iterable[Pathway], scenario: Scenario) -> None:
    """A pathway may use words of its own only where the scenario says how they behave."""
    for pathway in pathways:
        used = {own.key for step in pathway.steps for own in step.words.own}
        used &= {*pathway.words, *pathway.tests}
        unknown = sorted(used - set(scenario.words.columns))
        if unknown:
            raise ValueError(
                f"scenario must declare what its pathways use; {pathway.name} uses {unknown[0]}, "
                f"and {scenario.name} does not. Add it to the scenario."
            )


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
        return {name: np.empty(0) for name in (*LABELS, *SECOND)}
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
