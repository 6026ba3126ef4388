"""What the notebook that is running has recorded, so that its prose can quote it at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .prose import REFERENCE, fill_plainly

_RECORDED: dict[str, Any] = {}


def remember(values: Mapping[str, Any]) -> None:
    """Keep recorded values for the prose of this kernel; running a cell again replaces them."""
    _RECORDED.update(values)


def as_read(text: str, where: str) -> str:
    """Text for who reads the running notebook: numbers filled, tables and figures by their
    keys.
    """
    said = fill_plainly(text, _RECORDED, where)
    filled = fill_plainly(said, _RECORDED, where)  # of claims that it made
    return REFERENCE.sub(lambda match: f"*{match.group(2).replace('-', ' ')}*", filled)
