"""Draws of many scenarios at once: numbers drawn as arrays, then written into copies that need no
validation, because what is drawn lies where it must.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

import numpy as np
from pydantic import BaseModel
from scipy.special import expit, logit

from ..numerics.checks import FloatArray, refuse_where
from ..numerics.intervals import LEVEL, normal_quantile
from .scenario import Scenario, moved_interval, positive_probabilities

M = TypeVar("M", bound=BaseModel)
Accuracies = Mapping[str, tuple[FloatArray, FloatArray]]


def draw_scenarios(scenario: Scenario, size: int, rng: np.random.Generator) -> tuple[Scenario, ...]:
    """``size`` draws of a scenario; one draw is that of :meth:`Scenario.draw`.

    Base rates first, then the findings and the laboratory values in their order, all draws of each
    together.
    """
    low, high = logit(scenario.base_rate_interval)
    step = (high - low) / (2 * normal_quantile(LEVEL)) * rng.standard_normal(size)
    rate = expit(logit(scenario.base_rate) + step)
    findings = {key: _finding(scenario, key, size, rng) for key in scenario.findings}
    laboratory = {key: _laboratory(scenario, key, size, rng) for key in scenario.laboratory}
    return tuple(
        _changed(
            scenario,
            base_rate=float(rate[i]),
            base_rate_interval=moved_interval(
                scenario.base_rate_interval, scenario.base_rate, float(rate[i])
            ),
            findings=_with(scenario.findings, findings, i),
            laboratory=_with(scenario.laboratory, laboratory, i),
        )
        for i in range(size)
    )


def with_accuracy(scenario: Scenario, key: str, sensitivity: float, specificity: float) -> Scenario:
    """A scenario in which one finding has another accuracy, both numbers inside (0, 1)."""
    numbers = {"sensitivity": sensitivity, "specificity": specificity}
    changed = scenario.findings[key].model_copy(update=numbers)
    return _changed(scenario, findings={**scenario.findings, key: changed})


def _finding(
    scenario: Scenario, key: str, size: int, rng: np.random.Generator
) -> tuple[FloatArray, FloatArray]:
    drawn = scenario.accuracy(key).draw(size, rng=rng)
    return _inside(key, drawn.sensitivity), _inside(key, drawn.specificity)


def _laboratory(
    scenario: Scenario, key: str, size: int, rng: np.random.Generator
) -> tuple[FloatArray, FloatArray]:
    """Sensitivities and specificities at the cut-offs, each (size, cut-offs)."""
    malignant, without = scenario.bands(key).draw(size, rng=rng)
    _inside(key, malignant)
    _inside(key, without)
    abnormal = scenario.words.laboratory[key].abnormal
    positive = [
        np.array([positive_probabilities(row, abnormal) for row in bands])
        for bands in (malignant, without)
    ]
    return positive[0], 1 - positive[1]


def _inside(key: str, values: FloatArray) -> FloatArray:
    refuse_where(
        (values <= 0) | (values >= 1),
        values,
        f"draws of {key} must lie strictly between 0 and 1",
        "Give its accuracy a larger effective number of patients.",
    )
    return values


def _with(targets: Mapping[str, M], drawn: Accuracies, i: int) -> dict[str, M]:
    """The targets with the accuracies of draw ``i``."""
    return {
        key: target.model_copy(
            update={
                "sensitivity": _plain(drawn[key][0][i]),
                "specificity": _plain(drawn[key][1][i]),
            }
        )
        for key, target in targets.items()
    }


def _plain(value: Any) -> Any:
    return tuple(value.tolist()) if np.ndim(value) else float(value)


def _changed(scenario: Scenario, **numbers: Any) -> Scenario:
    """A copy with other numbers, without validation and without what was computed from the old."""
    fields = {name: getattr(scenario, name) for name in Scenario.model_fields}
    return Scenario.model_construct(**{**fields, **numbers})
