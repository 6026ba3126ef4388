"""Pooling of one measure of accuracy at a time."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import optimize
from scipy.special import expit

from ...numerics.checks import FloatArray, check_choice, check_flag, check_level
from .heterogeneity import dersimonian_laird, typical_variance
from .pooled_estimate import PooledEstimate, wald_estimate
from .study_counts import StudyCounts, read_counts

MEASURES = ("diagnostic_odds_ratio", "lr_positive", "lr_negative", "sensitivity", "specificity")


def pool_measure(
    counts: pd.DataFrame,
    measure: str,
    method: str = "reml",
    *,
    level: float = 0.95,
    allow_overlap: bool = False,
) -> PooledEstimate:
    """Pool one measure over studies by univariate random effects.

    Sensitivity and specificity trade against each other, so :func:`pool_accuracy` is the better
    answer; this one is for comparison with older reviews.

    Parameters
    ----------
    counts : DataFrame
        As for :func:`pool_accuracy`.
    measure : {"diagnostic_odds_ratio", "lr_positive", "lr_negative", "sensitivity", "specificity"}
        Ratios on the log scale, proportions on the logit scale.
    method : {"reml", "dersimonian_laird"}
        How the between-study variance is estimated.
    level : float
        Share that the limits are to hold, inside (0, 1).
    allow_overlap : bool
        Pool studies that share patients all the same.

    Returns
    -------
    PooledEstimate

    Raises
    ------
    ValueError
        As :func:`pool_accuracy`, and when a ratio is asked of a study with one arm only.

    Notes
    -----
    Inverse-variance weights 1 / (v_i + tau^2); Wald limits. Continuity rule of
    :func:`pool_accuracy`. Proportions use the studies with patients in that arm. ``i_squared`` is
    tau^2 over its sum with the typical variance of Higgins and Thompson.

    References
    ----------
    DerSimonian and Laird (1986), Control Clin Trials 7:177. Viechtbauer (2005), J Educ Behav Stat
    30:261.

    Examples
    --------
    >>> counts = pd.DataFrame(
    ...     {"tp": [20, 31, 18], "fp": [9, 4, 12], "fn": [5, 9, 2], "tn": [60, 80, 44]}
    ... )
    >>> print(pool_measure(counts, "diagnostic_odds_ratio"))
    39.9 (95% confidence interval 18.6 to 85.4, reml)
    """
    check_choice("measure", measure, MEASURES)
    check_flag("allow_overlap", allow_overlap)
    check_choice("method", method, tuple(_ESTIMATORS))
    studies = read_counts(counts, allow_overlap=allow_overlap)
    effect, variance = _effects(studies, measure)
    if effect.size < 2:
        raise ValueError(
            f"counts must hold at least two studies that inform {measure}; got {effect.size}. Add "
            "studies."
        )
    between = _ESTIMATORS[method](effect, variance)
    weight = 1 / (variance + between)
    return wald_estimate(
        float(np.average(effect, weights=weight)),
        float(1 / np.sqrt(weight.sum())),
        float(np.sqrt(between)),
        expit if measure in ("sensitivity", "specificity") else np.exp,
        n_studies=effect.size,
        level=check_level(level),
        method=method,
        i_squared=between / (between + typical_variance(variance)),
    )


def _effects(studies: StudyCounts, measure: str) -> tuple[FloatArray, FloatArray]:
    """Log ratio or logit of each study that informs the measure, and its variance."""
    if measure in ("sensitivity", "specificity"):
        arm = int(measure == "specificity")
        logit, variance = (column[studies.observed[:, arm], arm] for column in studies.logits())
        return (logit, variance) if measure == "sensitivity" else (-logit, variance)
    for label, observed in zip(studies.labels, studies.observed, strict=True):
        if not observed.all():
            raise ValueError(
                f"{measure} needs patients with and without the disease; got one arm in {label}. "
                "Leave it out."
            )
    positive, negative = studies.corrected()
    if measure == "diagnostic_odds_ratio":
        logit, variance = studies.logits()
        return logit[:, 0] - logit[:, 1], variance.sum(axis=1)
    hits = positive if measure == "lr_positive" else negative
    n = positive + negative
    rate = hits / n
    return np.log(rate[:, 0] / rate[:, 1]), np.sum(1 / hits - 1 / n, axis=1)


def reml(effect: FloatArray, variance: FloatArray) -> float:
    """Between-study variance by restricted maximum likelihood."""

    def loss(tau: float) -> float:
        weight = 1 / (variance + tau**2)
        residual = effect - np.average(effect, weights=weight)
        return float(np.sum(weight * residual**2) - np.log(weight).sum() + np.log(weight.sum()))

    widest = 10 * float(np.ptp(effect) + np.sqrt(variance.max()))
    found = optimize.minimize_scalar(
        loss, bounds=(0.0, widest), method="bounded", options={"xatol": 1e-10}
    )
    return min((0.0, float(found.x)), key=loss) ** 2


_ESTIMATORS = {"reml": reml, "dersimonian_laird": dersimonian_laird}
