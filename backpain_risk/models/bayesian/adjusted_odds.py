"""What published counts say of the odds ratio of a finding once other findings are known too."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import digamma, polygamma

from ...evidence.band_accuracy import BandAccuracy
from ...evidence.diagnostic_accuracy import BETWEEN_STUDY_SD, Accuracy
from ...numerics.checks import FloatArray

Normal = tuple[float, float]
"""Mean and standard deviation."""

DEPENDENCE: Normal = (0.8, 0.2)
"""Adjusted over crude log odds ratio: findings overlap, so the adjusted one is smaller
(judgement).
"""
ADJUSTMENT_SD = 0.5
"""What adjustment does to single log odds ratios beyond that (judgement)."""


@dataclass(frozen=True, eq=False, kw_only=True)
class PublishedOdds:
    """Log odds ratios of the levels of a finding against its reference level, as one study
    publishes them.

    Attributes
    ----------
    mean : ndarray, shape (k,)
        Of the crude log odds ratios, reference level left out.
    covariance : ndarray, shape (k, k)

    Notes
    -----
    Levels given malignancy are Dirichlet(counts + 1/2), and given none too, there with one more
    N(0, 2 * 0.5^2) shift of the logits of all cumulative probabilities (the study and the new
    setting each deviate by 0.5). Means and covariances of the logs are exact; the shift enters by
    its derivative, which for a yes/no finding is exact too.
    """

    mean: FloatArray
    covariance: FloatArray


def published_odds(
    source: Accuracy | BandAccuracy, reference: int = 0, specificity: Normal | None = None
) -> PublishedOdds:
    """Log odds ratios of a yes/no finding, or of the bands of a test, against the level at
    ``reference``.

    With ``specificity``, the logit specificity of a yes/no finding in a new setting, the study's
    own is left aside.
    """
    malignant, non_malignant = level_counts(source)
    if specificity is not None:
        odds = digamma(malignant[1] + 0.5) - digamma(malignant[0] + 0.5) + specificity[0]
        variance = polygamma(1, malignant + 0.5).sum() + specificity[1] ** 2
        return PublishedOdds(mean=np.array([odds]), covariance=np.array([[variance]]))
    sign = (
        np.delete(np.eye(non_malignant.size), reference, axis=0)
        - np.eye(non_malignant.size)[reference]
    )
    mean = digamma(malignant + 0.5) - digamma(non_malignant + 0.5)
    variance = polygamma(1, malignant + 0.5) + polygamma(1, non_malignant + 0.5)
    moved = sign @ _log_shift(non_malignant / non_malignant.sum()) * np.sqrt(2) * BETWEEN_STUDY_SD
    return PublishedOdds(
        mean=sign @ mean, covariance=sign @ np.diag(variance) @ sign.T + np.outer(moved, moved)
    )


def level_counts(source: Accuracy | BandAccuracy) -> tuple[FloatArray, FloatArray]:
    """Patients of each level of a finding with and without malignancy, the levels in ascending
    order.
    """
    if isinstance(source, Accuracy):
        return np.array([source.fn, source.tp]), np.array([source.tn, source.fp])
    return (
        source.malignant * source.effective_n_malignant,
        source.non_malignant * source.effective_n_non_malignant,
    )


def _log_shift(share: FloatArray) -> FloatArray:
    """Derivative of the log share of each level when the logits of all cumulative shares move
    together.
    """
    cumulative = np.cumsum(share)[:-1]
    slope = np.diff(cumulative * (1 - cumulative), prepend=0.0, append=0.0)
    return np.divide(slope, share, out=np.zeros_like(share), where=share > 0)


def adjusted(
    crude: Normal, dependence: Normal = DEPENDENCE, adjustment_sd: float = ADJUSTMENT_SD
) -> Normal:
    """Mean and SD of the adjusted log odds ratio, from those of the crude one.

    beta | kappa ~ N(kappa m, s^2 + adjustment_sd^2) with kappa ~ N(dependence), kappa integrated
    out.

    Examples
    --------
    >>> [round(x, 3) for x in adjusted((2.9, 0.6))]
    [2.32, 0.973]
    """
    (mean, sd) = crude
    (kappa, kappa_sd) = dependence
    return kappa * mean, float(np.sqrt(sd**2 + adjustment_sd**2 + (kappa_sd * mean) ** 2))
