"""What the researcher gets to see: values missing or misreported, outcomes verified in part,
patients selected.

Every function takes a cohort and returns a new one; the true risk stays exact for what the new
cohort records, except where a function says otherwise.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from scipy.optimize import brentq
from scipy.special import expit, logit

from ..numerics.checks import (
    FloatArray,
    as_generator,
    check_fraction,
    check_kind,
    check_mapping,
    check_number,
    check_positive,
)
from ..scenario.parts import FindingTarget
from .table import Cohort

Rng = int | np.random.SeedSequence | np.random.Generator | None


def make_missing(
    cohort: Cohort,
    share: Mapping[str, float],
    *,
    given: Mapping[str, float] | None = None,
    own_value: float = 0.0,
    rng: Rng = None,
) -> Cohort:
    """Make values of predictors and tests missing.

    Parameters
    ----------
    cohort : Cohort
        Patients, synthetic or of one's own.
    share : mapping of column to the expected share of missing values
        Predictors and tests by name, each share inside (0, 1).
    given : mapping of column to log odds ratio, optional
        Missingness depends on these recorded columns (missing at random); completely at random when
        None. A test that is done only for some patients is a test whose values are missing given
        their findings.
    own_value : float
        Log odds ratio of the value itself, per unit of yes/no and per standard deviation of others
        (missing not at random when not 0).
    rng : int, SeedSequence or Generator
        Source of the draws; the same one gives the same draws.

    Returns
    -------
    Cohort
        Columns with missing values are float with NaN.

    Notes
    -----
    *Completely at random* biases nothing but loses patients in complete-case analysis. *At random*
    biases marginal frequencies and, in complete cases, whatever the missingness depends on together
    with the outcome; it does not bias risks given the columns it depends on, nor imputation that
    includes them and the outcome. *Not at random* biases all of these. ``true_risk`` integrates
    missing values out, which is exact in the first case, and in the second when the predictors
    include the columns that missingness depends on; not in the third.

    Examples
    --------
    >>> from backpain_risk import load_scenario, simulate_cohort
    >>> cohort = simulate_cohort(load_scenario("primary_care"), 5000, seed=1)
    >>> seen = make_missing(cohort, {"esr_mm_h": 0.7}, given={"age_50_or_over": -1.5}, rng=1)
    >>> old = seen.predictors.age_50_or_over == 1
    >>> bool(seen.tests.esr_mm_h[old].notna().mean() > seen.tests.esr_mm_h[~old].notna().mean())
    True
    """
    _check_cohort(
        cohort,
        share=check_mapping("share", share, "column to share of missing values"),
        given=given,
    )
    check_number("own_value", own_value, -100, 100)
    generator = as_generator(rng)
    predictors = cohort.predictors.copy()
    tests = cohort.tests.copy()
    for column, fraction in share.items():
        table = _table_of(column, predictors, tests)
        score = _score(cohort, given or {}) + own_value * _standardised(
            table[column], column in cohort.words.measured
        )
        gone = generator.random(len(cohort)) < _probability(fraction, score, f"share of {column}")
        table[column] = table[column].astype(np.float64).mask(gone)
        if column == "age_years" and "age_50_or_over" in predictors:
            predictors["age_50_or_over"] = (
                predictors["age_50_or_over"].astype(np.float64).mask(gone)
            )
    return replace(cohort, predictors=predictors, tests=tests)


def misreport(
    cohort: Cohort,
    *,
    missed: Mapping[str, float] | None = None,
    invented: Mapping[str, float] | None = None,
    rng: Rng = None,
) -> Cohort:
    """Record some findings wrongly, whatever the outcome.

    Parameters
    ----------
    cohort : Cohort
        Synthetic: its scenario is needed for the true risk of what is recorded.
    missed : mapping of finding to P(recorded absent | present)
        Findings that are present and recorded as absent.
    invented : mapping of finding to P(recorded present | absent)
        Findings that are absent and recorded as present.
    rng : int, SeedSequence or Generator
        Source of the draws; the same one gives the same draws.

    Notes
    -----
    Biases sensitivity, specificity and odds ratios of the misreported findings towards no
    association, and the risks of a model moved to where recording is better; it does not bias the
    calibration of a model developed and used with the same recording. ``true_risk`` is the exact
    risk given the *recorded* values: the new cohort's scenario holds the errors. Applied again, the
    errors come on top of those made before.

    Examples
    --------
    >>> from backpain_risk import load_scenario, simulate_cohort
    >>> cohort = simulate_cohort(load_scenario("spine_clinic"), 1000, seed=1)
    >>> recorded = misreport(cohort, missed={"night_pain": 0.5}, rng=1)
    >>> bool(recorded.predictors.night_pain.sum() < cohort.predictors.night_pain.sum())
    True
    """
    _check_cohort(cohort, missed=missed, invented=invented)
    if cohort.scenario is None:
        raise ValueError(
            "misreport needs a synthetic cohort with its scenario; this one has none. Simulate one."
        )
    generator = as_generator(rng)
    errors = _errors(missed or {}, invented or {}, cohort.words.responding)
    predictors = cohort.predictors.copy()
    tests = cohort.tests.copy()
    for key, (miss, invent) in errors.items():
        table = _table_of(key, predictors, tests)
        value = table[key]
        chance = generator.random(len(cohort))
        wrong = np.where(value == 1, chance < miss, chance < invent) & value.notna()
        table[key] = value.where(~wrong, 1 - value).astype(value.dtype)
    changes = {
        "findings": {
            key: _after(cohort.scenario.findings[key], *pair) for key, pair in errors.items()
        }
    }
    return replace(
        cohort,
        predictors=predictors,
        tests=tests,
        scenario=cohort.scenario.replace(changes=changes),
    )


def _after(target: FindingTarget, miss: float, invent: float) -> dict[str, float]:
    """Errors of what is recorded last: those made before, and then these."""
    return {
        "missed": target.missed * (1 - invent) + (1 - target.missed) * miss,
        "invented": target.invented * (1 - miss) + (1 - target.invented) * invent,
    }


def verify_partially(
    cohort: Cohort, share: float, *, given: Mapping[str, float] | None = None, rng: Rng = None
) -> Cohort:
    """Verify the outcome of some patients only; the others are recorded as free of malignancy.

    Parameters
    ----------
    cohort : Cohort
        Patients, synthetic or of one's own.
    share : float
        Expected share of patients verified.
    given : mapping of column to log odds ratio, optional
        Verification depends on these recorded columns; on nothing when None.
    rng : int, SeedSequence or Generator
        Source of the draws; the same one gives the same draws.

    Returns
    -------
    Cohort
        ``verified`` says whose outcome is known; ``outcome`` is 0 for everybody else.

    Raises
    ------
    ValueError
        When some patients were left unverified before: their outcome is not known here.

    Notes
    -----
    Counting the unverified as negative biases the base rate and every risk downwards and, when
    verification depends on findings, raises the sensitivity of those findings and the odds ratios.
    Keeping the verified only biases the base rate (upwards when findings lead to verification),
    sensitivity upwards and specificity downwards; it does not bias risks given the columns that
    verification depends on. ``true_risk`` is the risk of malignancy, recorded or not.

    Examples
    --------
    >>> from backpain_risk import load_scenario, simulate_cohort
    >>> cohort = simulate_cohort(load_scenario("spine_clinic"), 1000, seed=1)
    >>> some = verify_partially(cohort, 0.5, rng=1)
    >>> bool(0.4 < some.verified.mean() < 0.6)
    True
    """
    _check_cohort(cohort, given=given)
    generator = as_generator(rng)
    if cohort.verified is not None and not cohort.verified.all():
        unknown = int((~cohort.verified).sum())
        raise ValueError(
            f"verify_partially needs the outcome of every patient; got {unknown} of {len(cohort)} "
            "not verified before. "
            "Verify once, with one share."
        )
    known = generator.random(len(cohort)) < _probability(
        share, _score(cohort, given or {}), "share"
    )
    verified = pd.Series(known, index=cohort.outcome.index, name="verified")
    return replace(
        cohort,
        verified=verified,
        outcome=cohort.outcome.where(verified, 0).astype(cohort.outcome.dtype),
    )


def follow_up(cohort: Cohort, sensitivity: float, *, rng: Rng = None) -> Cohort:
    """Record each malignancy with a probability only: follow-up that misses cancers, whatever their
    findings.

    Parameters
    ----------
    cohort : Cohort
        Patients, synthetic or of one's own.
    sensitivity : float
        P(recorded | malignancy), in [0, 1].
    rng : int, SeedSequence or Generator
        Source of the draws; the same one gives the same draws.

    Notes
    -----
    Biases the base rate and every risk downwards by the factor ``sensitivity`` (predictive values
    too); does not bias sensitivity, and specificity and single odds ratios hardly, because few
    patients without recorded malignancy have one. Odds ratios *adjusted* by a logistic model stay
    only where that model is right: with main effects of twelve findings that hang together they
    move (cancer history from 11.8 to 10.0 at a sensitivity of 0.6, exact sums for
    ``primary_care``). ``true_risk`` is the risk of malignancy, recorded or not.

    Examples
    --------
    >>> from backpain_risk import load_scenario, simulate_cohort
    >>> cohort = simulate_cohort(load_scenario("spine_clinic"), 1000, seed=1)
    >>> recorded = follow_up(cohort, 0.6, rng=1)
    >>> bool(recorded.outcome.sum() < cohort.outcome.sum())
    True
    """
    _check_cohort(cohort)
    check_fraction("sensitivity", sensitivity, closed=True)
    found = as_generator(rng).random(len(cohort)) < sensitivity
    return replace(cohort, outcome=cohort.outcome.where(found, 0).astype(cohort.outcome.dtype))


def sample_case_control(cohort: Cohort, controls_per_case: float, *, rng: Rng = None) -> Cohort:
    """All patients with malignancy, and controls drawn at random from the others.

    Parameters
    ----------
    cohort : Cohort
        Patients, synthetic or of one's own.
    controls_per_case : float
        Patients without malignancy for each with it.
    rng : int, SeedSequence or Generator
        Source of the draws; the same one gives the same draws.

    Notes
    -----
    Biases the base rate, intercepts, risks, predictive values and net benefit (correct them with
    the known base rate, as ``prevalence=`` of ``decision_curve`` does); does not bias sensitivity,
    specificity, likelihood ratios, single odds ratios or the C-statistic. Odds ratios *adjusted* by
    a logistic model stay only where that model is right: with main effects of twelve findings that
    hang together they move (cancer history from 11.8 to 13.3 with four controls a case, exact sums
    for ``primary_care``). ``true_risk`` stays that of the population.

    Examples
    --------
    >>> from backpain_risk import load_scenario, simulate_cohort
    >>> cohort = simulate_cohort(load_scenario("spine_clinic"), 1000, seed=1)
    >>> sampled = sample_case_control(cohort, 4, rng=1)
    >>> float(sampled.outcome.mean())
    0.2
    """
    _check_cohort(cohort)
    check_positive("controls_per_case", controls_per_case)
    generator = as_generator(rng)
    event = cohort.outcome.to_numpy() == 1
    cases = np.flatnonzero(event)
    others = np.flatnonzero(~event)
    wanted = round(controls_per_case * cases.size)
    if not 0 < wanted <= others.size:
        raise ValueError(
            f"controls_per_case must give 1 to {others.size} controls; got {controls_per_case} "
            f"for {cases.size} cases. "
            "Lower it, or use a larger cohort."
        )
    controls = generator.choice(others, wanted, replace=False, shuffle=False)
    return cohort.take(np.sort(np.concatenate([cases, controls])))


def enrich(cohort: Cohort, share: float, *, given: Mapping[str, float], rng: Rng = None) -> Cohort:
    """Keep a share of the patients, more readily those with some recorded findings: referral.

    Parameters
    ----------
    cohort : Cohort
        Patients, synthetic or of one's own.
    share : float
        Expected share of patients kept, inside (0, 1).
    given : mapping of column to log odds ratio
        Being kept depends on these recorded columns.
    rng : int, SeedSequence or Generator
        Source of the draws; the same one gives the same draws.

    Notes
    -----
    Biases the base rate, and sensitivity and specificity of the findings that lead to referral (the
    former upwards, the latter downwards), and so their likelihood ratios; it does not bias risks
    given those findings, so ``true_risk`` and models that contain them stay right.

    Examples
    --------
    >>> from backpain_risk import load_scenario, simulate_cohort
    >>> cohort = simulate_cohort(load_scenario("spine_clinic"), 1000, seed=1)
    >>> sent = enrich(cohort, 0.3, given={"history_of_cancer": 2.0}, rng=1)
    >>> bool(sent.outcome.mean() > cohort.outcome.mean())
    True
    """
    _check_cohort(cohort, given=check_mapping("given", given, "column to log odds ratio"))
    kept = as_generator(rng).random(len(cohort)) < _probability(
        share, _score(cohort, given), "share"
    )
    return cohort.take(np.flatnonzero(kept))


def _check_cohort(cohort: Cohort, **numbers: Any) -> None:
    """A cohort, and mappings of columns to numbers."""
    check_kind("cohort", cohort, Cohort, "Simulate one, or make one with Cohort.from_frame.")
    for name, mapping in numbers.items():
        if mapping is not None:
            for column, value in check_mapping(name, mapping, "column to number").items():
                check_number(f"{name} of {column}", value)


def _table_of(column: str, predictors: pd.DataFrame, tests: pd.DataFrame) -> pd.DataFrame:
    if column == "age_50_or_over" and "age_years" in predictors:
        raise ValueError(
            "age_50_or_over follows age_years; got it alone. Name age_years, which takes its band "
            "along."
        )
    for table in (predictors, tests):
        if column in table:
            return table
    known = ", ".join((*predictors.columns, *tests.columns))
    raise ValueError(
        f"columns must be predictors or tests of the cohort; got {column!r}. Known: {known}."
    )


def _score(cohort: Cohort, given: Mapping[str, float]) -> FloatArray:
    """Log odds, up to a constant, from recorded columns."""
    total = np.zeros(len(cohort))
    for column, log_odds_ratio in given.items():
        table = cohort.predictors if column in cohort.predictors else cohort.tests
        if column not in table:
            raise ValueError(
                f"given must name predictors or tests of the cohort; got {column!r}. Check the "
                "spelling."
            )
        values = table[column].to_numpy(np.float64)
        if np.isnan(values).any():
            raise ValueError(
                f"given must name columns without missing values; got {column!r}. Apply this step "
                "earlier."
            )
        total += log_odds_ratio * values
    return total


def _standardised(values: pd.Series[Any], measured: bool) -> FloatArray:
    x = values.to_numpy(np.float64)
    if measured:
        x = (x - np.nanmean(x)) / np.nanstd(x)
    return np.nan_to_num(x)


def _probability(share: float, score: FloatArray, name: str) -> FloatArray:
    """Probabilities with the given log odds differences whose mean is ``share``."""
    check_fraction(name, share)
    if not np.any(score):
        return np.full(score.size, share)
    span = np.abs(score).max() + abs(float(logit(share))) + 1
    constant = brentq(lambda a: float(np.mean(expit(a + score))) - share, -span, span, xtol=1e-12)
    return np.asarray(expit(constant + score))


def _errors(
    missed: Mapping[str, float], invented: Mapping[str, float], known: Collection[str]
) -> dict[str, tuple[float, float]]:
    result = {key: (missed.get(key, 0.0), invented.get(key, 0.0)) for key in {**missed, **invented}}
    for key, pair in result.items():
        if key not in known:
            raise ValueError(
                f"missed and invented must name yes/no findings; got {key!r}. Known: "
                f"{', '.join(sorted(known))}."
            )
        for rate in pair:
            check_fraction(f"rates of {key}", rate, closed=True)
    return result
