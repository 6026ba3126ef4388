"""Priors of the Bayesian logistic model: named, printable, normal on the log-odds scale."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import logit

from ..numerics.checks import FloatArray

Normal = tuple[float, float]
"""Mean and standard deviation."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Prior:
    """Independent normal priors.

    Parameters
    ----------
    intercept : (mean, sd)
        Log odds of the event for a patient without findings and with average other predictors.
    slopes : (mean, sd) or mapping of term to (mean, sd)
        Log odds ratios: per unit for yes/no predictors, per standard deviation for others. Terms missing from a mapping
        take the weak slope.
    name : str
    """

    intercept: Normal = (float(logit(0.01)), 2.5)
    slopes: Normal | Mapping[str, Normal] = (0.0, 2.0)
    name: str = "own"

    def __post_init__(self) -> None:
        given = self.slopes.items() if isinstance(self.slopes, Mapping) else [("slopes", self.slopes)]
        for term, (mean, sd) in [("intercept", self.intercept), *given]:
            if not (np.isfinite(mean) and sd > 0):
                raise ValueError(f"prior of {term} must be a finite mean and a positive sd; got {mean}, {sd}.")

    def moments(self, terms: tuple[str, ...], centre: FloatArray, scale: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Mean (p,) and covariance (p, p) of intercept and slopes on the scale of the predictors.

        ``centre`` and ``scale`` (p - 1,) are those of each term; 0 and 1 for yes/no predictors.
        """
        pairs = [self._slope(term) for term in terms[1:]]
        mean = np.array([self.intercept[0], *(m / s for (m, _), s in zip(pairs, scale, strict=True))])
        sd = np.array([self.intercept[1], *(d / s for (_, d), s in zip(pairs, scale, strict=True))])
        shift = np.eye(len(terms))
        shift[0, 1:] = -centre
        return shift @ mean, shift @ np.diag(sd**2) @ shift.T

    def to_frame(self) -> pd.DataFrame:
        """One row per stated prior: mean, sd, and the 95 % range of the odds (ratio)."""
        given = dict(self.slopes) if isinstance(self.slopes, Mapping) else {"slopes": self.slopes}
        table = pd.DataFrame({"intercept": self.intercept, **given}, index=["mean", "sd"]).T.rename_axis("term")
        return table.assign(
            low=np.exp(table["mean"] - 1.96 * table["sd"]), high=np.exp(table["mean"] + 1.96 * table["sd"])
        )

    def _slope(self, term: str) -> Normal:
        if isinstance(self.slopes, Mapping):
            return self.slopes.get(term, WEAK_SLOPE)
        return self.slopes

    def _repr_html_(self) -> str:
        return f"<p>Prior: {self.name}</p>{self.to_frame().to_html()}"


WEAK_SLOPE: Normal = (0.0, 2.0)
WEAK = Prior(name="weak")
"""Odds ratios between 1/50 and 50; event rate without findings between 0.008 % and 58 %."""
