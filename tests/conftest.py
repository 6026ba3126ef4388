"""Shared cohorts, and reference data that may be absent."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("untimed", deadline=None)  # a busy machine must not fail a test
settings.load_profile("untimed")

REFERENCE = Path(__file__).parents[2] / "shared" / "reference"


@pytest.fixture(scope="session")
def reference():
    """Cases computed with established packages: ``reference("id")`` gives one; skips where they
    are absent.
    """
    path = REFERENCE / "cases.json"
    if not path.is_file():
        pytest.skip("the reference data lie beside the repository, not in it")
    cases = {case["id"]: case for case in json.loads(path.read_text("utf-8"))["cases"]}
    return cases.__getitem__


@pytest.fixture(scope="session")
def reference_data(reference):
    """Folder of the reference data sets."""
    return REFERENCE / "data"


@pytest.fixture(scope="session")
def scenario():
    from backpain_risk import load_scenario

    return load_scenario("primary_care")


@pytest.fixture(scope="session")
def cohort(scenario):
    from backpain_risk import simulate_cohort

    return simulate_cohort(scenario, 100_000, seed=11)
