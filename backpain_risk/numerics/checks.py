"""Input checks and their messages: the argument, the rule, what came, what to do."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]


def refuse_where(bad: BoolArray, values: npt.ArrayLike, rule: str, remedy: str) -> None:
    """Raise ValueError when any element is bad, counting them and naming the first."""
    if not np.any(bad):
        return
    flat, where = np.ravel(np.asarray(values)), int(np.flatnonzero(np.ravel(bad))[0])
    raise ValueError(
        f"{rule}; got {int(np.sum(bad))} of {flat.size} outside (first {flat[where]!s} at row {where}). {remedy}"
    )


def as_vector(name: str, values: npt.ArrayLike) -> FloatArray:
    """One dimension of finite numbers as float64; masked values count as missing."""
    if isinstance(values, np.ma.MaskedArray):
        values = np.ma.filled(values.astype(np.float64), np.nan)
    try:
        vector = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        raise ValueError(
            f"{name} must hold numbers; got {_first_text(values)!r}. Convert or map the values first."
        ) from None
    if vector.ndim != 1:
        raise ValueError(f"{name} must be one-dimensional; got shape {vector.shape}. Pass one value per patient.")
    refuse_where(~np.isfinite(vector), vector, f"{name} must be finite", "Remove or impute these rows first.")
    return vector


def _first_text(values: npt.ArrayLike) -> Any:
    for value in np.ravel(np.asarray(values, dtype=object)):
        try:
            float(value)
        except (TypeError, ValueError):
            return value
    return None


def check_outcome(outcome: npt.ArrayLike) -> FloatArray:
    """Outcome as float64 of zeros and ones."""
    y = as_vector("outcome", outcome)
    refuse_where((y != 0) & (y != 1), y, "outcome must be 0 or 1", "Code malignancy as 1, everything else as 0.")
    if y.size == 0:
        raise ValueError("outcome must hold at least one patient; got none. Check the selection of rows.")
    return y


def check_risk(risk: npt.ArrayLike, name: str = "risk") -> FloatArray:
    """Predicted probabilities as float64 in [0, 1]."""
    r = as_vector(name, risk)
    refuse_where((r < 0) | (r > 1), r, f"{name} must lie in [0, 1]", "Pass probabilities, not percentages.")
    return r


def check_weight(sample_weight: npt.ArrayLike | None, n: int) -> FloatArray:
    """Numbers of identical patients; ones when None."""
    if sample_weight is None:
        return np.ones(n)
    w = as_vector("sample_weight", sample_weight)
    check_same_length(outcome=n, sample_weight=w.size)
    refuse_where(w < 0, w, "sample_weight must not be negative", "It is the number of identical patients.")
    if w.sum() == 0:
        raise ValueError("sample_weight must not be all zero; got no patients. Check the counts.")
    return w


def check_same_length(**lengths: int) -> None:
    """All named lengths agree."""
    if len(set(lengths.values())) > 1:
        got = ", ".join(f"{name} {length}" for name, length in lengths.items())
        raise ValueError(f"{' and '.join(lengths)} must have the same length; got {got}. Align the rows first.")


def check_outcome_risk(
    outcome: npt.ArrayLike, risk: npt.ArrayLike, sample_weight: npt.ArrayLike | None = None
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """The narrow waist: outcome, risk and weight, checked, as float64 of one length."""
    y, r = check_outcome(outcome), check_risk(risk)
    check_same_length(outcome=y.size, risk=r.size)
    return y, r, check_weight(sample_weight, y.size)


def check_both_classes(outcome: FloatArray, weight: FloatArray, measure: str) -> None:
    """At least one event and one non-event among patients of positive weight."""
    events, total = float(weight @ outcome), float(weight.sum())
    if events in (0.0, total):
        which = "events" if events == 0 else "non-events"
        raise ValueError(
            f"outcome must hold both classes for {measure}; got no {which} among {total:g} patients. "
            "Use a larger cohort, or a measure that allows one class."
        )


def check_fraction(name: str, value: float, *, closed: bool = False) -> float:
    """A single number inside (0, 1), or [0, 1] when closed."""
    inside = 0 <= value <= 1 if closed else 0 < value < 1
    if not inside:
        rule = "lie in [0, 1]" if closed else "lie strictly between 0 and 1"
        raise ValueError(f"{name} must {rule}; got {value}. Pass a fraction, not a percentage.")
    return float(value)


def check_count(name: str, value: int, least: int) -> int:
    """A whole number that is large enough."""
    if not isinstance(value, (int, np.integer)) or value < least:
        raise ValueError(f"{name} must be a whole number of {least} or more; got {value}. Pass for example 1000.")
    return int(value)


def check_choice(name: str, value: str, allowed: tuple[str, ...]) -> str:
    """One of the allowed option strings."""
    if value not in allowed:
        raise ValueError(f"{name} must be one of {', '.join(map(repr, allowed))}; got {value!r}. Choose one of these.")
    return value


def as_generator(rng: int | np.random.SeedSequence | np.random.Generator | None) -> np.random.Generator:
    """A generator from ``rng=``; None is an error because something would be drawn."""
    if rng is None:
        raise ValueError(
            "rng must be given because numbers are drawn; got None. Pass an int, SeedSequence or Generator."
        )
    return np.random.default_rng(rng)
