"""The whole pipeline repeated in bootstrap resamples: completed, fitted and measured anew."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from joblib import Parallel, delayed

from ...files import write_atomically
from ...numerics.chained_equations import complete
from ...numerics.checks import FloatArray
from ...numerics.joint_distribution import JointDistribution, fit_joint
from ...validation.development import Patients
from ...validation.procedure import Refit, Resamples
from ...validation.repeated_measures import Evaluation, Evaluator
from .candidates import (
    BAYES,
    PUBLISHED,
    Completions,
    Multiplied,
    banded,
    completions,
    estimator,
    varying,
)

_OUTCOME = 0  # no text, so no name of a predictor
_PARTS = ("values", "observed", "net_benefit")


@dataclass(frozen=True, eq=False)
class Pipeline:
    """What is repeated: patients with missing values, models, and what is measured of each."""

    table: pd.DataFrame
    patients: Patients
    models: tuple[str, ...]
    prior: Any
    multiplied: Multiplied | None
    evaluators: dict[str, Evaluator]

    def refit(self, resamples: Resamples, b: int) -> dict[str, Refit]:
        """Every model in one resample, measured in it and in all patients."""
        rows = resamples.rows(b)
        seed = resamples.child(b).spawn(1)[0]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                copy, joint = self._completed(rows, np.random.default_rng(seed))
                everyone = completions(joint, self.table[list(copy.columns)])
            except Exception as error:  # of any kind; the reason is kept and shown
                return {name: _failure(error) for name in self.evaluators}
            return {
                name: self._one(name, rows, copy, everyone, int(seed.generate_state(1)[0] >> 1))
                for name in self.evaluators
            }

    def _completed(
        self, rows: Any, rng: np.random.Generator
    ) -> tuple[pd.DataFrame, JointDistribution]:
        """A resample completed once with its outcome, and the predictors' joint distribution."""
        table = self.table.iloc[rows].reset_index(drop=True)
        table = table[varying(table)]
        copy = table
        if table.isna().any(axis=None):
            with_outcome = table.copy()
            with_outcome[_OUTCOME] = self.patients.outcome[rows]
            copy = table.fillna(complete(with_outcome, 1, rng)[0])
        order = np.argsort(table.isna().sum().to_numpy(), kind="stable")
        return copy, fit_joint(copy.to_numpy(np.float64), tuple(int(j) for j in order))

    def _one(
        self, name: str, rows: Any, copy: pd.DataFrame, everyone: Completions, seed: int
    ) -> Refit:
        outcome = self.patients.outcome[rows].astype(int)
        try:
            if name == PUBLISHED and self.multiplied is not None:
                risk = self.multiplied.risk(float(outcome.mean()))
            else:
                given = banded(copy) if name == BAYES else copy
                others = everyone
                if name == BAYES:
                    others = Completions(
                        banded(everyone.rows), everyone.weight, everyone.patient, everyone.n
                    )
                fitted = estimator(name, self.prior, seed=seed, final=False).fit(given, outcome)
                risk = others.averaged(fitted)
        except Exception as error:  # any model may fail in any way; the reason is kept and shown
            return _failure(error)
        evaluate = self.evaluators[name]
        own = evaluate(self.patients.sample(rows).grouped(risk))
        test = evaluate(self.patients.sample(np.arange(self.patients.n)).grouped(risk))
        return Refit(own, test, risk, tuple({**own.reasons, **test.reasons}.items()), ())


def _failure(error: Exception) -> Refit:
    return Refit(None, None, None, (("fit", f"{type(error).__name__}: {error}"),), ())


def refit_all(
    pipeline: Pipeline,
    resamples: Resamples,
    *,
    n_jobs: int,
    kept: Path | None,
    on_resample: Callable[[int], Any],
) -> dict[str, list[Refit]]:
    """All models in every resample.

    Parameters
    ----------
    pipeline : Pipeline
    resamples : Resamples
    n_jobs : int
    kept : Path, optional
        Folder in which finished resamples are kept, and found again after a kill.
    on_resample : callable
        Called with the number of resamples finished since the last call.
    """
    done = {b: found for b in range(resamples.number) if (found := _read(kept, b, pipeline))}
    on_resample(len(done))
    missing = [b for b in range(resamples.number) if b not in done]
    task = delayed(_numbered)
    work = (task(pipeline, resamples, b) for b in missing)
    for b, found in Parallel(n_jobs=n_jobs, return_as="generator_unordered")(work):
        done[b] = found
        _keep(kept, b, found)
        on_resample(1)
    return {name: [done[b][name] for b in range(resamples.number)] for name in pipeline.evaluators}


def _numbered(pipeline: Pipeline, resamples: Resamples, b: int) -> tuple[int, dict[str, Refit]]:
    return b, pipeline.refit(resamples, b)


def _keep(folder: Path | None, b: int, found: dict[str, Refit]) -> None:
    if folder is None:
        return
    arrays: dict[str, FloatArray] = {}
    told: dict[str, Any] = {}
    for name, refit in found.items():
        told[name] = {"problems": refit.problems}
        for place, evaluation in (("own", refit.own), ("test", refit.test)):
            if evaluation is not None and refit.risk is not None:
                arrays |= {f"{name} {place} {p}": getattr(evaluation, p) for p in _PARTS}
                arrays[f"{name} risk"] = refit.risk
                told[name][place] = evaluation.reasons

    def write(part: Path) -> None:
        with part.open("wb") as target:
            np.savez(target, told=np.array(json.dumps(told)), **arrays)  # type: ignore[arg-type]

    write_atomically(folder / f"resample-{b:05d}.npz", write)


def _read(folder: Path | None, b: int, pipeline: Pipeline) -> dict[str, Refit] | None:
    path = None if folder is None else folder / f"resample-{b:05d}.npz"
    if path is None or not path.is_file():
        return None
    with np.load(path, allow_pickle=False) as arrays:
        told = json.loads(str(arrays["told"]))
        return {name: _refit(name, told[name], arrays) for name in pipeline.evaluators}


def _refit(name: str, told: dict[str, Any], arrays: Any) -> Refit:
    def evaluation(place: str) -> Evaluation | None:
        if place not in told:
            return None
        values, observed, benefit = (arrays[f"{name} {place} {p}"] for p in _PARTS)
        return Evaluation(values, observed, benefit, told[place])

    problems = tuple((str(a), str(b)) for a, b in told["problems"])
    risk = arrays[f"{name} risk"] if "own" in told else None
    return Refit(evaluation("own"), evaluation("test"), risk, problems, ())


def as_patients(table: pd.DataFrame, outcome: FloatArray) -> Patients:
    """Each patient as a row of its own."""
    everyone = np.arange(len(table))
    return Patients(table, outcome, everyone, everyone)


def nothing_done(_: int) -> None:
    """No progress is shown."""


def progress_bar(total: int) -> Iterator[Callable[[int], Any]]:
    """A bar with the time left, on the error stream."""
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    columns = (TextColumn("resamples"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress:
        task = progress.add_task("resamples", total=total)
        yield lambda k: progress.advance(task, k)
