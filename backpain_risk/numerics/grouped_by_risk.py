"""Patients of equal risk collapsed: what every measure of outcome and risk is a function of."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .checks import FloatArray, check_both_classes, check_outcome_risk
from .resampling import resamples


@dataclass(frozen=True, eq=False)
class RiskGroups:
    """Distinct risks (k,) in ascending order, with events and patients at each."""

    risk: FloatArray
    events: FloatArray
    n: FloatArray

    @property
    def others(self) -> FloatArray:
        """Patients without the event at each risk, (k,)."""
        return self.n - self.events

    @property
    def total_events(self) -> float:
        """Number of events."""
        return float(self.events.sum())

    @property
    def total(self) -> float:
        """Number of patients."""
        return float(self.n.sum())


def risk_groups(
    outcome: npt.ArrayLike, risk: npt.ArrayLike, sample_weight: npt.ArrayLike | None = None
) -> RiskGroups:
    """Check outcome, risk and weight, and collapse patients of equal risk."""
    return group_by_risk(*check_outcome_risk(outcome, risk, sample_weight))


def group_by_risk(outcome: FloatArray, risk: FloatArray, weight: FloatArray) -> RiskGroups:
    """Collapse patients of equal risk; the one sort that all measures share."""
    order = np.argsort(risk)
    risk = risk[order]
    weight = weight[order]
    events = weight * outcome[order]
    first = np.flatnonzero(np.concatenate([[True], risk[1:] != risk[:-1]]))
    if first.size < risk.size:
        risk = risk[first]
        weight = np.add.reduceat(weight, first)
        events = np.add.reduceat(events, first)
    present = weight > 0
    return (
        RiskGroups(risk, events, weight)
        if present.all()
        else RiskGroups(*(x[present] for x in (risk, events, weight)))
    )


def require_both_classes(groups: RiskGroups, measure: str) -> RiskGroups:
    """The same groups; an error naming the measure when there are only events or none."""
    check_both_classes(
        np.array([0.0, 1.0]),
        np.array([groups.total - groups.total_events, groups.total_events]),
        measure,
    )
    return groups


def resampled_within_outcomes(
    groups: RiskGroups, n_resamples: int, rng: np.random.Generator
) -> Iterator[RiskGroups]:
    """Bootstrap resamples of the patients within each outcome."""
    arms = [resamples(arm, n_resamples, rng) for arm in (groups.events, groups.others)]
    for events, others in zip(*arms, strict=True):
        yield RiskGroups(groups.risk, events, events + others)


def resampled(
    groups: RiskGroups, n_resamples: int, rng: np.random.Generator
) -> Iterator[RiskGroups]:
    """Bootstrap resamples of the patients; risks that are not drawn are left out."""
    for counts in resamples(np.concatenate([groups.events, groups.others]), n_resamples, rng):
        events, others = counts.reshape(2, -1)
        n = events + others
        drawn = n > 0
        yield RiskGroups(groups.risk[drawn], events[drawn], n[drawn])
