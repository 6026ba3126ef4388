"""Summary ROC curves, the areas under them, and regions in ROC space."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats
from scipy.special import expit, logit

from ...numerics.checks import FloatArray, check_choice
from ...results.in_words import sentence
from ...results.notebook import as_html
from .bivariate_normal import lower_roots

CURVES = ("ruttergatsonis", "naive")
_POINTS = 99


def sroc_slope(tau: FloatArray, correlation: float, kind: str) -> float:
    """Slope of logit sensitivity on logit false positive rate.

    ``ruttergatsonis``: ratio of the between-study SDs (the HSROC curve of Rutter and Gatsonis).
    ``naive``: regression of one on the other, that ratio times the correlation. NaN where false
    positive rates do not vary between studies.
    """
    check_choice("kind", kind, CURVES)
    ratio = float(np.divide(tau[0], tau[1])) if tau[1] > 0 else np.nan
    return ratio * correlation if kind == "naive" else ratio


def curve(mean: FloatArray, slope: float) -> Callable[[FloatArray], FloatArray]:
    """Sensitivity at false positive rates, along the line through ``mean`` (2,) on the logit
    scale.
    """
    return lambda fpr: np.asarray(expit(mean[0] + slope * (logit(fpr) - mean[1])))


def area(sensitivity: Callable[[FloatArray], FloatArray], low: float, high: float) -> float:
    """Area by the trapezoidal rule on 99 points, as a share of the range, in the convention of R's
    mada.

    mada divides the sum by the number of points, not of intervals, so a curve at 1 throughout has
    an area of 98/99.
    """
    height = sensitivity(np.linspace(low, high, _POINTS))
    return float((height.sum() - (height[0] + height[-1]) / 2) / _POINTS)


@dataclass(frozen=True, eq=False, kw_only=True)
class Regions:
    """Regions around the summary point.

    Attributes
    ----------
    confidence, prediction : ndarray, shape (points, 2)
        Closed outlines, false positive rate and sensitivity: for the mean of all settings, and for
        one new setting.
    level : float
    """

    confidence: FloatArray
    prediction: FloatArray
    level: float

    __repr__ = sentence

    def to_frame(self) -> pd.DataFrame:
        """Columns region, false_positive_rate, sensitivity."""
        parts = [
            pd.DataFrame(
                {"region": name, "false_positive_rate": outline[:, 0], "sensitivity": outline[:, 1]}
            )
            for name, outline in (("confidence", self.confidence), ("prediction", self.prediction))
        ]
        return pd.concat(parts, ignore_index=True)

    def _repr_html_(self) -> str:
        return as_html(self.to_frame().head(10), index=False)


def outline(
    mean: FloatArray, covariance: FloatArray, level: float, n_points: int = 200
) -> FloatArray:
    """Ellipse that holds ``level`` of a bivariate normal on the logit scale, as (false positive
    rate, sensitivity).
    """
    radius = np.sqrt(stats.chi2.ppf(level, 2))
    turn = np.linspace(0, 2 * np.pi, n_points)
    root = lower_roots(covariance[None])[0]  # unique, as the turn of eigenvectors is not
    points = mean + radius * np.column_stack([np.cos(turn), np.sin(turn)]) @ root.T
    return np.asarray(expit(points[:, ::-1]))
