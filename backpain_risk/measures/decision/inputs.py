"""The models and thresholds of a decision curve, checked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ...numerics.checks import (
    FloatArray,
    as_vector,
    check_outcome,
    check_risk,
    check_same_index,
    check_same_length,
    check_weight,
    refuse_where,
)

TREAT_ALL = "treat_all"
TREAT_NONE = "treat_none"
DEFAULT_THRESHOLDS = np.arange(1, 101) / 1000
"""0.1 % to 10 %: at a base rate of 1 % nothing else is of interest. Whole numbers divided, never
accumulated.
"""

Risks = npt.ArrayLike | Mapping[str, npt.ArrayLike] | pd.DataFrame


def check_models(
    outcome: npt.ArrayLike, risks: Risks, sample_weight: npt.ArrayLike | None
) -> tuple[FloatArray, dict[str, FloatArray], FloatArray]:
    """Outcome, risks by the name of their model (``"model"`` for a single array) and weight."""
    y = check_outcome(outcome)
    given: dict[str, Any] = {"model": risks}
    if isinstance(risks, (Mapping, pd.DataFrame)):
        names = list(risks.keys())
        given = {str(name): risks[name] for name in names}
        if len(given) < len(names) or {TREAT_ALL, TREAT_NONE} & set(given) or not given:
            raise ValueError(
                "risks must have distinct names other than treat_all and treat_none; got "
                f"{names}. Rename them."
            )
    check_same_index(
        outcome=outcome,
        sample_weight=sample_weight,
        **{f"risk of {k}": v for k, v in given.items()},
    )
    named = {
        name: check_risk(values, f"risk of {name}" if len(given) > 1 else "risk")
        for name, values in given.items()
    }
    for name, values in named.items():
        check_same_length(outcome=y.size, **{f"risk_of_{name}": values.size})
    return y, named, check_weight(sample_weight, y.size)


def check_thresholds(thresholds: npt.ArrayLike | None) -> FloatArray:
    """Threshold probabilities strictly between 0 and 1, ascending and distinct."""
    if thresholds is None:
        return DEFAULT_THRESHOLDS
    t = as_vector("thresholds", np.atleast_1d(np.asanyarray(thresholds)))
    refuse_where(
        (t <= 0) | (t >= 1),
        t,
        "thresholds must lie strictly between 0 and 1",
        "Drop 0 and 1; use fractions.",
    )
    if t.size == 0 or np.any(np.diff(t) <= 0):
        raise ValueError(
            f"thresholds must be ascending and distinct; got {t.tolist()[:5]}. Sort them."
        )
    return t
