"""What a fitted logistic model says about its terms."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from ... import vocabulary
from ...numerics.checks import BoolArray, FloatArray, check_choice, check_fraction
from ...numerics.intervals import normal_quantile
from ...numerics.newton import LogisticObjective, Maximum, covariance, maximise
from ...numerics.profile import likelihood_ratio_test, limit_of_infinite, profile_limits
from ...results.in_words import sentence
from ...results.notebook import as_html
from .fitting import ConvergenceWarning, LogisticFit, start_at_mean, without_doubt
from .kept_fit import StatedLimits
from .separation import Separation


@dataclass(frozen=True, eq=False, kw_only=True)
class LogisticResult:
    """Coefficients of a logistic model and their uncertainty.

    Attributes
    ----------
    terms : tuple of str
        ``"intercept"`` first.
    fit : LogisticFit
        Estimates, covariance (augmented weights under Firth) and the likelihood behind them.
    n, n_events : float
        Patients and events.
    penalty, correction : str or None
    stated : StatedLimits, optional
        Limits and tests, where the model was loaded from a file without its patients. All other
        results compute theirs from the likelihood.
    """

    terms: tuple[str, ...]
    fit: LogisticFit
    n: float
    n_events: float
    penalty: str | None
    correction: str
    stated: StatedLimits | None = None

    @property
    def coefficient(self) -> FloatArray:
        """Log odds ratios, shape (p,), after the correction of the intercept; infinite where
        separated.

        NaN where separated data leave a coefficient free: any value has the same likelihood.
        """
        if self.separation is None:
            return self.fit.coefficient
        direction = self.separation.direction
        finite = np.where(self.fit.position < 0, np.nan, self.fit.coefficient)
        return np.where(direction == 0, finite, np.copysign(np.inf, direction))

    @property
    def standard_error(self) -> FloatArray:
        """Standard errors, shape (p,); NaN for infinite or unidentified coefficients."""
        se = np.sqrt(np.diagonal(self.fit.covariance))
        return np.where(np.isfinite(self.coefficient) & (se > 0), se, np.nan)

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
        """Maximised log likelihood, penalised when the fit is (that of the augmented data under
        FLAC).
        """
        return self.fit.maximum.terms.value

    def conf_int(self, level: float = 0.95, method: str = "profile") -> pd.DataFrame:
        """Limits of the coefficients (log odds ratios).

        Parameters
        ----------
        level : float
        method : {"profile", "wald"}
            Profile limits use the penalised likelihood under Firth and the augmented data under
            FLAC; the intercept corrected by FLIC has Wald limits always.

        Returns
        -------
        DataFrame indexed by term, columns ``low`` and ``high``
            Infinite where the likelihood never falls far enough on that side.

        Warns
        -----
        ConvergenceWarning
            When a profile limit cannot be determined; it is NaN. All are where the fit itself did
            not converge.

        Raises
        ------
        ValueError
            For profile limits at another level than 95 % of a model saved without its patients.

        Notes
        -----
        Where data are separated, a held coefficient leaves others that still separate: their
        supremum is the maximum over the patterns that no such direction moves, found by linear
        programming.
        """
        check_choice("method", method, ("profile", "wald"))
        check_fraction("level", level)
        half = normal_quantile(level) * self.standard_error
        limits = np.column_stack([self.coefficient - half, self.coefficient + half])
        if method == "profile" and self.stated is not None:
            limits = self._stated_limits(self.stated, level)
        elif method == "profile":
            for j in np.flatnonzero((self.fit.position >= 0) | self._doubtful):
                limits[j] = self._profile_limits(int(j), level) if self.converged else np.nan
            self._warn_of_undetermined(limits)
        return pd.DataFrame(
            limits, index=pd.Index(self.terms, name="term"), columns=["low", "high"]
        )

    def likelihood_ratio_tests(self) -> pd.DataFrame:
        """Chi-squared statistic and p-value of each coefficient being 0, indexed by term.

        Under Firth the penalised likelihood keeps the penalty of the full design (logistf). NaN
        where a fit did not converge.
        """
        if self.stated is not None:
            return self.stated.tests.copy()
        tests = np.full((len(self.terms), 2), np.nan)
        for j in (
            np.flatnonzero((self.fit.position >= 0) | self._doubtful) if self.converged else ()
        ):
            tests[j] = self._test(int(j))
        return pd.DataFrame(
            tests, index=pd.Index(self.terms, name="term"), columns=["chi_squared", "p_value"]
        )

    def to_frame(self) -> pd.DataFrame:
        """One row per term: coefficient, standard error, odds ratio, and 95 % profile limits of
        the odds ratio.
        """
        low, high = self._profile_95.to_numpy().T
        with np.errstate(over="ignore"):  # what is too large for a float is infinite
            odds = {
                "odds_ratio": np.exp(self.coefficient),
                "low": np.exp(low),
                "high": np.exp(high),
            }
        table = {"coefficient": self.coefficient, "standard_error": self.standard_error, **odds}
        return pd.DataFrame(table, index=pd.Index(self.terms, name="term"))

    def summary(self) -> LogisticSummary:
        """A readable table with a heading; prints as text, shows as HTML, ``to_frame()`` gives
        the numbers.
        """
        return LogisticSummary(self)

    def marginal_odds_ratios(self) -> pd.DataFrame:
        """Odds ratio of each term by itself, with Wald limits: what it is before the other terms
        are known.

        Columns odds_ratio, low, high, indexed by term; NaN where the term alone separates. Spline
        columns are each taken alone too, which has a meaning for the first only.
        """
        if self.stated is not None:
            return self.stated.marginal.copy()
        objective = self.fit.whole or self.fit.objective
        rows = [_alone(objective, j) for j in range(1, len(self.terms))]
        return pd.DataFrame(
            rows, index=pd.Index(self.terms[1:], name="term"), columns=["odds_ratio", "low", "high"]
        )

    @property
    def _doubtful(self) -> BoolArray:
        """Terms that separated data leave infinite or free, (p,)."""
        return (self.fit.position < 0) & (self.fit.whole is not None)

    def _stated_limits(self, stated: StatedLimits, level: float) -> FloatArray:
        if level != 0.95:
            raise ValueError(
                f"level must be 0.95 for profile limits of a model saved without its patients; got "
                f"{level}. Use method='wald', or save the model with patients=True."
            )
        return stated.limits.to_numpy()

    def without_patients(self) -> StatedLimits:
        """Limits and tests as they are, for use when the likelihood is gone."""
        return self.stated or StatedLimits(
            limits=self._profile_95,
            tests=self.likelihood_ratio_tests(),
            marginal=self.marginal_odds_ratios(),
        )

    def _profile_limits(self, j: int, level: float) -> tuple[float, float]:
        fit = self.fit
        position = int(self.fit.position[j])
        if fit.whole is None or position >= 0:
            return profile_limits(
                fit.objective, fit.maximum, position, float(self.standard_error[j]), level
            )
        found = without_doubt(fit.whole, j)
        if found is None:
            return -np.inf, np.inf
        part, index = found
        sign = float(np.sign(self.coefficient[j]))
        unit = 1 / float(np.abs(part.X[:, index]).max())
        other = limit_of_infinite(
            part, fit.maximum.terms.value, index, part.X.shape[1], unit, sign, level
        )
        return (other, np.inf) if sign > 0 else (-np.inf, other)

    def _test(self, j: int) -> tuple[float, float]:
        fit = self.fit
        position = int(self.fit.position[j])
        if fit.whole is None or position >= 0:
            return likelihood_ratio_test(fit.objective, fit.maximum, position)
        found = without_doubt(fit.whole, j)
        if found is None:
            return 0.0, 1.0
        part, index = found
        start = np.zeros(part.X.shape[1])
        return likelihood_ratio_test(
            part, Maximum(start, part(start), 0, False), index, fit.maximum.terms.value
        )

    def _warn_of_undetermined(self, limits: FloatArray) -> None:
        expected = (self.fit.position >= 0) | self._doubtful
        unknown = [self.terms[j] for j in np.flatnonzero(expected & np.isnan(limits).any(axis=1))]
        if unknown:
            warnings.warn(
                f"profile limits of {', '.join(unknown)} cannot be determined and are NaN: a "
                "maximum on the way "
                "to them was not found. Use penalty='firth', or drop terms that say nearly the "
                "same.",
                ConvergenceWarning,
                stacklevel=3,
            )

    def __repr__(self) -> str:
        return f"{self.summary().heading()} Terms: {', '.join(self.terms)}."

    def _repr_html_(self) -> str:
        return self.summary()._repr_html_()

    @cached_property
    def _profile_95(self) -> pd.DataFrame:
        return self.conf_int()


@dataclass(frozen=True, eq=False)
class Effect:
    """Effect of one column: log odds ratio against its ``reference`` at each of ``values``, with
    limits; all (k,).
    """

    column: str
    values: FloatArray
    log_odds_ratio: FloatArray
    low: FloatArray
    high: FloatArray
    reference: float
    level: float

    __repr__ = sentence

    def to_frame(self) -> pd.DataFrame:
        """One row per value."""
        return pd.DataFrame(
            {name: getattr(self, name) for name in ("values", "log_odds_ratio", "low", "high")}
        )

    def _repr_html_(self) -> str:
        return as_html(self.to_frame())


@dataclass(frozen=True, eq=False)
class LogisticSummary:
    """Readable form of a :class:`LogisticResult`."""

    result: LogisticResult

    def heading(self) -> str:
        """One line on the data and the method."""
        r = self.result
        method = {None: "maximum likelihood", "firth": "Firth's penalty", "ridge": "ridge"}[
            r.penalty
        ]
        correction = f", {r.correction.upper()} correction" if r.correction != "none" else ""
        state = "converged" if r.converged else "NOT CONVERGED"
        separated = f"; {r.separation}" if r.separation is not None else ""
        return (
            f"Logistic model by {method}{correction}: {r.n:g} patients, {r.n_events:g} events; "
            f"{state} after "
            f"{r.n_iterations} steps{separated}."
        )

    def to_frame(self) -> pd.DataFrame:
        """Coefficients, standard errors, odds ratios with profile limits, likelihood-ratio
        p-values.
        """
        return self.result.to_frame().assign(
            p_value=self.result.likelihood_ratio_tests()["p_value"]
        )

    def __str__(self) -> str:
        table = self.to_frame()
        shown = table.to_string(float_format="{:.4g}".format)
        return f"{self.heading()}\n{shown}\n{_foot(table)}"

    __repr__ = __str__

    def _repr_html_(self) -> str:
        table = self.to_frame()
        return as_html(self.heading(), table, _foot(table), digits=4)


def _foot(table: pd.DataFrame) -> str:
    """What the limits are, which of them are missing, and the notice."""
    unknown = table.index[table[["low", "high"]].isna().any(axis=1)]
    missing = f" Not determined for {', '.join(unknown)}." if len(unknown) else ""
    return f"Odds ratios with 95% profile-likelihood limits.{missing} {vocabulary.RESEARCH_NOTICE}"


def _alone(objective: LogisticObjective, column: int) -> tuple[float, float, float]:
    """Odds ratio of one column with Wald limits, in a model of the constant and that column."""
    single = LogisticObjective(
        objective.X[:, [0, column]], objective.events, objective.n, objective.offset
    )
    maximum = maximise(single, start_at_mean(single))
    if not maximum.converged or abs(maximum.parameters[1]) * np.abs(single.X[:, 1]).max() > 30:
        return np.nan, np.nan, np.nan
    half = normal_quantile(0.95) * np.sqrt(covariance(maximum.terms.information)[1, 1])
    low, value, high = np.exp(maximum.parameters[1] + np.array([-half, 0.0, half]))
    return float(value), float(low), float(high)
