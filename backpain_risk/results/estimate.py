"""A number with its interval."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from .notebook import as_html

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Estimate:
    """A point estimate with the limits of its interval.

    Parameters
    ----------
    value, low, high : float
        Estimate and limits, in the units of the quantity; NaN where it is not defined.
    level : float
        Coverage of the interval, 0.95 unless said.
    kind : str
        ``"confidence"``, ``"credible"`` or ``"prediction"``.
    method : str
        How the interval was made, for example ``"wilson"``.

    Examples
    --------
    >>> print(Estimate(0.31, 0.13, 0.58, method="wilson"))
    0.31 (95% confidence interval 0.13 to 0.58, wilson)
    """

    value: float
    low: float
    high: float
    level: float = 0.95
    kind: str = "confidence"
    method: str = ""

    def __str__(self) -> str:
        how = f", {self.method}" if self.method else ""
        return (
            f"{self.value:.3g} ({self.level:.0%} {self.kind} interval {self.low:.3g} to "
            f"{self.high:.3g}{how})"
        )

    def __float__(self) -> float:
        return self.value

    def to_frame(self) -> pd.DataFrame:
        """One row: value, low, high, level, kind, method."""
        import pandas as pd

        return pd.DataFrame([asdict(self)])

    def _repr_html_(self) -> str:
        return as_html(str(self))
