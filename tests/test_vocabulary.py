"""The columns of a cohort are listed once, and one rule says what each can hold."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import backpain_risk as bpr
from backpain_risk import vocabulary

pytestmark = pytest.mark.contract


def test_groups_of_columns_divide_the_columns():
    assert (*vocabulary.PREDICTORS, *vocabulary.TESTS) == tuple(vocabulary.COLUMNS)
    assert {*vocabulary.YES_NO} | {*vocabulary.MEASURED} == {*vocabulary.COLUMNS}
    assert not {*vocabulary.YES_NO} & {*vocabulary.MEASURED}
    assert {*vocabulary.YES_NO} - {*vocabulary.RESPONDING} == {"male", "age_50_or_over"}


@pytest.mark.parametrize(
    ("column", "wrong"),
    [("night_pain", 2.0), ("male", -1.0), ("age_years", 17.0), ("esr_mm_h", 151.0)],
)
def test_cohorts_scenarios_and_models_refuse_the_same_values(scenario, column, wrong):
    good = vocabulary.COLUMNS[column].low if column in vocabulary.MEASURED else 1.0
    table = pd.DataFrame({column: [good, wrong], "outcome": [0, 1]})
    assert list(bpr.check_cohort(table).column) == [column]
    for refused in (
        lambda: scenario.risk(table[[column]]),
        lambda: vocabulary.check_values(column, np.array([good, wrong])),
    ):
        with pytest.raises(ValueError, match=f"{column} must"):
            refused()
