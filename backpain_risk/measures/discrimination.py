"""Discrimination: the C-statistic (area under the ROC curve) with ties, limits and paired comparison."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from scipy import stats
from scipy.special import expit, logit

from ..numerics.checks import FloatArray, as_generator, check_both_classes, check_choice, check_outcome_risk
from ..numerics.estimate import Estimate
from ..numerics.intervals import normal_quantile
from ..numerics.risk_groups import RiskGroups, risk_groups

if TYPE_CHECKING:
    import pandas as pd

AUROC_INTERVALS = ("logit", "delong", "newcombe", "bootstrap")


def auroc(
    outcome: npt.ArrayLike,
    risk: npt.ArrayLike,
    *,
    sample_weight: npt.ArrayLike | None = None,
    level: float = 0.95,
    interval: str = "logit",
    n_resamples: int = 2000,
    rng: int | np.random.SeedSequence | np.random.Generator | None = None,
) -> Estimate:
    """C-statistic: P(risk of an event > risk of a non-event), ties counting one half.

    Parameters
    ----------
    outcome : array, shape (n,)
        0 or 1.
    risk : array, shape (n,)
        Predicted probability in [0, 1].
    sample_weight : array, shape (n,), optional
        Number of identical patients.
    level : float
    interval : {"logit", "delong", "newcombe", "bootstrap"}
        DeLong's variance on the logit scale (inside [0, 1]) or untransformed, Newcombe's method 5 (for small numbers),
        or percentiles of resampled patients within each outcome, which needs ``rng``.
    n_resamples : int
        Bootstrap resamples.
    rng : int, SeedSequence or Generator, optional

    Returns
    -------
    Estimate

    Raises
    ------
    ValueError
        For outcomes of one class, risks outside [0, 1], missing values or different lengths.

    Notes
    -----
    The logit interval is not defined at an AUROC of exactly 0 or 1, where Newcombe's is used and named in the result.

    References
    ----------
    DeLong, DeLong, Clarke-Pearson (1988), Biometrics 44:837. Newcombe (2006), Stat Med 25:559.

    Examples
    --------
    >>> auroc([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8]).value
    0.75
    """
    check_choice("interval", interval, AUROC_INTERVALS)
    groups = _both_classes(risk_groups(outcome, risk, sample_weight), "auroc")
    value = area(groups)
    if interval == "bootstrap":
        return _bootstrap(groups, value, level, n_resamples, as_generator(rng))
    method = "newcombe" if interval == "logit" and value in (0.0, 1.0) else interval
    low, high = _limits(groups, value, level, method)
    return Estimate(value, low, high, level=level, method=method)


def _both_classes(groups: RiskGroups, measure: str) -> RiskGroups:
    both = np.array([0.0, 1.0])
    weight = np.array([groups.total - groups.total_events, groups.total_events])
    check_both_classes(both, weight, measure)
    return groups


def area(groups: RiskGroups) -> float:
    """AUROC from patients collapsed by risk: exact for whole counts."""
    healthy = groups.n - groups.events
    below = np.cumsum(healthy) - healthy
    wins = float(groups.events @ (below + healthy / 2))
    return wins / (groups.total_events * float(healthy.sum()))


def _placements(groups: RiskGroups) -> tuple[FloatArray, FloatArray]:
    """Share of non-events below each risk, and of events above it, ties one half."""
    events, healthy = groups.events, groups.n - groups.events
    below = (np.cumsum(healthy) - healthy / 2) / healthy.sum()
    above = (np.cumsum(events[::-1])[::-1] - events / 2) / events.sum()
    return below, above


def _sample_variance(values: FloatArray, counts: FloatArray) -> float:
    n = float(counts.sum())
    if n <= 1:
        return np.nan
    mean = counts @ values / n
    return float(counts @ (values - mean) ** 2 / (n - 1))


def delong_variance(groups: RiskGroups) -> float:
    """DeLong's variance of the AUROC."""
    below, above = _placements(groups)
    events, healthy = groups.events, groups.n - groups.events
    return _sample_variance(below, events) / events.sum() + _sample_variance(above, healthy) / healthy.sum()


def _limits(groups: RiskGroups, value: float, level: float, method: str) -> tuple[float, float]:
    z = normal_quantile(level)
    if method == "newcombe":
        events = groups.total_events
        return _newcombe(value, events, groups.total - events, z)
    se = float(np.sqrt(delong_variance(groups)))
    if method == "delong":
        return value - z * se, value + z * se
    half = z * se / (value * (1 - value))
    return float(expit(logit(value) - half)), float(expit(logit(value) + half))


def _newcombe(value: float, m: float, n: float, z: float) -> tuple[float, float]:
    """Method 5: the areas whose Hanley-McNeil-type standard error puts them z away."""
    from scipy.optimize import brentq

    mean = (m + n) / 2 - 1

    def excess(theta: float, side: float) -> float:
        a, b = (1 - theta) / (2 - theta), theta / (1 + theta)
        variance = theta * (1 - theta) * (1 + mean * (a + b)) / (m * n)
        return theta + side * z * np.sqrt(variance) - value

    edge = 1e-12  # the variance vanishes at 0 and 1, which are roots of no interest
    low = 0.0 if value == 0 else brentq(excess, 0.0, min(value, 1 - edge), args=(1.0,), xtol=1e-15)
    high = 1.0 if value == 1 else brentq(excess, max(value, edge), 1.0, args=(-1.0,), xtol=1e-15)
    return float(low), float(high)


def _bootstrap(groups: RiskGroups, value: float, level: float, n_resamples: int, rng: np.random.Generator) -> Estimate:
    drawn = [area(_redrawn(groups, rng)) for _ in range(n_resamples)]
    low, high = np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2])
    return Estimate(value, float(low), float(high), level=level, method=f"bootstrap, {n_resamples} resamples")


def _redrawn(groups: RiskGroups, rng: np.random.Generator) -> RiskGroups:
    """A resample of the patients within each outcome."""
    arms = (groups.events, groups.n - groups.events)
    events, others = (rng.multinomial(round(arm.sum()), arm / arm.sum()).astype(np.float64) for arm in arms)
    return RiskGroups(groups.risk, events, events + others)


@dataclass(frozen=True, kw_only=True)
class AurocComparison:
    """Two correlated C-statistics on the same patients, and the test of their difference."""

    a: Estimate
    b: Estimate
    difference: Estimate
    z: float
    p_value: float

    def to_frame(self) -> pd.DataFrame:
        """Rows a, b, difference."""
        import pandas as pd

        rows = pd.concat([part.to_frame() for part in (self.a, self.b, self.difference)])
        return rows.set_axis(["a", "b", "difference"]).assign(p_value=[np.nan, np.nan, self.p_value])

    def _repr_html_(self) -> str:
        return str(self.to_frame().to_html())


def compare_auroc(
    outcome: npt.ArrayLike,
    risk_a: npt.ArrayLike,
    risk_b: npt.ArrayLike,
    *,
    sample_weight: npt.ArrayLike | None = None,
    level: float = 0.95,
) -> AurocComparison:
    """Paired comparison of two models on the same patients (DeLong).

    Returns
    -------
    AurocComparison
        ``difference`` is a minus b, with DeLong limits; ``z`` and ``p_value`` test that it is 0. Both are NaN when the
        two risks order the patients identically.
    """
    y, a, w = check_outcome_risk(outcome, risk_a, sample_weight)
    _, b, _ = check_outcome_risk(outcome, risk_b, sample_weight)
    check_both_classes(y, w, "compare_auroc")
    placed = [_row_placements(y, r, w) for r in (a, b)]
    first, second = (auroc(y, r, sample_weight=w, level=level, interval="delong") for r in (a, b))
    difference = placed[0] - placed[1]
    variance = sum(_sample_variance(difference[y == c], w[y == c]) / w[y == c].sum() for c in (0, 1))
    se, gap = float(np.sqrt(variance)), first.value - second.value
    z = gap / se if se > 0 else np.nan
    half = normal_quantile(level) * se
    return AurocComparison(
        a=first,
        b=second,
        difference=Estimate(gap, gap - half, gap + half, level=level, method="delong"),
        z=z,
        p_value=float(2 * stats.norm.sf(abs(z))),
    )


def _row_placements(y: FloatArray, risk: FloatArray, weight: FloatArray) -> FloatArray:
    """Placement of each patient among those of the other outcome, (n,)."""
    groups = risk_groups(y, risk, weight)
    below, above = _placements(groups)
    at = np.minimum(np.searchsorted(groups.risk, risk), groups.risk.size - 1)
    return np.where(y == 1, below[at], above[at])
