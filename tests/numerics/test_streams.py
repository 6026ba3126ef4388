from __future__ import annotations

import numpy as np
import pytest

from backpain_risk.numerics.streams import as_seed_sequence, block_generator

pytestmark = pytest.mark.identity


def test_a_block_is_keyed_by_stream_and_number_alone():
    expected = np.random.Generator(
        np.random.Philox(np.random.SeedSequence(entropy=7, spawn_key=(3, 2)))
    ).random(5)
    np.testing.assert_array_equal(block_generator(as_seed_sequence(7), 3, 2).random(5), expected)


def test_spawned_sequences_give_streams_of_their_own():
    first, second = np.random.SeedSequence(7).spawn(2)
    assert block_generator(first, 0, 0).random() != block_generator(second, 0, 0).random()


@pytest.mark.contract
@pytest.mark.parametrize("seed", [None, -1, 1.5, True, "1"])
def test_seeds_that_are_no_seeds_are_refused(seed):
    with pytest.raises(ValueError, match="seed must be"):
        as_seed_sequence(seed)
