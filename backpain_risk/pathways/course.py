"""Running a pathway on a table of patterns: who is tested, at which visit, knowing what a
clinician would know.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ..numerics.checks import BoolArray, FloatArray
from ..numerics.patterns import distinct_rows
from .pathway import DECISIVE, Pathway
from .patterns import PatternTable
from .rule import REVIEW, RISK, is_risk

VISITS = ("index", "review")


@dataclass(frozen=True, eq=False, kw_only=True)
class Course:
    """What a pathway does with each pattern of patients.

    Attributes
    ----------
    tested : dict of test to dict of visit to ndarray, shape (patterns,)
        Whether the test is ordered at that visit.
    steps : tuple of ndarray, shape (patterns,)
        Whom each step of the pathway tests.
    """

    pathway: Pathway
    tested: dict[str, dict[str, BoolArray]]
    steps: tuple[BoolArray, ...]


def run_pathway(
    pathway: Pathway,
    table: PatternTable,
    weight: FloatArray,
    models: Mapping[str, Any] | None = None,
) -> Course:
    """Follow a pathway through all patterns at once.

    Parameters
    ----------
    pathway : Pathway
    table : PatternTable
    weight : ndarray, shape (2, patterns)
        Joint probability of each pattern without and with malignancy, as the clinician knows it:
        expected over what is uncertain, never a single draw.
    models : mapping of name to classifier, optional
        What ``risk(name)`` means.
    """
    size = table.n_patterns
    tested = {
        test: {visit: np.zeros(size, dtype=bool) for visit in VISITS} for test in pathway.tests
    }
    steps = []
    for step in pathway.steps:
        known = _known(table, tested, step.at)
        words = step.rule.words
        if RISK in words:
            known = {**known, RISK: _risk_given(known, weight)}
        for word in words:
            if is_risk(word) and word != RISK:
                known = {**known, word: _model_risk(word, known, models or {})}
        gone = _done(tested, step.test, size) | _done(tested, DECISIVE, size)
        now = step.rule.holds(known) & ~gone
        tested[step.test][step.at] = tested[step.test][step.at] | now
        steps.append(now)
    return Course(pathway=pathway, tested=tested, steps=tuple(steps))


def _done(tested: dict[str, dict[str, BoolArray]], test: str, size: int) -> BoolArray:
    """Who has had a test, at either visit."""
    return np.any([np.zeros(size, dtype=bool), *tested.get(test, {}).values()], axis=0)


def _known(
    table: PatternTable, tested: dict[str, dict[str, BoolArray]], visit: str
) -> dict[str, FloatArray]:
    """Values known at a visit, NaN where a test has not been done; ``not_improved_at_review`` at
    review only.
    """
    known = {}
    for word, values in table.values.items():
        if word in table.layout.known.tests:
            known[word] = np.where(_done(tested, word, values.size), values, np.nan)
        elif word != REVIEW or visit == "review":
            known[word] = values
    return known


def _risk_given(known: Mapping[str, FloatArray], weight: FloatArray) -> FloatArray:
    """P(malignancy | what is known) of each pattern: sums over the patterns that look the same."""
    group, first = distinct_rows([np.where(np.isnan(v), -1.0, v) for v in known.values()])
    non_malignant, malignant = (np.bincount(group, weights=w, minlength=first.size) for w in weight)
    return np.asarray((malignant / (malignant + non_malignant))[group])


def _model_risk(
    word: str, known: Mapping[str, FloatArray], models: Mapping[str, Any]
) -> FloatArray:
    """Risk by a model where everything it reads is known, NaN elsewhere."""
    name = word.removeprefix(f"{RISK}(").removesuffix(")")
    if name not in models:
        named = ", ".join(models) or "none"
        raise ValueError(
            f"models must have the model {name!r} that a pathway uses; got {named}. Pass "
            f"models={{...}}."
        )
    model = models[name]
    columns = list(getattr(model, "feature_names_in_", ()))
    absent = [str(c) for c in columns if c not in known]
    if absent or not columns:
        raise ValueError(
            f"model {name!r} must be fitted on named columns of the vocabulary; got "
            f"{', '.join(absent) or 'no names'}. "
            "Fit it on a DataFrame with those columns."
        )
    frame = pd.DataFrame({column: known[column] for column in columns})
    complete = frame.notna().all(axis=1).to_numpy()
    risk = np.full(len(frame), np.nan)
    if complete.any():
        rows, first = distinct_rows([frame.loc[complete, c] for c in columns])
        predicted: npt.NDArray[np.float64] = np.asarray(
            model.predict_proba(frame[complete].iloc[first])
        )[:, 1]
        risk[complete] = predicted[rows]
    return risk
