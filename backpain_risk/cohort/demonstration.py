"""The demonstration cohort that is kept in the repository."""

from __future__ import annotations

from pathlib import Path

from .. import vocabulary
from ..files import write_atomically
from ..scenario.files import load_scenario
from .simulate import simulate_cohort
from .store import write_cohort

N = 10_000
SEED = 1


def write_demonstration(folder: Path) -> None:
    """Write ``demonstration.csv``, its manifest and ``data_dictionary.csv``, the same bytes
    every time.
    """
    cohort = simulate_cohort(load_scenario("primary_care"), N, seed=SEED)
    write_cohort(cohort, folder / "demonstration.csv")
    dictionary = vocabulary.data_dictionary()
    write_atomically(
        folder / "data_dictionary.csv",
        lambda part: dictionary.to_csv(part, index=False, lineterminator="\n"),
    )
