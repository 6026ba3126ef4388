"""Patients of equal risk collapsed: what every measure of outcome and risk is a function of."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .checks import FloatArray, check_outcome_risk


@dataclass(frozen=True, eq=False)
class RiskGroups:
    """Distinct risks (k,) in ascending order, with events and patients at each."""

    risk: FloatArray
    events: FloatArray
    n: FloatArray

    @property
    def total_events(self) -> float:
        """Number of events."""
        return float(self.events.sum())

    @property
    def total(self) -> float:
        """Number of patients."""
        return float(self.n.sum())


def risk_groups(outcome: npt.ArrayLike, risk: npt.ArrayLike, sample_weight: npt.ArrayLike | None = None) -> RiskGroups:
    """Check outcome, risk and weight, and collapse patients of equal risk."""
    y, r, w = check_outcome_risk(outcome, risk, sample_weight)
    order = np.argsort(r, kind="stable")
    r, y, w = r[order], y[order], w[order]
    first = np.flatnonzero(np.concatenate([[True], r[1:] != r[:-1]]))
    n = np.add.reduceat(w, first)
    events = np.add.reduceat(w * y, first)
    keep = n > 0
    return RiskGroups(r[first][keep], events[keep], n[keep])
