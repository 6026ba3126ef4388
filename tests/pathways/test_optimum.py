"""The best pathway bounds every rule, and is what brute force finds."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

import backpain_risk as bpr
from backpain_risk.pathways.optimum import _backwards, best_pathway

pytestmark = pytest.mark.identity

HARM = {"esr": 0.02, "xray": 0.1}


@pytest.mark.parametrize(("threshold", "prototype"), [(0.01, 76.1), (0.02, 68.0), (0.03, 61.8)])
def test_it_bounds_every_rule_without_review(threshold, prototype):
    best = best_pathway(bpr.load_scenario("primary_care"), threshold=threshold, test_harm=HARM)
    assert (best.regret.regret > 0).all()
    assert best.net_benefit == pytest.approx(
        prototype, abs=1.5
    )  # a prototype's figure, before ESR was made monotone
    table = best.to_frame()
    first = table[(table.esr_mm_h == "") & (table.xray_lesion == "")]
    assert first.patients.sum() == pytest.approx(10_000)
    done = table[table.action.isin(["stop", "send to MRI"])]
    assert done.patients.sum() == pytest.approx(10_000)  # everybody ends somewhere
    sent = done[done.action == "send to MRI"]
    tests = table[~table.index.isin(done.index)].groupby("action").patients.sum()
    odds = threshold / (1 - threshold)
    spent = tests.get("ESR", 0) * HARM["esr"] + tests.get("X-ray lesion", 0) * HARM["xray"]
    counted = sent.cancers.sum() - odds * ((sent.patients - sent.cancers).sum() + spent)
    assert counted == pytest.approx(best.net_benefit)


def test_it_is_what_trying_every_policy_finds():
    """Two findings patterns, two tests of two results: all policies of at most three decisions,
    enumerated.
    """
    rng = np.random.default_rng(1)
    for _ in range(20):
        full = rng.dirichlet(np.ones(8), size=2).reshape(2, 2, 2, 2) * np.array([0.9, 0.1]).reshape(
            2, 1, 1, 1
        )
        costs = rng.uniform(0, 0.02, 2).tolist()
        odds = 0.1
        dynamic = _backwards(full, costs, odds)[()].value.sum()
        brute = sum(_best_by_trying(full[:, f], costs, odds) for f in range(2))
        assert dynamic == pytest.approx(brute, abs=1e-12)


def _worth(joint, odds):
    return max(0.0, float(joint[1] - odds * joint[0]))


def _best_by_trying(joint, costs, odds):
    found = [_worth(joint.sum(axis=(1, 2)), odds)]
    for first in (0, 1):
        by_result = np.moveaxis(joint, first + 1, 0)  # (result, class, other)
        ends = [
            (
                _worth(part.sum(axis=1), odds),
                sum(_worth(part[:, r], odds) for r in (0, 1)) - costs[1 - first] * part.sum(),
            )
            for part in by_result
        ]
        found += [
            sum(end[c] for end, c in zip(ends, choice, strict=True)) - costs[first] * joint.sum()
            for choice in product((0, 1), repeat=2)
        ]
    return max(found)


def test_free_tests_are_done_for_everybody_whom_they_could_change():
    best = best_pathway(
        bpr.load_scenario("primary_care"), threshold=0.02, test_harm={"esr": 0, "xray": 0}
    )
    harmed = best_pathway(bpr.load_scenario("primary_care"), threshold=0.02, test_harm=HARM)
    assert best.net_benefit > harmed.net_benefit
    assert best.counts()["ESR"] > 9_500


@pytest.mark.contract
def test_it_is_told_in_words():
    words = best_pathway(
        bpr.load_scenario("primary_care"), threshold=0.02, test_harm=HARM
    ).in_words()
    assert "of 10,000 patients" in words
    assert "send to MRI" in words


@pytest.mark.contract
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"threshold": 3, "test_harm": HARM}, "threshold must"),
        ({"threshold": 0.02, "test_harm": {"blood": 0.1}}, "tests must be of"),
        (
            {"threshold": 0.02, "test_harm": {"esr": -1}},
            "test_harm of esr must be one finite number",
        ),
        (
            {"threshold": 0.02, "test_harm": {}, "tests": ["esr"]},
            "test_harm must state the harm of esr",
        ),
    ],
)
def test_bad_input_is_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        best_pathway(bpr.load_scenario("primary_care"), **arguments)
