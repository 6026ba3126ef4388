"""Any classifier on predictors with missing values: imputed when fitted with the outcome, when used without it."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
import pandas as pd
from scipy.special import expit, logit
from sklearn.base import clone
from sklearn.experimental import enable_iterative_imputer  # noqa: F401  # the imputer is importable after this
from sklearn.impute import IterativeImputer
from sklearn.utils import check_random_state
from sklearn.utils.validation import validate_data

from ..numerics.chained_equations import complete
from ..numerics.checks import FloatArray, check_count, check_same_index
from ..numerics.newton import LogisticObjective, maximise
from ..numerics.values import as_numbers
from .classifier import CheckedTable, RiskClassifier, refuse_text

_OUTCOME = 0  # no text, so no name of a predictor


class ImputedModel(RiskClassifier):
    """A classifier fitted to several completed copies of the patients; the risk is the mean over the fits.

    Refitted as a whole by :func:`optimism_bootstrap` and :func:`cross_validate_risk`, so the imputation is inside the
    loop.

    Parameters
    ----------
    estimator : scikit-learn classifier
    n_imputations : int
        Completed copies; as many as the percentage of incomplete patients is a common choice.
    random_state : int, RandomState or None
    event : label, optional
        Which of the two labels of the outcome is the event. The larger when None, with a warning where they are
        text. The classifiers inside are given 0 and 1.

    Attributes
    ----------
    models_ : list of fitted classifiers
        One where no value was missing.
    imputer_ : IterativeImputer
        What completes new patients.
    shift_ : float
        Correction of the intercept.

    Notes
    -----
    Fitting: chained equations with predictive mean matching that include the outcome, because leaving it out biases
    associations towards none. Prediction: the outcome is not known yet, so a missing value becomes its conditional mean
    given the patient's other values (scikit-learn's ``IterativeImputer``, learned without the outcome), kept inside the
    observed range; the intercept is then moved so that the mean risk of the patients, completed that way, is their
    event rate (a risk at mean values is not a mean risk). The prediction for a patient depends on no other new patient.
    Right for values missing at random.

    References
    ----------
    Sisk et al. (2023), Stat Methods Med Res 32:1461. Wood, Royston, White (2015), Biom J 57:614.

    Examples
    --------
    >>> import backpain_risk as bpr
    >>> cohort = bpr.simulate_cohort(bpr.load_scenario("spine_clinic"), 2000, seed=1)
    >>> X = cohort.predictors[["history_of_cancer", "age_50_or_over", "night_pain"]].astype(float)
    >>> X.iloc[:300, 2] = np.nan
    >>> model = ImputedModel(bpr.LogisticModel(penalty="firth"), random_state=1).fit(X, cohort.outcome)
    >>> len(model.models_), model.risk(X.iloc[:1]).shape
    (5, (1,))
    """

    def __init__(self, estimator: Any, n_imputations: int = 5, random_state: Any = None, event: Any = None) -> None:
        self.estimator = estimator
        self.n_imputations = n_imputations
        self.random_state = random_state
        self.event = event

    def fit(self, X: Any, y: Any) -> Self:
        """Complete the patients and fit the classifier to each copy.

        Raises
        ------
        ValueError
            For text, a column without any value, one class only, or fewer than one imputation.
        """
        check_count("n_imputations", self.n_imputations, 1, 1000)
        if getattr(self.estimator, "event", None) is not None:
            raise ValueError(
                f"event must be given to ImputedModel; got it in its estimator ({self.estimator.event!r}). Move it."
            )
        check_same_index(X=X, y=y)
        values = self._read_predictors(X, reset=True)
        outcome = self._read_outcome(y, len(values))
        state = check_random_state(self.random_state)
        table = self._table(values)
        empty = table.columns[table.isna().all()]
        if len(empty):
            raise ValueError(f"X must hold some values in every column; got none in {', '.join(empty)}. Drop them.")
        seed = int(state.randint(2**31 - 1))
        self.models_ = [
            clone(self.estimator).fit(copy, outcome.astype(int)) for copy in self._copies(table, outcome, seed)
        ]
        self.imputer_ = _imputer(values, seed).fit(values)
        self.shift_ = self._shift(values, outcome)
        return self

    def _shift(self, values: FloatArray, outcome: FloatArray) -> float:
        """Log odds by which the risks of the patients, their values completed as for new ones, miss the event rate."""
        if not np.isnan(values).any():
            return 0.0
        eta = logit(self._mean_risk(values))
        known = np.isfinite(eta)
        ones = np.ones(int(known.sum()))
        likelihood = LogisticObjective(ones[:, None], outcome[known], ones, np.asarray(eta[known]))
        return float(maximise(likelihood, np.zeros(1)).parameters[0])

    def _copies(self, table: pd.DataFrame, outcome: FloatArray, seed: int) -> list[Any]:
        """Completed predictors, as the classifier gets them."""
        if not table.isna().any(axis=None):
            return [self._given(table)]
        with_outcome = table.copy()
        with_outcome[_OUTCOME] = outcome
        found = complete(with_outcome, self.n_imputations, np.random.default_rng(seed))
        only = table.min()  # of a column with a single value, which no model imputes
        return [self._given(table.fillna(copy).fillna(only)) for copy in found]

    def _table(self, values: FloatArray) -> pd.DataFrame:
        names = getattr(self, "feature_names_in_", [f"x{j}" for j in range(values.shape[1])])
        return pd.DataFrame(values, columns=pd.Index(names))

    def _given(self, table: pd.DataFrame) -> Any:
        """A DataFrame when the model was given one, else an array."""
        return table if hasattr(self, "feature_names_in_") else table.to_numpy()

    def _risk(self, X: FloatArray) -> FloatArray:
        risk = self._mean_risk(X)
        return np.asarray(expit(logit(risk) + self.shift_)) if self.shift_ else risk

    def _mean_risk(self, X: FloatArray) -> FloatArray:
        table = self._table(np.asarray(self.imputer_.transform(X)))
        rows: Any = self._given(table)
        if isinstance(self.models_[0], RiskClassifier):  # a conditional mean is no value that could be recorded
            rows = CheckedTable(table.to_numpy(), np.array(table.columns), np.arange(len(table)))
        return np.asarray(np.mean([model.predict_proba(rows)[:, 1] for model in self.models_], axis=0))

    def _read_predictors(self, X: Any, *, reset: bool) -> FloatArray:
        """Predictors as float64; missing values stay."""
        if isinstance(X, pd.DataFrame):
            refuse_text(X)
        plain = as_numbers("X", X) if isinstance(X, np.ma.MaskedArray) else X
        values = np.asarray(validate_data(self, plain, reset=reset, dtype=np.float64, ensure_all_finite="allow-nan"))
        self._check_values(values)
        return values

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        return tags


def _imputer(values: FloatArray, seed: int) -> IterativeImputer:
    """Conditional means inside the range of each column; a column without variation has no range."""
    low, high = np.nanmin(values, axis=0), np.nanmax(values, axis=0)
    low, high = np.where(high > low, low, -np.inf), np.where(high > low, high, np.inf)
    return IterativeImputer(min_value=low, max_value=high, max_iter=25, tol=1e-2, random_state=seed)
