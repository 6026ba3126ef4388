"""How findings hang together in a scenario: exact, without drawing a patient."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations, product

import numpy as np
import pandas as pd
from scipy.special import logit

from .. import vocabulary
from ..numerics.checks import FloatArray, check_kind
from ..numerics.newton import LogisticObjective, maximise
from ..results.notebook import as_html
from ..results.terminal import as_text
from .scenario import Scenario

FINDINGS = tuple(vocabulary.FINDINGS)


@dataclass(frozen=True, eq=False, kw_only=True)
class Associations:
    """Exact associations of the findings of history and examination.

    Attributes
    ----------
    odds_ratios : DataFrame
        Index finding; ``marginal`` log odds ratio with malignancy, ``conditional`` log odds ratio
        given the other findings (the logistic regression of the whole population), and
        ``same_sign``.
    pairs : DataFrame
        For every pair of findings: columns finding, other, and the odds ratio within each class,
        ``without`` and ``with_malignancy``; 1 when independent.
    """

    odds_ratios: pd.DataFrame
    pairs: pd.DataFrame

    def to_frame(self) -> pd.DataFrame:
        """Marginal and conditional log odds ratios, one row per finding."""
        return self.odds_ratios.reset_index()

    def __repr__(self) -> str:
        head = "Log odds ratios with malignancy: marginal, and conditional on the other findings"
        return as_text(head, self.odds_ratios, vocabulary.NOTICE)

    def _repr_html_(self) -> str:
        return as_html(self.odds_ratios)


def associations(scenario: Scenario) -> Associations:
    """Marginal and conditional log odds ratios, and pairwise odds ratios within classes, by exact
    summation.

    Parameters
    ----------
    scenario : Scenario
        The setting, with its base rate and accuracies.

    Notes
    -----
    The probabilities of all 4096 patterns of the twelve findings are computed; the conditional log
    odds ratios are the coefficients of main effects that a logistic regression reaches as the
    cohort grows without bound.

    Examples
    --------
    >>> from backpain_risk import load_scenario
    >>> found = associations(load_scenario("primary_care").replace(dependence=0))
    >>> bool(np.allclose(found.odds_ratios.marginal, found.odds_ratios.conditional))
    True
    """
    check_kind("scenario", scenario, Scenario, "Load one with load_scenario.")
    patterns = pd.DataFrame(
        list(product((0, 1), repeat=len(FINDINGS))), columns=list(FINDINGS), dtype=np.int8
    )
    p = scenario.probabilities(patterns)
    X = patterns.to_numpy(np.float64)
    table = pd.DataFrame(
        {"marginal": _marginal(scenario), "conditional": _conditional(X, p, scenario.base_rate)},
        index=pd.Index(FINDINGS, name="finding"),
    )
    table["same_sign"] = np.sign(table.marginal) == np.sign(table.conditional)
    return Associations(odds_ratios=table, pairs=_pairs(X, p))


def _marginal(scenario: Scenario) -> FloatArray:
    targets = [scenario.findings[key] for key in FINDINGS]
    return np.array([logit(t.sensitivity) - logit(1 - t.specificity) for t in targets])


def _conditional(X: FloatArray, p: FloatArray, base_rate: float) -> FloatArray:
    events = base_rate * p[:, 1]
    others = (1 - base_rate) * p[:, 0]
    design = np.column_stack([np.ones(len(X)), X])
    objective = LogisticObjective(design, events, events + others, np.zeros(len(X)))
    start = np.zeros(design.shape[1])
    start[0] = logit(base_rate)
    return maximise(objective, start).parameters[1:]


def _pairs(X: FloatArray, p: FloatArray) -> pd.DataFrame:
    """Odds ratios of all pairs within each class."""
    both = np.einsum("ij,ik,ig->gjk", X, X, p)
    alone = np.einsum("ij,ig->gj", X, p)
    rows = [
        (FINDINGS[j], FINDINGS[k], *(_odds_ratio(both[g], alone[g], j, k) for g in (0, 1)))
        for j, k in _indices()
    ]
    return pd.DataFrame(rows, columns=["finding", "other", "without", "with_malignancy"])


def _indices() -> list[tuple[int, int]]:
    return list(combinations(range(len(FINDINGS)), 2))


def _odds_ratio(both: FloatArray, alone: FloatArray, j: int, k: int) -> float:
    yes_yes = both[j, k]
    yes_no = alone[j] - yes_yes
    no_yes = alone[k] - yes_yes
    return float(yes_yes * (1 - alone[j] - alone[k] + yes_yes) / (yes_no * no_yes))
