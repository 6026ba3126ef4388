"""Kinds of values that a model's file holds: numbers, names, labels and arrays."""

from __future__ import annotations

from typing import Annotated, Any

import numpy as np
import numpy.typing as npt
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    FiniteFloat,
    StrictBool,
    StrictInt,
    StrictStr,
)

_INFINITE = ("inf", "-inf", "nan")


def _as_number(value: Any) -> float:
    if isinstance(value, bool) or not (isinstance(value, (int, float)) or value in _INFINITE):
        raise ValueError("must be a number")
    try:
        return float(value)
    except OverflowError:
        raise ValueError("must be a number") from None


Number = Annotated[float, BeforeValidator(_as_number)]


Finite = Annotated[FiniteFloat, BeforeValidator(_as_number)]


Probability = Annotated[Finite, Field(gt=0, lt=1)]


Count = Annotated[Finite, Field(ge=0)]


Names = Annotated[list[StrictStr], Field(min_length=1)]


Label = StrictBool | StrictInt | FiniteFloat | StrictStr


def _as_array(value: Any) -> npt.NDArray[Any]:
    if not isinstance(value, np.ndarray) or value.dtype.kind not in "biuf":
        raise ValueError("must be an array of numbers in the file of arrays")
    return value


def _as_finite(value: npt.NDArray[Any]) -> npt.NDArray[Any]:
    require(bool(np.all(np.isfinite(value))), "must be an array of finite numbers")
    return value


AnyArray = Annotated[Any, AfterValidator(_as_array)]


Array = Annotated[Any, AfterValidator(_as_array), AfterValidator(_as_finite)]


class SavedPart(BaseModel):
    """A piece of a file; keys that nobody knows are refused."""

    model_config = ConfigDict(extra="forbid")


def require(held: bool, rule: str) -> None:
    """Raise what pydantic gathers, where a rule does not hold."""
    if not held:
        raise ValueError(rule)
