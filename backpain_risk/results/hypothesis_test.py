"""A test statistic with its p-value."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from scipy import stats

from .notebook import as_html

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, kw_only=True)
class HypothesisTest:
    """A test of one hypothesis about a model's risks.

    Attributes
    ----------
    hypothesis : str
        What is tested.
    statistic : float
    p_value : float
        Two-sided.
    df : int, optional
        Degrees of freedom of a chi-squared statistic; None for a standard normal one.
    """

    hypothesis: str
    statistic: float
    p_value: float
    df: int | None = None

    def to_frame(self) -> pd.DataFrame:
        """One row: hypothesis, statistic, df, p_value."""
        import pandas as pd

        return pd.DataFrame([asdict(self)])[["hypothesis", "statistic", "df", "p_value"]]

    def _repr_html_(self) -> str:
        return as_html(self.to_frame(), index=False)


def chi_squared_test(hypothesis: str, statistic: float, df: int) -> HypothesisTest:
    """A test whose statistic is chi-squared with ``df`` degrees of freedom where the hypothesis
    holds.
    """
    return HypothesisTest(
        hypothesis=hypothesis,
        statistic=statistic,
        p_value=float(stats.chi2.sf(statistic, df)),
        df=df,
    )


def normal_test(hypothesis: str, statistic: float) -> HypothesisTest:
    """A two-sided test whose statistic is standard normal where the hypothesis holds."""
    return HypothesisTest(
        hypothesis=hypothesis, statistic=statistic, p_value=float(2 * stats.norm.sf(abs(statistic)))
    )
