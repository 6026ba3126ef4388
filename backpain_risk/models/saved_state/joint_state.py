"""The joint distribution of the predictors in the file of an imputed model."""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated, Self

from pydantic import Field, StrictInt, model_validator

from .plain_values import Finite, SavedPart, require


class _Given(SavedPart):
    """A column of the joint distribution given those before it."""

    levels: Annotated[list[Finite], Field(min_length=1)]
    share: Annotated[list[Annotated[Finite, Field(gt=0, le=1)]], Field(min_length=1)]
    scores: list[Finite]
    coefficient: list[Finite]
    spread: Annotated[Finite, Field(gt=0)]


class SavedJoint(SavedPart):
    """Each column given those before it."""

    order: list[StrictInt]
    centre: list[Finite]
    unit: list[Annotated[Finite, Field(gt=0)]]
    columns: list[_Given]

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        p = len(self.columns)
        fits = sorted(self.order) == list(range(p)) and len(self.centre) == len(self.unit) == p
        for place, column in enumerate(self.columns):
            k = len(column.levels)
            rising = all(a < b for a, b in pairwise(column.levels))
            terms = len(column.coefficient) == (place + 1 if k > 1 else 0)
            scores = len(column.scores) in ((k,) if k > 2 else (0, k))
            fits = fits and rising and terms and scores and len(column.share) == k
        require(fits, "order, scale and columns of joint must fit each other")
        return self
