"""Simulation-based calibration: does a model know its own doubt?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import jax.numpy as jnp
import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats
from sklearn.base import clone

from ...numerics.checks import FloatArray, as_generator, check_kind, check_resamples
from ...numerics.intervals import percentile_limits
from ...numerics.sampling.laplace import evaluate
from ...results.estimate import Estimate
from ...results.in_words import sentence
from ...results.notebook import as_html
from .density import linear_predictor, log_likelihood, log_outcome
from .model import BayesianLogisticModel
from .prior import TermPrior
from .sampling import draw_many, posterior_data, prior_parameters

_WARMUP = 200
_THIN = 3
_BINS = 10
LEVEL = 0.9
"""Level of the credible intervals whose coverage is counted."""


@dataclass(frozen=True, eq=False, kw_only=True)
class SimulationBasedCalibration:
    """Ranks of true values among posterior draws, over cohorts drawn from the prior.

    Attributes
    ----------
    quantities : tuple of str
        Parameters, the risks of three patients, and the log likelihood.
    ranks : ndarray of int, shape (simulations, quantities)
        Draws below the true value, 0 to ``n_draws``; uniform when the posterior is right.
    n_draws : int
    covered : ndarray, shape (simulations,)
        Share of a cohort's patients whose true risk lies in its 90 % credible interval.

    Notes
    -----
    Uniformity is tested by chi-squared on ten bins and by the largest gap of the cumulative
    distribution. References: Talts et al. (2018), arXiv:1804.06788. Modrák et al. (2023), Bayesian
    Anal 20:461.
    """

    quantities: tuple[str, ...]
    ranks: npt.NDArray[np.int64]
    n_draws: int
    covered: FloatArray

    __repr__ = sentence

    @property
    def p_value(self) -> float:
        """Smallest p-value of both tests over all quantities, times the number of tests
        (Bonferroni), at most 1.
        """
        table = self.to_frame()[["p_chi_squared", "p_ecdf"]]
        return float(min(1.0, table.to_numpy().min() * table.size))

    @property
    def coverage(self) -> Estimate:
        """Mean share covered by 90 % credible intervals, plus and minus three Monte Carlo errors
        over cohorts.
        """
        mean = float(self.covered.mean())
        error = float(self.covered.std(ddof=1) / np.sqrt(self.covered.size))
        return Estimate(
            mean, mean - 3 * error, mean + 3 * error, level=0.9973, method="normal, over cohorts"
        )

    def to_frame(self) -> pd.DataFrame:
        """One row per quantity: mean rank as a share of ``n_draws``, and p-values of uniformity."""
        share = (self.ranks + 0.5) / (self.n_draws + 1)
        table = {"mean_rank": share.mean(axis=0)}
        table["p_chi_squared"] = np.array([_chi_squared(column) for column in share.T])
        table["p_ecdf"] = np.array([stats.kstest(column, "uniform").pvalue for column in share.T])
        return pd.DataFrame(table, index=pd.Index(self.quantities, name="quantity"))

    def _repr_html_(self) -> str:
        return as_html(f"{len(self.ranks)} simulations", self.to_frame())


def _chi_squared(share: FloatArray) -> float:
    counts = np.bincount((share * _BINS).astype(np.int64), minlength=_BINS)
    return float(stats.chisquare(counts).pvalue)


def simulation_based_calibration(
    model: BayesianLogisticModel,
    X: Any,
    *,
    n_simulations: int = 100,
    n_draws: int = 99,
    assumed: BayesianLogisticModel | None = None,
    rng: int | np.random.SeedSequence | np.random.Generator | None = None,
) -> SimulationBasedCalibration:
    """Draw parameters from the prior and outcomes for the patients given, fit, and rank the truth
    among the draws.

    Parameters
    ----------
    model : BayesianLogisticModel
        Not fitted; its prior, sites and outcome model generate the cohorts.
    X : DataFrame or array, shape (n, columns)
        Patients of every cohort.
    n_simulations : int
        Cohorts drawn from the prior.
    n_draws : int
        Posterior draws per cohort, thinned to be nearly independent.
    assumed : BayesianLogisticModel, optional
        What is fitted; the model itself when None. Another one shows what the check can see.
    rng : int, SeedSequence or Generator
        Source of the draws; the same one gives the same draws.

    Returns
    -------
    SimulationBasedCalibration

    Examples
    --------
    >>> X = pd.DataFrame({"night_pain": [0] * 60 + [1] * 40})
    >>> simulation_based_calibration(
    ...     BayesianLogisticModel(), X, n_simulations=20, n_draws=19, rng=1
    ... ).ranks.shape
    (20, 6)
    """
    unfitted = "Pass an unfitted model."
    check_kind("model", model, BayesianLogisticModel, unfitted)
    if assumed is not None:
        check_kind("assumed", assumed, BayesianLogisticModel, unfitted)
    check_resamples("n_simulations", n_simulations, 1)
    check_resamples("n_draws", n_draws, 1)
    generator = as_generator(rng)
    data, prior = _prepared(model, X)
    fitted_data, fitted_prior = _prepared(model if assumed is None else assumed, X)
    truth = prior_parameters(data, prior, n_simulations, generator)
    probability = np.minimum(np.exp(evaluate(log_outcome, truth, data)[0]), 1.0)
    events = generator.binomial(data["n"].astype(np.int64), probability).astype(np.float64)
    seed = np.random.SeedSequence(int(generator.integers(2**63)))
    drawn = draw_many(
        fitted_data, fitted_prior, events, seed=seed, draws=n_draws * _THIN, warmup=_WARMUP
    )
    data["patients"] = _three_patients(data, prior)
    compared = [
        _compared(data | {"events": e}, t, d) for e, t, d in zip(events, truth, drawn, strict=True)
    ]
    ranks, covered = zip(*compared, strict=True)
    return SimulationBasedCalibration(
        quantities=_names(data, prior.terms),
        ranks=np.array(ranks),
        n_draws=n_draws,
        covered=np.array(covered),
    )


def _prepared(model: BayesianLogisticModel, X: Any) -> tuple[dict[str, Any], TermPrior]:
    """What the density needs for all patients of one model, outcomes not known yet."""
    counts, prior, outcome = clone(model).before_outcomes(X)
    return posterior_data(counts, prior, outcome), prior


def _three_patients(data: dict[str, Any], prior: TermPrior) -> npt.NDArray[np.int64]:
    """Patterns of a patient of low, of middle and of high risk as the prior sees them."""
    present = np.flatnonzero(data["n"])
    order = present[np.argsort(data["X"][present] @ prior.mean[1:], kind="stable")]
    upto = np.cumsum(data["n"][order]) / data["n"].sum()
    return order[np.searchsorted(upto, [0.05, 0.5, 0.95])]


def _names(data: dict[str, Any], terms: tuple[str, ...]) -> tuple[str, ...]:
    spread = [f"SD between sites: {term}" for term in terms] if "site" in data else []
    return (*terms, *spread, "low risk", "middle risk", "high risk", "log likelihood")


def _quantities(theta: Any, data: Any) -> Any:
    """Parameters, log odds of three patients and log likelihood: what is ranked, up to
    increasing functions.
    """
    size = data["prior_mean"].size
    spread = jnp.abs(theta[size : 2 * size]) if "site" in data else theta[:0]
    risks = linear_predictor(theta, data)[data["patients"]]
    return jnp.concatenate([theta[:size], spread, risks, log_likelihood(theta, data)[None]])


def _compared(
    data: dict[str, Any], truth: FloatArray, drawn: FloatArray
) -> tuple[npt.NDArray[np.int64], float]:
    """Ranks of the true quantities of one cohort, and the share of its patients whose interval
    covers the truth.
    """
    ranked = evaluate(_quantities, np.vstack([truth, drawn[::_THIN]]), data)
    odds = evaluate(linear_predictor, np.vstack([truth, drawn]), data)
    low, high = percentile_limits(odds[1:], LEVEL)
    inside = (low <= odds[0]) & (odds[0] <= high)
    return (ranked[1:] < ranked[0]).sum(axis=0), float(inside @ data["n"] / data["n"].sum())
