"""Smooth calibration curves and the indices computed from them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from scipy.special import expit, logit

from ..numerics.checks import FloatArray, as_generator, as_vector, check_choice, refuse_where
from ..numerics.estimate import Estimate
from ..numerics.intervals import normal_quantile, proportion_interval
from ..numerics.newton import LogisticObjective, covariance
from ..numerics.patterns import sum_by
from ..numerics.risk_groups import RiskGroups
from ..numerics.splines import harrell_knots, restricted_cubic_basis, weighted_quantile
from .calibration import _open_groups, fit

if TYPE_CHECKING:
    import pandas as pd

METHODS = ("rcs", "groups")
Smoother = Callable[[FloatArray], tuple[FloatArray, FloatArray]]
"""Risks to observed proportion on the logit scale and its standard error."""


@dataclass(frozen=True, eq=False, kw_only=True)
class CalibrationCurve:
    """Observed proportion against predicted risk.

    Attributes
    ----------
    predicted, observed, low, high : ndarray, shape (k,)
        Curve with pointwise limits, all in [0, 1]; ``predicted`` ascending.
    ici, e50, e90, emax : Estimate
        Mean, median, 90th percentile and maximum over patients of \\|predicted - observed\\|; limits where resampled.
    ici_share : Estimate
        ICI as a share of the event rate.
    method : str
    n, n_events : float
    n_resamples, n_failed : int
    """

    predicted: FloatArray
    observed: FloatArray
    low: FloatArray
    high: FloatArray
    ici: Estimate
    e50: Estimate
    e90: Estimate
    emax: Estimate
    ici_share: Estimate
    method: str
    level: float
    n: float
    n_events: float
    risk: FloatArray
    risk_n: FloatArray
    risk_events: FloatArray
    n_resamples: int = 0
    n_failed: int = 0

    def to_frame(self) -> pd.DataFrame:
        """The curve: predicted, observed, low, high."""
        import pandas as pd

        return pd.DataFrame({name: getattr(self, name) for name in ("predicted", "observed", "low", "high")})

    def indices(self) -> pd.DataFrame:
        """ICI, its share of the event rate, E50, E90 and Emax with limits, one row each."""
        import pandas as pd

        names = ("ici", "ici_share", "e50", "e90", "emax")
        return pd.concat([getattr(self, name).to_frame() for name in names]).set_axis(names).rename_axis("measure")

    def _repr_html_(self) -> str:
        head = f"<p>Calibration by {self.method}: {self.n:g} patients, {self.n_events:g} events.</p>"
        return head + str(self.indices()[["value", "low", "high"]].to_html())


def calibration_curve(
    outcome: npt.ArrayLike,
    risk: npt.ArrayLike,
    *,
    method: str = "rcs",
    n_knots: int = 5,
    n_groups: int = 10,
    at: npt.ArrayLike | None = None,
    n_resamples: int = 0,
    rng: int | np.random.SeedSequence | np.random.Generator | None = None,
    sample_weight: npt.ArrayLike | None = None,
    level: float = 0.95,
) -> CalibrationCurve:
    """Estimate the observed proportion as a function of the predicted risk.

    Parameters
    ----------
    outcome : array, shape (n,)
        0 or 1.
    risk : array, shape (n,)
        Predicted probability strictly between 0 and 1.
    method : {"rcs", "groups"}
        Logistic regression on a restricted cubic spline of the logit risk with Harrell's knots (4 and then 3 when knots
        coincide); or proportions in groups of equal numbers of patients with Wilson limits.
    n_knots, n_groups : int
    at : array, optional
        Risks at which to give the curve; by default 100 points equally spaced on the logit scale between the smallest
        and the largest risk. Not used by groups.
    n_resamples : int
        Bootstrap resamples for the limits of the indices.
    rng : int, SeedSequence or Generator
        Needed with resamples.

    Raises
    ------
    ValueError
        For risks of exactly 0 or 1, one class only, or too few distinct risks for a spline.

    Notes
    -----
    Pointwise limits are made on the logit scale and so stay inside [0, 1].

    References
    ----------
    Austin and Steyerberg (2019), Stat Med 38:4051 (ICI, E50, E90). Van Calster et al. (2016), J Clin Epidemiol 74:167.
    """
    check_choice("method", method, METHODS)
    groups = _open_groups(outcome, risk, sample_weight, "calibration_curve")
    smooth = partial(_smoother, method=method, n_knots=n_knots, n_groups=n_groups)
    smoother = smooth(groups)
    value = indices(groups, smoother)
    drawn, failed = _resampled(groups, smooth, n_resamples, rng)
    estimates = [_with_limits(value[i], drawn[:, i], level) for i in range(value.size)]
    curve = _curve(groups, smoother, method, n_groups, at, level)
    ici, e50, e90, emax, share = estimates
    return CalibrationCurve(
        **dict(zip(("predicted", "observed", "low", "high"), curve, strict=True)),
        ici=ici,
        e50=e50,
        e90=e90,
        emax=emax,
        ici_share=share,
        method=f"restricted cubic spline, {n_knots} knots" if method == "rcs" else f"{n_groups} groups",
        level=level,
        n=groups.total,
        n_events=groups.total_events,
        risk=groups.risk,
        risk_n=groups.n,
        risk_events=groups.events,
        n_resamples=n_resamples,
        n_failed=failed,
    )


def _smoother(groups: RiskGroups, *, method: str, n_knots: int, n_groups: int) -> Smoother:
    if method == "groups":
        return _group_smoother(groups, n_groups)
    eta = np.asarray(logit(groups.risk))
    knots = harrell_knots(eta, n_knots, groups.n)
    objective = LogisticObjective(_spline_design(eta, knots), groups.events, groups.n, np.zeros(eta.size))
    maximum = fit(objective)
    if not maximum.converged:
        raise ValueError("the spline of calibration_curve did not converge; use fewer knots or method='groups'.")
    matrix = covariance(maximum.terms.information)

    def smoother(risk: FloatArray) -> tuple[FloatArray, FloatArray]:
        design = _spline_design(np.asarray(logit(risk)), knots)
        return design @ maximum.parameters, np.sqrt(np.einsum("ij,jk,ik->i", design, matrix, design))

    return smoother


def _spline_design(eta: FloatArray, knots: FloatArray) -> FloatArray:
    return np.column_stack([np.ones(eta.size), restricted_cubic_basis(eta, knots)])


def _edges(groups: RiskGroups, n_groups: int) -> FloatArray:
    """Inner edges of groups of equal numbers of patients; equal risks stay together."""
    return np.unique(weighted_quantile(groups.risk, np.arange(1, n_groups) / n_groups, groups.n))


def _group_table(groups: RiskGroups, n_groups: int) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Mean risk, events and patients of each group that holds any."""
    which = np.searchsorted(_edges(groups, n_groups), groups.risk, side="left")
    size = int(which.max()) + 1
    n, events, total = (sum_by(which, x, size) for x in (groups.n, groups.events, groups.n * groups.risk))
    keep = n > 0
    return total[keep] / n[keep], events[keep], n[keep]


def _group_smoother(groups: RiskGroups, n_groups: int) -> Smoother:
    edges = _edges(groups, n_groups)
    which = np.searchsorted(edges, groups.risk, side="left")
    n, events = (sum_by(which, x, edges.size + 1) for x in (groups.n, groups.events))

    def smoother(risk: FloatArray) -> tuple[FloatArray, FloatArray]:
        with np.errstate(divide="ignore", invalid="ignore"):
            observed = logit(events / n)[np.searchsorted(edges, risk, side="left")]
        return observed, np.full(risk.size, np.nan)

    return smoother


def indices(groups: RiskGroups, smoother: Smoother) -> FloatArray:
    """ICI, E50, E90, Emax, and ICI over the event rate."""
    gap = np.abs(groups.risk - expit(smoother(groups.risk)[0]))
    ici = groups.n @ gap / groups.total
    middle = weighted_quantile(gap, np.array([0.5, 0.9]), groups.n)
    return np.array([ici, middle[0], middle[1], gap.max(), ici * groups.total / groups.total_events])


def _resampled(
    groups: RiskGroups, smooth: Callable[[RiskGroups], Smoother], n_resamples: int, rng: object
) -> tuple[FloatArray, int]:
    """Indices in bootstrap resamples of patients; failed resamples are left out and counted."""
    if n_resamples == 0:
        return np.empty((0, 5)), 0
    generator = as_generator(rng)  # type: ignore[arg-type]
    cells = np.concatenate([groups.events, groups.n - groups.events]) / groups.total
    drawn, failed = [], 0
    for _ in range(n_resamples):
        events, rest = generator.multinomial(round(groups.total), cells).reshape(2, -1).astype(np.float64)
        keep = events + rest > 0
        resample = RiskGroups(groups.risk[keep], events[keep], (events + rest)[keep])
        try:
            drawn.append(indices(resample, smooth(resample)))
        except ValueError:
            failed += 1
    return np.array(drawn).reshape(-1, 5), failed


def _with_limits(value: float, drawn: FloatArray, level: float) -> Estimate:
    if drawn.size == 0:
        return Estimate(float(value), np.nan, np.nan, level=level, method="not resampled")
    low, high = np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2])
    return Estimate(float(value), float(low), float(high), level=level, method=f"bootstrap, {drawn.size} resamples")


def _curve(
    groups: RiskGroups, smoother: Smoother, method: str, n_groups: int, at: npt.ArrayLike | None, level: float
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    if method == "groups":
        predicted, events, n = _group_table(groups, n_groups)
        return predicted, events / n, *proportion_interval(events, n, "wilson", level)
    predicted = _points(groups, at)
    eta, se = smoother(predicted)
    half = normal_quantile(level) * se
    return predicted, expit(eta), expit(eta - half), expit(eta + half)


def _points(groups: RiskGroups, at: npt.ArrayLike | None) -> FloatArray:
    if at is None:
        return np.asarray(expit(np.linspace(logit(groups.risk[0]), logit(groups.risk[-1]), 100)))
    points = np.sort(as_vector("at", at))
    refuse_where((points <= 0) | (points >= 1), points, "at must lie strictly between 0 and 1", "Pass probabilities.")
    return points
