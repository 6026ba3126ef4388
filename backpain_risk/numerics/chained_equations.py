"""Multiple imputation of a table by chained equations."""

from __future__ import annotations

import numpy as np
import pandas as pd

from .checks import BoolArray, FloatArray
from .one_of_others import fit_number, fit_two_levels, probability, standardisation_of
from .patterns import distinct_rows, sum_by

_BURN_IN = 5  # as in R's mice
_BETWEEN = 2  # sweeps from one completed table to the next
_DONORS = 5  # as in R's mice
# predictions nearer than this share of their SD are equal: rounding must not choose the donors
_TIED = 1e-9


def complete(
    table: pd.DataFrame, n_imputations: int, rng: np.random.Generator
) -> list[pd.DataFrame]:
    """Complete a table of numbers several times, each time with other plausible values.

    Each column is modelled by all others as main effects, with coefficients drawn anew each time: a
    column of two levels by logistic regression, from which its values are drawn; any other by
    linear regression, whose predictions find five donors with observed values (predictive mean
    matching), at random among patients as near as each other. Columns without variation cannot help
    and are not used.

    Parameters
    ----------
    table : DataFrame, shape (n, columns)
        Floats with NaN where missing; every column holds some values.
    n_imputations : int
    rng : Generator

    Returns
    -------
    list of DataFrame
        Complete tables with the index and the varying columns of ``table``.

    References
    ----------
    van Buuren (2018), Flexible Imputation of Missing Data. White, Royston, Wood (2011), Stat Med
    30:377.
    """
    varying = table.loc[:, table.nunique() > 1]
    values = varying.to_numpy(dtype=np.float64, copy=True)
    missing = np.isnan(values)
    _start(values, missing, rng)
    incomplete = [
        int(j) for j in np.argsort(missing.sum(axis=0), kind="stable") if missing[:, j].any()
    ]
    completed = []
    for sweeps in [_BURN_IN + _BETWEEN] + [_BETWEEN] * (n_imputations - 1):
        for j in incomplete * sweeps:
            values[missing[:, j], j] = _drawn(
                np.delete(values, j, axis=1), values[:, j], missing[:, j], rng
            )
        completed.append(pd.DataFrame(values.copy(), index=varying.index, columns=varying.columns))
    return completed


def _start(values: FloatArray, missing: BoolArray, rng: np.random.Generator) -> None:
    """Fill each column with observed values at random."""
    for column, gone in zip(values.T, missing.T, strict=True):
        column[gone] = rng.choice(column[~gone], int(gone.sum()))


def _drawn(
    others: FloatArray, column: FloatArray, missing: BoolArray, rng: np.random.Generator
) -> FloatArray:
    """Values for the patients who miss them, given the other columns (n, p)."""
    inverse, first = distinct_rows(list(others.T))
    known = inverse[~missing]
    observed = column[~missing]
    n = sum_by(known, np.ones(known.size), first.size)
    design = standardisation_of(others[first], n).design(others[first])
    levels = np.unique(observed)
    if levels.size == 2:
        events = sum_by(known, (observed == levels[1]).astype(np.float64), first.size)
        risk = probability(design, fit_two_levels(design, events, n).draw(rng))
        return np.where(
            rng.random(int(missing.sum())) < risk[inverse[missing]], levels[1], levels[0]
        )
    fit = fit_number(design, sum_by(known, observed, first.size), float(observed @ observed), n)
    return _matched(
        (design @ fit.mode)[known], observed, (design @ fit.draw(rng))[inverse[missing]], rng
    )


def _matched(
    donors: FloatArray, observed: FloatArray, wanted: FloatArray, rng: np.random.Generator
) -> FloatArray:
    """For each wanted prediction the observed value of one of the nearest donors, (wanted,).

    The rank of the donor is drawn first; among all patients who share that rank, any is as likely
    as any other.
    """
    unit = _TIED * (float(np.std(donors)) or 1.0)
    keys, group, count = np.unique(np.round(donors / unit), return_inverse=True, return_counts=True)
    members = observed[np.argsort(group, kind="stable")]
    target = np.round(wanted / unit) + rng.choice(
        [-0.25, 0.25], wanted.size
    )  # of two sides as near, either
    near = np.searchsorted(keys, target)[:, None] + np.arange(-_DONORS, _DONORS)
    inside = (near >= 0) & (near < keys.size)
    near = np.clip(near, 0, keys.size - 1)
    distance = np.where(inside, np.abs(keys[near] - target[:, None]), np.inf)
    near = np.take_along_axis(near, np.argsort(distance, axis=1), axis=1)
    upto = np.cumsum(np.where(np.sort(distance, axis=1) < np.inf, count[near], 0), axis=1)
    rank = rng.integers(0, np.minimum(_DONORS, upto[:, -1]))
    chosen = np.take_along_axis(near, np.argmax(upto > rank[:, None], axis=1)[:, None], axis=1)[
        :, 0
    ]
    place = np.cumsum(count)[chosen] - 1 - rng.integers(0, count[chosen])
    return np.asarray(members[place])
