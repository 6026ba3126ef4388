from __future__ import annotations

import pandas as pd
import pytest

from backpain_risk.results.spreadsheet import spreadsheet_safe

pytestmark = pytest.mark.contract


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
@pytest.mark.parametrize("dtype", [object, "str", "category"])
def test_no_cell_and_no_heading_starts_a_formula(start, dtype):
    table = pd.DataFrame({f"{start}cmd": pd.Series([f"{start}1+1", "plain"], dtype=dtype)})
    safe = spreadsheet_safe(table)
    assert list(safe.columns) == [f"'{start}cmd"]
    assert safe.iloc[:, 0].tolist() == [f"'{start}1+1", "plain"]


def test_numbers_dates_and_missing_values_stay():
    table = pd.DataFrame(
        {
            "n": [-1.5, None],
            "when": pd.to_datetime(["2024-01-01", None]),
            3: [-1, 2],
            "mixed": [-1, None],
        }
    )
    pd.testing.assert_frame_equal(spreadsheet_safe(table), table)
