"""Studies of our own, and what R's metafor and lme4 say of them (reference/pooling.R made both)."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

FOLDER = Path(__file__).parent / "reference"


@pytest.fixture
def studies():
    """Fourteen studies: one without false negatives, one without diseased patients."""
    return pd.read_csv(FOLDER / "studies.csv")


@pytest.fixture(scope="session")
def peers():
    return json.loads((FOLDER / "pooling.json").read_text("utf-8"))
