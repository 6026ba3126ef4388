"""Smooth calibration curves and the indices computed from them."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from scipy.special import expit, logit

from ...numerics.checks import (
    FloatArray,
    as_generator,
    as_vector,
    check_choice,
    check_count,
    check_level,
    check_resamples,
    refuse_where,
)
from ...numerics.grouped_by_risk import RiskGroups, risk_groups
from ...numerics.intervals import normal_quantile, proportion_interval
from ...results.estimate import Estimate
from ...results.notebook import as_html
from .curve_limits import (
    FEW_EVENTS,
    INDICES,
    Drawn,
    bootstrap,
    critical_value,
    fewer,
    over_region,
    simulate,
    too_few,
)
from .recalibration import require_calibratable
from .smoothers import (
    GroupSmoother,
    LinearSmoother,
    PolylineSmoother,
    Smoother,
    SplineSmoother,
    fit_groups,
    fit_isotonic,
    fit_loess_smoother,
    fit_lowess,
    fit_spline,
    median_error,
    quantile_edges,
)

if TYPE_CHECKING:
    import pandas as pd

METHODS = ("rcs", "loess", "lowess", "isotonic", "groups")
BANDS = ("pointwise", "simultaneous")
RESAMPLING = ("region", "bootstrap", "simulation")
FEW_FOR_BAND = 20
"""Below so many events the spline has no band for the whole curve: it held 0.82 of them."""
WITHHELD = ("isotonic regression",)
"""Smoothers whose resamples do not vary as the smoother does: their percentiles are no limits."""
_HANDFUL = 10  # events
_WIDE = 1000.0  # odds at the upper limit over those at the lower, for the median patient


@dataclass(frozen=True, eq=False, kw_only=True)
class CalibrationCurve:
    """Observed proportion against predicted risk.

    Attributes
    ----------
    predicted, observed, low, high : ndarray, shape (k,)
        Curve with limits; ``predicted`` ascending. In [0, 1], except that loess may leave it, where
        limits are NaN.
    group_n, group_events : ndarray, shape (k,), or None
        Patients and events behind each point, for groups.
    ici, e50, e90, emax : Estimate
        Mean, median, 90th percentile and maximum over patients of \\|predicted - observed\\|;
        limits where resampled.
    eci : Estimate
        Estimated calibration index: 100 times the mean squared difference.
    ici_share : Estimate
        ICI as a share of the event rate.
    method : str
        The smoother.
    limits : str
        How ``low`` and ``high`` were made.
    risk, risk_n, risk_events : ndarray, shape (m,)
        Distinct risks, with patients and events at each.
    n, n_events : float
    n_resamples, n_failed : int
        Resamples asked for, and those that could not be fitted and are left out.
    says_little : bool
        Spline and loess: fewer than 10 events, or pointwise limits at the median risk that reach
        over a factor of 1000 in the odds.
    """

    predicted: FloatArray
    observed: FloatArray
    low: FloatArray
    high: FloatArray
    group_n: FloatArray | None
    group_events: FloatArray | None
    ici: Estimate
    e50: Estimate
    e90: Estimate
    emax: Estimate
    eci: Estimate
    ici_share: Estimate
    method: str
    limits: str
    level: float
    n: float
    n_events: float
    risk: FloatArray
    risk_n: FloatArray
    risk_events: FloatArray
    n_resamples: int
    n_failed: int
    says_little: bool = False

    def to_frame(self) -> pd.DataFrame:
        """The curve: predicted, observed, low, high; for groups n and events too."""
        import pandas as pd

        table = pd.DataFrame(
            {name: getattr(self, name) for name in ("predicted", "observed", "low", "high")}
        )
        return (
            table
            if self.group_n is None
            else table.assign(n=self.group_n, events=self.group_events)
        )

    def indices(self) -> pd.DataFrame:
        """ICI, E50, E90, Emax, ECI and the ICI's share of the event rate with limits, one row
        each.
        """
        import pandas as pd

        return (
            pd.concat([getattr(self, name).to_frame() for name in INDICES])
            .set_axis(INDICES)
            .rename_axis("measure")
        )

    def __repr__(self) -> str:
        return f"{self._head()} ICI {self.ici}."

    def _head(self) -> str:
        return (
            f"Calibration by {self.method}: {self.n:g} patients, {self.n_events:g} events, "
            f"{self.limits} limits."
        )

    def _repr_html_(self) -> str:
        return as_html(self._head(), self.indices()[["value", "low", "high"]])


def calibration_curve(
    outcome: npt.ArrayLike,
    risk: npt.ArrayLike,
    *,
    method: str = "rcs",
    n_knots: int = 5,
    n_groups: int = 10,
    at: npt.ArrayLike | None = None,
    band: str = "pointwise",
    n_resamples: int = 0,
    resampling: str | None = None,
    rng: int | np.random.SeedSequence | np.random.Generator | None = None,
    sample_weight: npt.ArrayLike | None = None,
    level: float = 0.95,
) -> CalibrationCurve:
    """Estimate the observed proportion as a function of the predicted risk.

    Parameters
    ----------
    outcome : array, shape (n,)
        0 or 1, both present.
    risk : array, shape (n,)
        Predicted probability strictly between 0 and 1.
    method : {"rcs", "loess", "lowess", "isotonic", "groups"}
        ``rcs``: logistic regression on a restricted cubic spline of the logit risk with Harrell's
        knots (4 and then 3 when knots coincide). ``loess``: R's, on the risk, span 0.75, degree 2.
        ``lowess``: R's with ``iter = 0``, as in ``rms::val.prob``. ``isotonic``: non-decreasing
        proportions. ``groups``: proportions in groups of patients.
    n_knots, n_groups : int
        Knots of the spline; groups of equal numbers of patients.
    at : array, optional
        Risks at which to give the curve; by default 100 points equally spaced on the logit scale
        between the smallest and the largest risk. For groups, the inner edges between them, instead
        of equal numbers.
    band : {"pointwise", "simultaneous"}
        Limits for each point, or for the whole curve at once: spline and loess by the tube formula
        with as many degrees of freedom as there are events less parameters, groups by Bonferroni's
        inequality and the limits of Clopper and Pearson.
    n_resamples : int
        Resamples for the limits of the indices, and for those of the curve by lowess, which has no
        others.
    resampling : {"region", "bootstrap", "simulation"}, optional
        Where limits of the indices come from. ``region`` (the spline's, and its default): the
        smallest and largest index of all curves in the joint confidence region of the coefficients,
        looked for in ``n_resamples`` directions. ``bootstrap`` (default of the others): percentiles
        over patients drawn anew. ``simulation``: percentiles over the spline's coefficients drawn
        from their normal approximation. Indices of resamples are too high, so that percentiles
        exclude 0 however calibrated the risks are; with fewer than 200 events they are withheld.
    rng : int, SeedSequence or Generator
        Needed with resamples.
    sample_weight : array, shape (n,), optional
        Number of identical patients.
    level : float
        Share that the limits are to hold, inside (0, 1).

    Returns
    -------
    CalibrationCurve

    Raises
    ------
    ValueError
        For risks of exactly 0 or 1, one class only, too few distinct risks for a spline, or limits
        that a method does not have.

    Notes
    -----
    Limits of spline and loess are made on the logit scale and so stay inside [0, 1]; those of
    single groups are Wilson's. The indices depend on the smoother: name it beside them. They are
    never below 0 and rise with noise: with 13 events the value is twice the truth or more, and
    percentiles lie above it. The limits over the confidence region hold the truth (too often rather
    than too rarely), 0 included.

    Where no event is seen among the lowest risks the spline plunges. With fewer than 20 events its
    band for the whole curve held 82 % of the truths and is withheld. Isotonic regression has no
    limits: bootstrap resamples of it do not vary as it does; lowess has none with fewer than 200
    events. Loess often leaves [0, 1] at the lowest risks, where it has none. How often all others
    hold: :func:`coverage_of_limits`.

    Warns
    -----
    UserWarning
        Where the curve says little (``says_little``), usual with fewer than 10 events, and where
        limits that were asked for are withheld (NaN) because too few of their kind hold the truth.

    References
    ----------
    Austin and Steyerberg (2019), Stat Med 38:4051 (ICI, E50, E90). Van Calster et al. (2016), J
    Clin Epidemiol 74:167. Scheffe (1953), Biometrika 40:87 (region). Van Hoorde et al. (2015), J
    Biomed Inform 54:283 (ECI). Sun and Loader (1994), Ann Stat 22:1328 (tube formula). Sen,
    Banerjee, Woodroofe (2010), Ann Stat 38:1953 (bootstrap of monotone estimates).

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> risk = rng.beta(1, 20, 5000)
    >>> curve = calibration_curve(rng.random(5000) < risk, risk, at=[0.01, 0.1])
    >>> curve.to_frame().round(3).values.tolist()
    [[0.01, 0.005, 0.002, 0.011], [0.1, 0.106, 0.089, 0.125]]
    """
    check_choice("method", method, METHODS)
    resampling = resampling or ("region" if method == "rcs" else "bootstrap")
    _check_options(method, band, resampling, n_resamples)
    check_count("n_groups", n_groups, 1)
    check_count("n_knots", n_knots, 3, 10)
    check_level(level)
    groups = require_calibratable(risk_groups(outcome, risk, sample_weight), "calibration_curve")
    smooth = _smoother_of(
        method, n_knots, _edges(groups, n_groups, at) if method == "groups" else None
    )
    smoother = smooth(groups)
    points = _points(groups, at)
    drawn = Drawn.none(points.size)
    if n_resamples:
        generator = as_generator(rng)
        if isinstance(smoother, SplineSmoother) and resampling == "simulation":
            drawn = simulate(groups, smoother, points, n_resamples, generator)
        elif isinstance(smoother, SplineSmoother) and resampling == "region":
            drawn = over_region(groups, smoother, n_resamples, generator, level)
        else:
            drawn = bootstrap(groups, smooth, points, n_resamples, generator)
    curve = _result(groups, smoother, points, drawn, band, level)
    for doubt in _doubts(curve):
        warnings.warn(doubt, UserWarning, stacklevel=2)
    return curve


def default_indices(
    groups: RiskGroups, level: float, n_resamples: int = 0, rng: np.random.Generator | None = None
) -> dict[str, Estimate]:
    """The indices of the default curve of patients collapsed by risk, by name; with a warning
    where that curve says little.
    """
    smoother = fit_spline(require_calibratable(groups, "calibration_curve"), 5)
    if _says_little(groups, smoother, level):
        warnings.warn(_little(groups.total_events, groups.total), UserWarning, stacklevel=6)
    drawn = (
        over_region(groups, smoother, n_resamples, as_generator(rng), level)
        if n_resamples
        else Drawn.none(0)
    )
    return drawn.estimates(groups, smoother, level)


def _check_options(method: str, band: str, resampling: str, n_resamples: int) -> None:
    check_choice("method", method, METHODS)
    check_choice("band", band, BANDS)
    check_choice("resampling", resampling, RESAMPLING)
    check_resamples("n_resamples", n_resamples, 0)
    if band != "pointwise" and method in ("lowess", "isotonic"):
        raise ValueError(
            f"band must be 'pointwise' for method={method!r}; got {band!r}. Use 'rcs' or 'loess'."
        )
    if n_resamples and resampling != "bootstrap" and method != "rcs":
        raise ValueError(
            f"resampling must be 'bootstrap' for method={method!r}; got {resampling!r}. Only "
            "'rcs' has the others."
        )


def _smoother_of(
    method: str, n_knots: int, edges: FloatArray | None
) -> Callable[[RiskGroups], Smoother]:
    if edges is not None:
        return lambda groups: fit_groups(groups, edges)
    if method == "rcs":
        return lambda groups: fit_spline(groups, n_knots)
    fits: dict[str, Callable[[RiskGroups], Smoother]] = {
        "loess": fit_loess_smoother,
        "lowess": fit_lowess,
        "isotonic": fit_isotonic,
    }
    return fits[method]


def _edges(groups: RiskGroups, n_groups: int, at: npt.ArrayLike | None) -> FloatArray:
    return quantile_edges(groups, n_groups) if at is None else _checked_at(at)


def _points(groups: RiskGroups, at: npt.ArrayLike | None) -> FloatArray:
    if at is not None:
        return _checked_at(at)
    return np.asarray(expit(np.linspace(logit(groups.risk[0]), logit(groups.risk[-1]), 100)))


def _checked_at(at: npt.ArrayLike) -> FloatArray:
    points = np.sort(as_vector("at", at))
    if points.size == 0:
        raise ValueError(
            "at must hold at least one probability; got none. Pass for example [0.01, 0.03]."
        )
    refuse_where(
        (points <= 0) | (points >= 1),
        points,
        "at must lie strictly between 0 and 1",
        "Pass probabilities.",
    )
    return points


def _result(
    groups: RiskGroups,
    smoother: Smoother,
    points: FloatArray,
    drawn: Drawn,
    band: str,
    level: float,
) -> CalibrationCurve:
    grouped = smoother if isinstance(smoother, GroupSmoother) else None
    if grouped is not None:
        points = grouped.mean_risk
    low, high, limits = _limits(groups, smoother, points, drawn, band, level)
    return CalibrationCurve(
        predicted=points,
        observed=smoother.observed(points) if grouped is None else grouped.events / grouped.n,
        low=low,
        high=high,
        group_n=None if grouped is None else grouped.n,
        group_events=None if grouped is None else grouped.events,
        **drawn.estimates(groups, smoother, level),
        method=smoother.name,
        limits=limits,
        level=level,
        n=groups.total,
        n_events=groups.total_events,
        risk=groups.risk,
        risk_n=groups.n,
        risk_events=groups.events,
        n_resamples=drawn.n_resamples,
        n_failed=drawn.n_failed,
        says_little=_says_little(groups, smoother, level),
    )


def _says_little(groups: RiskGroups, smoother: Smoother, level: float) -> bool:
    if not isinstance(smoother, LinearSmoother):
        return False
    width = 2 * normal_quantile(level) * median_error(groups, smoother)
    return fewer(groups) < _HANDFUL or width > np.log(_WIDE)


def _doubts(curve: CalibrationCurve) -> list[str]:
    """What a user must be told of a curve: little is known, or limits are withheld."""
    found = [_little(curve.n_events, curve.n)] if curve.says_little else []
    for what, how in (("the curve", curve.limits), ("ICI and its kin", curve.ici.method)):
        if how.startswith("no limits"):
            found.append(f"limits of {what} are left as NaN ({how}); see coverage_of_limits()")
    return found


def _little(n_events: float, n: float) -> str:
    return (
        f"the calibration curve says little with {n_events:g} events among {n:g} patients (fewer "
        "than "
        f"{_HANDFUL}, or limits over a factor of {_WIDE:g} in the odds at the median risk); use "
        "calibration_in_the_large, or method='groups'"
    )


def _limits(
    groups: RiskGroups,
    smoother: Smoother,
    points: FloatArray,
    drawn: Drawn,
    band: str,
    level: float,
) -> tuple[FloatArray, FloatArray, str]:
    if isinstance(smoother, GroupSmoother):
        return _group_limits(smoother, band, level)
    if withheld := _withheld(groups, smoother, drawn, band):
        return *np.full((2, points.size), np.nan), f"no limits: {withheld}"
    if isinstance(smoother, PolylineSmoother):
        return *drawn.curve_limits(level), drawn.how
    assert isinstance(smoother, LinearSmoother)
    error = smoother.logit_error(points)
    p = smoother.observed(points)
    eta = np.asarray(logit(np.where(np.isnan(error), 0.5, p)))
    half = critical_value(groups, smoother, band, level) * error
    return np.asarray(expit(eta - half)), np.asarray(expit(eta + half)), band


def _group_limits(
    smoother: GroupSmoother, band: str, level: float
) -> tuple[FloatArray, FloatArray, str]:
    """Wilson's, or for all groups at once those of Clopper and Pearson, which no group falls short
    of: with 13 events Wilson's held all of ten groups 0.81 of the time.
    """
    how = "wilson" if band == "pointwise" else "clopper_pearson"
    each = level if band == "pointwise" else 1 - (1 - level) / smoother.n.size
    return *proportion_interval(smoother.events, smoother.n, how, each), f"{band}, {how}"


def _withheld(groups: RiskGroups, smoother: Smoother, drawn: Drawn, band: str) -> str:
    """Why there can be no limits that hold, or nothing."""
    if smoother.name in WITHHELD and drawn.n_resamples:
        return f"percentiles of {smoother.name} do not hold at low risks"
    if isinstance(smoother, PolylineSmoother) and drawn.n_resamples and too_few(groups):
        return f"percentiles of {smoother.name} do not hold with fewer than {FEW_EVENTS} events"
    few = isinstance(smoother, SplineSmoother) and fewer(groups) < FEW_FOR_BAND
    if few and band == "simultaneous":
        return f"a band for the whole spline does not hold with fewer than {FEW_FOR_BAND} events"
    return ""
