"""The figures of a development, by name: each drawn from a result, with its caption."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, NamedTuple

import pandas as pd

from ... import plots
from ...measures.risks_by_outcome import risk_distribution
from .developed import Development


class Figure(NamedTuple):
    """Name of the files, caption, and the function that draws it."""

    name: str
    caption: str
    draw: Callable[[], Any]


def figures_of(found: Development) -> Iterator[Figure]:
    """Every figure of the report, in order."""
    for name, model in found.models.items():
        if model.model is None:
            continue
        yield Figure(
            f"calibration_{name}",
            f"Calibration of {model.label}: apparent and corrected for optimism.",
            partial(plots.plot_corrected_calibration, model.validation),
        )
    yield Figure(
        "decision_curve",
        "Decision curves (apparent): net benefit of each model, of treating all and none.",
        partial(plots.plot_decision_curve, found.decision),
    )
    for name, model in found.models.items():
        if model.model is None:
            continue
        yield Figure(
            f"decision_curve_{name}",
            f"Net benefit of {model.label}: apparent and corrected for optimism.",
            partial(plots.plot_corrected_decision_curve, model.validation),
        )
        yield Figure(
            f"stability_{name}",
            f"Stability of the risks by {model.label}: each patient by the refitted models.",
            partial(plots.plot_stability, model.validation),
        )
    yield Figure(
        "risk_distribution",
        "Risks (apparent) of patients with and without the outcome.",
        lambda: plots.plot_risk_distribution(_distributions(found)),
    )
    for name, model in found.models.items():
        if model.sites is not None:
            yield Figure(
                f"sites_{name}",
                f"C-statistic of {model.label} in each site by the model of the others.",
                partial(plots.plot_internal_external, model.sites),
            )


def _distributions(found: Development) -> dict[str, Any]:
    y: pd.Series[int] = found.cohort.outcome
    return {m.label: risk_distribution(y.to_numpy(), m.risk) for m in found.models.values()}
