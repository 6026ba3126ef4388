"""Decision curves: net benefit over a range of threshold probabilities."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from ...numerics.checks import (
    FloatArray,
    as_generator,
    check_both_classes,
    check_choice,
    check_fraction,
    check_level,
    check_resamples,
)
from ...numerics.values import as_real, shown
from ...results.notebook import as_html
from .counts import DecisionCounts, decision_counts
from .inputs import TREAT_ALL, TREAT_NONE, Risks, check_models, check_thresholds
from .net_benefit_limits import INTERVALS, difference_limits, standard_error
from .value_of_information import expected_maximum

POLICIES = ("opt-in", "opt-out")


@dataclass(frozen=True, eq=False, kw_only=True)
class DecisionCurve:
    """Net benefit of models and of treating all and none.

    Attributes
    ----------
    models : tuple of str
        ``treat_all`` and ``treat_none`` first.
    thresholds : ndarray, shape (k,)
    net_benefit, low, high : ndarray, shape (models, k)
    tp_rate, fp_rate : ndarray, shape (models, k)
        True and false positives per patient, at the given prevalence.
    prevalence : float
    from_sample : bool
        Whether the prevalence is that of the patients.
    policy : str
    harm : ndarray, shape (models,)
    interval : str
        How the limits were made.
    resamples : ndarray, shape (resamples, models, k), or None
        Net benefit in bootstrap resamples.
    level, n, n_events : float
    """

    models: tuple[str, ...]
    thresholds: FloatArray
    net_benefit: FloatArray
    low: FloatArray
    high: FloatArray
    tp_rate: FloatArray
    fp_rate: FloatArray
    prevalence: float
    policy: str
    level: float
    interval: str
    n: float
    n_events: float
    counts: DecisionCounts
    harm: FloatArray
    from_sample: bool
    resamples: FloatArray | None = None

    def to_frame(self) -> pd.DataFrame:
        """One row per model and threshold.

        Columns model, threshold, net_benefit, low, high, standardised_net_benefit,
        net_interventions_avoided, tp_rate, fp_rate, sensitivity, specificity, ppv, npv. Net
        interventions avoided are per patient, against treating all.
        """
        tp, fp, p = self.tp_rate, self.fp_rate, self.prevalence
        with np.errstate(divide="ignore", invalid="ignore"):
            columns = {
                "net_benefit": self.net_benefit,
                "low": self.low,
                "high": self.high,
                "standardised_net_benefit": self.net_benefit
                / (p if self.policy == "opt-in" else 1 - p),
                "net_interventions_avoided": self._avoided(),
                "tp_rate": tp,
                "fp_rate": fp,
                "sensitivity": tp / p,
                "specificity": 1 - fp / (1 - p),
                "ppv": tp / (tp + fp),
                "npv": (1 - p - fp) / (1 - tp - fp),
            }
        return self._table(columns)

    def _table(self, columns: Mapping[str, FloatArray]) -> pd.DataFrame:
        k = self.thresholds.size
        rows = {
            "model": np.repeat(self.models, k),
            "threshold": np.tile(self.thresholds, len(self.models)),
        }
        return pd.DataFrame(rows | {name: values.ravel() for name, values in columns.items()})

    def _avoided(self) -> FloatArray:
        gain = self.net_benefit - self.net_benefit[self.models.index(TREAT_ALL)]
        return gain * (1 - self.thresholds) / self.thresholds if self.policy == "opt-in" else gain

    def consequences(self, per: float = 1000) -> pd.DataFrame:
        """What happens to ``per`` patients: one row per model and threshold.

        Columns model, threshold, treated, true_positives, false_positives, false_negatives,
        true_negatives, net_true_positives (the net benefit: true positives with nobody treated
        needlessly; for opt-out net_true_negatives with nobody missed) and net_interventions_avoided
        (against treating all).
        """
        tp, fp, p = self.tp_rate, self.fp_rate, self.prevalence
        rates = {
            "treated": tp + fp,
            "true_positives": tp,
            "false_positives": fp,
            "false_negatives": p - tp,
            "true_negatives": 1 - p - fp,
            "net_true_positives"
            if self.policy == "opt-in"
            else "net_true_negatives": self.net_benefit,
            "net_interventions_avoided": self._avoided(),
        }
        return self._table({name: per * rate for name, rate in rates.items()})

    def difference(self, a: str, b: str) -> pd.DataFrame:
        """Paired difference in net benefit, a minus b: columns threshold, difference, low, high.

        The limits are made as those of the curve (``interval``), from the patients on whom the two
        decide differently.
        """
        i, j = (self._index(name, "a and b") for name in (a, b))
        value = self.net_benefit[i] - self.net_benefit[j]
        if self.resamples is not None:
            low, high = _percentiles(self.resamples[:, i] - self.resamples[:, j], self.level)
        else:
            low, high = difference_limits(self, i, j)
        return pd.DataFrame(
            {"threshold": self.thresholds, "difference": value, "low": low, "high": high}
        )

    def best(self) -> pd.DataFrame:
        """Ranges of thresholds over which one strategy has the highest net benefit: columns model,
        low, high.

        Where strategies tie, the first of ``models`` counts, so a model that equals treating all or
        none does not.
        """
        best = np.argmax(np.round(self.net_benefit, 15), axis=0)
        first = np.flatnonzero(np.concatenate([[True], best[1:] != best[:-1]]))
        last = np.append(first[1:], best.size) - 1
        models = [self.models[i] for i in best[first]]
        return pd.DataFrame(
            {"model": models, "low": self.thresholds[first], "high": self.thresholds[last]}
        )

    def evpi(self) -> pd.DataFrame:
        """Expected value of perfect information of a validation: columns model, threshold, evpi.

        How much net benefit per patient is expected to be gained by knowing for certain which of
        using the model, treating all and treating none is best: the mean of the largest net benefit
        less the largest mean. From the bootstrap resamples where there are any; else from the
        bivariate normal approximation of model and treat all.

        References
        ----------
        Sadatsafavi et al. (2023), Med Decis Making 43:564.
        """
        names = [name for name in self.models if name not in (TREAT_ALL, TREAT_NONE)]
        values = np.stack([self._evpi(self._index(name, "model")) for name in names])
        k = self.thresholds.size
        rows = {"model": np.repeat(names, k), "threshold": np.tile(self.thresholds, len(names))}
        return pd.DataFrame(rows | {"evpi": values.ravel()})

    def _evpi(self, i: int) -> FloatArray:
        three = [self.models.index(TREAT_ALL), self.models.index(TREAT_NONE), i]
        if self.resamples is not None:
            drawn = self.resamples[:, three]
            return np.asarray(drawn.max(axis=1).mean(axis=0) - drawn.mean(axis=0).max(axis=0))
        reference = self._reference()
        a, b = [j for j in three if j != reference]
        mean_a, mean_b = (self.net_benefit[j] - self.net_benefit[reference] for j in (a, b))
        sd_a, sd_b, apart = (
            standard_error(self, *pair) for pair in ((a, reference), (b, reference), (a, b))
        )
        covariance = (sd_a**2 + sd_b**2 - apart**2) / 2
        best = expected_maximum(mean_a, mean_b, sd_a, sd_b, covariance)
        return best - np.maximum(0, np.maximum(mean_a, mean_b))

    def _reference(self) -> int:
        """The strategy whose net benefit is 0 for every patient: treat none, or treat all for
        opt-out.
        """
        return self.models.index(TREAT_NONE if self.policy == "opt-in" else TREAT_ALL)

    def _index(self, name: str, argument: str) -> int:
        if name not in self.models:
            raise ValueError(
                f"{argument} must be models of the curve; got {name!r}. Known: "
                f"{', '.join(self.models)}."
            )
        return self.models.index(name)

    def _repr_html_(self) -> str:
        head = (
            f"Decision curve ({self.policy}): {self.n:g} patients, {self.n_events:g} events, "
            "prevalence "
        )
        return as_html(
            f"{head}{self.prevalence:.3%}; limits {self.interval}.", self.to_frame().head(10)
        )


def decision_curve(
    outcome: npt.ArrayLike,
    risks: Risks,
    *,
    thresholds: npt.ArrayLike | None = None,
    prevalence: float | None = None,
    harm: float | Mapping[str, float] | None = None,
    policy: str = "opt-in",
    n_resamples: int = 0,
    rng: int | np.random.SeedSequence | np.random.Generator | None = None,
    sample_weight: npt.ArrayLike | None = None,
    level: float = 0.95,
    interval: str = "mover",
) -> DecisionCurve:
    """Net benefit of one or more models over threshold probabilities.

    Parameters
    ----------
    outcome : array, shape (n,)
        0 or 1.
    risks : array, mapping of name to array, or DataFrame
        Predicted probabilities; a single array is called ``"model"``.
    thresholds : array, optional
        Strictly between 0 and 1, ascending; 0.1 % to 10 % when None.
    prevalence : float, optional
        Prevalence to use instead of the sample's, for case-control data.
    harm : float or mapping of model to float, optional
        Harm of doing the test itself, in net-benefit units, subtracted from models.
    policy : {"opt-in", "opt-out"}
        Treating the positive where none would be, or sparing the negative where all would be.
    n_resamples : int
        Bootstrap resamples of patients for percentile limits; 0 gives those of ``interval``.
    rng : int, SeedSequence or Generator
        Needed with resamples.
    sample_weight : array, shape (n,), optional
        Number of identical patients.
    level : float
        Of the pointwise limits.
    interval : {"mover", "normal"}
        Limits recovered from those of the proportions of patients who are treated, missed or
        treated by one strategy only, which hold with a handful of them; or normal limits from the
        standard error, which do not.

    Returns
    -------
    DecisionCurve

    Raises
    ------
    ValueError
        For one class only, risks outside [0, 1], thresholds of 0 or 1, duplicate names, or a harm
        below 0.

    Notes
    -----
    A patient is positive when risk >= t (t rounded to 32 bits where every risk is a number of 32
    bits, so that 0.01 in float32 reaches 0.01). Opt-in: TP/n - FP/n * t/(1 - t). Opt-out: TN/n -
    FN/n * (1 - t)/t. At a given prevalence patients with and without the event are separate
    samples.

    The limits by ``mover`` treat the proportion of patients treated by one strategy only, with and
    without the event, as what is estimated: at a low threshold a handful of missed cancers decides.
    Normal and bootstrap limits of a difference fall far short of their level where few are expected
    (:func:`coverage_of_limits`).

    References
    ----------
    Vickers and Elkin (2006), Med Decis Making 26:565. Vickers, Van Calster, Steyerberg (2019),
    Diagn Progn Res 3:18. Kerr et al. (2016), J Clin Oncol 34:2534 (standardised, opt-out).

    Examples
    --------
    >>> curve = decision_curve([1, 0, 0, 0], [0.4, 0.3, 0.1, 0.1], thresholds=[0.2])
    >>> curve.to_frame()[["model", "net_benefit"]].round(4).values.tolist()
    [['treat_all', 0.0625], ['treat_none', 0.0], ['model', 0.1875]]
    """
    check_choice("policy", policy, POLICIES)
    check_choice("interval", interval, INTERVALS)
    check_resamples("n_resamples", n_resamples, 0)
    check_level(level)
    y, named, w = check_models(outcome, risks, sample_weight)
    t = check_thresholds(thresholds)
    check_both_classes(y, w, "decision_curve")
    counts, events, n = decision_counts(y, list(named.values()), w, t), float(w @ y), float(w.sum())
    p = events / n if prevalence is None else check_fraction("prevalence", prevalence)
    harms = _harms(harm, named)
    tp, fp = _rates(counts.positives, p, from_sample=prevalence is None)
    curve = DecisionCurve(
        models=(TREAT_ALL, TREAT_NONE, *named),
        thresholds=t,
        net_benefit=_net_benefit(tp, fp, p, t, policy) - harms[:, None],
        low=np.full_like(tp, np.nan),
        high=np.full_like(tp, np.nan),
        tp_rate=tp,
        fp_rate=fp,
        prevalence=p,
        policy=policy,
        level=level,
        interval=interval,
        n=n,
        n_events=events,
        counts=counts,
        harm=harms,
        from_sample=prevalence is None,
    )
    return (
        _with_limits(curve)
        if n_resamples == 0
        else _resampled(curve, n_resamples, as_generator(rng))
    )


def _harms(harm: float | Mapping[str, float] | None, named: Mapping[str, FloatArray]) -> FloatArray:
    if isinstance(harm, Mapping):
        unknown = [name for name in harm if name not in named]
        if unknown:
            raise ValueError(
                f"harm must name models of risks; got {unknown[0]!r}. Known: {', '.join(named)}."
            )
        values = [harm.get(name, 0.0) for name in named]
    else:
        values = [0.0 if harm is None else harm] * len(named)
    for value in values:
        x = as_real(value)
        if x is None or not 0 <= x < 1:
            raise ValueError(
                f"harm must be 0 or more, in units of net benefit; got {shown(values)}. Pass for "
                "example 0.001."
            )
    return np.array([0.0, 0.0, *values], dtype=np.float64)


def _rates(
    positives: FloatArray, prevalence: float, *, from_sample: bool
) -> tuple[FloatArray, FloatArray]:
    """True and false positives per patient at a prevalence; treating all gives their numbers in
    the sample.
    """
    fp, tp = positives[:, 0], positives[:, 1]
    if from_sample:
        n = tp[0, 0] + fp[0, 0]
        return tp / n, fp / n
    return tp / tp[0] * prevalence, fp / fp[0] * (1 - prevalence)


def _net_benefit(
    tp: FloatArray, fp: FloatArray, prevalence: float, t: FloatArray, policy: str
) -> FloatArray:
    if policy == "opt-in":
        return tp - fp * (t / (1 - t))
    return (1 - prevalence - fp) - (prevalence - tp) * ((1 - t) / t)


def _with_limits(curve: DecisionCurve) -> DecisionCurve:
    """Limits of the difference from the strategy whose net benefit is always 0."""
    reference = curve._reference()
    limits = [difference_limits(curve, i, reference) for i in range(len(curve.models))]
    return replace(
        curve, low=np.stack([low for low, _ in limits]), high=np.stack([high for _, high in limits])
    )


def _resampled(curve: DecisionCurve, n_resamples: int, rng: np.random.Generator) -> DecisionCurve:
    """Percentile limits from resamples of patients; at a given prevalence within each outcome."""
    p, given = curve.prevalence, not curve.from_sample
    drawn = np.empty((n_resamples, *curve.net_benefit.shape))
    for b, positives in enumerate(
        curve.counts.cells.resampled(n_resamples, rng, within_outcomes=given)
    ):
        tp, fp = _rates(positives, p, from_sample=curve.from_sample)
        drawn[b] = (
            _net_benefit(tp, fp, float(tp[0, 0]), curve.thresholds, curve.policy)
            - curve.harm[:, None]
        )
    low, high = _percentiles(drawn, curve.level)
    return replace(
        curve, low=low, high=high, resamples=drawn, interval=f"bootstrap, {n_resamples} resamples"
    )


def _percentiles(drawn: FloatArray, level: float) -> tuple[FloatArray, FloatArray]:
    low, high = np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2], axis=0)
    return low, high
