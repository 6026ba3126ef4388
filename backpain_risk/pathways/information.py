"""What it would be worth to know more: anybody's draws of utility and parameters in, values of
information out.

Perfect information about everything (EVPI) is a plain average. Perfect information about a group of
parameters (EVPPI) needs E[utility | group], which is estimated by regressing the utility
differences on splines of the group (Strong, Oakley and Brennan 2014). In-sample fits are a little
too good, so the value of the decisions that a fit takes for draws it has not seen is given beside
it; the truth lies between the two.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.linear_model import RidgeCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, SplineTransformer

from ..numerics.checks import FloatArray, check_count
from ..results.notebook import as_html

_KNOTS = 7  # of each parameter's own curve
_PENALTIES = np.logspace(-6, 8, 29)
_FOLDS = 5
_FEWEST = 100  # draws per estimate


@dataclass(frozen=True, eq=False, kw_only=True)
class ValueOfInformation:
    """Worth of perfect information, in units of utility per decision.

    Attributes
    ----------
    options : tuple of str
    expected : ndarray, shape (options,)
        Mean utility of each option.
    p_best : ndarray, shape (options,)
        Share of draws in which an option is the best; draws with equal best options are shared
        among them.
    expected_loss : ndarray, shape (options,)
        Mean utility lost by an option against the best option of each draw; the smallest is the
        EVPI.
    evpi, evpi_standard_error : float
        Expected value of perfect information, and its Monte-Carlo standard error.
    evppi : DataFrame
        Columns ``group``, ``value`` (in sample), ``standard_error`` (regression and sampling of the
        parameters), ``cross_fitted`` (worth of decisions in draws that the regression has not
        seen).
    n_draws : int
    """

    options: tuple[str, ...]
    expected: FloatArray
    p_best: FloatArray
    expected_loss: FloatArray
    evpi: float
    evpi_standard_error: float
    evppi: pd.DataFrame
    n_draws: int

    @property
    def best(self) -> str:
        """The option with the highest mean utility."""
        return self.options[int(np.argmax(self.expected))]

    def population(self, per_year: float, *, years: float, discount_rate: float = 0.035) -> float:
        """EVPI of everybody a decision serves: ``per_year`` decisions for some years, discounted
        yearly.

        The first year counts in full; a part of a year counts in proportion.
        """
        whole = np.arange(np.ceil(years))
        share = np.minimum(1.0, years - whole)
        return float(self.evpi * per_year * (share / (1 + discount_rate) ** whole).sum())

    def to_frame(self) -> pd.DataFrame:
        """One row an option: option, expected, p_best, expected_loss."""
        columns = {
            "expected": self.expected,
            "p_best": self.p_best,
            "expected_loss": self.expected_loss,
        }
        return pd.DataFrame({"option": self.options, **columns})

    def _repr_html_(self) -> str:
        return as_html(repr(self), self.to_frame(), self.evppi, digits=4, index=False)

    def __repr__(self) -> str:
        return (
            f"ValueOfInformation: best {self.best} in "
            f"{self.p_best[int(np.argmax(self.expected))]:.0%} of "
            f"{self.n_draws} draws; EVPI {self.evpi:.4g} (SE {self.evpi_standard_error:.2g})"
        )


def value_of_information(
    utility: npt.ArrayLike | pd.DataFrame,
    parameters: pd.DataFrame | None = None,
    groups: Mapping[str, Sequence[str]] | None = None,
) -> ValueOfInformation:
    """Value of perfect information, about everything and about groups of parameters, from anybody's
    draws.

    Parameters
    ----------
    utility : array_like or DataFrame, shape (draws, options)
        Utility of every option in every draw; higher is better. At least 100 draws for groups.
    parameters : DataFrame, shape (draws, parameters), optional
        The parameter values of the same draws.
    groups : mapping of name to columns of ``parameters``, optional
        What would be learnt together; each parameter by itself where not given.

    Raises
    ------
    ValueError
        For utilities or parameters that are missing or infinite, for numbers of draws that differ,
        and for groups that name no column.

    Notes
    -----
    EVPI = E[max_k U_k] - max_k E[U_k]; EVPPI = E[max_k E(U_k | group)] - max_k E[U_k]. The
    regression uses cubic splines of every parameter of a group and the products of up to three of
    them, with a ridge penalty chosen by leave-one-out for each option. The standard error is that
    of the mean of U_k(i) - U_best over draws, k(i) the option that the regression chooses in draw
    i: the first-order error of both the regression and the sampled parameters.

    References
    ----------
    Strong, Oakley, Brennan (2014), Med Decis Making 34:311. Jackson et al. (2022), Annu Rev Stat
    Appl 9:95.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> x = pd.DataFrame(rng.normal(size=(4000, 2)), columns=["a", "b"])
    >>> found = value_of_information(np.column_stack([np.zeros(4000), x.a + x.b]), x)
    >>> round(found.evpi, 2), found.evppi.value.round(2).tolist()
    (0.55, [0.38, 0.38])
    """
    values, options = _utility(utility)
    table, columns = _parameters(parameters, groups, len(values))
    best = int(np.argmax(values.mean(axis=0)))
    gain = values.max(axis=1) - values[:, best]
    top = values == values.max(axis=1, keepdims=True)
    rows = [
        (name, *_partial(values, best, table[list(chosen)])) for name, chosen in columns.items()
    ]
    return ValueOfInformation(
        options=options,
        expected=values.mean(axis=0),
        p_best=(top / top.sum(axis=1, keepdims=True)).mean(axis=0),
        expected_loss=(values.max(axis=1, keepdims=True) - values).mean(axis=0),
        evpi=float(gain.mean()),
        evpi_standard_error=_standard_error(gain),
        evppi=pd.DataFrame(rows, columns=["group", "value", "standard_error", "cross_fitted"]),
        n_draws=len(values),
    )


def _standard_error(values: FloatArray) -> float:
    return float(values.std(ddof=1) / np.sqrt(values.size))


def _utility(utility: npt.ArrayLike | pd.DataFrame) -> tuple[FloatArray, tuple[str, ...]]:
    names = tuple(map(str, utility.columns)) if isinstance(utility, pd.DataFrame) else None
    try:
        values = np.asarray(utility, dtype=np.float64)
    except (TypeError, ValueError):
        raise ValueError(
            "utility must hold numbers; got something else. Pass draws in rows, options in columns."
        ) from None
    if values.ndim != 2 or values.shape[0] < 2 or values.shape[1] < 1:
        raise ValueError(
            f"utility must have draws in rows and options in columns; got shape {values.shape}. "
            "Reshape it."
        )
    if not np.isfinite(values).all():
        bad = np.argwhere(~np.isfinite(values))[0]
        raise ValueError(
            f"utility must be finite; got {values[tuple(bad)]} in draw {bad[0]}, option {bad[1]}. "
            "Remove that draw."
        )
    return values, names or tuple(f"option {k}" for k in range(values.shape[1]))


def _parameters(
    parameters: pd.DataFrame | None, groups: Mapping[str, Sequence[str]] | None, n: int
) -> tuple[pd.DataFrame, dict[str, tuple[str, ...]]]:
    """The parameters checked, and the columns of each group."""
    if parameters is None:
        if groups:
            raise ValueError(
                "parameters must be given with groups; got None. Pass the draws of the parameters."
            )
        return pd.DataFrame(index=range(n)), {}
    if not isinstance(parameters, pd.DataFrame):
        raise ValueError(
            f"parameters must be a DataFrame; got {type(parameters).__name__}. Name its columns."
        )
    if len(parameters) != n:
        raise ValueError(
            f"parameters must have a row per draw of utility; got {len(parameters)} for {n}. "
            "Align them."
        )
    check_count("draws of utility", n, _FEWEST)
    named = groups if groups is not None else {str(c): [str(c)] for c in parameters.columns}
    columns = {
        name: (chosen,) if isinstance(chosen, str) else tuple(chosen)
        for name, chosen in named.items()
    }
    table = parameters.rename(columns=str)
    for name, chosen in columns.items():
        unknown = [c for c in chosen if c not in table.columns]
        if unknown or not chosen:
            raise ValueError(
                "groups must name columns of parameters; got "
                f"{unknown[0] if unknown else 'none'!r} in {name!r}. "
                f"Known: {', '.join(table.columns[:20])}."
            )
    used = table[sorted({c for chosen in columns.values() for c in chosen})].astype(np.float64)
    if not np.isfinite(used.to_numpy()).all():
        column = used.columns[~np.isfinite(used.to_numpy()).all(axis=0)][0]
        raise ValueError(
            f"parameters must be finite; got missing or infinite values in {column!r}. Remove "
            "those draws."
        )
    return used, columns


def _partial(values: FloatArray, best: int, group: pd.DataFrame) -> tuple[float, float, float]:
    """EVPPI in sample, its standard error, and cross-fitted."""
    x = group.to_numpy()
    x = x[:, np.ptp(x, axis=0) > 0]
    relative = values - values[:, [best]]
    if not x.shape[1] or not np.any(relative):
        return 0.0, 0.0, 0.0
    fitted = _regression(x).fit(x, relative).predict(x)
    chosen = _gain(relative, np.reshape(fitted, relative.shape))
    value = float(np.reshape(fitted, relative.shape).max(axis=1).mean())
    return value, _standard_error(chosen), float(_unseen(x, relative).mean())


def conditional_mean(utility: FloatArray, group: FloatArray) -> FloatArray:
    """E[utility | group] in every draw by regression, (draws, options); ``group`` is (draws,
    parameters).
    """
    base = utility[:, [0]]
    relative = utility - base
    if not np.any(relative) or not np.ptp(group, axis=0).all():
        return np.tile(utility.mean(axis=0), (len(utility), 1))
    fitted = np.reshape(_regression(group).fit(group, relative).predict(group), relative.shape)
    return np.asarray(fitted + base.mean())


def _gain(relative: FloatArray, fitted: FloatArray) -> FloatArray:
    """Utility gained in each draw by the option that the regression takes, over the best without
    information.
    """
    return relative[np.arange(len(relative)), fitted.argmax(axis=1)]


def _unseen(x: FloatArray, relative: FloatArray) -> FloatArray:
    """The same for draws in folds that the regression has not seen; draws are taken in turn, so
    nothing is random.
    """
    fold = np.arange(len(x)) % _FOLDS
    gained = np.empty(len(x))
    for k in range(_FOLDS):
        out = fold == k
        fitted = _regression(x[~out]).fit(x[~out], relative[~out]).predict(x[out])
        gained[out] = _gain(relative[out], np.reshape(fitted, relative[out].shape))
    return gained


def _regression(x: FloatArray) -> Any:
    """Splines of each parameter and products of up to three, all of one size, shrunk by
    leave-one-out.
    """
    centre = x.mean(axis=0)
    scale = x.std(axis=0)
    curves = SplineTransformer(
        n_knots=_KNOTS, knots="quantile", extrapolation="linear", include_bias=False
    )
    products = [c for size in (2, 3) for c in combinations(range(x.shape[1]), size)][:200]

    def basis(raw: FloatArray) -> FloatArray:
        z = (raw - centre) / scale
        crossed = [z[:, list(c)].prod(axis=1) for c in products]
        return np.column_stack([curves.transform(z), z, *crossed])

    curves.fit((x - centre) / scale)
    return make_pipeline(FunctionTransformer(basis), RidgeCV(_PENALTIES, alpha_per_target=True))
