"""A cohort: predictors, outcome, tests, and for synthetic patients what lies behind them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from .. import vocabulary
from ..numerics.notebook import as_html

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
    seed : int or None
        Entropy they were drawn with.
    other : DataFrame or None
        Columns of the user's own that are not of the vocabulary, such as an identifier or a site.
    verified : Series of bool or None
        Whether the outcome of each patient was verified; None when everybody's was. The outcome of the others is what
        was recorded, 0.
    sites : mapping of site to Scenario or None
        For cohorts of several sites, what the patients of each were drawn from; ``other["site"]`` says whose each is.
    """

    predictors: pd.DataFrame
    outcome: pd.Series
    tests: pd.DataFrame
    latent: pd.DataFrame | None = None
    scenario: Scenario | None = None
    seed: int | None = None
    other: pd.DataFrame | None = None
    verified: pd.Series[bool] | None = None
    sites: Mapping[str, Scenario] | None = None

    @classmethod
    def from_frame(
        cls,
        df: pd.DataFrame,
        *,
        outcome: str = "outcome",
        columns: Mapping[str, str] | None = None,
        values: Mapping[Any, int] | None = None,
        units: Mapping[str, str] | None = None,
    ) -> Cohort:
        """A user's own cohort, mapped to the vocabulary and checked.

        Parameters
        ----------
        df : DataFrame
            One row per patient.
        outcome : str
            Name of the outcome column.
        columns : mapping of the table's names to keys of the vocabulary
            Names that are already keys need no mapping; columns not mapped are kept in ``other``.
        values : mapping of the table's values to 0 and 1
            Applied to yes/no columns and the outcome; text is compared without case and outer blanks.
        units : mapping of vocabulary key to the unit of the table
            For example ``{"haematocrit_percent": "L/L"}``; converted to the vocabulary's unit and precision.

        Raises
        ------
        ValueError
            Naming every problem at once; nothing is repaired silently.

        Examples
        --------
        >>> df = pd.DataFrame({"cancer": ["no", "yes"], "ESR": [12, 60], "age": [45, 71]})
        >>> cohort = Cohort.from_frame(
        ...     df, outcome="cancer", columns={"ESR": "esr_mm_h", "age": "age_years"}, values={"yes": 1, "no": 0}
        ... )
        >>> cohort.outcome.tolist(), cohort.tests.esr_mm_h.tolist()
        ([0, 1], [12.0, 60.0])
        """
        from .own import cohort_from_frame

        return cohort_from_frame(df, outcome=outcome, columns=columns or {}, values=values or {}, units=units or {})

    def __len__(self) -> int:
        return len(self.outcome)

    @property
    def n_events(self) -> int:
        """Patients with malignancy."""
        return int(self.outcome.sum())

    @cached_property
    def true_risk(self) -> pd.Series:
        """Exact P(malignancy | predictors) of each synthetic patient."""
        risk = pd.Series(0.0, index=self.outcome.index, name="true_risk")
        if self.sites is not None and self.other is not None:
            for site, scenario in self.sites.items():
                here = self.other["site"] == site
                risk[here] = scenario.risk(self.predictors[here])
            return risk
        if self.scenario is None:
            raise ValueError(
                "true_risk exists for synthetic cohorts only; this cohort has no scenario. Use the risk of a model."
            )
        risk[:] = self.scenario.risk(self.predictors)
        return risk

    def take(self, rows: npt.ArrayLike) -> Cohort:
        """The patients of some row numbers (from 0), in that order, numbered anew."""
        chosen = np.asarray(rows, dtype=np.int64)

        def of(table: Any) -> Any:
            return None if table is None else table.iloc[chosen].reset_index(drop=True)

        tables = ("predictors", "outcome", "tests", "latent", "other", "verified")
        return replace(self, **{name: of(getattr(self, name)) for name in tables})

    def to_frame(self) -> pd.DataFrame:
        """Predictors, tests and outcome side by side."""
        return pd.concat([self.predictors, self.tests, self.outcome], axis=1)

    def _repr_html_(self) -> str:
        rate = self.n_events / len(self)
        origin = f"synthetic, scenario {self.scenario.name}" if self.scenario else "user's own"
        head = f"Cohort ({origin}): {len(self)} patients, {self.n_events} malignancies ({rate:.2%}). "
        return as_html(f"{head}{vocabulary.NOTICE}", self.to_frame().head())
