"""What a fitted model says of a population: its base rate, the accuracy of findings in it, risk
by number of flags.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from ... import vocabulary
from ...numerics.checks import FloatArray, check_result, check_weight, refuse_where
from ...numerics.intervals import percentile_limits
from ...numerics.patterns import sum_by
from ...results.in_words import sentence
from ...results.notebook import as_html
from .posterior import DistinctRows, IntArray, Posterior

if TYPE_CHECKING:
    from .model import BayesianLogisticModel


@dataclass(frozen=True, eq=False, kw_only=True)
class ImpliedAccuracy:
    """Base rate, and sensitivity and specificity of yes/no findings, over the patients of a cohort.

    ``table`` is indexed by measure (base_rate, sensitivity, specificity) and finding, with columns
    value (posterior mean), low and high.

    Notes
    -----
    The limits are those of the accuracy *among these patients*, whose findings are taken as known.
    A population from which they were drawn has further uncertainty, that of drawing them: these
    limits are not to be read as limits of a published or intended specificity (they cover such a
    value in 0.25 to 0.44 of cohorts).

    With r_i the risk of patient i in one draw: base rate = mean of r; sensitivity = sum of r where
    the finding is present / sum of r; specificity = sum of 1 - r where it is absent / sum of 1 - r.
    Patients of unknown outcome count too, so verification that depends on findings does no harm.
    Reference: Begg and Greenes (1983), Biometrics 39:207.
    """

    table: pd.DataFrame
    n: float
    level: float

    __repr__ = sentence

    def to_frame(self) -> pd.DataFrame:
        """The table."""
        return self.table.copy()

    def _repr_html_(self) -> str:
        return as_html(
            f"Among these {self.n:g} patients, not in the population they come from; "
            f"{self.level:.0%} credible "
            "intervals given their findings",
            self.table,
        )


@dataclass(frozen=True, eq=False, kw_only=True)
class RiskByCount:
    """Mean risk of patients with each number of flags.

    Attributes
    ----------
    flags, n : ndarray, shape (k,)
        Number of flags, and patients with it.
    risk, low, high : ndarray, shape (k,)
        Posterior mean of the mean risk, and credible limits.
    n_flags : int
        Flags that were counted.
    """

    flags: IntArray
    n: FloatArray
    risk: FloatArray
    low: FloatArray
    high: FloatArray
    n_flags: int
    level: float

    __repr__ = sentence

    def to_frame(self) -> pd.DataFrame:
        """One row per number of flags."""
        return pd.DataFrame(
            {name: getattr(self, name) for name in ("flags", "n", "risk", "low", "high")}
        )

    def _repr_html_(self) -> str:
        return as_html(self.to_frame(), index=False)


def implied_accuracy(
    model: BayesianLogisticModel,
    X: pd.DataFrame,
    *,
    findings: Iterable[str] | None = None,
    sample_weight: npt.ArrayLike | None = None,
    level: float = 0.95,
) -> ImpliedAccuracy:
    """Base rate, and accuracy of findings, among the patients of a cohort whose outcomes need not
    be known.

    The limits are given these patients' findings, and not limits for the population they come from.

    Parameters
    ----------
    model : BayesianLogisticModel
        Fitted.
    X : DataFrame, shape (n, columns)
        All patients of the cohort, verified or not.
    findings : iterable of str, optional
        Yes/no columns of ``X``; all of them when None.
    sample_weight : array, shape (n,), optional
        Number of identical patients.
    level : float
        Share that the limits are to hold, inside (0, 1).

    Examples
    --------
    >>> from backpain_risk import BayesianLogisticModel
    >>> X = pd.DataFrame({"night_pain": [0] * 90 + [1] * 10})
    >>> y = [0] * 85 + [np.nan] * 5 + [0] * 5 + [1] * 5
    >>> options = dict(method="laplace", random_state=1)
    >>> model = BayesianLogisticModel(verification_shift=0.0, **options).fit(X, y)
    >>> implied_accuracy(model, X).to_frame().loc[("base_rate", ""), "value"].round(2)
    np.float64(0.05)
    """
    check_result("model", model, "BayesianLogisticModel")
    rows = _rows(model, X, sample_weight)
    names = (
        [c for c in X.columns if np.isin(X[c], (0, 1)).all()]
        if findings is None
        else list(findings)
    )
    present = np.column_stack(
        [np.ones(len(rows.n)), *(_yes_no(X, name)[rows.first] for name in names)]
    )
    risk = _total_risk(model.sampled_.posterior, rows, rows.n[:, None] * present)
    total = risk[:, :1]
    with_finding = risk[:, 1:]
    specificity = 1 - ((rows.n @ present)[1:] - with_finding) / (rows.n.sum() - total)
    draws = np.column_stack([total / rows.n.sum(), with_finding / total, specificity])
    index = [
        ("base_rate", ""),
        *(("sensitivity", f) for f in names),
        *(("specificity", f) for f in names),
    ]
    low, high = percentile_limits(draws, level)
    table = pd.DataFrame(
        {"value": draws.mean(axis=0), "low": low, "high": high},
        index=pd.MultiIndex.from_tuples(index, names=["measure", "finding"]),
    )
    return ImpliedAccuracy(table=table, n=float(rows.n.sum()), level=level)


def risk_by_count(
    model: BayesianLogisticModel,
    X: pd.DataFrame,
    *,
    flags: Iterable[str] | None = None,
    sample_weight: npt.ArrayLike | None = None,
    level: float = 0.95,
) -> RiskByCount:
    """Mean risk of the patients of a cohort by their number of flags.

    Parameters
    ----------
    model : BayesianLogisticModel
        Fitted.
    X : DataFrame, shape (n, columns)
        All patients of the cohort.
    flags : iterable of str, optional
        Yes/no columns that are counted; the red flags among the columns when None.
    sample_weight : array, shape (n,), optional
        Number of identical patients.
    level : float
        Share that the limits are to hold, inside (0, 1).

    Examples
    --------
    >>> from backpain_risk import BayesianLogisticModel
    >>> X = pd.DataFrame({"night_pain": [0] * 90 + [1] * 10})
    >>> model = BayesianLogisticModel(method="laplace", random_state=1).fit(X, [0] * 95 + [1] * 5)
    >>> risk_by_count(model, X).to_frame()[["flags", "n"]].to_numpy().tolist()
    [[0.0, 90.0], [1.0, 10.0]]
    """
    check_result("model", model, "BayesianLogisticModel")
    rows = _rows(model, X, sample_weight)
    names = (
        [flag for flag in vocabulary.RED_FLAGS if flag in X.columns]
        if flags is None
        else list(flags)
    )
    if not names:
        raise ValueError(
            "flags must name columns of X; got none, and X has no red flag among "
            f"{', '.join(X.columns)}."
        )
    count = np.sum([_yes_no(X, name)[rows.first] for name in names], axis=0).astype(np.int64)
    numbers = np.unique(count[rows.n > 0])
    member = (count[:, None] == numbers) * rows.n[:, None]
    draws = _total_risk(model.sampled_.posterior, rows, member) / member.sum(axis=0)
    low, high = percentile_limits(draws, level)
    return RiskByCount(
        flags=numbers,
        n=member.sum(axis=0),
        risk=draws.mean(axis=0),
        low=low,
        high=high,
        n_flags=len(names),
        level=level,
    )


def _rows(
    model: BayesianLogisticModel, X: pd.DataFrame, sample_weight: npt.ArrayLike | None
) -> DistinctRows:
    """Distinct rows of a table with names, and the patients of each."""
    if not isinstance(X, pd.DataFrame):
        raise ValueError(
            f"X must be a DataFrame, so that findings have names; got {type(X).__name__}."
        )
    rows = model.distinct_rows(X)
    return replace(
        rows, n=sum_by(rows.pattern, check_weight(sample_weight, len(X)), rows.first.size)
    )


def _yes_no(X: pd.DataFrame, name: str) -> FloatArray:
    """One column as 0/1."""
    if name not in X.columns:
        raise ValueError(
            f"findings and flags must be columns of X; got {name!r}. Known: "
            f"{', '.join(map(str, X.columns))}."
        )
    values = X[name].to_numpy(dtype=np.float64)
    refuse_where(
        (values != 0) & (values != 1),
        values,
        f"{name} must be 0 or 1",
        "Count yes/no columns only.",
    )
    return values


def _total_risk(posterior: Posterior, rows: DistinctRows, weight: FloatArray) -> FloatArray:
    """Sums of risk over distinct rows with the given weights (rows, k), for each draw: (draws,
    k).
    """
    total = np.zeros((posterior.n_draws, weight.shape[1]))
    for block, risk in posterior.risk_in_blocks(rows):
        total += risk @ weight[block]
    return total
