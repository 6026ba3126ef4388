"""A cohort: predictors, outcome, tests, and for synthetic patients what lies behind them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import pandas as pd

from .. import vocabulary

if TYPE_CHECKING:
    from .scenario import Scenario


@dataclass(frozen=True, eq=False, kw_only=True)
class Cohort:
    """Patients, one row each, in the same order in every table.

    Attributes
    ----------
    predictors : DataFrame
        ``age_years``, ``male`` and the findings of history and examination as 0/1; float with NaN where values are
        missing.
    outcome : Series of 0/1
        Malignancy.
    tests : DataFrame
        Laboratory values and imaging.
    latent : DataFrame or None
        Synthetic cohorts only: cause, primary site, mechanisms and severity. Never a predictor.
    scenario : Scenario or None
        What the patients were drawn from.
    """

    predictors: pd.DataFrame
    outcome: pd.Series
    tests: pd.DataFrame
    latent: pd.DataFrame | None = None
    scenario: Scenario | None = None

    def __len__(self) -> int:
        return len(self.outcome)

    @property
    def n_events(self) -> int:
        """Patients with malignancy."""
        return int(self.outcome.sum())

    @cached_property
    def true_risk(self) -> pd.Series:
        """Exact P(malignancy | predictors) of each synthetic patient."""
        if self.scenario is None:
            raise ValueError(
                "true_risk exists for synthetic cohorts only; this cohort has no scenario. Use a model's risk."
            )
        return pd.Series(self.scenario.risk(self.predictors), index=self.outcome.index, name="true_risk")

    def to_frame(self) -> pd.DataFrame:
        """Predictors, tests and outcome side by side."""
        return pd.concat([self.predictors, self.tests, self.outcome], axis=1)

    def _repr_html_(self) -> str:
        rate = self.n_events / len(self)
        origin = f"synthetic, scenario {self.scenario.name}" if self.scenario else "user's own"
        head = f"<p><b>Cohort</b> ({origin}): {len(self)} patients, {self.n_events} malignancies ({rate:.2%}). "
        return f"{head}{vocabulary.NOTICE}</p>{self.to_frame().head().to_html()}"
