"""Any classifier on predictors with missing values: imputed when fitted with the outcome, when
used without it.
"""

from __future__ import annotations

from typing import Any, Self

import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.utils import check_random_state
from sklearn.utils.validation import validate_data

from ..numerics.chained_equations import complete
from ..numerics.checks import FloatArray, check_count, check_same_index
from ..numerics.joint_distribution import JointDistribution, fit_joint
from ..numerics.patterns import distinct_rows
from ..numerics.values import as_numbers, as_real, shown
from .classifier import RiskClassifier, refuse_no_table, refuse_text
from .state import label

_OUTCOME = 0  # no text, so no name of a predictor
_BLOCK = 2000  # distinct patients completed at a time


class ImputedModel(RiskClassifier):
    """A classifier fitted to several completed copies of the patients; the risk is the mean over
    the fits.

    Refitted as a whole by :func:`optimism_bootstrap` and :func:`cross_validate_risk`, so the
    imputation is inside the loop.

    Parameters
    ----------
    estimator : scikit-learn classifier
        Fitted to each completed copy.
    n_imputations : int
        Completed copies; as many as the percentage of incomplete patients is a common choice.
    random_state : int, RandomState or None
        Source of the imputed values.
    event : label, optional
        Which of the two labels of the outcome is the event. The larger when None, with a warning
        where they are text. The classifiers inside are given 0 and 1.

    Attributes
    ----------
    models_ : list of fitted classifiers
        One where no value was missing.
    joint_ : JointDistribution
        Of the predictors: what a new patient's missing values may be, given the others.

    Notes
    -----
    Fitting: chained equations that include the outcome (see :func:`impute`), because leaving it out
    biases associations towards none. Prediction: the outcome is not known yet, so the risk is
    averaged over what the missing values may be given the patient's other values: the sum over x of
    P(x | seen) P(event | x, seen). P(x | seen) follows from one regression of each predictor on
    those before it in the completed copies, logistic for two levels, linear in normal scores for
    numbers. The sum is over all levels, over 20 quantiles of a number (Gauss nodes), and over 512
    points of a fixed sequence where there are more. The prediction for a patient depends on no
    other new patient. Right for values missing at random given the other predictors, in the
    patients fitted and in new ones, as far as main effects describe the predictors.

    References
    ----------
    Sisk et al. (2023), Stat Methods Med Res 32:1461. Wood, Royston, White (2015), Biom J 57:614.

    Examples
    --------
    >>> import backpain_risk as bpr
    >>> cohort = bpr.simulate_cohort(bpr.load_scenario("spine_clinic"), 2000, seed=1)
    >>> X = cohort.predictors[["history_of_cancer", "age_50_or_over", "night_pain"]].astype(float)
    >>> X.iloc[:300, 2] = np.nan
    >>> model = ImputedModel(bpr.LogisticModel(penalty="firth"), random_state=1).fit(
    ...     X, cohort.outcome
    ... )
    >>> len(model.models_), model.risk(X.iloc[:1]).shape
    (5, (1,))
    """

    def __init__(
        self, estimator: Any, n_imputations: int = 5, random_state: Any = None, event: Any = None
    ) -> None:
        self.estimator = estimator
        self.n_imputations = n_imputations
        self.random_state = random_state
        self.event = event

    def fit(self, X: Any, y: Any) -> Self:
        """Complete the patients and fit the classifier to each copy.

        Parameters
        ----------
        X : DataFrame, shape (n, columns)
            Predictors, NaN where missing.
        y : array, shape (n,)
            Outcome, two labels.

        Raises
        ------
        ValueError
            For text, a column without any value, one class only, or fewer than one imputation.
        """
        check_count("n_imputations", self.n_imputations, 1, 1000)
        seed = as_real(0 if self.random_state is None else self.random_state)
        sound = isinstance(seed, int) and 0 <= seed < 2**32
        if not sound and not isinstance(self.random_state, np.random.RandomState):
            raise ValueError(
                "random_state must be an int, RandomState or None; got "
                f"{shown(self.random_state)}. Pass a seed."
            )
        if not hasattr(self.estimator, "fit"):
            raise ValueError(
                f"estimator must be a classifier; got {shown(self.estimator)}. Pass an unfitted "
                "one."
            )
        if getattr(self.estimator, "event", None) is not None:
            raise ValueError(
                "event must be given to ImputedModel; got it in its estimator "
                f"({self.estimator.event!r}). Move it."
            )
        check_same_index(X=X, y=y)
        values = self._read_predictors(X, reset=True)
        outcome = self._read_outcome(y, len(values))
        state = check_random_state(self.random_state)
        table = self._table(values)
        empty = table.columns[table.isna().all()]
        if len(empty):
            raise ValueError(
                f"X must hold some values in every column; got none in {', '.join(empty)}. Drop "
                "them."
            )
        seed = int(state.randint(2**31 - 1))
        copies = self._copies(table, outcome, seed)
        self.models_ = [
            clone(self.estimator).fit(self._given(copy), outcome.astype(int)) for copy in copies
        ]
        self.joint_ = fit_joint(
            np.concatenate([copy.to_numpy() for copy in copies]), _fewest_missing_first(values)
        )
        return self

    def state(self, *, patients: bool = True) -> dict[str, Any]:
        """What the model knows, see :func:`save_model`; the models within as themselves.

        Parameters
        ----------
        patients : bool
            Keep what the model holds of single patients, or leave it out.
        """
        seed = self.random_state
        if not (seed is None or isinstance(seed, (int, np.integer))):
            raise ValueError(
                f"random_state must be an int or None in a model to be saved; got {shown(seed)}. "
                "Fit it with a seed."
            )
        return {
            "columns": list(map(str, self._names(self.n_features_in_))),
            "named": hasattr(self, "feature_names_in_"),
            "n_imputations": int(self.n_imputations),
            "random_state": None if seed is None else int(seed),
            "event": label(self.event),
            "joint": self.joint_.state(),
            "models": list(self.models_),
        }

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> Self:
        """The model of a :meth:`state`; what it would fit again is what it fitted.

        Parameters
        ----------
        state : dict
            What :meth:`state` gave.
        """
        models = state["models"]
        options = (state["n_imputations"], state["random_state"], state["event"])
        model = cls(clone(models[0]), *options)
        model.models_ = models
        model.joint_ = JointDistribution.from_state(state["joint"])
        model.n_features_in_ = len(state["columns"])
        if state["named"]:
            model.feature_names_in_ = np.array(state["columns"], dtype=object)
        return model

    def _copies(self, table: pd.DataFrame, outcome: FloatArray, seed: int) -> list[pd.DataFrame]:
        """Completed predictors."""
        if not table.isna().any(axis=None):
            return [table]
        with_outcome = table.copy()
        with_outcome[_OUTCOME] = outcome
        found = complete(with_outcome, self.n_imputations, np.random.default_rng(seed))
        only = table.min()  # of a column with a single value, which no model imputes
        return [table.fillna(copy).fillna(only) for copy in found]

    def _table(self, values: FloatArray) -> pd.DataFrame:
        return pd.DataFrame(values, columns=pd.Index(self._names(values.shape[1])))

    def _names(self, width: int) -> Any:
        return getattr(self, "feature_names_in_", [f"x{j}" for j in range(width)])

    def _given(self, table: pd.DataFrame) -> Any:
        """A DataFrame when the model was given one, else an array."""
        return table if hasattr(self, "feature_names_in_") else table.to_numpy()

    def _risk(self, X: FloatArray) -> FloatArray:
        missing = np.isnan(X)
        pattern, first = distinct_rows(list(missing.T))
        risk = np.empty(len(X))
        for code, example in enumerate(first):
            where = np.flatnonzero(pattern == code)
            risk[where] = (
                self._averaged(X[where]) if missing[example].any() else self._mean_risk(X[where])
            )
        return risk

    def _averaged(self, X: FloatArray) -> FloatArray:
        """Risk of patients who miss the same values, averaged over what these may be."""
        inverse, first = distinct_rows(list(X.T))
        return np.concatenate(
            [
                self._over_completions(X[part])
                for part in np.array_split(first, 1 + first.size // _BLOCK)
            ]
        )[inverse]

    def _over_completions(self, X: FloatArray) -> FloatArray:
        full, weight = self.joint_.completions(X)
        risk = self._mean_risk(full.reshape(-1, X.shape[1])).reshape(weight.shape)
        return np.asarray(np.sum(weight * risk, axis=1))

    def _mean_risk(self, X: FloatArray) -> FloatArray:
        rows = self._given(self._table(X))
        return np.asarray(
            np.mean([model.predict_proba(rows)[:, 1] for model in self.models_], axis=0)
        )

    def _read_predictors(self, X: Any, *, reset: bool) -> FloatArray:
        """Predictors as float64; missing values stay."""
        if isinstance(X, pd.DataFrame):
            refuse_text(X)
        refuse_no_table(X)
        plain = as_numbers("X", X) if isinstance(X, np.ma.MaskedArray) else X
        values = np.asarray(
            validate_data(self, plain, reset=reset, dtype=np.float64, ensure_all_finite="allow-nan")
        )
        self._check_values(values)
        return values

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        return tags


def _fewest_missing_first(values: FloatArray) -> tuple[int, ...]:
    return tuple(int(j) for j in np.argsort(np.isnan(values).sum(axis=0), kind="stable"))
