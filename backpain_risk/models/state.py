"""What a model knows as plain values: numbers that JSON can hold, and published accuracy.

``state()`` of a model is a dict of text, numbers, lists and dicts. It may hold other models, and
arrays too large to be read by a person; both are for :mod:`.saved` to unfold. ``from_state`` makes
the model of what was checked by :mod:`.saved_state`.
"""

from __future__ import annotations

from dataclasses import asdict, fields
from typing import Any

import numpy as np

from ..evidence.band_accuracy import BandAccuracy
from ..evidence.diagnostic_accuracy import Accuracy
from ..numerics.checks import FloatArray
from ..vocabulary import Measurement
from .design import Bands, Design

_SOURCES: dict[str, Any] = {"Accuracy": Accuracy, "BandAccuracy": BandAccuracy}
_IN_FILES = {"non_malignant": "healthy", "effective_n_non_malignant": "effective_n_healthy"}
"""Fields that files of format version 2 call by an earlier name."""
_FROM_FILES = {name: field for field, name in _IN_FILES.items()}


def numbers(values: FloatArray | float) -> Any:
    """Nested lists; what JSON has no numbers for, infinities and NaN, as text.

    Examples
    --------
    >>> numbers(np.array([1.0, np.inf]))
    [1.0, 'inf']
    """
    if isinstance(values, np.ndarray):
        return [numbers(value) for value in values]
    return float(values) if np.isfinite(values) else str(float(values))


def array(values: list[Any]) -> FloatArray:
    """The array of such lists."""
    return np.array(values, dtype=np.float64)


def label(value: Any) -> Any:
    """A label of the outcome as Python's own type; None stays."""
    return value.item() if isinstance(value, np.generic) else value


def accuracy_state(source: Any) -> dict[str, Any]:
    """Counts or shares of one finding, under the name of their class."""
    values = {field.name: getattr(source, field.name) for field in fields(source)}
    if values.get("test", 0) is None:
        del values["test"]  # one of the vocabulary
    plain = {_IN_FILES.get(name, name): _plain(value) for name, value in values.items()}
    return {"source": type(source).__name__, "values": plain}


def _plain(value: Any) -> Any:
    if isinstance(value, Measurement):
        return asdict(value)
    return numbers(value) if isinstance(value, (np.ndarray, float)) else value


def accuracy_from_state(state: dict[str, Any]) -> Any:
    """The accuracy again."""
    return _SOURCES[state["source"]](
        **{_FROM_FILES.get(name, name): _value(value) for name, value in state["values"].items()}
    )


def _value(value: Any) -> Any:
    if value == "inf":  # where no bound of the likelihood ratio is reported
        return float(value)
    if isinstance(value, dict):
        return Measurement(**{**value, "cutoffs": tuple(value["cutoffs"])})
    if not isinstance(value, list):
        return value
    return tuple(value) if all(isinstance(x, str) for x in value) else array(value)


def design_state(design: Design) -> dict[str, Any]:
    """How columns become terms."""
    return {
        "columns": list(design.columns),
        "knots": {str(j): knots.tolist() for j, knots in design.knots.items()},
        "interactions": [list(pair) for pair in design.interactions],
        "bands": {
            str(j): {
                "labels": list(bands.labels),
                "cutoffs": bands.cutoffs.tolist(),
                "reference": bands.reference,
            }
            for j, bands in design.bands.items()
        },
    }


def design_from_state(state: dict[str, Any]) -> Design:
    """The design again."""
    return Design(
        columns=tuple(state["columns"]),
        knots={int(j): array(knots) for j, knots in state["knots"].items()},
        interactions=tuple((int(a), int(b)) for a, b in state["interactions"]),
        bands={
            int(j): Bands(
                labels=tuple(bands["labels"]),
                cutoffs=array(bands["cutoffs"]),
                reference=bands["reference"],
            )
            for j, bands in state["bands"].items()
        },
    )


def terms_asked_for(design: Design) -> dict[str, Any]:
    """The arguments ``splines`` and ``interactions`` that gave a design."""
    names = design.columns
    return {
        "splines": {names[j]: len(knots) for j, knots in design.knots.items()} or None,
        "interactions": [(names[a], names[b]) for a, b in design.interactions],
    }
