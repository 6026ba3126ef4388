"""What the file of a model must hold: every key, its kind, and what must agree with what."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import (
    Field,
    StrictBool,
    StrictInt,
    StrictStr,
    TypeAdapter,
    ValidationError,
    model_validator,
)

from .classifier_state import SavedClassifier
from .evidence_state import SavedRatios, reads_names
from .joint_state import SavedJoint
from .logistic_state import SavedLogistic
from .plain_values import Finite, Label, Names, Number, Probability, SavedPart, require
from .posterior_state import SavedPosterior

KINDS = {
    "LogisticModel": ".logistic.model",
    "LikelihoodRatioModel": ".likelihood_ratio.model",
    "BayesianLogisticModel": ".bayesian.model",
    "RecalibratedModel": ".recalibrated",
    "ImputedModel": ".imputed",
}
"""Classes of models that can be saved, and the module of each."""


class _Update(SavedPart):
    method: Literal["intercept", "logistic", "prevalence"]
    from_: Probability | None
    to: Probability | None


class _Recalibrated(SavedClassifier):
    kind: Literal["RecalibratedModel"]
    options: _Update
    intercept: Finite
    slope: Finite
    inside: _Model


class _Imputed(SavedClassifier):
    kind: Literal["ImputedModel"]
    columns: Names
    named: StrictBool
    n_imputations: Annotated[StrictInt, Field(ge=1)]
    random_state: StrictInt | None
    event: Label | None
    joint: SavedJoint
    models: Annotated[list[_Model], Field(min_length=1)]

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        require(len(self.joint.columns) == len(self.columns), "joint must be that of the columns")
        return self


# every kind that can be saved, by the ``kind`` it states
_Model = Annotated[
    SavedLogistic | SavedRatios | SavedPosterior | _Recalibrated | _Imputed,
    Field(discriminator="kind"),
]


class _Example(SavedPart):
    rows: dict[str, Annotated[list[Number | StrictStr], Field(min_length=1)]]
    named: StrictBool
    risk: Annotated[list[Annotated[Finite, Field(ge=0, le=1)]], Field(min_length=1)]

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        same = all(len(values) == len(self.risk) for values in self.rows.values())
        require(same, "rows and risk must be of the same patients")
        return self


class _Arrays(SavedPart):
    file: StrictStr
    sha256: StrictStr


class _File(SavedPart):
    notice: StrictStr
    package_version: StrictStr
    model: _Model
    arrays: _Arrays | None
    example: _Example

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        inmost: Any = self.model
        while isinstance(inmost, (_Recalibrated, _Imputed)):
            inmost = inmost.inside if isinstance(inmost, _Recalibrated) else inmost.models[0]
        keys = inmost.columns or [levels.key for levels in inmost.findings]
        groups = inmost.options.groups if isinstance(inmost, SavedPosterior) else None
        names = [name for name in self.example.rows if groups is None or name in keys]
        by_name = reads_names(inmost) if isinstance(inmost, SavedRatios) else inmost.named
        require(self.example.named == by_name, "named must be what the model says")
        require(names == keys, "the rows of the example must have the columns of the model")
        return self


_FILE = TypeAdapter(_File)


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
        place = ".".join(str(part) for part in first["loc"] if part not in KINDS)[:100]
        raise ValueError(
            f"{where} must hold a whole model; {place}: "
            f"{first['msg'].removeprefix('Value error, ')[:200]}. Do not "
            "trust it: save the model again."
        ) from None
