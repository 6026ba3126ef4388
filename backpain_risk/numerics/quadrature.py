"""Quadrature nodes for a standard normal variable."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from .checks import FloatArray


@lru_cache(maxsize=8)
def normal_nodes(n: int) -> tuple[FloatArray, FloatArray]:
    """Gauss-Hermite nodes and weights for N(0, 1): ``sum(weights * g(nodes))`` is E[g(Z)].

    Both have shape ``(n,)``; the weights sum to one; exact for polynomials of degree ``2 n - 1``.
    """
    nodes, weights = np.polynomial.hermite_e.hermegauss(n)
    weights = weights / weights.sum()
    for array in (nodes, weights):
        array.flags.writeable = False
    return nodes, weights
