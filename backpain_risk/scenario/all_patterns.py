"""Every combination of some yes/no columns, and its exact probability in each class."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import product

import pandas as pd

from .. import vocabulary
from ..numerics.checks import FloatArray, check_names
from .scenario import Scenario

MOST_FLAGS = 13
"""Every combination is summed over, in closed forms 3^13 terms."""


def check_flags(flags: Iterable[str]) -> tuple[str, ...]:
    """Different yes/no columns of a cohort, 1 to 13 of them."""
    allowed = (*vocabulary.FINDINGS, *vocabulary.IMAGING, "male")
    names = check_names("predictors", flags)
    wrong = [name for name in names if name not in allowed]
    if wrong:
        raise ValueError(
            f"predictors must be yes/no columns of a cohort; got {wrong[0]!r}. Choose among "
            f"{', '.join(allowed)}; use "
            "age_50_or_over for age."
        )
    if not 1 <= len(set(names)) == len(names) <= MOST_FLAGS:
        raise ValueError(
            f"predictors must be 1 to {MOST_FLAGS} different flags, because every combination of "
            "them is summed over; "
            f"got {len(names)}, {len(set(names))} of them different. Choose fewer, each once."
        )
    return names


def flag_patterns(flags: Iterable[str]) -> pd.DataFrame:
    """All combinations of the flags, 0 or 1, one a row; the last flag runs fastest.

    Examples
    --------
    >>> flag_patterns(["male", "night_pain"]).to_numpy().tolist()
    [[0, 0], [0, 1], [1, 0], [1, 1]]
    """
    names = check_flags(flags)
    return pd.DataFrame(list(product((0, 1), repeat=len(names))), columns=list(names))


def joint_probability(scenario: Scenario, patterns: pd.DataFrame) -> FloatArray:
    """P(pattern, class), shape (m, 2): without and with malignancy; sums to 1 over all patterns."""
    return scenario.probabilities(patterns) * [1 - scenario.base_rate, scenario.base_rate]
