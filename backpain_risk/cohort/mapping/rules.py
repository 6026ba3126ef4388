"""Rules of a mapping: how the outcome and each column of a user's file are to be read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from ... import vocabulary
from ..own import UNITS

STRICT = ConfigDict(extra="forbid", frozen=True)
_NAME = r"^[a-z][a-z0-9_]{0,39}$"


class OutcomeRule(BaseModel):
    """The column of the outcome: which of its values mean malignancy, and which that nobody
    knows.
    """

    model_config = STRICT

    column: str
    values: dict[str, float] = {}
    unknown: tuple[str, ...] = ()
    when_unknown: Literal["refuse", "exclude"] = "refuse"

    @model_validator(mode="after")
    def _coded(self) -> Self:
        _refuse_other_than_0_1(self.values)
        return self


class ColumnRule(BaseModel):
    """What one column means: a ``key`` of the vocabulary, an ``own`` predictor, or something to
    ``keep`` beside the predictors, such as the site.
    """

    model_config = STRICT

    key: str | None = None
    own: str | None = Field(default=None, pattern=_NAME)
    keep: str | None = Field(default=None, pattern=_NAME)
    kind: Literal["yes_no", "number", "category"] | None = None
    label: str = ""
    unit: str = ""
    values: dict[str, float] = {}
    levels: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    factor: float = Field(default=1.0, gt=0, allow_inf_nan=False)
    yes_from: float | None = None
    yes_below: float | None = None
    low: float | None = None
    high: float | None = None
    up_to: float | None = None
    outside: Literal["refuse", "missing"] = "refuse"
    round: bool = False
    until: str | None = None
    format: str | None = None
    use: bool = True

    @property
    def name(self) -> str:
        """What the column is called in the cohort."""
        return str(self.key or self.own or self.keep)

    @property
    def yes_no(self) -> bool:
        """Whether it holds 0, 1 or nothing."""
        return self.key in vocabulary.YES_NO or self.kind == "yes_no"

    @property
    def read(self) -> bool:
        """Whether it is read at all: an own column that is not used is not."""
        return self.own is None or self.use

    @model_validator(mode="after")
    def _sound(self) -> Self:
        problems = list(self._problems())
        if problems:
            raise ValueError("; ".join(problems))
        return self

    def _problems(self) -> Iterator[str]:
        if sum(part is not None for part in (self.key, self.own, self.keep)) != 1:
            yield "exactly one of key, own and keep must be given"
        if self.key is not None and self.key not in vocabulary.COLUMNS:
            yield f"key must be one of {', '.join(vocabulary.COLUMNS)}"
        if self.own in (*vocabulary.COLUMNS, "outcome"):
            yield f"own must be a name that is not of the vocabulary; write key = {self.own!r}"
        if (self.own is None) != (self.kind is None):
            yield "kind (yes_no, number or category) must be given with own, and only there"
        if (self.kind == "category") != (len(self.levels) > 1):
            yield "levels (two or more, the reference first) must be given for a category only"
        if self.key is not None and self.unit and self.yes_from is self.yes_below is None:
            allowed = UNITS.get(self.key, {})
            if self.unit not in allowed:
                yield f"unit of {self.key} must be one of {', '.join(allowed) or 'none'}"
        if self.key is not None and (self.factor != 1 or self.low is not None or self.high):
            yield "factor, low and high must be given with own only; the vocabulary has its own"
        if not self.yes_no and (self.yes_from is not None or self.yes_below is not None):
            yield "yes_from and yes_below must be given for a yes/no column only"
        if self.yes_from is not None and self.yes_below is not None:
            yield "one of yes_from and yes_below must be given, not both"
        if (self.until is None) != (self.format is None) or (
            self.until is not None and self.key != vocabulary.AGE.key
        ):
            yield "until and format must be given together, and with key = 'age_years' only"
        meant: dict[str, float] = {}
        for text, value in self.values.items():
            if meant.setdefault(text.strip().lower(), value) != value:
                yield f"values must mean one thing each without case and blanks; got {text!r} twice"
        if self.yes_no and self.yes_from is self.yes_below is None:
            try:
                _refuse_other_than_0_1(self.values)
            except ValueError as error:
                yield str(error)


def _refuse_other_than_0_1(values: dict[str, float]) -> None:
    if any(value not in (0, 1) for value in values.values()):
        raise ValueError("values of a yes/no column must be 0 and 1")
