"""Bootstrap resamples of patients, as counts."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from .checks import FloatArray

_FEW = 12  # up to so many patients in a cell it is faster to draw them one by one


def resamples(
    counts: FloatArray, n_resamples: int, rng: np.random.Generator
) -> Iterator[FloatArray]:
    """How often each cell of identical patients occurs in resamples of as many patients, with
    replacement.

    The counts are multinomial. Large cells get theirs by binomial draws, the patients of small
    cells by drawing them, which has the same distribution.

    Parameters
    ----------
    counts : ndarray, shape (cells,)
        Patients in each cell; as many as their sum, a whole number, are drawn.
    n_resamples : int
    rng : Generator

    Yields
    ------
    ndarray, shape (cells,)

    Examples
    --------
    >>> [
    ...     drawn.sum()
    ...     for drawn in resamples(np.array([1.0, 2.0, 97.0]), 2, np.random.default_rng(1))
    ... ]
    [np.float64(100.0), np.float64(100.0)]
    """
    if abs(counts.sum() - round(counts.sum())) > 1e-6:
        raise ValueError(
            "sample_weight must add up to a whole number of patients to be resampled; got "
            f"{counts.sum():.10g}. It is the number of identical patients: pass whole numbers, or "
            "ask for limits by formula."
        )
    small = (counts <= _FEW) & (counts == np.floor(counts))
    large = np.flatnonzero(~small)
    patients = np.repeat(np.flatnonzero(small), counts[small].astype(np.int64))
    total = round(counts.sum())
    shares = np.append(counts[large], patients.size) / counts.sum()
    for _ in range(n_resamples):
        among = rng.multinomial(total, shares)
        drawn = np.zeros(counts.size)
        if patients.size:
            chosen = patients[rng.integers(patients.size, size=among[-1], dtype=np.int32)]
            drawn += np.bincount(chosen, minlength=counts.size)
        drawn[large] = among[:-1]
        yield drawn
