from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pytest

import backpain_risk as bpr
from backpain_risk import plots
from backpain_risk.measures.calibration.curve_limits import INDICES
from backpain_risk.measures.catalogue import AS_IT_IS, CATALOGUE, Measure, label_of
from backpain_risk.numerics.grouped_by_risk import risk_groups
from backpain_risk.results.estimate import Estimate

pytestmark = pytest.mark.contract


def mean_risk(groups, level):
    value = float(groups.n @ groups.risk / groups.total)
    return Estimate(value, value - 0.01, value + 0.01, level=level)


@pytest.fixture
def toy(monkeypatch):
    """A measure that is described in the catalogue and nowhere else."""
    measure = Measure(
        key="toy",
        label="Mean risk",
        unit="share",
        ideal=0.5,
        estimate=mean_risk,
        pooled_on=AS_IT_IS,
    )
    monkeypatch.setitem(CATALOGUE, "toy", measure)
    yield measure
    plt.close("all")


@pytest.fixture
def developed():
    cohort = bpr.simulate_cohort(bpr.load_scenario("spine_clinic"), 3000, seed=1)
    return bpr.LogisticModel(), cohort.predictors[["history_of_cancer", "male"]], cohort.outcome


def test_an_entry_is_all_that_tables_and_plots_need(toy, patients):
    table = bpr.performance(patients.y, patients.a, measures=("toy",), thresholds=[0.1])
    assert table.set_index("measure").value["toy"] == pytest.approx(patients.a.mean())
    ax = plots.plot_performance(table, measures=["toy"])[0]
    assert ax.get_xlabel() == "Mean risk"
    assert any(np.allclose(line.get_xdata(), 0.5) for line in ax.lines)


def test_an_entry_is_all_that_validations_need(toy, developed):
    chosen = {"measures": ("toy",), "thresholds": [0.02]}
    corrected = bpr.optimism_bootstrap(*developed, n_resamples=5, rng=1, at=[], **chosen)
    assert np.isfinite(corrected.to_frame().loc["toy", ["apparent", "corrected", "low"]]).all()
    sites = bpr.internal_external_validation(*developed, np.arange(3000) % 3, **chosen)
    by_site = sites.to_frame().query("measure == 'toy'").value
    assert sites.pooled().value["toy"] == pytest.approx(by_site.mean(), abs=1e-3)
    ax = plots.plot_internal_external(sites, "toy")
    assert ax.get_xlabel() == "Mean risk (share)"


def test_what_fitting_makes_ideal_has_no_shifted_limits(toy, developed, monkeypatch):
    fixed = Measure(key="toy", label="Mean risk", estimate=mean_risk, fixed_by_fitting=True)
    monkeypatch.setitem(CATALOGUE, "toy", fixed)
    corrected = bpr.optimism_bootstrap(
        *developed, n_resamples=5, rng=1, at=[], measures=("toy",), thresholds=[0.02]
    )
    assert np.isnan(corrected.to_frame().low["toy"])


def test_an_entry_is_all_that_an_evaluation_needs(toy, patients, tmp_path):
    bpr.plots  # noqa: B018  (loads Matplotlib before warnings count)
    from backpain_risk.report.evaluation import write_evaluation

    write_evaluation(patients.y, {"a": patients.a}, tmp_path / "out", rng=1, n_resamples=0)
    assert ",toy," in (tmp_path / "out" / "performance.csv").read_text("utf-8")


@pytest.mark.parametrize("key", [key for key, m in CATALOGUE.items() if not m.of_curve])
def test_the_quick_value_is_that_of_the_estimate(key, patients):
    groups = risk_groups(patients.y, patients.a)
    measure = CATALOGUE[key]
    assert measure.value(groups) == pytest.approx(measure.estimated(groups, 0.8).value, rel=1e-12)


def test_indices_of_the_curve_are_computed_together(patients):
    assert [key for key, m in CATALOGUE.items() if m.of_curve] == list(INDICES)
    with pytest.raises(ValueError, match="ici must be computed from the calibration curve"):
        CATALOGUE["ici"].value(risk_groups(patients.y, patients.a))


def test_every_measure_has_a_label_of_its_own():
    labels = [label_of(key) for key in CATALOGUE]
    assert len(set(labels)) == len(labels)
    assert not set(labels) & set(CATALOGUE)
