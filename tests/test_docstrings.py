"""Every public name says what its parameters are, and shows how it is used."""

from __future__ import annotations

import inspect
import re

import pytest

import backpain_risk as bpr
from backpain_risk import plots, report

pytestmark = pytest.mark.contract

SECTION = re.compile(r"-{3,}")
ENTRY = re.compile(r"(\*{0,2}\w+(?:, \*{0,2}\w+)*)(?: :.*)?")


def public():
    """Public names with what they name."""
    found = {name: getattr(bpr, name) for name in bpr.__all__}
    for room in (plots, report):
        short = room.__name__.split(".")[-1]
        found |= {f"{short}.{name}": getattr(room, name) for name in room.__all__}
    return found


def is_built_by_users(kind: type) -> bool:
    """Results, whose class lists attributes instead of parameters, are received and not built."""
    sections = inspect.cleandoc(kind.__doc__ or "").splitlines()
    return "Parameters" in sections or "Attributes" not in sections


def documented():
    """Functions, public methods, and classes that users build."""
    for name, value in public().items():
        if inspect.isclass(value):
            if is_built_by_users(value):
                yield name, value
            yield from methods(name, value)
        elif inspect.isfunction(value):
            yield name, value


def methods(name: str, kind: type):
    for key, value in vars(kind).items():
        function = getattr(value, "__func__", value)
        own = inspect.isfunction(function) and function.__module__.startswith(bpr.__name__)
        if own and not key.startswith("_"):
            yield f"{name}.{key}", function


def words(text: str) -> dict[str, str]:
    """What a docstring says of each parameter or attribute; empty where only its type stands."""
    lines = inspect.cleandoc(text).splitlines() or [""]
    said: dict[str, str] = {}
    section = ""
    entry: list[str] = []
    for line, below in zip(lines, [*lines[1:], ""], strict=True):
        if SECTION.fullmatch(below):
            section = line
            entry = []
        elif section in ("Parameters", "Attributes") and ENTRY.fullmatch(line):
            entry = line.split(" :")[0].replace("*", "").split(", ")
            said |= dict.fromkeys(entry, "")
        elif line.startswith(" "):
            said |= {name: said[name] + line.strip() for name in entry}
    return said


def unsaid(function, text: str | None) -> list[str]:
    """Parameters without words."""
    said = words(text or "")
    stars = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    asked = [p.name for p in inspect.signature(function).parameters.values() if p.kind not in stars]
    return [name for name in asked if name not in ("self", "cls") and not said.get(name)]


def test_every_parameter_has_words():
    found = {name: unsaid(value, value.__doc__) for name, value in documented()}
    assert len(found) > 250
    assert {name: left for name, left in found.items() if left} == {}


def test_parameters_without_words_are_found():
    def planted(a, b, *, c=1):
        """One line.

        Parameters
        ----------
        a : float
            Said.
        b : float

        Returns
        -------
        float
            c : not a parameter
        """

    assert unsaid(planted, planted.__doc__) == ["b", "c"]
    assert unsaid(planted, None) == ["a", "b", "c"]


# Slower than an example should be (sampling, enumeration), in need of a file, or of a notebook.
# A name leaves this list when it gets its example; none may join it.
WITHOUT_EXAMPLE: set[str] = {
    "count_patterns",
    "load_study_design",
    "plots.plot_break_even",
    "plots.plot_patient_risk",
    "plots.plot_predictive_check",
    "plots.plot_prior_posterior",
    "plots.plot_ranks",
    "plots.plot_risk_by_count",
    "plots.plot_study_contrast",
    "plots.plot_tornado",
    "plots.plot_trace",
    "report.claim",
    "report.figure",
    "report.prose",
    "report.record",
    "report.table",
    "review_break_even",
    "standardised_difference",
    "tornado",
    "write_explorer",
}


def test_every_name_that_users_call_is_shown_in_use():
    called = {name: value for name, value in documented() if "." not in name or name in public()}
    assert len(called) > 130
    without = {name for name, value in called.items() if ">>>" not in (value.__doc__ or "")}
    assert without == WITHOUT_EXAMPLE
