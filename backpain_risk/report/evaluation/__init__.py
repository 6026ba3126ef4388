"""Everything that measures say of somebody's predictions, written to a folder: a summary, tables
and figures.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import combinations, count
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ... import plots
from ...measures.calibration.curve import CalibrationCurve, calibration_curve
from ...measures.calibration.level_and_slope import miller_tests
from ...measures.calibration.subgroups import check_groupings, subgroup_calibration
from ...measures.catalogue import CATALOGUE, NET_BENEFIT
from ...measures.decision.bayesian import bayesian_decision_curve
from ...measures.decision.inputs import check_models, check_thresholds
from ...measures.decision.net_benefit import decision_curve
from ...measures.discrimination.comparison import compare_auroc
from ...measures.discrimination.roc import precision_recall_curve, roc_curve
from ...measures.risks_by_outcome import risk_distribution
from ...measures.summary import performance
from ...numerics.checks import (
    FloatArray,
    as_generator,
    as_vector,
    check_both_classes,
    check_count,
    check_fraction,
)
from ...plots.style import write_png
from ...results.spreadsheet import spreadsheet_safe
from .folder import check_folder, write_folder
from .summary import SHOWN, list_of_files, summary_text

_PAIRED = 8  # most models whose joint posterior is drawn
MADE_BY = "backpain-risk evaluate"


@dataclass(frozen=True, eq=False)
class _Findings:
    """Writes tables and figures to the folder and remembers them, and what could not be
    computed.
    """

    folder: Path
    tables: dict[str, pd.DataFrame] = field(default_factory=dict)
    figures: dict[str, str] = field(default_factory=dict)  # title by name of the file
    notes: list[str] = field(default_factory=list)

    def table(self, name: str, table: pd.DataFrame) -> None:
        """Write a CSV file."""
        self.tables[name] = table
        spreadsheet_safe(table).to_csv(
            self.folder / f"{name}.csv", index=False, lineterminator="\n"
        )

    def figure(self, name: str, axes: Any, title: str = "") -> None:
        """Write a PNG file."""
        self.figures[name] = title or name.replace("_", " ")
        write_png(axes, self.folder / f"{name}.png")


@dataclass(frozen=True, eq=False)
class _Predictions:
    """Outcome, risks by model and weight, checked."""

    y: FloatArray
    risks: dict[str, FloatArray]
    w: FloatArray


def write_evaluation(
    outcome: npt.ArrayLike,
    risks: Mapping[str, npt.ArrayLike] | pd.DataFrame,
    folder: Path,
    *,
    rng: int | np.random.SeedSequence | np.random.Generator,
    subgroups: Mapping[str, npt.ArrayLike] | pd.DataFrame | None = None,
    thresholds: npt.ArrayLike = (0.01, 0.03),
    highest_threshold: float = 0.1,
    n_resamples: int = 200,
    sample_weight: npt.ArrayLike | None = None,
    force: bool = False,
) -> str:
    """Judge the predictions of one or more models and write all of it: ``summary.md``, CSV tables
    and PNG figures.

    Parameters
    ----------
    outcome : array, shape (n,)
        0 or 1, both present.
    risks : mapping of name to array, or DataFrame
        Predicted probabilities of the same patients.
    folder : Path
        Absent, empty, or that of an earlier evaluation, which is then replaced as a whole: whatever
        stops the work, the folder holds all of the old files or all of the new.
    rng : int, SeedSequence or Generator
    subgroups : mapping of name to array, or DataFrame, optional
        Groupings of the patients, for :func:`subgroup_calibration`.
    thresholds : array
        Threshold probabilities of the net benefits in the table.
    highest_threshold : float
        End of the range of the decision curves, which have 100 thresholds.
    n_resamples : int
        Directions in which the limits of the calibration indices are looked for (see
        :func:`performance`).
    sample_weight : array, shape (n,), optional
        Number of identical patients.
    force : bool
        Write into a folder with other files too, which stay unless they have the name of a new one.

    Returns
    -------
    str
        The summary, which in the file ends with the figures and a list of the tables. What a model
        does not have (a calibration curve of risks of 0 or 1, say) is left out, and the summary
        says why.

    Raises
    ------
    ValueError
        For one class only, risks outside [0, 1], missing values or different lengths, options out
        of range, or a folder that holds something else; before anything is computed.
    """
    given = _Predictions(*check_models(outcome, risks, sample_weight))
    check_both_classes(given.y, given.w, "evaluation")
    if subgroups is not None:
        check_groupings(subgroups, given.y.size, outcome=outcome, risks=risks)
    wanted = check_thresholds(
        np.sort(as_vector("thresholds", np.atleast_1d(np.asanyarray(thresholds))))
    )
    end = check_fraction("highest_threshold", highest_threshold)
    grid = np.round(
        np.arange(1, 101) * end / 100, 12
    )  # a threshold of 2 % is 0.02, not a bit above
    check_count("n_resamples", n_resamples, 0)
    generator = as_generator(rng)
    check_folder(Path(folder), MADE_BY, force=force)
    told: list[str] = []

    def write(part: Path) -> None:
        found = _Findings(part)
        _add_performance(found, given, wanted, n_resamples, generator)
        _add_discrimination(found, given)
        _add_calibration(found, given, subgroups)
        _add_decisions(found, given, grid, generator)
        told.append(
            summary_text(found.tables, float(given.w.sum()), float(given.w @ given.y), found.notes)
        )
        files = list_of_files(found.tables, found.figures)
        (part / "summary.md").write_text(f"{told[0]}\n\n{files}\n", "utf-8")

    write_folder(Path(folder), MADE_BY, write, force=force)
    return told[0]


def _add_performance(
    found: _Findings,
    given: _Predictions,
    thresholds: npt.ArrayLike,
    n_resamples: int,
    rng: np.random.Generator,
) -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        table = performance(
            given.y,
            given.risks,
            thresholds=thresholds,
            measures=tuple(CATALOGUE),
            sample_weight=given.w,
            n_resamples=n_resamples,
            rng=rng,
        )
    found.notes.extend(str(warning.message) for warning in caught)
    found.table("performance", table)
    shown = [
        *SHOWN,
        *(name for name in dict.fromkeys(table.measure) if name.startswith(NET_BENEFIT)),
    ]
    found.figure("performance", plots.plot_performance(table, measures=shown))


def _add_discrimination(found: _Findings, given: _Predictions) -> None:
    y = given.y
    w = given.w
    roc = {name: roc_curve(y, risk, sample_weight=w) for name, risk in given.risks.items()}
    recall = {
        name: precision_recall_curve(y, risk, sample_weight=w) for name, risk in given.risks.items()
    }
    spread = {
        name: risk_distribution(y, risk, sample_weight=w) for name, risk in given.risks.items()
    }
    found.table("risk_distribution", _stacked(spread))
    found.figure("roc", plots.plot_roc(roc))
    found.figure("precision_recall", plots.plot_precision_recall(recall))
    found.figure("risk_distribution", plots.plot_risk_distribution(spread))
    if len(given.risks) > 1:
        found.table(
            "auroc_differences", pd.DataFrame([_compared(given, a, b) for a, b in _pairs(given)])
        )


def _pairs(given: _Predictions) -> list[tuple[str, str]]:
    return list(combinations(given.risks, 2))


def _compared(given: _Predictions, a: str, b: str) -> dict[str, Any]:
    compared = compare_auroc(given.y, given.risks[a], given.risks[b], sample_weight=given.w)
    difference = compared.difference
    limits = {"difference": difference.value, "low": difference.low, "high": difference.high}
    return {"a": a, "b": b} | limits | {"p_value": compared.p_value}


def _add_calibration(
    found: _Findings,
    given: _Predictions,
    subgroups: Mapping[str, npt.ArrayLike] | pd.DataFrame | None,
) -> None:
    curves = {name: curve for name in given.risks if (curve := _curve(found, given, name))}
    if curves:
        tests = {
            name: miller_tests(given.y, given.risks[name], sample_weight=given.w) for name in curves
        }
        found.table("calibration", _stacked(curves))
        found.table("miller_tests", _together(tests))
        found.figure("calibration", plots.plot_calibration_panels(curves))
    if subgroups is not None:
        tables = {
            name: subgroup_calibration(given.y, risk, subgroups, sample_weight=given.w)
            for name, risk in given.risks.items()
        }
        found.table("subgroups", _together(tables))
        for file, name in zip(_file_names(tables), tables, strict=True):
            found.figure(
                f"subgroups_{file}", plots.plot_subgroups(tables[name]), f"subgroups, {name}"
            )


def _file_names(models: Iterable[str]) -> list[str]:
    """Names of models as parts of file names on any system: other signs become underscores, and
    none occurs twice.
    """
    found: list[str] = []
    for name in models:
        plain = re.sub(r"[^A-Za-z0-9.-]+", "_", name)[:60]
        taken = {other.lower() for other in found}
        numbered = (f"{plain}_{k}" for k in count(2))
        found.append(
            plain
            if plain.lower() not in taken
            else next(n for n in numbered if n.lower() not in taken)
        )
    return found


def _curve(found: _Findings, given: _Predictions, name: str) -> CalibrationCurve | None:
    """The spline, or groups where risks are too few for one; constant risks and those of 0 or 1
    have neither.
    """
    for method in ("rcs", "groups"):
        try:
            if np.ptp(given.risks[name]) == 0:
                raise ValueError("the risk is the same for every patient.")
            return calibration_curve(
                given.y, given.risks[name], method=method, sample_weight=given.w
            )
        except ValueError as error:
            found.notes.append(f"{name}: no calibration curve by {method}, because {error}")
    return None


def _add_decisions(
    found: _Findings, given: _Predictions, thresholds: FloatArray, rng: np.random.Generator
) -> None:
    curve = decision_curve(given.y, given.risks, thresholds=thresholds, sample_weight=given.w)
    bayesian = bayesian_decision_curve(
        given.y,
        given.risks,
        thresholds=thresholds,
        dependence="paired" if len(given.risks) <= _PAIRED else "independent",
        sample_weight=given.w,
        rng=rng,
    )
    found.table("decision_curve", curve.to_frame())
    found.table("consequences_per_1000", curve.consequences())
    found.table("best_strategy", curve.best())
    found.table("bayesian_decision_curve", bayesian.to_frame())
    if len(given.risks) > 1:
        differences = {f"{a} - {b}": curve.difference(a, b) for a, b in _pairs(given)}
        found.table("net_benefit_differences", _together(differences, "models"))
    found.figure("decision_curve", plots.plot_decision_curve(curve))
    found.figure("interventions_avoided", plots.plot_interventions_avoided(curve))
    found.figure("usefulness", plots.plot_usefulness(bayesian))
    found.figure("evpi", plots.plot_evpi(bayesian))


def _stacked(results: Mapping[str, Any]) -> pd.DataFrame:
    return _together({name: result.to_frame() for name, result in results.items()})


def _together(tables: Mapping[str, pd.DataFrame], column: str = "model") -> pd.DataFrame:
    """Tables under each other, with a first column for the name of each."""
    named = [pd.DataFrame(table).assign(**{column: name}) for name, table in tables.items()]
    whole = pd.concat(named, ignore_index=True)
    return whole[[column, *whole.columns.drop(column)]]
