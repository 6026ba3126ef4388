"""From counts and a prior to posterior draws: by the no-U-turn sampler, or by
importance-weighted normal draws.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import linalg
from scipy.special import expit, logit

from ...numerics.checks import FloatArray
from ...numerics.sampling.diagnostics import (
    Diagnostics,
    ImportanceDiagnostics,
    diagnose,
    diagnose_importance,
)
from ...numerics.sampling.laplace import (
    ImportanceDraws,
    NormalApproximation,
    approximate,
    evaluate,
    importance_sample,
)
from ...numerics.sampling.nuts import Draws, padded, sample, sample_many
from ...results.in_words import sentence
from .density import SITE_SD, log_likelihood, log_outcome, log_posterior, log_prior
from .posterior import IntArray, Posterior
from .prior import TermPrior

WARMUP = 500
PRIOR_DRAWS = 1000
ACCEPTANCE = {False: 0.9, True: 0.98}  # by whether there are sites: their SDs need shorter steps


@dataclass(frozen=True, eq=False, kw_only=True)
class PatternCounts:
    """Covariate patterns with counts.

    ``design`` (m, 1 + p) has the constant first; ``site`` (m,) is the position of each pattern's
    site in ``sites``, which is empty without groups.
    """

    design: FloatArray
    events: FloatArray
    n: FloatArray
    site: IntArray
    sites: tuple[str, ...]

    __repr__ = sentence


@dataclass(frozen=True, eq=False, kw_only=True)
class Sampling:
    """How to draw: ``method`` is "nuts" or "laplace"."""

    method: str
    chains: int
    draws: int
    seed: np.random.SeedSequence
    progress: bool


@dataclass(frozen=True, eq=False, kw_only=True)
class BayesianFit:
    """A posterior with what it was drawn from.

    ``parameters`` (chains, draws, size) are those of the density, see :mod:`.bayesian_density`; its
    ``data`` are padded beyond ``n_patterns``; ``drawn`` is what the method said of its draws.
    ``prior`` holds as many draws of the prior.
    """

    data: dict[str, npt.NDArray[Any]]
    n_patterns: int
    parameters: FloatArray
    posterior: Posterior
    prior: Posterior
    drawn: Draws | ImportanceDraws

    @property
    def statistics(self) -> dict[str, npt.NDArray[Any]]:
        """What the sampler recorded of each draw, (chains, draws) each; nothing for the
        approximation.
        """
        if not isinstance(self.drawn, Draws):
            return {}
        return {"diverging": self.drawn.diverging, "energy": self.drawn.energy}

    def diagnostics(self) -> Diagnostics | ImportanceDiagnostics:
        """Whether the draws deserve trust."""
        if isinstance(self.drawn, Draws):
            reported = replace(self.drawn, parameters=self.posterior.parameters)
            return diagnose(reported, self.posterior.names)
        return diagnose_importance(self.drawn, self.posterior.names)

    def log_prior(self) -> FloatArray:
        """Log prior density of each draw, (chains, draws)."""
        return self._of_each_draw(log_prior)

    def log_likelihood(self) -> FloatArray:
        """Log likelihood of each draw, (chains, draws)."""
        return self._of_each_draw(log_likelihood)

    def log_outcome(self, parameters: FloatArray, patterns: slice) -> tuple[FloatArray, FloatArray]:
        """Log P(event) and log P(none) of some patterns at each of the parameters, (draws,
        patterns) twice.
        """
        some = {
            key: value[patterns] if key in _BY_PATTERN else value
            for key, value in self.data.items()
        }
        with_event, without = evaluate(log_outcome, parameters, some)
        return with_event, without

    def _of_each_draw(self, function: Any) -> FloatArray:
        flat = self.parameters.reshape(-1, self.parameters.shape[2])
        return np.asarray(evaluate(function, flat, self.data)).reshape(self.parameters.shape[:2])


_BY_PATTERN = ("X", "events", "n", "site")


def said_of(drawn: Draws | ImportanceDraws) -> dict[str, Any]:
    """What a method said of its draws, without the draws."""
    if isinstance(drawn, Draws):
        return {"diverging": drawn.diverging, "energy": drawn.energy}
    return {"pareto_k": float(drawn.pareto_k), "effective": float(drawn.effective)}


def drawn_from(parameters: FloatArray, said: dict[str, Any]) -> Draws | ImportanceDraws:
    """Draws (chains, draws, size) with what was said of them, as :func:`said_of` tells it."""
    if "energy" in said:
        return Draws(parameters=parameters, **said)
    return ImportanceDraws(parameters=parameters.reshape(-1, parameters.shape[2]), **said)


def fit_posterior(
    counts: PatternCounts, prior: TermPrior, outcome: dict[str, FloatArray], sampling: Sampling
) -> BayesianFit:
    """Draw from the posterior of a model; ``outcome`` holds the density's entries for imperfect
    outcomes.
    """
    data = posterior_data(counts, prior, outcome)
    chain_seed, *seeds = sampling.seed.spawn(3)
    normal = approximate(log_posterior, data, starting_point(data, prior))
    drawn = _DRAW[sampling.method](data, normal, chain_seed, sampling)
    shape = (sampling.chains, sampling.draws, -1)
    (new_site, prior_rng) = map(np.random.default_rng, seeds)
    before = prior_parameters(data, prior, PRIOR_DRAWS, prior_rng)[None]
    after = drawn.parameters.reshape(shape)
    return BayesianFit(
        data=data,
        n_patterns=len(counts.n),
        parameters=after,
        posterior=_reported(after, data, counts.sites, prior.terms, new_site),
        prior=_reported(before, data, counts.sites, prior.terms, prior_rng),
        drawn=drawn,
    )


def draw_many(
    data: dict[str, Any],
    prior: TermPrior,
    events: FloatArray,
    *,
    seed: np.random.SeedSequence,
    draws: int,
    warmup: int,
) -> FloatArray:
    """One chain for each of many outcomes (cohorts, patterns) of the same patients: parameters
    (cohorts, draws, p).
    """
    start = starting_point(data, prior)
    each = [data | {"events": one} for one in events]
    normals = [approximate(log_posterior, one, start) for one in each]
    stacked = {key: np.stack([one[key] for one in each]) for key in data}
    modes = np.stack([normal.mode for normal in normals])
    factors = np.stack([linalg.cholesky(normal.covariance, lower=True) for normal in normals])
    return sample_many(
        log_posterior, stacked, modes, factors, seed=seed, draws=draws, warmup=warmup
    ).parameters


def _by_nuts(
    data: Any, normal: NormalApproximation, seed: np.random.SeedSequence, sampling: Sampling
) -> Draws:
    return sample(
        log_posterior,
        data,
        normal.mode,
        linalg.cholesky(normal.covariance, lower=True),
        seed=seed,
        chains=sampling.chains,
        draws=sampling.draws,
        warmup=WARMUP,
        target_acceptance=ACCEPTANCE["site" in data],
        progress=sampling.progress,
    )


def _by_importance(
    data: Any, normal: NormalApproximation, seed: np.random.SeedSequence, sampling: Sampling
) -> ImportanceDraws:
    return importance_sample(
        log_posterior, data, normal, seed=seed, draws=sampling.chains * sampling.draws
    )


_DRAW: dict[str, Callable[..., Draws | ImportanceDraws]] = {
    "nuts": _by_nuts,
    "laplace": _by_importance,
}
METHODS = tuple(_DRAW)


def posterior_data(
    counts: PatternCounts, prior: TermPrior, outcome: dict[str, FloatArray]
) -> dict[str, Any]:
    """What the density needs, patterns padded with empty ones so that few shapes are ever
    compiled.
    """
    extra = padded(len(counts.n)) - len(counts.n)
    data = {
        "X": np.pad(counts.design[:, 1:], ((0, extra), (0, 0))),
        "events": np.pad(counts.events, (0, extra)),
        "n": np.pad(counts.n, (0, extra)),
        "prior_mean": prior.mean,
        "prior_root": prior.root,
        **_padded_reference(prior),
    }
    if counts.sites:
        data |= {"site": np.pad(counts.site, (0, extra)), "sites": np.zeros(len(counts.sites))}
    return data | outcome


def _padded_reference(prior: TermPrior) -> dict[str, FloatArray]:
    extra = padded(len(prior.weight)) - len(prior.weight)
    with np.errstate(divide="ignore"):
        log_weight = np.log(np.pad(prior.weight, (0, extra)))
    return {"reference": np.pad(prior.reference, ((0, extra), (0, 0))), "log_weight": log_weight}


def starting_point(data: dict[str, Any], prior: TermPrior) -> FloatArray:
    """The prior's centre: where the search for the mode begins."""
    parts = [prior.coefficients(prior.mean[None])[0]]
    if "site" in data:
        size = len(prior.terms)
        parts += [np.ones(size), np.zeros(size * data["sites"].size)]
    if "error_counts" in data:
        a, b, c, d = data["error_counts"] + 0.5
        parts.append(np.log([a / b, c / d]))
    return np.concatenate(parts)


def prior_parameters(
    data: dict[str, Any], prior: TermPrior, size: int, rng: np.random.Generator
) -> FloatArray:
    """Exact draws from the prior of all parameters of the density, (size, parameters)."""
    p = len(prior.terms)
    parts = [prior.draw(size, rng)]
    if "site" in data:
        parts.append(rng.standard_normal((size, p * (1 + data["sites"].size))))
    if "error_counts" in data:
        right, wrong = (data["error_counts"] + 0.5).reshape(2, 2).T
        parts.append(logit(rng.beta(right, wrong, (size, 2))))
    return np.concatenate(parts, axis=1)


def _reported(
    parameters: FloatArray,
    data: dict[str, Any],
    sites: tuple[str, ...],
    terms: tuple[str, ...],
    rng: np.random.Generator,
) -> Posterior:
    """Reported quantities from the parameters of the density; a site not seen before gets
    effects of its own.
    """
    p = len(terms)
    shape = parameters.shape[:2]
    sd = np.empty((*shape, 0))
    effect = np.zeros((*shape, 1, p))
    if sites:
        sd = SITE_SD * parameters[:, :, p : 2 * p]
        seen = parameters[:, :, 2 * p : (2 + len(sites)) * p].reshape(*shape, len(sites), p)
        effect = (
            np.concatenate([seen, rng.standard_normal((*shape, 1, p))], axis=2) * sd[:, :, None]
        )
    return Posterior(
        terms=terms,
        coefficient=parameters[:, :, :p],
        sites=sites,
        site_sd=np.abs(sd),
        site_effect=effect,
        accuracy=expit(parameters[:, :, -2:]) if "error_counts" in data else np.empty((*shape, 0)),
    )
