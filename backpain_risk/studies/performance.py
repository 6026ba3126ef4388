"""Performance of methods over the replicates of anybody's simulation study."""

from __future__ import annotations

import warnings
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from ..numerics.checks import (
    BoolArray,
    FloatArray,
    check_level,
    check_name,
    check_names,
    check_table,
    refuse_where,
)
from ..numerics.intervals import normal_quantile
from ..numerics.values import as_numbers, as_real, shown
from . import monte_carlo
from .monte_carlo import Measured

Truth = float | str | Mapping[Any, float] | pd.Series
COLUMNS = ("measure", "value", "mcse", "replicates", "missing")


class InfiniteEstimateWarning(UserWarning):
    """Some estimates are infinite; a mean over the others is not a mean over all."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Replicates:
    """Columns of one method in one cell, as numbers; None where a column was not given."""

    estimate: FloatArray
    truth: FloatArray
    standard_error: FloatArray | None
    low: FloatArray | None
    high: FloatArray | None
    df: FloatArray | None
    p_value: FloatArray | None
    number: pd.Index[Any] | None

    def take(self, rows: Any) -> Replicates:
        """Some rows of it."""
        kept: dict[str, Any] = {k: None if v is None else v[rows] for k, v in vars(self).items()}
        return replace(self, **kept)

    @property
    def infinite(self) -> BoolArray:
        """Where the estimate or its standard error is infinite."""
        found = np.isinf(self.estimate)
        return found if self.standard_error is None else found | np.isinf(self.standard_error)

    @property
    def used(self) -> BoolArray:
        """Where the estimate, and its standard error where there is one, is a finite number."""
        found = np.isfinite(self.estimate)
        return found if self.standard_error is None else found & np.isfinite(self.standard_error)


def study_performance(
    replicates: pd.DataFrame,
    *,
    truth: float | str | Mapping[Any, float] | pd.Series[Any],
    estimate: str = "estimate",
    standard_error: str | None = None,
    low: str | None = None,
    high: str | None = None,
    df: str | None = None,
    p_value: str | None = None,
    method: str | None = None,
    by: str | Sequence[str] = (),
    reference: Hashable | None = None,
    replicate: str = "replicate",
    level: float = 0.95,
) -> pd.DataFrame:
    """Performance of estimation methods in a simulation study, with Monte-Carlo errors.

    Parameters
    ----------
    replicates : DataFrame
        One row per replicate, method and cell of the design.
    truth : float, str, mapping or Series
        True value: a number, the name of a column, or one number per cell, keyed by the value of
        ``by`` (a tuple where ``by`` names several columns).
    estimate : str
        Column of the estimates.
    standard_error : str, optional
        Column of the model-based standard errors.
    low, high : str, optional
        Columns of the limits; without them Wald limits from ``standard_error``.
    df : str, optional
        Column of the degrees of freedom of Wald limits; normal limits without it.
    p_value : str, optional
        Column of p-values; power is then how often they lie below 1 - level.
    method : str, optional
        Column of the methods.
    by : str or sequence of str
        Columns of the design: sizes, scenarios.
    reference : label, optional
        Method that ``relative_precision`` compares with.
    replicate : str
        Column of the replicate's number or id, by which methods are paired. Needed with
        ``reference``.
    level : float
        Of the limits.

    Returns
    -------
    DataFrame with columns method, those of ``by``, measure, value, mcse, replicates, missing
        ``replicates`` is how many a measure is from, ``missing`` how many could not be used for it.
        Without ``method`` the name of the estimate stands in its column.

    Raises
    ------
    ValueError
        For a column that is not there or holds no numbers, a negative standard error, crossed
        limits, a p-value outside [0, 1], a cell without truth, a replicate given twice.

    Warns
    -----
    InfiniteEstimateWarning
        When estimates or standard errors are infinite.

    Notes
    -----
    A replicate is used when its estimate, and its standard error where that is given, are there and
    finite. ``infinite`` is the share of replicates that have an infinite one; they are left out of
    everything but coverage by given limits, so that a mean is over the others, who are no random
    part of all. With estimates t_i, truth T, standard errors s_i and n used:

    ======================== ============================== ===================================
    measure                  value                          Monte-Carlo error
    ======================== ============================== ===================================
    n_used                   n                              0
    infinite                 share                          sqrt(p (1 - p) / all)
    bias                     mean(t - T)                    SD(t - T) / sqrt(n)
    relative_bias            mean((t - T) / T)              SD((t - T) / T) / sqrt(n)
    empirical_se             E = SD(t)                      E / sqrt(2 (n - 1))
    model_se                 M = sqrt(mean(s^2))            SD(s^2) / (2 M sqrt(n))
    relative_error_model_se  100 (M / E - 1), per cent      100 (M / E) sqrt(relative errors^2)
    mse                      mean((t - T)^2)                SD((t - T)^2) / sqrt(n)
    rmse                     sqrt(mse)                      mcse(mse) / (2 rmse)
    coverage                 P(low <= T <= high)            sqrt(p (1 - p) / n)
    bias_eliminated_coverage P(low <= mean(t) <= high)      sqrt(p (1 - p) / n)
    power                    P(test of 0 rejects)           sqrt(p (1 - p) / n)
    relative_precision       100 (V / E^2 - 1), V = E_ref^2 200 V / E^2 sqrt((1-r^2) / (n-1))
    ======================== ============================== ===================================

    Missing limits are missing, not misses. Power is that of ``p_value``; without it of the z test,
    abs(t) >= z s, also where ``df`` is given (pass ``p_value`` for another test); without standard
    errors, how often the limits exclude 0. Relative precision, in per cent, is over the replicates,
    known by their id, that both methods have, with r their correlation. A relative bias to a truth
    of 0 is NaN. Where the truth differs between replicates of a cell, the spread of the estimates
    holds that of the truth.

    References
    ----------
    Morris, White, Crowther (2019), Stat Med 38:2074. White (2010), Stata J 10:369.

    Examples
    --------
    >>> import pandas as pd
    >>> table = pd.DataFrame({"estimate": [0.9, 1.2, 1.1, 1.0], "se": [0.1, 0.1, 0.2, 0.1]})
    >>> found = study_performance(table, truth=1.0, standard_error="se").set_index("measure")
    >>> found.loc[["bias", "empirical_se", "coverage"], ["value", "mcse"]].round(4)
                   value    mcse
    measure
    bias          0.0500  0.0645
    empirical_se  0.1291  0.0527
    coverage      0.7500  0.2165
    """
    table = check_table("replicates", replicates)
    check_level(level)
    cells = _check_cells(table, method, by)
    given = Replicates(
        estimate=_needed(table, "estimate", estimate),
        truth=_truths(table, truth, cells),
        standard_error=_numbers(table, "standard_error", standard_error),
        low=_numbers(table, "low", low),
        high=_numbers(table, "high", high),
        df=_numbers(table, "df", df),
        p_value=_numbers(table, "p_value", p_value),
        number=_replicate_numbers(table, replicate, reference, method, cells),
    )
    _check_numbers(given)
    names = [estimate] * len(table) if method is None else table[method].tolist()
    return _assembled(given, names, table[list(cells)], reference, level)


def _check_cells(
    table: pd.DataFrame, method: str | None, by: str | Sequence[str]
) -> tuple[str, ...]:
    """The columns of ``by``; they and ``method`` are there and say of every row what it is."""
    cells = (by,) if isinstance(by, str) else check_names("by", by)
    taken = sorted({"method", *COLUMNS} & set(cells))
    if taken or len(set(cells)) < len(cells):
        raise ValueError(
            f"by must name columns once, none of them called {', '.join(('method', *COLUMNS))}; "
            f"got {shown(list(cells))}. Rename the column."
        )
    if not len(table):
        raise ValueError("replicates must hold at least one row; got none. Check the selection.")
    for name, column in [("by", c) for c in cells] + ([("method", method)] if method else []):
        values = _column(table, name, str(column))
        if values.isna().any():
            raise ValueError(
                f"{name} must say of every row what it is; got {int(values.isna().sum())} "
                f"missing in {column!r}. Fill them in."
            )
    if method is not None:
        check_name("method", method)
    return cells


def _column(table: pd.DataFrame, name: str, column: str) -> pd.Series[Any]:
    if not isinstance(column, str) or list(table.columns).count(column) != 1:
        raise ValueError(
            f"{name} must name one column of replicates; got {shown(column)}. It has "
            f"{', '.join(map(str, table.columns[:20]))}."
        )
    return table[column]


def _needed(table: pd.DataFrame, name: str, column: str) -> FloatArray:
    return as_numbers(name, _column(table, name, column))


def _numbers(table: pd.DataFrame, name: str, column: str | None) -> FloatArray | None:
    return None if column is None else _needed(table, name, column)


def _check_numbers(given: Replicates) -> None:
    """Standard errors, limits, degrees of freedom and p-values as they can be."""
    if (given.low is None) != (given.high is None):
        raise ValueError("low and high must be given together; got one of them. Name both columns.")
    if given.df is not None and (given.standard_error is None or given.low is not None):
        raise ValueError(
            "df must come with standard_error and without limits; got "
            f"{'limits' if given.low is not None else 'no standard_error'}. It makes Wald "
            "limits of standard errors."
        )
    for name, rule, x, least, most in (
        ("standard_error", "must not be negative", given.standard_error, 0.0, np.inf),
        ("df", "must be above 0", given.df, np.nextafter(0.0, 1.0), np.inf),
        ("p_value", "must lie in [0, 1]", given.p_value, 0.0, 1.0),
    ):
        if x is not None:
            refuse_where((x < least) | (x > most), x, f"{name} {rule}", "Check the column.")
    if given.low is not None and given.high is not None:
        crossed = given.low > given.high
        refuse_where(crossed, given.low, "low must not lie above high", "Swap the columns.")


def _truths(table: pd.DataFrame, truth: Any, cells: Sequence[str]) -> FloatArray:
    """The true value of each row."""
    if isinstance(truth, str):
        values = as_numbers("truth", _column(table, "truth", truth))
    elif isinstance(truth, (Mapping, pd.Series)):
        values = as_numbers("truth", [_of_cell(truth, key) for key in _keys(table, cells)])
    else:
        number = as_real(truth)
        if number is None or not abs(number) < 1e300:
            raise ValueError(
                "truth must be a finite number, a column or one number per cell; got "
                f"{shown(truth)}. Pass for example truth=0.5."
            )
        values = np.full(len(table), float(number))
    refuse_where(~np.isfinite(values), values, "truth must be finite", "State it for every row.")
    return values


def _keys(table: pd.DataFrame, cells: Sequence[str]) -> Iterator[Any]:
    if not cells:
        raise ValueError(
            "truth must be a number or a column unless by names the cells; got one number per "
            "cell. Name the columns of the cells by by=."
        )
    if len(cells) == 1:
        return iter(table[cells[0]])
    return table[list(cells)].itertuples(index=False, name=None)


def _of_cell(truth: Any, key: Any) -> Any:
    if key not in (truth.index if isinstance(truth, pd.Series) else truth):
        raise ValueError(
            f"truth must have a value for every cell; got none for {shown(key)}. Key it by the "
            "values of by, a tuple where by names several columns."
        )
    return truth[key]


def _replicate_numbers(
    table: pd.DataFrame,
    replicate: str,
    reference: Any,
    method: str | None,
    cells: Sequence[str],
) -> pd.Index[Any] | None:
    """What pairs the methods; each once in a method and cell."""
    check_name("replicate", replicate)
    if reference is not None:
        _check_reference(table, reference, method)
    if replicate not in table.columns:
        if reference is not None:
            _column(table, "replicate", replicate)
        return None
    number = _column(table, "replicate", replicate)
    whole = [*cells, *([method] if method else []), replicate]
    twice = table.duplicated(whole)
    if twice.any():
        row = int(np.flatnonzero(twice)[0])
        raise ValueError(
            f"replicate must stand once in each method and cell; got {int(twice.sum())} rows again "
            f"(first {shown(number.iloc[row])} at row {row}). Name every column of the design in "
            "by."
        )
    return pd.Index(number)


def _check_reference(table: pd.DataFrame, reference: Any, method: str | None) -> None:
    known = [] if method is None else list(table[method].unique())
    if not any(reference == name for name in known):
        names = ", ".join(map(str, known[:20])) or "none, because method is not given"
        raise ValueError(
            f"reference must be one of the methods ({names}); got {shown(reference)}. Check it."
        )


def _assembled(
    given: Replicates, names: list[Any], cells: pd.DataFrame, reference: Any, level: float
) -> pd.DataFrame:
    """Rows of every method in every cell."""
    keys = pd.DataFrame({"method": names}).join(cells.reset_index(drop=True))
    columns = list(cells.columns)
    rows: list[dict[str, Any]] = []
    groups = keys.groupby([*columns, "method"], sort=False, observed=True).indices
    infinite = 0
    for key, where in groups.items():
        label = dict(zip([*columns, "method"], _tuple(key), strict=True))
        own = given.take(where)
        infinite += int(own.infinite.sum())
        compared = None
        if reference is not None:
            other = groups.get(_key(label, columns, reference))
            compared = None if other is None else given.take(other)
        head = {"method": label["method"]} | {column: label[column] for column in columns}
        for measure, found in _measures(own, compared, level, compare=reference is not None):
            tail = found._asdict() | {"missing": len(where) - found.replicates}
            rows.append(head | {"measure": measure} | tail)
    if infinite:
        warnings.warn(
            f"{infinite} of {len(keys)} estimates or standard errors are infinite; measures are "
            "over the others, which are no random part of all. Report the share (measure "
            "'infinite') beside them.",
            InfiniteEstimateWarning,
            stacklevel=3,
        )
    return pd.DataFrame(rows)


def _tuple(key: Any) -> tuple[Any, ...]:
    return key if isinstance(key, tuple) else (key,)


def _key(label: dict[str, Any], columns: list[str], method: Any) -> Any:
    values = (*(label[column] for column in columns), method)
    return values if columns else method


def _measures(
    own: Replicates, compared: Replicates | None, level: float, *, compare: bool
) -> Iterator[tuple[str, Measured]]:
    """Names and measures of one method in one cell."""
    used = own.take(own.used)
    error = used.estimate - used.truth
    n = used.estimate.size
    with np.errstate(divide="ignore", invalid="ignore"):
        relative = error / used.truth
    yield "n_used", Measured(float(n), 0.0, n)
    yield "infinite", monte_carlo.share(own.infinite)
    yield "bias", monte_carlo.mean(error)
    yield "relative_bias", monte_carlo.mean(np.where(used.truth == 0, np.nan, relative))
    empirical = monte_carlo.empirical_se(used.estimate)
    yield "empirical_se", empirical
    if used.standard_error is not None:
        model = monte_carlo.model_se(used.standard_error)
        yield "model_se", model
        yield "relative_error_model_se", monte_carlo.relative_error(model, empirical)
    yield "mse", monte_carlo.mean_square(error)
    yield "rmse", monte_carlo.root_mean_square(error)
    yield from _shares(own, used, level)
    if compare:
        yield "relative_precision", _compared(used, compared)


def _shares(own: Replicates, used: Replicates, level: float) -> Iterator[tuple[str, Measured]]:
    """Coverage and power."""
    limits = _limits(own, used, level)
    if limits is not None:
        low, high, truth = limits
        centre = np.mean(used.estimate) if used.estimate.size else np.nan
        yield "coverage", monte_carlo.share((low <= truth) & (truth <= high))
        yield "bias_eliminated_coverage", monte_carlo.share((low <= centre) & (centre <= high))
    if own.p_value is not None:
        known = own.p_value[~np.isnan(own.p_value)]
        yield "power", monte_carlo.share(known < 1 - level)
    elif used.standard_error is not None:
        reach = normal_quantile(level) * used.standard_error
        yield "power", monte_carlo.share(np.abs(used.estimate) >= reach)
    elif limits is not None:
        yield "power", monte_carlo.share((limits[0] > 0) | (limits[1] < 0))


def _limits(
    own: Replicates, used: Replicates, level: float
) -> tuple[FloatArray, FloatArray, FloatArray] | None:
    """Limits that are there, and the truth beside each."""
    if own.low is not None and own.high is not None:
        known = ~np.isnan(own.low) & ~np.isnan(own.high)
        return own.low[known], own.high[known], own.truth[known]
    if used.standard_error is None:
        return None
    times = normal_quantile(level)
    reach = times * used.standard_error
    if used.df is not None:
        used = used.take(~np.isnan(used.df))
        reach = stats.t.ppf(0.5 + level / 2, used.df) * used.standard_error
    return used.estimate - reach, used.estimate + reach, used.truth


def _compared(used: Replicates, other: Replicates | None) -> Measured:
    """Relative precision; replicates are paired by their id."""
    reference = None if other is None else other.take(other.used)
    if reference is None or used.number is None or reference.number is None:
        return Measured(np.nan, np.nan, 0)
    common = used.number.intersection(reference.number, sort=False)
    here = used.number.get_indexer(common)
    there = reference.number.get_indexer(common)
    return monte_carlo.relative_precision(reference.estimate[there], used.estimate[here])
