"""What the slow proofs found, and that the code still finds it."""

from __future__ import annotations

import logistic_coverage
import numpy as np
import pytest
import standard_check
from stored import read_proof

pytestmark = pytest.mark.recovery


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


@pytest.mark.regression
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


def test_the_check_of_a_standard_warns_where_its_base_rate_is_wrong():
    """At most one false alarm in ten; limits by the model that miss the truth, found out mostly."""
    fits, overlap, small = read_proof("standard_check")
    assert (fits["dependence"], overlap["dependence"], small["n"]) == (0.0, 1.0, 20_000)
    assert fits["warned"] <= 0.1 * fits["cohorts"]
    assert fits["holds"]["model"] >= 0.9 * fits["cohorts"]
    assert overlap["holds"]["model"] < 0.5 * overlap["cohorts"]
    assert overlap["warned"] >= 0.75 * overlap["cohorts"]
    assert overlap["ratio"]["model"] > 1.05
    for setting in (fits, overlap, small):
        assert setting["holds"]["margin"] >= 0.9 * setting["cohorts"]
        assert setting["ratio"]["margin"] == pytest.approx(1, abs=0.03)


def test_a_cohort_of_that_proof_is_found_again():
    stored = read_proof("standard_check")[-1]
    again = standard_check.cohort(stored["dependence"], stored["n"], 0)
    assert again["warned"] == stored["first"]["warned"]
    assert again["ratio"] == pytest.approx(stored["first"]["ratio"], rel=1e-3)
