"""Local regression on one variable, exact functions of counts: loess and lowess with the
conventions of R.

Both take distinct ascending values with the number of observations and the sum of their responses
at each, so a million observations cost no more than their distinct values, and counts mean
repetition.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from .checks import FloatArray
from .patterns import IntArray

_CELL = 0.2  # R's control: a cell is split while it holds more than span * cell of the observations
_BLOCK = 65_536


@dataclass(frozen=True, eq=False)
class _Window:
    """Local quadratic fit around ``centre``: rows of ``solve`` turn weighted moments into value
    and slope.
    """

    centre: float
    bandwidth: float
    solve: FloatArray

    def operator(self, x: FloatArray) -> FloatArray:
        """Weight of one observation at each x in the value and in the slope, (2, k)."""
        moments = _powers(x - self.centre) * _tricube(x - self.centre, self.bandwidth)
        return np.asarray(self.solve @ moments)


@dataclass(frozen=True, eq=False)
class Loess:
    """A loess curve: values and slopes at vertices, joined by cubic Hermite pieces.

    Attributes
    ----------
    vertices : ndarray, shape (m,)
    parameters : ndarray, shape (2 m,)
        Value and slope at each vertex in turn.
    covariance : ndarray, shape (2 m, 2 m)
        From squared residuals, so that the variance may differ between observations.
    """

    vertices: FloatArray
    parameters: FloatArray
    covariance: FloatArray

    def design(self, x: FloatArray) -> FloatArray:
        """Coefficients of the parameters in the curve at ``x``, (k, 2 m)."""
        return _hermite(self.vertices, x)

    def __call__(self, x: FloatArray) -> FloatArray:
        """The curve at ``x``, (k,)."""
        left, basis = _hermite_pieces(self.vertices, x)
        return np.asarray(sum(basis[j] * self.parameters[2 * left + j] for j in range(4)))


def fit_loess(x: FloatArray, n: FloatArray, total: FloatArray, span: float = 0.75) -> Loess:
    """Local quadratic regression as R's ``loess`` computes it (interpolation between the vertices
    of a k-d tree).

    Parameters
    ----------
    x : ndarray, shape (k,)
        Distinct values, ascending.
    n, total : ndarray, shape (k,)
        Observations at each value, and the sum of their responses (0 or 1).
    span : float
        Share of the observations in each local fit.

    Raises
    ------
    ValueError
        When a local fit sees fewer than three distinct values.

    References
    ----------
    Cleveland and Grosse (1991), Stat Comput 1:47.
    """
    vertices = _vertices(x, n, span * _CELL)
    cumulative = np.concatenate([[0.0], np.cumsum(n)])
    nearest = np.floor(cumulative[-1] * span + 1e-5)
    windows = [_window(x, n, v, _reach(x, cumulative, v, nearest)) for v in vertices]
    blocks = [slice(i, i + _BLOCK) for i in range(0, x.size, _BLOCK)]
    parameters = np.asarray(sum(_operator(windows, x[b]) @ total[b] for b in blocks))
    curve = Loess(vertices, parameters, np.zeros((parameters.size, parameters.size)))
    covariance = np.asarray(
        sum(_spread(_operator(windows, x[b]), n[b], total[b], curve(x[b])) for b in blocks)
    )
    return Loess(vertices, parameters, covariance)


def _operator(windows: list[_Window], x: FloatArray) -> FloatArray:
    return np.concatenate([window.operator(x) for window in windows])


def _spread(
    operator: FloatArray, n: FloatArray, total: FloatArray, fitted: FloatArray
) -> FloatArray:
    squared = total * (1 - fitted) ** 2 + (n - total) * fitted**2
    return np.asarray((operator * squared) @ operator.T)


def _powers(d: FloatArray) -> FloatArray:
    return np.stack([np.ones_like(d), d, d * d])


def _tricube(d: FloatArray, bandwidth: float) -> FloatArray:
    return (1 - np.minimum(np.abs(d) / bandwidth, 1.0) ** 3) ** 3


def _window(x: FloatArray, n: FloatArray, centre: float, bandwidth: float) -> _Window:
    low, high = np.searchsorted(x, [centre - bandwidth, centre + bandwidth])
    near = x[low:high] - centre
    if np.count_nonzero(np.abs(near) < bandwidth) < 3:
        raise ValueError(
            f"loess must see 3 distinct values in every local fit; got fewer around {centre:.3g}. "
            "Use another method."
        )
    powers = _powers(near / bandwidth)
    weight = n[low:high] * _tricube(near, bandwidth)
    scale = bandwidth ** -np.arange(3.0)
    solve = np.linalg.inv((powers * weight) @ powers.T)[:2] * scale[:2, None] * scale
    return _Window(centre, bandwidth, solve)


def _reach(x: FloatArray, cumulative: FloatArray, centre: float, nearest: float) -> float:
    """Distance from ``centre`` to its ``nearest``-th nearest observation."""

    def within(distance: float) -> tuple[int, int]:
        low = np.searchsorted(x, centre - distance)
        high = np.searchsorted(x, centre + distance, side="right")
        return int(low), int(high)

    short = 0.0
    long = float(max(abs(centre - x[0]), abs(x[-1] - centre)))
    for _ in range(64):
        middle = (short + long) / 2
        low, high = within(middle)
        short, long = (
            (short, middle) if cumulative[high] - cumulative[low] >= nearest else (middle, long)
        )
    low, high = within(long)
    return float(max(centre - x[low], x[high - 1] - centre))


def _vertices(x: FloatArray, n: FloatArray, share: float) -> FloatArray:
    """Ends of the range and the cuts of the k-d tree: cells halve until they hold at most
    ``share`` of all.
    """
    cumulative = np.concatenate([[0.0], np.cumsum(n)])
    margin = 0.005 * max(float(np.ptp(x)), float(np.abs(x).max()) * 1e-3 + 1e-30)
    ends = (x[0] - margin, x[-1] + margin)
    cuts = _cuts(x, cumulative, (0, x.size), ends, np.floor(cumulative[-1] * share))
    return np.array(sorted({*ends, *cuts}))


def _cuts(
    x: FloatArray,
    cumulative: FloatArray,
    cell: tuple[int, int],
    ends: tuple[float, float],
    most: float,
) -> Iterator[float]:
    """Cut a cell at the value nearest its median observation, values staying whole, and each
    half again.
    """
    first, last = cell
    low = cumulative[first]
    high = cumulative[last]
    if high - low <= most:
        return
    cut = first + 1
    if last - first > 1:
        distance = np.abs(cumulative[first + 1 : last] - np.floor((low + 1 + high) / 2))
        cut = last - 1 - int(np.argmin(distance[::-1]))
    value = float(x[cut - 1])
    if value not in ends:
        yield value
        yield from _cuts(x, cumulative, (first, cut), (ends[0], value), most)
        yield from _cuts(x, cumulative, (cut, last), (value, ends[1]), most)


def _hermite_pieces(vertices: FloatArray, x: FloatArray) -> tuple[IntArray, list[FloatArray]]:
    """Vertex to the left of each x, and the coefficients of value, slope (left) and value, slope
    (right).
    """
    left = np.clip(np.searchsorted(vertices, x, side="right") - 1, 0, vertices.size - 2).astype(
        np.int64
    )
    width = np.diff(vertices)[left]
    h = (x - vertices[left]) / width
    g = 1 - h
    return left, [g * g * (1 + 2 * h), width * h * g * g, h * h * (3 - 2 * h), -width * h * h * g]


def _hermite(vertices: FloatArray, x: FloatArray) -> FloatArray:
    left, basis = _hermite_pieces(vertices, x)
    design = np.zeros((x.size, 2 * vertices.size))
    for j, column in enumerate(basis):
        design[np.arange(x.size), 2 * left + j] = column
    return design


def lowess(
    x: FloatArray, n: FloatArray, total: FloatArray, *, span: float = 2 / 3, step: float = 0.01
) -> tuple[FloatArray, FloatArray]:
    """Local linear regression as R's ``lowess(iter = 0)``: fitted at anchors, straight lines
    between them.

    Parameters
    ----------
    x, n, total : ndarray, shape (k,)
        As for :func:`fit_loess`.
    span : float
        Share of the observations in each local fit.
    step : float
        Largest distance between anchors as a share of the range.

    Returns
    -------
    anchors, fitted : ndarray, shape (m,)

    References
    ----------
    Cleveland (1979), JASA 74:829.
    """
    cumulative = np.concatenate([[0.0], np.cumsum(n)])
    nearest = max(np.floor(cumulative[-1] * span + 1e-7), 2.0)
    at = _anchors(x, step * float(x[-1] - x[0]))
    return x[at], np.array(
        [_local_line(x, n, total, i, _reach(x, cumulative, x[i], nearest)) for i in at]
    )


def _anchors(x: FloatArray, step: float) -> list[int]:
    """The first value, then always the last value within ``step`` of the one before, or the
    next.
    """
    at = [0]
    while at[-1] < x.size - 1:
        at.append(max(at[-1] + 1, int(np.searchsorted(x, x[at[-1]] + step, side="right")) - 1))
    return at


def _local_line(x: FloatArray, n: FloatArray, total: FloatArray, i: int, bandwidth: float) -> float:
    """The weighted line through the neighbours of x[i], or their mean where they hardly differ."""
    if bandwidth <= 0:
        return float(total[i] / n[i])
    low, high = np.searchsorted(x, [x[i] - bandwidth, x[i] + bandwidth])
    near = x[low : high + 1]
    d = near - x[i]
    weight = np.where(
        np.abs(d) <= 0.999 * bandwidth,
        np.where(np.abs(d) <= 0.001 * bandwidth, 1, _tricube(d, bandwidth)),
        0,
    )
    count = n[low : high + 1] * weight
    mean = count @ near / count.sum()
    spread = count @ (near - mean) ** 2 / count.sum()
    if np.sqrt(spread) > 0.001 * (x[-1] - x[0]):
        weight = weight * (1 + (x[i] - mean) * (near - mean) / spread)
    return float(weight @ total[low : high + 1] / count.sum())
