"""Sample sizes of established packages, kept beside the script that made them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def planned():
    """Results of reference/make_planning.py."""
    return json.loads((Path(__file__).parent / "reference" / "planning.json").read_text("utf-8"))
