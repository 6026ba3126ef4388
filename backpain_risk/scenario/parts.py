"""The pieces of a scenario: frozen, checked field by field, unknown keys refused."""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated, Any, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    model_serializer,
    model_validator,
)

from .. import vocabulary

Status = Literal["reported", "unconfirmed", "assumed"]
Fraction = Annotated[float, Field(gt=0, lt=1)]
Share = Annotated[float, Field(ge=0, le=1)]
Effect = Annotated[float, Field(ge=-3, le=3)]
Loading = Annotated[float, Field(ge=-0.5, le=0.5)]
Positive = Annotated[float, Field(gt=0)]

STATES = (*vocabulary.CAUSES, *vocabulary.PRIMARY_SITES, *vocabulary.MECHANISMS)


class Part(BaseModel):
    """A frozen piece of a scenario; unknown keys are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Severity(Part):
    """Loading on the shared severity factor in each class."""

    malignant: Loading = 0.0
    non_malignant: Loading = 0.0


class Effects(Part):
    """What moves a finding between patients of one class, on the probit scale at dependence 1.

    ``reason`` states why, where the association of a finding with malignancy changes sign once the
    other findings are known.
    """

    age: Effect = Field(0.0, description="per 10 years of age")
    male: Effect = Field(0.0, description="for men")
    severity: Severity = Severity()
    shifts: dict[str, Effect] = Field(
        default_factory=dict, description="by cause, primary site or mechanism"
    )
    reason: str = ""

    @model_validator(mode="after")
    def _known_states(self) -> Self:
        unknown = sorted(set(self.shifts) - set(STATES))
        if unknown:
            raise ValueError(
                f"shifts must name causes, primary sites or mechanisms; got {', '.join(unknown)}"
            )
        return self


class NewFinding(Part):
    """What a finding that the vocabulary lacks is: the same words that the vocabulary has."""

    label: str
    definition: str = ""
    group: Literal["history", "imaging"] = "history"

    def term(self, key: str) -> vocabulary.Finding:
        """As a word of the vocabulary."""
        return vocabulary.Finding(key, self.label, self.definition, self.group)


class NewTest(Part):
    """What a laboratory test that the vocabulary lacks is; values are recorded from ``low``, which
    means that or less, to ``high``, that or more, in steps of 1 or 0.1.
    """

    label: str
    definition: str = ""
    unit: str
    low: Positive
    high: Positive
    step: Positive = 1.0
    cutoffs: tuple[Positive, ...]
    abnormal: Literal["high", "low"] = "high"

    @model_validator(mode="after")
    def _ascending(self) -> Self:
        if self.step not in (1.0, 0.1):
            raise ValueError(f"step must be 1 or 0.1; got {self.step:g}")
        edges = (self.low, *self.cutoffs, self.high)
        if len(edges) < 3 or any(b <= a for a, b in pairwise(edges)):
            raise ValueError(
                "low, cutoffs and high must ascend, with one cut-off or more; got "
                f"{', '.join(f'{x:g}' for x in edges)}"
            )
        if any(abs(x / self.step - round(x / self.step)) > 1e-9 for x in edges):
            raise ValueError(f"low, cutoffs and high must be recorded in steps of {self.step:g}")
        return self

    def term(self, key: str) -> vocabulary.Measurement:
        """As a word of the vocabulary."""
        return vocabulary.Measurement(
            key,
            self.label,
            self.definition,
            unit=self.unit,
            low=self.low,
            high=self.high,
            step=self.step,
            cutoffs=self.cutoffs,
            abnormal=self.abnormal,
        )


class Declaring(Effects):
    """A target that may declare its own word; one that does not is written without ``new``."""

    new: NewFinding | NewTest | None = None

    @model_serializer(mode="wrap")
    def _without_nothing(self, write: SerializerFunctionWrapHandler) -> dict[str, Any]:
        written: dict[str, Any] = write(self)
        if written.get("new") is None:
            written.pop("new", None)
        return written


class FindingTarget(Declaring):
    """Accuracy of a finding, and what it depends on; ``new`` says what a finding is that the
    vocabulary lacks.

    ``missed`` and ``invented`` are the probabilities that a finding that is there is recorded as
    absent, and one that is not as present; sensitivity and specificity are those of the finding
    itself. LR+ stays below a reported bound ``lr_positive_below`` in every draw.
    """

    sensitivity: Fraction
    specificity: Fraction
    effective_n_malignant: Positive = 10.0
    effective_n_non_malignant: Positive = 100.0
    accuracy_status: Status = "assumed"
    study: str = "this scenario"
    lr_positive_below: Positive | None = None
    missed: Annotated[float, Field(ge=0, lt=1)] = 0.0
    invented: Annotated[float, Field(ge=0, lt=1)] = 0.0
    new: NewFinding | None = None


class LaboratoryTarget(Declaring):
    """Accuracy of a laboratory value at each of its cut-offs, and what it depends on; ``new`` says
    what a test is that the vocabulary lacks.
    """

    sensitivity: tuple[Fraction, ...]
    specificity: tuple[Fraction, ...]
    effective_n_malignant: Positive = 10.0
    effective_n_non_malignant: Positive = 100.0
    accuracy_status: Status = "assumed"
    study: str = "this scenario"
    median_non_malignant: Positive | None = None
    new: NewTest | None = None


class Age(Part):
    """Normal base distributions of age by class, before tilting."""

    malignant_mean: Positive
    malignant_sd: Positive
    non_malignant_mean: Positive
    non_malignant_sd: Positive


class Cause(Part):
    """Share of a non-malignant cause and its log-weights by age (per 10 years) and sex."""

    share: Share
    age: Effect = 0.0
    male: Effect = 0.0
    status: Status = "assumed"


class Mechanisms(Part):
    """Probability of each tumour mechanism."""

    vertebral_destruction: Fraction
    neural_compression: Fraction
    inflammatory_mediators: Fraction


class PrimarySite(Part):
    """Share of a primary site in each sex, its log-weight by age (per 10 years) and its
    mechanisms.
    """

    share_male: Share
    share_female: Share
    age: Effect = 0.0
    status: Status = "assumed"
    mechanisms: Mechanisms
