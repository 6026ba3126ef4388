"""Simulated developments: the calibration slope that models of n patients have in their
population.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import pandas as pd
from scipy import stats

from ..models.logistic.fitting import maximum_likelihood, start_at_mean
from ..numerics.checks import FloatArray
from ..numerics.intervals import LEVEL, tails
from ..numerics.newton import LogisticObjective, maximise
from ..results.notebook import as_html
from .flags import FlagModel

MOSTLY = 0.8
"""Probability of an acceptable slope that a study should have."""
_STEP = 1.25
_MOST_STEPS = 16


class Population(Protocol):
    """Patients that a model can be developed in."""

    def developed_slope(self, n: int, rng: np.random.Generator) -> float:
        """Calibration slope in the population of one model developed in n patients; 0 where no
        estimate is finite.
        """
        ...


@dataclass(frozen=True, eq=False, kw_only=True)
class FlagPopulation:
    """Patients of a scenario, developed on their flags."""

    model: FlagModel

    def developed_slope(self, n: int, rng: np.random.Generator) -> float:
        """See :class:`Population`; the slope is exact over the patterns of the scenario."""
        model = self.model
        counts = self.model.draw(n, rng)
        seen = counts.sum(axis=1) > 0
        varies = np.ptp(model.design[seen], axis=0) > 0
        used = np.flatnonzero(
            varies | (np.arange(varies.size) == 0)
        )  # a flag that nobody has is left out
        coefficient = estimates(model.design[np.ix_(seen, used)], counts[seen])
        if coefficient is None:
            return 0.0
        lp = model.design[:, used] @ coefficient
        objective = LogisticObjective(
            np.column_stack([np.ones_like(lp), lp]),
            model.joint[:, 1],
            model.share,
            np.zeros_like(lp),
        )
        found = maximise(objective, np.array([0.0, 1.0]), tolerance=1e-10)
        return float(found.parameters[1]) if found.converged else 0.0


@dataclass(frozen=True, eq=False, kw_only=True)
class BinormalPopulation:
    """Normal predictors of one SD in each class, ``shift`` SDs apart; how they share it changes
    nothing.
    """

    prevalence: float
    shift: float
    n_parameters: int

    def developed_slope(self, n: int, rng: np.random.Generator) -> float:
        """See :class:`Population`; the population slope of log odds a + b'x is b'shift / b'b."""
        y = np.zeros(n)
        y[: rng.binomial(n, self.prevalence)] = 1
        X = np.column_stack([np.ones(n), rng.standard_normal((n, self.n_parameters))])
        X[:, 1] += self.shift * y
        coefficient = estimates(X, np.column_stack([1 - y, y]))
        if coefficient is None:
            return 0.0
        b = coefficient[1:]
        return float(self.shift * b[0] / (b @ b))


def estimates(design: FloatArray, counts: FloatArray) -> FloatArray | None:
    """Coefficients of maximum likelihood; None where no estimate is finite."""
    events = counts[:, 1].astype(np.float64)
    n = counts.sum(axis=1).astype(np.float64)
    if not 0 < events.sum() < n.sum():
        return None
    objective = LogisticObjective(design, events, n, np.zeros(len(n)))
    if len(n) > 2 * design.shape[1] and n.max() == 1:
        found = maximise(objective, start_at_mean(objective))
        return found.parameters if found.converged else None
    fit = maximum_likelihood(objective, tuple(f"x{j}" for j in range(design.shape[1])))
    finite = fit.maximum.converged and (fit.separation is None or not fit.separation.separated)
    return fit.coefficient if finite else None


@dataclass(frozen=True, eq=False, kw_only=True)
class SlopeCheck:
    """Calibration slopes of simulated developments, at sizes around those that the formulas give.

    Attributes
    ----------
    n : tuple of int
        Sizes of the developments, ascending.
    slopes : ndarray, shape (len(n), simulations)
        Slope in the population; 0, its limit, where the model has no finite estimate.
    target : float
        Median slope asked for: the shrinkage.
    acceptable : (low, high)
        Slopes that count as acceptable.
    """

    n: tuple[int, ...]
    slopes: FloatArray
    target: float
    acceptable: tuple[float, float]

    @property
    def median_slope(self) -> FloatArray:
        """Median slope at each n."""
        return np.median(self.slopes, axis=1)

    @property
    def p_acceptable(self) -> FloatArray:
        """Share of developments whose slope is acceptable, at each n."""
        return np.mean(
            (self.slopes >= self.acceptable[0]) & (self.slopes <= self.acceptable[1]), axis=1
        )

    @property
    def n_median_slope(self) -> float:
        """Patients at which the median slope reaches the target, interpolated; NaN where the
        sizes do not reach it.
        """
        return _crossing(self.n, self.median_slope - self.target)

    @property
    def n_acceptable(self) -> float:
        """Patients at which four developments of five have an acceptable slope, interpolated."""
        return _crossing(self.n, self.p_acceptable - MOSTLY)

    def to_frame(self) -> pd.DataFrame:
        """One row per n.

        Columns: n, median_slope with its 95 % limits low and high, p_acceptable with its Monte
        Carlo SE mcse, not_finite (share of developments without finite estimates, counted as slope
        0), simulations.
        """
        limits = np.array([_limits_of_median(row) for row in self.slopes])
        share = self.p_acceptable
        size = self.slopes.shape[1]
        columns = {
            "n": self.n,
            "median_slope": self.median_slope,
            "low": limits[:, 0],
            "high": limits[:, 1],
            "p_acceptable": share,
            "mcse": np.sqrt(share * (1 - share) / size),
            "not_finite": np.mean(self.slopes == 0, axis=1),
            "simulations": size,
        }
        return pd.DataFrame(columns)

    def __str__(self) -> str:
        return (
            f"Simulated {self.slopes.shape[1]} times at each of {len(self.n)} sizes: the median "
            "slope reaches "
            f"{self.target:g} at {_about(self.n_median_slope)} patients; a slope from "
            f"{self.acceptable[0]:g} to "
            f"{self.acceptable[1]:g} has probability {MOSTLY:g} at {_about(self.n_acceptable)}."
        )

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return as_html(str(self), self.to_frame(), index=False, digits=3)


def simulate_slopes(
    population: Population,
    *,
    start: int,
    also: int,
    simulations: int,
    target: float,
    acceptable: tuple[float, float],
    rng: np.random.Generator,
) -> SlopeCheck:
    """Develop models at ``also`` and from ``start`` in steps of a quarter until both answers are
    bracketed.
    """
    slopes: dict[int, FloatArray] = {}

    def enough(n: int) -> tuple[bool, bool]:
        if n not in slopes:
            child = rng.spawn(1)[0]
            slopes[n] = np.array([population.developed_slope(n, child) for _ in range(simulations)])
        one = SlopeCheck(n=(n,), slopes=slopes[n][None], target=target, acceptable=acceptable)
        return bool(one.median_slope[0] >= target), bool(one.p_acceptable[0] >= MOSTLY)

    enough(also)
    steps = range(_MOST_STEPS)
    found = next((k for k in steps if all(enough(math.ceil(start * _STEP**k)))), _MOST_STEPS)
    if found < _MOST_STEPS:
        next((k for k in steps if not any(enough(max(math.ceil(start / _STEP**k), 2)))), None)
    sizes = tuple(sorted(slopes))
    return SlopeCheck(
        n=sizes, slopes=np.array([slopes[n] for n in sizes]), target=target, acceptable=acceptable
    )


def _crossing(n: tuple[int, ...], excess: FloatArray) -> float:
    """Where a rising series first passes zero and stays, interpolated on log n."""
    below = np.flatnonzero(excess < 0)
    if below.size == 0 or below[-1] == len(n) - 1:
        return float("nan")
    i = int(below[-1])
    log_n = np.interp(0, excess[i : i + 2], np.log(n[i : i + 2]))
    return float(np.exp(log_n))


def _about(n: float) -> str:
    return "no size tried" if np.isnan(n) else f"about {float(f'{n:.2g}'):,.0f}"


def _limits_of_median(values: FloatArray) -> tuple[float, float]:
    """Order statistics that hold the median with 95 % confidence at least."""
    ordered = np.sort(values)
    size = values.size
    skip = int(stats.binom.ppf(tails(LEVEL)[0], size, 0.5))
    return float(ordered[max(skip - 1, 0)]), float(ordered[min(size - skip, size - 1)])
