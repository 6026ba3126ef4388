"""Bootstrap resamples of patients, as counts."""

from __future__ import annotations

import numpy as np

from .checks import FloatArray

_FEW = 12  # up to so many patients in a cell it is faster to draw them one by one


def resample_counts(counts: FloatArray, rng: np.random.Generator) -> FloatArray:
    """How often each cell of identical patients occurs in a resample of as many patients, with replacement.

    The counts are multinomial. Large cells get theirs by binomial draws, the patients of small cells by drawing them,
    which has the same distribution.

    Parameters
    ----------
    counts : ndarray, shape (cells,)
        Patients in each cell; one rounded sum of them is drawn.
    rng : Generator

    Returns
    -------
    ndarray, shape (cells,)

    Examples
    --------
    >>> resample_counts(np.array([1.0, 2.0, 97.0]), np.random.default_rng(1)).sum()
    np.float64(100.0)
    """
    small = (counts <= _FEW) & (counts == np.floor(counts))
    patients = np.repeat(np.flatnonzero(small), counts[small].astype(np.int64))
    among = rng.multinomial(round(counts.sum()), np.append(counts[~small], patients.size) / counts.sum())
    drawn = np.zeros(counts.size)
    if patients.size:
        chosen = patients[rng.integers(patients.size, size=among[-1], dtype=np.int32)]
        drawn += np.bincount(chosen, minlength=counts.size)
    drawn[~small] = among[:-1]
    return drawn
