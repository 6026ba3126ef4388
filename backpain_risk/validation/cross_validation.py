"""Risks predicted by models that never saw the patient, by repeated stratified cross-validation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from joblib import Parallel, delayed
from sklearn.model_selection import StratifiedKFold

from ..measures.catalogue import USUAL
from ..measures.summary import performance
from ..numerics.checks import FloatArray, as_generator, check_count
from ..numerics.patterns import IntArray
from ..results.notebook import as_html
from .development import Patients, read_patients


@dataclass(frozen=True, eq=False, kw_only=True)
class CrossValidatedRisk:
    """Out-of-fold risks; usable as an array, so every measure takes it as it is.

    Attributes
    ----------
    risk : ndarray, shape (n,)
        Mean over repeats of the risk by the model that did not see the patient.
    risks : ndarray, shape (n_repeats, n)
    fold : ndarray, shape (n_repeats, n)
        Fold in which each patient was left out.
    outcome : ndarray, shape (n,)
    """

    risk: FloatArray
    risks: FloatArray
    fold: IntArray
    outcome: FloatArray

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> FloatArray:
        """The risk, (n,)."""
        return np.array(self.risk, dtype=dtype, copy=copy)

    def to_frame(
        self,
        measures: Sequence[str] = USUAL,
        thresholds: npt.ArrayLike = (0.01, 0.03),
        level: float = 0.95,
    ) -> pd.DataFrame:
        """Performance indexed by measure: value, low, high, each the mean over repeats, and
        sd_repeats.

        Each repeat is measured over all its patients at once, because a fold of a rare outcome
        holds too few events. Limits are those of the measure for given risks; they leave out that
        the models vary.

        Parameters
        ----------
        measures : sequence of str
            Keys of the catalogue of measures.
        thresholds : array
            Threshold probabilities of the net benefit.
        level : float
            Share that the limits are to hold, inside (0, 1).
        """
        tables = [
            performance(
                self.outcome, {"model": risk}, measures=measures, thresholds=thresholds, level=level
            )
            .query("model == 'model'")
            .set_index("measure")[["value", "low", "high"]]
            for risk in self.risks
        ]
        stacked = np.stack([table.to_numpy(np.float64) for table in tables])
        spread = (
            stacked[:, :, 0].std(axis=0, ddof=1)
            if len(tables) > 1
            else np.full(stacked.shape[1], np.nan)
        )
        mean = pd.DataFrame(
            stacked.mean(axis=0), index=tables[0].index, columns=["value", "low", "high"]
        )
        return mean.assign(sd_repeats=spread)

    def __repr__(self) -> str:
        repeats, n = self.risks.shape
        return (
            f"Cross-validation, {self.fold.max() + 1} folds, {repeats} repeat(s): {n:g} patients, "
            f"{self.outcome.sum():g} events."
        )

    def _repr_html_(self) -> str:
        return as_html(repr(self), self.to_frame())


def cross_validate_risk(
    estimator: Any,
    X: Any,
    y: npt.ArrayLike,
    n_folds: int = 10,
    n_repeats: int = 1,
    rng: int | np.random.SeedSequence | np.random.Generator | None = None,
    *,
    n_jobs: int = 1,
) -> CrossValidatedRisk:
    """Predict every patient's risk by a model fitted without that patient's fold.

    Parameters
    ----------
    estimator : scikit-learn classifier
        Unfitted; a pipeline is refitted whole in every fold.
    X : DataFrame or array, shape (n, columns)
        Predictors of the patients.
    y : array, shape (n,)
        0 or 1.
    n_folds : int
        Folds with equal shares of events; no more than there are events.
    n_repeats : int
        Other partitions into folds.
    rng : int, SeedSequence or Generator
        Source of the draws; the same one gives the same draws.
    n_jobs : int
        Workers (joblib); the result does not depend on it.

    Returns
    -------
    CrossValidatedRisk

    Raises
    ------
    ValueError
        When there are fewer events than folds, the estimator stays as it was fitted (a wrapped
        result), or it cannot be fitted without some fold (named, with the reason): a risk that is
        missing for some patients cannot be measured.

    Examples
    --------
    >>> from backpain_risk import LogisticModel, auroc, load_scenario, simulate_cohort
    >>> cohort = simulate_cohort(load_scenario("spine_clinic"), 4000, seed=1)
    >>> X = cohort.predictors[["history_of_cancer", "age_50_or_over", "night_pain"]]
    >>> validated = cross_validate_risk(LogisticModel(), X, cohort.outcome, rng=1)
    >>> round(auroc(cohort.outcome, validated).value, 3)
    0.728
    """
    patients = read_patients(estimator, X, y, "cross_validate_risk")
    generator = as_generator(rng)
    _check_folds(patients, n_folds, n_repeats)
    fold = np.stack([_folds(patients, n_folds, generator) for _ in range(n_repeats)])
    task = delayed(_left_out)
    jobs = [(repeat, k) for repeat in range(n_repeats) for k in range(n_folds)]
    found = Parallel(n_jobs=n_jobs)(
        task(patients, estimator, fold[repeat] == k, k) for repeat, k in jobs
    )
    risks = np.empty(fold.shape)
    for (repeat, k), risk in zip(jobs, found, strict=True):
        risks[repeat, fold[repeat] == k] = risk
    return CrossValidatedRisk(
        risk=risks.mean(axis=0), risks=risks, fold=fold, outcome=patients.outcome
    )


def _check_folds(patients: Patients, n_folds: int, n_repeats: int) -> None:
    fewest = int(min(patients.outcome.sum(), patients.n - patients.outcome.sum()))
    check_count("n_folds", n_folds, 2)
    check_count("n_repeats", n_repeats, 1, 1000)
    if n_folds > fewest:
        raise ValueError(
            "n_folds must lie between 2 and the number of patients of the rarer outcome, "
            f"{fewest}; got {n_folds}. Use "
            "fewer folds, or optimism_bootstrap."
        )


def _folds(patients: Patients, n_folds: int, generator: np.random.Generator) -> IntArray:
    """Fold of each patient."""
    splitter = StratifiedKFold(n_folds, shuffle=True, random_state=int(generator.integers(2**31)))
    fold = np.empty(patients.n, dtype=np.int64)
    for k, (_, out) in enumerate(splitter.split(np.zeros(patients.n), patients.outcome)):
        fold[out] = k
    return fold


def _left_out(patients: Patients, estimator: Any, out: npt.NDArray[np.bool_], k: int) -> FloatArray:
    try:
        model = patients.refit(estimator, patients.sample(np.flatnonzero(~out))).model
        return patients.risk(model)[patients.row[out]]
    except Exception as error:
        raise ValueError(
            f"estimator must fit without each fold; got {type(error).__name__} without fold {k}: "
            f"{error} Use fewer "
            "folds or a penalised model."
        ) from error
