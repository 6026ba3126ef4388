"""The counts of several accuracy studies, checked at the door."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import logit

from ...numerics.checks import BoolArray, FloatArray, as_vector, check_same_length, refuse_where
from ...numerics.intervals import proportion_interval
from ...results.in_words import sentence

CELLS = ("tp", "fp", "fn", "tn")
ARMS = ("with the disease (tp + fn)", "without it (fp + tn)")
CONTINUITY = 0.5


@dataclass(frozen=True, eq=False, kw_only=True)
class StudyCounts:
    """One row per study.

    Attributes
    ----------
    labels : tuple of str
    positive, size : ndarray, shape (k, 2)
        Test positives and patients, those with the disease first, those without second.
    design : ndarray, shape (k, p)
        Constant, then the covariate.
    terms : tuple of str
        Names of the columns of ``design``.
    levels : tuple of str
        Levels of a covariate of words, the first the baseline; empty for numbers or without a
        covariate.
    """

    labels: tuple[str, ...]
    positive: FloatArray
    size: FloatArray
    design: FloatArray
    terms: tuple[str, ...] = ("intercept",)
    levels: tuple[str, ...] = ()

    __repr__ = sentence

    @property
    def observed(self) -> BoolArray:
        """Arms that hold patients, (k, 2)."""
        return self.size > 0

    @property
    def continuity(self) -> float:
        """What is added to every cell of every arm with patients: 1/2 as soon as one of these
        cells is zero, else 0.
        """
        zero = self.observed & ((self.positive == 0) | (self.positive == self.size))
        return CONTINUITY if zero.any() else 0.0

    def corrected(self) -> tuple[FloatArray, FloatArray]:
        """Test positives and negatives of both arms after the continuity rule, each (k, 2);
        nothing in empty arms.
        """
        add = self.continuity * self.observed
        return self.positive + add, self.size - self.positive + add

    def logits(self) -> tuple[FloatArray, FloatArray]:
        """Logit of the proportion test-positive and its variance after the continuity rule; 0
        and 1 in empty arms.
        """
        positive, negative = (np.where(self.observed, cells, 1.0) for cells in self.corrected())
        variance = np.where(self.observed, 1 / positive + 1 / negative, 1.0)
        return np.asarray(logit(positive / (positive + negative))), variance

    def without_covariate(self) -> StudyCounts:
        """The same studies, intercept only."""
        return StudyCounts(
            labels=self.labels,
            positive=self.positive,
            size=self.size,
            design=np.ones((len(self.labels), 1)),
        )

    def row(self, value: str | float | None) -> FloatArray:
        """Design row (p,) at a value of the covariate; the baseline (first level, or zero) when
        None.
        """
        if value is None:
            return np.eye(len(self.terms))[0]
        if len(self.terms) == 1:
            raise ValueError(
                f"value must be None without a covariate; got {value!r}. Fit with covariate= first."
            )
        if not self.levels:
            return np.array([1.0, as_vector("value", [value])[0]])
        if value not in self.levels:
            raise ValueError(
                f"value must be one of {', '.join(self.levels)}; got {value!r}. Choose one of "
                "these."
            )
        return np.array([1.0, *[float(value == level) for level in self.levels[1:]]])

    def to_frame(self) -> pd.DataFrame:
        """One row per study: study, tp, fp, fn, tn as given, and both proportions with 95 % Wilson
        limits.

        The proportions are ``sensitivity`` and ``specificity``, their limits ``sensitivity_low``
        and so on; NaN in empty arms.
        """
        (tp, fp) = self.positive.T
        (n1, n0) = self.size.T
        frame = pd.DataFrame(
            {"study": self.labels, "tp": tp, "fp": fp, "fn": n1 - tp, "tn": n0 - fp}
        )
        for name, right, n in (("sensitivity", tp, n1), ("specificity", n0 - fp, n0)):
            low, high = proportion_interval(right, n)
            value = np.divide(right, n, out=np.full_like(right, np.nan), where=n > 0)
            frame = frame.assign(**{name: value, f"{name}_low": low, f"{name}_high": high})
        return frame


def read_counts(
    counts: pd.DataFrame,
    covariate: str | npt.ArrayLike | None = None,
    *,
    allow_overlap: bool = False,
) -> StudyCounts:
    """Check a table of studies; see :func:`~backpain_risk.evidence.pooling.pool_accuracy` for
    its columns and rules.
    """
    table = _check_columns(counts)
    tp, fp, fn, tn = (_whole(name, table[name]) for name in CELLS)
    labels = _labels(table)
    size = np.column_stack([tp + fn, fp + tn])
    for label, n in zip(labels, size.sum(axis=1), strict=True):
        if n == 0:
            raise ValueError(
                f"study {label} must have patients; got none in either arm. Leave it out."
            )
    if not allow_overlap:
        refuse_overlap(labels, table.get("overlaps_with"))
    design, terms, levels = _design(table, covariate)
    return StudyCounts(
        labels=labels,
        positive=np.column_stack([tp, fp]),
        size=size,
        design=design,
        terms=terms,
        levels=levels,
    )


def _check_columns(counts: pd.DataFrame) -> pd.DataFrame:
    if not isinstance(counts, pd.DataFrame):
        raise ValueError(
            f"counts must be a DataFrame with a row a study; got {type(counts).__name__}. Build "
            "one."
        )
    counts = counts.rename(
        columns={name.upper(): name for name in CELLS if name not in counts.columns}
    )
    missing = [name for name in CELLS if name not in counts.columns]
    if missing:
        raise ValueError(
            f"counts must have the columns {', '.join(CELLS)}; got none called "
            f"{', '.join(missing)} "
            f"among {', '.join(map(str, counts.columns))}. Rename them with "
            "counts.rename(columns=...)."
        )
    if len(counts) < 2:
        raise ValueError(
            f"counts must hold at least two studies for random effects; got {len(counts)}. "
            "Use Accuracy.from_counts for a single study."
        )
    return counts.reset_index(drop=True)


def _whole(name: str, column: Any) -> FloatArray:
    cells = as_vector(name, column)
    rule = f"{name} must be a whole number of patients, 0 or more"
    refuse_where(
        (cells < 0) | (cells != np.floor(cells)),
        cells,
        rule,
        "Pass counts, with 0 and 0 for an empty arm.",
    )
    return cells


def _labels(table: pd.DataFrame) -> tuple[str, ...]:
    names = (
        table["study"]
        if "study" in table.columns
        else [f"study {i + 1}" for i in range(len(table))]
    )
    return tuple(map(str, names))


def refuse_overlap(labels: Sequence[str], overlaps_with: Iterable[Any] | None) -> None:
    """Raise when a study has two rows, or a row names another in ``overlaps_with``: they share
    patients.
    """
    remedy = "Keep one of them, or pass allow_overlap=True if you know better."
    twice = sorted({label for label in labels if list(labels).count(label) > 1})
    if twice:
        raise ValueError(f"study must not repeat; got {', '.join(twice)} more than once. {remedy}")
    if overlaps_with is None:
        return
    for label, text in zip(labels, overlaps_with, strict=True):
        shared = set(str(text).split(";")) & set(labels)
        if shared:
            raise ValueError(
                f"studies must not share patients; got {label}, which overlaps with "
                f"{', '.join(sorted(shared))}. " + remedy
            )


def _design(
    table: pd.DataFrame, covariate: str | npt.ArrayLike | None
) -> tuple[FloatArray, tuple[str, ...], tuple[str, ...]]:
    """Constant and covariate: words as indicators of all levels but the alphabetically first,
    numbers as they are.
    """
    constant = np.ones((len(table), 1))
    if covariate is None:
        return constant, ("intercept",), ()
    name, values = _covariate(table, covariate)
    check_same_length(counts=len(table), covariate=len(values))
    if pd.api.types.is_numeric_dtype(values.dtype):
        column = as_vector("covariate", values)
        _refuse_constant(np.unique(column).size)
        return np.column_stack([constant, column]), ("intercept", name), ()
    if values.isna().any():
        raise ValueError(
            f"covariate must be known for every study; got {int(values.isna().sum())} missing. "
            "Fill it in."
        )
    words = values.astype(str)
    levels = tuple(sorted(words.unique()))
    _refuse_constant(len(levels))
    indicators = [(words == level).to_numpy(dtype=np.float64) for level in levels[1:]]
    return (
        np.column_stack([constant, *indicators]),
        ("intercept", *[f"{name} {x}" for x in levels[1:]]),
        levels,
    )


def _covariate(table: pd.DataFrame, covariate: str | npt.ArrayLike) -> tuple[str, pd.Series[Any]]:
    if not isinstance(covariate, str):
        return "covariate", pd.Series(np.asarray(covariate))
    if covariate not in table.columns:
        raise ValueError(
            f"covariate must be a column of counts or an array; got {covariate!r}. "
            f"Columns: {', '.join(map(str, table.columns))}."
        )
    return covariate, table[covariate]


def _refuse_constant(n_values: int) -> None:
    if n_values < 2:
        raise ValueError("covariate must differ between studies; got one value. Leave it out.")
