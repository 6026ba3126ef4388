"""Designs as TOML: the words for methods and scenarios, and the text of a design."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Any

import numpy as np

from ..evidence.tables import load_evidence
from ..numerics.values import shown
from .drawn_truth import DrawnTruth
from .identity import described

MODELS = {
    "BayesianLogisticModel": "bayesian",
    "LikelihoodRatioModel": "likelihood_ratio",
    "LogisticModel": "logistic",
}
"""Classifiers that have words in TOML, ``model = "LogisticModel"`` and its parameters, and their
room.
"""
PUBLISHED = "published"
"""Word for the preferred published accuracy of the predictors."""
PLAIN = ("aims", "draw", "level", "seed", "time_limit")


def model_class(name: str) -> Any:
    """The class of a classifier; loaded when asked for, because one needs the sampler."""
    return getattr(import_module(f"...models.{MODELS[name]}.model", __name__), name)


def published_accuracy(predictors: tuple[str, ...]) -> dict[str, Any]:
    """The preferred published accuracy of each predictor that has one."""
    evidence = load_evidence()
    known = set(evidence.accuracy["finding"])
    return {key: evidence.finding(key) for key in predictors if key in known}


def design_text(design: Any) -> str:
    """The text of a TOML file that says the same as a design."""
    lines = [f"{key} = {_literal(key, getattr(design, key))}" for key in PLAIN]
    for key in ("predictors", "sizes", "thresholds"):
        lines.append(f"{key} = {_literal(key, list(getattr(design, key)))}")
    if isinstance(design.replicates, int):
        lines.append(f"replicates = {design.replicates}")
    else:
        lines += _table("replicates", design.replicates)
    lines += _table("target", design.target)
    for name, scenario in design.scenarios.items():
        drawn = isinstance(scenario, DrawnTruth)
        of = scenario.scenario if isinstance(scenario, DrawnTruth) else scenario
        head = f"scenarios.{json.dumps(name)}"
        lines += _table(head, {"drawn": True} if drawn else {})
        lines += _table(f"{head}.numbers", of.model_dump(mode="json"))
    for name, method in design.methods.items():
        lines += _table(f"methods.{json.dumps(name)}", _method(name, method, design.predictors))
    return "\n".join(lines) + "\n"


def _method(name: str, method: Any, predictors: tuple[str, ...]) -> dict[str, Any]:
    """Its class and the parameters that are not the default."""
    kind = type(method).__name__
    if kind not in MODELS or type(method) is not model_class(kind):
        raise ValueError(
            f"methods must be {', '.join(MODELS)} to be written as TOML; got {shown(method)} for "
            f"{name!r}. Keep the design as Python."
        )
    default = type(method)().get_params(deep=False)
    words: dict[str, Any] = {"model": kind}
    for key, value in method.get_params(deep=False).items():
        if described(value) == described(default[key]):
            continue
        published = key == "evidence" and described(value) == described(
            published_accuracy(predictors)
        )
        words[key] = PUBLISHED if published else value
    return words


def _table(head: str, content: Mapping[str, Any]) -> Iterator[str]:
    """A table and the tables in it."""
    inner = {key: value for key, value in content.items() if isinstance(value, Mapping)}
    yield ""
    yield f"[{head}]"
    for key, value in content.items():
        if key not in inner and value is not None:
            yield f"{_key(key)} = {_literal(key, value)}"
    for key, value in inner.items():
        yield from _table(f"{head}.{_key(key)}", value)


def _key(key: str) -> str:
    return key if key.replace("_", "").isalnum() and key.isascii() else json.dumps(key)


def _literal(name: str, value: Any) -> str:
    if isinstance(value, (bool, np.bool_)):
        return "true" if value else "false"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, (int, float, np.number)) and np.isfinite(value):
        return repr(value.item() if isinstance(value, np.number) else value)
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(_literal(name, each) for each in value) + "]"
    raise ValueError(
        f"{name} must be text, a number or a list to be written as TOML; got {shown(value)}. Keep "
        "the design as Python."
    )
