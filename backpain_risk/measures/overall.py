"""Overall performance: how far risks are from outcomes, in squares and in logarithms.

Accuracy, the F1 score, sensitivity at a risk of 0.5 and the net reclassification improvement are
not offered. None is proper (a model with worse risks can score better), the first calls 99 % of
back-pain patients well classified by saying "no cancer" to everyone, and the last rewards
miscalibration. Use net benefit at a threshold that means something.

How often the limits hold with 13 to 200 events: :func:`coverage_of_limits`.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.special import xlog1py, xlogy

from ..numerics.checks import FloatArray
from ..numerics.grouped_by_risk import RiskGroups, require_both_classes, risk_groups
from ..numerics.intervals import normal_quantile
from ..results.estimate import Estimate
from ..results.hypothesis_test import HypothesisTest, normal_test


def brier_score(
    outcome: npt.ArrayLike,
    risk: npt.ArrayLike,
    *,
    sample_weight: npt.ArrayLike | None = None,
    level: float = 0.95,
) -> Estimate:
    """Mean squared difference between outcome and risk, with limits from its standard error.

    At a base rate of 1 % even a useless model has a Brier score below 0.01; read it beside
    :func:`scaled_brier`.

    Parameters
    ----------
    outcome : array, shape (n,)
        0 or 1.
    risk : array, shape (n,)
        Predicted probability in [0, 1].
    sample_weight : array, shape (n,), optional
        Number of identical patients.
    level : float
        Share that the limits are to hold, inside (0, 1).

    Returns
    -------
    Estimate
        In [0, 1]; 0 is perfect.

    Raises
    ------
    ValueError
        For outcomes other than 0 and 1, risks outside [0, 1], missing values or different lengths.

    References
    ----------
    Brier (1950), Mon Weather Rev 78:1.

    Examples
    --------
    >>> round(brier_score([0, 1], [0.1, 0.8]).value, 6)
    0.025
    """
    return brier_score_of(risk_groups(outcome, risk, sample_weight), level)


def brier_score_of(groups: RiskGroups, level: float) -> Estimate:
    """:func:`brier_score` of patients collapsed by risk."""
    return _mean(groups, (1 - groups.risk) ** 2, groups.risk**2, level)


def scaled_brier(
    outcome: npt.ArrayLike,
    risk: npt.ArrayLike,
    *,
    sample_weight: npt.ArrayLike | None = None,
    level: float = 0.95,
) -> Estimate:
    """1 - Brier / Brier of the event rate (index of prediction accuracy); 1 is perfect, 0 no better
    than the rate.

    Parameters
    ----------
    outcome, risk, sample_weight, level
        As for :func:`brier_score`, both outcomes present.

    Returns
    -------
    Estimate
        Limits by the delta method, the event rate counted as estimated.

    Raises
    ------
    ValueError
        For one class only, risks outside [0, 1], missing values or different lengths.

    References
    ----------
    Kattan and Gerds (2018), Diagn Progn Res 2:7.

    Examples
    --------
    >>> round(scaled_brier([0, 0, 0, 1], [0.1, 0.1, 0.1, 0.7]).value, 3)
    0.84
    """
    return scaled_brier_of(risk_groups(outcome, risk, sample_weight), level)


def scaled_brier_of(groups: RiskGroups, level: float) -> Estimate:
    """:func:`scaled_brier` of patients collapsed by risk."""
    rate = _event_rate(groups, "scaled_brier")
    reference = rate * (1 - rate)
    brier = brier_score_of(groups, level).value

    def influence(outcome: float, loss: FloatArray) -> FloatArray:
        return (
            -(loss - brier) / reference + brier * (1 - 2 * rate) * (outcome - rate) / reference**2
        )

    spread = influence(1.0, (1 - groups.risk) ** 2), influence(0.0, groups.risk**2)
    return _delta(groups, 1 - brier / reference, *spread, level)


def log_loss(
    outcome: npt.ArrayLike,
    risk: npt.ArrayLike,
    *,
    sample_weight: npt.ArrayLike | None = None,
    level: float = 0.95,
) -> Estimate:
    """Mean of minus the log probability given to what happened (logarithmic score), with normal
    limits.

    Parameters
    ----------
    outcome, risk, sample_weight, level
        As for :func:`brier_score`.

    Returns
    -------
    Estimate
        In natural logarithms; infinite, without limits, where an event had a risk of 0 or a
        non-event a risk of 1.

    Raises
    ------
    ValueError
        For risks outside [0, 1], missing values or different lengths.

    Examples
    --------
    >>> round(log_loss([0, 1], [0.1, 0.8]).value, 4)
    0.1643
    """
    return log_loss_of(risk_groups(outcome, risk, sample_weight), level)


def log_loss_of(groups: RiskGroups, level: float) -> Estimate:
    """:func:`log_loss` of patients collapsed by risk."""
    if np.isinf(_log_likelihood(groups)):
        return Estimate(
            np.inf, np.nan, np.nan, level=level, method="not finite: certainty was wrong"
        )
    return _mean(groups, *_log_losses(groups), level)


def cox_snell_r2(
    outcome: npt.ArrayLike,
    risk: npt.ArrayLike,
    *,
    sample_weight: npt.ArrayLike | None = None,
    level: float = 0.95,
) -> Estimate:
    """Cox and Snell's R2 of the risks as they stand: 1 - exp(-2 (log likelihood - that of the event
    rate) / n).

    Parameters
    ----------
    outcome, risk, sample_weight, level
        As for :func:`brier_score`, both outcomes present.

    Returns
    -------
    Estimate
        At most 1 - exp of twice the log likelihood of the rate per patient (0.106 at a base rate of
        1 %); negative when the risks are worse than the rate; limits by the delta method. -inf,
        without limits, where certainty was wrong.

    Raises
    ------
    ValueError
        For one class only, risks outside [0, 1], missing values or different lengths.

    Notes
    -----
    The risks are not recalibrated first. On the development data of a maximum-likelihood model this
    is the R2 that sample-size formulas ask for.

    References
    ----------
    Cox and Snell (1989), Analysis of Binary Data. Riley et al. (2020), BMJ 368:m441.

    Examples
    --------
    >>> round(cox_snell_r2([0, 0, 0, 1], [0.1, 0.1, 0.1, 0.7]).value, 4)
    0.5454
    """
    return cox_snell_r2_of(risk_groups(outcome, risk, sample_weight), level)


def cox_snell_r2_of(groups: RiskGroups, level: float) -> Estimate:
    """:func:`cox_snell_r2` of patients collapsed by risk."""
    _event_rate(groups, "cox_snell_r2")
    return _explained(groups, level, scaled=False)


def nagelkerke_r2(
    outcome: npt.ArrayLike,
    risk: npt.ArrayLike,
    *,
    sample_weight: npt.ArrayLike | None = None,
    level: float = 0.95,
) -> Estimate:
    """Nagelkerke's R2: :func:`cox_snell_r2` over its largest possible value, so that 1 is perfect.

    Parameters
    ----------
    outcome, risk, sample_weight, level
        As for :func:`brier_score`, both outcomes present.

    Returns
    -------
    Estimate
        Limits by the delta method, the event rate counted as estimated. -inf, without limits, where
        certainty was wrong.

    Raises
    ------
    ValueError
        For one class only, risks outside [0, 1], missing values or different lengths.

    References
    ----------
    Nagelkerke (1991), Biometrika 78:691.

    Examples
    --------
    >>> round(nagelkerke_r2([0, 0, 0, 1], [0.1, 0.1, 0.1, 0.7]).value, 4)
    0.8077
    """
    return nagelkerke_r2_of(risk_groups(outcome, risk, sample_weight), level)


def nagelkerke_r2_of(groups: RiskGroups, level: float) -> Estimate:
    """:func:`nagelkerke_r2` of patients collapsed by risk."""
    _event_rate(groups, "nagelkerke_r2")
    return _explained(groups, level, scaled=True)


def spiegelhalter_z(
    outcome: npt.ArrayLike, risk: npt.ArrayLike, *, sample_weight: npt.ArrayLike | None = None
) -> HypothesisTest:
    """Spiegelhalter's test that the Brier score is what calibrated risks would give.

    Parameters
    ----------
    outcome, risk, sample_weight
        As for :func:`brier_score`.

    Returns
    -------
    HypothesisTest
        Standard normal statistic: sum((y - r)(1 - 2 r)) / sqrt(sum((1 - 2 r)^2 r (1 - r))).
        Positive where events are more than expected among low risks. NaN when every risk is 0, 1/2
        or 1.

    Raises
    ------
    ValueError
        For risks outside [0, 1], missing values or different lengths.

    References
    ----------
    Spiegelhalter (1986), Stat Med 5:421.

    Examples
    --------
    >>> round(spiegelhalter_z([0, 0, 0, 1], [0.1, 0.1, 0.1, 0.3]).statistic, 3)
    0.088
    """
    return spiegelhalter_z_of(risk_groups(outcome, risk, sample_weight))


def spiegelhalter_z_of(groups: RiskGroups) -> HypothesisTest:
    """:func:`spiegelhalter_z` of patients collapsed by risk."""
    tilt = 1 - 2 * groups.risk
    excess = float((groups.events - groups.n * groups.risk) @ tilt)
    variance = float((groups.n * groups.risk * (1 - groups.risk)) @ tilt**2)
    return normal_test(
        "the risks are calibrated", float(excess / np.sqrt(variance)) if variance > 0 else np.nan
    )


def _event_rate(groups: RiskGroups, measure: str) -> float:
    return require_both_classes(groups, measure).total_events / groups.total


def _mean(groups: RiskGroups, if_event: FloatArray, if_none: FloatArray, level: float) -> Estimate:
    """Mean over patients of a loss given for events and non-events at each risk, with normal
    limits.
    """
    n = groups.total
    mean = float(groups.events @ if_event + groups.others @ if_none) / n
    squares = float(groups.events @ (if_event - mean) ** 2 + groups.others @ (if_none - mean) ** 2)
    half = normal_quantile(level) * float(np.sqrt(squares / (n - 1) / n)) if n > 1 else np.nan
    return Estimate(mean, mean - half, mean + half, level=level, method="normal")


def _delta(
    groups: RiskGroups, value: float, if_event: FloatArray, if_none: FloatArray, level: float
) -> Estimate:
    """Limits from the influence of each patient on the value."""
    squares = float(groups.events @ if_event**2 + groups.others @ if_none**2)
    half = normal_quantile(level) * float(np.sqrt(squares)) / groups.total
    return Estimate(
        float(value), float(value - half), float(value + half), level=level, method="delta"
    )


def _log_losses(groups: RiskGroups) -> tuple[FloatArray, FloatArray]:
    """Minus the log probability of an event and of none, 0 where nobody had that outcome."""
    seen = (groups.events > 0).astype(np.float64), (groups.others > 0).astype(np.float64)
    return -xlogy(seen[0], groups.risk), -xlog1py(seen[1], -groups.risk)


def _log_likelihood(groups: RiskGroups) -> float:
    return float(
        np.sum(xlogy(groups.events, groups.risk)) + np.sum(xlog1py(groups.others, -groups.risk))
    )


def _explained(groups: RiskGroups, level: float, *, scaled: bool) -> Estimate:
    """R2 by its two definitions; the influence of a patient is that of two mean log losses."""
    n = groups.total
    rate = groups.total_events / groups.total
    null = float(xlogy(rate, rate) + xlog1py(1 - rate, -rate))
    gain = _log_likelihood(groups) / n - null
    if np.isinf(gain):
        return Estimate(
            -np.inf, np.nan, np.nan, level=level, method="not finite: certainty was wrong"
        )
    value = -np.expm1(-2 * gain)
    most = -np.expm1(2 * null) if scaled else 1.0
    nulls = np.log(rate), np.log1p(-rate)
    losses = _log_losses(groups)
    by_gain = 2 * (1 - value) / most
    by_null = 2 * (1 - most) * value / most**2

    def influence(loss: FloatArray, own_null: float) -> FloatArray:
        return by_gain * (-loss - own_null - gain) + by_null * (own_null - null)

    return _delta(
        groups, value / most, influence(losses[0], nulls[0]), influence(losses[1], nulls[1]), level
    )
