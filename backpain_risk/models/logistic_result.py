"""What a fitted logistic model says about its terms."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from .. import vocabulary
from ..numerics.checks import FloatArray, check_choice, check_fraction
from ..numerics.intervals import normal_quantile
from ..numerics.newton import LogisticObjective, Maximum, covariance, maximise
from ..numerics.notebook import as_html
from ..numerics.profile import likelihood_ratio_test, limit_of_infinite, profile_limits
from .estimation import Fit, start_at_mean
from .separation import Separation


@dataclass(frozen=True, eq=False, kw_only=True)
class LogisticResult:
    """Coefficients of a logistic model and their uncertainty.

    Attributes
    ----------
    terms : tuple of str
        ``"intercept"`` first.
    fit : Fit
        Estimates, covariance (augmented weights under Firth) and the likelihood behind them.
    n, n_events : float
        Patients and events.
    penalty, correction : str or None
    """

    terms: tuple[str, ...]
    fit: Fit
    n: float
    n_events: float
    penalty: str | None
    correction: str

    @property
    def coefficient(self) -> FloatArray:
        """Log odds ratios, shape (p,), after the correction of the intercept; infinite where separated."""
        if self.separation is None:
            return self.fit.coefficient
        direction = self.separation.direction
        return np.where(direction == 0, self.fit.coefficient, np.copysign(np.inf, direction))

    @property
    def standard_error(self) -> FloatArray:
        """Standard errors, shape (p,); NaN for infinite or unidentified coefficients."""
        se = np.sqrt(np.diagonal(self.fit.covariance))
        return np.where(np.isfinite(self.coefficient), se, np.nan)

    @property
    def separation(self) -> Separation | None:
        """Directions of separation; None when the data overlap or a penalty makes it irrelevant."""
        return self.fit.separation

    @property
    def converged(self) -> bool:
        """Whether the Newton loop reached full precision."""
        return self.fit.maximum.converged

    @property
    def n_iterations(self) -> int:
        """Newton steps taken."""
        return self.fit.maximum.n_iterations

    @property
    def log_likelihood(self) -> float:
        """Maximised log likelihood, penalised when the fit is (that of the augmented data under FLAC)."""
        return self.fit.maximum.terms.value

    def conf_int(self, level: float = 0.95, method: str = "profile") -> pd.DataFrame:
        """Limits of the coefficients (log odds ratios).

        Parameters
        ----------
        level : float
        method : {"profile", "wald"}
            Profile limits use the penalised likelihood under Firth and the augmented data under FLAC; the intercept
            corrected by FLIC has Wald limits always.

        Returns
        -------
        DataFrame indexed by term, columns ``low`` and ``high``
        """
        check_choice("method", method, ("profile", "wald"))
        check_fraction("level", level)
        half = normal_quantile(level) * self.standard_error
        limits = np.column_stack([self.coefficient - half, self.coefficient + half])
        if method == "profile":
            fit, se = self.fit, self.standard_error
            for j in np.flatnonzero(fit.position >= 0):
                limits[j] = profile_limits(fit.objective, fit.maximum, int(fit.position[j]), se[j], level)
            for j in np.flatnonzero(np.isinf(self.coefficient)):
                limits[j] = self._limits_of_infinite(int(j), level)
        return pd.DataFrame(limits, index=pd.Index(self.terms, name="term"), columns=["low", "high"])

    def likelihood_ratio_tests(self) -> pd.DataFrame:
        """Chi-squared statistic and p-value of each coefficient being 0, indexed by term.

        Under Firth the penalised likelihood keeps the penalty of the full design (logistf).
        """
        tests = np.full((len(self.terms), 2), np.nan)
        for j in np.flatnonzero(self.fit.position >= 0):
            tests[j] = likelihood_ratio_test(self.fit.objective, self.fit.maximum, int(self.fit.position[j]))
        if self.fit.whole is not None:
            whole, best = self.fit.whole, self.fit.maximum.terms.value
            start = start_at_mean(whole)
            near = Maximum(start, whole(start), 0, converged=False)
            for j in np.flatnonzero(np.isinf(self.coefficient)):
                tests[j] = likelihood_ratio_test(whole, near, int(j), best)
        return pd.DataFrame(tests, index=pd.Index(self.terms, name="term"), columns=["chi_squared", "p_value"])

    def to_frame(self) -> pd.DataFrame:
        """One row per term: coefficient, standard error, odds ratio, and 95 % profile limits of the odds ratio."""
        limits = np.exp(self._profile_95)
        table = pd.DataFrame(
            {
                "coefficient": self.coefficient,
                "standard_error": self.standard_error,
                "odds_ratio": np.exp(self.coefficient),
            },
            index=pd.Index(self.terms, name="term"),
        )
        return table.assign(low=limits["low"], high=limits["high"])

    def summary(self) -> LogisticSummary:
        """A readable table with a heading; prints as text, shows as HTML, ``to_frame()`` gives the numbers."""
        return LogisticSummary(self)

    def marginal_odds_ratios(self) -> pd.DataFrame:
        """Odds ratio of each term by itself, with Wald limits: what it is before the other terms are known.

        Columns odds_ratio, low, high, indexed by term; NaN where the term alone separates. Spline columns are each
        taken alone too, which has a meaning for the first only.
        """
        objective = self.fit.whole or self.fit.objective
        rows = [_alone(objective, j) for j in range(1, len(self.terms))]
        return pd.DataFrame(rows, index=pd.Index(self.terms[1:], name="term"), columns=["odds_ratio", "low", "high"])

    def _limits_of_infinite(self, j: int, level: float) -> tuple[float, float]:
        """One limit is infinite, the other where the profile has dropped far enough."""
        whole = self.fit.whole
        if whole is None:
            return np.nan, np.nan
        sign, unit = float(np.sign(self.coefficient[j])), 1 / float(np.abs(whole.X[:, j]).max())
        best = self.fit.maximum.terms.value
        other = limit_of_infinite(whole, best, j, whole.X.shape[1], unit, sign, level)
        return (other, np.inf) if sign > 0 else (-np.inf, other)

    def _repr_html_(self) -> str:
        return self.summary()._repr_html_()

    @cached_property
    def _profile_95(self) -> pd.DataFrame:
        return self.conf_int()


@dataclass(frozen=True, eq=False)
class Effect:
    """Effect of one column: log odds ratio against its ``reference`` at each of ``values``, with limits; all (k,)."""

    column: str
    values: FloatArray
    log_odds_ratio: FloatArray
    low: FloatArray
    high: FloatArray
    reference: float
    level: float

    def to_frame(self) -> pd.DataFrame:
        """One row per value."""
        return pd.DataFrame({name: getattr(self, name) for name in ("values", "log_odds_ratio", "low", "high")})

    def _repr_html_(self) -> str:
        return as_html(self.to_frame())


@dataclass(frozen=True, eq=False)
class LogisticSummary:
    """Readable form of a :class:`LogisticResult`."""

    result: LogisticResult

    def heading(self) -> str:
        """One line on the data and the method."""
        r = self.result
        method = {None: "maximum likelihood", "firth": "Firth's penalty", "ridge": "ridge"}[r.penalty]
        correction = f", {r.correction.upper()} correction" if r.correction != "none" else ""
        state = "converged" if r.converged else "NOT CONVERGED"
        separated = f"; {r.separation}" if r.separation is not None else ""
        return (
            f"Logistic model by {method}{correction}: {r.n:g} patients, {r.n_events:g} events; {state} after "
            f"{r.n_iterations} steps{separated}."
        )

    def to_frame(self) -> pd.DataFrame:
        """Coefficients, standard errors, odds ratios with profile limits, likelihood-ratio p-values."""
        return self.result.to_frame().assign(p_value=self.result.likelihood_ratio_tests()["p_value"])

    def __str__(self) -> str:
        table = self.to_frame().to_string(float_format=lambda x: f"{x:.4g}")
        return (
            f"{self.heading()}\n{table}\nOdds ratios with 95% profile-likelihood limits. {vocabulary.RESEARCH_NOTICE}"
        )

    __repr__ = __str__

    def _repr_html_(self) -> str:
        foot = f"Odds ratios with 95% profile-likelihood limits. {vocabulary.RESEARCH_NOTICE}"
        return as_html(self.heading(), self.to_frame(), foot, digits=4)


def _alone(objective: LogisticObjective, column: int) -> tuple[float, float, float]:
    """Odds ratio of one column with Wald limits, in a model of the constant and that column."""
    single = LogisticObjective(objective.X[:, [0, column]], objective.events, objective.n, objective.offset)
    maximum = maximise(single, start_at_mean(single))
    if not maximum.converged or abs(maximum.parameters[1]) * np.abs(single.X[:, 1]).max() > 30:
        return np.nan, np.nan, np.nan
    half = normal_quantile(0.95) * np.sqrt(covariance(maximum.terms.information)[1, 1])
    low, value, high = np.exp(maximum.parameters[1] + np.array([-half, 0.0, half]))
    return float(value), float(low), float(high)
