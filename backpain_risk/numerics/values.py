"""Values from anywhere read as numbers, and shown in a message: nothing that is no number passes
for one.
"""

from __future__ import annotations

import reprlib
from numbers import Complex, Real
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

FloatArray = npt.NDArray[np.float64]
_NUMERIC = {"integer", "floating", "mixed-integer-float", "boolean", "empty"}
_SHORT = reprlib.Repr()
_SHORT.maxstring = _SHORT.maxother = _SHORT.maxlong = 60


def shown(value: Any) -> str:
    """A value as a message quotes it: short and on one line.

    Examples
    --------
    >>> shown(np.float64(0.5)), shown("7"), shown(np.zeros((2, 3)))
    ('0.5', "'7'", 'ndarray of shape (2, 3)')
    """
    if getattr(value, "shape", ()):
        return f"{type(value).__name__} of shape {value.shape}"
    try:
        return " ".join(_SHORT.repr(_plain(value)).split())
    except ValueError:  # Python writes no whole number of more than 4300 digits
        return f"a whole number of {value.bit_length()} bits"


def _plain(value: Any) -> Any:
    """The Python number of a NumPy scalar or of an array without dimensions."""
    return value.item() if getattr(value, "shape", None) == () and hasattr(value, "item") else value


def as_real(value: Any) -> float | int | None:
    """One real number as Python's; None for text, truth values, dates, complex numbers, arrays
    and the like.
    """
    number: Any = _plain(value)
    if isinstance(number, int):
        return None if isinstance(number, bool) else number
    return float(number) if isinstance(number, Real) else None


def as_numbers(name: str, values: npt.ArrayLike) -> FloatArray:
    """An array of any shape as float64, NaN where a value is missing or masked.

    Raises
    ------
    ValueError
        For text (that of numbers included), dates, durations, complex numbers and whatever else is
        no real number.
    """
    if isinstance(values, np.ma.MaskedArray):
        return np.where(np.ma.getmaskarray(values), np.nan, as_numbers(name, values.data))
    try:
        array = np.asarray(values)
    except ValueError:
        raise ValueError(
            f"{name} must be rectangular; got rows of unequal lengths. Pass one value per cell."
        ) from None
    if array.dtype.kind in "biuf":
        return array.astype(np.float64, copy=False)
    objects = array.astype(object)
    missing = np.asarray(pd.isna(objects))
    wrong = _first_that_is_no_number(objects[~missing])
    if wrong is not _NOTHING or array.dtype.kind in "mM":
        got = shown(array.ravel()[0] if wrong is _NOTHING else wrong)
        raise ValueError(f"{name} must hold numbers; got {got}. Convert or map the values first.")
    try:
        return np.where(missing, np.nan, objects).astype(np.float64)
    except OverflowError:
        raise ValueError(
            f"{name} must hold numbers below 1e308; got larger ones. Check the values."
        ) from None


_NOTHING = object()


def _first_that_is_no_number(values: npt.NDArray[Any]) -> Any:
    if pd.api.types.infer_dtype(values) in _NUMERIC:
        return _NOTHING
    return next((v for v in values.ravel() if not _is_number(v)), _NOTHING)


def _is_number(value: Any) -> bool:
    real = isinstance(value, (Real, np.bool_)) or type(value).__name__ == "Decimal"
    return real and not (isinstance(value, Complex) and not isinstance(value, Real))
