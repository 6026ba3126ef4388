"""Anybody's draws of utilities and parameters, read and checked before anything is computed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ..numerics.checks import FloatArray, check_count, check_mapping, check_same_index
from ..numerics.values import as_numbers, shown

_FEWEST = 100  # draws per estimate


def read_utility(utility: npt.ArrayLike | pd.DataFrame) -> tuple[FloatArray, tuple[str, ...]]:
    """Utilities (draws, options), and the names of the options."""
    values = as_numbers("utility", utility)
    if values.ndim != 2 or values.shape[1] < 1:
        raise ValueError(
            f"utility must have draws in rows and options in columns; got shape {values.shape}. "
            "Reshape it."
        )
    check_count("draws of utility", values.shape[0], 2)
    if not np.isfinite(values).all():
        bad = np.argwhere(~np.isfinite(values))[0]
        raise ValueError(
            f"utility must be finite; got {values[tuple(bad)]} in draw {bad[0]}, option {bad[1]}. "
            "Remove that draw."
        )
    numbered = [f"option {k}" for k in range(values.shape[1])]
    names = utility.columns if isinstance(utility, pd.DataFrame) else numbered
    return values, _distinct("utility", names)


def _distinct(what: str, columns: Iterable[Any]) -> tuple[str, ...]:
    names = tuple(map(str, columns))
    twice = [name for name in names if names.count(name) > 1]
    if twice:
        raise ValueError(
            f"{what} must have columns with names of their own; got {twice[0]!r} twice. Rename one."
        )
    return names


def read_parameters(
    parameters: pd.DataFrame | npt.ArrayLike | None,
    groups: Mapping[str, Sequence[Any]] | None,
    utility: npt.ArrayLike | pd.DataFrame,
) -> tuple[pd.DataFrame, dict[str, tuple[str, ...]]]:
    """The parameters that groups use, and the columns of each group."""
    n = len(np.asarray(utility))
    if parameters is None:
        if groups:
            raise ValueError(
                "parameters must be given with groups; got None. Pass the draws of the parameters."
            )
        return pd.DataFrame(index=range(n)), {}
    table = _table(parameters)
    if len(table) != n:
        raise ValueError(
            f"parameters must have a row per draw of utility; got {len(table)} for {n}. Align them."
        )
    check_same_index(utility=utility, parameters=parameters)
    check_count("draws of utility", n, _FEWEST)
    columns = _chosen(table, groups)
    used = table[list(dict.fromkeys(c for chosen in columns.values() for c in chosen))]
    return _numbers(used), columns


def _table(parameters: pd.DataFrame | npt.ArrayLike) -> pd.DataFrame:
    """Named columns; those of an array are numbered."""
    given: Any = parameters
    if isinstance(given, pd.Series):
        given = given.to_frame()
    if isinstance(given, Mapping):
        given = {name: np.asarray(values) for name, values in given.items()}
    if not isinstance(given, (pd.DataFrame, dict)):
        given = as_numbers("parameters", given)
        if given.ndim not in (1, 2):
            raise ValueError(
                "parameters must be a DataFrame of draws in rows; got "
                f"{shown(parameters)}. Name its columns."
            )
    table = pd.DataFrame(given)
    return table.set_axis(list(_distinct("parameters", table.columns)), axis=1)


def _chosen(
    table: pd.DataFrame, groups: Mapping[str, Sequence[Any]] | None
) -> dict[str, tuple[str, ...]]:
    """Columns of each group; every column by itself without groups."""
    if groups is None:
        return {str(c): (str(c),) for c in table.columns}
    columns = {
        str(name): (chosen,) if isinstance(chosen, str) else tuple(map(str, np.atleast_1d(chosen)))
        for name, chosen in check_mapping("groups", groups, "name to columns").items()
    }
    for name, chosen in columns.items():
        unknown = [c for c in chosen if c not in table.columns]
        if unknown or not chosen:
            raise ValueError(
                "groups must name columns of parameters; got "
                f"{unknown[0] if unknown else 'none'!r} in {name!r}. "
                f"Known: {', '.join(table.columns[:20])}."
            )
    return columns


def _numbers(table: pd.DataFrame) -> pd.DataFrame:
    values = {str(c): as_numbers(f"parameters[{str(c)!r}]", v) for c, v in table.items()}
    for name, column in values.items():
        if not np.isfinite(column).all():
            raise ValueError(
                f"parameters must be finite; got missing or infinite values in {name!r}. Remove "
                "those draws."
            )
    return pd.DataFrame(values, index=range(len(table)))
