"""A scenario's calibrated joint distribution as one JSON file that a browser can sum.

The file holds the factors of the distribution, not a table of answers: which states, ages and
sexes there are, how findings respond to them, and the same for draws of what is uncertain.
Laboratory values are kept by band. P(band | y, age, sex) is a smooth function of one number, the
effect of age and sex, and is kept as Chebyshev coefficients of the log odds of "this band or a
lower one".
"""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from numpy.polynomial import chebyshev
from scipy.special import logit

from ... import vocabulary
from ...files import write_atomically
from ...numerics.checks import FloatArray, as_generator, check_count, check_kind, check_path
from ...scenario.parts import FindingTarget, LaboratoryTarget
from ...scenario.scenario import Scenario
from ...scenario.structure.laboratory import value_bands
from ...scenario.structure.states import AGES, ClassStates
from ...scenario.structure.structure import Structure, build_structure

FORMAT = "backpain_risk scenario"
VERSION = 1
DEPENDENCES = (0.0, 0.25, 0.5, 0.75, 1.0, 1.25, 1.5)
_DEGREE_EXACT = 24
_DEGREE_DRAWN = 14
_CLOSE = 1e-9
_DRAWN_TOGETHER = 50


def export_scenario(
    scenario: Scenario,
    path: str | Path,
    n_draws: int = 200,
    *,
    rng: int | np.random.SeedSequence | np.random.Generator = 0,
    dependences: Sequence[float] = DEPENDENCES,
) -> None:
    """Write the joint distribution of a scenario for the explorer, or for any other program.

    Parameters
    ----------
    scenario : Scenario
        The setting, with its base rate and accuracies.
    path : path of a JSON file
        Replaced in one step when it is there.
    n_draws : int, default 200
        Draws of base rate and accuracy, from which the page takes its limits; 0 for none.
    rng : int, SeedSequence or Generator, default 0
        Where the draws come from: those of ``scenario.draws(n_draws, rng=rng)``, which are those
        of :func:`assess` unless it is told otherwise.
    dependences : sequence of float, default 0 to 1.5 by 0.25
        Other values of the scenario's dependence at which the page can answer, without limits.

    Raises
    ------
    ValueError
        For a number of draws that is none, or a dependence outside 0 to 1.5.

    Notes
    -----
    Yes/no findings and ages are exact sums, as :meth:`Scenario.risk` makes them. The schema is
    described in the file itself, under ``"about"``; ``"example"`` holds one patient with the risk
    that a reader of the file has to find.

    Examples
    --------
    >>> import json, tempfile
    >>> from backpain_risk import load_scenario
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     export_scenario(load_scenario("primary_care"), Path(folder) / "a.json", n_draws=0)
    ...     content = json.loads((Path(folder) / "a.json").read_text("utf-8"))
    >>> content["scenario"]["base_rate"], content["example"]["patient"]["history_of_cancer"]
    (0.01, 1)
    """
    check_kind("scenario", scenario, Scenario, "Load one with load_scenario.")
    target = check_path("path", path)
    check_count("n_draws", n_draws, 0)
    as_generator(rng)
    draws = drawn_structures(scenario, n_draws, rng)
    content = exported(scenario, draws, dependences=dependences)
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    write_atomically(target, lambda part: part.write_text(text, "utf-8"))


def exported(
    scenario: Scenario, draws: Sequence[Structure], *, dependences: Sequence[float] = DEPENDENCES
) -> dict[str, Any]:
    """What the file holds, with what was drawn of it; see :func:`export_scenario`."""
    structure = scenario.structure
    return {
        "format": FORMAT,
        "version": VERSION,
        "about": _ABOUT,
        "notice": vocabulary.notice(scenario),
        "scenario": _heading(scenario),
        "terms": _terms(scenario),
        "ages": AGES.tolist(),
        "nodes": _packed(structure.grid.nodes),
        "node_weights": _packed(structure.grid.node_weights),
        "classes": [_class(structure, g) for g in (0, 1)],
        "findings": {
            key: _effects(structure, key, scenario.findings[key])
            for key in scenario.words.responding
        },
        "laboratory": {
            key: _effects(structure, key, scenario.laboratory[key])
            for key in scenario.words.laboratory
        },
        "at": [_at(scenario, value) for value in dependences],
        "point": _varying([structure], structure, scenario, exact=True),
        "draws": _varying(draws, structure, scenario, exact=False) if draws else None,
        "example": _example(scenario, draws),
    }


_ABOUT = (
    "Arrays are base64 of little-endian numbers with their type and shape. classes: weight (ages x "
    "sexes, sites) is P(site | age, sex, class) and mechanism (sites, mechanisms) P(mechanisms | "
    "site); a state is a site with its mechanisms, mechanisms running fastest. findings: state "
    "effects of each class, effect of ten years of age over 50, of men, loading of the severity; "
    "P(recorded) = invented + (1 - missed - invented) Phi(location + dependence (state + age + "
    "male + loading node)). laboratory: the same without age and sex says whether the illness "
    "shows (y); Chebyshev coefficients (y, cuts, degree + 1) on effects from low to high give the "
    "log odds of a band at or below each cut. point and draws: base rate, P(age | class), factors "
    "(sexes, sites) of the weights, locations, recording errors, coefficients."
)


def _heading(scenario: Scenario) -> dict[str, Any]:
    low, high = scenario.base_rate_interval
    return {
        "name": scenario.name,
        "title": scenario.title,
        "setting": scenario.setting,
        "digest": scenario.digest,
        "base_rate": scenario.base_rate,
        "base_rate_low": low,
        "base_rate_high": high,
        "base_rate_status": scenario.base_rate_status,
        "dependence": scenario.dependence,
        "male_share": scenario.male_share,
    }


def _terms(scenario: Scenario) -> dict[str, Any]:
    """Label, definition, status and study of everything the page can ask."""
    result: dict[str, Any] = {}
    for key in scenario.words.responding:
        term = scenario.words.columns[key]
        target = scenario.findings[key]
        result[key] = {
            "label": term.label,
            "definition": term.definition,
            "group": getattr(term, "group", ""),
            "red_flag": key in vocabulary.RED_FLAGS,
            "sensitivity": target.sensitivity,
            "specificity": target.specificity,
            "status": target.accuracy_status,
            "study": target.study,
        }
    for key, test in scenario.words.laboratory.items():
        measured = scenario.laboratory[key]
        result[key] = {
            "label": test.label,
            "definition": test.definition,
            "unit": test.unit,
            "group": "laboratory",
            "bands": list(test.bands),
            "sensitivity": list(measured.sensitivity),
            "specificity": list(measured.specificity),
            "status": measured.accuracy_status,
            "study": measured.study,
        }
    band = scenario.findings[vocabulary.AGE_BAND]
    result[vocabulary.AGE.key] = {
        "label": vocabulary.AGE.label,
        "definition": vocabulary.AGE.definition,
        "group": "who",
        "band_from": vocabulary.AGE.cutoffs[0],
        "sensitivity": band.sensitivity,
        "specificity": band.specificity,
        "status": "assumed",  # published is the band; within it ages follow assumed distributions
        "study": band.study,
    }
    return result


def _split(states: ClassStates) -> tuple[FloatArray, FloatArray]:
    """P(age, sex, site), (D, contexts, sites), and P(mechanisms | site), (sites, mechanisms)."""
    sites = len(dict.fromkeys(zip(states.cause, states.primary_site, strict=True)))
    cells = states.weight.reshape(*states.weight.shape[:2], sites, -1)
    by_site = cells.sum(axis=-1)
    mechanism = cells[0].sum(axis=0) / by_site[0].sum(axis=0)[:, None]
    if np.abs(cells - by_site[..., None] * mechanism).max() > 1e-14:
        raise AssertionError("mechanisms depend on more than the site")
    return by_site, mechanism


def _class(structure: Structure, g: int) -> dict[str, Any]:
    by_site, mechanism = _split(structure.states[g])
    given = by_site[0] / by_site[0].sum(axis=1, keepdims=True)
    return {"weight": _packed(given), "mechanism": _packed(mechanism)}


def _effects(structure: Structure, key: str, target: FindingTarget | LaboratoryTarget) -> Any:
    """What moves a finding, or whether the illness shows in a laboratory value."""
    pair = structure.responses[key]
    return {
        "state": [response.state.tolist() for response in pair],
        "age": target.age,
        "male": target.male,
        "loading": [response.loading for response in pair],
    }


def _at(scenario: Scenario, dependence: float) -> dict[str, Any]:
    other = scenario.replace(dependence=dependence)
    varying = _varying([other.structure], other.structure, other, exact=True)
    kept = ("locations", "recording", "coefficients", "ranges")
    return {"dependence": dependence} | {name: varying[name] for name in kept}


def drawn_structures(scenario: Scenario, n_draws: int, rng: Any) -> list[Structure]:
    """The joint distributions of ``n_draws`` draws of the scenario, in pieces."""
    drawn = scenario.draws(n_draws, rng=rng).drawn if n_draws else ()
    pieces = [drawn[i : i + _DRAWN_TOGETHER] for i in range(0, n_draws, _DRAWN_TOGETHER)]
    return [build_structure(piece) for piece in pieces]


def at_base_rate(draws: Sequence[Structure], scenario: Scenario, rng: Any) -> list[Structure]:
    """The draws of a scenario from those of one that differs from it in base rate only."""
    generator = as_generator(rng)
    return [
        replace(
            piece,
            base_rate=np.array([scenario.draw(rng=generator).base_rate for _ in piece.base_rate]),
        )
        for piece in draws
    ]


def _varying(
    pieces: Sequence[Structure], point: Structure, scenario: Scenario, *, exact: bool
) -> dict[str, Any]:
    """What differs between draws, each array with a leading axis of draws."""
    number: npt.DTypeLike = np.float64 if exact else np.float32
    result: dict[str, Any] = {
        "base_rate": _packed(np.concatenate([piece.base_rate for piece in pieces]))
    }
    for g in (0, 1):
        parts = [_ages_and_factors(piece.states[g], point.states[g]) for piece in pieces]
        result[f"ages_{g}"] = _packed(np.concatenate([ages for ages, _ in parts]), number)
        result[f"factors_{g}"] = _packed(np.concatenate([f for _, f in parts]), number)
    keys = (*scenario.words.responding, *scenario.words.laboratory)
    result["locations"] = [
        _packed(
            np.concatenate(
                [
                    np.column_stack([piece.responses[k][g].location for k in keys])
                    for piece in pieces
                ]
            )
        )
        for g in (0, 1)
    ]
    result["recording"] = {
        key: [_recording([piece.responses[key][g] for piece in pieces]) for g in (0, 1)]
        for key in keys
    }
    degree = _DEGREE_EXACT if exact else _DEGREE_DRAWN
    fitted = {key: _fitted(pieces, scenario, key, degree) for key in scenario.words.laboratory}
    result["coefficients"] = {key: _packed(c, number) for key, (c, _) in fitted.items()}
    result["ranges"] = {key: span for key, (_, span) in fitted.items()}
    return result


def _ages_and_factors(states: ClassStates, point: ClassStates) -> tuple[FloatArray, FloatArray]:
    """P(age), (D, ages), and what multiplies the point's P(site | age, sex), (D, sexes, sites)."""
    by_site, _ = _split(states)
    base, _ = _split(point)
    context = by_site.sum(axis=2).reshape(len(by_site), AGES.size, 2)
    moved = by_site / by_site[:, :, :1]
    still = np.broadcast_to(base / base[:, :, :1], moved.shape)
    ratio = np.divide(moved, still, out=np.ones_like(moved), where=still > 0)  # no prostate: 0 / 0
    ratio = ratio.reshape(len(by_site), AGES.size, 2, -1)
    if np.abs(ratio / ratio[:, :1] - 1).max() > 1e-9:
        raise AssertionError("a draw moves sites by more than one factor a sex")
    return context.sum(axis=2), ratio[:, AGES.size // 2]


def _recording(responses: Sequence[Any]) -> Any:
    """Missed and invented: one pair where all draws share it, else (D, 2)."""
    if all(len(response.recording) == 1 for response in responses):
        return responses[0].recording[0].tolist()
    return _packed(np.concatenate([response.recording for response in responses]))


def _fitted(
    pieces: Sequence[Structure], scenario: Scenario, key: str, degree: int
) -> tuple[FloatArray, list[float]]:
    """Chebyshev coefficients (D, 2, cuts, degree + 1), and the range of the effect."""
    effects = scenario.laboratory[key]
    grid = pieces[0].grid
    effect = scenario.dependence * (effects.age * grid.decades + effects.male * grid.male)
    levels = np.unique(effect)
    span = [float(levels[0]), float(levels[-1])]
    width = max(span[1] - span[0], 1e-300)
    x = (2 * levels - span[0] - span[1]) / width
    degree = min(degree, levels.size - 1)
    below = np.concatenate(
        [
            np.cumsum(
                piece.values[key].given @ value_bands(scenario.words.laboratory[key]).T, axis=-1
            )
            for piece in pieces
        ]
    )
    wanted = np.moveaxis(logit(below[..., :-1]), 2, 0)
    found = chebyshev.chebfit(x, wanted.reshape(levels.size, -1), degree)
    missed = np.abs(chebyshev.chebvander(x, degree) @ found - wanted.reshape(levels.size, -1)).max()
    if missed > (_CLOSE if degree == min(_DEGREE_EXACT, levels.size - 1) else 1e-6):
        raise ValueError(
            f"{key} of {scenario.name} must vary smoothly with age and sex; its log odds are met "
            f"to {missed:.1g} only. Make its effects of age and sex smaller."
        )
    return np.moveaxis(found.reshape(degree + 1, *wanted.shape[1:]), 0, -1), span


def _example(scenario: Scenario, draws: Sequence[Structure]) -> dict[str, Any]:
    """One patient and the answers that a reader of the file has to find."""
    patient: dict[str, Any] = {"age_years": 67, "history_of_cancer": 1, "esr_mm_h": "50-99"}
    row = pd.DataFrame([patient])
    drawn = [risk for piece in draws for risk in piece.risk(row)[:, 0].tolist()]
    return {"patient": patient, "risk": float(scenario.risk(row)[0]), "draws": drawn[:5]}


def _packed(values: npt.ArrayLike, number: npt.DTypeLike = np.float64) -> dict[str, Any]:
    array = np.ascontiguousarray(values, dtype=np.dtype(number).newbyteorder("<"))
    return {
        "type": np.dtype(number).name,
        "shape": list(array.shape),
        "data": base64.b64encode(array.tobytes()).decode("ascii"),
    }
