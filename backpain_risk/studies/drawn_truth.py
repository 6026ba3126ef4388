"""A truth that is not fixed at the evidence."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from ..numerics.checks import check_kind
from ..scenario.scenario import Scenario


@dataclass(frozen=True, eq=False, kw_only=True)
class DrawnTruth:
    """A truth that each replicate draws from the uncertainty of a scenario (``Scenario.draw``).

    With the truth fixed at the published evidence, methods that use that evidence look better than
    anybody can know them to be. Replicates of the same number share their truth, whatever n and
    method.

    Parameters
    ----------
    scenario : Scenario
        Whose uncertain numbers are drawn.

    Examples
    --------
    >>> from backpain_risk import load_scenario
    >>> DrawnTruth(scenario=load_scenario("primary_care"))
    DrawnTruth(primary_care)
    """

    scenario: Scenario

    def __post_init__(self) -> None:
        check_kind("scenario", self.scenario, Scenario, "Load one with load_scenario.")

    @property
    def digest(self) -> str:
        """SHA-256 of the scenario, and that it is drawn from."""
        return hashlib.sha256(f"drawn {self.scenario.digest}".encode()).hexdigest()

    def __repr__(self) -> str:
        return f"DrawnTruth({self.scenario.name})"
