from __future__ import annotations

import json

import pandas as pd
import pytest

from backpain_risk import Cohort, read_cohort, simulate_cohort, verify_cohort, write_cohort
from backpain_risk.cohort.demonstration import write_demonstration
from backpain_risk.cohort.store import manifest_path

pytestmark = pytest.mark.identity


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_a_cohort_comes_back_as_it_was(tmp_path, scenario, suffix):
    cohort = simulate_cohort(scenario, 500, seed=3)
    path = tmp_path / f"cohort{suffix}"
    write_cohort(cohort, path)
    back = read_cohort(path)
    pd.testing.assert_frame_equal(back.to_frame(), cohort.to_frame())
    pd.testing.assert_series_equal(back.true_risk, cohort.true_risk)
    assert back.seed == 3
    assert back.scenario == scenario
    verify_cohort(path)


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_one_flipped_byte_is_found(tmp_path, scenario, suffix):
    path = tmp_path / f"cohort{suffix}"
    write_cohort(simulate_cohort(scenario, 200, seed=3), path)
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    with pytest.raises(ValueError, match="must have SHA-256"):
        verify_cohort(path)


def test_no_temporary_file_is_left(tmp_path, scenario):
    write_cohort(simulate_cohort(scenario, 50, seed=3), tmp_path / "cohort.csv")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["cohort.csv", "cohort.csv.manifest.json"]


def test_text_cells_cannot_start_a_formula(tmp_path):
    wild = ["=1+1", "+x", "-x", "@x", "'quoted", "plain"]
    table = pd.DataFrame({"outcome": [0, 1] * 3, "night_pain": [0, 1] * 3, "site": wild})
    path = tmp_path / "own.csv"
    write_cohort(Cohort.from_frame(table), path)
    cells = pd.read_csv(path).site
    assert not cells.str.startswith(("=", "+", "-", "@")).any()
    assert read_cohort(path).other.site.tolist() == wild


@pytest.mark.contract
def test_the_manifest_says_where_a_cohort_came_from(tmp_path, scenario):
    path = tmp_path / "cohort.csv"
    write_cohort(simulate_cohort(scenario, 50, seed=3), path)
    manifest = json.loads(manifest_path(path).read_text("utf-8"))
    assert manifest["scenario_digest"] == scenario.digest
    assert manifest["notice"].startswith("Synthetic data, for research")
    assert {"seed", "package_version", "generator_version", "n", "n_events"} <= set(manifest)


@pytest.mark.regression
def test_the_demonstration_cohort_is_rebuilt_byte_for_byte(tmp_path):
    from pathlib import Path

    kept = Path(__file__).parents[2] / "data" / "synthetic"
    write_demonstration(tmp_path)
    for path in tmp_path.iterdir():
        assert path.read_bytes() == (kept / path.name).read_bytes(), path.name
    verify_cohort(kept / "demonstration.csv")


@pytest.mark.contract
@pytest.mark.parametrize("name", ["cohort.xlsx", "missing.csv"])
def test_bad_paths_are_named(tmp_path, name):
    with pytest.raises(ValueError, match="path must"):
        read_cohort(tmp_path / name)
