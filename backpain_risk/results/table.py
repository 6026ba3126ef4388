"""A table that is itself the result."""

from __future__ import annotations

import pandas as pd


class ResultTable(pd.DataFrame):
    """A DataFrame with ``to_frame()``, so that every result of the package answers it."""

    @property
    def _constructor(self) -> type[ResultTable]:
        return ResultTable

    def to_frame(self) -> pd.DataFrame:
        """The same numbers as a plain DataFrame."""
        return pd.DataFrame(self)
