"""The models of a development: how each is fitted to completed patients, and its risks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import expit, logit

from ... import vocabulary
from ...models.likelihood_ratio.model import LikelihoodRatioModel
from ...models.logistic.model import LogisticModel
from ...numerics.checks import FloatArray
from ...numerics.joint_distribution import JointDistribution
from ...numerics.patterns import IntArray, distinct_rows

FIRTH = "firth"
BAYES = "bayes_evidence"
PUBLISHED = "published_lr"
LABELS: Mapping[str, str] = {
    FIRTH: "Logistic regression (Firth, FLIC)",
    BAYES: "Bayesian logistic regression, evidence prior",
    PUBLISHED: "Published likelihood ratios, multiplied",
}
MODELS = (FIRTH, BAYES)
_DRAWS = (50, 4)  # of each fit to a resample, and chains
_FINAL_DRAWS = (250, 4)


@dataclass(frozen=True, eq=False)
class Completions:
    """Patients with every completion of what they miss: rows (k, p), the probability of each
    (k,), and whose it is (k,).
    """

    rows: pd.DataFrame
    weight: FloatArray
    patient: IntArray
    n: int

    def averaged(self, model: Any) -> FloatArray:
        """Risk of each patient, averaged over the completions, (n,)."""
        columns = getattr(model, "feature_names_in_", self.rows.columns)
        risk = model.predict_proba(self.rows[list(columns)])[:, 1]
        return np.bincount(self.patient, self.weight * risk, minlength=self.n).astype(np.float64)


def completions(joint: JointDistribution, table: pd.DataFrame) -> Completions:
    """What patients may be, given what is seen of them; complete ones as they are."""
    X = table.to_numpy(np.float64)
    missing = np.isnan(X)
    pattern, first = distinct_rows(list(missing.T))
    rows: list[FloatArray] = []
    weight: list[FloatArray] = []
    patient: list[IntArray] = []
    for code, example in enumerate(first):
        where = np.flatnonzero(pattern == code)
        full = X[where][:, None]
        share = np.ones((where.size, 1))
        if missing[example].any():
            full, share = joint.completions(X[where])
        rows.append(full.reshape(-1, X.shape[1]))
        weight.append(share.ravel())
        patient.append(np.repeat(where, share.shape[1]))
    whole = pd.DataFrame(np.concatenate(rows), columns=table.columns)
    return Completions(whole, np.concatenate(weight), np.concatenate(patient), len(X))


def estimator(name: str, prior: Any, *, seed: int, final: bool) -> Any:
    """The classifier of one model."""
    if name == FIRTH:
        return LogisticModel(penalty="firth")
    from ...models.bayesian.model import BayesianLogisticModel

    draws, chains = _FINAL_DRAWS if final else _DRAWS
    return BayesianLogisticModel(
        prior=prior, method="laplace", draws=draws, chains=chains, random_state=seed
    )


def banded(table: pd.DataFrame) -> pd.DataFrame:
    """Age and laboratory values as the lowest value of their published band, which is all that
    the evidence prior reads of them; so patients are fewer patterns.
    """
    known = {key: vocabulary.MEASURED[key] for key in table.columns if key in vocabulary.MEASURED}
    if "age_50_or_over" in table.columns:  # then the age enters as it is
        known.pop("age_years", None)
    coarse = {}
    for key, term in known.items():
        edges = np.array([term.low, *term.cutoffs])
        band = np.searchsorted(edges, table[key].to_numpy(np.float64), side="right") - 1
        coarse[key] = edges[np.maximum(band, 0)]
    return table.assign(**coarse)


def varying(table: pd.DataFrame) -> list[str]:
    """Columns that take more than one value."""
    return [str(column) for column in table.columns if table[column].nunique() > 1]


@dataclass(frozen=True, eq=False)
class Multiplied:
    """Published likelihood ratios, multiplied; unknown findings multiply by 1. Nothing but the
    pre-test probability, the event rate, is learned.
    """

    log_ratio: FloatArray
    findings: tuple[str, ...]

    @classmethod
    def over(cls, table: pd.DataFrame) -> Multiplied | None:
        """Of the predictors that have published accuracy; None where none has."""
        evidence = (*vocabulary.FINDINGS, *vocabulary.LABORATORY, *vocabulary.IMAGING)
        known = tuple(key for key in evidence if key in table.columns)
        age = "age_years" in table.columns and "age_50_or_over" not in known
        findings = (*known, "age_50_or_over") if age else known
        if not findings:
            return None
        model = LikelihoodRatioModel.from_evidence(findings, pretest=0.5)
        columns = [*known, "age_years"] if age else list(known)
        return cls(np.asarray(logit(model.risk(table[columns].astype(float)))), findings)

    def risk(self, event_rate: float) -> FloatArray:
        """Risk of each patient from this pre-test probability, (n,)."""
        return np.asarray(expit(logit(event_rate) + self.log_ratio))
