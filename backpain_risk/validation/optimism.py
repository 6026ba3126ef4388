"""Optimism of a model measured on the patients it was developed in, by the bootstrap."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from joblib import Parallel, delayed

from ..measures.catalogue import CATALOGUE, USUAL
from ..measures.decision.convention import net_benefit
from ..numerics.checks import BoolArray, FloatArray, check_choice, check_level, check_resamples
from .development import read_patients
from .internal_validation import InternalValidation
from .optimism_of_parts import PARTS, CorrectedPart, refitted_part
from .procedure import Procedure, Refit, Resamples, read_resamples
from .repeated_measures import CURVE, Evaluation, Evaluator, evaluator

METHODS = ("harrell", "632")
LIMITS = ("shifted", "two-stage")


def optimism_bootstrap(
    estimator: Any,
    X: Any,
    y: npt.ArrayLike,
    *,
    n_resamples: int = 200,
    method: str = "harrell",
    rng: int | np.random.SeedSequence | np.random.Generator | None = None,
    resamples: npt.ArrayLike | None = None,
    measures: Sequence[str] = USUAL,
    thresholds: npt.ArrayLike = (0.01, 0.03),
    at: npt.ArrayLike | None = None,
    limits: str = "shifted",
    n_outer: int = 100,
    level: float = 0.95,
    n_jobs: int = 1,
) -> InternalValidation:
    """Performance of a model on new patients like its own, estimated by refitting it to bootstrap
    resamples.

    Parameters
    ----------
    estimator : scikit-learn classifier
        Unfitted; a pipeline is refitted whole (imputation, selection, tuning), which is what makes
        the answer honest.
    X : DataFrame or array, shape (n, columns)
        Predictors of the patients.
    y : array, shape (n,)
        0 or 1.
    n_resamples : int
        Number of resamples.
    method : {"harrell", "632"}
        Optimism as the mean over resamples of performance on the resample less performance on all
        patients; or 0.632 times apparent performance less that on the patients left out.
    rng : int, SeedSequence or Generator
        Needed unless ``resamples`` are given, and for two-stage limits; the result is the same for
        any ``n_jobs``.
    resamples : int array, shape (B, n), optional
        Row numbers, from 0, of each resample, instead of drawing ``n_resamples``.
    measures : sequence of str
        As in :func:`performance`.
    thresholds : array
        Threshold probabilities for ``net_benefit@t``.
    at : array, optional
        Risks at which to correct the calibration curve; by default 50 over the range of the
        apparent risks, none when empty.
    limits : {"shifted", "two-stage"}
        Percentiles of the apparent measure over resamples moved by the optimism; or percentiles of
        the whole procedure repeated in ``n_outer`` resamples, which takes ``n_outer`` times as
        long. Fitting makes O:E, calibration-in-the-large and slope ideal in every resample, outer
        ones too, so that both would be far too narrow for them: the shifted limits of these three
        are NaN, and beside two-stage limits stand percentiles, over the resamples, of what the
        refitted models have in all patients (NaN for ``632``; see Notes).
    n_outer : int
        Outer resamples of two-stage limits.
    level : float
        Share that the limits are to hold, inside (0, 1).
    n_jobs : int
        Workers (joblib).

    Returns
    -------
    InternalValidation

    Raises
    ------
    ValueError
        For one class only, lengths that differ, row numbers out of range, an estimator that stays
        as it was fitted (a wrapped result, a recalibrated model), or when every resample fails.

    Warns
    -----
    UserWarning
        When a measure failed in some resamples; these are left out, counted in ``n_failed`` and
        listed in ``problems``.

    Notes
    -----
    Shifted limits are the location-shifted ones of Noma et al. A model refitted to a resample is
    itself optimistic there, so they lie about the optimism too high: little where it is small, but
    with few events for the number of findings they can hold the value in new patients too seldom.
    Two-stage limits repeat the correction too.

    The O:E ratio of a new model among new patients is uncertain because the model is: with other
    patients it would have become another one. The models refitted to resamples scatter about the
    patients as a model does about the population, so percentiles of their O:E,
    calibration-in-the-large and slope in all patients are limits of those of this model. How often
    they hold with 13 to 200 events: ``coverage_of_limits()``, measures "of a new model".

    References
    ----------
    Harrell, Lee, Mark (1996), Stat Med 15:361. Efron and Tibshirani (1997), JASA 92:548 (.632).
    Noma et al. (2021), Stat Med 40:5691 (limits).

    Examples
    --------
    >>> from backpain_risk import LogisticModel, load_scenario, simulate_cohort
    >>> cohort = simulate_cohort(load_scenario("spine_clinic"), 4000, seed=1)
    >>> X = cohort.predictors[["history_of_cancer", "age_50_or_over", "night_pain"]]
    >>> chosen = {"measures": ["auroc"], "at": []}
    >>> result = optimism_bootstrap(
    ...     LogisticModel(), X, cohort.outcome, n_resamples=50, rng=1, **chosen
    ... )
    >>> result.to_frame()[["apparent", "optimism", "corrected"]].round(3).loc["auroc"].tolist()
    [0.756, 0.007, 0.749]
    """
    check_choice("method", method, METHODS)
    check_choice("limits", limits, LIMITS)
    check_level(level)
    check_resamples("n_resamples", n_resamples, 1)
    patients = read_patients(estimator, X, y, "optimism_bootstrap")
    everyone = patients.sample(np.arange(patients.n))
    drawn = read_resamples(patients.n, n_resamples, rng, resamples)
    outer = _outer(drawn, n_outer) if limits == "two-stage" else None
    risk = patients.risk(patients.refit(estimator, everyone).model)
    procedure = Procedure(
        patients, estimator, evaluator(measures, thresholds, at, risk), left_out=method == "632"
    )
    apparent = procedure.evaluate(everyone.grouped(risk))
    refits = procedure.refit_all(everyone, drawn, n_jobs)
    _refuse_all_failed(refits)
    fixed = _fixed_by_fitting(procedure.evaluate, apparent)
    refitted = {part: refitted_part(part, apparent, refits, method, patients.n) for part in PARTS}
    if outer is None:
        parts = {part: refitted[part].shifted(level, fixed[part]) for part in PARTS}
    else:
        again = _repeat(procedure, outer, drawn.number, method, n_jobs)
        parts = {
            part: refitted[part].within(again[part], level, fixed[part], method) for part in PARTS
        }
    return _result(procedure, risk, apparent, refits, parts, method, limits, level)


def corrected_by_refits(
    procedure: Procedure, risk: FloatArray, refits: list[Refit], level: float = 0.95
) -> InternalValidation:
    """Harrell's correction with shifted limits, of a procedure that was refitted elsewhere.

    Parameters
    ----------
    procedure : Procedure
        The patients, each distinct row of them, and what is measured; its estimator is not used.
    risk : ndarray, shape (m,)
        Apparent risk of each distinct row.
    refits : list of Refit
        One for each resample.
    level : float
    """
    patients = procedure.patients
    apparent = procedure.evaluate(patients.sample(np.arange(patients.n)).grouped(risk))
    _refuse_all_failed(refits)
    fixed = _fixed_by_fitting(procedure.evaluate, apparent)
    parts = {
        part: refitted_part(part, apparent, refits, "harrell", patients.n).shifted(
            level, fixed[part]
        )
        for part in PARTS
    }
    return _result(procedure, risk, apparent, refits, parts, "harrell", "shifted", level)


def _fixed_by_fitting(evaluate: Evaluator, apparent: Evaluation) -> dict[str, BoolArray]:
    """Which values of each part fitting itself makes ideal."""
    fixed = {part: np.zeros(getattr(apparent, part).size, dtype=bool) for part in PARTS}
    fitted = [key for key, measure in CATALOGUE.items() if measure.fixed_by_fitting]
    fixed["values"] = np.isin(evaluate.names, fitted)
    return fixed


def _outer(drawn: Resamples, n_outer: int) -> Resamples:
    if n_outer < 2:
        raise ValueError(
            f"n_outer must be 2 or more for two-stage limits; got {n_outer}. Use 100 or more."
        )
    return Resamples(n_outer, drawn.n, None, drawn.child(drawn.number))


def _repeat(
    procedure: Procedure, outer: Resamples, n_inner: int, method: str, n_jobs: int
) -> dict[str, FloatArray]:
    """Corrected measures of the whole procedure in outer resamples, (outer, k) for each part;
    failures are counted.
    """
    task = delayed(_once)
    found = Parallel(n_jobs=n_jobs)(
        task(procedure, outer, b, n_inner, method) for b in range(outer.number)
    )
    kept = [parts for parts in found if not isinstance(parts, str)]
    failed = [reason for reason in found if isinstance(reason, str)]
    if not kept:
        raise ValueError(
            f"estimator must fit at least one of n_outer={outer.number} resamples; got none that "
            "fits, the first: "
            f"{failed[0]}. Fit it to X and y by itself to see why."
        )
    if failed:
        warnings.warn(
            f"{len(failed)} of {outer.number} outer resamples failed and are left out of the "
            "two-stage limits, the "
            f"first: {failed[0]}",
            UserWarning,
            stacklevel=3,
        )
    return {part: np.array([parts[part] for parts in kept]) for part in PARTS}


def _once(
    procedure: Procedure, outer: Resamples, b: int, n_inner: int, method: str
) -> dict[str, FloatArray] | str:
    """Corrected measures in one outer resample, or why there are none."""
    base = procedure.patients.sample(outer.rows(b))
    inner = Resamples(n_inner, base.rows.size, None, outer.child(outer.number + b))
    try:
        apparent = procedure.apparent(base)
    except Exception as error:  # any estimator may fail in any way; the reason is kept and shown
        return f"{type(error).__name__}: {error}"
    refits = procedure.refit_all(base, inner)
    if all(refit.own is None for refit in refits):
        return f"no inner resample could be fitted: {refits[0].problems[0][1]}"
    n = procedure.patients.n
    return {part: refitted_part(part, apparent, refits, method, n).corrected for part in PARTS}


def _refuse_all_failed(refits: list[Refit]) -> None:
    if all(r.own is None for r in refits):
        raise ValueError(
            f"estimator must fit at least one resample; got {len(refits)} failures, the first: "
            f"{refits[0].problems[0][1]}. Fit it to X and y by itself to see why."
        )


def _result(
    procedure: Procedure,
    risk: FloatArray,
    apparent: Evaluation,
    refits: list[Refit],
    parts: dict[str, CorrectedPart],
    method: str,
    limits: str,
    level: float,
) -> InternalValidation:
    patients = procedure.patients
    evaluate = procedure.evaluate
    values = parts["values"]
    problems = [(b, *problem) for b, r in enumerate(refits) for problem in r.problems]
    result = InternalValidation(
        measures=tuple(evaluate.names),
        apparent=values.apparent,
        optimism=values.optimism,
        corrected=values.corrected,
        low=values.low,
        high=values.high,
        n_failed=values.n_failed,
        n_resamples=len(refits),
        method=method,
        limits=limits,
        level=level,
        n=patients.n,
        n_events=int(patients.outcome.sum()),
        risk=risk[patients.row],
        problems=pd.DataFrame(problems, columns=["resample", "measure", "reason"]),
        warned=_counted([message for r in refits for message in set(r.warnings)]),
        curves=_curves(evaluate, apparent, parts, np.array([patients.outcome.mean()])),
        row=patients.row,
        drawn_risk=np.array([r.risk for r in refits if r.risk is not None]),
    )
    _warn(result, apparent)
    return result


def _curves(
    evaluate: Evaluator,
    apparent: Evaluation,
    parts: dict[str, CorrectedPart],
    prevalence: npt.NDArray[np.float64],
) -> dict[str, pd.DataFrame]:
    def table(first: dict[str, FloatArray], part: CorrectedPart) -> pd.DataFrame:
        columns = {
            name: getattr(part, name)
            for name in ("apparent", "corrected", "low", "high", "n_failed")
        }
        return pd.DataFrame(first | columns)

    t = evaluate.curve_thresholds
    benefit = table({"threshold": t}, parts["net_benefit"])
    return {
        "calibration": table(
            {"predicted": evaluate.at}, parts["observed"].as_risk(apparent.observed)
        ),
        "net_benefit": benefit.assign(treat_all=net_benefit(prevalence, 1 - prevalence, t)),
    }


def _counted(messages: list[str]) -> pd.DataFrame:
    counts = pd.Series(messages, dtype=object).value_counts()
    return pd.DataFrame({"warning": counts.index, "n_resamples": counts.to_numpy()})


def _warn(result: InternalValidation, apparent: Evaluation) -> None:
    """One warning of all that is missing."""
    said = [text for text in (_failed(result), _undefined(apparent)) if text]
    if said:
        warnings.warn("; ".join(said), UserWarning, stacklevel=4)


def _failed(result: InternalValidation) -> str:
    counts = dict(zip(result.measures, result.n_failed.tolist(), strict=True))
    counts[CURVE] = (
        int(result.calibration_curve().n_failed.max()) if len(result.calibration_curve()) else 0
    )
    which = [name for name, failed in counts.items() if failed]
    if not which:
        return ""
    return (
        f"{', '.join(which)} failed in up to {max(counts.values())} of {result.n_resamples} "
        "resamples, which are left "
        f"out; see problems for the reasons, the first: {result.problems.reason.iloc[0]}"
    )


def _undefined(apparent: Evaluation) -> str:
    """What the model itself does not have cannot be corrected."""
    reasons = " ".join(dict.fromkeys(apparent.reasons.values()))
    return (
        f"{', '.join(apparent.reasons)} of the model itself left as NaN because {reasons}"
        if reasons
        else ""
    )
