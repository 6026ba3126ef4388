"""Ways to smooth the observed proportion over the predicted risk.

Each smoother is fitted to patients collapsed by risk and then gives the observed proportion at any
risk. Those that are linear in parameters with a covariance (spline and loess) also give its
standard error.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from scipy import optimize
from scipy.special import expit, logit

from ...numerics.checks import FloatArray
from ...numerics.grouped_by_risk import RiskGroups
from ...numerics.local_regression import Loess, fit_loess, lowess
from ...numerics.newton import LogisticObjective, covariance, maximise
from ...numerics.patterns import sum_by
from ...numerics.splines import harrell_knots, restricted_cubic_basis, weighted_quantile
from .recalibration import recalibration_of

_FLAT = 10.0


class Smoother(Protocol):
    """The observed proportion as a function of the risk."""

    @property
    def name(self) -> str:
        """How it was made, for the reader."""

    def observed(self, risk: FloatArray) -> FloatArray:
        """Observed proportion at each risk, (k,)."""


@dataclass(frozen=True, eq=False)
class SplineSmoother:
    """Logistic regression on a restricted cubic spline of the logit risk."""

    knots: FloatArray
    coefficients: FloatArray
    covariance: FloatArray

    @property
    def name(self) -> str:
        """How it was made."""
        return f"restricted cubic spline, {self.knots.size} knots"

    def design(self, risk: FloatArray) -> FloatArray:
        """Coefficients of the parameters in the linear predictor, (k, p)."""
        return _spline_design(np.asarray(logit(risk)), self.knots)

    def observed(self, risk: FloatArray) -> FloatArray:
        """Observed proportion at each risk, (k,)."""
        return np.asarray(expit(self.design(risk) @ self.coefficients))

    def logit_error(self, risk: FloatArray) -> FloatArray:
        """Standard error of the logit of the observed proportion, (k,)."""
        return _standard_error(self.design(risk), self.covariance)


@dataclass(frozen=True, eq=False)
class LoessSmoother:
    """Local quadratic regression on the risk itself; may leave [0, 1], where it has no limits."""

    curve: Loess

    @property
    def name(self) -> str:
        """How it was made."""
        return "loess"

    @property
    def covariance(self) -> FloatArray:
        """Of the parameters, (p, p)."""
        return self.curve.covariance

    def design(self, risk: FloatArray) -> FloatArray:
        """Coefficients of the parameters in the curve, (k, p)."""
        return self.curve.design(risk)

    def observed(self, risk: FloatArray) -> FloatArray:
        """Observed proportion at each risk, (k,)."""
        return self.curve(risk)

    def logit_error(self, risk: FloatArray) -> FloatArray:
        """Standard error of the logit of the observed proportion, NaN where that is outside (0,
        1).
        """
        p = self.observed(risk)
        slope = np.where((p > 0) & (p < 1), p * (1 - p), np.nan)
        return _standard_error(self.design(risk), self.covariance) / slope


LinearSmoother = SplineSmoother | LoessSmoother
"""Linear in parameters with a covariance, hence with standard errors and bands."""


@dataclass(frozen=True, eq=False)
class PolylineSmoother:
    """Straight lines between points, level beyond the outer ones: lowess and isotonic
    regression.
    """

    name: str
    risk: FloatArray
    proportion: FloatArray

    def observed(self, risk: FloatArray) -> FloatArray:
        """Observed proportion at each risk, (k,)."""
        return np.interp(risk, self.risk, self.proportion)


@dataclass(frozen=True, eq=False)
class GroupSmoother:
    """The proportion in each group of risks; edges belong to the group below."""

    edges: FloatArray
    events: FloatArray
    n: FloatArray
    mean_risk: FloatArray

    @property
    def name(self) -> str:
        """How it was made."""
        return f"{self.n.size} groups"

    def observed(self, risk: FloatArray) -> FloatArray:
        """Observed proportion at each risk, (k,)."""
        return (self.events / self.n)[np.searchsorted(self.edges, risk, side="left")]


def fit_spline(groups: RiskGroups, n_knots: int) -> SplineSmoother:
    """Maximum likelihood on a spline with Harrell's knots.

    Fewer knots, but at least 3, where they coincide or where the likelihood has no maximum (no
    events over a long stretch of risks, usual when events are few); then a refusal. A maximum so
    flat that the curve of half the patients has a standard error above 10 on the logit scale is one
    that Newton steps stopped short of.
    """
    eta = np.asarray(logit(groups.risk))
    knots = harrell_knots(eta, n_knots, groups.n)
    objective = LogisticObjective(
        _spline_design(eta, knots), groups.events, groups.n, np.zeros(eta.size)
    )
    start = np.zeros(knots.size)
    start[:2] = recalibration_of(groups, "calibration_curve").fit(slope=True).parameters
    maximum = maximise(objective, start, max_iterations=50)
    if maximum.converged:
        smoother = SplineSmoother(knots, maximum.parameters, covariance(maximum.terms.information))
        if median_error(groups, smoother) < _FLAT:
            return smoother
    if knots.size > 3:
        return fit_spline(groups, knots.size - 1)
    raise ValueError(
        "the outcome must vary along the whole range of risks for a spline; got no maximum of "
        "the likelihood with "
        f"{groups.total_events:g} events. Use calibration_slope, or a curve with method='groups'."
    )


def median_error(groups: RiskGroups, smoother: LinearSmoother) -> float:
    """Standard error of the curve on the logit scale at the median risk of the patients."""
    return float(smoother.logit_error(weighted_quantile(groups.risk, np.array([0.5]), groups.n))[0])


def _spline_design(eta: FloatArray, knots: FloatArray) -> FloatArray:
    return np.column_stack([np.ones(eta.size), restricted_cubic_basis(eta, knots)])


def _standard_error(design: FloatArray, matrix: FloatArray) -> FloatArray:
    return np.asarray(np.sqrt(np.maximum(np.einsum("ij,jk,ik->i", design, matrix, design), 0)))


def fit_loess_smoother(groups: RiskGroups) -> LoessSmoother:
    """Loess as in R: span 0.75, degree 2, on the risk scale."""
    return LoessSmoother(fit_loess(groups.risk, groups.n, groups.events))


def fit_lowess(groups: RiskGroups) -> PolylineSmoother:
    """Lowess as in R with ``iter = 0``: the smoother of ``rms::val.prob``."""
    return PolylineSmoother("lowess", *lowess(groups.risk, groups.n, groups.events))


def fit_isotonic(groups: RiskGroups) -> PolylineSmoother:
    """The non-decreasing proportions nearest the data in weighted squares (pool adjacent
    violators).
    """
    fitted = optimize.isotonic_regression(groups.events / groups.n, weights=groups.n).x
    return PolylineSmoother("isotonic regression", groups.risk, np.asarray(fitted))


def fit_groups(groups: RiskGroups, edges: FloatArray) -> GroupSmoother:
    """Proportions between edges; groups that hold nobody are left out with their edge."""
    which = np.searchsorted(edges, groups.risk, side="left")
    present, which = np.unique(which, return_inverse=True)
    n, events, risk = (
        sum_by(which, x, present.size) for x in (groups.n, groups.events, groups.n * groups.risk)
    )
    return GroupSmoother(edges[present[:-1]], events, n, risk / n)


def quantile_edges(groups: RiskGroups, n_groups: int) -> FloatArray:
    """Inner edges of groups of equal numbers of patients; equal risks stay together."""
    return np.unique(weighted_quantile(groups.risk, np.arange(1, n_groups) / n_groups, groups.n))
