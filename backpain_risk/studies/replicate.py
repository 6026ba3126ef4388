"""One replicate: a cohort drawn, a method fitted to it, and what it is worth in the population."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.base import clone
from sklearn.utils.validation import has_fit_parameter
from threadpoolctl import threadpool_limits

from ..cohort.simulate import simulate_cohort
from ..numerics.checks import FloatArray
from ..numerics.patterns import IntArray, Patterns
from ..numerics.warned import recorded
from ..scenario.scenario import Scenario
from .drawn_truth import DrawnTruth
from .identity import digest_of
from .population import WholePopulation
from .study_design import StudyDesign
from .time_limit import TimeLimit, within

CAUSES = ("", "raised", "time", "process", "not a risk")
"""Why a replicate has no measures: not at all; the method raised; it took too long; it ended its
process; what it gave are no probabilities."""
_SHOWN = 300  # characters of a reason


class Asked(NamedTuple):
    """Replicates of some methods on cohorts of one scenario and size, to be run in one go."""

    scenario: str
    n: int
    methods: tuple[str, ...]
    first: int
    after: int


@dataclass(frozen=True, eq=False, kw_only=True)
class Driver:
    """The process that started the study; a worker in any other may end itself."""

    process: int
    machine: str

    @classmethod
    def this(cls) -> Driver:
        """The running process."""
        return cls(process=os.getpid(), machine=socket.gethostname())

    @property
    def is_elsewhere(self) -> bool:
        """Whether this code runs in another process than the driver."""
        return (os.getpid(), socket.gethostname()) != (self.process, self.machine)


def run_asked(design: StudyDesign, asked: Asked, driver: Driver) -> list[dict[str, Any]]:
    """Rows of all replicates asked, in order; arithmetic on one thread, so that they are the same
    everywhere.
    """
    rows = []
    with threadpool_limits(1):
        for number in range(asked.first, asked.after):
            cohort = draw_cohort(design, asked.scenario, asked.n, number)
            for method in asked.methods:
                rows.append(measured(design, cohort, method, driver)[0])
    return rows


@dataclass(frozen=True, eq=False, kw_only=True)
class DrawnCohort:
    """Counts of a development cohort and the population it is from.

    ``counts`` (m, 2) are patients of each pattern without and with malignancy.
    """

    scenario: str
    n: int
    number: int
    population: WholePopulation
    counts: IntArray

    @property
    def patterns(self) -> Patterns:
        """Patterns that occur, with events and patients."""
        total = self.counts.sum(axis=1)
        there = total > 0
        return Patterns(
            X=self.population.patterns[there].reset_index(drop=True),
            events=self.counts[there, 1].astype(np.float64),
            n=total[there].astype(np.float64),
        )


def draw_cohort(design: StudyDesign, scenario: str, n: int, number: int) -> DrawnCohort:
    """The cohort of one replicate, the same for every method."""
    truth = truth_of(design, scenario, number)
    population = _population(truth, tuple(design.predictors))
    seed = design.sequence("cohort", design.scenarios[scenario].digest, n, number)
    if design.draw == "counts":
        counts = population.draw(n, np.random.default_rng(seed))
    else:
        cohort = simulate_cohort(truth, n, seed=seed)
        counts = _counted(cohort.predictors[list(design.predictors)], cohort.outcome.to_numpy())
    return DrawnCohort(scenario=scenario, n=n, number=number, population=population, counts=counts)


def truth_of(design: StudyDesign, scenario: str, number: int) -> Scenario:
    """The scenario of one replicate; the same for every size and method."""
    given = design.scenarios[scenario]
    if isinstance(given, DrawnTruth):
        seed = design.sequence("truth", given.digest, number)
        return given.scenario.draw(rng=seed)
    return given


@lru_cache(maxsize=256)
def _population(truth: Scenario, predictors: tuple[str, ...]) -> WholePopulation:
    return WholePopulation.of(truth, predictors)


def _counted(flags: pd.DataFrame, outcome: npt.NDArray[Any]) -> IntArray:
    """Patients of each pattern and class; the last flag runs fastest."""
    k = flags.shape[1]
    code = flags.to_numpy(dtype=np.int64) @ (1 << np.arange(k)[::-1])
    counted = np.bincount(2 * code + outcome.astype(np.int64), minlength=2 << k)
    return counted.reshape(-1, 2)


def measured(
    design: StudyDesign, cohort: DrawnCohort, method: str, driver: Driver
) -> tuple[dict[str, Any], Any]:
    """The row of one method on one cohort, and the fitted model where there is one."""
    row = blank_row(cohort, method)
    found: dict[str, Any] = {}
    try:
        with within(design.time_limit, may_end_process=driver.is_elsewhere), recorded():
            model = _fitted(design, cohort, method)
            found = _found(model, design, cohort.population)
    except TimeLimit:
        return row | {"cause": "time", "reason": time_reason(design)}, None
    except Exception as error:  # a method may fail in any way; the reason is kept and shown
        return row | {"cause": "raised", "reason": reason_of(error)}, None
    return row | found, model


def blank_row(cohort: DrawnCohort, method: str) -> dict[str, Any]:
    """A row before anything was measured."""
    return {
        "scenario": cohort.scenario,
        "n": cohort.n,
        "method": method,
        "replicate": cohort.number,
        "events": int(cohort.counts[:, 1].sum()),
        "cause": "",
        "reason": "",
    }


def time_reason(design: StudyDesign) -> str:
    """What is said of a fit that took too long."""
    return f"took longer than {design.time_limit:g} s"


def reason_of(error: BaseException) -> str:
    """An error on one line."""
    return " ".join(f"{type(error).__name__}: {error}".split())[:_SHOWN]


def _fitted(design: StudyDesign, cohort: DrawnCohort, method: str) -> Any:
    """The method fitted to the cohort; its random numbers are those of this replicate."""
    model = clone(design.methods[method], safe=False)
    for key in sorted(model.get_params()):
        if key == "random_state" or key.endswith("__random_state"):
            content = digest_of(design.methods[method])
            parts = (
                content,
                key,
                design.scenarios[cohort.scenario].digest,
                cohort.n,
                cohort.number,
            )
            seed = design.sequence("method", *parts).generate_state(1)[0]
            model.set_params(**{key: int(seed >> 1)})
    X, y, weight = cohort.patterns.rows()
    there = weight > 0
    X = X[there].reset_index(drop=True)
    y = y[there].astype(np.int64)
    if has_fit_parameter(model, "sample_weight"):
        return model.fit(X, y, sample_weight=weight[there])
    each = np.repeat(np.arange(y.size), weight[there].astype(np.int64))
    return model.fit(X.iloc[each].reset_index(drop=True), y[each])


def _found(model: Any, design: StudyDesign, population: WholePopulation) -> dict[str, Any]:
    """Measures of a fitted model, or why it has none."""
    risk = _risk(model, population.patterns)
    bad = ~((risk >= 0) & (risk <= 1))
    if bad.any():
        what = f"{int(bad.sum())} of {risk.size} patterns, first {risk[bad][0]:g}"
        return {"cause": "not a risk", "reason": f"risks outside [0, 1] or missing: {what}"}
    limits = _limits(model, population.patterns, design.level)
    found = population.measures(risk, tuple(design.thresholds)) | population.coverage(*limits)
    return {"separated": _separated(model), "infinite": _infinite(model)} | found


def _risk(model: Any, patterns: pd.DataFrame) -> FloatArray:
    if hasattr(model, "risk"):
        return np.asarray(model.risk(patterns), dtype=np.float64)
    event = list(model.classes_).index(1)
    return np.asarray(model.predict_proba(patterns)[:, event], dtype=np.float64)


def _limits(model: Any, patterns: pd.DataFrame, level: float) -> tuple[FloatArray, FloatArray]:
    """Limits of each risk by the method; NaN where it has none."""
    if hasattr(model, "risk_interval"):
        low, high = model.risk_interval(patterns, level)
        return low, high
    if hasattr(model, "credible_risk"):
        credible = model.credible_risk(patterns, level)
        return credible.low, credible.high
    nothing = np.full(len(patterns), np.nan)
    return nothing, nothing


def _separated(model: Any) -> float:
    """1 where the method says that its data are separated, 0 where they overlap, NaN where it does
    not look.
    """
    result = getattr(model, "result_", None)
    if getattr(result, "penalty", "") is not None:
        return float("nan")
    separation = getattr(result, "separation", None)
    return float(separation is not None and separation.separated)


def _infinite(model: Any) -> float:
    """1 where some coefficient is not finite; NaN where there are none."""
    coefficient = getattr(model, "coef_", None)
    if coefficient is None:
        return float("nan")
    return float(not np.isfinite(np.asarray(coefficient, dtype=np.float64)).all())


def each_alone(asked: Asked) -> Iterator[Asked]:
    """The same, one replicate and method at a time."""
    for number in range(asked.first, asked.after):
        for method in asked.methods:
            yield asked._replace(methods=(method,), first=number, after=number + 1)
