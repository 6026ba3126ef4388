"""One patient, step by step."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from ..numerics.checks import MOST_RESAMPLES, FloatArray, check_count, check_result
from ..numerics.intervals import percentile_limits
from ..vocabulary import Vocabulary
from .assessment import Assessment, risk_after
from .given import Given, as_row, read_findings
from .joint_steps import assess_jointly
from .likelihood_ratio.model import LikelihoodRatioModel

DEFAULT_PRETEST = 0.01


def assess(
    findings: Mapping[str, Any],
    *,
    scenario: Any = None,
    model: Any = None,
    pretest: float | None = None,
    n_draws: int = 200,
    rng: int | np.random.SeedSequence | np.random.Generator = 0,
) -> Assessment:
    """Assess one patient, finding by finding.

    Parameters
    ----------
    findings : mapping of key to value
        Yes/no findings as 1 or 0 (or True, False), ``age_years`` and laboratory values as numbers,
        laboratory values also as bands of the vocabulary ("50-99"); None when unknown.
    scenario : Scenario or ScenarioDraws, optional
        Exact joint risk under it, unknown findings integrated out, with the product of its
        likelihood ratios beside it. ``scenario.draws(n)`` is one set of draws for many patients.
    model : fitted model, optional
        Likelihood ratios of the packaged evidence when None.
    pretest : float, optional
        Pre-test probability for those; 1 % when None. Not together with a scenario or a model,
        which have their own: use ``scenario.replace(base_rate=)``.
    n_draws : int
        Draws of base rate and accuracies for the limits under a scenario; 0 for no limits.
    rng : int, SeedSequence or Generator
        What draws them, and the likelihood ratios for the limits of their product.

    Returns
    -------
    Assessment

    Raises
    ------
    ValueError
        For a finding that neither vocabulary nor model has, a value out of range or no number, an
        age and a band of age that contradict each other, a finding that a fitted model needs and
        does not get, or more than one of scenario, model and pre-test probability.

    Notes
    -----
    Likelihood ratios multiply as if findings were independent, which they are not: with many
    findings the result is too extreme. Under a scenario the joint distribution is summed instead,
    and ``reason`` says where the two part. Its limits are quantiles of the exact risk under draws
    of base rate and accuracies; its dependence is assumed, and not drawn. A fitted model starts
    from a patient without findings and with median other values, and takes the patient's values
    over one by one.

    Examples
    --------
    >>> patient = {"history_of_cancer": 1, "age_years": 67, "esr_mm_h": 58}
    >>> assessment = assess(patient, pretest=0.01)
    >>> assessment.steps[["finding", "probability"]].round(3).values.tolist()
    [['age_50_or_over', 0.026], ['history_of_cancer', 0.283], ['esr_mm_h', 0.835]]

    >>> from backpain_risk import load_scenario
    >>> jointly = assess(patient, scenario=load_scenario("primary_care"), n_draws=0)
    >>> round(jointly.risk.value, 3), round(jointly.multiplied.value, 3)
    (0.52, 0.835)
    """
    _refuse_several(scenario=scenario, model=model, pretest=pretest)
    if scenario is not None:
        check_result("scenario", scenario, "Scenario", "ScenarioDraws")
        given = read_findings(findings, scenario.words)
        return _by_scenario(scenario, given, n_draws, rng)
    words = _words(model)
    given = read_findings(findings, words, _columns(model))
    if model is None:
        model = LikelihoodRatioModel.from_evidence(
            pretest=DEFAULT_PRETEST if pretest is None else pretest
        )
    if isinstance(model, LikelihoodRatioModel):
        return _by_ratios(model, as_row(given, words), rng)
    return _by_columns(model, given)


def _refuse_several(**basis: Any) -> None:
    told = [name for name, value in basis.items() if value is not None]
    if len(told) > 1:
        raise ValueError(
            f"scenario, model or pretest must be given, one of them; got {' and '.join(told)}. A "
            "scenario and a fitted model have a base rate of their own; scenario.replace("
            "base_rate=) changes it."
        )


def _columns(model: Any) -> tuple[str, ...]:
    """What a model calls its predictors."""
    return tuple(map(str, getattr(model, "feature_names_in_", ())))


def _words(model: Any) -> Vocabulary:
    """The vocabulary, with the tests whose published bands a model knows."""
    levels = getattr(model, "findings_", {}).values()
    tests = [getattr(level.source, "test", None) for level in levels]
    return Vocabulary(tuple(test for test in tests if test is not None))


def _by_scenario(scenario: Any, given: Given, n_draws: int, rng: Any) -> Assessment:
    if hasattr(scenario, "drawn"):
        return assess_jointly(scenario.scenario, scenario, given, rng)
    check_count("n_draws", n_draws, 0, MOST_RESAMPLES)
    draws = scenario.draws(n_draws, rng=rng) if n_draws else None
    return assess_jointly(scenario, draws, given, rng)


def _by_ratios(model: LikelihoodRatioModel, row: pd.DataFrame, rng: Any) -> Assessment:
    steps = (
        model.explain(row, rng=rng)
        .to_frame()
        .drop(columns="patient")
        .rename(columns={"likelihood_ratio": "ratio"})
    )
    banded = {"age_years"} if "age_50_or_over" in set(steps.finding) else set()
    unused = tuple(
        str(key)
        for key in row
        if not np.isnan(row[key][0]) and key not in {*steps.finding, *banded}
    )
    kinds = {
        "independent": "findings taken as independent",
        "shrunk": "ratios shrunk for dependence",
    }
    return Assessment(
        steps=steps,
        baseline=model.baseline_,
        risk=risk_after(steps, model.baseline_, "credible"),
        ratio_name="likelihood ratio",
        unused=unused,
        source=f"pre-test probability; {kinds[model.dependence]}",
    )


def _by_columns(model: Any, given: Given) -> Assessment:
    """Reference values replaced by the patient's, one column after another."""
    columns = list(_columns(model))
    _refuse_bands(given, columns)
    row = as_row(given)
    missing = [name for name in columns if name not in row or np.isnan(row[name][0])]
    if not columns or missing:
        raise ValueError(
            "findings must give every predictor of the model; got none for "
            f"{', '.join(missing) or 'unnamed columns'}. "
            "Use likelihood ratios when some are unknown."
        )
    if not hasattr(model, "reference_"):
        raise ValueError(
            f"model must know a reference patient to start from; got {type(model).__name__}, "
            "which does not. Use its "
            "risk, or a LogisticModel."
        )
    rows = np.tile(np.asarray(model.reference_, dtype=np.float64), (len(columns) + 1, 1))
    for j, name in enumerate(columns):
        rows[j + 1 :, j] = row[name][0]
    return _assessed(model, pd.DataFrame(rows, columns=columns), row, columns)


def _refuse_bands(given: Given, columns: list[str]) -> None:
    banded = [key for key in columns if isinstance(given.get(key), str)]
    if banded:
        raise ValueError(
            f"{banded[0]} must be a number for a fitted model; got the band {given[banded[0]]!r}. "
            "Pass the recorded value."
        )


def _assessed(model: Any, path: pd.DataFrame, row: pd.DataFrame, columns: list[str]) -> Assessment:
    risk = model.risk(path)
    (low, high, kind) = _limits(model, path)
    eta = np.log(risk) - np.log1p(-risk)
    shift = np.diff(eta)
    steps = pd.DataFrame(
        {
            "finding": columns,
            "level": [f"{row[name][0]:g}" for name in columns],
            "ratio": np.exp(shift),
            "log_odds_shift": shift,
            "probability": risk[1:],
            "low": low[1:],
            "high": high[1:],
            "status": "fitted",
        }
    )
    return Assessment(
        steps=steps,
        baseline=float(risk[0]),
        risk=risk_after(steps, float(risk[0]), kind),
        ratio_name="odds ratio",
        unused=tuple(str(key) for key in row if key not in columns),
        source="a patient with reference values in the development cohort",
    )


def _limits(model: Any, path: pd.DataFrame) -> tuple[FloatArray, FloatArray, str]:
    if hasattr(model, "risk_draws"):
        low, high = percentile_limits(model.risk_draws(path))
        return low, high, "credible"
    if hasattr(model, "risk_interval"):
        return *model.risk_interval(path), "confidence"
    return np.full(len(path), np.nan), np.full(len(path), np.nan), "no"
