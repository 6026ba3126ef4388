"""Paired comparison of the discrimination of two models on the same patients."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from scipy import stats

from ...numerics.checks import FloatArray, check_both_classes, check_outcome_risk, check_same_index
from ...numerics.grouped_by_risk import RiskGroups, group_by_risk
from ...numerics.intervals import normal_quantile
from ...results.estimate import Estimate
from ...results.notebook import as_html
from .area import auroc_of, placements, sample_variance

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, kw_only=True)
class AurocComparison:
    """Two correlated C-statistics on the same patients, and the test of their difference.

    Attributes
    ----------
    a, b : Estimate
        The two areas with the limits of :func:`auroc`.
    difference : Estimate
        a minus b.
    z, p_value : float
        Test that the areas are equal.
    """

    a: Estimate
    b: Estimate
    difference: Estimate
    z: float
    p_value: float

    def to_frame(self) -> pd.DataFrame:
        """Rows a, b, difference."""
        import pandas as pd

        rows = pd.concat([part.to_frame() for part in (self.a, self.b, self.difference)])
        return rows.set_axis(["a", "b", "difference"]).assign(
            p_value=[np.nan, np.nan, self.p_value]
        )

    def __repr__(self) -> str:
        return f"AUROC a {self.a}; b {self.b}; difference {self.difference}; p = {self.p_value:.3g}"

    def _repr_html_(self) -> str:
        return as_html(self.to_frame())


def compare_auroc(
    outcome: npt.ArrayLike,
    risk_a: npt.ArrayLike,
    risk_b: npt.ArrayLike,
    *,
    sample_weight: npt.ArrayLike | None = None,
    level: float = 0.95,
) -> AurocComparison:
    """Paired comparison of two models on the same patients (DeLong).

    Parameters
    ----------
    outcome : array, shape (n,)
        0 or 1, both present.
    risk_a, risk_b : array, shape (n,)
        Predicted probabilities in [0, 1] of the same patients in the same order.
    sample_weight : array, shape (n,), optional
        Number of identical patients.
    level : float
        Share that the limits are to hold, inside (0, 1).

    Returns
    -------
    AurocComparison
        ``difference`` is a minus b, with DeLong limits; ``z`` and ``p_value`` test that it is 0.
        Both are NaN when the two risks order the patients identically.

    Raises
    ------
    ValueError
        For outcomes of one class, risks outside [0, 1], missing values or different lengths.

    References
    ----------
    DeLong, DeLong, Clarke-Pearson (1988), Biometrics 44:837.

    Notes
    -----
    How often the limits hold with 13 to 200 events: :func:`coverage_of_limits`.

    Examples
    --------
    >>> outcome = [0, 0, 0, 1, 1, 1]
    >>> compared = compare_auroc(
    ...     outcome, [0.1, 0.2, 0.3, 0.25, 0.5, 0.6], [0.3, 0.1, 0.4, 0.35, 0.2, 0.5]
    ... )
    >>> round(compared.difference.value, 4), round(compared.p_value, 4)
    (0.2222, 0.3711)
    """
    y, a, w = check_outcome_risk(outcome, risk_a, sample_weight, "risk_a")
    _, b, _ = check_outcome_risk(outcome, risk_b, sample_weight, "risk_b")
    check_same_index(risk_a=risk_a, risk_b=risk_b)
    check_both_classes(y, w, "compare_auroc")
    groups = [group_by_risk(y, r, w) for r in (a, b)]
    first, second = (auroc_of(g, level) for g in groups)
    difference = _row_placements(groups[0], y, a) - _row_placements(groups[1], y, b)
    variance = sum(sample_variance(difference[y == c], w[y == c]) / w[y == c].sum() for c in (0, 1))
    se = float(np.sqrt(variance))
    gap = first.value - second.value
    z = gap / se if se > 0 else np.nan
    half = normal_quantile(level) * se
    return AurocComparison(
        a=first,
        b=second,
        difference=Estimate(gap, gap - half, gap + half, level=level, method="delong"),
        z=z,
        p_value=float(2 * stats.norm.sf(abs(z))),
    )


def _row_placements(groups: RiskGroups, y: FloatArray, risk: FloatArray) -> FloatArray:
    """Placement of each patient among those of the other outcome, (n,)."""
    below, above = placements(groups)
    at = np.minimum(np.searchsorted(groups.risk, risk), groups.risk.size - 1)
    return np.where(y == 1, below[at], above[at])
