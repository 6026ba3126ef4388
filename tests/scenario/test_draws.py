"""Scenarios drawn together are those drawn one by one, and each is as valid."""

from __future__ import annotations

import numpy as np
import pytest

import backpain_risk as bpr
from backpain_risk.scenario.draws import draw_scenarios, with_accuracy
from backpain_risk.scenario.structure.structure import build_structure

pytestmark = pytest.mark.identity
SCENARIO = bpr.load_scenario("primary_care")


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_one_draw_is_that_of_the_scenario_itself(seed):
    rng = np.random.default_rng(seed)
    (together,) = draw_scenarios(SCENARIO, 1, rng)
    alone = SCENARIO.draw(rng=np.random.default_rng(seed))
    mine = together.model_dump(exclude={"base_rate", "base_rate_interval"})
    theirs = alone.model_dump(exclude={"base_rate", "base_rate_interval"})
    assert mine == theirs
    assert together.base_rate == pytest.approx(alone.base_rate, rel=1e-8)
    assert together.base_rate_interval == pytest.approx(alone.base_rate_interval, rel=1e-8)


def test_every_draw_passes_the_validation_of_a_file():
    for drawn in draw_scenarios(SCENARIO, 50, np.random.default_rng(4)):
        again = bpr.Scenario.model_validate(drawn.model_dump())
        assert again == drawn
        assert again.digest == drawn.digest != SCENARIO.digest


def test_nothing_computed_from_the_old_numbers_is_kept():
    assert SCENARIO.digest
    assert SCENARIO.structure
    changed = with_accuracy(SCENARIO, "night_pain", 0.6, 0.7)
    assert changed.digest != SCENARIO.digest
    assert changed.structure is not SCENARIO.structure
    assert changed.findings["night_pain"].sensitivity == 0.6
    assert changed.findings["night_pain"].age == SCENARIO.findings["night_pain"].age


@pytest.mark.recovery
def test_draws_have_the_median_and_spread_of_the_assumptions():
    drawn = draw_scenarios(SCENARIO, 4000, np.random.default_rng(5))
    rate = np.array([one.base_rate for one in drawn])
    low, high = SCENARIO.base_rate_interval
    outside = np.mean((rate < low) | (rate > high))
    assert abs(outside - 0.05) < 3 * np.sqrt(0.05 * 0.95 / 4000)
    assert abs(np.mean(rate < SCENARIO.base_rate) - 0.5) < 3 * np.sqrt(0.25 / 4000)


@pytest.mark.contract
def test_draws_of_two_dependences_are_not_calibrated_together():
    drawn = draw_scenarios(SCENARIO, 2, np.random.default_rng(6))
    assert build_structure(drawn, ["night_pain"]).base_rate.size == 2
    other = draw_scenarios(SCENARIO.replace(dependence=0.5), 1, np.random.default_rng(6))
    with pytest.raises(ValueError, match="got a difference in dependence"):
        build_structure([drawn[0], *other], ["night_pain"])


@pytest.mark.contract
def test_an_accuracy_drawn_at_the_edge_is_named():
    target = {"findings": {"night_pain": {"effective_n_malignant": 1e-3, "sensitivity": 1e-9}}}
    certain = SCENARIO.replace(changes=target).replace(
        changes={"findings": {"night_pain": {"effective_n_non_malignant": 1e8}}}
    )
    for drawn in draw_scenarios(certain, 20, np.random.default_rng(1)):
        assert 0 < drawn.findings["night_pain"].sensitivity < 1
