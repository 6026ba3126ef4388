"""What is told about one patient, read as numbers and bands."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import numpy as np
import pandas as pd

from .. import vocabulary
from ..numerics.checks import check_mapping
from ..numerics.values import as_real, shown
from ..vocabulary import STANDARD, Vocabulary

Given = dict[str, float | str]
"""A number, NaN where unknown, or the label of a band, by key."""


def read_findings(
    findings: Mapping[str, Any], words: Vocabulary = STANDARD, own: Collection[str] = ()
) -> Given:
    """Numbers and bands, checked; ``own`` are columns that need not be in the vocabulary."""
    check_mapping("findings", findings, "finding to value")
    if not len(findings):
        raise ValueError(
            "findings must name at least one finding; got none. Pass for example "
            "{'history_of_cancer': 1}."
        )
    given = {key: _value(key, value, words, own) for key, value in findings.items()}
    _refuse_contradiction(given)
    return given


def is_known(value: float | str) -> bool:
    """Whether anything is told."""
    return isinstance(value, str) or not np.isnan(value)


def as_row(given: Given, words: Vocabulary = STANDARD) -> pd.DataFrame:
    """A table of one row; a band is its lowest value, which every reader puts into that band."""
    return pd.DataFrame({key: [_lowest(words, key, value)] for key, value in given.items()})


def _lowest(words: Vocabulary, key: str, value: float | str) -> float:
    if not isinstance(value, str):
        return value
    test = words.laboratory[key]
    return float((test.low, *test.cutoffs)[test.bands.index(value)])


def _value(key: str, value: Any, words: Vocabulary, own: Collection[str]) -> float | str:
    """A value checked against the vocabulary; NaN when unknown."""
    term = words.columns.get(key) if isinstance(key, str) else None
    if term is None and key not in own:
        raise ValueError(
            f"findings must be keys of the vocabulary; got {shown(key)}. Known: "
            f"{', '.join((*words.columns, *own))}."
        )
    test = words.laboratory.get(key)
    if test is not None and isinstance(value, str):
        return _band(test, value)
    yes_no = not isinstance(term, vocabulary.Measurement)
    number = _as_float(int(value) if yes_no and isinstance(value, (bool, np.bool_)) else value)
    if number is None:
        raise ValueError(
            f"{key} of findings must be a number; got {shown(value)}. Pass 1 for yes, 0 for no, "
            "or None."
        )
    if term is not None:
        _refuse_outside(term, number, value)
    return number


def _band(test: vocabulary.Measurement, value: str) -> str:
    if value not in test.bands:
        raise ValueError(
            f"{test.key} must be a number or one of the bands {', '.join(test.bands)}; got "
            f"{shown(value)}. Pass None when it is unknown."
        )
    return value


def _refuse_outside(
    term: vocabulary.Finding | vocabulary.Measurement, number: float, value: Any
) -> None:
    if term.outside(np.array([number])).any():
        rule = "0 or 1"
        if isinstance(term, vocabulary.Measurement):
            rule = f"from {term.low:g} to {term.high:g} {term.unit}"
        raise ValueError(
            f"{term.key} must be {rule}; got {shown(value)}. Check the unit, or pass None when it "
            "is unknown."
        )


def _as_float(value: Any) -> float | None:
    """NaN when unknown; None for what is no number."""
    if value is None or value is pd.NA:
        return np.nan
    number = as_real(value)
    return None if number is None else float(min(max(number, -1e308), 1e308))


def _refuse_contradiction(given: Given) -> None:
    """Age and its band must say the same."""
    age, band = (given.get(key, np.nan) for key in (vocabulary.AGE.key, vocabulary.AGE_BAND))
    if not (is_known(age) and is_known(band)):
        return
    if (float(age) >= vocabulary.AGE.cutoffs[0]) != (band == 1):
        raise ValueError(
            f"age_50_or_over must agree with age_years; got {band:g} and {age:g}. Drop one of "
            "the two."
        )
