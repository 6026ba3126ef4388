"""What the file of a model must hold: every key, its kind, and what must agree with what."""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated, Any, Literal, Self

import numpy as np
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    FiniteFloat,
    StrictBool,
    StrictInt,
    StrictStr,
    TypeAdapter,
    ValidationError,
    model_validator,
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


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid")


class _Options(_Part):
    penalty: Literal["firth", "ridge"] | None
    correction: Literal["auto", "none", "flic", "flac"]
    ridge_strength: Count | None


class _Table(_Part):
    terms: Names
    coefficient: list[Number]
    standard_error: list[Number]
    odds_ratio: list[Number]
    low: list[Number]
    high: list[Number]


class _Fitted(_Part):
    classes: Annotated[list[Label], Field(min_length=2, max_length=2)]

    @model_validator(mode="after")
    def _two_classes(self) -> Self:
        no_event, event = self.classes
        if no_event == event or isinstance(no_event, str) != isinstance(event, str):
            raise ValueError("classes must be two different labels of one kind")
        return self


class _Logistic(_Fitted):
    kind: Literal["LogisticModel"]
    columns: Names
    named: StrictBool
    options: _Options
    knots: dict[str, Annotated[list[Finite], Field(min_length=3)]]
    interactions: list[tuple[StrictInt, StrictInt]]
    coefficient: list[Finite]
    direction: list[Finite]
    covariance: list[list[Number]]
    reference: list[Finite]
    range: Annotated[list[list[Finite]], Field(min_length=2, max_length=2)]
    result: _Table
    n: Count
    n_events: Count
    converged: StrictBool

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        _require(
            self._columns_agree(),
            "columns, knots, interactions, reference and range must fit each other",
        )
        _require(
            self._terms_agree(),
            "coefficient, direction, covariance and result must have one entry a term",
        )
        _require(
            _is_covariance(self.covariance),
            "covariance must be symmetric without negative variances",
        )
        _require(0 < self.n_events < self.n, "n_events must lie between 0 and n")
        _require(
            self._result_agrees(),
            "result must hold the coefficients, their odds ratios, and limits around them",
        )
        return self

    def _columns_agree(self) -> bool:
        width = len(self.columns)
        positions = [
            *(int(j) if j.isdecimal() and str(int(j)) == j else -1 for j in self.knots),
            *(j for p in self.interactions for j in p),
        ]
        rows = [self.reference, *self.range]
        rising = all(a < b for knots in self.knots.values() for a, b in pairwise(knots))
        named = len(set(self.columns)) == width and all(len(row) == width for row in rows)
        return named and rising and all(0 <= j < width for j in positions)

    def _terms_agree(self) -> bool:
        p = (
            1
            + len(self.columns)
            + sum(len(k) - 2 for k in self.knots.values())
            + len(self.interactions)
        )
        table = [getattr(self.result, name) for name in _Table.model_fields]
        lists = [self.coefficient, self.direction, self.covariance, *self.covariance, *table]
        return all(len(values) == p for values in lists)

    def _result_agrees(self) -> bool:
        columns = (
            self.result.coefficient,
            self.result.odds_ratio,
            self.result.low,
            self.result.high,
        )
        stated, odds_ratio, low, high = map(np.array, columns)
        direction = np.array(self.direction)
        finite = np.where(direction == 0, self.coefficient, np.copysign(np.inf, direction))
        same = np.allclose(stated, finite, rtol=1e-9) and np.allclose(
            odds_ratio, np.exp(stated), rtol=1e-9
        )
        return bool(
            same and not np.any((low > odds_ratio * (1 + 1e-6)) | (high < odds_ratio * (1 - 1e-6)))
        )


class _Levels(_Part):
    key: StrictStr
    labels: Names
    edges: Annotated[list[Finite], Field(min_length=1)]
    source: Literal["Accuracy", "BandAccuracy", "Counts"]
    values: dict[str, Any]


class _Accuracy(_Part):
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


class _BandAccuracy(_Part):
    finding: StrictStr
    labels: Names
    malignant: list[Probability]
    healthy: list[Probability]
    effective_n_malignant: Count
    effective_n_healthy: Count
    level: Probability
    status: StrictStr
    study: StrictStr


class _Counts(_Part):
    events: list[Count]
    others: list[Count]
    status: StrictStr


_SOURCES: dict[str, type[_Part]] = {
    "Accuracy": _Accuracy,
    "BandAccuracy": _BandAccuracy,
    "Counts": _Counts,
}


class _Ratios(_Fitted):
    kind: Literal["LikelihoodRatioModel"]
    columns: list[StrictStr]
    dependence: Literal["independent", "shrunk"]
    pretest: Probability
    baseline: Probability
    exponents: dict[str, Finite]
    findings: Annotated[list[_Levels], Field(min_length=1)]

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        keys = [levels.key for levels in self.findings]
        _require(len(set(keys)) == len(keys), "findings must have a key each")
        _require(set(self.exponents) == set(keys), "exponents must be those of the findings")
        _require(not self.columns or self.columns == keys, "columns must be those of the findings")
        for levels in self.findings:
            _check_levels(levels)
        return self


class _Update(_Part):
    method: Literal["intercept", "logistic", "prevalence"]
    from_: Probability | None
    to: Probability | None


class _Recalibrated(_Fitted):
    kind: Literal["RecalibratedModel"]
    options: _Update
    intercept: Finite
    slope: Finite
    inside: _Logistic | _Ratios | _Recalibrated = Field(discriminator="kind")


class _Example(_Part):
    rows: dict[str, Annotated[list[Finite], Field(min_length=1)]]
    named: StrictBool
    risk: Annotated[list[Annotated[Finite, Field(ge=0, le=1)]], Field(min_length=1)]

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        same = all(len(values) == len(self.risk) for values in self.rows.values())
        _require(same, "rows and risk must be of the same patients")
        return self


class _File(_Part):
    notice: StrictStr
    package_version: StrictStr
    model: _Logistic | _Ratios | _Recalibrated = Field(discriminator="kind")
    example: _Example

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        inmost = self.model
        while isinstance(inmost, _Recalibrated):
            inmost = inmost.inside
        names = (
            inmost.columns
            if isinstance(inmost, _Logistic)
            else [levels.key for levels in inmost.findings]
        )
        _require(
            list(self.example.rows) == names,
            "the rows of the example must have the columns of the model",
        )
        return self


def check_file(content: dict[str, Any], where: object) -> None:
    """Raise ValueError, in one sentence, for the first thing that a model's file must hold and
    does not.
    """
    try:
        _FILE.validate_python(content)
    except RecursionError:
        raise ValueError(
            f"{where} must hold a whole model; it is nested too deeply. Save the model again."
        ) from None
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"] if part not in _KINDS)[:100]
        raise ValueError(
            f"{where} must hold a whole model; {place}: "
            f"{first['msg'].removeprefix('Value error, ')[:200]}. Do not "
            "trust it: save the model again."
        ) from None


def _require(held: bool, rule: str) -> None:
    if not held:
        raise ValueError(rule)


def _is_covariance(rows: list[list[float]]) -> bool:
    """Symmetric and positive semi-definite to rounding; a matrix with missing variances cannot
    be judged.
    """
    matrix = np.array(rows)
    if not np.all(np.isfinite(matrix)):
        return bool(
            np.all(np.isnan(matrix) == np.isnan(matrix.T)) and not np.any(np.diagonal(matrix) < 0)
        )
    scale = np.sqrt(np.abs(np.diagonal(matrix)))
    scaled = matrix / np.where(scale > 0, np.outer(scale, scale), 1.0)
    return bool(
        np.allclose(scaled, scaled.T, rtol=1e-6, atol=1e-9)
        and np.linalg.eigvalsh(scaled)[0] > -1e-6
    )


def _check_levels(levels: _Levels) -> None:
    _SOURCES[levels.source].model_validate(levels.values)
    _require(all(a < b for a, b in pairwise(levels.edges)), f"edges of {levels.key} must rise")
    for name in ("malignant", "healthy"):
        total = sum(levels.values.get(name, [1.0]))
        _require(abs(total - 1) < 1e-6, f"{name} of {levels.key} must sum to 1")
    counts = [len(v) for k, v in levels.values.items() if isinstance(v, list)] or [2]
    fits = len(levels.labels) == len(levels.edges) + 1 and all(
        size == len(levels.labels) for size in counts
    )
    _require(fits, f"labels, edges and numbers of {levels.key} must fit each other")


_KINDS = ("LogisticModel", "LikelihoodRatioModel", "RecalibratedModel")
_FILE = TypeAdapter(_File)
