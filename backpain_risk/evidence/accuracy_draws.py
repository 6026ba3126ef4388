"""Draws of sensitivity and specificity."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..numerics.checks import FloatArray
from ..results.in_words import sentence

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, eq=False, kw_only=True)
class AccuracyDraws:
    """Draws of one test's accuracy; each array has shape (size,)."""

    sensitivity: FloatArray
    specificity: FloatArray

    __repr__ = sentence

    @property
    def lr_positive(self) -> FloatArray:
        """Sensitivity / (1 - specificity)."""
        return self.sensitivity / (1 - self.specificity)

    @property
    def lr_negative(self) -> FloatArray:
        """(1 - sensitivity) / specificity."""
        return (1 - self.sensitivity) / self.specificity

    @property
    def diagnostic_odds_ratio(self) -> FloatArray:
        """LR+ / LR-."""
        return self.lr_positive / self.lr_negative

    def to_frame(self) -> pd.DataFrame:
        """One row per draw: sensitivity, specificity, lr_positive, lr_negative."""
        import pandas as pd

        names = ("sensitivity", "specificity", "lr_positive", "lr_negative")
        return pd.DataFrame({name: getattr(self, name) for name in names})
