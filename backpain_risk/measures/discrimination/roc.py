"""ROC and precision-recall curves with pointwise limits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from ...numerics.checks import FloatArray
from ...numerics.grouped_by_risk import RiskGroups, require_both_classes, risk_groups
from ...numerics.intervals import proportion_interval
from ...results.estimate import Estimate
from ...results.notebook import as_html
from .area import auroc_of, logit_limits

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, eq=False, kw_only=True)
class RocCurve:
    """Sensitivity and specificity of "positive at or above the threshold" for every distinct risk.

    Attributes
    ----------
    threshold : ndarray, shape (k,)
        Descending; the first, infinite, makes nobody positive.
    sensitivity, sensitivity_low, sensitivity_high : ndarray, shape (k,)
        Share of the events that are positive, with Wilson limits.
    specificity, specificity_low, specificity_high : ndarray, shape (k,)
        Share of the non-events that are negative, with Wilson limits.
    auroc : Estimate
        Area under the curve, with the limits of :func:`auroc`.
    level, n, n_events : float
    """

    threshold: FloatArray
    sensitivity: FloatArray
    sensitivity_low: FloatArray
    sensitivity_high: FloatArray
    specificity: FloatArray
    specificity_low: FloatArray
    specificity_high: FloatArray
    auroc: Estimate
    level: float
    n: float
    n_events: float

    def to_frame(self) -> pd.DataFrame:
        """One row per threshold."""
        import pandas as pd

        rates = [
            f"{rate}{end}"
            for rate in ("sensitivity", "specificity")
            for end in ("", "_low", "_high")
        ]
        return pd.DataFrame({name: getattr(self, name) for name in ("threshold", *rates)})

    def __repr__(self) -> str:
        return f"ROC curve: {self.n:g} patients, {self.n_events:g} events, area {self.auroc}."

    def _repr_html_(self) -> str:
        return as_html(repr(self))


def roc_curve(
    outcome: npt.ArrayLike,
    risk: npt.ArrayLike,
    *,
    sample_weight: npt.ArrayLike | None = None,
    level: float = 0.95,
) -> RocCurve:
    """ROC curve with Wilson limits for sensitivity and specificity at every threshold.

    Parameters
    ----------
    outcome : array, shape (n,)
        0 or 1, both present.
    risk : array, shape (n,)
        Predicted probability in [0, 1].
    sample_weight : array, shape (n,), optional
        Number of identical patients.
    level : float
        Of the pointwise limits.

    Returns
    -------
    RocCurve

    Raises
    ------
    ValueError
        For outcomes of one class, risks outside [0, 1], missing values or different lengths.

    Examples
    --------
    >>> curve = roc_curve([0, 0, 1, 1], [0.1, 0.4, 0.4, 0.8])
    >>> curve.to_frame()[["threshold", "sensitivity", "specificity"]].values.tolist()
    [[inf, 0.0, 1.0], [0.8, 0.5, 1.0], [0.4, 1.0, 0.5], [0.1, 1.0, 0.0]]
    """
    return roc_curve_of(risk_groups(outcome, risk, sample_weight), level)


def roc_curve_of(groups: RiskGroups, level: float) -> RocCurve:
    """:func:`roc_curve` of patients collapsed by risk."""
    require_both_classes(groups, "roc_curve")
    true, false = (
        np.concatenate([[0.0], _reaching(arm)]) for arm in (groups.events, groups.others)
    )
    negative = false[-1] - false
    sensitivity_low, sensitivity_high = proportion_interval(true, true[-1], "wilson", level)
    specificity_low, specificity_high = proportion_interval(negative, false[-1], "wilson", level)
    return RocCurve(
        threshold=np.concatenate([[np.inf], groups.risk[::-1]]),
        sensitivity=true / true[-1],
        sensitivity_low=sensitivity_low,
        sensitivity_high=sensitivity_high,
        specificity=negative / false[-1],
        specificity_low=specificity_low,
        specificity_high=specificity_high,
        auroc=auroc_of(groups, level),
        level=level,
        n=groups.total,
        n_events=groups.total_events,
    )


def _reaching(counts: FloatArray) -> FloatArray:
    """Patients at or above each risk, from the highest risk down."""
    return np.asarray(np.cumsum(counts[::-1]))


@dataclass(frozen=True, eq=False, kw_only=True)
class PrecisionRecallCurve:
    """Positive predictive value (precision) against sensitivity (recall) for every distinct risk.

    Attributes
    ----------
    threshold : ndarray, shape (k,)
        Descending.
    recall, recall_low, recall_high : ndarray, shape (k,)
        Share of the events at or above the threshold, with Wilson limits.
    precision, precision_low, precision_high : ndarray, shape (k,)
        Share of events among those at or above the threshold, with Wilson limits.
    average_precision : Estimate
        Mean of the precision over events.
    level, n, n_events : float
    """

    threshold: FloatArray
    recall: FloatArray
    recall_low: FloatArray
    recall_high: FloatArray
    precision: FloatArray
    precision_low: FloatArray
    precision_high: FloatArray
    average_precision: Estimate
    level: float
    n: float
    n_events: float

    def to_frame(self) -> pd.DataFrame:
        """One row per threshold."""
        import pandas as pd

        rates = [
            f"{rate}{end}" for rate in ("recall", "precision") for end in ("", "_low", "_high")
        ]
        return pd.DataFrame({name: getattr(self, name) for name in ("threshold", *rates)})

    def __repr__(self) -> str:
        head = f"Precision-recall curve: {self.n:g} patients, {self.n_events:g} events"
        return f"{head}, average precision {self.average_precision}."

    def _repr_html_(self) -> str:
        return as_html(repr(self))


def precision_recall_curve(
    outcome: npt.ArrayLike,
    risk: npt.ArrayLike,
    *,
    sample_weight: npt.ArrayLike | None = None,
    level: float = 0.95,
) -> PrecisionRecallCurve:
    """Precision-recall curve with Wilson limits, and the average precision with its own.

    Precision depends on the base rate: a curve from a case-control study says nothing about
    practice.

    Parameters
    ----------
    outcome, risk, sample_weight, level
        As for :func:`roc_curve`.

    Returns
    -------
    PrecisionRecallCurve

    Raises
    ------
    ValueError
        For outcomes of one class, risks outside [0, 1], missing values or different lengths.

    Notes
    -----
    Average precision is the mean over events of the precision at their risk (no interpolation). Its
    limits are made on the logit scale from its influence function, that is, how much each patient
    moves it, with as many degrees of freedom as there are events (or non-events, if fewer) less one
    (:func:`coverage_of_limits`).

    References
    ----------
    Boyd, Eng, Page (2013), ECML PKDD, LNCS 8190:451.

    Examples
    --------
    >>> curve = precision_recall_curve([0, 0, 1, 1], [0.1, 0.4, 0.4, 0.8])
    >>> round(curve.average_precision.value, 4)
    0.8333
    """
    groups = require_both_classes(
        risk_groups(outcome, risk, sample_weight), "precision_recall_curve"
    )
    true = _reaching(groups.events)
    positive = _reaching(groups.n)
    recall_low, recall_high = proportion_interval(true, true[-1], "wilson", level)
    precision_low, precision_high = proportion_interval(true, positive, "wilson", level)
    return PrecisionRecallCurve(
        threshold=groups.risk[::-1],
        recall=true / true[-1],
        recall_low=recall_low,
        recall_high=recall_high,
        precision=true / positive,
        precision_low=precision_low,
        precision_high=precision_high,
        average_precision=average_precision_of(groups, level),
        level=level,
        n=groups.total,
        n_events=groups.total_events,
    )


def average_precision_of(groups: RiskGroups, level: float) -> Estimate:
    """Mean precision over events, with t limits on the logit scale."""
    require_both_classes(groups, "average_precision")
    true = _reaching(groups.events)[::-1]
    positive = _reaching(groups.n)[::-1]
    precision = true / positive
    events = groups.total_events
    value = float(groups.events @ precision / events)
    if value == 1:
        return Estimate(
            1.0, np.nan, 1.0, level=level, method="not defined: every event above every non-event"
        )
    gained = np.cumsum(groups.events / positive)
    lost = np.cumsum(groups.events * precision / positive)
    if_event = precision + gained - lost - value
    if_none = -lost
    se = float(np.sqrt(groups.events @ if_event**2 + groups.others @ if_none**2)) / events
    df = min(events, groups.total - events) - 1
    return Estimate(value, *logit_limits(value, se, level, df), level=level, method="logit, t")
