"""The patients whose measures the proof of coverage judges, and the true measures."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from functools import cache
from typing import Any

import numpy as np
from scipy.special import expit, logit
from scipy.stats import norm

import backpain_risk as bpr

EVENTS = (13, 20, 30, 50, 200)
KINDS = 400
THRESHOLDS = (0.005, 0.01, 0.03)
SLOPE = 1.2
DIFFERENCES = ("", " of treat_all", " - treat_all", " - b")
INDICES = ("ici", "e50", "e90", "emax")
POINTS = {"lowest": 20, "middle": 200, "highest": 380}  # in order of risk
Limits = Iterator[tuple[str, str, float, float]]

# Equally common kinds of patients, on average 1 % malignant; the risks judged are too high and too
# extreme.
PROBABILITY = expit(-5.2265 + 1.15 * norm.ppf((np.arange(KINDS) + 0.5) / KINDS))
MODEL = expit(0.9 + SLOPE * logit(PROBABILITY))
# Another model, which knows three quarters of what there is to know: it ranks some patients
# otherwise.
OTHER = expit(logit(PROBABILITY) + 0.6 * np.sin(7.0 * np.arange(KINDS)))
BOTH = np.repeat([1, 0], KINDS), np.tile(MODEL, 2)
POPULATION = np.concatenate([PROBABILITY, 1 - PROBABILITY])


def curve_limits(curve: Any, how: str) -> Limits:
    """Those of the model, of treating all, and of the model less treating all and less the other
    model.
    """
    all_ = curve.models.index("treat_all")
    model = curve.models.index("model")
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "limits of a difference by")
        pairs = [curve.difference("model", other) for other in ("treat_all", "b")]
    for k, t in enumerate(THRESHOLDS):
        name = f"net_benefit@{t:g}"
        yield name, how, curve.low[model, k], curve.high[model, k]
        yield f"{name} of treat_all", how, curve.low[all_, k], curve.high[all_, k]
        for what, table in zip((" - treat_all", " - b"), pairs, strict=True):
            yield name + what, how, table.low[k], table.high[k]


def drawn(events: int, rng: np.random.Generator) -> np.ndarray:
    """Patients with and without the event of each kind, (2 kinds,), in a cohort with so many
    events expected.
    """
    n = rng.multinomial(round(events / PROBABILITY.mean()), np.full(KINDS, 1 / KINDS))
    sick = rng.binomial(n, PROBABILITY)
    return np.concatenate([sick, n - sick]).astype(float)


@cache
def truth() -> dict[str, float]:
    """The measures in the population of all kinds; 1 where a mark says whether a whole curve is
    held.
    """
    options = {"sample_weight": POPULATION * 1e6}
    functions = (
        bpr.observed_expected,
        bpr.calibration_in_the_large,
        bpr.calibration_slope,
        bpr.auroc,
    )
    more = (bpr.partial_auroc, bpr.discrimination_slope, bpr.scaled_brier, bpr.log_loss)
    r2 = (bpr.cox_snell_r2, bpr.nagelkerke_r2)
    values = {each.__name__: each(*BOTH, **options).value for each in functions + more + r2}
    values["brier"] = bpr.brier_score(*BOTH, **options).value
    values["average_precision"] = bpr.precision_recall_curve(
        *BOTH, **options
    ).average_precision.value
    values["auroc - b"] = values["auroc"] - bpr.auroc(BOTH[0], np.tile(OTHER, 2), **options).value
    values["calibration_curve, whole"] = values["pooled_observed_expected"] = 1.0
    at = np.sort(PROBABILITY)  # the model keeps the order
    values |= {f"calibration_curve, {where} risks": at[i] for where, i in POINTS.items()}
    return values | GROUPS_TRUE | _net_benefit() | _indices()


GROUPS_TRUE = {
    "calibration_curve, lowest tenth": float(np.sort(PROBABILITY)[:40].mean()),
    "calibration_curve, highest tenth": float(np.sort(PROBABILITY)[-40:].mean()),
}


def _net_benefit() -> dict[str, float]:
    values = {}
    for t in THRESHOLDS:
        worth = (PROBABILITY - (1 - PROBABILITY) * t / (1 - t)) / KINDS
        model = worth[t <= MODEL].sum()
        other = worth[t <= OTHER].sum()
        all_ = worth.sum()
        name = f"net_benefit@{t:g}"
        values |= {name: model, f"{name} of treat_all": all_}
        values |= {f"{name} - treat_all": model - all_, f"{name} - b": model - other}
    return values


def _indices() -> dict[str, float]:
    gap = np.sort(np.abs(MODEL - PROBABILITY))
    values = {
        "ici": gap.mean(),
        "e50": gap[KINDS // 2 - 1],
        "e90": gap[KINDS * 9 // 10 - 1],
        "emax": gap[-1],
    }
    return values | {f"{name}, calibrated": 0.0 for name in values}
