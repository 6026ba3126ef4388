"""The efficient frontier: options that no other option, or mixture of two others, beats on both
counts.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pandas as pd

from ..numerics.checks import as_vector, check_same_length


def efficient_frontier(
    cost: npt.ArrayLike, effect: npt.ArrayLike, names: Sequence[str] | None = None
) -> pd.DataFrame:
    """Which options are efficient, and what each step along the frontier costs.

    Parameters
    ----------
    cost, effect : array_like, shape (options,)
        Lower cost and higher effect are better; for example MRI scans and cancers found.
    names : sequence of str, optional

    Returns
    -------
    DataFrame
        One row an option, by rising cost: ``option``, ``cost``, ``effect``, ``cost_per_effect`` (of
        the step from the efficient option before it; missing for the first and for inefficient
        ones), ``status``: ``"efficient"``, ``"dominated"`` (another option costs no more and does
        no less) or ``"extendedly dominated"`` (a mixture does).

    Raises
    ------
    ValueError
        For costs or effects that are missing, infinite, or not one an option.

    Examples
    --------
    >>> efficient_frontier([0, 10, 20, 30], [0, 1, 5, 4], ["a", "b", "c", "d"]).status.tolist()
    ['efficient', 'extendedly dominated', 'efficient', 'dominated']
    """
    costs = as_vector("cost", cost)
    effects = as_vector("effect", effect)
    labels = [f"option {i}" for i in range(costs.size)] if names is None else list(map(str, names))
    check_same_length(cost=costs.size, effect=effects.size, names=len(labels))
    order = np.lexsort((-effects, costs))
    status = dict.fromkeys(order.tolist(), "dominated")
    on: list[int] = []
    for i in order.tolist():
        if on and effects[i] <= effects[on[-1]]:
            continue
        while len(on) > 1 and _step(costs, effects, on[-1], i) < _step(
            costs, effects, on[-2], on[-1]
        ):
            status[on.pop()] = "extendedly dominated"
        on.append(i)
        status[i] = "efficient"
    steps = {b: _step(costs, effects, a, b) for a, b in pairwise(on)}
    rows = [
        (labels[i], costs[i], effects[i], steps.get(i, np.nan), status[i]) for i in order.tolist()
    ]
    return pd.DataFrame(rows, columns=["option", "cost", "effect", "cost_per_effect", "status"])


def _step(cost: npt.NDArray[np.float64], effect: npt.NDArray[np.float64], a: int, b: int) -> float:
    return float((cost[b] - cost[a]) / (effect[b] - effect[a]))
