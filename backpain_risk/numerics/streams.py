"""Random numbers in blocks of patients, so that results do not depend on sizes, workers or
files.
"""

from __future__ import annotations

import numpy as np

from .values import shown

BLOCK = 65_536
"""Patients per block: patient i lives in block i // BLOCK."""


def as_seed_sequence(seed: int | np.random.SeedSequence | None) -> np.random.SeedSequence:
    """A SeedSequence from ``seed=``; None is an error because something would be drawn."""
    if seed is None:
        raise ValueError(
            "seed must be given because patients are drawn; got None. Pass an int or a "
            "SeedSequence."
        )
    if isinstance(seed, np.random.SeedSequence):
        return seed
    if isinstance(seed, bool) or not isinstance(seed, (int, np.integer)) or seed < 0:
        raise ValueError(
            f"seed must be a non-negative int or a SeedSequence; got {shown(seed)}. Pass for "
            "example 1."
        )
    return np.random.SeedSequence(int(seed))


def block_generator(seed: np.random.SeedSequence, stream: int, block: int) -> np.random.Generator:
    """Generator of one stream (a variable) in one block; streams are numbered once and never
    reused.
    """
    key = (*seed.spawn_key, stream, block)
    return np.random.Generator(
        np.random.Philox(np.random.SeedSequence(entropy=seed.entropy, spawn_key=key))
    )


def child_sequence(seed: np.random.SeedSequence, number: int) -> np.random.SeedSequence:
    """A numbered child, the same whatever was spawned before."""
    return np.random.SeedSequence(entropy=seed.entropy, spawn_key=(*seed.spawn_key, number))
