"""The design of a simulation study (ADEMP): aims, data-generating mechanisms, estimands, methods,
performance measures.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from .. import __version__, vocabulary
from ..numerics.checks import (
    check_choice,
    check_count,
    check_fraction,
    check_kind,
    check_level,
    check_mapping,
    check_name,
    check_positive,
)
from ..numerics.streams import as_seed_sequence
from ..numerics.values import shown
from ..results.notebook import as_html
from ..results.terminal import as_text
from ..scenario.all_patterns import check_flags
from ..scenario.scenario import Scenario
from .drawn_truth import DrawnTruth
from .identity import digest_of
from .population import WholePopulation
from .toml_words import design_text

DRAWS = ("counts", "patients")
STUDY_VERSION = 1
"""Changes when replicates of the same design come out otherwise."""
THRESHOLDS = (0.01, 0.03)


@dataclass(frozen=True, eq=False, kw_only=True)
class StudyDesign:
    """A simulation study before it is run.

    Parameters
    ----------
    scenarios : mapping of name to Scenario or DrawnTruth
        Data-generating mechanisms.
    sizes : sequence of int
        Patients of a development cohort.
    methods : mapping of name to estimator
        scikit-learn classifiers; ``random_state`` is set from the content of the design.
    seed : int
        Every cohort is drawn from a child of it.
    aims : str
        What the study is to find out, in words.
    predictors : sequence of str
        Yes/no columns, at most 13; the nine red flags when not said.
    thresholds : sequence of float
        Of the net benefit.
    replicates : int, or mapping of method to int
        Cohorts of each scenario and size; slow methods may have fewer, of the same cohorts.
    target : mapping of measure to float
        Monte-Carlo standard errors to reach, such as ``{"net_benefit_lost@0.03": 0.00005}``.
    draw : {"counts", "patients"}
        One multinomial over the patterns, or patients one by one; the distribution is the same.
    level : float
        Of the limits of patients' risks.
    time_limit : float
        Seconds after which a fit counts as failed.

    Raises
    ------
    ValueError
        For anything that could not be run.

    Examples
    --------
    >>> from backpain_risk import LogisticModel, load_scenario
    >>> design = StudyDesign(
    ...     scenarios={"d = 1": load_scenario("primary_care")},
    ...     sizes=[1000],
    ...     methods={"firth": LogisticModel(penalty="firth")},
    ...     seed=1,
    ... )
    >>> design.cells().shape
    (1, 4)
    """

    scenarios: Mapping[str, Scenario | DrawnTruth]
    sizes: Sequence[int]
    methods: Mapping[str, Any] = field(repr=False)
    seed: int
    aims: str = ""
    predictors: Sequence[str] = vocabulary.RED_FLAGS
    thresholds: Sequence[float] = THRESHOLDS
    replicates: int | Mapping[str, int] = 1000
    target: Mapping[str, float] = field(default_factory=dict)
    draw: str = "counts"
    level: float = 0.95
    time_limit: float = 60.0

    def __post_init__(self) -> None:
        _keep(self, "scenarios", _named(self.scenarios, "scenarios"))
        for name, scenario in self.scenarios.items():
            check_kind(
                f"scenarios ({name})",
                scenario,
                (Scenario, DrawnTruth),
                "Load one with load_scenario.",
            )
        _keep(self, "methods", _named(self.methods, "methods"))
        for name, method in self.methods.items():
            _check_method(name, method)
        _keep(self, "sizes", _each_once("sizes", self.sizes, lambda n: check_count("sizes", n, 2)))
        _keep(self, "predictors", check_flags(self.predictors))
        fraction = lambda t: check_fraction("thresholds", t)  # noqa: E731
        _keep(self, "thresholds", _each_once("thresholds", self.thresholds, fraction))
        as_seed_sequence(self.seed)
        check_kind("seed", self.seed, (int, np.integer), "Pass for example seed=1.")
        _keep(self, "seed", int(self.seed))
        check_kind("aims", self.aims, str, "Say in a sentence what the study is for.")
        _keep(self, "replicates", _replicates(self.replicates, self.methods))
        check_choice("draw", self.draw, DRAWS)
        check_level(self.level)
        check_positive("time_limit", self.time_limit)
        for measure, mcse in check_mapping("target", self.target, "measure to number").items():
            check_name("target", measure)
            check_positive(f"target ({measure})", mcse)
        _keep(self, "target", dict(self.target))

    @cached_property
    def digest(self) -> str:
        """SHA-256 of everything that is asked, in hexadecimal."""
        cells = {(s, n, m): self.cell_digest(s, n, m) for s, n, m in self._cells()}
        names = [[*map(str, key), value] for key, value in cells.items()]
        return digest_of([names, self.aims, self.replicates, self.target])

    def replicates_of(self, method: str) -> int:
        """Cohorts that a method is fitted to in each scenario and size.

        Parameters
        ----------
        method : str
            Name of the method in the design.
        """
        return self.replicates if isinstance(self.replicates, int) else self.replicates[method]

    def cell_digest(self, scenario: str, n: int, method: str) -> str:
        """SHA-256 of what a replicate of one cell depends on.

        Neither the number of replicates, nor the other cells, nor names: so a study can grow.

        Parameters
        ----------
        scenario : str
            Name of the scenario in the design.
        n : int
            Patients of a development cohort.
        method : str
            Name of the method in the design.
        """
        return digest_of(
            {
                "scenario": self.scenarios[scenario].digest,
                "n": int(n),
                "method": self.methods[method],
                "predictors": list(self.predictors),
                "thresholds": list(self.thresholds),
                "seed": self.seed,
                "draw": self.draw,
                "level": float(self.level),
                "time_limit": float(self.time_limit),
                "study_version": STUDY_VERSION,
                "package_version": __version__,
            }
        )

    def sequence(self, *parts: str | int) -> np.random.SeedSequence:
        """The seed of something, made from what it is: the same whenever and wherever it is
        drawn.
        """
        text = "|".join(map(str, (STUDY_VERSION, self.seed, *parts)))
        words = np.frombuffer(hashlib.sha256(text.encode()).digest(), dtype="<u4")
        return np.random.SeedSequence([int(word) for word in words])

    def cells(self) -> pd.DataFrame:
        """One row per cell: scenario, n, method, digest."""
        rows = [(*cell, self.cell_digest(*cell)) for cell in self._cells()]
        return pd.DataFrame(rows, columns=["scenario", "n", "method", "digest"])

    def _cells(self) -> list[tuple[str, int, str]]:
        return [(s, n, m) for s in self.scenarios for n in self.sizes for m in self.methods]

    def estimands(self) -> pd.DataFrame:
        """True values of fixed scenarios from their joint distribution: scenario, estimand, value.

        Of a drawn truth every replicate has its own, of which nothing is listed.
        """
        rows = []
        for name, scenario in self.scenarios.items():
            if isinstance(scenario, Scenario):
                whole = WholePopulation.of(scenario, tuple(self.predictors))
                exact = whole.measures(whole.exact_risk, tuple(self.thresholds))
                rows += [
                    (name, key, value)
                    for key, value in exact.items()
                    if not key.startswith(("mape", "share_lost", "net_benefit_lost"))
                ]
        return pd.DataFrame(rows, columns=["scenario", "estimand", "value"])

    def to_frame(self) -> pd.DataFrame:
        """The design by the headings of ADEMP: part, content."""
        kind = {n: _scenario_text(s) for n, s in self.scenarios.items()}
        rows = [
            ("Aims", self.aims or "not stated"),
            ("Data-generating mechanisms", "; ".join(f"{n}: {t}" for n, t in kind.items())),
            ("Sizes", ", ".join(f"{n:,}" for n in self.sizes)),
            ("Predictors", ", ".join(self.predictors)),
            ("Estimands", "risk of every patient, exact; " + _thresholds_text(self.thresholds)),
            ("Methods", ", ".join(self.methods)),
            ("Performance", "exact in the population, with a Monte-Carlo error each"),
            ("Replicates", f"{self._replicates_text()}, drawn as {self.draw}, seed {self.seed}"),
            ("Digest", self.digest),
        ]
        return pd.DataFrame(rows, columns=["part", "content"])

    def _replicates_text(self) -> str:
        if isinstance(self.replicates, int):
            return f"{self.replicates:,}"
        return ", ".join(f"{name} {n:,}" for name, n in self.replicates.items())

    def to_toml(self) -> str:
        """The design as the text of a TOML file, which :func:`load_study_design` reads.

        Raises
        ------
        ValueError
            When a method is none of this package, or has a parameter that TOML cannot hold.
        """
        return design_text(self)

    def __repr__(self) -> str:
        return as_text(f"Simulation study. {vocabulary.NOTICE}", self.to_frame(), index=False)

    def _repr_html_(self) -> str:
        return as_html(f"Simulation study. {vocabulary.NOTICE}", self.to_frame(), index=False)


def _keep(design: StudyDesign, name: str, value: Any) -> None:
    object.__setattr__(design, name, value)


def _named(given: Any, name: str) -> dict[str, Any]:
    found = dict(check_mapping(name, given, "name to what it names"))
    if not found:
        raise ValueError(f"{name} must hold at least one; got none. Name one.")
    for key in found:
        check_name(f"each name in {name}", key)
    return found


def _each_once(name: str, values: Any, check: Any) -> tuple[Any, ...]:
    if not isinstance(values, (list, tuple, np.ndarray)) or not len(values):
        raise ValueError(
            f"{name} must be a list of numbers; got {shown(values)}. Pass for example [1000, 5000]."
        )
    found = tuple(check(value) for value in values)
    if len(set(found)) < len(found):
        raise ValueError(f"{name} must each stand once; got {shown(list(found))}. Leave one out.")
    return found


def _replicates(given: Any, methods: Mapping[str, Any]) -> int | dict[str, int]:
    """One number, or one for each method."""
    if not isinstance(given, Mapping):
        return check_count("replicates", given, 1)
    if set(given) != set(methods):
        raise ValueError(
            f"replicates must be a number, or one for each of {', '.join(methods)}; got "
            f"{shown(list(given))}. State every method."
        )
    return {name: check_count(f"replicates ({name})", given[name], 1) for name in methods}


def _check_method(name: str, method: Any) -> None:
    wanted = ("fit", "predict_proba", "get_params")
    if isinstance(method, type) or not all(hasattr(method, each) for each in wanted):
        raise ValueError(
            f"methods must be scikit-learn classifiers; got {shown(method)} for {name!r}. Pass for "
            "example LogisticModel(penalty='firth')."
        )
    digest_of(method)


def _scenario_text(scenario: Scenario | DrawnTruth) -> str:
    if isinstance(scenario, DrawnTruth):
        return f"truth drawn from {scenario.scenario.name}"
    return (
        f"{scenario.name}, base rate {scenario.base_rate:.2%}, dependence {scenario.dependence:g}"
    )


def _thresholds_text(thresholds: Sequence[float]) -> str:
    return "net benefit at " + ", ".join(f"{t:.3g}" for t in thresholds)
