"""A cohort: predictors, outcome, tests, and for synthetic patients what lies behind them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from textwrap import wrap
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from .. import vocabulary
from ..numerics.checks import (
    as_vector,
    check_kind,
    check_mapping,
    check_same_index,
    check_same_length,
    check_table,
    refuse_where,
)
from ..numerics.values import shown
from ..results.notebook import as_html
from ..vocabulary import STANDARD, Vocabulary
from .own import checked_tables

if TYPE_CHECKING:
    from ..scenario.scenario import Scenario


_TABLES = ("outcome", "predictors", "tests", "latent", "other", "verified")


@dataclass(frozen=True, eq=False, kw_only=True)
class Cohort:
    """Patients, one row each, in the same order in every table.

    Attributes
    ----------
    predictors : DataFrame
        ``age_years``, ``male`` and the findings of history and examination as 0/1; float with NaN
        where values are missing.
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
        Whether the outcome of each patient was verified; None when everybody's was. The outcome of
        the others is what was recorded, 0.
    sites : mapping of site to Scenario or None
        For cohorts of several sites, what the patients of each were drawn from; ``other["site"]``
        says whose each is.
    words : Vocabulary
        What its columns can be: the vocabulary, with findings and tests of one's own.
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
    words: Vocabulary = STANDARD

    @classmethod
    def from_frame(
        cls,
        df: pd.DataFrame,
        *,
        outcome: str = "outcome",
        columns: Mapping[str, str] | None = None,
        values: Mapping[Any, int] | None = None,
        units: Mapping[str, str] | None = None,
        words: Vocabulary = STANDARD,
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
            Applied to yes/no columns and the outcome; text is compared without case and outer
            blanks.
        units : mapping of vocabulary key to the unit of the table
            For example ``{"haematocrit_percent": "L/L"}``; converted to the vocabulary's unit and
            precision.
        words : Vocabulary
            With findings and tests that the vocabulary lacks: ``Vocabulary((Finding(...),))``.

        Raises
        ------
        ValueError
            Naming every problem at once; nothing is repaired silently.

        Examples
        --------
        >>> df = pd.DataFrame({"cancer": ["no", "yes"], "ESR": [12, 60], "age": [45, 71]})
        >>> cohort = Cohort.from_frame(
        ...     df,
        ...     outcome="cancer",
        ...     columns={"ESR": "esr_mm_h", "age": "age_years"},
        ...     values={"yes": 1, "no": 0},
        ... )
        >>> cohort.outcome.tolist(), cohort.tests.esr_mm_h.tolist()
        ([0, 1], [12.0, 60.0])
        """
        check_kind("words", words, Vocabulary, "Pass vocabulary.Vocabulary((Finding(...),)).")
        for name, mapping in (("columns", columns), ("values", values), ("units", units)):
            if mapping is not None:
                check_mapping(name, mapping, "what the table has to what it means")
        tables = checked_tables(
            df,
            outcome=outcome,
            columns=columns or {},
            values=values or {},
            units=units or {},
            words=words,
        )
        return cls(
            predictors=tables.predictors,
            outcome=tables.outcome,
            tests=tables.tests,
            other=tables.other,
            words=words,
        )

    def __post_init__(self) -> None:
        """Refuse tables of other patients, and an outcome that is not 0 or 1."""
        check_kind("outcome", self.outcome, pd.Series, "Pass a Series of 0 and 1.")
        outcome = as_vector("outcome", self.outcome)
        refuse_where(
            (outcome != 0) & (outcome != 1),
            outcome,
            "outcome must be 0 or 1",
            "Code malignancy as 1.",
        )
        given = {name: getattr(self, name) for name in _TABLES if getattr(self, name) is not None}
        for name, table in given.items():
            if name not in ("outcome", "verified"):
                check_table(name, table)
        check_same_length(**{name: len(table) for name, table in given.items()})
        check_same_index(**given)
        twice = self.predictors.columns.join(self.tests.columns, how="inner")
        if (
            len(twice)
            or self.predictors.columns.has_duplicates
            or self.tests.columns.has_duplicates
        ):
            raise ValueError(
                "predictors and tests must have columns of distinct names; got some twice. Rename "
                "them."
            )
        self._check_sites()

    def _check_sites(self) -> None:
        if self.sites is None:
            return
        named = set() if self.other is None or "site" not in self.other else set(self.other["site"])
        unknown = sorted(map(str, named - set(self.sites)))
        if unknown or not named:
            raise ValueError(
                "sites must have the scenario of every site in other['site']; got none of "
                f"{shown(unknown)}. Add them."
            )

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
                "true_risk exists for synthetic cohorts only; this cohort has no scenario. Use "
                "the risk of a model."
            )
        risk[:] = self.scenario.risk(self.predictors)
        return risk

    def take(self, rows: npt.ArrayLike) -> Cohort:
        """Some patients, numbered anew.

        Parameters
        ----------
        rows : array of int or bool
            Row numbers from 0, in the order wanted and as often as wanted; or True and False for
            every patient, which takes those of True in their order. A Series of True and False must
            carry the index of the cohort.

        Raises
        ------
        ValueError
            For row numbers that do not exist, negative ones included, or are not whole; for True
            and False of another number of patients or with another index.

        Examples
        --------
        >>> table = pd.DataFrame({"outcome": [0, 1, 0], "age_years": [45, 71, 60]})
        >>> cohort = Cohort.from_frame(table)
        >>> cohort.take([2, 0]).predictors.age_years.tolist()
        [60.0, 45.0]
        >>> cohort.take(cohort.outcome == 1).predictors.age_years.tolist()
        [71.0]
        """
        chosen = self._row_numbers(rows)

        def of(table: Any) -> Any:
            return None if table is None else table.iloc[chosen].reset_index(drop=True)

        return replace(self, **{name: of(getattr(self, name)) for name in _TABLES})

    def _row_numbers(self, rows: npt.ArrayLike) -> npt.NDArray[np.int64]:
        asked = np.asarray(rows)
        if asked.dtype == np.bool_:
            check_same_length(patients=len(self), rows=asked.size)
            check_same_index(patients=self.outcome, rows=rows)
            return np.flatnonzero(asked).astype(np.int64)
        numbers = as_vector("rows", rows)
        bad = (numbers < 0) | (numbers >= len(self)) | (numbers != np.floor(numbers))
        refuse_where(
            bad,
            numbers,
            f"rows must be whole numbers from 0 to {len(self) - 1}",
            "Count patients from 0.",
        )
        return numbers.astype(np.int64)

    def to_frame(self) -> pd.DataFrame:
        """Predictors, tests and outcome side by side."""
        return pd.concat([self.predictors, self.tests, self.outcome], axis=1)

    @property
    def notice(self) -> str:
        """What outputs about these patients say: synthetic data, or only research."""
        return vocabulary.notice(self.scenario if self.sites is None else self.sites)

    def __repr__(self) -> str:
        return "\n".join([self._heading(), *self._contents(), self.notice])

    def _repr_html_(self) -> str:
        return as_html(f"{self._heading()} {self.notice}", self.to_frame().head())

    def _heading(self) -> str:
        rate = self.n_events / max(len(self), 1)
        counts = f"{len(self)} patients, {self.n_events} malignancies ({rate:.2%})"
        return f"Cohort ({self._origin()}): {counts}."

    def _origin(self) -> str:
        if self.sites is not None:
            return f"synthetic, sites {', '.join(map(str, self.sites))}"
        if self.scenario is None:
            return "user's own"
        seed = "" if self.seed is None else f", seed {self.seed}"
        return f"synthetic, scenario {self.scenario.name}{seed}"

    def _contents(self) -> Iterator[str]:
        """Columns, missing values and what was verified, a line each."""
        for name in ("predictors", "tests", "other"):
            table = getattr(self, name)
            if table is not None and len(table.columns):
                yield from wrap(f"{name}: {', '.join(map(str, table.columns))}", 100)
        missing = {
            str(column): int(table[column].isna().sum())
            for table in (self.predictors, self.tests)
            for column in table
        }
        if any(missing.values()):
            listed = ", ".join(f"{column} {n}" for column, n in missing.items() if n)
            yield from wrap(f"missing values: {listed}", 100)
        if self.verified is not None:
            yield f"verified outcomes: {int(self.verified.sum())} of {len(self)}"
