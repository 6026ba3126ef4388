"""The posterior density of the Bayesian logistic model, term by term, for the sampler.

Parameters are one vector: intercept and p slopes; with sites, the 1 + p SDs between sites in units
of their prior's scale, then the standardised effects of every site; with a reference standard that
is estimated, the logits of its sensitivity and specificity. SDs have either sign: it flips with
that of the effects and means nothing, but leaves no wall at zero for the sampler to meet.

``data`` is a dict of arrays; what is absent is not modelled:

- ``X`` (m, p) terms, ``events`` (m,), ``n`` (m,): counts of each covariate pattern;
- ``prior_mean``, ``prior_root`` of anchor and slopes, ``reference`` (r, p), ``log_weight`` (r,):
  see
  :class:`TermPrior`;
- ``site`` (m,), ``sites`` (number of sites,): which site each pattern is of;
- ``shift`` (): log odds of verified patients above those of all patients with the same findings;
- ``error_logs`` (4,): log sensitivity, log(1 - sensitivity), log specificity, log(1 - specificity),
  fixed; or ``error_counts`` (4,): right and wrong among malignant, then non-malignant, patients
  of the study they come from.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

SITE_SD = 0.5
"""Scale of the half-normal prior of the SDs between sites, on the log-odds scale."""


def log_posterior(theta: Any, data: Any) -> Any:
    """Log posterior density up to a constant."""
    return log_prior(theta, data) + log_likelihood(theta, data)


def log_likelihood(theta: Any, data: Any) -> Any:
    """Log likelihood of the recorded outcomes, binomial coefficients left out."""
    with_event, without = log_outcome(theta, data)
    return jnp.sum(data["events"] * with_event + (data["n"] - data["events"]) * without)


def log_prior(theta: Any, data: Any) -> Any:
    """Log prior density up to a constant."""
    size = data["prior_mean"].size
    anchor, log_slope = _anchor(theta[:size], data)
    gap = jnp.concatenate([anchor[None], theta[1:size]]) - data["prior_mean"]
    value = log_slope - 0.5 * jnp.sum((data["prior_root"] @ gap) ** 2)
    if "site" in data:
        value -= 0.5 * jnp.sum(theta[size : (2 + data["sites"].size) * size] ** 2)
    if "error_counts" in data:
        value += jnp.sum((data["error_counts"] + 0.5) * _error_logs(theta, data))
    return value


def _anchor(coefficients: Any, data: Any) -> tuple[Any, Any]:
    """Logit of the mean risk of reference patients, and the log of its derivative by the
    intercept.
    """
    eta = coefficients[0] + data["reference"] @ coefficients[1:]
    with_event = -jax.nn.softplus(-eta)
    without = -jax.nn.softplus(eta)
    mean, complement, variance = (
        jax.nn.logsumexp(data["log_weight"] + x)
        for x in (with_event, without, with_event + without)
    )
    return mean - complement, variance - mean - complement


def log_outcome(theta: Any, data: Any) -> tuple[Any, Any]:
    """Log probabilities (m,) that the recorded outcome is an event, and that it is none."""
    eta = linear_predictor(theta, data) + data.get("shift", 0.0)
    with_event = -jax.nn.softplus(-eta)
    without = -jax.nn.softplus(eta)
    if "error_logs" not in data and "error_counts" not in data:
        return with_event, without
    found, missed, cleared, accused = _error_logs(theta, data)
    return jnp.logaddexp(found + with_event, accused + without), jnp.logaddexp(
        missed + with_event, cleared + without
    )


def linear_predictor(theta: Any, data: Any) -> Any:
    """Log odds of malignancy (m,) of each pattern."""
    slopes = theta[1 : data["prior_mean"].size]
    eta = theta[0] + data["X"] @ slopes
    if "site" not in data:
        return eta
    sd, effects = site_parameters(theta, data)
    own = (effects * sd)[data["site"]]
    return eta + own[:, 0] + jnp.sum(data["X"] * own[:, 1:], axis=1)


def site_parameters(theta: Any, data: Any) -> tuple[Any, Any]:
    """SDs of either sign (1 + p,) and standardised effects (sites, 1 + p)."""
    size = data["prior_mean"].size
    sites = data["sites"].size
    return SITE_SD * theta[size : 2 * size], theta[2 * size : (2 + sites) * size].reshape(
        sites, size
    )


def _error_logs(theta: Any, data: Any) -> Any:
    """Logs of sensitivity, its complement, specificity, its complement."""
    if "error_logs" in data:
        return data["error_logs"]
    sensitivity = theta[-2]
    specificity = theta[-1]
    signs = jnp.stack([sensitivity, -sensitivity, specificity, -specificity])
    return -jax.nn.softplus(-signs)
