"""The distribution of predicted risk by outcome."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from ..numerics.checks import FloatArray, check_count
from ..numerics.grouped_by_risk import RiskGroups, risk_groups
from ..numerics.patterns import sum_by
from ..numerics.splines import weighted_quantile
from ..results.notebook import as_html

if TYPE_CHECKING:
    import pandas as pd

_QUANTILES = np.array([0.05, 0.25, 0.5, 0.75, 0.95])


@dataclass(frozen=True, eq=False, kw_only=True)
class RiskDistribution:
    """How risks spread among patients with and without the event.

    Attributes
    ----------
    edges : ndarray, shape (k + 1,)
        Bins of equal width on the logarithm of the risk; the first reaches down to 0.
    events, others : ndarray, shape (k,)
        Share of the patients with and without the event in each bin.
    event_quantiles, other_quantiles : ndarray, shape (5,)
        5th, 25th, 50th, 75th and 95th percentile of the risk.
    n, n_events : float
    """

    edges: FloatArray
    events: FloatArray
    others: FloatArray
    event_quantiles: FloatArray
    other_quantiles: FloatArray
    n: float
    n_events: float

    def to_frame(self) -> pd.DataFrame:
        """One row per bin: low, high, events, others."""
        import pandas as pd

        return pd.DataFrame(
            {
                "low": self.edges[:-1],
                "high": self.edges[1:],
                "events": self.events,
                "others": self.others,
            }
        )

    def __repr__(self) -> str:
        event = self.event_quantiles[2]
        other = self.other_quantiles[2]
        return (
            f"Risks by outcome: {self.n:g} patients, {self.n_events:g} events; median risk "
            f"{event:.3g} with the event, {other:.3g} without."
        )

    def _repr_html_(self) -> str:
        return as_html(self.to_frame())


def risk_distribution(
    outcome: npt.ArrayLike,
    risk: npt.ArrayLike,
    *,
    n_bins: int = 40,
    sample_weight: npt.ArrayLike | None = None,
) -> RiskDistribution:
    """Histogram and percentiles of the risk by outcome, on bins of equal width on the log scale.

    Parameters
    ----------
    outcome : array, shape (n,)
        0 or 1; one class alone is allowed.
    risk : array, shape (n,)
        Predicted probability in [0, 1].
    n_bins : int
        Bins between the smallest risk above 0 and the largest; risks of 0 are in the first.
    sample_weight : array, shape (n,), optional
        Number of identical patients.

    Returns
    -------
    RiskDistribution
        An outcome that nobody has gets shares of 0 and percentiles of NaN.

    Raises
    ------
    ValueError
        For risks outside [0, 1], missing values, different lengths or no bins.

    Examples
    --------
    >>> risk_distribution([0, 0, 1], [0.01, 0.1, 0.5], n_bins=2).events.tolist()
    [0.0, 1.0]
    """
    check_count("n_bins", n_bins, 1)
    groups = risk_groups(outcome, risk, sample_weight)
    positive = groups.risk[groups.risk > 0]
    low, high = (positive[0], positive[-1]) if positive.size else (1e-6, 1.0)
    edges = np.geomspace(low * 0.999, min(high * 1.001, 1.0), n_bins + 1)
    which = np.clip(np.searchsorted(edges, groups.risk, side="right") - 1, 0, n_bins - 1)
    others = groups.others
    shares = [sum_by(which, x, n_bins) / max(x.sum(), 1) for x in (groups.events, others)]
    return RiskDistribution(
        edges=edges,
        events=shares[0],
        others=shares[1],
        event_quantiles=_quantiles(groups, groups.events),
        other_quantiles=_quantiles(groups, others),
        n=groups.total,
        n_events=groups.total_events,
    )


def _quantiles(groups: RiskGroups, counts: FloatArray) -> FloatArray:
    present = counts > 0
    if not present.any():
        return np.full(_QUANTILES.size, np.nan)
    return weighted_quantile(groups.risk[present], _QUANTILES, counts[present])
