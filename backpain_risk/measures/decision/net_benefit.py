"""Decision curves: net benefit over a range of threshold probabilities."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from ...numerics.checks import (
    FloatArray,
    as_generator,
    check_both_classes,
    check_choice,
    check_fraction,
    check_level,
    check_resamples,
)
from ...numerics.intervals import percentile_limits
from ...numerics.values import as_real, shown
from .benefit_curve import DecisionCurve
from .convention import POLICIES
from .counts import decision_counts
from .inputs import TREAT_ALL, TREAT_NONE, Risks, check_models, check_thresholds
from .strategies import INTERVALS, Strategies


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
    events = float(w @ y)
    n = float(w.sum())
    strategies = Strategies(
        names=(TREAT_ALL, TREAT_NONE, *named),
        thresholds=t,
        counts=decision_counts(y, list(named.values()), w, t),
        prevalence=events / n if prevalence is None else check_fraction("prevalence", prevalence),
        from_sample=prevalence is None,
        policy=policy,
        harm=_harms(harm, named),
        n=n,
        n_events=events,
    )
    if n_resamples == 0:
        return _curve(strategies, *strategies.limits(interval, level), level, interval)
    drawn = strategies.resampled(n_resamples, as_generator(rng))
    how = f"bootstrap, {n_resamples} resamples"
    return _curve(strategies, *percentile_limits(drawn, level), level, how, drawn)


def _curve(
    strategies: Strategies,
    low: FloatArray,
    high: FloatArray,
    level: float,
    interval: str,
    resamples: FloatArray | None = None,
) -> DecisionCurve:
    tp, fp = strategies.rates
    return DecisionCurve(
        models=strategies.names,
        thresholds=strategies.thresholds,
        net_benefit=strategies.net_benefit,
        low=low,
        high=high,
        tp_rate=tp,
        fp_rate=fp,
        prevalence=strategies.prevalence,
        policy=strategies.policy,
        level=level,
        interval=interval,
        n=strategies.n,
        n_events=strategies.n_events,
        harm=strategies.harm,
        from_sample=strategies.from_sample,
        strategies=strategies,
        resamples=resamples,
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
