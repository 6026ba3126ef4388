"""Published facts that were not used to build the population: does it agree with them?"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np
import pandas as pd

from .. import vocabulary
from ..evidence.tables import Evidence, load_evidence
from ..numerics.checks import FloatArray, check_kind
from ..numerics.intervals import proportion_interval
from ..results.notebook import as_html
from ..results.terminal import as_text
from .scenario import Scenario

FOUR = ("age_50_or_over", "history_of_cancer", "unexplained_weight_loss", "failure_to_improve")
OTHERS = FOUR[:1] + FOUR[2:]


@dataclass(frozen=True, eq=False, kw_only=True)
class Facts:
    """Published facts beside the exact figures of a scenario.

    ``table`` has columns fact, published, low, high (95 % Wilson limits of the published count, NaN
    where there is none), scenario, verdict ("agrees", "disagrees" or "context") and reference.
    """

    table: pd.DataFrame
    scenario_name: str

    def to_frame(self) -> pd.DataFrame:
        """The table."""
        return self.table.copy()

    def __repr__(self) -> str:
        head = f"Published facts beside scenario {self.scenario_name}"
        return as_text(head, self.table, vocabulary.NOTICE, index=False)

    def _repr_html_(self) -> str:
        return as_html(self.table, index=False)


def published_facts(scenario: Scenario) -> Facts:
    """Facts that nothing was fitted to, with agreement or disagreement said plainly.

    Parameters
    ----------
    scenario : Scenario
        Compare the ``walk_in`` scenario with the walk-in study. Figures are exact sums, not
        simulated.

    Notes
    -----
    A fact with a count agrees when the scenario's figure lies inside the count's 95 % Wilson
    limits, which say nothing of other differences between the study and the scenario. A fact
    without a count agrees when it rounds to the same figure. Rows of verdict "context" cannot be
    compared: their definition differs.

    Examples
    --------
    >>> from backpain_risk import load_scenario
    >>> facts = published_facts(load_scenario("walk_in")).to_frame()
    >>> facts.verdict.tolist()
    ['agrees', 'agrees', 'disagrees', 'disagrees', 'context']
    """
    check_kind("scenario", scenario, Scenario, "Load one with load_scenario.")
    evidence = load_evidence()
    patterns = _patterns(scenario)
    rate = scenario.base_rate
    p = scenario.probabilities(patterns)
    anyone = patterns[list(FOUR)].any(axis=1).to_numpy()
    to_xray = (patterns.history_of_cancer == 1).to_numpy() | (
        anyone & (patterns.esr_mm_h != "<20").to_numpy()
    )
    rows = [
        _counted(
            evidence,
            "any_of_four",
            "Any of four findings, without malignancy",
            "fp",
            float(p[anyone, 0].sum()),
        ),
        _counted(
            evidence,
            "any_of_four",
            "Any of four findings, with malignancy",
            "tp",
            float(p[anyone, 1].sum()),
        ),
        _sent_to_xray(evidence, float(p[to_xray].sum(axis=0) @ [1 - rate, rate])),
        _other_factor(patterns, p),
        _any_red_flag(evidence, scenario),
    ]
    columns = ["fact", "published", "low", "high", "scenario", "verdict", "reference"]
    return Facts(table=pd.DataFrame(rows, columns=columns), scenario_name=scenario.name)


def _patterns(scenario: Scenario) -> pd.DataFrame:
    bands = vocabulary.LABORATORY["esr_mm_h"].bands
    return pd.DataFrame(list(product(*[(0, 1)] * len(FOUR), bands)), columns=[*FOUR, "esr_mm_h"])


def _judged(
    fact: str, events: float, n: float, figure: float, reference: str
) -> tuple[object, ...]:
    low, high = (float(limit) for limit in proportion_interval(events, n))
    verdict = "agrees" if low <= figure <= high else "disagrees"
    return fact, events / n, low, high, figure, verdict, reference


def _counted(
    evidence: Evidence, key: str, fact: str, cell: str, figure: float
) -> tuple[object, ...]:
    accuracy = evidence.finding(key)
    n = accuracy.tp + accuracy.fn if cell == "tp" else accuracy.fp + accuracy.tn
    return _judged(fact, getattr(accuracy, cell), n, figure, accuracy.study)


def _sent_to_xray(evidence: Evidence, figure: float) -> tuple[object, ...]:
    accuracy = evidence.finding("xray_algorithm")
    n = accuracy.tp + accuracy.fp + accuracy.fn + accuracy.tn
    fact = "Sent to X-ray: history of cancer, or another factor with ESR 20 or more"
    return _judged(fact, accuracy.tp + accuracy.fp, n, figure, accuracy.study)


def _other_factor(patterns: pd.DataFrame, p: FloatArray) -> tuple[object, ...]:
    """P(malignancy | another factor, no history of cancer) at the guideline's prior of 0.7 %; no
    count is published.
    """
    prior = 0.007
    published = 0.012
    asked = (
        patterns[list(OTHERS)].any(axis=1).to_numpy() & (patterns.history_of_cancer == 0).to_numpy()
    )
    odds = prior / (1 - prior) * p[asked, 1].sum() / p[asked, 0].sum()
    figure = odds / (1 + odds)
    verdict = "agrees" if round(float(figure), 3) == published else "disagrees"
    fact = "Post-test probability with any other factor, prior 0.7 % (guideline, unconfirmed)"
    return fact, published, np.nan, np.nan, float(figure), verdict, "chou_2011"


def _any_red_flag(evidence: Evidence, scenario: Scenario) -> tuple[object, ...]:
    none = scenario.probabilities(pd.DataFrame([dict.fromkeys(vocabulary.RED_FLAGS, 0)]))[0, 0]
    row = evidence.accuracy[evidence.accuracy.finding == "any_of_25_flags"].iloc[0]
    fact = "Any red flag without malignancy: 25 flags published, nine here"
    return (
        fact,
        1 - float(row.specificity),
        np.nan,
        np.nan,
        1 - float(none),
        "context",
        str(row.study),
    )
