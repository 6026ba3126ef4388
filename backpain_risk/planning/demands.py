"""Checks at the door of every planning function."""

from __future__ import annotations

from collections.abc import Iterable

from ..numerics.checks import check_fraction, check_number, check_positive
from ..numerics.values import shown
from .linear_predictor import LinearPredictor, normal

_LEAST_WIDTH = 1e-9
_GREATEST_WIDTH = 20.0  # an interval this wide says nothing; a larger number is a percentage
_LEAST_SHARE = 1e-9
_HIGHEST_C = 1 - 1e-12


def inner_fraction(name: str, value: float) -> float:
    """A probability that a study could tell from 0 and from 1."""
    if not _LEAST_SHARE <= check_fraction(name, value) <= 1 - _LEAST_SHARE:
        raise ValueError(
            f"{name} must be {_LEAST_SHARE:g} or more from 0 and 1; got {shown(value)}. Pass for "
            "example 0.01."
        )
    return float(value)


def discriminating(c_statistic: float) -> float:
    """A C-statistic above 0.5 and below 1."""
    if not 0.5 < check_fraction("c_statistic", c_statistic) <= _HIGHEST_C:
        raise ValueError(
            f"c_statistic must lie above 0.5 and below 1; got {c_statistic}. Pass what the model "
            "is expected to reach, "
            "for example 0.8; at 0.5 there is nothing to develop or validate."
        )
    return float(c_statistic)


def both_or_neither(**pair: float | None) -> tuple[float, ...]:
    """Two arguments that need each other; nothing when neither is given."""
    given = {name: value for name, value in pair.items() if value is not None}
    if len(given) == 1:
        there = next(iter(given))
        missing = next(name for name in pair if name not in given)
        raise ValueError(
            f"{missing} must be given with {there}; got only {there}. Pass both, or neither."
        )
    return tuple(given.values())


def width(name: str, value: float) -> float:
    """A width of an interval, above 0 and not below what any study could reach."""
    if not _LEAST_WIDTH <= check_positive(name, value) <= _GREATEST_WIDTH:
        raise ValueError(
            f"{name} must lie from {_LEAST_WIDTH:g} to {_GREATEST_WIDTH:g}; got {shown(value)}. "
            "Pass for example 0.2, not a percentage."
        )
    return float(value)


def normal_predictor(pair: tuple[float, float]) -> LinearPredictor:
    """A normal linear predictor from its mean and SD."""
    parts = tuple(pair) if isinstance(pair, Iterable) and not isinstance(pair, str) else ()
    if len(parts) != 2:
        raise ValueError(
            f"linear_predictor must be two numbers, mean and SD; got {shown(pair)}. Pass for "
            "example (-5, 1.2)."
        )
    mean = check_number("the mean of linear_predictor", parts[0], -50, 50)
    return normal(mean, check_number("the SD of linear_predictor", parts[1], 0.001, 50))
