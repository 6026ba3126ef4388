"""The no-U-turn sampler of NumPyro on preconditioned parameters, all chains in one compiled
program.

Parameters are written as ``mode + factor @ z`` with a Laplace approximation, so that z is close to
a standard normal: trajectories are short. The program makes a hundred steps of every chain and is
called again and again, so it is compiled once for each shape of the data, whatever the number of
draws.
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
from rich.progress import Progress

from ..checks import FloatArray

LogDensity = Callable[[Any, Any], Any]
"""Parameters (p,) and a tuple or dict of arrays to a log density; a module-level function, so
that it compiles once.
"""

STEPS = 100
"""Steps of all chains in one call of the compiled program."""

_COMPILER = {
    "xla_backend_optimization_level": 1
}  # as fast as the default, and compiled in four fifths of the time


@dataclass(frozen=True, eq=False, kw_only=True)
class Draws:
    """Posterior draws.

    ``parameters`` is (chains, draws, p); ``diverging`` and ``energy`` are (chains, draws).
    """

    parameters: FloatArray
    diverging: npt.NDArray[np.bool_]
    energy: FloatArray


@dataclass(frozen=True)
class _Options:
    """What is fixed when the program is compiled; ``shared`` chains see one posterior, the
    others one each.
    """

    log_density: LogDensity
    warmup: int
    target_acceptance: float
    shared: bool

    @property
    def axes(self) -> int | None:
        """Axis of the data along which posteriors differ."""
        return None if self.shared else 0


def sample(
    log_density: LogDensity,
    data: Any,
    mode: FloatArray,
    factor: FloatArray,
    *,
    seed: np.random.SeedSequence,
    chains: int,
    draws: int,
    warmup: int,
    target_acceptance: float = 0.9,
    progress: bool = False,
) -> Draws:
    """Draw from a posterior in double precision.

    Parameters
    ----------
    log_density : callable
    data : tuple or dict of ndarray
        Passed to ``log_density``; only its shapes enter the compilation.
    mode : ndarray, shape (p,)
    factor : ndarray, shape (p, p)
        Root of the covariance of a Laplace approximation.
    seed : SeedSequence
    chains, draws, warmup : int
        Draws are per chain, after warm-up.
    target_acceptance : float
    progress : bool
        Show a progress bar.

    Returns
    -------
    Draws
    """
    options = _Options(log_density, warmup, target_acceptance, shared=True)
    return _run(options, (data, mode, factor), (chains, mode.size), seed, draws, progress)


def sample_many(
    log_density: LogDensity,
    data: Any,
    modes: FloatArray,
    factors: FloatArray,
    *,
    seed: np.random.SeedSequence,
    draws: int,
    warmup: int,
    target_acceptance: float = 0.9,
) -> Draws:
    """One chain of each of many posteriors of one shape, in lockstep; all arrays have a leading
    axis of posteriors.
    """
    options = _Options(log_density, warmup, target_acceptance, shared=False)
    return _run(options, (data, modes, factors), modes.shape, seed, draws, progress=False)


def _run(
    options: _Options,
    given: Any,
    shape: tuple[int, ...],
    seed: np.random.SeedSequence,
    draws: int,
    progress: bool,
) -> Draws:
    generator = np.random.default_rng(seed)
    calls = range(-(-(options.warmup + draws) // STEPS))
    with jax.enable_x64(True), Progress(disable=not progress) as bar:
        keys = jax.random.split(jax.random.PRNGKey(int(generator.integers(2**31))), shape[0])
        given = jax.tree.map(jnp.asarray, given)
        start = jnp.asarray(generator.standard_normal(shape))
        state = _blank(options, given, start, keys)
        pieces = []
        for call in bar.track(calls, description="sampling"):
            state, piece = _advance(options, given, start, keys, state, call == 0)
            pieces.append(piece)
        kept = slice(options.warmup, options.warmup + draws)
        parameters, diverging, energy = (
            np.concatenate(part)[kept].swapaxes(0, 1) for part in zip(*pieces, strict=True)
        )
    return Draws(parameters=parameters, diverging=diverging, energy=energy)


@partial(jax.jit, static_argnames="options", compiler_options=_COMPILER)
def _advance(options: _Options, given: Any, start: Any, keys: Any, state: Any, first: Any) -> Any:
    """The next steps of all chains; the first call begins them."""
    begun = _begin(options, given, start, keys)
    state = jax.tree.map(lambda new, old: jnp.where(first, new, old), begun, state)
    step = jax.vmap(partial(_step, options), in_axes=(options.axes, 0))
    return jax.lax.scan(lambda state, _: step(given, state), state, None, length=STEPS)


def _begin(options: _Options, given: Any, start: Any, keys: Any) -> Any:
    """State of every chain before its first step."""

    def begin(given: Any, z: Any, key: Any) -> Any:
        return _kernel(options, given, z, key)[0]

    return jax.vmap(begin, in_axes=(options.axes, 0, 0))(given, start, keys)


def _step(options: _Options, given: Any, state: Any) -> Any:
    """One step of one chain: the new state, and what is kept of it."""
    _, step = _kernel(options, given, state.z, state.rng_key)
    state = step(state, model_args=(given,))
    _, mode, factor = given
    return state, (mode + factor @ state.z, state.diverging, state.energy)


def _kernel(options: _Options, given: Any, z: Any, key: Any) -> tuple[Any, Any]:
    """Begun state and step function; the step knows its settings only once a state was begun in
    the same trace.
    """

    def potential(given: Any) -> Callable[[Any], Any]:
        data, mode, factor = given
        return lambda z: -options.log_density(mode + factor @ z, data)

    initialise, step = hmc(potential_fn_gen=potential, algo="NUTS")
    target = options.target_acceptance
    return initialise(
        z, options.warmup, target_accept_prob=target, model_args=(given,), rng_key=key
    ), step


def _blank(options: _Options, given: Any, start: Any, keys: Any) -> Any:
    """An empty state of the shape that the program carries from call to call."""
    shapes = jax.eval_shape(partial(_begin, options), given, start, keys)
    return jax.tree.map(lambda part: np.zeros(part.shape, part.dtype), shapes)


def padded(rows: int) -> int:
    """The power of two that holds so many rows, at least 64, so that few shapes are ever
    compiled.
    """
    return max(64, 1 << (rows - 1).bit_length())
