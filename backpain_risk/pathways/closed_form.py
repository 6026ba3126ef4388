"""Value of information without regression, where findings are independent given malignancy
(dependence 0).

Every consequence is then linear in the accuracy of each finding, and parameters of different
findings are drawn independently, so E[utility | a finding's accuracy] is the utility at that
accuracy and the means of everything else.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..numerics.checks import FloatArray
from .consequences import counted, indicators
from .course import Course
from .doubt import Inputs
from .patterns import AGE, BAND, PatternTable
from .rule import REVIEW

if TYPE_CHECKING:
    import numpy.typing as npt

BASE_RATE = "base_rate"


@dataclass(frozen=True, eq=False, kw_only=True)
class Margins:
    """Probability of each cell of each key in each class, in every draw.

    Attributes
    ----------
    cells : dict of str to ndarray, shape (patterns,)
        Which cell of a key each pattern is in.
    drawn : dict of str to ndarray, shape (D, 2, cells)
    """

    cells: dict[str, npt.NDArray[np.int64]]
    drawn: dict[str, FloatArray]

    @property
    def mean(self) -> FloatArray:
        """P(pattern | class) at the means of all cells, (2, patterns)."""
        parts = [self.drawn[key].mean(axis=0)[:, cell] for key, cell in self.cells.items()]
        return np.asarray(np.prod(parts, axis=0))


def margins(table: PatternTable, stored: npt.NDArray[np.float32]) -> Margins:
    """Sums of the stored pattern probabilities over everything but one key."""
    cells = {}
    drawn = {}
    for key, values in table.values.items():
        if key == BAND:
            continue
        lowest, cell = np.unique(values, return_inverse=True)
        member = (cell[:, None] == np.arange(lowest.size)).astype(np.float32)
        cells[BAND if key == AGE else key] = cell
        drawn[BAND if key == AGE else key] = (stored @ member).astype(np.float64)
    return Margins(cells=cells, drawn=drawn)


def expected_given(
    group: str, course: Course, table: PatternTable, found: Margins, inputs: Inputs
) -> dict[str, FloatArray]:
    """Consequences in each draw of what ``group`` is about, everything else at its mean."""
    names, columns = indicators(course, table)
    mean = found.mean
    shares = np.broadcast_to(mean @ columns, (len(inputs), 2, len(names)))
    if group in found.cells:
        cell = found.cells[group]
        drawn = found.drawn[group]
        centre = drawn.mean(axis=0)
        rest = np.divide(mean, centre[:, cell], out=np.zeros_like(mean), where=centre[:, cell] > 0)
        pieces = [
            [rest[g, cell == v] @ columns[cell == v] for v in range(centre.shape[1])]
            for g in (0, 1)
        ]
        shares = np.stack([drawn[:, g] @ np.array(pieces[g]) for g in (0, 1)], axis=1)
    base_rate = (
        inputs.base_rate if group == BASE_RATE else np.full(len(inputs), inputs.base_rate.mean())
    )
    returning = (
        inputs.returning if group == REVIEW else np.full(len(inputs), inputs.returning.mean())
    )
    return counted(names, shares, base_rate, returning, has_review=course.pathway.has_review)
