"""Posterior draws of the Bayesian logistic model, and the risks they give."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import expit

from ...numerics.checks import FloatArray
from ...results.in_words import sentence

IntArray = npt.NDArray[np.int64]
_BLOCK = 4_000_000  # risks held in memory at a time


@dataclass(frozen=True, eq=False, kw_only=True)
class DistinctRows:
    """Distinct rows of predictors.

    Attributes
    ----------
    design : ndarray, shape (m, 1 + p)
        Terms, the constant first.
    site : ndarray of int, shape (m,)
        Position of the site, -1 for one not seen before; 0 without groups.
    n : ndarray, shape (m,)
        Patients of each.
    first : ndarray of int, shape (m,)
        A patient of each.
    pattern : ndarray of int, shape (n,)
        Which of the rows each patient is.
    """

    design: FloatArray
    site: IntArray
    n: FloatArray
    first: IntArray
    pattern: IntArray

    __repr__ = sentence


@dataclass(frozen=True, eq=False, kw_only=True)
class Posterior:
    """Draws of everything a fitted model knows.

    Attributes
    ----------
    terms : tuple of str
        ``"intercept"`` first.
    coefficient : ndarray, shape (chains, draws, 1 + p)
    sites : tuple of str
        Empty without groups.
    site_sd : ndarray, shape (chains, draws, 1 + p)
        SDs between sites; last axis empty without groups.
    site_effect : ndarray, shape (chains, draws, sites + 1, 1 + p)
        What each site adds to the coefficients; the last is a site not seen before.
    accuracy : ndarray, shape (chains, draws, 2)
        Sensitivity and specificity of the reference standard; last axis empty where they are not
        estimated.
    """

    terms: tuple[str, ...]
    coefficient: FloatArray
    sites: tuple[str, ...]
    site_sd: FloatArray
    site_effect: FloatArray
    accuracy: FloatArray

    __repr__ = sentence

    @property
    def n_draws(self) -> int:
        """Draws of all chains."""
        return self.coefficient.shape[0] * self.coefficient.shape[1]

    @property
    def parameters(self) -> FloatArray:
        """All that is reported, side by side, (chains, draws, parameters); see :attr:`names`."""
        shape = (*self.coefficient.shape[:2], -1)
        seen = self.site_effect[:, :, : len(self.sites)].reshape(shape)
        return np.concatenate([self.coefficient, self.site_sd, self.accuracy, seen], axis=2)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the parameters, terms first."""
        spread = [f"SD between sites: {term}" for term in self.terms] if self.sites else []
        accuracy = ["reference sensitivity", "reference specificity"][: self.accuracy.shape[2]]
        own = [f"{site}: {term}" for site in self.sites for term in self.terms]
        return (*self.terms, *spread, *accuracy, *own)

    def at_site(self, site: int, draws: slice | IntArray = slice(None)) -> FloatArray:
        """Coefficients at one site, -1 for one not seen before, (draws, 1 + p); the average ones
        without groups.
        """
        coefficient = self.coefficient.reshape(-1, len(self.terms))[draws]
        if not self.sites:
            return coefficient
        return coefficient + self.site_effect[:, :, site].reshape(-1, len(self.terms))[draws]

    def risk(
        self, design: FloatArray, site: IntArray, draws: slice | IntArray = slice(None)
    ) -> FloatArray:
        """Risk of each row of a design with constant, (draws, n)."""
        risk = np.empty((len(self.at_site(-1, draws)), len(design)))
        for one in np.unique(site):
            rows = site == one
            risk[:, rows] = expit(self.at_site(int(one), draws) @ design[rows].T)
        return risk

    def risk_in_blocks(self, rows: DistinctRows) -> Iterator[tuple[slice, FloatArray]]:
        """Positions of distinct rows and their risks (draws, rows), few enough at a time to stay
        in memory.
        """
        size = max(1, _BLOCK // self.n_draws)
        for start in range(0, len(rows.design), size):
            block = slice(start, start + size)
            yield block, self.risk(rows.design[block], rows.site[block])

    def thinned(self, n_draws: int | None) -> slice | IntArray:
        """Positions of ``n_draws`` evenly spaced draws; all when None."""
        if n_draws is None:
            return slice(None)
        if not 1 <= n_draws <= self.n_draws:
            raise ValueError(
                f"n_draws must be 1 to {self.n_draws}; got {n_draws}. Fit with more draws for more."
            )
        return np.linspace(0, self.n_draws - 1, n_draws).round().astype(np.int64)
