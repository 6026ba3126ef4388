"""What the proof of coverage found, and that the code still finds it."""

from __future__ import annotations

import measures_coverage
import pytest
from stored import read_proof

USUAL = {
    "observed_expected": "wilson",
    "calibration_slope": "profile",
    "auroc": "logit",
    "net_benefit": "normal",
}


@pytest.fixture(scope="module")
def coverage():
    return read_proof("measures_coverage")


def test_usual_limits_cover_as_often_as_they_say_with_two_hundred_events(coverage):
    """2 000 cohorts: the standard error of a coverage of 95 % is half a percentage point."""
    assert coverage["replicates"] == 2000
    assert coverage["base_rate"] == pytest.approx(0.01, abs=1e-5)
    found = {(row["measure"], row["interval"], row["events"]): row["coverage"] for row in coverage["table"]}
    for measure, interval in USUAL.items():
        assert 0.92 <= found[measure, interval, 200] <= 0.98, measure
        assert {(measure, interval, 20), (measure, interval, 50)} <= set(found)


def test_the_code_still_gives_the_first_replicates(coverage):
    for events, first in coverage["first"].items():
        for replicate, expected in enumerate(first):
            again = measures_coverage.covered(int(events), replicate)
            assert list(map(int, again.values())) == expected
