"""Calibration and discrimination within subgroups of patients: age bands, sex, sites."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ...numerics.checks import (
    check_level,
    check_mapping,
    check_outcome_risk,
    check_same_index,
    check_same_length,
)
from ...numerics.grouped_by_risk import RiskGroups, group_by_risk
from ...numerics.values import shown
from ...results.table import ResultTable
from ..catalogue import CATALOGUE, Measure

SHOWN = ("observed_expected", "calibration_in_the_large", "calibration_slope", "auroc")
"""Measures of every subgroup, in the order of the table."""


def subgroup_calibration(
    outcome: npt.ArrayLike,
    risk: npt.ArrayLike,
    subgroups: Mapping[str, npt.ArrayLike] | pd.DataFrame,
    *,
    sample_weight: npt.ArrayLike | None = None,
    level: float = 0.95,
) -> ResultTable:
    """Calibration of one model in every level of one or more groupings of the patients.

    A model can be calibrated overall and wrong for the old and the young. Make bands first, for
    example with ``pandas.cut``.

    Parameters
    ----------
    outcome : array, shape (n,)
        0 or 1.
    risk : array, shape (n,)
        Predicted probability in [0, 1].
    subgroups : mapping of name to array, or DataFrame
        One column per grouping, one label per patient, none missing. Categories that hold nobody
        are left out.
    sample_weight : array, shape (n,), optional
        Number of identical patients.
    level : float
        Share that the limits are to hold, inside (0, 1).

    Returns
    -------
    table with columns subgroup, group, n, n_events, mean_risk, measure, value, low, high, note
        Measures observed_expected, calibration_in_the_large, calibration_slope and auroc, in each
        group and, as subgroup ``all``, in everyone. Where a measure is not defined (no events, say)
        it is NaN and ``note`` says why.

    Raises
    ------
    ValueError
        For labels that are missing or of another length, risks outside [0, 1] or missing values.

    Examples
    --------
    >>> outcome, risk = [0, 0, 0, 1, 0, 1, 1, 0], [0.1, 0.2, 0.1, 0.3, 0.4, 0.5, 0.6, 0.5]
    >>> table = subgroup_calibration(
    ...     outcome, risk, {"sex": ["f", "f", "f", "f", "m", "m", "m", "m"]}
    ... )
    >>> table[table.measure == "observed_expected"][["group", "n", "value"]].round(
    ...     2
    ... ).values.tolist()
    [['all', 8.0, 1.11], ['f', 4.0, 1.43], ['m', 4.0, 1.0]]
    """
    check_level(level)
    y, r, w = check_outcome_risk(outcome, risk, sample_weight)
    check_groupings(subgroups, y.size, outcome=outcome, risk=risk)
    rows = _rows("all", "all", group_by_risk(y, r, w), level)
    for name in subgroups.keys():  # noqa: SIM118  (a DataFrame iterates over its columns only through keys)
        codes, labels = _levels(str(name), subgroups[name], y.size)
        for code, label in enumerate(labels):
            mine = codes == code
            if w[mine].sum() > 0:
                rows += _rows(str(name), label, group_by_risk(y[mine], r[mine], w[mine]), level)
    return ResultTable(rows)


def check_groupings(
    subgroups: Mapping[str, npt.ArrayLike] | pd.DataFrame, n: int, **patients: Any
) -> None:
    """Raise unless every grouping has a label for each of n patients, in the order of what else
    is said of them.
    """
    if not isinstance(subgroups, pd.DataFrame):
        check_mapping("subgroups", subgroups, "name to one label per patient")
    if len(subgroups.keys()) == 0:
        raise ValueError(
            "subgroups must name at least one grouping of the patients; got none. Pass for "
            "example sex."
        )
    for name in subgroups.keys():  # noqa: SIM118  (a DataFrame iterates over its columns only through keys)
        if np.ndim(subgroups[name]) != 1:
            raise ValueError(
                f"subgroups must have one label per patient; got {shown(subgroups[name])} for "
                f"{name}. Pass an array."
            )
        check_same_index(**patients, **{f"subgroup {name}": subgroups[name]})
        _levels(str(name), subgroups[name], n)


def _levels(name: str, labels: Any, n: int) -> tuple[npt.NDArray[np.intp], list[Any]]:
    """Level number of each patient, and the levels in order."""
    check_same_length(outcome=n, **{f"subgroup_{name}": len(labels)})
    column = pd.Series(labels).astype("category")
    missing = int(column.isna().sum())
    if missing:
        raise ValueError(
            f"subgroups must have a label for every patient; got {missing} missing in {name}. "
            "Make them a group of "
            "their own, or leave these patients out."
        )
    return np.asarray(column.cat.codes, dtype=np.intp), list(column.cat.categories)


def _rows(subgroup: str, group: Any, groups: RiskGroups, level: float) -> list[dict[str, Any]]:
    head = {
        "subgroup": subgroup,
        "group": group,
        "n": groups.total,
        "n_events": groups.total_events,
        "mean_risk": float(groups.n @ groups.risk / groups.total),
    }
    return [head | {"measure": key} | _estimate(CATALOGUE[key], groups, level) for key in SHOWN]


def _estimate(measure: Measure, groups: RiskGroups, level: float) -> dict[str, float | str]:
    try:
        estimate = measure.estimated(groups, level)
    except ValueError as error:
        return {"value": np.nan, "low": np.nan, "high": np.nan, "note": str(error)}
    note = "" if np.isfinite(estimate.value) else estimate.method
    return {"value": estimate.value, "low": estimate.low, "high": estimate.high, "note": note}
