"""The risk of single patients with its doubt."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from ...numerics.checks import FloatArray
from ...numerics.intervals import tails
from ...results.in_words import sentence
from ...results.notebook import as_html
from .posterior import DistinctRows, IntArray, Posterior

_PROBABILITIES = np.arange(1, 200) / 200


@dataclass(frozen=True, eq=False, kw_only=True)
class CredibleRisk:
    """Posterior mean risk of each patient with credible limits.

    Attributes
    ----------
    patients : Index
        Of the rows given.
    risk, low, high : ndarray, shape (n,)
    pattern : ndarray of int, shape (n,)
        Which of the distinct rows each patient is.
    quantiles : ndarray, shape (distinct rows, 199)
        Of the risk of each distinct row, at probabilities 0.005, 0.010, ... 0.995.
    level : float
    """

    patients: pd.Index
    risk: FloatArray
    low: FloatArray
    high: FloatArray
    pattern: IntArray
    quantiles: FloatArray
    level: float

    __repr__ = sentence

    def to_frame(self) -> pd.DataFrame:
        """One row per patient: risk, low, high."""
        return pd.DataFrame(
            {"risk": self.risk, "low": self.low, "high": self.high}, index=self.patients
        )

    def _repr_html_(self) -> str:
        return as_html(self.to_frame().head(20))


def credible_risk_of(
    posterior: Posterior, rows: DistinctRows, patients: pd.Index, level: float
) -> CredibleRisk:
    """Summaries of the risk of distinct rows, given to the patients of each."""
    at = np.concatenate([tails(level), _PROBABILITIES])
    parts = [
        (risk.mean(axis=0), np.quantile(risk, at, axis=0).T)
        for _, risk in posterior.risk_in_blocks(rows)
    ]
    mean, quantiles = (np.concatenate(part) for part in zip(*parts, strict=True))
    return CredibleRisk(
        patients=patients,
        risk=mean[rows.pattern],
        low=quantiles[rows.pattern, 0],
        high=quantiles[rows.pattern, 1],
        pattern=rows.pattern,
        quantiles=quantiles[:, 2:],
        level=level,
    )
