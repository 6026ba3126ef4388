"""A result as one sentence for the terminal: its figures, and the size of what is too long."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np

_FEW = 4  # of several values, those that are shown
_WIDTH = 80  # of one text


def sentence(result: Any) -> str:
    """Name of the class and its fields; arrays and tables by their size, never their content.

    Dataclasses take it as their ``__repr__``.

    Examples
    --------
    >>> from dataclasses import dataclass
    >>> @dataclass(frozen=True, eq=False, kw_only=True)
    ... class Risks:
    ...     risk: np.ndarray
    ...     level: float = 0.95
    ...     __repr__ = sentence
    >>> Risks(risk=np.zeros(600))
    Risks: risk of shape (600,), level 0.95.
    """
    shown = [(field.name, getattr(result, field.name)) for field in fields(result) if field.repr]
    parts = [f"{name} {_short(value)}" for name, value in shown if not _empty(value)]
    return f"{type(result).__name__}: {', '.join(parts)}."


def _empty(value: Any) -> bool:
    return value is None or (isinstance(value, (str, tuple, Mapping)) and len(value) == 0)


def _short(value: Any) -> str:
    if isinstance(value, (bool, np.bool_)):
        return str(value)
    if isinstance(value, (int, float, np.number)):
        return f"{value:.6g}"
    if isinstance(value, Mapping):
        return f"of {_listed([str(key) for key in value])}"
    if isinstance(value, (tuple, list)):
        return f"({_listed([_short(part) for part in value[: _FEW + 1]], len(value))})"
    if hasattr(value, "shape"):
        return _sized(value)
    if is_dataclass(value) and type(value).__str__ is object.__str__:
        return type(value).__name__
    return _cut(str(value))


def _sized(value: Any) -> str:
    """A table by its rows; an array by its shape, or its few numbers."""
    if hasattr(value, "columns"):
        return "of 1 row" if len(value) == 1 else f"of {len(value)} rows"
    few = value.ndim <= 1 and value.size <= _FEW and np.asarray(value).dtype.kind in "biuf"
    if few:
        return f"({', '.join(f'{x:.6g}' for x in np.atleast_1d(value))})"
    return f"of shape {value.shape}"


def _listed(texts: list[str], size: int | None = None) -> str:
    total = len(texts) if size is None else size
    more = f" and {total - _FEW} more" if total > _FEW else ""
    return ", ".join(texts[:_FEW]) + more


def _cut(text: str) -> str:
    line = text.splitlines()[0] if text else text
    return line if len(line) <= _WIDTH else f"{line[: _WIDTH - 3]}..."
