"""Rubin's rules: pooling estimates from multiply imputed data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ..results.in_words import sentence
from ..results.notebook import as_html
from .checks import FloatArray, check_level, check_names, check_positive, refuse_where
from .intervals import t_quantile
from .values import as_numbers, as_real

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, eq=False, kw_only=True)
class PooledEstimates:
    """Estimates pooled over imputations, each array of shape (p,).

    ``fraction_missing`` is the fraction of information about each estimate that is missing, as R's
    mice gives it.
    """

    names: tuple[str, ...]
    estimate: FloatArray
    standard_error: FloatArray
    degrees_of_freedom: FloatArray
    fraction_missing: FloatArray
    n_imputations: int

    __repr__ = sentence

    def conf_int(self, level: float = 0.95) -> FloatArray:
        """Limits by the t distribution, shape (p, 2)."""
        check_level(level)
        half = t_quantile(level, self.degrees_of_freedom) * self.standard_error
        return np.column_stack([self.estimate - half, self.estimate + half])

    def to_frame(self) -> pd.DataFrame:
        """One row per name: estimate, standard_error, low, high, degrees_of_freedom,
        fraction_missing.
        """
        import pandas as pd

        low, high = self.conf_int().T
        table = {
            "estimate": self.estimate,
            "standard_error": self.standard_error,
            "low": low,
            "high": high,
        }
        table |= {
            "degrees_of_freedom": self.degrees_of_freedom,
            "fraction_missing": self.fraction_missing,
        }
        return pd.DataFrame(table, index=pd.Index(self.names, name="name"))

    def _repr_html_(self) -> str:
        return as_html(self.to_frame())


def pool_estimates(
    estimates: npt.ArrayLike,
    standard_errors: npt.ArrayLike,
    *,
    names: Sequence[str] = (),
    complete_df: float = np.inf,
) -> PooledEstimates:
    """Pool estimates of the same quantities from several completed data sets.

    Parameters
    ----------
    estimates, standard_errors : array, shape (imputations, p)
        Estimates and their standard errors, a row an imputation.
    names : sequence of str, optional
        Names of the p quantities.
    complete_df : float
        Degrees of freedom had nothing been missing; infinite for large samples.

    Notes
    -----
    Total variance = mean within + (1 + 1/m) between; degrees of freedom (df) by Barnard and Rubin
    (1999). With ``share = (1 + 1/m) between / total``, the fraction of missing information is
    ``(share (df + 1) + 2) / (df + 3)``.

    References
    ----------
    Rubin (1987), Multiple Imputation for Nonresponse in Surveys. Barnard and Rubin (1999),
    Biometrika 86:948.

    Examples
    --------
    >>> pool_estimates([[1.0], [1.2], [0.8]], [[0.1], [0.1], [0.1]]).to_frame().round(3)[
    ...     ["estimate", "standard_error"]
    ... ]
          estimate  standard_error
    name
    x0         1.0           0.252
    """
    q, se = (np.atleast_2d(as_numbers(n, x)) for n, x in _named(estimates, standard_errors))
    m = q.shape[0]
    p = q.shape[-1]
    for name, values in _named(q, se):
        refuse_where(
            ~np.isfinite(values), values, f"{name} must be finite", "Leave failed imputations out."
        )
    refuse_where(
        se < 0, se, "standard_errors must be 0 or more", "Pass standard errors, not variances."
    )
    if as_real(complete_df) != np.inf:
        check_positive("complete_df", complete_df)
    labels = check_names("names", names)
    if labels and len(labels) != p:
        raise ValueError(
            f"names must be one for each of {p} estimates; got {len(labels)}. Add or leave out "
            "some."
        )
    if q.ndim != 2 or m < 2 or se.shape != q.shape:
        raise ValueError(
            "estimates and standard_errors must have one row for each of 2 or more imputations; "
            f"got {q.shape} and "
            f"{se.shape}. Impute more than once."
        )
    within = np.mean(se**2, axis=0)
    between = np.var(q, axis=0, ddof=1)
    total = within + (1 + 1 / m) * between
    share = (1 + 1 / m) * between / total
    df = _degrees_of_freedom(share, m, complete_df)
    return PooledEstimates(
        names=labels or tuple(f"x{j}" for j in range(p)),
        estimate=q.mean(axis=0),
        standard_error=np.sqrt(total),
        degrees_of_freedom=df,
        fraction_missing=(share * (df + 1) + 2) / (df + 3),
        n_imputations=m,
    )


def _named(
    estimates: npt.ArrayLike, standard_errors: npt.ArrayLike
) -> tuple[tuple[str, Any], tuple[str, Any]]:
    return ("estimates", estimates), ("standard_errors", standard_errors)


def _degrees_of_freedom(share: FloatArray, m: int, complete: float) -> FloatArray:
    with np.errstate(divide="ignore"):
        old = (m - 1) / share**2
    if np.isinf(complete):
        return np.minimum(old, 1e9)
    observed = (complete + 1) / (complete + 3) * complete * (1 - share)
    return 1 / (1 / old + 1 / observed)
