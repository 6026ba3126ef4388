"""What the functions of pathways are given, checked in one sentence each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ..numerics.checks import check_fraction, check_kind, check_mapping, check_number
from ..numerics.values import as_real, shown
from ..scenario.scenario import Scenario
from .pathway import Pathway


def check_scenario(scenario: Scenario) -> None:
    """A scenario, which says who the patients are."""
    check_kind("scenario", scenario, Scenario, "Load one with load_scenario.")


def check_pathways(
    name: str, pathways: Mapping[str, Pathway] | Sequence[Pathway]
) -> dict[str, Pathway]:
    """Pathways by name, at least one."""
    given = pathways.values() if isinstance(pathways, Mapping) else pathways
    listed = list(given) if isinstance(given, Iterable) else []
    if not listed or not all(isinstance(p, Pathway) for p in listed):
        raise ValueError(
            f"{name} must be a list or mapping of Pathway with at least one; got "
            f"{shown(pathways)}. Pass for example those of load_pathways."
        )
    named = dict(pathways) if isinstance(pathways, Mapping) else {p.name: p for p in listed}
    if len(named) < len(listed):
        raise ValueError(
            f"{name} must have names of their own; got one name twice. Rename one of them."
        )
    if not all(isinstance(key, str) for key in named):
        raise ValueError(f"{name} must have texts for names; got {shown(list(named))}. Name them.")
    return named


def check_harms(test_harm: Mapping[str, float]) -> dict[str, float]:
    """Harms by name of the test, each 0 or more."""
    check_mapping("test_harm", test_harm, "test to harm")
    for test, harm in test_harm.items():
        if as_real(harm) is None:
            raise ValueError(
                f"test_harm must be 0 or more; got {shown(harm)} for {test}. State it in harms of "
                "one MRI."
            )
        check_number(f"test_harm of {test}", harm, 0)
    return dict(test_harm)


def check_grid(name: str, values: Sequence[float], low: float = 0.0, high: float = 1.0) -> None:
    """One or more numbers from low to high; fractions strictly between 0 and 1 by default."""
    listed: list[Any] = (
        [] if isinstance(values, (str, Mapping)) or not isinstance(values, Iterable) else [*values]
    )
    if not listed:
        raise ValueError(
            f"{name} must be a list of numbers with at least one; got {shown(values)}. Pass for "
            "example [0.5]."
        )
    for value in listed:
        if (low, high) == (0.0, 1.0):
            check_fraction(name, value)
        else:
            check_number(name, value, low, high)


def check_models(models: Mapping[str, Any]) -> None:
    """Fitted models by the name under which a rule may speak of them."""
    check_mapping("models", models, "name to fitted model")
    for name, model in models.items():
        if not hasattr(model, "predict_proba"):
            raise ValueError(
                f"models must hold fitted models; got {shown(model)} for {name}. Fit it first."
            )
