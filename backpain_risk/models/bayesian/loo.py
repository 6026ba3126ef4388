"""How well does a model predict a patient it has not seen? Leave-one-out from the draws at hand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy.special import logsumexp
from sklearn.utils.validation import check_is_fitted

from ...numerics.checks import FloatArray, check_result
from ...numerics.sampling.pareto import smoothed_weights
from ...results.in_words import sentence
from ...results.notebook import as_html

if TYPE_CHECKING:
    from .model import BayesianLogisticModel
    from .sampling import BayesianFit

_BLOCK = 512  # patterns at a time


@dataclass(frozen=True, eq=False, kw_only=True)
class LeaveOneOut:
    """Expected log predictive density of patients left out one at a time.

    Attributes
    ----------
    elpd, se : float
        Sum over patients and its standard error; higher is better.
    p_loo : float
        Effective number of parameters.
    n : float
        Patients.
    n_high_k : float
        Patients whose Pareto k is above 0.7, so that their part cannot be trusted.
    pointwise : DataFrame
        One row per pattern and outcome: outcome, count, elpd of one such patient, pareto_k.

    Notes
    -----
    Patients of one pattern and outcome share one term, weighted by their number. Reference:
    Vehtari, Gelman, Gabry (2017), Stat Comput 27:1413.
    """

    elpd: float
    se: float
    p_loo: float
    n: float
    n_high_k: float
    pointwise: pd.DataFrame

    __repr__ = sentence

    def to_frame(self) -> pd.DataFrame:
        """One row: elpd, se, p_loo, n, n_high_k."""
        return pd.DataFrame(
            [{name: getattr(self, name) for name in ("elpd", "se", "p_loo", "n", "n_high_k")}]
        )

    def _repr_html_(self) -> str:
        return as_html(self.to_frame(), index=False)


def leave_one_out(model: BayesianLogisticModel) -> LeaveOneOut:
    """Leave-one-out of a fitted model by Pareto-smoothed importance sampling, one term per pattern
    and outcome.

    Parameters
    ----------
    model : BayesianLogisticModel
        Fitted to a cohort.

    Examples
    --------
    >>> from backpain_risk import BayesianLogisticModel
    >>> model = BayesianLogisticModel(method="laplace", random_state=1).fit(
    ...     [[0]] * 90 + [[1]] * 10, [0] * 95 + [1] * 5
    ... )
    >>> loo = leave_one_out(model)
    >>> bool(-20 < loo.elpd < -5), loo.n_high_k
    (True, 0.0)
    """
    check_result("model", model, "BayesianLogisticModel")
    check_is_fitted(model)
    fit = model.sampled_
    parameters = fit.parameters.reshape(-1, fit.parameters.shape[2])
    blocks = [slice(i, min(i + _BLOCK, fit.n_patterns)) for i in range(0, fit.n_patterns, _BLOCK)]
    parts = [part for block in blocks for part in _parts(fit, parameters, block)]
    table = pd.DataFrame(
        np.concatenate(parts), columns=["outcome", "count", "elpd", "log_score", "pareto_k"]
    )
    count = table["count"].to_numpy()
    n = float(table["count"].sum())
    elpd = count @ table.elpd
    score = count @ table.log_score
    variance = count @ (table.elpd - elpd / n) ** 2 / n
    return LeaveOneOut(
        elpd=float(elpd),
        se=float(np.sqrt(n * variance)),
        p_loo=float(score - elpd),
        n=n,
        n_high_k=float(count @ (table.pareto_k > 0.7)),
        pointwise=table.drop(columns="log_score"),
    )


def _parts(fit: BayesianFit, parameters: FloatArray, block: slice) -> list[FloatArray]:
    """Rows of the table for some patterns: events, then patients without."""
    events = fit.data["events"][block]
    n = fit.data["n"][block]
    logs = fit.log_outcome(parameters, block)
    return [
        _rows(log[:, c > 0], c[c > 0], y)
        for log, c, y in zip(logs, (events, n - events), (1.0, 0.0), strict=True)
    ]


def _rows(log: FloatArray, count: FloatArray, outcome: float) -> FloatArray:
    if not count.size:
        return np.empty((0, 5))
    log_weight, pareto_k = smoothed_weights(-log.T)
    elpd = logsumexp(log_weight + log.T, axis=1)
    score = logsumexp(log, axis=0) - np.log(len(log))
    return np.column_stack([np.full(count.size, outcome), count, elpd, score, pareto_k])
