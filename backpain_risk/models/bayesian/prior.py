"""Priors of the Bayesian logistic model: named, printable, normal on the log-odds scale."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pandas as pd
from scipy import linalg
from scipy.special import logit

from ...evidence.diagnostic_accuracy import Accuracy
from ...numerics.checks import FloatArray, check_pair
from ...numerics.intervals import LEVEL, normal_quantile
from ...numerics.values import as_real, shown
from ...results.in_words import sentence
from ...results.notebook import as_html
from ..design import Bands, Design
from .adjusted_odds import Normal, adjusted, published_odds
from .mean_risk import intercept_for

_BLOCK = 4_000_000  # risks held in memory at a time
WEAK_SLOPE: Normal = (0.0, 2.0)


@dataclass(frozen=True, eq=False, kw_only=True)
class TermPrior:
    """What a prior says of the terms of one model: a normal distribution of an anchor and the
    slopes.

    Attributes
    ----------
    name : str
    terms : tuple of str
        ``"intercept"`` first, p slopes after it.
    mean, covariance : ndarray, shape (1 + p,) and (1 + p, 1 + p)
        Of the anchor and the slopes. The anchor is the logit of the mean risk of reference
        patients.
    reference : ndarray, shape (r, p)
        Terms of the reference patients.
    weight : ndarray, shape (r,)
        How common each is; sums to 1.

    Notes
    -----
    Anchor and slopes fix the intercept, so prior draws are exact; and the base rate of the
    reference patients is what the prior says it is, whatever the slopes. One average patient as
    reference gives the usual centred intercept.
    """

    name: str
    terms: tuple[str, ...]
    mean: FloatArray
    covariance: FloatArray
    reference: FloatArray
    weight: FloatArray

    __repr__ = sentence

    @cached_property
    def root(self) -> FloatArray:
        """Inverse of the lower Cholesky factor of the covariance."""
        return np.asarray(linalg.inv(linalg.cholesky(self.covariance, lower=True)))

    def coefficients(self, anchored: FloatArray) -> FloatArray:
        """Intercept and slopes (draws, 1 + p) from anchor and slopes: reference patients get the
        anchor's mean risk.
        """
        rows = max(1, _BLOCK // len(self.weight))
        parts = [anchored[i : i + rows] for i in range(0, len(anchored), rows)]
        intercept = [
            intercept_for(part[:, 0], part[:, 1:] @ self.reference.T, self.weight) for part in parts
        ]
        return np.column_stack([np.concatenate(intercept), anchored[:, 1:]])

    def draw(self, size: int, rng: np.random.Generator) -> FloatArray:
        """Exact draws of intercept and slopes, (size, 1 + p)."""
        return self.coefficients(
            rng.multivariate_normal(self.mean, self.covariance, size=size, method="cholesky")
        )


@dataclass(frozen=True, eq=False, kw_only=True)
class Prior:
    """Independent normal priors.

    Parameters
    ----------
    intercept : (mean, sd)
        Log odds of the event for a patient without findings and with average other predictors.
    slopes : (mean, sd) or mapping of term to (mean, sd)
        Log odds ratios: per unit for yes/no predictors, per standard deviation for others. Terms
        missing from a mapping take the weak slope, N(0, 2^2).
    name : str
        What it is called in results.

    Raises
    ------
    ValueError
        When a mean is not finite or an SD not positive.

    Examples
    --------
    >>> Prior(intercept=(-5.0, 1.0), slopes={"night_pain": (0.0, 0.5)}).to_frame().round(3)
                mean   sd    low   high
    term
    intercept   -5.0  1.0  0.001  0.048
    night_pain   0.0  0.5  0.375  2.664
    """

    intercept: Normal = (float(logit(0.01)), 2.5)
    slopes: Normal | Mapping[str, Normal] = WEAK_SLOPE
    name: str = "own"

    __repr__ = sentence

    def __post_init__(self) -> None:
        given = (
            self.slopes.items() if isinstance(self.slopes, Mapping) else [("slopes", self.slopes)]
        )
        for term, pair in [("intercept", self.intercept), *given]:
            mean, sd = check_pair(f"prior of {term}", pair)
            if as_real(mean) is None or as_real(sd) is None or not (np.isfinite(mean) and sd > 0):
                raise ValueError(
                    f"prior of {term} must be a finite mean and a positive sd; got {shown(pair)}. "
                    "Pass (mean, sd)."
                )

    def bands(self, columns: tuple[str, ...]) -> dict[str, Bands]:
        """Columns to be cut into bands: none.

        Parameters
        ----------
        columns : tuple of str
            Columns of the predictors.
        """
        return {}

    def over(self, design: Design, predictors: FloatArray, n: FloatArray) -> TermPrior:
        """The prior of one model's terms, given its distinct rows (m, columns) and the patients
        of each.

        Parameters
        ----------
        design : Design
            How columns become terms.
        predictors : array, shape (m, columns)
            Distinct rows of the predictors.
        n : array, shape (m,)
            Patients in each row.
        """
        terms = ("intercept", *design.terms)
        centre, scale = centre_and_scale(design.matrix(predictors), n)
        slopes = np.array([self._slope(term) for term in terms[1:]]).reshape(-1, 2) / scale[:, None]
        mean, sd = np.vstack([self.intercept, slopes]).T
        return TermPrior(
            name=self.name,
            terms=terms,
            mean=mean,
            covariance=np.diag(sd**2),
            reference=centre[None],
            weight=np.ones(1),
        )

    def updated(self, finding: str, study: Accuracy, terms: tuple[str, ...]) -> Prior:
        """The prior after a further study's 2x2 table of one yes/no term: normal times normal.

        Parameters
        ----------
        finding : str
            Name of the finding.
        study : Accuracy
            Its 2x2 table.
        terms : tuple of str
            Names of the terms, in the order of the columns.
        """
        odds = published_odds(study)
        seen, sd = adjusted((float(odds.mean[0]), float(np.sqrt(odds.covariance[0, 0]))))
        before, before_sd = self._slope(finding)
        precision = before_sd**-2 + sd**-2
        after = (before * before_sd**-2 + seen * sd**-2) / precision, precision**-0.5
        slopes = {term: self._slope(term) for term in terms} | {finding: after}
        return replace(self, slopes=slopes, name=with_further_counts(self.name))

    def to_frame(self) -> pd.DataFrame:
        """One row per stated prior: mean, sd, and the 95 % range of the odds (ratio)."""
        given = dict(self.slopes) if isinstance(self.slopes, Mapping) else {"slopes": self.slopes}
        table = pd.DataFrame(
            {"intercept": self.intercept, **given}, index=["mean", "sd"]
        ).T.rename_axis("term")
        return table.assign(
            low=np.exp(table["mean"] - normal_quantile(LEVEL) * table["sd"]),
            high=np.exp(table["mean"] + normal_quantile(LEVEL) * table["sd"]),
        )

    def _slope(self, term: str) -> Normal:
        if isinstance(self.slopes, Mapping):
            return self.slopes.get(term, WEAK_SLOPE)
        return self.slopes

    def _repr_html_(self) -> str:
        return as_html(f"Prior: {self.name}", self.to_frame())


WEAK = Prior(name="weak")
"""Odds ratios between 1/50 and 50; event rate without findings between 0.008 % and 58 %."""


def centre_and_scale(terms: FloatArray, n: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Mean and SD of each term over patients; 0 and 1 for terms with at most two distinct
    values.
    """
    weight = n / max(float(n.sum()), 1.0)
    centre = weight @ terms
    scale = np.sqrt(weight @ (terms - centre) ** 2)
    few = np.array([np.unique(column).size <= 2 for column in terms.T], dtype=bool)
    plain = few | (scale == 0)
    return np.where(plain, 0.0, centre), np.where(plain, 1.0, scale)


def with_further_counts(name: str) -> str:
    """Name of a prior once the counts of further studies have joined it."""
    return name if name.endswith("further counts") else f"{name} and further counts"
