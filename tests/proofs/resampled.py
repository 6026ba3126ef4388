"""Limits that resample or smooth locally, for the proof of coverage with fewer replicates."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Iterator
from unittest import mock

import numpy as np
import pandas as pd
from setting import (
    BOTH,
    INDICES,
    MODEL,
    OTHER,
    POINTS,
    PROBABILITY,
    THRESHOLDS,
    Limits,
    curve_limits,
)

import backpain_risk as bpr
from backpain_risk.measures.calibration import curve as curve_module
from backpain_risk.measures.calibration import curve_limits as curve_limits_module
from backpain_risk.validation.internal_external import InternalExternalValidation

SITES = 6
TAU = 0.25


def slow_limits(weight: np.ndarray, rng: np.random.Generator, events: int) -> Limits:
    """Measure, interval, low and high; percentiles as they were before they were withheld."""
    with _withholding_nothing():
        yield from _resampled(weight, rng)
        yield from _bayesian(weight, rng)
        yield from _indices(weight, rng)
        yield from _smoothers(weight, rng)
        yield from _pooled(rng, events)


def lowess_limits(weight: np.ndarray, rng: np.random.Generator, events: int) -> Limits:
    """Percentiles of lowess over resamples."""
    order = np.argsort(MODEL)
    with _withholding_nothing():
        curve = bpr.calibration_curve(
            *BOTH, sample_weight=weight, at=MODEL[order], method="lowess", n_resamples=40, rng=rng
        )
    for where, i in POINTS.items():
        yield f"calibration_curve, {where} risks", "lowess, bootstrap", curve.low[i], curve.high[i]


@contextlib.contextmanager
def _withholding_nothing() -> Iterator[None]:
    few = mock.patch.object(curve_limits_module, "FEW_EVENTS", 0)
    withheld = mock.patch.object(curve_module, "WITHHELD", ())
    with warnings.catch_warnings(), few, withheld:
        warnings.filterwarnings("ignore", "the calibration curve says little")
        yield


def _resampled(weight: np.ndarray, rng: np.random.Generator) -> Limits:
    for function in (bpr.auroc, bpr.partial_auroc):
        estimate = function(
            *BOTH, sample_weight=weight, interval="bootstrap", n_resamples=100, rng=rng
        )
        yield function.__name__, "bootstrap", estimate.low, estimate.high
    risks = {"model": BOTH[1], "b": np.tile(OTHER, 2)}
    options = {"thresholds": THRESHOLDS, "sample_weight": weight, "rng": rng}
    yield from curve_limits(
        bpr.decision_curve(BOTH[0], risks, n_resamples=200, **options), "bootstrap"
    )


def _bayesian(weight: np.ndarray, rng: np.random.Generator) -> Limits:
    risks = {"model": BOTH[1], "b": np.tile(OTHER, 2)}
    options = {"thresholds": THRESHOLDS, "sample_weight": weight, "rng": rng, "n_draws": 1000}
    for how in ("independent", "paired"):
        curve = bpr.bayesian_decision_curve(BOTH[0], risks, dependence=how, **options)
        yield from curve_limits(curve, f"credible, {how}")


def _indices(weight: np.ndarray, rng: np.random.Generator) -> Limits:
    for name, risk in (("", MODEL), (", calibrated", PROBABILITY)):
        for how in ("region", "bootstrap", "simulation"):
            curve = None
            with contextlib.suppress(ValueError):  # no maximum of the likelihood
                curve = bpr.calibration_curve(
                    BOTH[0],
                    np.tile(risk, 2),
                    sample_weight=weight,
                    n_resamples=40,
                    resampling=how,
                    rng=rng,
                    at=[0.01],
                )
            for index in INDICES:
                ends = (
                    (np.nan, np.nan)
                    if curve is None
                    else (getattr(curve, index).low, getattr(curve, index).high)
                )
                yield index + name, how, *ends


def _smoothers(weight: np.ndarray, rng: np.random.Generator) -> Limits:
    order = np.argsort(MODEL)
    at = MODEL[order]
    loess = {
        band: bpr.calibration_curve(*BOTH, sample_weight=weight, method="loess", band=band, at=at)
        for band in ("pointwise", "simultaneous")
    }
    options = {"method": "isotonic", "n_resamples": 40, "rng": rng}
    isotonic = bpr.calibration_curve(*BOTH, sample_weight=weight, at=at, **options)
    curves = {"loess, pointwise": loess["pointwise"], "isotonic, bootstrap": isotonic}
    for how, curve in curves.items():
        for where, i in POINTS.items():
            yield f"calibration_curve, {where} risks", how, curve.low[i], curve.high[i]
    whole = loess["simultaneous"]
    shown = np.isfinite(whole.low)
    held = (whole.low <= PROBABILITY[order]) & (PROBABILITY[order] <= whole.high)
    inside = float(held[shown].all())
    yield "calibration_curve, whole", "loess, tube of t errors", inside, inside


def _pooled(rng: np.random.Generator, events: int) -> Limits:
    """Six sites with so many events expected in each, whose log O:E ratios scatter about 0."""
    n = 100 * events
    risk = 0.01
    rows = []
    for site in range(SITES):
        sick = rng.binomial(n, risk * np.exp(TAU * rng.standard_normal()))
        ratio = bpr.observed_expected([1, 0], [risk, risk], sample_weight=[sick, n - sick])
        rows.append((site, n, sick, "observed_expected", ratio.value, ratio.low, ratio.high, ""))
    columns = ["group", "n", "n_events", "measure", "value", "low", "high", "reason"]
    sites = InternalExternalValidation(
        table=pd.DataFrame(rows, columns=columns), risk=np.empty(0), level=0.95
    )
    for how in ("hartung_knapp", "normal"):
        row = sites.pooled(how).iloc[0]
        yield "pooled_observed_expected", how, row.low, row.high
