"""What the slow proofs found, and that the code still finds it."""

from __future__ import annotations

import logistic_coverage
import numpy as np
import pytest
from stored import read_proof


@pytest.fixture(scope="module")
def coverage():
    return read_proof("logistic_coverage")


def test_profile_limits_cover_as_often_as_they_say(coverage):
    """For findings with at least 10 exposed cancers expected among 20 000 patients."""
    assert coverage["replicates"] == 2000
    judged = [
        row
        for row in coverage["table"]
        if row["expected_exposed_cancers"] >= logistic_coverage.EXPOSED
    ]
    assert len(judged) >= 9
    for row in judged:
        assert 0.93 <= row["coverage"] <= 0.97, row["finding"]


def test_firth_is_less_biased_than_maximum_likelihood_with_few_events(coverage):
    bias = {
        name: np.array([abs(row[f"{name}_bias_n2000"]) for row in coverage["table"]])
        for name in ("ml", "firth")
    }
    assert np.median(bias["firth"]) < np.median(bias["ml"])


def test_the_code_still_gives_the_first_replicates(coverage):
    scenario = logistic_coverage.setting()
    again = [logistic_coverage.covered(scenario, r) for r in range(20)]
    assert np.array(again).astype(int).tolist() == coverage["first"]
    for r in range(5):
        found = logistic_coverage.estimates(scenario, r)
        for name in ("ml", "firth"):
            stored = np.array(coverage["first_small"][r][name], float)
            np.testing.assert_allclose(
                np.array(logistic_coverage.finite_or_none(found[name]), float), stored, rtol=1e-6
            )
