"""A table from a file of the user's."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd


def read_table(path: Path) -> pd.DataFrame:
    """A CSV file as a table."""
    import pandas as pd

    if not path.is_file():
        raise ValueError(f"data must be a CSV file; {path} does not exist. Check the name.")
    return pd.read_csv(path)
