"""The stored proof that risk rises with an abnormal laboratory value."""

from __future__ import annotations

import monotone_risk
import pytest
from stored import read_proof

import backpain_risk as bpr

pytestmark = pytest.mark.recovery

ROUNDING = 1e-6
"""Of a logit: a risk of 1 - 7e-10, the highest here, has a logit that rounds at 3e-7."""


def test_no_patient_of_the_proof_has_a_risk_that_falls():
    proof = read_proof("monotone_risk")
    assert proof["patients"] == 500
    assert len(proof["table"]) == 5 * 4 * 3
    assert max(row["largest_fall"] for row in proof["table"]) < ROUNDING


@pytest.mark.parametrize("key", monotone_risk.LABORATORY)
def test_the_code_still_finds_no_fall(key):
    scenario = bpr.load_scenario("walk_in").replace(dependence=1.5)
    assert max(monotone_risk.falls(scenario, key, 10)) < ROUNDING
