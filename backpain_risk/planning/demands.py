"""Checks at the door of every planning function."""

from __future__ import annotations

from collections.abc import Sequence

from ..numerics.checks import check_fraction, check_number, check_positive
from ..numerics.values import shown
from .linear_predictor import LinearPredictor, normal

_LARGEST_SD = 50.0
_HIGHEST_C = 1 - 1e-12


def discriminating(c_statistic: float) -> float:
    """A C-statistic above 0.5 and below 1."""
    if not 0.5 < check_fraction("c_statistic", c_statistic) <= _HIGHEST_C:
        raise ValueError(
            f"c_statistic must lie above 0.5 and below 1; got {c_statistic}. Pass what the model is expected to reach, "
            "for example 0.8; at 0.5 there is nothing to develop or validate."
        )
    return float(c_statistic)


def both_or_neither(**pair: float | None) -> tuple[float, ...]:
    """Two arguments that need each other; nothing when neither is given."""
    given = {name: value for name, value in pair.items() if value is not None}
    if len(given) == 1:
        there, missing = next(iter(given)), next(name for name in pair if name not in given)
        raise ValueError(f"{missing} must be given with {there}; got only {there}. Pass both, or neither.")
    return tuple(given.values())


def normal_predictor(pair: tuple[float, float]) -> LinearPredictor:
    """A normal linear predictor from its mean and SD."""
    if not isinstance(pair, Sequence) or isinstance(pair, str) or len(pair) != 2:
        raise ValueError(
            f"linear_predictor must be two numbers, mean and SD; got {shown(pair)}. Pass for example (-5, 1.2)."
        )
    mean, sd = check_number("the mean of linear_predictor", pair[0]), pair[1]
    if check_positive("the SD of linear_predictor", sd) > _LARGEST_SD:
        raise ValueError(
            f"the SD of linear_predictor must be {_LARGEST_SD:g} or less; got {shown(sd)}. "
            "Pass log odds, for example (-5, 1.2)."
        )
    return normal(mean, float(sd))
