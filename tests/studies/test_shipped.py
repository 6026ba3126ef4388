"""The study that is shipped: every byte as written, of its design, and with the known answers."""

from __future__ import annotations

from pathlib import Path

import pytest

import backpain_risk as bpr

DATA = Path(__file__).parents[2] / "data" / "study"


@pytest.fixture(scope="module")
def study():
    return bpr.load_study(DATA / "which_method_survives.parquet")


@pytest.mark.contract
def test_it_is_of_the_design_beside_it(study):
    design = bpr.load_study_design(DATA / "design.toml")
    assert design.to_toml() == study.design.to_toml()
    cells = len(design.scenarios) * len(design.sizes)
    assert len(study.replicates) == cells * sum(map(design.replicates_of, design.methods))
    assert (study.replicates.cause == "").all()


@pytest.mark.regression
def test_a_replicate_is_found_again(study):
    again = study.replay("d = 1", 1000, 3)
    for method in ("ml", "firth", "flic", "lr_learned", "lr_published"):
        key = "scenario == 'd = 1' and n == 1000 and replicate == 3 and method == @method"
        row = study.replicates.query(key).iloc[0]
        found = again.rows.set_index("method").loc[method]
        assert found.events == row.events
        for measure in ("mape", "auroc", "net_benefit_lost@0.03"):
            assert found[measure] == pytest.approx(row[measure], rel=1e-6, abs=1e-12)


@pytest.mark.recovery
def test_the_known_answers_are_found(study):
    """Separated in 95, and 25 to 36 %, of cohorts of 1 000 and 5 000; the loss goes to nothing."""
    table = study.performance().set_index(["scenario", "n", "method", "measure"]).value
    for scenario in ("d = 0", "d = 1"):
        assert table[scenario, 1000, "ml", "separated"] >= 0.9
        assert 0.15 <= table[scenario, 5000, "ml", "separated"] <= 0.55
        lost = [table[scenario, n, "flic", "net_benefit_lost@0.03"] for n in study.design.sizes]
        assert lost == sorted(lost, reverse=True)
        assert lost[-1] < 0.05 * lost[0]
    drawn = table.xs(("truth drawn", 1000, "net_benefit_lost@0.03"), level=[0, 1, 3])
    assert drawn["lr_published"] > drawn["bayes_evidence"]
