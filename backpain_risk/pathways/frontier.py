"""The efficient frontier: options that no other option, or mixture of two others, beats on both
counts.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pandas as pd

from ..numerics.checks import as_vector, check_names, check_same_index, check_same_length

_ON_A_LINE = 1e-12  # relative difference of two steps that counts as none


def efficient_frontier(
    cost: npt.ArrayLike, effect: npt.ArrayLike, names: Sequence[str] | None = None
) -> pd.DataFrame:
    """Which options are efficient, and what each step along the frontier costs.

    Parameters
    ----------
    cost, effect : array_like, shape (options,)
        Lower cost and higher effect are better; for example MRI scans and cancers found.
    names : sequence of str, optional
        One an option, each once; the index of a pandas Series, or numbers, by default.

    Returns
    -------
    DataFrame
        One row an option, by rising cost: ``option``, ``cost``, ``effect``, ``cost_per_effect`` (of
        the step from the efficient option before it, the ICER; missing for the first and for
        inefficient ones), ``status``: ``"efficient"``, ``"dominated"`` (another option costs no
        more and does no less) or ``"extendedly dominated"`` (a mixture of two does more for the
        same). Options on the line between two others are efficient; of equal ones the first is.

    Raises
    ------
    ValueError
        For costs or effects that are missing, infinite, or not one an option, and for names or
        indices that do not agree.

    Examples
    --------
    >>> efficient_frontier([0, 10, 20, 30], [0, 1, 5, 4], ["a", "b", "c", "d"]).status.tolist()
    ['efficient', 'extendedly dominated', 'efficient', 'dominated']
    """
    costs = as_vector("cost", cost)
    effects = as_vector("effect", effect)
    labels = _labels(cost, costs.size, names)
    check_same_length(cost=costs.size, effect=effects.size, names=len(labels))
    check_same_index(cost=cost, effect=effect)
    order = np.lexsort((-effects, costs))
    status = dict.fromkeys(order.tolist(), "dominated")
    on: list[int] = []
    for i in order.tolist():
        if on and effects[i] <= effects[on[-1]]:
            continue
        while len(on) > 1 and _beaten(costs, effects, on[-2], on[-1], i):
            status[on.pop()] = "extendedly dominated"
        on.append(i)
        status[i] = "efficient"
    steps = {b: _step(costs, effects, a, b) for a, b in pairwise(on)}
    rows = [
        (labels[i], costs[i], effects[i], steps.get(i, np.nan), status[i]) for i in order.tolist()
    ]
    return pd.DataFrame(rows, columns=["option", "cost", "effect", "cost_per_effect", "status"])


def _labels(cost: npt.ArrayLike, n: int, names: Sequence[str] | None) -> list[str]:
    if names is None and isinstance(cost, pd.Series) and not isinstance(cost.index, pd.RangeIndex):
        names = list(map(str, cost.index))
    labels = (
        [f"option {i}" for i in range(n)] if names is None else list(check_names("names", names))
    )
    twice = [name for name in labels if labels.count(name) > 1]
    if twice:
        raise ValueError(f"names must differ; got {twice[0]!r} twice. Rename one option.")
    return labels


def _step(cost: npt.NDArray[np.float64], effect: npt.NDArray[np.float64], a: int, b: int) -> float:
    return float((cost[b] - cost[a]) / (effect[b] - effect[a]))


def _beaten(
    cost: npt.NDArray[np.float64], effect: npt.NDArray[np.float64], a: int, b: int, c: int
) -> bool:
    """Whether the step from b to c is cheaper than that from a to b, beyond rounding."""
    before = _step(cost, effect, a, b)
    after = _step(cost, effect, b, c)
    return before - after > _ON_A_LINE * max(abs(before), abs(after))
