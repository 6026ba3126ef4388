"""Bayesian logistic regression by NUTS on covariate patterns."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any, Self

import arviz_base
import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import linalg
from scipy.special import expit

from ..numerics.checks import FloatArray, check_choice
from ..numerics.diagnostics import Diagnostics, SamplingWarning, diagnose
from ..numerics.newton import LogisticObjective, Terms, covariance, maximise
from ..numerics.nuts import Draws, padded, sample
from ..numerics.patterns import collapse, distinct_rows
from .classifier import RiskClassifier
from .design import Column, learn_design, with_constant
from .prior import WEAK, Prior

WARMUP = 500


def log_posterior(parameters: Any, data: Any) -> Any:
    """Log likelihood of the pattern counts plus the normal log prior, up to a constant."""
    X, events, n, prior_mean, prior_root = data
    eta = X @ parameters
    return jnp.sum(events * eta - n * jax.nn.softplus(eta)) - 0.5 * jnp.sum(
        (prior_root @ (parameters - prior_mean)) ** 2
    )


class BayesianLogisticModel(RiskClassifier):
    """Logistic regression with a named prior; the risk is the posterior mean.

    Parameters
    ----------
    prior : "weak" or Prior
        Printed by ``summary()``; see :class:`Prior`.
    splines : mapping of column (name or position) to number of knots, optional
    draws : int
        Draws per chain after warm-up.
    chains : int
    random_state : int or None
        Seed; None draws one.

    Attributes
    ----------
    posterior_ : DataTree
        Groups ``posterior`` (intercept, coefficient) and ``sample_stats``.
    diagnostics_ : Diagnostics
        R-hat, effective sample sizes, divergences, E-BFMI; one warning when any fails.

    Notes
    -----
    The likelihood is that of the pattern counts, so the time does not grow with patients. Works with separated data and
    without any event: the prior keeps every coefficient proper.
    """

    def __init__(
        self,
        prior: str | Prior = "weak",
        splines: Mapping[Column, int] | None = None,
        draws: int = 1000,
        chains: int = 4,
        random_state: int | None = None,
    ) -> None:
        self.prior = prior
        self.splines = splines
        self.draws = draws
        self.chains = chains
        self.random_state = random_state

    def fit(self, X: Any, y: Any, sample_weight: npt.ArrayLike | None = None) -> Self:
        """Draw from the posterior.

        Parameters
        ----------
        X : DataFrame or array, shape (n, columns)
        y : array, shape (n,)
            Two labels, the event the larger; 0/1 may hold one class only.
        sample_weight : array, shape (n,), optional
            Number of identical patients.
        """
        predictors = self._read_predictors(X, reset=True)
        outcome = self._read_outcome(y, len(predictors))
        weight = self._read_weight(sample_weight, outcome.size)
        columns = tuple(map(str, getattr(self, "feature_names_in_", [f"x{j}" for j in range(predictors.shape[1])])))
        self.design_ = learn_design(predictors, weight, columns, self.splines, ())
        patterns = collapse(predictors, outcome, weight)
        keep = patterns.n > 0
        design = with_constant(self.design_.matrix(patterns.X[keep]))
        self.terms_ = ("intercept", *self.design_.terms)
        self.prior_ = _named(self.prior)
        self.prior_mean_, self.prior_covariance_ = self.prior_.moments(self.terms_, *_scales(design, patterns.n[keep]))
        drawn = self._sample(design, patterns.events[keep], patterns.n[keep])
        self._keep(drawn)
        return self

    def risk_draws(self, X: Any, n_draws: int | None = None) -> FloatArray:
        """Draws of the risk of each patient, shape (draws, n); evenly thinned to ``n_draws`` when given."""
        coefficient = self._coefficient_draws(n_draws)
        predictors = self._read_predictors(X, reset=False)
        return np.asarray(expit(coefficient @ with_constant(self.design_.matrix(predictors)).T))

    def summary(self) -> pd.DataFrame:
        """Posterior mean, SD and 95 % credible limits per term, prior mean and SD, R-hat and effective sample sizes."""
        draws = self._coefficient_draws(None)
        low, high = np.quantile(draws, [0.025, 0.975], axis=0)
        table = pd.DataFrame(
            {
                "mean": draws.mean(axis=0),
                "sd": draws.std(axis=0, ddof=1),
                "low": low,
                "high": high,
                "prior_mean": self.prior_mean_,
                "prior_sd": np.sqrt(np.diagonal(self.prior_covariance_)),
            },
            index=pd.Index(self.terms_, name="term"),
        )
        return table.join(self.diagnostics_.by_term)

    def _risk(self, X: FloatArray) -> FloatArray:
        """Posterior mean risk, computed once per distinct row and in pieces that stay in memory."""
        inverse, first = distinct_rows(list(X.T))
        design = with_constant(self.design_.matrix(X[first]))
        coefficient = self._coefficient_draws(None)
        size = max(1, 4_000_000 // len(coefficient))
        parts = [expit(design[i : i + size] @ coefficient.T).mean(axis=1) for i in range(0, len(design), size)]
        return np.asarray(np.concatenate(parts)[inverse])

    def _coefficient_draws(self, n_draws: int | None) -> FloatArray:
        drawn = self.coefficient_draws_.reshape(-1, len(self.terms_))
        if n_draws is None:
            return drawn
        if not 1 <= n_draws <= len(drawn):
            raise ValueError(f"n_draws must be 1 to {len(drawn)}; got {n_draws}. Fit with more draws for more.")
        return drawn[np.linspace(0, len(drawn) - 1, n_draws).round().astype(int)]

    def _sample(self, design: FloatArray, events: FloatArray, n: FloatArray) -> Draws:
        root = linalg.inv(linalg.cholesky(self.prior_covariance_, lower=True))
        mode, matrix = _laplace(LogisticObjective(design, events, n, np.zeros(len(n))), self.prior_mean_, root)
        extra = padded(len(design)) - len(design)
        data = (
            np.pad(design, ((0, extra), (0, 0))),
            np.pad(events, (0, extra)),
            np.pad(n, (0, extra)),
            self.prior_mean_,
            root,
        )
        return sample(
            log_posterior,
            data,
            mode,
            linalg.cholesky(matrix, lower=True),
            seed=np.random.SeedSequence(self.random_state),
            chains=self.chains,
            draws=self.draws,
            warmup=WARMUP,
        )

    def _keep(self, drawn: Draws) -> None:
        self.coefficient_draws_ = drawn.parameters
        self.posterior_ = arviz_base.from_dict(
            {
                "posterior": {"intercept": drawn.parameters[:, :, 0], "coefficient": drawn.parameters[:, :, 1:]},
                "sample_stats": {"diverging": drawn.diverging, "energy": drawn.energy},
            },
            coords={"term": list(self.terms_[1:])},
            dims={"coefficient": ["term"]},
        )
        self.diagnostics_: Diagnostics = diagnose(drawn, self.terms_)
        if self.diagnostics_.problems:
            warnings.warn(f"sampling: {'; '.join(self.diagnostics_.problems)}.", SamplingWarning, stacklevel=3)


def _named(prior: str | Prior) -> Prior:
    if isinstance(prior, Prior):
        return prior
    check_choice("prior", prior, ("weak",))
    return WEAK


def _scales(design: FloatArray, n: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Mean and SD of each term over patients; 0 and 1 for terms with at most two distinct values."""
    terms, weight = design[:, 1:], n / n.sum()
    centre = weight @ terms
    scale = np.sqrt(weight @ (terms - centre) ** 2)
    few = np.array([np.unique(column).size <= 2 for column in terms.T], dtype=bool)
    plain = few | (scale == 0)
    return np.where(plain, 0.0, centre), np.where(plain, 1.0, scale)


def _laplace(objective: LogisticObjective, mean: FloatArray, root: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Posterior mode and the inverse of its information."""
    precision = root.T @ root

    def posterior(beta: FloatArray) -> Terms:
        likelihood, gap = objective(beta), beta - mean
        return Terms(
            likelihood.value - 0.5 * float(gap @ precision @ gap),
            likelihood.gradient - precision @ gap,
            likelihood.information + precision,
        )

    maximum = maximise(posterior, mean)
    return maximum.parameters, covariance(maximum.terms.information)
