"""Logistic regression for a rare outcome: maximum likelihood, Firth with intercept corrections,
ridge.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import expit
from sklearn.utils.validation import check_is_fitted

from ...numerics.checks import (
    FloatArray,
    as_vector,
    check_choice,
    check_same_index,
    check_same_length,
)
from ...numerics.intervals import normal_quantile
from ...numerics.newton import LogisticObjective
from ...numerics.patterns import distinct_rows, sum_by
from ...numerics.splines import weighted_quantile
from ...numerics.values import as_real, shown
from ...numerics.warned import in_turn, warn
from ..classifier import RiskClassifier, Rows
from ..design import Column, learn_design, refuse_dependent, with_constant
from ..state import (
    array,
    design_from_state,
    design_state,
    label,
    numbers,
    terms_asked_for,
)
from .fitting import ConvergenceWarning as ConvergenceWarning
from .fitting import (
    LogisticFit,
    firth,
    limiting_predictor,
    maximum_likelihood,
    ranking_predictor,
    ridge,
)
from .fitting import SeparationWarning as SeparationWarning
from .kept_fit import StatedLimits, fit_from_state, fit_state
from .result import Effect, LogisticResult
from .ridge import cross_validated_strength

PENALTIES = (None, "firth", "ridge")
CORRECTIONS = ("auto", "none", "flic", "flac")


class LogisticModel(RiskClassifier):
    """Logistic regression on covariate patterns.

    Parameters
    ----------
    penalty : None, "firth" or "ridge"
        Maximum likelihood, Jeffreys' prior, or a squared penalty on standardised terms that leaves
        the intercept free.
    correction : "auto", "none", "flic" or "flac"
        Correction of the mean risk after Firth; "auto" is FLIC after Firth and none otherwise.
    splines : mapping of column (name or position) to number of knots, optional
        Restricted cubic splines with Harrell's knots, learned once from the development cohort.
    interactions : pairs of columns
        Products added as terms.
    ridge_strength : float, optional
        Penalty ``0.5 * strength * sum(b^2)`` for coefficients ``b`` per standard deviation; chosen
        by 10-fold cross-validated log likelihood when None.
    event : label, optional
        Which of the two labels of the outcome is the event. The larger when None, with a warning
        where the labels are text: "case" and "control" would make controls the event.

    Attributes
    ----------
    coef_ : ndarray, shape (1, p)
        Infinite where the data are separated under maximum likelihood, NaN where they leave a
        coefficient free; 0 under ridge where a term does not vary.
    intercept_ : ndarray, shape (1,)
    result_ : LogisticResult
        Coefficients with standard errors, limits, tests, and what a reader needs to judge them.

    Notes
    -----
    Identical rows are collapsed, so the time grows with covariate patterns. Newton steps run to
    full precision. A converged fit with no extreme risk is itself the proof that the data overlap
    (its residuals are the dual certificate); otherwise separation is sought by linear programming.
    Separated data do not raise: coefficients are infinite, a warning names them, and risks are the
    limiting ones. Firth standard errors follow the augmented-weights convention (logistf).

    References
    ----------
    Firth (1993), Biometrika 80:27. Heinze and Schemper (2002), Stat Med 21:2409. Puhr et al.
    (2017), Stat Med 36:2302 (FLIC, FLAC).

    Examples
    --------
    >>> import pandas as pd
    >>> X = pd.DataFrame({"history_of_cancer": [0] * 990 + [1] * 10})
    >>> y = [0] * 983 + [1] * 7 + [0] * 7 + [1] * 3
    >>> model = LogisticModel().fit(X, y)
    >>> model.result_.to_frame()[["coefficient", "standard_error"]].round(3)
                       coefficient  standard_error
    term
    intercept               -4.945           0.379
    history_of_cancer        4.097           0.787
    """

    def __init__(
        self,
        penalty: str | None = None,
        correction: str = "auto",
        splines: Mapping[Column, int] | None = None,
        interactions: Iterable[tuple[Column, Column]] = (),
        ridge_strength: float | None = None,
        event: Any = None,
    ) -> None:
        self.penalty = penalty
        self.correction = correction
        self.splines = splines
        self.interactions = interactions
        self.ridge_strength = ridge_strength
        self.event = event

    def fit(
        self,
        X: Any,
        y: Any,
        sample_weight: npt.ArrayLike | None = None,
        offset: npt.ArrayLike | None = None,
    ) -> Self:
        """Fit the model.

        Parameters
        ----------
        X : DataFrame or array, shape (n, columns)
            Predictors of the patients, the columns that the model was fitted to.
        y : array, shape (n,)
            Two labels; see ``event``.
        sample_weight : array, shape (n,), optional
            Number of identical patients.
        offset : array, shape (n,), optional
            Added to the linear predictor of each row; not used in prediction.

        Raises
        ------
        ValueError
            For missing values, text, one class only, options that do not exist, or (but for ridge)
            columns that are constant or combinations of others, exactly or to 5 digits.

        Warns
        -----
        SeparationWarning
            When estimates are infinite.
        ConvergenceWarning
            When the maximum was not found, or ridge met a term that does not vary.
        """
        self._check_options()
        with in_turn():
            check_same_index(X=X, y=y, sample_weight=sample_weight, offset=offset)
            rows = self._read_rows(X, reset=True)
            outcome = self._read_outcome(y, rows.inverse.size)
            weight = self._read_weight(sample_weight, outcome.size)
        _refuse_one_class(outcome, weight)
        rows, shift = _with_offset(rows, offset)
        events, n = (sum_by(rows.inverse, w, len(rows.values)) for w in (weight * outcome, weight))
        width = rows.values.shape[1]
        columns = tuple(
            map(str, getattr(self, "feature_names_in_", [f"x{j}" for j in range(width)]))
        )
        self.design_ = learn_design(rows.values, n, columns, self.splines, self.interactions)
        self.reference_, self.range_ = _reference(rows.values[n > 0], n[n > 0])
        design = with_constant(self.design_.matrix(rows.values))
        keep = n > 0
        objective = LogisticObjective(design[keep], events[keep], n[keep], shift[keep])
        terms = ("intercept", *self.design_.terms)
        self._keep(self._estimate(objective, terms), objective, terms)
        return self

    def _check_options(self) -> None:
        if not (
            self.penalty is None or (isinstance(self.penalty, str) and self.penalty in PENALTIES)
        ):
            raise ValueError(
                f"penalty must be None, 'firth' or 'ridge'; got {shown(self.penalty)}. Choose one "
                "of these."
            )
        strength = as_real(0 if self.ridge_strength is None else self.ridge_strength)
        if strength is None or not 0 <= strength <= 1e12:
            raise ValueError(
                f"ridge_strength must be 0 or more; got {shown(self.ridge_strength)}. Larger "
                "shrinks more."
            )
        check_choice("correction", self.correction, CORRECTIONS)
        if self.correction in ("flic", "flac") and self.penalty != "firth":
            raise ValueError(
                "correction must be 'auto' or 'none' unless penalty='firth'; got "
                f"correction={self.correction!r} with "
                f"penalty={self.penalty!r}. It corrects the mean risk of Firth's penalty."
            )

    def _estimate(self, objective: LogisticObjective, terms: tuple[str, ...]) -> LogisticFit:
        if self.penalty == "ridge":
            penalty = self._strength(objective) * _column_variance(objective)
            if np.any(penalty):
                _warn_of_constant(objective, terms)
                return ridge(objective, penalty)
        refuse_dependent(objective.X, objective.n, terms)
        if self.penalty == "firth":
            return firth(objective, self._correction_name())
        return maximum_likelihood(objective, terms)

    def _strength(self, objective: LogisticObjective) -> float:
        if self.ridge_strength is None:
            self.ridge_strength_ = cross_validated_strength(objective, _column_variance(objective))
        else:
            self.ridge_strength_ = float(self.ridge_strength)
        return self.ridge_strength_

    def _keep(self, fit: LogisticFit, objective: LogisticObjective, terms: tuple[str, ...]) -> None:
        self._keep_result(
            LogisticResult(
                terms=terms,
                fit=fit,
                n=float(objective.n.sum()),
                n_events=float(objective.events.sum()),
                penalty=self.penalty,
                correction=self._correction_name(),
            )
        )
        self._warn()

    def _keep_result(self, result: LogisticResult) -> None:
        fit = result.fit
        self.result_ = result
        self.intercept_ = result.coefficient[:1]
        self.coef_ = result.coefficient[None, 1:]
        self.covariance_ = fit.covariance
        self.finite_coefficient_ = fit.coefficient
        self.direction_ = np.zeros(len(result.terms))
        if fit.separation is not None:
            self.direction_ = fit.separation.direction
        self.n_iter_ = fit.maximum.n_iterations

    def state(self, *, patients: bool = True) -> dict[str, Any]:
        """What the model knows, see :func:`save_model`.

        Parameters
        ----------
        patients : bool
            Keep what the model holds of single patients, or leave it out.
        """
        check_is_fitted(self)
        result = self.result_
        with_patients = patients and result.stated is None
        strength = self.ridge_strength
        return {
            **design_state(self.design_),
            "named": hasattr(self, "feature_names_in_"),
            "options": {
                "penalty": self.penalty,
                "correction": self.correction,
                "ridge_strength": None if strength is None else float(strength),
                "event": label(self.event),
            },
            "ridge_strength": getattr(self, "ridge_strength_", None),
            "reference": numbers(self.reference_),
            "range": numbers(self.range_),
            "terms": list(result.terms),
            "n": result.n,
            "n_events": result.n_events,
            "fit": fit_state(result.fit, patients=with_patients),
            "stated": result.without_patients().state(),
        }

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> Self:
        """The model of a :meth:`state`.

        Parameters
        ----------
        state : dict
            What :meth:`state` gave.
        """
        design = design_from_state(state)
        model = cls(**terms_asked_for(design), **state["options"])
        terms = tuple(state["terms"])
        model.design_ = design
        model.reference_ = array(state["reference"])
        model.range_ = array(state["range"])
        model.n_features_in_ = len(design.columns)
        if state["named"]:
            model.feature_names_in_ = np.array(design.columns, dtype=object)
        if state["ridge_strength"] is not None:
            model.ridge_strength_ = state["ridge_strength"]
        alone = state["fit"]["likelihood"] is None
        model._keep_result(
            LogisticResult(
                terms=terms,
                fit=fit_from_state(state["fit"], terms),
                n=state["n"],
                n_events=state["n_events"],
                penalty=model.penalty,
                correction=model._correction_name(),
                stated=StatedLimits.from_state(state["stated"], terms) if alone else None,
            )
        )
        return model

    def example_rows(self) -> pd.DataFrame:
        """Two made-up patients: reference values, and every column at its largest."""
        rows = [self.reference_, self.range_[1]]
        return pd.DataFrame(rows, columns=list(self.design_.columns))

    def _warn(self) -> None:
        result = self.result_
        if result.separation is not None:
            warn(
                f"the data are {result.separation}; these coefficients have no finite maximum "
                "likelihood estimate and "
                "risks are the limiting ones. Use penalty='firth' or BayesianLogisticModel.",
                SeparationWarning,
                stacklevel=4,
            )
        elif not result.converged:
            warn(
                f"the Newton loop did not converge in {result.n_iterations} steps; coefficients "
                "are not the maximum "
                "and profile limits NaN. Drop terms that say nearly the same, measure terms in "
                "units nearer 1, or use "
                "penalty='ridge'.",
                ConvergenceWarning,
                stacklevel=4,
            )

    def _correction_name(self) -> str:
        if self.correction == "auto":
            return "flic" if self.penalty == "firth" else "none"
        return self.correction

    def linear_predictor(self, X: Any) -> FloatArray:
        """Log odds of the event, shape (n,); infinite where separated data leave no doubt.

        Parameters
        ----------
        X : DataFrame or array, shape (n, columns)
            Predictors of the patients, the columns that the model was fitted to.
        """
        check_is_fitted(self)
        rows = self._read_rows(X, reset=False)
        return self._linear_predictor(rows.values)[rows.inverse]

    def risk_interval(self, X: Any, level: float = 0.95) -> tuple[FloatArray, FloatArray]:
        """Confidence limits of each risk, each of shape (n,): Wald limits of the linear predictor,
        transformed.

        NaN where separated data leave no finite linear predictor or no covariance.

        Parameters
        ----------
        X : DataFrame or array, shape (n, columns)
            Predictors of the patients, the columns that the model was fitted to.
        level : float
            Share that the limits are to hold, inside (0, 1).
        """
        check_is_fitted(self)
        rows = self._read_rows(X, reset=False)
        design = with_constant(self.design_.matrix(rows.values))
        eta = self._linear_predictor(rows.values)
        variance = np.einsum("ij,jk,ik->i", design, self.covariance_, design)
        half = normal_quantile(level) * np.sqrt(np.where(np.isfinite(eta), variance, np.nan))
        low = expit(eta - half)
        high = expit(eta + half)
        return low[rows.inverse], high[rows.inverse]

    def effect(
        self, column: str, values: npt.ArrayLike | None = None, level: float = 0.95
    ) -> Effect:
        """Log odds ratio of a column against its reference value, with pointwise limits.

        Parameters
        ----------
        column : str
            Name of a column that the model was fitted to.
        values : array, optional
            Where to evaluate; 100 points over the range of the development cohort when None.
        level : float
            Share that the limits are to hold, inside (0, 1).
        """
        check_is_fitted(self)
        if column not in self.design_.columns:
            raise ValueError(
                f"column must be one of {', '.join(self.design_.columns)}; got {column!r}."
            )
        j = self.design_.columns.index(column)
        low, high = (float(end) for end in self.range_[:, j])
        at = np.linspace(low, high, 100) if values is None else as_vector("values", values)
        rows = np.tile(self.reference_, (at.size, 1))
        base = with_constant(self.design_.matrix(self.reference_[None]))
        rows[:, j] = at
        gap = with_constant(self.design_.matrix(rows)) - base
        half = normal_quantile(level) * np.sqrt(
            np.einsum("ij,jk,ik->i", gap, self.covariance_, gap)
        )
        value = gap @ self.finite_coefficient_
        return Effect(
            column, at, value, value - half, value + half, float(self.reference_[j]), level
        )

    def decision_function(self, X: Any) -> FloatArray:
        """A finite score to rank patients by, shape (n,): the linear predictor wherever that is
        finite.

        Separated data make some linear predictors infinite. These patients come before or after all
        others, in the order in which the likelihood drives their log odds apart: by the direction
        of separation first, then by the finite part. So scikit-learn's ``roc_auc`` may tell
        patients apart whose risks are all 0 or all 1.

        Parameters
        ----------
        X : DataFrame or array, shape (n, columns)
            Predictors of the patients, the columns that the model was fitted to.
        """
        check_is_fitted(self)
        rows = self._read_rows(X, reset=False)
        design = with_constant(self.design_.matrix(rows.values))
        return ranking_predictor(design, self.finite_coefficient_, self.direction_)[rows.inverse]

    def _linear_predictor(self, X: FloatArray) -> FloatArray:
        return limiting_predictor(
            with_constant(self.design_.matrix(X)), self.finite_coefficient_, self.direction_
        )

    def _risk(self, X: FloatArray) -> FloatArray:
        return np.asarray(expit(self._linear_predictor(X)))


def _with_offset(rows: Rows, offset: npt.ArrayLike | None) -> tuple[Rows, FloatArray]:
    """Rows that are distinct together with their offset, and the offset of each."""
    size = rows.inverse.size
    if offset is None and len(rows.values) < size:
        return rows, np.zeros(len(rows.values))
    shift = np.zeros(size) if offset is None else as_vector("offset", offset)
    check_same_length(X=size, offset=shift.size)
    columns = list(rows.values.T) if len(rows.values) == size else [rows.inverse]
    inverse, first = distinct_rows([*columns, shift])
    return Rows(rows.values[rows.inverse[first]], inverse), shift[first]


def _reference(values: FloatArray, n: FloatArray) -> tuple[FloatArray, FloatArray]:
    """A patient to compare with: no for yes/no columns, the median of others; and the range of
    each column, (2, p).
    """
    low = values.min(axis=0)
    high = values.max(axis=0)
    few = [np.unique(column).size <= 2 for column in values.T]
    half = np.array([0.5])
    middle = [
        low[j] if few[j] else weighted_quantile(values[:, j], half, n)[0]
        for j in range(values.shape[1])
    ]
    return np.array(middle), np.array([low, high])


def _refuse_one_class(outcome: FloatArray, weight: FloatArray) -> None:
    events = float(weight @ outcome)
    n = float(weight.sum())
    if events in (0.0, n):
        raise ValueError(
            f"y must have both events and non-events; got {events:g} events among {n:g} patients, "
            "one class only. "
            "Use a larger cohort, or BayesianLogisticModel, which works without events."
        )


def _column_variance(objective: LogisticObjective) -> FloatArray:
    """Variance of each term over patients; 0 for the constant and every other that does not
    vary.
    """
    weight = objective.n / objective.n.sum()
    mean = weight @ objective.X
    return np.where(np.ptp(objective.X, axis=0) > 0, weight @ (objective.X - mean) ** 2, 0.0)


def _warn_of_constant(objective: LogisticObjective, terms: tuple[str, ...]) -> None:
    constant = [terms[j] for j in np.flatnonzero(np.ptp(objective.X, axis=0) == 0) if j > 0]
    if constant:
        warn(
            f"{', '.join(constant)} took one value only, from which nothing is learned: "
            "coefficient 0, without limits. "
            "Drop such terms, or pool them with others.",
            ConvergenceWarning,
            stacklevel=4,
        )
