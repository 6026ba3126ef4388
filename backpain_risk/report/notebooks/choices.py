"""The setting a report is made for: which scenario, how many patients, which seeds."""

from __future__ import annotations

import os
from dataclasses import dataclass

USUAL_N = 100_000
_NAMES = {"scenario": "SCENARIO", "n": "N", "seed": "SEED"}
_PREFIX = "BACKPAIN_RISK_REPORT_"


@dataclass(frozen=True, kw_only=True)
class Setting:
    """What ``make reports N= SEED= SCENARIO=`` chooses.

    Attributes
    ----------
    scenario : str
        A shipped scenario or the path of one.
    n : int
        Patients of the development cohort; the other cohorts keep their proportion to it.
    seed : int
        Added to every seed of the notebooks, times a thousand.
    """

    scenario: str = "primary_care"
    n: int = USUAL_N
    seed: int = 0

    def __post_init__(self) -> None:
        if not 1000 <= self.n <= 10_000_000:
            raise ValueError(
                f"n must lie between 1,000 and 10,000,000; got {self.n}. Choose more patients, so "
                "that there are cancers among them."
            )
        if self.seed < 0:
            raise ValueError(f"seed must be 0 or more; got {self.seed}. Choose another.")

    def patients(self, usual: int) -> int:
        """How many patients a cohort has that usually has ``usual``.

        Examples
        --------
        >>> Setting(n=20_000).patients(400_000)
        80000
        """
        return max(1000, round(usual * self.n / USUAL_N))

    def seeded(self, usual: int) -> int:
        """The seed that is ``usual`` usually.

        Examples
        --------
        >>> Setting(seed=7).seeded(101)
        7101
        """
        return usual + 1000 * self.seed

    @property
    def is_usual(self) -> bool:
        """Whether nothing was chosen."""
        return self == Setting()

    def as_kept(self) -> dict[str, str | int]:
        """As the results file says it."""
        return {"scenario": self.scenario, "n": self.n, "seed": self.seed}

    def as_environment(self) -> dict[str, str]:
        """Variables that pass the setting to the notebooks' kernels."""
        return {_PREFIX + name: str(getattr(self, field)) for field, name in _NAMES.items()}


def setting() -> Setting:
    """The setting that this notebook is run for; the usual one outside the build.

    Examples
    --------
    >>> setting().scenario
    'primary_care'
    """
    given = {field: os.environ.get(_PREFIX + name) for field, name in _NAMES.items()}
    usual = Setting()
    return Setting(
        scenario=given["scenario"] or usual.scenario,
        n=int(given["n"] or usual.n),
        seed=int(given["seed"] or usual.seed),
    )
