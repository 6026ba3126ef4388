"""Numbers that a notebook offers to the report, as outputs of its cells with a media type of our
own.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from IPython.display import display

from ...results.estimate import Estimate
from .said import remember

RECORD = "application/vnd.backpain-risk.record+json"
_PARTS = ("value", "low", "high")


def record(key: str, value: Any, *, mcse: Any = None) -> None:
    """Offer a number (or text) to the prose, which quotes it as ``{{key}}`` or ``{{key:.2f}}``.

    Parameters
    ----------
    key : str
        Dotted name.
    value : float, int, bool, str, Estimate or mapping of these
        An estimate is recorded as ``key.value``, ``key.low`` and ``key.high``, a mapping as
        ``key.name``.
    mcse : float or mapping like ``value``, optional
        Monte-Carlo standard error of what the sampler's chains gave, see :func:`monte_carlo_error`.
        Chains part after rounding on another processor, so ``check-report`` allows such a value
        seven of these; any other value must be the same.

    Raises
    ------
    ValueError
        When ``mcse`` is not positive, or does not have the names of ``value``.
    """
    flat = dict(_flat(key, value))
    remember(flat)
    _show({RECORD: {"values": flat, "mcse": _errors(key, mcse, flat)}})


def _errors(key: str, mcse: Any, flat: Mapping[str, Any]) -> dict[str, float]:
    """Monte-Carlo error of each recorded value; a single number holds for all."""
    if mcse is None:
        return {}
    errors = (
        dict(_flat(key, mcse)) if isinstance(mcse, Mapping) else dict.fromkeys(flat, float(mcse))
    )
    if set(errors) != set(flat):
        raise ValueError(
            f"mcse must have the names of value; got {', '.join(sorted(set(errors) ^ set(flat)))} "
            "on one side only. "
            "Give one for each, or a single number."
        )
    wrong = [name for name, error in errors.items() if not 0 < error < np.inf]
    if wrong:
        raise ValueError(
            f"mcse must be positive and finite; got {errors[wrong[0]]} for {wrong[0]}. Leave it "
            "out."
        )
    return errors


def monte_carlo_error(value: Any, effective: float) -> dict[str, Any]:
    """Monte-Carlo standard errors of a posterior's centre and 95 % limits, for
    ``record(mcse=...)``.

    Parameters
    ----------
    value : Estimate, or mapping with ``low``, ``high`` and a mean or median, or mapping of these
        Centre and limits, from draws.
    effective : float
        Effective draws behind them, at least 1.

    Returns
    -------
    dict
        Like ``value``. Of a normal with SD s: 1.25 s / sqrt(effective) for the centre (a median; a
        mean has less), 2.67 s / sqrt(effective) for a limit, s being taken from the distance of
        that limit; on the log scale where all are positive.

    Raises
    ------
    ValueError
        When ``low`` or ``high`` or what lies between them is not there, or ``effective`` is below
        1.

    Examples
    --------
    >>> errors = monte_carlo_error(Estimate(0.5, 0.3, 0.9), effective=400)
    >>> {name: round(error, 3) for name, error in errors.items()}
    {'value': 0.009, 'low': 0.01, 'high': 0.036}
    """
    if not effective >= 1:
        raise ValueError(f"effective must be 1 or more; got {effective}. Pass effective draws.")
    parts = (
        {name: getattr(value, name) for name in _PARTS}
        if isinstance(value, Estimate)
        else dict(value)
    )
    if all(isinstance(part, Mapping | Estimate) for part in parts.values()):
        return {name: monte_carlo_error(part, effective) for name, part in parts.items()}
    if len(parts) != 3 or not {"low", "high"} < set(parts):
        raise ValueError(
            f"value must have low, high and a centre; got {', '.join(parts)}. Choose these three."
        )
    middle = next(name for name in parts if name not in ("low", "high"))
    positive = parts["low"] > 0
    low, centre, high = (
        np.log(x) if positive else x for x in (parts["low"], parts[middle], parts["high"])
    )
    sizes = {
        "low": 2.67 * (centre - low),
        middle: 1.25 * (high - low) / 2,
        "high": 2.67 * (high - centre),
    }
    unit = 1 / (1.96 * np.sqrt(effective))
    return {
        name: float(sizes[name] * unit * (part if positive else 1.0))
        for name, part in parts.items()
    }


def _show(data: Mapping[str, Any]) -> None:
    display(dict(data), raw=True)  # type: ignore[no-untyped-call]


def _flat(key: str, value: Any) -> list[tuple[str, Any]]:
    if isinstance(value, Estimate):
        return [(f"{key}.{part}", float(getattr(value, part))) for part in _PARTS]
    if isinstance(value, Mapping):
        return [item for name, part in value.items() for item in _flat(f"{key}.{name}", part)]
    if isinstance(value, (bool, str)):
        return [(key, value)]
    if isinstance(value, (int, np.integer)):
        return [(key, int(value))]
    return [(key, float(value))]
