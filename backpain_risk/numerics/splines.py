"""Restricted cubic splines with Harrell's knots."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from .checks import FloatArray

# Harrell: outer knots at the 10 %, 5 % or 2.5 % points, by number of knots.
_OUTER = {3: 0.10, 4: 0.05, 5: 0.05, 6: 0.05, 7: 0.025}


def weighted_quantile(
    values: FloatArray, probabilities: FloatArray, weight: FloatArray
) -> FloatArray:
    """Quantiles of type 7 of ``values`` repeated ``weight`` times.

    With whole weights this equals ``numpy.quantile`` of the repeated values exactly.
    """
    order = np.argsort(values, kind="stable")
    ordered = values[order]
    cumulative = np.cumsum(weight[order])
    position = (cumulative[-1] - 1) * probabilities
    below = np.floor(position)
    last = ordered.size - 1
    lower = ordered[np.minimum(np.searchsorted(cumulative, below, side="right"), last)]
    upper = ordered[np.minimum(np.searchsorted(cumulative, below + 1, side="right"), last)]
    return lower + (position - below) * (upper - lower)


def harrell_knots(values: FloatArray, n_knots: int, weight: FloatArray | None = None) -> FloatArray:
    """Knots at Harrell's quantiles; fewer than asked when some coincide, never fewer than 3.

    The outer quantiles are 0.10 and 0.90 for 3 knots, 0.05 and 0.95 for 4 to 6, 0.025 and 0.975 for
    7; the others are equally spaced between. References: Harrell (2015), Regression Modeling
    Strategies, section 2.4.6.

    Raises
    ------
    ValueError
        When ``n_knots`` is not 3 to 7, or when even 3 knots coincide.
    """
    if not 3 <= n_knots <= 7:
        raise ValueError(f"n_knots must be 3 to 7; got {n_knots}. Use 4 or 5 for most predictors.")
    weight = np.ones(values.size) if weight is None else weight
    distinct = np.unique(values)
    for k in range(min(n_knots, distinct.size), 2, -1):
        outer = _OUTER[k]
        knots = weighted_quantile(values, np.linspace(outer, 1 - outer, k), weight)
        if np.all(np.diff(knots) > 1e-12 * max(1.0, float(np.abs(knots).max()))):
            return knots
    raise ValueError(
        f"a spline must have 3 distinct knots; got {distinct.size} distinct values. Use the value "
        "itself or groups "
        "instead."
    )


def restricted_cubic_basis(values: npt.ArrayLike, knots: npt.ArrayLike) -> FloatArray:
    """Restricted cubic spline basis, linear beyond the outer knots.

    Column 0 is ``values``; column j is the j-th truncated-power term divided by the squared
    distance between the outer knots (``norm=2`` in Hmisc), so that all columns are on the scale of
    ``values``.

    Returns
    -------
    ndarray, shape (n, k - 1) for k knots

    Examples
    --------
    >>> restricted_cubic_basis([1.0, 2.0], [-1.5, -0.5, 0.3, 1.2]).round(4).tolist()
    [[1.0, 2.0022, 0.3741], [2.0, 4.0, 0.9328]]
    """
    x = np.asarray(values, dtype=np.float64)
    t = np.asarray(knots, dtype=np.float64)
    cubes = np.maximum(x[:, None] - t, 0.0) ** 3
    last = t[-1]
    before = t[-2]
    # The last two cubes are weighted so that beyond the last knot cubic and square terms cancel.
    left = cubes[:, -2:-1] * (last - t[:-2]) / (last - before)
    right = cubes[:, -1:] * (before - t[:-2]) / (last - before)
    return np.column_stack([x, (cubes[:, :-2] - left + right) / (last - t[0]) ** 2])
