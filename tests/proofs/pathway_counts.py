"""Counts of every shipped pathway in a million patients who are followed one by one; slower than a
test should be.

    make proofs          (or: python tests/proofs/pathway_counts.py)

Nothing of the enumeration is used: patients are simulated, each pathway is written here a second
time by hand, and the risk in a rule is the scenario's answer to the findings of a patient. What a
review finds is drawn finding by finding in states that are drawn. Malignancy is made common so that
both classes are well counted. Writes pathway_counts.json with its checksum; test_pathway_counts.py
holds the enumeration of today against what is stored.
"""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from stored import write_proof

import backpain_risk as bpr
from backpain_risk.pathways.doubt import Inputs

N = 1_000_000
SEED = 20
BoolArray = npt.NDArray[np.bool_]
Tests = dict[str, BoolArray]
Counted = dict[tuple[str, str, int], BoolArray]
REVIEWED = ("review_at_six_weeks",)
FLAGS = tuple(bpr.RED_FLAGS)


class Patients:
    """Columns of a table of patients, and the risk of each as a clinician would know it."""

    def __init__(self, scenario: bpr.Scenario, table: pd.DataFrame) -> None:
        self.scenario = scenario
        self.table = table
        flags = table[list(FLAGS)].astype(int)
        self.risk = scenario.risk(flags)
        self.esr = table.esr_mm_h.to_numpy()
        self.xray = table.xray_lesion.to_numpy() == 1
        self.mri = table.mri_positive.to_numpy() == 1

    def __getitem__(self, finding: str) -> BoolArray:
        return np.asarray(self.table[finding].to_numpy() == 1)

    @property
    def risk_with_esr(self) -> npt.NDArray[np.float64]:
        """Risk given the flags and whether ESR is below 20, 20 to 49, or from 50 on."""
        bands = {"low": ["<20"], "raised": ["20-49"], "high": ["50-99", ">=100"]}
        place = np.array(list(bands))[np.digitize(self.esr, [20, 50])]
        flags = self.table[list(FLAGS)].astype(int)
        answer = np.empty(len(flags))
        for name, labels in bands.items():
            rows = place == name
            p = sum(
                self.scenario.probabilities(flags[rows].assign(esr_mm_h=label)) for label in labels
            )
            joint = p * [1 - self.scenario.base_rate, self.scenario.base_rate]
            answer[rows] = joint[:, 1] / joint.sum(axis=1)
        return answer


def by_hand(p: Patients) -> dict[str, Tests]:
    """Who has which test under each pathway without a review."""
    history = p["history_of_cancer"]
    other = p["age_50_or_over"] | p["unexplained_weight_loss"] | p["failure_to_improve"]
    any_four = history | other
    nine = np.any([p[flag] for flag in FLAGS], axis=0)
    nerve = p["neurological_deficit"] | p["bladder_or_bowel_dysfunction"]
    everybody = np.ones(len(history), dtype=bool)
    esr_20 = p.esr >= 20
    esr_50 = p.esr >= 50
    later = ~history & other
    minor = ~(history | nerve) & other
    risk = p.risk
    known = p.risk_with_esr
    asked = risk >= 0.01
    between = (risk >= 0.005) & (risk < 0.03)
    deyo = history | (later & esr_20)
    return {
        "image_no_one": {"mri": ~everybody},
        "mri_for_all": {"mri": everybody},
        "any_red_flag": {"mri": nine},
        "any_of_four": {"mri": any_four},
        "neurological_first": {
            "esr": ~nerve & any_four,
            "mri": nerve | (any_four & esr_20),
        },
        "esr_20": {"esr": everybody, "mri": esr_20},
        "esr_50": {"esr": everybody, "mri": esr_50},
        "risk_1": {"mri": risk >= 0.01},
        "risk_2": {"mri": risk >= 0.02},
        "risk_3": {"mri": risk >= 0.03},
        "risk_1_then_esr": {"esr": asked, "mri": asked & (known >= 0.03)},
        "mri_3_esr_between": {"esr": between, "mri": (risk >= 0.03) | (between & (known >= 0.03))},
        "deyo_diehl": {"esr": later, "xray": deyo, "mri": deyo & p.xray},
        "deyo_diehl_history_direct": {
            "esr": later,
            "xray": later & esr_20,
            "mri": history | (later & esr_20 & p.xray),
        },
        "guideline_tiers": {
            "esr": minor,
            "xray": minor,
            "mri": history | nerve | (minor & (esr_20 | p.xray)),
        },
        "joines_esr_or_xray": {
            "esr": any_four,
            "xray": any_four,
            "mri": any_four & (esr_50 | p.xray),
        },
        "joines_history_direct": {
            "esr": later,
            "xray": later,
            "mri": history | (later & (esr_50 | p.xray)),
        },
        "joines_esr": {"esr": any_four, "mri": any_four & esr_50},
        "joines_esr_history_direct": {"esr": later, "mri": history | (later & esr_50)},
        "joines_xray": {"xray": any_four, "mri": any_four & p.xray},
        "joines_xray_history_direct": {"xray": later, "mri": history | (later & p.xray)},
        "joines_esr_and_xray": {
            "esr": any_four,
            "xray": any_four & esr_50,
            "mri": any_four & esr_50 & p.xray,
        },
        "joines_esr_and_xray_history_direct": {
            "esr": later,
            "xray": later & esr_50,
            "mri": history | (later & esr_50 & p.xray),
        },
    }


def consequences(p: Patients, tests: Tests) -> Tests:
    """Tests, positive MRIs, and neurological findings without an MRI, patient by patient."""
    nerve = p["neurological_deficit"] | p["bladder_or_bowel_dysfunction"]
    return {**tests, "positive": tests["mri"] & p.mri, "unimaged": nerve & ~tests["mri"]}


def simulated(scenario: bpr.Scenario, n: int, seed: int) -> Counted:
    """Who is counted, row by row and class by class, for every pathway without a review."""
    cohort = bpr.simulate_cohort(scenario.replace(base_rate=0.5), n, seed=seed)
    outcome = cohort.outcome.to_numpy()
    p = Patients(scenario, pd.concat([cohort.predictors, cohort.tests], axis=1))
    return {
        (pathway, consequence, g): who[outcome == g]
        for pathway, tests in by_hand(p).items()
        for consequence, who in consequences(p, tests).items()
        for g in (0, 1)
    }


def reviewed(scenario: bpr.Scenario, n: int, seed: int) -> Counted:
    """The same for ``review_at_six_weeks``: MRI from 3 %, a review, then MRI from 1 %."""
    review = bpr.Review()
    findings = [flag for flag in FLAGS if flag != "age_50_or_over"]
    keys = [*findings, "not_improved_at_review", "mri_positive"]
    structure = Inputs(scenarios=(scenario,), reviews=(review,)).structure(keys)
    rng = np.random.default_rng(seed)
    given = [_in_each_cell(structure, g, keys) for g in (0, 1)]
    rates = [1 - scenario.base_rate, scenario.base_rate]
    without, malignant = (
        rate * _pattern_probability(cells, findings)
        for rate, cells in zip(rates, given, strict=True)
    )
    early = malignant.sum(axis=1) / (without + malignant).sum(axis=1)
    late = malignant / (without + malignant)
    result: Counted = {}
    for g, cells in enumerate(given):
        seen = _drawn(cells, n // 2, keys, rng)
        flags = sum(seen[f] << i for i, f in enumerate(["age_50_or_over", *findings]))
        at_once = early[flags] >= 0.03
        again = ~at_once & (rng.random(n // 2) < review.returning)
        sent = again & (late[flags, seen["not_improved_at_review"]] >= 0.01)
        positive = seen["mri_positive"] == 1
        counts = {"mri": at_once, "mri@review": sent}
        counts |= {"positive": at_once & positive, "positive@review": sent & positive}
        result |= {("review_at_six_weeks", name, g): who for name, who in counts.items()}
    return result


Cells = dict[str, npt.NDArray[np.float64]]


def _in_each_cell(structure: Any, g: int, keys: list[str]) -> Cells:
    """Probability of each cell (age, sex, state, severity), and of each finding in it."""
    weight = structure.states[g].weight[0][:, :, None] * structure.grid.node_weights
    cells = {
        key: np.broadcast_to(structure.finding_probability(key, g)[0], weight.shape).ravel()
        for key in keys
    }
    old = np.broadcast_to((structure.grid.decades >= 0)[:, None, None], weight.shape)
    return {"weight": weight.ravel(), "age_50_or_over": old.ravel().astype(float), **cells}


def _drawn(
    cells: Cells, n: int, keys: list[str], rng: np.random.Generator
) -> dict[str, npt.NDArray[np.int64]]:
    cell = rng.choice(cells["weight"].size, n, p=cells["weight"] / cells["weight"].sum())
    return {
        key: (rng.random(n) < cells[key][cell]).astype(np.int64)
        for key in ["age_50_or_over", *keys]
    }


def _pattern_probability(cells: Cells, findings: list[str]) -> npt.NDArray[np.float64]:
    """P(age band and findings, not improved | class), (512, 2): a sum over all cells."""
    columns = ["age_50_or_over", *findings]
    improved = np.stack([1 - cells["not_improved_at_review"], cells["not_improved_at_review"]])
    low = _combined([cells[key] for key in columns[:4]]) * cells["weight"]
    high = _combined([cells[key] for key in columns[4:]])
    return np.stack([(high @ (low * part).T).ravel() for part in improved], axis=1)


def _combined(parts: list[npt.NDArray[np.float64]]) -> npt.NDArray[np.float64]:
    """Products for every combination of yes and no, the first part running fastest."""
    result = np.ones((1, parts[0].size))
    for part in parts:
        result = np.concatenate([result * (1 - part), result * part])
    return result


def largest_by_chance(correlations: list[npt.NDArray[np.float64]]) -> dict[str, float]:
    """Quantiles of the largest of all standardised differences when nothing is wrong.

    The same patients are counted in many rows, so the differences are normal with the correlation
    of what is counted; blocks (classes, simulations) are independent.
    """
    rng = np.random.default_rng(1)
    largest = np.zeros(20_000)
    for correlation in correlations:
        values, vectors = np.linalg.eigh(correlation)
        root = vectors * np.sqrt(np.maximum(values, 0))
        z = rng.standard_normal((largest.size, len(root))) @ root.T
        largest = np.maximum(largest, np.abs(z).max(axis=1))
    shares = (0.05, 0.5, 0.95, 0.99)
    return {f"{q:g}": float(x) for q, x in zip(shares, np.quantile(largest, shares), strict=True)}


def _correlation(counted: list[BoolArray]) -> npt.NDArray[np.float64]:
    """Correlation of what is counted, among what varies."""
    varying = [who for who in counted if 0 < who.sum() < who.size]
    columns = np.stack(varying).astype(np.float32)
    columns -= columns.mean(axis=1, keepdims=True)
    covariance = (columns @ columns.T).astype(float)
    scale = np.sqrt(np.diag(covariance))
    return np.asarray(covariance / np.outer(scale, scale))


def run(scenario: bpr.Scenario, n: int, seed: int) -> dict[str, Any]:
    counted = {**simulated(scenario, n, seed), **reviewed(scenario, n, seed)}
    rows = [
        {
            "pathway": pathway,
            "consequence": consequence,
            "malignant": g,
            "patients": int(who.size),
            "counted": int(who.sum()),
        }
        for (pathway, consequence, g), who in counted.items()
    ]
    blocks = [
        [who for (pathway, _, g), who in counted.items() if (g, pathway in REVIEWED) == block]
        for block in product((0, 1), (False, True))
    ]
    chance = largest_by_chance([_correlation(block) for block in blocks])
    return {"patients": n, "seed": seed, "largest_by_chance": chance, "table": rows}


if __name__ == "__main__":
    write_proof("pathway_counts", run(bpr.load_scenario("primary_care"), N, SEED))
