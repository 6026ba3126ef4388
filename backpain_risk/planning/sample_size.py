"""A sample size: the criteria, what each asks for, and which of them drives the answer."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..results.notebook import as_html
from ..vocabulary import RESEARCH_NOTICE

if TYPE_CHECKING:
    import pandas as pd

Z95 = 1.96
"""The constant of the published formulas, of pmsampsize and of pmvalsampsize; not the quantile
to more digits.
"""

_BEYOND_REACH = 1e15
FEW_EVENTS = 30
"""Expected cancers below which formulas for large samples are rough."""


@dataclass(frozen=True, kw_only=True)
class Criterion:
    """One demand on a study.

    Attributes
    ----------
    name : str
    patients : float
        What the formula gives, not rounded.
    aim : str
        What these patients buy, in words.
    """

    name: str
    patients: float
    aim: str

    def __post_init__(self) -> None:
        if not self.patients < _BEYOND_REACH:
            raise ValueError(
                f"{self.name} must ask for fewer than {_BEYOND_REACH:g} patients; got "
                f"{self.patients:.3g} "
                f"for {self.aim}. Ask for less."
            )

    @property
    def n(self) -> int:
        """Patients, rounded up."""
        return math.ceil(self.patients)


@dataclass(frozen=True, eq=False, kw_only=True)
class SampleSize:
    """Patients that a study needs.

    Attributes
    ----------
    title : str
    criteria : tuple of Criterion
    prevalence : float
        P(malignancy) among the patients of the study.
    notes : tuple of str
        What the reader must know to judge the answer.
    notice : str
        What every output says.
    """

    title: str
    criteria: tuple[Criterion, ...]
    prevalence: float
    notes: tuple[str, ...] = ()
    notice: str = RESEARCH_NOTICE

    @property
    def n(self) -> int:
        """Patients that meet every criterion."""
        return max(criterion.n for criterion in self.criteria)

    @property
    def n_events(self) -> float:
        """Cancers expected among them."""
        return self.n * self.prevalence

    @property
    def drives(self) -> tuple[str, ...]:
        """The criteria that ask for the most."""
        return tuple(criterion.name for criterion in self.criteria if criterion.n == self.n)

    def to_frame(self) -> pd.DataFrame:
        """One row per criterion: criterion, n, drives (True for what asks for the most)."""
        import pandas as pd

        rows = [(criterion.name, criterion.n, criterion.n == self.n) for criterion in self.criteria]
        return pd.DataFrame(rows, columns=["criterion", "n", "drives"])

    def _headline(self) -> str:
        return (
            f"{self.title}: {self.n:,} patients, {self.n_events:.1f} cancers expected at "
            f"{self.prevalence:.3g}; "
            f"driven by {' and '.join(self.drives)}."
        )

    def _remarks(self) -> tuple[str, ...]:
        few = (
            f"Fewer than {FEW_EVENTS} cancers are expected: formulas for large samples are rough "
            "there."
        )
        return (*self.notes, *([few] if self.n_events < FEW_EVENTS else []), self.notice)

    def __str__(self) -> str:
        wide = max(len(criterion.name) for criterion in self.criteria)
        rows = [f"  {c.name:<{wide}}  {c.n:>11,}  {c.aim}" for c in self.criteria]
        return "\n".join([self._headline(), *rows, *self._remarks()])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        table = self.to_frame().assign(aim=[criterion.aim for criterion in self.criteria])
        return as_html(self._headline(), table, " ".join(self._remarks()), index=False)
