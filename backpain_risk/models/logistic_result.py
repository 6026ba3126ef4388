"""What a fitted logistic model says about its terms."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from .. import vocabulary
from ..numerics.checks import FloatArray, check_choice, check_fraction
from ..numerics.intervals import normal_quantile
from ..numerics.profile import likelihood_ratio_test, profile_limits
from .estimation import Fit
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
        return pd.DataFrame(limits, index=pd.Index(self.terms, name="term"), columns=["low", "high"])

    def likelihood_ratio_tests(self) -> pd.DataFrame:
        """Chi-squared statistic and p-value of each coefficient being 0, indexed by term.

        Under Firth the penalised likelihood keeps the penalty of the full design (logistf).
        """
        tests = np.full((len(self.terms), 2), np.nan)
        for j in np.flatnonzero(self.fit.position >= 0):
            tests[j] = likelihood_ratio_test(self.fit.objective, self.fit.maximum, int(self.fit.position[j]))
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

    def _repr_html_(self) -> str:
        return self.summary()._repr_html_()

    @cached_property
    def _profile_95(self) -> pd.DataFrame:
        return self.conf_int()


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
        return f"{self.heading()}\n{table}\nOdds ratios with 95% profile-likelihood limits. {vocabulary.NOTICE}"

    __repr__ = __str__

    def _repr_html_(self) -> str:
        table = self.to_frame().to_html(float_format=lambda x: f"{x:.4g}")
        return (
            f"<p>{self.heading()}</p>{table}<p>Odds ratios with 95% profile-likelihood limits. {vocabulary.NOTICE}</p>"
        )
