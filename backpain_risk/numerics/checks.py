"""Input checks and their messages: the argument, the rule, what came, what to do."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
import pandas as pd

from .values import FloatArray as FloatArray
from .values import as_numbers, as_real, shown

BoolArray = npt.NDArray[np.bool_]
T = TypeVar("T")
MOST = 1_000_000_000
"""Nothing is counted beyond this: a larger number is a slip."""
MOST_RESAMPLES = 1_000_000
"""Resamples and draws beyond this would not end."""
_MOST_PATIENTS = 2.0**53  # above it float64 no longer holds every whole number


def refuse_where(bad: BoolArray, values: npt.ArrayLike, rule: str, remedy: str) -> None:
    """Raise ValueError when any element is bad, counting them and naming the first."""
    if not np.any(bad):
        return
    flat = np.ravel(np.asarray(values))
    where = int(np.flatnonzero(np.ravel(bad))[0])
    raise ValueError(
        f"{rule}; got {int(np.sum(bad))} of {flat.size} outside (first {flat[where]!s:.60} at row "
        f"{where}). {remedy}"
    )


def as_vector(name: str, values: npt.ArrayLike) -> FloatArray:
    """One dimension of finite numbers as float64; masked values count as missing."""
    vector = as_numbers(name, values)
    if vector.ndim != 1:
        remedy = "Pass one value per patient."
        if vector.ndim == 2 and vector.shape[1] == 2:
            remedy = "Of predict_proba pass [:, 1], the probability of the event."
        raise ValueError(f"{name} must be one-dimensional; got shape {vector.shape}. {remedy}")
    refuse_where(
        ~np.isfinite(vector), vector, f"{name} must be finite", "Remove or impute these rows first."
    )
    return vector


def check_outcome(outcome: npt.ArrayLike) -> FloatArray:
    """Outcome as float64 of zeros and ones."""
    y = as_vector("outcome", outcome)
    refuse_where(
        (y != 0) & (y != 1),
        y,
        "outcome must be 0 or 1",
        "Code malignancy as 1, everything else as 0.",
    )
    if y.size == 0:
        raise ValueError(
            "outcome must hold at least one patient; got none. Check the selection of rows."
        )
    return y


def check_risk(risk: npt.ArrayLike, name: str = "risk") -> FloatArray:
    """Predicted probabilities as float64 in [0, 1]."""
    r = as_vector(name, risk)
    refuse_where(
        (r < 0) | (r > 1), r, f"{name} must lie in [0, 1]", "Pass probabilities, not percentages."
    )
    return r


def check_weight(sample_weight: npt.ArrayLike | None, n: int) -> FloatArray:
    """Numbers of identical patients; ones when None.

    Expected numbers may have a fraction. Where patients are resampled, the numbers must add up to
    a whole one (:func:`~backpain_risk.numerics.resampling.resamples`).
    """
    if sample_weight is None:
        return np.ones(n)
    w = as_vector("sample_weight", sample_weight)
    check_same_length(outcome=n, sample_weight=w.size)
    refuse_where(
        w < 0, w, "sample_weight must not be negative", "It is the number of identical patients."
    )
    total = float(w.sum())
    if total == 0:
        raise ValueError("sample_weight must not be all zero; got no patients. Check the counts.")
    if total > _MOST_PATIENTS:
        raise ValueError(
            f"sample_weight must add up to at most 2^53; got {total:g}. It is the number of "
            "identical patients."
        )
    return w


def check_same_length(**lengths: int) -> None:
    """All named lengths agree."""
    if len(set(lengths.values())) > 1:
        got = ", ".join(f"{name} {length}" for name, length in lengths.items())
        raise ValueError(
            f"{' and '.join(lengths)} must have the same length; got {got}. Align the rows first."
        )


def check_same_index(**inputs: Any) -> None:
    """All pandas objects of one length carry the same labels in the same order.

    Labels say which patient a row is. Two orders of the same patients are neither realigned nor
    ignored. Lists and arrays carry no labels and go with any; different lengths are left to
    :func:`check_same_length`.

    Raises
    ------
    ValueError
        Naming the first row at which the labels differ.
    """
    labelled = [(n, x.index) for n, x in inputs.items() if isinstance(x, (pd.Series, pd.DataFrame))]
    for name, index in labelled[1:]:
        first, expected = labelled[0]
        if len(index) == len(expected) and not (index is expected or index.equals(expected)):
            raise ValueError(
                f"{first} and {name} must carry the same index; got {_difference(expected, index)}"
            )


def _difference(a: pd.Index[Any], b: pd.Index[Any]) -> str:
    row = next((i for i, (x, y) in enumerate(zip(a, b, strict=True)) if x != y), 0)
    same = " (the same labels in another order)" if set(a) == set(b) else ""
    return (
        f"{shown(a[row])} and {shown(b[row])} at row {row}{same}. Align them with .loc or "
        ".reindex, or pass "
        ".to_numpy() if the rows already belong together."
    )


def check_outcome_risk(
    outcome: npt.ArrayLike,
    risk: npt.ArrayLike,
    sample_weight: npt.ArrayLike | None = None,
    name: str = "risk",
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """The narrow waist: outcome, risk and weight, checked, as float64 of one length."""
    y = check_outcome(outcome)
    r = check_risk(risk, name)
    check_same_length(**{"outcome": y.size, name: r.size})
    check_same_index(**{"outcome": outcome, name: risk, "sample_weight": sample_weight})
    return y, r, check_weight(sample_weight, y.size)


def check_both_classes(outcome: FloatArray, weight: FloatArray, measure: str) -> None:
    """At least one event and one non-event among patients of positive weight."""
    events = float(weight @ outcome)
    total = float(weight.sum())
    if events in (0.0, total):
        which = "events" if events == 0 else "non-events"
        raise ValueError(
            f"outcome must hold both classes for {measure}; got no {which} among {total:g} "
            "patients. "
            "Use a larger cohort, or a measure that allows one class."
        )


def check_fraction(name: str, value: float, *, closed: bool = False) -> float:
    """A single number inside (0, 1), or [0, 1] when closed."""
    x = as_real(value)
    if x is None or not (0 <= x <= 1 if closed else 0 < x < 1):
        rule = "lie in [0, 1]" if closed else "lie strictly between 0 and 1"
        raise ValueError(
            f"{name} must {rule}; got {shown(value)}. Pass a fraction, not a percentage."
        )
    return float(x)


def check_level(level: float) -> float:
    """The coverage of an interval, inside (0, 1)."""
    x = as_real(level)
    if x is None or not 0 < x < 1:
        raise ValueError(
            f"level must lie strictly between 0 and 1; got {shown(level)}. Pass for example 0.95."
        )
    return float(x)


def check_number(name: str, value: float, low: float = -np.inf, high: float = np.inf) -> float:
    """A single finite number from low to high."""
    x = as_real(value)
    if x is None or not low <= x <= high or not -1e300 < x < 1e300:
        span = "be one finite number" + (
            f" from {low:g} to {high:g}" if (low, high) != (-np.inf, np.inf) else ""
        )
        raise ValueError(
            f"{name} must {span}; got {shown(value)}. Pass for example {_inside(low, high):g}."
        )
    return float(x)


def _inside(low: float, high: float) -> float:
    finite = [end for end in (low, high) if np.isfinite(end)]
    return finite[0] if finite else 1.0


def check_positive(name: str, value: float) -> float:
    """A single finite number above 0."""
    x = as_real(value)
    if x is None or not 0 < x < 1e300:
        raise ValueError(
            f"{name} must be one finite number above 0; got {shown(value)}. Pass for example 1.0."
        )
    return float(x)


def check_pair(name: str, value: tuple[Any, Any]) -> tuple[Any, Any]:
    """Two values."""
    if not isinstance(value, (tuple, list, np.ndarray)) or np.shape(value)[:1] != (2,):
        raise ValueError(
            f"{name} must be two numbers; got {shown(value)}. Pass for example (0.9, 1.0)."
        )
    return value[0], value[1]


def check_count(name: str, value: int, least: int, most: int = MOST) -> int:
    """A whole number that is neither too small nor beyond reason."""
    x = as_real(value)
    if not isinstance(x, int) or not least <= x <= most:
        rule = f"of at most {most}" if isinstance(x, int) and x > most else f"of {least} or more"
        example = min(max(1000, least), most)
        raise ValueError(
            f"{name} must be a whole number {rule}; got {shown(value)}. Pass for example {example}."
        )
    return x


def check_resamples(name: str, value: int, least: int) -> int:
    """A number of resamples or draws: a whole number whose computation ends."""
    return check_count(name, value, least, MOST_RESAMPLES)


def check_workers(name: str, value: int) -> int:
    """A number of workers: 1 or more, or -1 for one per core."""
    x = as_real(value)
    if not isinstance(x, int) or not (x == -1 or 1 <= x <= MOST_WORKERS):
        raise ValueError(
            f"{name} must be a number of workers, 1 to {MOST_WORKERS}, or -1; got {shown(value)}. "
            "Pass for example 2."
        )
    return x


def check_flag(name: str, value: bool) -> bool:
    """True or False."""
    if not isinstance(value, (bool, np.bool_)):
        raise ValueError(f"{name} must be True or False; got {shown(value)}. Pass one of the two.")
    return bool(value)


def check_choice(name: str, value: str, allowed: Iterable[str]) -> str:
    """One of the allowed option strings."""
    options = tuple(allowed)
    if not isinstance(value, str) or value not in options:
        raise ValueError(
            f"{name} must be one of {', '.join(map(repr, options))}; got {shown(value)}. Choose "
            "one of these."
        )
    return value


def check_choices(name: str, values: Iterable[str], allowed: Iterable[str]) -> tuple[str, ...]:
    """Several of the allowed option strings."""
    options = tuple(allowed)
    return tuple(check_choice(name, value, options) for value in check_names(name, values))


def check_name(name: str, value: str) -> str:
    """A text that is not empty."""
    if not isinstance(value, str) or not value.strip():
        raise ValueError(
            f"{name} must be a text that is not empty; got {shown(value)}. Pass a name."
        )
    return value


def check_path(name: str, value: str | os.PathLike[str]) -> Path:
    """The path of a file or folder, which need not exist."""
    if not isinstance(value, (str, os.PathLike)) or not os.fspath(value):
        raise ValueError(
            f"{name} must be a path; got {shown(value)}. Pass a text or a pathlib.Path."
        )
    return Path(value)


def check_names(name: str, values: Iterable[str]) -> tuple[str, ...]:
    """Several texts, as a tuple; a text alone is no list of names."""
    wrong = isinstance(values, (str, bytes, Mapping, pd.DataFrame)) or not isinstance(
        values, Iterable
    )
    names = () if wrong else tuple(values)
    if wrong or not all(isinstance(each, str) for each in names):
        got = (
            shown(values)
            if wrong
            else shown(next(each for each in names if not isinstance(each, str)))
        )
        raise ValueError(
            f"{name} must be a list of names; got {got}. Pass for example ['night_pain']."
        )
    return names


def check_mapping(name: str, value: Mapping[Any, T], content: str) -> Mapping[Any, T]:
    """A mapping; ``content`` says of what, for example ``"name to array"``."""
    if not isinstance(value, Mapping):
        raise ValueError(f"{name} must be a mapping of {content}; got {shown(value)}. Pass a dict.")
    return value


def check_table(name: str, value: Any) -> pd.DataFrame:
    """A pandas DataFrame."""
    if not isinstance(value, pd.DataFrame):
        kind = f"{type(value).__module__.split('.')[0]}.{type(value).__name__}"
        remedy = (
            "Pass .to_pandas()."
            if hasattr(value, "to_pandas")
            else "Pass a table with named columns."
        )
        raise ValueError(f"{name} must be a pandas DataFrame; got {kind}. {remedy}")
    return value


def check_kind(name: str, value: Any, kinds: type[T] | tuple[type[T], ...], remedy: str) -> T:
    """An object of one of the kinds; the remedy says how to make one."""
    if isinstance(value, kinds):
        return value
    wanted = " or ".join(k.__name__ for k in (kinds if isinstance(kinds, tuple) else (kinds,)))
    raise ValueError(f"{name} must be a {wanted}; got {shown(value)}. {remedy}")


def check_result(name: str, value: Any, *kinds: str) -> None:
    """A result of one of the kinds, known by name so that drawing loads nothing that computes."""
    if not any(each.__name__ in kinds for each in type(value).__mro__):
        raise ValueError(
            f"{name} must be a {' or '.join(kinds)}; got {shown(value)}. Pass what its function "
            "returned."
        )


def check_results(name: str, value: Any, kind: str) -> None:
    """A result, or a mapping of names to results."""
    if not isinstance(value, Mapping):
        check_result(name, value, kind)
        return
    if not value:
        raise ValueError(
            f"{name} must hold at least one {kind}; got none. Pass for example {{'model': result}}."
        )
    for key, each in value.items():
        check_result(f"each of {name} ({shown(key)})", each, kind)


def as_generator(
    rng: int | np.random.SeedSequence | np.random.Generator | None,
) -> np.random.Generator:
    """A generator from ``rng=``; None is an error because something would be drawn."""
    if rng is None:
        raise ValueError(
            "rng must be given because numbers are drawn; got None. Pass an int, SeedSequence or "
            "Generator."
        )
    if isinstance(rng, (np.random.SeedSequence, np.random.Generator, np.random.BitGenerator)):
        return np.random.default_rng(rng)
    seed = as_real(rng)
    if not isinstance(seed, int) or seed < 0:
        raise ValueError(
            f"rng must be a non-negative int, SeedSequence or Generator; got {shown(rng)}. Pass "
            "for example rng=1."
        )
    return np.random.default_rng(seed)


MOST_WORKERS = 1024
"""More than any machine serves well."""
