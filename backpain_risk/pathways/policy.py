"""A policy: what is done next in every state of knowledge, as a table and in words."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd

from .. import vocabulary
from ..numerics.checks import FloatArray
from ..results.notebook import as_html
from ..scenario.scenario import Scenario

STOP = "stop"
SEND = "send to MRI"


@dataclass(frozen=True, eq=False, kw_only=True)
class Known:
    """States in which the same tests have been done.

    ``done`` are positions among the tests. Arrays have the shape (patterns of findings, results of
    each done test, ...): ``joint`` (2, ...) probability without and with malignancy, ``value`` net
    benefit still to come, ``action`` the position of what is done next, ``reached`` whether the
    policy gets there.
    """

    done: tuple[int, ...]
    joint: FloatArray
    value: FloatArray
    action: npt.NDArray[np.int64]
    reached: npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False, kw_only=True)
class PathwayPolicy:
    """The best pathway at a threshold, and how far published rules are from it.

    Attributes
    ----------
    net_benefit : float
        Cancers sent, less needless scans and tests in the same unit, per ``per`` patients; an upper
        bound for every pathway without a review that uses the same findings and tests.
    regret : DataFrame
        Columns ``pathway``, ``net_benefit``, ``regret``: what each rule loses against the best.
    actions : tuple of str
        What can be done: stop, send to MRI, or a test.
    """

    scenario: Scenario
    threshold: float
    test_harm: dict[str, float]
    per: int
    actions: tuple[str, ...]
    findings: pd.DataFrame = field(repr=False)
    cells: dict[str, tuple[str, ...]] = field(repr=False)
    states: tuple[Known, ...] = field(repr=False)
    regret: pd.DataFrame = field(repr=False)
    net_benefit: float = 0.0

    def to_frame(self) -> pd.DataFrame:
        """The policy as a table: every state that is reached.

        One row a state: the findings, the result of each test (empty where not done), ``action``,
        ``patients`` and ``cancers`` per ``per`` patients, and ``risk`` = P(malignancy | what is
        known).
        """
        return pd.concat([self._rows(known) for known in self.states], ignore_index=True)

    def in_words(self) -> str:
        """The policy in a few sentences: how many patients meet what, and at which risks."""
        table = self.to_frame()
        tests = list(self.cells)
        first = table[(table[tests] == "").all(axis=1)] if tests else table
        later = table.drop(first.index)
        return "\n".join(
            [*_sentences(first, self.per, "At first"), *_sentences(later, self.per, "After a test")]
        )

    def counts(self) -> pd.Series:
        """Patients per ``per`` who get each action at some point."""
        table = self.to_frame()
        return table.groupby("action", sort=False).patients.sum()

    def _rows(self, known: Known) -> pd.DataFrame:
        place = np.nonzero(known.reached)
        rows = self.findings.iloc[place[0]].reset_index(drop=True)
        for test in self.cells:
            rows[test] = ""
        for axis, i in enumerate(known.done, 1):
            test = list(self.cells)[i]
            rows[test] = np.array(self.cells[test], dtype=object)[place[axis]]
        without, with_cancer = (self.per * known.joint[g][place] for g in (0, 1))
        return rows.assign(
            action=np.array(self.actions, dtype=object)[known.action[place]],
            patients=without + with_cancer,
            cancers=with_cancer,
            risk=with_cancer / (without + with_cancer),
        )

    def _repr_html_(self) -> str:
        return as_html(repr(self), self.in_words(), self.regret, digits=4, index=False)

    def __repr__(self) -> str:
        return (
            f"PathwayPolicy at {self.threshold:.2%} in {self.scenario.name}: net benefit "
            f"{self.net_benefit:.1f} per "
            f"{self.per}; best published {self.regret.pathway[0]} with "
            f"{self.regret.net_benefit[0]:.1f}. "
            f"{vocabulary.NOTICE}"
        )


def _sentences(table: pd.DataFrame, per: int, when: str) -> Iterator[str]:
    for action, rows in table.groupby("action", sort=False):
        low = rows.risk.min()
        high = rows.risk.max()
        yield (
            f"{when}: {action} for {rows.patients.sum():,.0f} of {per:,} patients, "
            f"{rows.cancers.sum():.1f} of them "
            f"with cancer (risks from {low:.2%} to {high:.2%})."
        )
