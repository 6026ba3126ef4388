"""One patient, step by step."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from .. import vocabulary
from ..numerics.checks import FloatArray, check_mapping
from ..numerics.intervals import percentile_limits
from ..numerics.values import as_real, shown
from ..results.estimate import Estimate
from ..results.notebook import text_as_html
from .likelihood_ratio.model import LikelihoodRatioModel

DEFAULT_PRETEST = 0.01


@dataclass(frozen=True, eq=False, kw_only=True)
class Assessment:
    """From the probability before any finding to the probability after all of them.

    Attributes
    ----------
    steps : DataFrame
        One row per finding: finding, level, ratio, log_odds_shift, probability after it, low, high,
        status.
    baseline : float
        Probability before the first step.
    risk : Estimate
        Probability after the last, with its interval.
    ratio_name : str
        "likelihood ratio" or "odds ratio".
    unused : tuple of str
        Findings that were given and that the model has no ratio for.
    """

    steps: pd.DataFrame
    baseline: float
    risk: Estimate
    ratio_name: str
    unused: tuple[str, ...]
    source: str

    def to_frame(self) -> pd.DataFrame:
        """The steps."""
        return self.steps.copy()

    def __str__(self) -> str:
        table = self.steps.assign(finding=[vocabulary.label(key) for key in self.steps.finding])
        table = table.rename(columns={"ratio": self.ratio_name.replace(" ", "_")})
        interval = f"{self.risk.level:.0%} {self.risk.kind} interval"
        lines = [
            f"Probability of malignancy before any finding: {self.baseline:.2%} ({self.source}).",
            table.to_string(index=False, float_format=lambda x: f"{x:.3g}"),
            (
                f"After all of them: {self.risk.value:.2%} ({self.risk.low:.2%} to "
                f"{self.risk.high:.2%}, {interval})."
            ),
        ]
        if self.unused:
            lines.append(f"Not used, because no ratio is known: {', '.join(self.unused)}.")
        return "\n".join([*lines, vocabulary.RESEARCH_NOTICE])

    def _repr_html_(self) -> str:
        return text_as_html(str(self))


def assess(
    findings: Mapping[str, Any], *, model: Any = None, pretest: float | None = None
) -> Assessment:
    """Assess one patient, finding by finding.

    Parameters
    ----------
    findings : mapping of key to value
        Yes/no findings as 1 or 0 (or True, False), ``age_years`` and laboratory values as numbers;
        None when unknown.
    model : fitted model, optional
        Likelihood ratios of the packaged evidence when None.
    pretest : float, optional
        Pre-test probability for those; 1 % when None. Not together with a model, which has its own.

    Returns
    -------
    Assessment

    Raises
    ------
    ValueError
        For a finding that is not in the vocabulary, a value out of range or no number, an age and a
        band of age that contradict each other, a finding that a fitted model needs and does not
        get, or both a model and a pre-test probability.

    Notes
    -----
    Likelihood ratios multiply as if findings were independent, which they are not: with many
    findings the result is too extreme. A fitted model starts from a patient without findings and
    with median other values, and takes the patient's values over one by one.

    Examples
    --------
    >>> assessment = assess({"history_of_cancer": 1, "age_years": 67, "esr_mm_h": 58}, pretest=0.01)
    >>> assessment.steps[["finding", "probability"]].round(3).values.tolist()
    [['age_50_or_over', 0.026], ['history_of_cancer', 0.283], ['esr_mm_h', 0.835]]
    """
    if model is not None and pretest is not None:
        raise ValueError(
            "model or pretest must be given, not both; got both. A fitted model has a base rate "
            "of its own."
        )
    check_mapping("findings", findings, "finding to value")
    row = pd.DataFrame({key: [_number(key, value)] for key, value in findings.items()})
    if row.empty:
        raise ValueError(
            "findings must name at least one finding; got none. Pass for example "
            "{'history_of_cancer': 1}."
        )
    _refuse_contradiction(row)
    if model is None:
        model = LikelihoodRatioModel.from_evidence(
            pretest=DEFAULT_PRETEST if pretest is None else pretest
        )
    if isinstance(model, LikelihoodRatioModel):
        return _by_ratios(model, row)
    return _by_columns(model, row)


def _number(key: str, value: Any) -> float:
    """A value as a float, checked against the vocabulary; NaN when unknown."""
    term = vocabulary.COLUMNS.get(key) if isinstance(key, str) else None
    if term is None:
        raise ValueError(
            f"findings must be keys of the vocabulary; got {shown(key)}. Known: "
            f"{', '.join(vocabulary.COLUMNS)}."
        )
    yes_no = isinstance(term, vocabulary.Finding)
    number = _as_float(int(value) if yes_no and isinstance(value, (bool, np.bool_)) else value)
    if number is None:
        raise ValueError(
            f"{key} of findings must be a number; got {shown(value)}. Pass 1 for yes, 0 for no, "
            "or None."
        )
    if term.outside(np.array([number])).any():
        rule = "0 or 1" if yes_no else f"from {term.low:g} to {term.high:g} {term.unit}"  # type: ignore[union-attr]
        raise ValueError(
            f"{key} must be {rule}; got {shown(value)}. Check the unit, or pass None when it is "
            "unknown."
        )
    return number


def _as_float(value: Any) -> float | None:
    """NaN when unknown; None for what is no number."""
    if value is None or value is pd.NA:
        return np.nan
    number = as_real(value)
    return None if number is None else float(min(max(number, -1e308), 1e308))


def _refuse_contradiction(row: pd.DataFrame) -> None:
    """Age and its band must say the same."""
    if {"age_years", "age_50_or_over"} <= set(row):
        age = float(row.age_years[0])
        band = float(row.age_50_or_over[0])
        known = not np.isnan([age, band]).any()
        if known and (age >= vocabulary.AGE.cutoffs[0]) != (band == 1):
            raise ValueError(
                f"age_50_or_over must agree with age_years; got {band:g} and {age:g}. Drop one of "
                "the two."
            )


def _by_ratios(model: LikelihoodRatioModel, row: pd.DataFrame) -> Assessment:
    steps = (
        model.explain(row)
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
        risk=_last(steps, model.baseline_, "credible"),
        ratio_name="likelihood ratio",
        unused=unused,
        source=f"pre-test probability; {kinds[model.dependence]}",
    )


def _last(steps: pd.DataFrame, baseline: float, kind: str) -> Estimate:
    if steps.empty:
        return Estimate(baseline, baseline, baseline, kind=kind)
    end = steps.iloc[-1]
    return Estimate(float(end.probability), float(end.low), float(end.high), kind=kind)


def _by_columns(model: Any, row: pd.DataFrame) -> Assessment:
    """Reference values replaced by the patient's, one column after another."""
    columns = [str(name) for name in getattr(model, "feature_names_in_", [])]
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
        risk=_last(steps, float(risk[0]), kind),
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
