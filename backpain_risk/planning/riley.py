"""Riley's criteria for developing a logistic model, and the mean risk to within a share of
itself.
"""

from __future__ import annotations

import math

from ..numerics.checks import check_fraction
from .demands import width
from .linear_predictor import highest_r2
from .sample_size import Z95, Criterion

_OPTIMISM = 0.05
_MARGIN = 0.05


def development_criteria(
    pi: float, p: int, r2: float, s: float, relative_margin: float | None
) -> tuple[Criterion, ...]:
    """What prevalence, parameters, R2, shrinkage and margin ask for."""
    highest = highest_r2(pi)
    mild = r2 / (r2 + _OPTIMISM * highest)
    found = [
        Criterion(
            name="shrinkage", patients=_for_shrinkage(p, r2, s), aim=f"expected shrinkage of {s:g}"
        ),
        Criterion(
            name="optimism",
            patients=_for_shrinkage(p, r2, mild),
            aim=f"optimism of {_OPTIMISM:g} in Nagelkerke's R2 (shrinkage {mild:.3f})",
        ),
        Criterion(
            name="overall_risk",
            patients=(Z95 / _MARGIN) ** 2 * (pi * (1 - pi)),
            aim=f"mean risk to within +-{_MARGIN:g}"
            + (", which is no demand here" if pi < _MARGIN else ""),
        ),
    ]
    if relative_margin is not None:
        margin = width("relative_margin", check_fraction("relative_margin", relative_margin))
        aim = f"mean risk to within +-{margin:.0%} of itself"
        found.append(
            Criterion(name="relative_margin", patients=(Z95 / margin) ** 2 * (1 - pi) / pi, aim=aim)
        )
    return tuple(found)


def _for_shrinkage(p: int, r2: float, s: float) -> float:
    return p / ((s - 1) * math.log1p(-r2 / s))
