"""The no-U-turn sampler of NumPyro on preconditioned parameters, all chains in one compiled program.

Parameters are written as ``mode + factor @ z`` with a Laplace approximation, so that z is close to a standard normal:
trajectories are short, and one shape of data compiles once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt
from numpyro.infer.hmc import hmc

from .checks import FloatArray

LogDensity = Callable[[Any, Any], Any]
"""Parameters (p,) and a tuple of arrays to a log density; a module-level function, so that it compiles once."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Draws:
    """Posterior draws.

    ``parameters`` is (chains, draws, p); ``diverging`` and ``energy`` are (chains, draws).
    """

    parameters: FloatArray
    diverging: npt.NDArray[np.bool_]
    energy: FloatArray


def sample(
    log_density: LogDensity,
    data: tuple[FloatArray, ...],
    mode: FloatArray,
    factor: FloatArray,
    *,
    seed: np.random.SeedSequence,
    chains: int,
    draws: int,
    warmup: int,
    target_acceptance: float = 0.9,
) -> Draws:
    """Draw from a posterior in double precision.

    Parameters
    ----------
    log_density : callable
    data : tuple of ndarray
        Passed to ``log_density``; only its shapes enter the compilation.
    mode : ndarray, shape (p,)
    factor : ndarray, shape (p, p)
        Lower-triangular root of the covariance of a Laplace approximation.
    seed : SeedSequence
    chains, draws, warmup : int
        Draws are per chain, after warm-up.

    Returns
    -------
    Draws
    """
    generator = np.random.default_rng(seed)
    with jax.enable_x64(True):
        keys = jax.random.split(jax.random.key(int(generator.integers(2**31))), chains)
        start = jnp.asarray(generator.standard_normal((chains, mode.size)))
        given = tuple(jnp.asarray(array) for array in (*data, mode, factor))
        z, diverging, energy = _chains(log_density, given, start, keys, draws, warmup, target_acceptance)
        parameters = mode + np.asarray(z) @ factor.T
    return Draws(parameters=parameters, diverging=np.asarray(diverging), energy=np.asarray(energy))


@partial(jax.jit, static_argnames=("log_density", "draws", "warmup", "target_acceptance"))
def _chains(
    log_density: LogDensity, given: Any, start: Any, keys: Any, draws: int, warmup: int, target_acceptance: float
) -> Any:
    """All chains of one posterior, in lockstep."""

    def potential(inputs: Any) -> Callable[[Any], Any]:
        *data, mode, factor = inputs
        return lambda z: -log_density(mode + factor @ z, tuple(data))

    def chain(z: Any, key: Any) -> Any:
        initialise, step = hmc(potential_fn_gen=potential, algo="NUTS")
        state = initialise(
            z, warmup, target_accept_prob=target_acceptance, dense_mass=False, model_args=(given,), rng_key=key
        )

        def advance(state: Any, _: Any) -> Any:
            state = step(state, model_args=(given,))
            return state, (state.z, state.diverging, state.energy)

        state, _ = jax.lax.scan(lambda state, _: (step(state, model_args=(given,)), None), state, None, length=warmup)
        return jax.lax.scan(advance, state, None, length=draws)[1]

    return jax.vmap(chain)(start, keys)


def padded(rows: int) -> int:
    """The power of two that holds so many rows, at least 64, so that few shapes are ever compiled."""
    return max(64, 1 << (rows - 1).bit_length())
