"""Decision curves: net benefit over a range of threshold probabilities."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ..numerics.checks import (
    FloatArray,
    as_generator,
    as_vector,
    check_both_classes,
    check_choice,
    check_fraction,
    check_outcome,
    check_risk,
    check_same_length,
    check_weight,
    refuse_where,
)
from ..numerics.intervals import normal_quantile
from ..numerics.patterns import distinct_rows, sum_by

POLICIES = ("opt-in", "opt-out")
TREAT_ALL, TREAT_NONE = "treat_all", "treat_none"
DEFAULT_THRESHOLDS = np.arange(1, 101) / 1000
"""0.1 % to 10 %: at a base rate of 1 % nothing else is of interest. Whole numbers divided, never accumulated."""

Risks = npt.ArrayLike | Mapping[str, npt.ArrayLike] | pd.DataFrame


@dataclass(frozen=True, eq=False)
class DecisionCounts:
    """Patients jointly collapsed by outcome and by how many thresholds the risk of each model reaches.

    ``bins`` is (cells, models): the risk is at or above the first ``bins`` thresholds. ``outcome`` and ``n`` are
    (cells,).
    """

    bins: npt.NDArray[np.int64]
    outcome: FloatArray
    n: FloatArray
    n_thresholds: int

    def positives(self, n: FloatArray) -> tuple[FloatArray, FloatArray]:
        """True and false positives, (models, thresholds), for cell counts ``n``."""
        shape = (self.bins.shape[1], self.n_thresholds)
        true, false = np.empty(shape), np.empty(shape)
        for m in range(shape[0]):
            for target, weight in ((true, n * self.outcome), (false, n * (1 - self.outcome))):
                reached = sum_by(self.bins[:, m], weight, self.n_thresholds + 1)
                target[m] = np.cumsum(reached[::-1])[::-1][1:]
        return true, false


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
    policy : str
    interval : str
        How the limits were made.
    n, n_events : float
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

        Columns model, threshold, net_benefit, low, high, standardised_net_benefit, net_interventions_avoided, tp_rate,
        fp_rate, sensitivity, specificity, ppv, npv. Net interventions avoided are per patient, against treating all.
        """
        tp, fp, p = self.tp_rate, self.fp_rate, self.prevalence
        k, odds = self.thresholds.size, self.thresholds / (1 - self.thresholds)
        all_benefit = self.net_benefit[self.models.index(TREAT_ALL)]
        avoided = self.net_benefit - all_benefit
        avoided = avoided / odds if self.policy == "opt-in" else avoided
        scale = p if self.policy == "opt-in" else 1 - p
        with np.errstate(divide="ignore", invalid="ignore"):
            columns = {
                "net_benefit": self.net_benefit,
                "low": self.low,
                "high": self.high,
                "standardised_net_benefit": self.net_benefit / scale,
                "net_interventions_avoided": avoided,
                "tp_rate": tp,
                "fp_rate": fp,
                "sensitivity": tp / p,
                "specificity": 1 - fp / (1 - p),
                "ppv": tp / (tp + fp),
                "npv": (1 - p - fp) / (1 - tp - fp),
            }
        table = {"model": np.repeat(self.models, k), "threshold": np.tile(self.thresholds, len(self.models))}
        return pd.DataFrame(table | {name: values.ravel() for name, values in columns.items()})

    def difference(self, a: str, b: str) -> pd.DataFrame:
        """Paired difference in net benefit, a minus b: columns threshold, difference, low, high."""
        unknown = [name for name in (a, b) if name not in self.models]
        if unknown:
            raise ValueError(
                f"a and b must be models of the curve; got {unknown[0]!r}. Known: {', '.join(self.models)}."
            )
        i, j = self.models.index(a), self.models.index(b)
        value = self.net_benefit[i] - self.net_benefit[j]
        if self.resamples is not None:
            drawn = self.resamples[:, i] - self.resamples[:, j]
            low, high = np.quantile(drawn, [(1 - self.level) / 2, (1 + self.level) / 2], axis=0)
        else:
            half = normal_quantile(self.level) * _standard_error(self, i, j)
            low, high = value - half, value + half
        return pd.DataFrame({"threshold": self.thresholds, "difference": value, "low": low, "high": high})

    def _repr_html_(self) -> str:
        head = f"<p>Decision curve ({self.policy}): {self.n:g} patients, {self.n_events:g} events, prevalence "
        return f"{head}{self.prevalence:.3%}; limits {self.interval}.</p>{self.to_frame().head(10).to_html()}"


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
        Bootstrap resamples of patients for percentile limits; 0 gives normal limits from the exact standard error.
    rng : int, SeedSequence or Generator
        Needed with resamples.
    sample_weight : array, shape (n,), optional
        Number of identical patients.

    Returns
    -------
    DecisionCurve

    Raises
    ------
    ValueError
        For one class only, risks outside [0, 1], thresholds of 0 or 1, or duplicate names.

    Notes
    -----
    A patient is positive when risk >= t. Opt-in: TP/n - FP/n * t/(1 - t). Opt-out: TN/n - FN/n * (1 - t)/t. The net
    benefit is a mean over patients, whose standard error gives the limits.

    References
    ----------
    Vickers and Elkin (2006), Med Decis Making 26:565. Vickers, Van Calster, Steyerberg (2019), Diagn Progn Res 3:18.

    Examples
    --------
    >>> curve = decision_curve([1, 0, 0, 0], [0.4, 0.3, 0.1, 0.1], thresholds=[0.2])
    >>> curve.to_frame()[["model", "net_benefit"]].round(4).values.tolist()
    [['treat_all', 0.0625], ['treat_none', 0.0], ['model', 0.1875]]
    """
    check_choice("policy", policy, POLICIES)
    y, named, w = _checked(outcome, risks, sample_weight)
    t = check_thresholds(thresholds)
    counts = _counts(y, list(named.values()), w, t)
    events, n = float(w @ y), float(w.sum())
    check_both_classes(y, w, "decision_curve")
    p = events / n if prevalence is None else check_fraction("prevalence", prevalence)
    harms = _harms(harm, named)
    tp, fp = _rates(*counts.positives(counts.n), events, n, p)
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
        interval="normal",
        n=n,
        n_events=events,
        counts=counts,
        harm=harms,
        from_sample=prevalence is None,
    )
    return _with_limits(curve, n_resamples, rng)


def _checked(
    outcome: npt.ArrayLike, risks: Risks, sample_weight: npt.ArrayLike | None
) -> tuple[FloatArray, dict[str, FloatArray], FloatArray]:
    y = check_outcome(outcome)
    if isinstance(risks, (Mapping, pd.DataFrame)):
        names = list(risks.keys())
        table: Any = risks
        given = {str(name): table[name] for name in names}
        if len(given) < len(names) or {TREAT_ALL, TREAT_NONE} & set(given) or not given:
            raise ValueError(
                f"risks must have distinct names other than treat_all and treat_none; got {names}. Rename them."
            )
    else:
        given = {"model": risks}
    named = {
        name: check_risk(values, f"risk of {name}" if len(given) > 1 else "risk") for name, values in given.items()
    }
    for name, values in named.items():
        check_same_length(outcome=y.size, **{f"risk_of_{name}": values.size})
    return y, named, check_weight(sample_weight, y.size)


def check_thresholds(thresholds: npt.ArrayLike | None) -> FloatArray:
    """Threshold probabilities strictly between 0 and 1, ascending and distinct."""
    if thresholds is None:
        return DEFAULT_THRESHOLDS
    t = as_vector("thresholds", np.atleast_1d(np.asarray(thresholds)))
    refuse_where((t <= 0) | (t >= 1), t, "thresholds must lie strictly between 0 and 1", "Drop 0 and 1; use fractions.")
    if t.size == 0 or np.any(np.diff(t) <= 0):
        raise ValueError(f"thresholds must be ascending and distinct; got {t.tolist()[:5]}. Sort them.")
    return t


def _harms(harm: float | Mapping[str, float] | None, named: Mapping[str, FloatArray]) -> FloatArray:
    if isinstance(harm, Mapping):
        unknown = [name for name in harm if name not in named]
        if unknown:
            raise ValueError(f"harm must name models of risks; got {unknown[0]!r}. Known: {', '.join(named)}.")
        values = [float(harm.get(name, 0.0)) for name in named]
    else:
        values = [float(harm or 0.0)] * len(named)
    return np.array([0.0, 0.0, *values])


def _counts(y: FloatArray, risks: list[FloatArray], weight: FloatArray, thresholds: FloatArray) -> DecisionCounts:
    """Collapse patients to joint bins; nothing else matters to a decision at these thresholds."""
    k = thresholds.size
    bins = [np.searchsorted(thresholds, r, side="right") for r in risks]
    cell, first = distinct_rows([*bins, y.astype(np.int8)])
    n = sum_by(cell, weight, first.size)
    ends = [np.full(first.size, k), np.zeros(first.size, dtype=np.int64)]
    return DecisionCounts(np.column_stack([*ends, *(b[first] for b in bins)]), y[first], n, k)


def _rates(tp: FloatArray, fp: FloatArray, events: float, n: float, prevalence: float) -> tuple[FloatArray, FloatArray]:
    """True and false positives per patient at a prevalence."""
    if events / n == prevalence:
        return tp / n, fp / n
    return tp / events * prevalence, fp / (n - events) * (1 - prevalence)


def _net_benefit(tp: FloatArray, fp: FloatArray, prevalence: float, t: FloatArray, policy: str) -> FloatArray:
    if policy == "opt-in":
        return tp - fp * (t / (1 - t))
    return (1 - prevalence - fp) - (prevalence - tp) * ((1 - t) / t)


def _with_limits(curve: DecisionCurve, n_resamples: int, rng: Any) -> DecisionCurve:
    from dataclasses import replace

    if n_resamples == 0:
        none = curve.models.index(TREAT_NONE)
        half = normal_quantile(curve.level) * np.stack(
            [
                _standard_error(curve, i, none) if curve.policy == "opt-in" else _own_error(curve, i)
                for i in range(len(curve.models))
            ]
        )
        return replace(curve, low=curve.net_benefit - half, high=curve.net_benefit + half)
    drawn = _resample(curve, n_resamples, as_generator(rng))
    low, high = np.quantile(drawn, [(1 - curve.level) / 2, (1 + curve.level) / 2], axis=0)
    return replace(curve, low=low, high=high, resamples=drawn, interval=f"bootstrap, {n_resamples} resamples")


def _resample(curve: DecisionCurve, n_resamples: int, rng: np.random.Generator) -> FloatArray:
    """Net benefit in resamples of patients, (resamples, models, k); at a given prevalence within each outcome."""
    counts, y = curve.counts, curve.counts.outcome
    result = np.empty((n_resamples, *curve.net_benefit.shape))
    for b in range(n_resamples):
        n = _drawn_counts(counts.n, y, rng, stratified=not curve.from_sample)
        events, total = float(n @ y), float(n.sum())
        p = events / total if curve.from_sample else curve.prevalence
        tp, fp = _rates(*counts.positives(n), max(events, 1.0), total, p)
        result[b] = _net_benefit(tp, fp, p, curve.thresholds, curve.policy) - curve.harm[:, None]
    return result


def _drawn_counts(n: FloatArray, y: FloatArray, rng: np.random.Generator, *, stratified: bool) -> FloatArray:
    strata = [y == 1, y == 0] if stratified else [np.ones(y.size, dtype=bool)]
    drawn = np.zeros(n.size)
    for part in strata:
        drawn[part] = rng.multinomial(round(n[part].sum()), n[part] / n[part].sum())
    return drawn


def _own_error(curve: DecisionCurve, i: int) -> FloatArray:
    """Standard error of the opt-out net benefit, a mean of TN minus weighted FN."""
    return _error(curve, 1.0 - _positive(curve, i), opt_out=True)


def _standard_error(curve: DecisionCurve, i: int, j: int) -> FloatArray:
    """Standard error of the difference in net benefit between two models, (k,)."""
    return _error(curve, _positive(curve, i) - _positive(curve, j), opt_out=curve.policy == "opt-out")


def _positive(curve: DecisionCurve, i: int) -> FloatArray:
    """Whether each cell is positive at each threshold, (cells, k)."""
    return (curve.counts.bins[:, i : i + 1] > np.arange(curve.thresholds.size)).astype(np.float64)


def _error(curve: DecisionCurve, decision: FloatArray, *, opt_out: bool) -> FloatArray:
    """Standard error of the mean over patients of the benefit of a decision in {-1, 0, 1}."""
    y, n, t = curve.counts.outcome, curve.counts.n, curve.thresholds
    cost = np.where(y[:, None] == 1, -(1 - t) / t, 1.0) if opt_out else np.where(y[:, None] == 1, 1.0, -t / (1 - t))
    value = decision * cost
    strata = [(np.ones(y.size, dtype=bool), 1.0)]
    if not curve.from_sample:
        strata = [(y == 1, curve.prevalence), (y == 0, 1 - curve.prevalence)]
    variance = np.zeros(t.size)
    for part, share in strata:
        total = n[part].sum()
        mean = n[part] @ value[part] / total
        variance += share**2 * (n[part] @ (value[part] - mean) ** 2) / total / max(total - 1, 1)
    return np.sqrt(variance)
