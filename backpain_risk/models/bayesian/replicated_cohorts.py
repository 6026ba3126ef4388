"""Does a model, before or after seeing the cohort, predict numbers of events like those
recorded?
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from sklearn.utils.validation import check_is_fitted

from ...numerics.checks import FloatArray, as_generator, check_choice, check_result
from ...numerics.intervals import median_and_limits
from ...results.in_words import sentence
from ...results.notebook import as_html
from .sampling import BayesianFit, prior_parameters

if TYPE_CHECKING:
    from .model import BayesianLogisticModel

_BLOCK = 2048  # patterns at a time


@dataclass(frozen=True, eq=False, kw_only=True)
class PredictiveCheck:
    """Numbers of events in replicated cohorts beside those recorded.

    Attributes
    ----------
    source : str
        ``"prior"`` or ``"posterior"``.
    groups : tuple of str
        All patients, and those with each yes/no predictor.
    n, observed : ndarray, shape (groups,)
        Patients of known outcome and recorded events.
    replicated : ndarray, shape (draws, groups)
        Events in a cohort drawn from the model, same patients.
    expected_rate : ndarray, shape (draws,)
        Mean predicted risk of a recorded event over the cohort, one per draw: the predictive
        distribution of the rate.
    level : float
    """

    source: str
    groups: tuple[str, ...]
    n: FloatArray
    observed: FloatArray
    replicated: FloatArray
    expected_rate: FloatArray
    level: float = 0.95

    __repr__ = sentence

    def to_frame(self) -> pd.DataFrame:
        """One row per group: n, observed, median, low, high and tail = P(replicated >=
        observed), ties one half.
        """
        low, median, high = median_and_limits(self.replicated, self.level)
        above = (
            np.mean(self.replicated > self.observed, axis=0)
            + np.mean(self.replicated == self.observed, axis=0) / 2
        )
        columns = {
            "n": self.n,
            "observed": self.observed,
            "median": median,
            "low": low,
            "high": high,
            "tail": above,
        }
        return pd.DataFrame(columns, index=pd.Index(self.groups, name="patients"))

    def _repr_html_(self) -> str:
        return as_html(f"{self.source} predictive numbers of events", self.to_frame())


def predictive_check(
    model: BayesianLogisticModel,
    source: str = "posterior",
    *,
    n_draws: int = 1000,
    rng: int | np.random.SeedSequence | np.random.Generator | None = None,
) -> PredictiveCheck:
    """Replicate the recorded outcomes of the cohort a model was fitted to.

    Parameters
    ----------
    model : BayesianLogisticModel
        Fitted.
    source : {"posterior", "prior"}
        Whether parameters are drawn as they are known after the cohort, or before it.
    n_draws : int
        Replicated cohorts.
    rng : int, SeedSequence or Generator
        Source of the draws; the same one gives the same draws.

    Examples
    --------
    >>> from backpain_risk import BayesianLogisticModel
    >>> model = BayesianLogisticModel(method="laplace", random_state=1).fit(
    ...     [[0]] * 90 + [[1]] * 10, [0] * 95 + [1] * 5
    ... )
    >>> predictive_check(model, rng=1).to_frame()[["n", "observed", "median"]].loc["all"].tolist()
    [100.0, 5.0, 5.0]
    """
    check_result("model", model, "BayesianLogisticModel")
    check_is_fitted(model)
    check_choice("source", source, ("posterior", "prior"))
    generator = as_generator(rng)
    fit = model.sampled_
    if fit.n_patterns == 0 or not fit.data["n"].any():
        raise ValueError(
            "model must be fitted to patients of known outcome; got none. Fit a cohort first."
        )
    if source == "prior":
        parameters = prior_parameters(fit.data, model.term_prior_, n_draws, generator)
    else:
        parameters = fit.parameters.reshape(-1, fit.parameters.shape[2])[
            fit.posterior.thinned(n_draws)
        ]
    return _replicated(fit, source, parameters, _groups(model), generator)


def _groups(model: BayesianLogisticModel) -> dict[str, FloatArray]:
    """All patterns, and those with each yes/no column, as 0/1."""
    columns = dict(zip(model.design_.columns, model.patterns_.T, strict=True))
    yes_no = {f"with {name}": x for name, x in columns.items() if np.isin(x, (0, 1)).all()}
    return {"all": np.ones(len(model.patterns_)), **yes_no}


def _replicated(
    fit: BayesianFit,
    source: str,
    parameters: FloatArray,
    groups: dict[str, FloatArray],
    rng: np.random.Generator,
) -> PredictiveCheck:
    member = np.column_stack(list(groups.values()))
    events, n = (fit.data[key][: fit.n_patterns] for key in ("events", "n"))
    replicated = np.zeros((len(parameters), member.shape[1]))
    expected = np.zeros(len(parameters))
    for start in range(0, fit.n_patterns, _BLOCK):
        block = slice(start, min(start + _BLOCK, fit.n_patterns))
        probability = np.exp(fit.log_outcome(parameters, block)[0])
        replicated += (
            rng.binomial(n[block].astype(np.int64), np.minimum(probability, 1.0)) @ member[block]
        )
        expected += probability @ n[block]
    return PredictiveCheck(
        source=source,
        groups=tuple(groups),
        n=n @ member,
        observed=events @ member,
        replicated=replicated,
        expected_rate=expected / n.sum(),
    )
