"""Correct digits of maximum likelihood fits, against 60-digit arithmetic
(reference/make_mpmath.py).
"""

from __future__ import annotations

import json
from pathlib import Path

import mpmath as mp
import numpy as np
import pytest

from backpain_risk import LogisticModel

pytestmark = pytest.mark.reference

CASES = json.loads((Path(__file__).parent / "reference" / "mpmath.json").read_text("utf-8"))


def digits(found, exact):
    """Correct digits of the worst number."""
    with mp.workdps(40):
        errors = [
            abs((mp.mpf(float(f)) - mp.mpf(e)) / mp.mpf(e))
            for f, e in zip(found, exact, strict=True)
        ]
        return float(-mp.log10(max(*errors, mp.mpf(10) ** -17)))


def fitted(case):
    X = np.array(case["columns"], dtype=float).T
    events = np.array(case["events"])
    n = np.array(case["n"])
    rows = np.vstack([X, X])
    outcome = np.repeat([1, 0], len(n))
    weight = np.concatenate([events, n - events])
    offset = np.tile(np.array(case["offset"], dtype=float), 2)
    return LogisticModel().fit(rows, outcome, sample_weight=weight, offset=offset).result_


@pytest.mark.parametrize("name", CASES)
def test_digits_are_those_that_the_condition_of_the_data_allows(name):
    case = CASES[name]
    result = fitted(case)
    condition = case["condition"]
    wanted = (12.0, 10.0) if condition <= 1e4 else (15 - np.log10(condition) - 1,) * 2
    assert digits(result.coefficient, case["coefficient"]) >= wanted[0]
    assert digits(result.standard_error, case["standard_error"]) >= wanted[1]
