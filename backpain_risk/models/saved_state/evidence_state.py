"""Published accuracy in a file, and what the file of a likelihood-ratio model holds."""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated, Any, Literal, Self

from pydantic import Field, StrictBool, StrictInt, StrictStr, model_validator

from .classifier_state import SavedClassifier
from .plain_values import Count, Finite, Label, Names, Number, Probability, SavedPart, require


class _Levels(SavedPart):
    key: StrictStr
    labels: Names
    edges: Annotated[list[Finite], Field(min_length=1)]
    source: Literal["Accuracy", "BandAccuracy", "Counts"]
    values: dict[str, Any]


class _Accuracy(SavedPart):
    tp: Count
    fp: Count
    fn: Count
    tn: Count
    interval: Literal["wilson", "clopper_pearson", "jeffreys"]
    ratio_interval: Literal["adjusted", "score", "log"]
    level: Probability
    lr_positive_below: Annotated[Number, Field(gt=0)]
    finding: StrictStr
    study: StrictStr
    definition: StrictStr
    status: StrictStr


class _Test(SavedPart):
    key: StrictStr
    label: StrictStr
    definition: StrictStr
    unit: StrictStr
    low: Finite
    high: Finite
    step: Annotated[Finite, Field(gt=0)]
    cutoffs: Annotated[list[Finite], Field(min_length=1)]
    abnormal: Literal["high", "low"]


class _BandAccuracy(SavedPart):
    finding: StrictStr
    labels: Names
    malignant: list[Probability]
    healthy: list[Probability]
    effective_n_malignant: Count
    effective_n_healthy: Count
    level: Probability
    status: StrictStr
    study: StrictStr
    test: _Test | None = None


class _Counts(SavedPart):
    events: list[Count]
    others: list[Count]
    status: StrictStr


_SOURCES: dict[str, type[SavedPart]] = {
    "Accuracy": _Accuracy,
    "BandAccuracy": _BandAccuracy,
    "Counts": _Counts,
}


class SavedSource(SavedPart):
    """Published accuracy of one finding, under the name of its class."""

    source: Literal["Accuracy", "BandAccuracy"]
    values: dict[str, Any]

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        _SOURCES[self.source].model_validate(self.values)
        sizes = {len(values) for values in self.values.values() if isinstance(values, list)}
        require(len(sizes) <= 1, "labels and shares of a finding must be of the same bands")
        for name in ("malignant", "healthy"):
            total = sum(self.values.get(name, [1.0]))
            require(abs(total - 1) < 1e-6, f"{name} of a finding must sum to 1")
        return self


class SavedRatios(SavedClassifier):
    """A likelihood-ratio model."""

    kind: Literal["LikelihoodRatioModel"]
    columns: list[StrictStr]
    n_columns: Annotated[StrictInt, Field(gt=0)] | None
    dependence: Literal["independent", "shrunk"]
    event: Label | None
    published: StrictBool
    given_pretest: Probability | None
    pretest: Probability
    baseline: Probability
    exponents: dict[str, Finite]
    findings: Annotated[list[_Levels], Field(min_length=1)]

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        keys = [levels.key for levels in self.findings]
        require(len(set(keys)) == len(keys), "findings must have a key each")
        require(set(self.exponents) == set(keys), "exponents must be those of the findings")
        require(
            not self.columns or len(set(self.columns)) == len(self.columns) == self.n_columns,
            "columns must have a name each",
        )
        for levels in self.findings:
            _check_levels(levels)
        return self


def _check_levels(levels: _Levels) -> None:
    _SOURCES[levels.source].model_validate(levels.values)
    require(all(a < b for a, b in pairwise(levels.edges)), f"edges of {levels.key} must rise")
    for name in ("malignant", "healthy"):
        total = sum(levels.values.get(name, [1.0]))
        require(abs(total - 1) < 1e-6, f"{name} of {levels.key} must sum to 1")
    counts = [len(v) for k, v in levels.values.items() if isinstance(v, list)] or [2]
    fits = len(levels.labels) == len(levels.edges) + 1 and all(
        size == len(levels.labels) for size in counts
    )
    require(fits, f"labels, edges and numbers of {levels.key} must fit each other")


def reads_names(ratios: SavedRatios) -> bool:
    """Whether a model takes tables with names: it was fitted to one, or never fitted."""
    return bool(ratios.columns) or ratios.n_columns is None
