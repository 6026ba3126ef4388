"""Whether limits hold the truth, and how often: rows of the tables of coverage."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

Marks = dict[tuple[str, str], str]


def mark(truth: float, low: float, high: float) -> str:
    """``=`` when limits hold the truth, ``<`` below and ``>`` above it, ``?`` without limits."""
    if np.isnan(low) or np.isnan(high):
        return "?"
    return "<" if high < truth else ">" if low > truth else "="


def rows(events: int, marks: list[Marks], former: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    """Rows of the table for one number of events; ``former`` names the default of before."""
    for measure, how in marks[0]:
        found = np.array([each[measure, how] for each in marks])
        coverage = float(np.mean(found == "="))
        yield {
            "measure": measure,
            "interval": how,
            "former_default": former.get(measure) == how,
            "events": events,
            "coverage": coverage,
            "mcse": round(float(np.sqrt(coverage * (1 - coverage) / found.size)), 6),
            "below": float(np.mean(found == "<")),
            "above": float(np.mean(found == ">")),
            "without_limits": float(np.mean(found == "?")),
            "replicates": int(found.size),
        }
