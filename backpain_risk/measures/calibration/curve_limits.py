"""Limits of calibration curves and of the indices computed from them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import optimize, stats
from scipy.special import expit, logit

from ...numerics.checks import FloatArray
from ...numerics.grouped_by_risk import RiskGroups, require_both_classes, resampled
from ...numerics.intervals import normal_quantile, percentile_limits
from ...numerics.splines import weighted_quantile
from ...results.estimate import Estimate
from .smoothers import LinearSmoother, Smoother, SplineSmoother

INDICES = ("ici", "e50", "e90", "emax", "eci", "ici_share")
FEW_EVENTS = 200
"""Below so many events percentiles over resamples are withheld: the indices of resamples are too
high.
"""
_PATH = 1000  # points on the curve from which the length of its path is measured


def indices(groups: RiskGroups, observed: FloatArray) -> FloatArray:
    """ICI, E50, E90, Emax, ECI and ICI over the event rate, of the observed proportion at each
    distinct risk.
    """
    gap = np.abs(groups.risk - observed)
    ici = groups.n @ gap / groups.total
    eci = 100 * groups.n @ gap**2 / groups.total
    e50, e90 = weighted_quantile(gap, np.array([0.5, 0.9]), groups.n)
    return np.array([ici, e50, e90, gap.max(), eci, ici * groups.total / groups.total_events])


@dataclass(frozen=True, eq=False)
class Drawn:
    """Indices (resamples, 6) and curves (resamples, k) from resamples that could be fitted.

    Limits of the indices are percentiles, withheld with few events; or, where ``region``, the
    extremes over curves that the data do not reject.
    """

    indices: FloatArray
    curves: FloatArray
    n_resamples: int
    n_failed: int
    how: str
    region: bool = False

    @classmethod
    def none(cls, n_points: int) -> Drawn:
        """Nothing resampled."""
        return cls(np.empty((0, len(INDICES))), np.empty((0, n_points)), 0, 0, "not resampled")

    def estimates(
        self, groups: RiskGroups, smoother: Smoother, level: float
    ) -> dict[str, Estimate]:
        """The indices with limits, NaN where nothing was resampled or percentiles would not
        hold.
        """
        values = indices(groups, smoother.observed(groups.risk))
        how = self.how
        low, high = _percentiles(self.indices, level)
        if self.region:
            low = self.indices.min(axis=0)
            high = self.indices.max(axis=0)
        elif self.n_resamples and too_few(groups):
            low, high = np.full((2, len(INDICES)), np.nan)
            how = f"no limits: percentiles ({how}) do not hold with fewer than {FEW_EVENTS} events"
        return {
            name: Estimate(float(v), float(a), float(b), level=level, method=how)
            for name, v, a, b in zip(INDICES, values, low, high, strict=True)
        }

    def curve_limits(self, level: float) -> tuple[FloatArray, FloatArray]:
        """Pointwise percentile limits of the curve."""
        return _percentiles(self.curves, level)


def _percentiles(drawn: FloatArray, level: float) -> tuple[FloatArray, FloatArray]:
    if len(drawn) == 0:
        return np.full(drawn.shape[1], np.nan), np.full(drawn.shape[1], np.nan)
    return percentile_limits(drawn, level)


def bootstrap(
    groups: RiskGroups,
    smooth: Callable[[RiskGroups], Smoother],
    points: FloatArray,
    n_resamples: int,
    rng: np.random.Generator,
) -> Drawn:
    """Fit the smoother to resamples of patients; those that cannot be fitted are left out and
    counted.
    """
    drawn = []
    curves = []
    for resample in resampled(groups, n_resamples, rng):
        try:
            smoother = smooth(require_both_classes(resample, "calibration_curve"))
        except ValueError:
            continue
        drawn.append(indices(resample, smoother.observed(resample.risk)))
        curves.append(smoother.observed(points))
    return Drawn(
        np.array(drawn).reshape(len(drawn), len(INDICES)),
        np.array(curves).reshape(len(drawn), points.size),
        n_resamples,
        n_resamples - len(drawn),
        f"bootstrap, {len(drawn)} resamples",
    )


def simulate(
    groups: RiskGroups,
    smoother: SplineSmoother,
    points: FloatArray,
    n_resamples: int,
    rng: np.random.Generator,
) -> Drawn:
    """Draw the coefficients of the spline from their normal approximation."""
    factor = np.linalg.cholesky(smoother.covariance)
    normal = rng.standard_normal((n_resamples, smoother.coefficients.size))
    coefficients = smoother.coefficients + normal @ factor.T
    own = smoother.design(groups.risk)
    shown = smoother.design(points)
    drawn = np.array([indices(groups, np.asarray(expit(own @ beta))) for beta in coefficients])
    return Drawn(
        drawn, expit(coefficients @ shown.T), n_resamples, 0, f"simulation, {n_resamples} draws"
    )


def over_region(
    groups: RiskGroups,
    smoother: SplineSmoother,
    n_resamples: int,
    rng: np.random.Generator,
    level: float,
) -> Drawn:
    """Indices of curves on the edge of the joint confidence region of the coefficients.

    The edge is looked at along the axes of the region, in ``n_resamples`` random directions, and
    towards the curve of calibrated risks; when that one lies inside, the data do not reject that
    every index is 0.
    """
    factor = np.linalg.cholesky(smoother.covariance)
    size = smoother.coefficients.size
    calibrated = np.zeros(size)
    calibrated[1] = 1.0
    towards = np.linalg.solve(factor, calibrated - smoother.coefficients)
    radius = _scheffe(groups, size, level)
    distance = float(np.linalg.norm(towards))
    random = rng.standard_normal((n_resamples, size))
    random /= np.linalg.norm(random, axis=1, keepdims=True)
    nearest = towards * min(1.0, radius / distance) if distance else towards
    axes = np.concatenate([np.eye(size), -np.eye(size), random]) * radius
    coefficients = (
        smoother.coefficients
        + np.concatenate([axes, np.zeros((1, size)), nearest[None]]) @ factor.T
    )
    design = smoother.design(groups.risk)
    drawn = np.array([indices(groups, np.asarray(expit(design @ beta))) for beta in coefficients])
    if distance <= radius:
        drawn[-1] = 0.0  # the risks themselves, free of rounding
    how = f"confidence region, {n_resamples} directions"
    return Drawn(drawn, np.empty((0, 0)), n_resamples, 0, how, region=True)


def _scheffe(groups: RiskGroups, size: int, level: float) -> float:
    """Radius, in standard errors, of the joint region of parameters that rest on so many events."""
    return float(np.sqrt(size * stats.f.ppf(level, size, _freedom(groups, size))))


def _freedom(groups: RiskGroups, size: int) -> float:
    """Degrees of freedom of the errors: events (or non-events, if fewer) less parameters."""
    return max(fewer(groups) - size, 1.0)


def fewer(groups: RiskGroups) -> float:
    """Events, or non-events if fewer."""
    return min(groups.total_events, groups.total - groups.total_events)


def too_few(groups: RiskGroups) -> bool:
    """Whether percentiles over resamples are withheld."""
    return fewer(groups) < FEW_EVENTS


def critical_value(groups: RiskGroups, smoother: LinearSmoother, band: str, level: float) -> float:
    """Half the width of the band in standard errors."""
    z = normal_quantile(level)
    if band == "pointwise":
        return z
    path = _path_length(groups, smoother)
    df = _freedom(groups, int(np.linalg.matrix_rank(smoother.covariance)))

    def excess(c: float) -> float:
        return float(
            2 * stats.t.sf(c, df) + path / np.pi * (1 + c**2 / df) ** (-df / 2) - (1 - level)
        )

    far = z + 10
    while excess(far) > 0:
        far *= 2
    return float(optimize.brentq(excess, z, far))


def _path_length(groups: RiskGroups, smoother: LinearSmoother) -> float:
    """Length on the unit sphere of the standardised curve, between the smallest and the largest
    risk.
    """
    risk = np.asarray(expit(np.linspace(logit(groups.risk[0]), logit(groups.risk[-1]), _PATH)))
    values, vectors = np.linalg.eigh(smoother.covariance)
    curve = smoother.design(risk) @ (vectors * np.sqrt(np.maximum(values, 0)))
    unit = curve / np.linalg.norm(curve, axis=1, keepdims=True)
    return float(
        np.sum(2 * np.arcsin(np.minimum(np.linalg.norm(np.diff(unit, axis=0), axis=1) / 2, 1)))
    )
