"""Patients of our own, and what R packages say of them (reference/measures.R makes both)."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

FOLDER = Path(__file__).parent / "reference"


@pytest.fixture(scope="session")
def patients():
    """600 patients: y, and the risks a and b of two models, with ties."""
    return pd.read_csv(FOLDER / "patients.csv")


@pytest.fixture(scope="session")
def from_r():
    return json.loads((FOLDER / "measures.json").read_text("utf-8"))


@pytest.fixture(scope="session")
def rare():
    """20 000 patients with calibrated risks, 1.3 % of them with the event."""
    rng = np.random.default_rng(7)
    risk = expit(rng.normal(-5, 1.2, 20_000))
    return (rng.random(20_000) < risk).astype(int), risk
