"""No name or text, wherever it comes from, is run by a notebook that shows a result."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import backpain_risk as bpr
from backpain_risk.evidence.tests_in_order import post_test
from backpain_risk.results.estimate import Estimate
from backpain_risk.results.notebook import as_html, text_as_html
from backpain_risk.results.table import ResultTable

pytestmark = pytest.mark.contract

EVIL = "<script>alert('\"&')</script>"
TABLES = {"to_frame", "table", "odds_ratios", "indices", "pooled"}


def showing_classes():
    """Every class of the package that says itself how a notebook shows it."""
    found = {}
    for module in pkgutil.walk_packages(bpr.__path__, "backpain_risk."):
        for _, value in inspect.getmembers(importlib.import_module(module.name), inspect.isclass):
            if value.__module__.startswith("backpain_risk") and "_repr_html_" in vars(value):
                found[f"{value.__module__}.{value.__qualname__}"] = value
    return found


class Hostile(str):
    """A result every text, number and table of which is hostile, however it is asked for or
    formatted.
    """

    __slots__ = ()

    def __getattribute__(self, name):
        if name == "_repr_html_":
            return lambda: ""
        if name == "replace":  # escaping itself must work
            return super().replace
        return Table(name) if name in TABLES else Hostile(EVIL)

    def __call__(self, *_):
        return Hostile(EVIL)

    def __format__(self, _):
        return EVIL

    def __len__(self):
        return 2

    def __iter__(self):
        return iter((Hostile(EVIL), Hostile(EVIL)))

    def __add__(self, _):
        return Hostile(EVIL)

    __truediv__ = __rtruediv__ = __radd__ = __add__


class Table(pd.DataFrame):
    """Hostile names of rows and columns, and a hostile cell."""

    def __init__(self, _):
        names = ["value", "low", "high", "method", "malignant", "non_malignant", "group", EVIL]
        super().__init__(
            [[EVIL] * len(names)] * 2, columns=names, index=pd.Index([EVIL, EVIL], name=EVIL)
        )

    def __call__(self):
        return self


CLASSES = showing_classes()


@pytest.mark.parametrize("name", sorted(CLASSES))
def test_every_class_shows_hostile_text_as_text(name):
    shown = CLASSES[name]._repr_html_(Hostile(EVIL))
    assert isinstance(shown, str)
    assert "<script" not in shown


def test_the_walk_finds_the_classes_that_show_themselves():
    names = {name.rsplit(".", 1)[1] for name in CLASSES}
    assert {
        "Scenario",
        "Cohort",
        "Prior",
        "EvidencePrior",
        "Accuracy",
        "Estimate",
        "PostTest",
        "Assessment",
    } <= names
    assert len(CLASSES) > 40


@pytest.fixture(scope="module")
def hostile_results(scenario):
    named = scenario.model_copy(update={"name": EVIL, "title": EVIL})
    counts = bpr.Accuracy.from_counts(4, 41, 9, 1921)
    accuracy = replace(counts, finding=EVIL, study=EVIL)
    table = pd.DataFrame({EVIL: [EVIL]}, index=pd.Index([EVIL], name=EVIL))
    return {
        "scenario": named,
        "cohort": bpr.simulate_cohort(named, 50, seed=1),
        "prior": bpr.Prior(name=EVIL),
        "accuracy": accuracy,
        "estimate": Estimate(0.1, 0.0, 0.2, method=EVIL),
        "post_test": post_test(accuracy, 0.01, rng=1),
        "table": ResultTable(table),
        "estimator": bpr.LogisticModel(splines={EVIL: 4}),
    }


@pytest.mark.parametrize(
    "name",
    ["scenario", "cohort", "prior", "accuracy", "estimate", "post_test", "table", "estimator"],
)
def test_results_with_a_hostile_name_are_shown_safely(hostile_results, name):
    shown = hostile_results[name]._repr_html_()
    assert "<script>alert" not in shown
    assert "&lt;script&gt;" in shown


def test_text_and_tables_are_escaped_and_numbers_rounded():
    assert as_html("a < b") == "<p>a &lt; b</p>"
    assert text_as_html("a & b") == "<pre>a &amp; b</pre>"
    assert "<td>0.123</td>" in as_html(pd.DataFrame({"x": [0.12345]}), digits=3)
    assert "<th>0</th>" not in as_html(pd.DataFrame({"x": np.arange(2)}), index=False)
