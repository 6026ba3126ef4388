"""What the files of all classifiers hold: the two classes, and how columns become terms."""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated, Self

from pydantic import Field, StrictBool, StrictInt, model_validator

from .plain_values import Finite, Label, Names, SavedPart, require


class SavedClassifier(SavedPart):
    """What every classifier says: its two classes."""

    classes: Annotated[list[Label], Field(min_length=2, max_length=2)]

    @model_validator(mode="after")
    def _two_classes(self) -> Self:
        no_event, event = self.classes
        if no_event == event or isinstance(no_event, str) != isinstance(event, str):
            raise ValueError("classes must be two different labels of one kind")
        return self


class _Bands(SavedPart):
    labels: Names
    cutoffs: list[Finite]
    reference: StrictInt

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        rising = all(a < b for a, b in pairwise(self.cutoffs))
        fits = len(self.labels) == len(self.cutoffs) + 1 and 0 <= self.reference < len(self.labels)
        require(rising and fits, "labels, cutoffs and reference of bands must fit each other")
        return self


class SavedDesign(SavedClassifier):
    """A classifier whose columns become the terms of a design."""

    columns: Names
    named: StrictBool
    knots: dict[str, Annotated[list[Finite], Field(min_length=3)]]
    interactions: list[tuple[StrictInt, StrictInt]]
    bands: dict[str, _Bands]

    @model_validator(mode="after")
    def _columns_agree(self) -> Self:
        width = len(self.columns)
        keys = [*self.knots, *self.bands]
        positions = [
            *(int(j) if j.isdecimal() and str(int(j)) == j else -1 for j in keys),
            *(j for pair in self.interactions for j in pair),
        ]
        rising = all(a < b for knots in self.knots.values() for a, b in pairwise(knots))
        distinct = len(set(self.columns)) == width
        require(
            distinct and rising and all(0 <= j < width for j in positions),
            "columns, knots, interactions and bands must fit each other",
        )
        return self

    @property
    def n_terms(self) -> int:
        """Terms of the design, the constant included."""
        widths = [
            len(self.bands[str(j)].labels) - 1 if str(j) in self.bands else 0
            for j in range(len(self.columns))
        ]
        splines = [
            len(self.knots[str(j)]) - 1 if str(j) in self.knots else 0 for j in range(len(widths))
        ]
        linear = sum(band == spline == 0 for band, spline in zip(widths, splines, strict=True))
        return 1 + sum(widths) + sum(splines) + linear + len(self.interactions)
