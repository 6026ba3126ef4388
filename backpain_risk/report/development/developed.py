"""What a development is: its plan, models, tables and advice."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from ...cohort.table import Cohort
from ...measures.decision.benefit_curve import DecisionCurve
from ...numerics.checks import FloatArray
from ...results.notebook import as_html
from ...validation.internal_external import InternalExternalValidation
from ...validation.internal_validation import InternalValidation
from .protocol import Protocol


@dataclass(frozen=True, eq=False, kw_only=True)
class DevelopedModel:
    """One model of a development.

    Attributes
    ----------
    name, label : str
    model : fitted classifier, or None for the multiplied likelihood ratios
    risk : ndarray, shape (n,)
        Apparent risk of each patient.
    validation : InternalValidation
    terms : DataFrame
        Odds ratios with 95 % limits.
    sites : InternalExternalValidation or None
    """

    name: str
    label: str
    model: Any
    risk: FloatArray
    validation: InternalValidation
    terms: pd.DataFrame
    sites: InternalExternalValidation | None


@dataclass(frozen=True, eq=False, kw_only=True, repr=False)
class Development:
    """A whole analysis of one cohort.

    Attributes
    ----------
    protocol : Protocol
        What was fixed beforehand.
    models : mapping of name to DevelopedModel
        The published likelihood ratios, as ``"published_lr"``, last.
    cohort : Cohort
    labels : mapping of column to str
    decision : DecisionCurve
        Apparent.
    tables : mapping of name to DataFrame
    recommendations : tuple of str
    notes : tuple of str
        What could not be computed.
    notice : str
    """

    protocol: Protocol
    models: Mapping[str, DevelopedModel]
    cohort: Cohort
    labels: Mapping[str, str]
    decision: DecisionCurve
    tables: Mapping[str, pd.DataFrame]
    recommendations: tuple[str, ...]
    notes: tuple[str, ...]
    notice: str

    def to_frame(self) -> pd.DataFrame:
        """Performance of every model: model, measure, apparent, optimism, corrected, low, high,
        n_resamples, n_failed.
        """
        return self.tables["performance"]

    def results(self) -> dict[str, Any]:
        """Every number as JSON holds it: tables as lists of rows, six significant digits."""
        return {name: _records(table) for name, table in self.tables.items()}

    def _head(self) -> str:
        return (
            f"Development in {self.protocol.n} patients with {self.protocol.n_events} events, "
            f"{len(self.protocol.predictors)} predictors. {self.notice}"
        )

    def __repr__(self) -> str:
        table = self.to_frame().query("measure in ('auroc', 'calibration_slope')")
        advice = "\n".join(f"- {text}" for text in self.recommendations)
        return f"{self._head()}\n{table.to_string(index=False)}\n{advice}"

    def _repr_html_(self) -> str:
        return as_html(self._head(), self.to_frame(), *self.recommendations, index=False)


def _records(table: pd.DataFrame) -> list[dict[str, Any]]:
    return [
        {str(key): _plain(value) for key, value in row.items()}
        for row in table.to_dict(orient="records")
    ]


def _plain(value: Any) -> Any:
    """A value as JSON holds it: six significant digits, null where a number is not defined."""
    if isinstance(value, (bool, np.bool_)):
        return bool(value)
    if isinstance(value, (int, np.integer)):
        return int(value)
    if isinstance(value, (float, np.floating)):
        number = float(value)
        return float(f"{number:.6g}") if np.isfinite(number) else None
    return None if value is None else str(value)
