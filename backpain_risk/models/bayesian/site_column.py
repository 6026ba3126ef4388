"""The site of each patient: one column of the predictors, as text or numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ..design import Column

IntArray = npt.NDArray[np.int64]
Labels = npt.NDArray[np.object_]


def split_site(X: Any, groups: Column) -> tuple[Any, Labels]:
    """The other columns, and the labels of the sites as text (None where missing)."""
    table: Any = X if isinstance(X, pd.DataFrame) else pd.DataFrame(np.asarray(X))
    at = _column(table, groups)
    labels = [None if pd.isna(label) else str(label) for label in table.iloc[:, at]]
    rest = table.drop(columns=table.columns[at])
    return rest if isinstance(X, pd.DataFrame) else rest.to_numpy(), np.array(labels, dtype=object)


def _column(table: pd.DataFrame, groups: Column) -> int:
    if isinstance(groups, str) and groups in table.columns:
        return int(table.columns.get_loc(groups))  # type: ignore[arg-type]  # names are unique
    if isinstance(groups, (int, np.integer)) and 0 <= groups < table.shape[1]:
        return int(groups)
    raise ValueError(
        f"groups must name a column of X; got {groups!r}. Known: "
        f"{', '.join(map(str, table.columns))}, or positions "
        "from 0."
    )


def learn_sites(labels: Labels) -> tuple[str, ...]:
    """The sites of a cohort, in order; at least two, none missing."""
    missing = sum(label is None for label in labels)
    if missing:
        raise ValueError(
            f"groups must be known for every patient; got {missing} missing. Give them a site of "
            "their own."
        )
    sites = tuple(sorted(set(labels)))
    if len(sites) < 2:
        raise ValueError(
            f"groups must hold at least two sites; got {', '.join(sites) or 'none'}. Leave groups "
            "out."
        )
    return sites


def find_sites(labels: Labels, sites: tuple[str, ...]) -> IntArray:
    """Position of each label among the sites, -1 where it is new or missing."""
    position = {site: k for k, site in enumerate(sites)}
    return np.array([position.get(label, -1) for label in labels], dtype=np.int64)
