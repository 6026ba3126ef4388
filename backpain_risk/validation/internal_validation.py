"""What internal validation finds: apparent performance, its optimism and what is left."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..numerics.checks import FloatArray
from ..numerics.intervals import percentile_limits
from ..numerics.patterns import IntArray
from ..results.notebook import as_html


@dataclass(frozen=True, eq=False, kw_only=True)
class InternalValidation:
    """Apparent performance, its optimism, and what is left.

    Attributes
    ----------
    measures : tuple of str
    apparent, optimism, corrected, low, high : ndarray, shape (measures,)
        ``corrected = apparent - optimism``. NaN, with a warning, where the apparent measure is not
        defined.
    n_failed : ndarray, shape (measures,)
        Resamples in which the measure is not defined.
    n_resamples : int
    method, limits : str
    risk : ndarray, shape (n,)
        Apparent risk of each patient.
    problems : DataFrame
        resample, measure (``"fit"`` when the estimator failed, ``"calibration_curve"`` for the
        curve) and reason.
    warned : DataFrame
        What the estimator warned of, and in how many resamples.
    curves : mapping of str to DataFrame
        What :meth:`calibration_curve` and :meth:`decision_curve` return.
    row : ndarray, shape (n,)
        Distinct row of predictors of each patient.
    drawn_risk : ndarray, shape (refitted models, distinct rows)
    """

    measures: tuple[str, ...]
    apparent: FloatArray
    optimism: FloatArray
    corrected: FloatArray
    low: FloatArray
    high: FloatArray
    n_failed: IntArray
    n_resamples: int
    method: str
    limits: str
    level: float
    n: int
    n_events: int
    risk: FloatArray
    problems: pd.DataFrame
    warned: pd.DataFrame
    curves: Mapping[str, pd.DataFrame]
    row: IntArray
    drawn_risk: FloatArray

    def to_frame(self) -> pd.DataFrame:
        """Indexed by measure: apparent, optimism, corrected, low, high, n_resamples, n_failed."""
        columns = {
            name: getattr(self, name)
            for name in ("apparent", "optimism", "corrected", "low", "high")
        }
        index = pd.Index(self.measures, name="measure")
        return pd.DataFrame(columns, index=index).assign(
            n_resamples=self.n_resamples, n_failed=self.n_failed
        )

    def calibration_curve(self) -> pd.DataFrame:
        """Optimism-corrected calibration: predicted, apparent, corrected, low, high, n_failed.

        Corrected on the log odds of the observed risk, so that it stays one; half a patient of the
        cohort is the least risk (and the least chance of no cancer), so that a resample with a
        nearly separated curve does not decide the optimism.
        """
        return self.curves["calibration"]

    def decision_curve(self) -> pd.DataFrame:
        """Optimism-corrected net benefit: threshold, apparent, corrected, low, high, n_failed,
        treat_all.
        """
        return self.curves["net_benefit"]

    def stability(self) -> pd.DataFrame:
        """How much each patient's risk moves between refitted models, one row a patient.

        Columns risk (apparent), low, high (quantiles over refitted models) and mape, the mean
        absolute difference from the apparent risk (mean absolute prediction error).

        References
        ----------
        Riley and Collins (2023), Biom J 65:2200302.
        """
        low, high = (end[self.row] for end in percentile_limits(self.drawn_risk, self.level))
        apparent = np.empty(self.drawn_risk.shape[1])
        apparent[self.row] = self.risk
        mape = np.abs(self.drawn_risk - apparent).mean(axis=0)[self.row]
        return pd.DataFrame({"risk": self.risk, "low": low, "high": high, "mape": mape})

    def refitted_risk(self, n_models: int) -> FloatArray:
        """Risks by the first refitted models, (n_models, n).

        Parameters
        ----------
        n_models : int
            Number of refitted models wanted, from the first.
        """
        return self.drawn_risk[:n_models, self.row]

    def __repr__(self) -> str:
        first = [
            f"{name} {value:.3g} (apparent {seen:.3g})"
            for name, value, seen in zip(self.measures, self.corrected, self.apparent, strict=True)
        ][:6]
        return f"{self._head()} Corrected: {', '.join(first)}."

    def _head(self) -> str:
        return (
            f"Internal validation ({self.method}, {self.n_resamples} resamples): {self.n:g} "
            f"patients, {self.n_events:g} events; limits {self.limits}."
        )

    def _repr_html_(self) -> str:
        return as_html(self._head(), self.to_frame())
