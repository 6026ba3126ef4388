"""Logistic models on covariate patterns against row-by-row peers; collapsing included."""

from __future__ import annotations

import warnings

import numpy as np
import statsmodels.api as sm
from firthmodels import FirthLogisticRegression
from timing import Row, seconds

import backpain_risk as bpr

FLAGS = list(bpr.vocabulary.FINDINGS)


def rows() -> list[Row]:
    return [*_compared(200_000, repeats=5), *_compared(4_000_000, repeats=1)]


def _compared(n: int, repeats: int) -> list[Row]:
    cohort = bpr.simulate_cohort(bpr.load_scenario("primary_care"), n, seed=1)
    X = cohort.predictors[FLAGS]
    y = cohort.outcome
    wide = sm.add_constant(X.to_numpy(np.float64))
    outcome = y.to_numpy()
    ours = seconds(lambda: bpr.LogisticModel().fit(X, y), repeats=5)
    theirs = seconds(
        lambda: sm.Logit(outcome, wide).fit(method="newton", disp=0), repeats, warm_up=repeats > 1
    )
    found = [
        Row(f"maximum likelihood, 12 flags, n = {n:,}", "statsmodels Logit", ours, theirs, "20")
    ]
    ours = seconds(
        lambda: bpr.LogisticModel(penalty="firth").fit(X, y).result_.conf_int(), repeats=5
    )
    if n <= 1_000_000:
        theirs = seconds(lambda: _firth(wide[:, 1:], outcome), repeats=1, warm_up=False)
        found.append(
            Row(f"Firth with profile limits, n = {n:,}", "firthmodels", ours, theirs, "50")
        )
    else:
        theirs = seconds(
            lambda: FirthLogisticRegression().fit(wide[:, 1:], outcome), repeats=1, warm_up=False
        )
        found.append(
            Row(
                f"Firth with profile limits, n = {n:,}",
                "firthmodels, fit alone",
                ours,
                theirs,
                "50",
            )
        )
    return found


def _firth(X: np.ndarray, y: np.ndarray) -> object:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return FirthLogisticRegression().fit(X, y).conf_int(method="pl")


def notes() -> list[str]:
    cohort = bpr.simulate_cohort(bpr.load_scenario("primary_care"), 4_000_000, seed=1)
    lines = []
    for name, columns in (("12 flags", FLAGS), ("12 flags and age", ["age_years", *FLAGS])):
        patterns = bpr.collapse(cohort.predictors[columns], cohort.outcome)
        wall = seconds(
            lambda columns=columns: bpr.collapse(cohort.predictors[columns], cohort.outcome),
            repeats=3,
        )
        lines.append(
            f"- collapse 4e6 rows of {name} to {patterns.n.size:,} patterns: {wall:.3g} s, "
            f"{4 / wall:.3g} M rows/s"
        )
    return lines
