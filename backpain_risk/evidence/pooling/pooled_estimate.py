"""One pooled number with its confidence and its prediction interval."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ...numerics.intervals import normal_quantile, t_quantile
from ...results.estimate import Estimate
from ...results.notebook import as_html


@dataclass(frozen=True, kw_only=True)
class PooledEstimate(Estimate):
    """An :class:`Estimate` for the median setting, with what one new setting may show.

    Attributes
    ----------
    prediction : Estimate
        The same value with the interval of one new setting.
    tau : float
        Between-study SD on the scale of the model (log or logit).
    n_studies : int
    i_squared : float
        Share of the variation between studies that is not chance; NaN where no share is defined.

    Examples
    --------
    >>> from backpain_risk import pool_prevalence
    >>> base_rate = pool_prevalence([13, 0, 1, 1], [1975, 1172, 471, 1353])
    >>> print(base_rate)
    0.00109 (95% confidence interval 0.000132 to 0.00901, reml)
    """

    prediction: Estimate
    tau: float
    n_studies: int
    i_squared: float = float("nan")

    def __str__(self) -> str:
        return super().__str__()

    def to_frame(self) -> pd.DataFrame:
        """Two rows, ``mean`` and ``prediction``: value, low, high, level, kind, method, tau,
        n_studies.
        """
        mean = Estimate(self.value, self.low, self.high, self.level, self.kind, self.method)
        rows = pd.concat([mean.to_frame(), self.prediction.to_frame()])
        return rows.set_axis(["mean", "prediction"]).assign(tau=self.tau, n_studies=self.n_studies)

    def _repr_html_(self) -> str:
        return as_html(
            f"{self}; one new setting: {self.prediction.low:.3g} to {self.prediction.high:.3g} "
            f"({self.n_studies} studies, between-study SD {self.tau:.2g})."
        )


def wald_estimate(
    mean: float,
    standard_error: float,
    tau: float,
    inverse: Callable[[float], float],
    *,
    n_studies: int,
    level: float,
    method: str,
    i_squared: float = float("nan"),
) -> PooledEstimate:
    """Normal limits for the mean on the model's scale; t limits with k - 2 degrees of freedom for a
    new setting.

    Two studies leave no degrees of freedom, so the prediction interval is then the whole range.
    Reference: Higgins, Thompson and Spiegelhalter (2009), J R Stat Soc A 172:137.
    """
    half = normal_quantile(level) * standard_error
    t = float(t_quantile(level, n_studies - 2)) if n_studies > 2 else np.inf
    wide = t * float(np.hypot(standard_error, tau))
    value, low, high, new_low, new_high = (
        float(inverse(x)) for x in (mean, mean - half, mean + half, mean - wide, mean + wide)
    )
    return PooledEstimate(
        value=value,
        low=low,
        high=high,
        level=level,
        method=method,
        prediction=Estimate(value, new_low, new_high, level, "prediction", method),
        tau=tau,
        n_studies=n_studies,
        i_squared=i_squared,
    )
