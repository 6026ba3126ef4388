"""A user's file read by a mapping: the cohort, and what became of every row and column."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from ... import vocabulary
from ...results.notebook import as_html
from ...results.terminal import as_text
from ..table import Cohort


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class MappedCohort:
    """Patients of one's own, and what the mapping did.

    Attributes
    ----------
    cohort : Cohort
    predictors : tuple of str
        Columns of predictors and tests that the mapping wants used.
    labels : mapping of column to str
        With units, also of own columns.
    columns : DataFrame
        A row per column of the file: source, column, label, kind, unit, used, missing, rule.
    n_given, n_used : int
        Patients in the file and in the cohort; the difference is in ``dropped``.
    dropped : DataFrame
        Columns rule, n, rows: who was left out and why.
    set_missing : DataFrame
        Columns source, row, value, rule: values that a declared rule read as missing or as the
        end of the range.
    checked : bool
        Whether a person has checked the mapping.
    outcome : str
        Name of the outcome in the file.
    """

    cohort: Cohort
    predictors: tuple[str, ...]
    labels: Mapping[str, str]
    columns: pd.DataFrame
    n_given: int
    n_used: int
    dropped: pd.DataFrame
    set_missing: pd.DataFrame
    checked: bool
    outcome: str

    @property
    def unused(self) -> tuple[str, ...]:
        """Columns of the file that were not read."""
        return tuple(self.columns.source[self.columns.column == ""])

    def to_frame(self) -> pd.DataFrame:
        """The columns of the file and what each became."""
        return self.columns

    def _head(self) -> str:
        left_out = ", ".join(f"{row.n} {row.rule}" for row in self.dropped.itertuples())
        changed = f"; {len(self.set_missing)} values changed by rule" * bool(len(self.set_missing))
        return (
            f"{self.n_given} patients in the file, {self.n_used} used, {self.cohort.n_events} "
            f"events; left out: {left_out or 'none'}{changed}"
        )

    def __repr__(self) -> str:
        return as_text(self._head(), self.columns, vocabulary.notice(), index=False)

    def _repr_html_(self) -> str:
        return as_html(self._head(), self.columns, index=False)
