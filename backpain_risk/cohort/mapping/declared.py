"""What a mapping declares: the outcome, a rule for each column, and what is not used."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any, Self

import pandas as pd
from pydantic import BaseModel, ValidationError, model_validator

from ...numerics.checks import check_path, check_table
from ...scenario.problems import sentence, shortened
from .mapped import MappedCohort
from .reading import read_by_rules
from .rules import STRICT, ColumnRule, OutcomeRule


class CohortMapping(BaseModel):
    """What every column of a file means, see :func:`load_mapping`.

    Attributes
    ----------
    checked : bool
        Whether a person has said that the guesses are right.
    outcome : OutcomeRule or None
    columns : mapping of column to ColumnRule
    unused : tuple of str
        Columns that are not read.
    """

    model_config = STRICT

    checked: bool = False
    outcome: OutcomeRule | None = None
    columns: dict[str, ColumnRule] = {}
    unused: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _each_name_once(self) -> Self:
        names = [rule.name for rule in self.columns.values() if rule.read]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"each name must stand for one column; got {', '.join(twice)} twice")
        both = sorted({*self.columns} & {*self.unused})
        if both:
            raise ValueError(f"a column is used or unused; got {', '.join(both)} in both")
        return self

    def apply(self, df: pd.DataFrame, *, outcome: str | None = None) -> MappedCohort:
        """Read a table by the rules.

        Parameters
        ----------
        df : DataFrame
            One row per patient, as :func:`read_table` gives it.
        outcome : str, optional
            The column of the outcome, where the mapping is to agree with it.

        Returns
        -------
        MappedCohort

        Raises
        ------
        ValueError
            Naming every problem at once, with rows counted as in a spreadsheet (names in row 1).
        """
        check_table("df", df)
        if self.outcome is None:
            raise ValueError(
                "mapping must say which column is the outcome; got no [outcome]. Name its column "
                "and the values that mean yes and no."
            )
        if outcome is not None and outcome != self.outcome.column:
            raise ValueError(
                f"outcome must be that of the mapping, {self.outcome.column!r}; got {outcome!r}. "
                "Change one of the two."
            )
        return read_by_rules(df, self.outcome, self.columns, self.unused, checked=self.checked)


def load_mapping(path: str | Path) -> CohortMapping:
    """Read what the columns of a file mean, as a person declared it.

    Parameters
    ----------
    path : str or Path
        TOML, begun by :func:`suggest_mapping` or ``backpain-risk map``.

    Returns
    -------
    CohortMapping
        ``.apply(df)`` reads a table by it.

    Raises
    ------
    ValueError
        For what is not TOML and for rules that contradict each other, every problem at once.

    Notes
    -----
    ``[outcome]`` names the column, its ``values`` (text to 0 and 1), what is ``unknown``, and
    whether such patients are refused or excluded (``when_unknown``). Each ``[columns."NAME"]`` has
    one of ``key`` (a word of the vocabulary), ``own`` (a predictor it lacks, with ``kind``,
    ``label`` and ``unit``; a category lists its ``levels``, the reference first) and ``keep``
    (kept beside the predictors, such as the site). Further: ``values`` (text to number),
    ``missing`` (texts that mean nothing is known), ``unit`` (converted to that of the vocabulary)
    or ``factor``, ``yes_from`` and ``yes_below`` (a number read as yes at or above, or below),
    ``round`` (to the recorded precision), ``outside = "missing"`` (values out of range are counted
    as missing), ``up_to`` (values above the range up to this are read as its end), ``until`` and
    ``format`` (a date of birth, read as the age in completed years at the date in another
    column), ``use = false`` (no predictor).

    Examples
    --------
    >>> import tempfile
    >>> text = '''
    ... [outcome]
    ... column = "cancer"
    ... values = {Y = 1, N = 0}
    ... [columns.Sex]
    ... key = "male"
    ... values = {M = 1, F = 0}
    ... '''
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = (Path(folder) / "mapping.toml").write_text(text)
    ...     mapping = load_mapping(Path(folder) / "mapping.toml")
    >>> patients = pd.DataFrame({"cancer": ["N", "y"], "Sex": ["F", "M"]})
    >>> mapping.apply(patients).cohort.predictors.male.tolist()
    [0, 1]
    """
    source = check_path("path", path)
    if not source.is_file():
        raise ValueError(
            f"path must be a mapping; {source} does not exist. Write one with backpain-risk map."
        )
    try:
        declared = tomllib.loads(source.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ValueError(
            f"mapping {source} must be valid TOML; got: {shortened(str(error))}. Mend that line."
        ) from None
    return _validated(declared, source)


def _validated(declared: dict[str, Any], source: Path) -> CohortMapping:
    try:
        return CohortMapping.model_validate(declared)
    except ValidationError as error:
        told = " ".join(sentence(problem, "mapping") for problem in error.errors())
        raise ValueError(f"mapping {source} cannot be used. {told}") from None
