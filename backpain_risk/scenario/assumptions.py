"""Everything assumed about a setting: the fields of a scenario, and the rules that hold between
them.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import Annotated, Literal, Self

import numpy as np
from pydantic import Field, model_validator

from .. import vocabulary
from ..evidence.band_accuracy import band_probabilities
from .parts import (
    Age,
    Cause,
    FindingTarget,
    Fraction,
    LaboratoryTarget,
    Part,
    PrimarySite,
    Severity,
    Status,
)
from .problems import named


class Assumptions(Part):
    """The numbers of a scenario; what follows from them is :class:`Scenario`."""

    name: str
    title: str = ""
    description: str = ""
    setting: Literal[tuple(vocabulary.SETTINGS)]  # type: ignore[valid-type]  # built from the vocabulary
    base_rate: Fraction
    base_rate_interval: tuple[Fraction, Fraction]
    base_rate_status: Status = "assumed"
    dependence: Annotated[float, Field(ge=0, le=1.5)] = 1.0
    male_share: Fraction = 0.45
    age: Age
    causes: dict[str, Cause]
    primary_sites: dict[str, PrimarySite]
    findings: dict[str, FindingTarget]
    laboratory: dict[str, LaboratoryTarget]

    @model_validator(mode="after")
    def _complete(self) -> Self:
        found = list(_problems(self))
        if found:
            raise ValueError("; ".join(found))
        return self

    def __hash__(self) -> int:
        return hash(self.digest)

    @cached_property
    def words(self) -> vocabulary.Vocabulary:
        """The vocabulary, with the findings and tests that this scenario declares."""
        declared = (*self.findings.items(), *self.laboratory.items())
        return vocabulary.Vocabulary(
            tuple(target.new.term(key) for key, target in declared if target.new is not None)
        )

    @cached_property
    def digest(self) -> str:
        """SHA-256 of every number in the scenario, in hexadecimal."""
        return hashlib.sha256(json.dumps(self.model_dump(), sort_keys=True).encode()).hexdigest()


def _problems(assumed: Assumptions) -> Iterator[str]:
    """What no single field can check."""
    for group, known in (
        ("causes", vocabulary.CAUSES),
        ("primary_sites", vocabulary.PRIMARY_SITES),
    ):
        yield from _not_exactly(group, known, getattr(assumed, group))
    for group, standard in (
        ("findings", {**vocabulary.FINDINGS, **vocabulary.IMAGING}),
        ("laboratory", vocabulary.LABORATORY),
    ):
        targets = getattr(assumed, group)
        declared = {key for key, target in targets.items() if target.new is not None}
        for key in sorted(declared & set(vocabulary.ALL)):
            yield f"{group}.{key}.new must be left out, because the vocabulary has it; got it"
        yield from _not_exactly(group, standard, set(targets) - declared, _DECLARED)
    try:
        words = assumed.words
    except ValueError as error:
        yield str(error)
        return
    for name, shares in (
        ("causes.share", [c.share for c in assumed.causes.values()]),
        ("primary_sites.share_male", [s.share_male for s in assumed.primary_sites.values()]),
        ("primary_sites.share_female", [s.share_female for s in assumed.primary_sites.values()]),
    ):
        if abs(sum(shares) - 1) > 1e-9:
            yield f"{name} must sum to 1; got {sum(shares):.6f}"
    low, high = assumed.base_rate_interval
    if low >= high:
        yield f"base_rate_interval must be ascending; got {low} and {high}"
    elif not low < assumed.base_rate < high:
        yield (
            f"base_rate must lie inside base_rate_interval; got {assumed.base_rate:g} with "
            f"{low:g} to {high:g}; state "
            "both, or use replace(base_rate=), which moves the interval along"
        )
    if (age := assumed.findings.get("age_50_or_over")) and (
        age.shifts or age.age or age.male or age.severity != Severity()
    ):
        yield "findings.age_50_or_over must have no effects, because it is a band of age; got some"
    for key, t in assumed.findings.items():
        ratio = t.sensitivity / (1 - t.specificity)
        if t.lr_positive_below is not None and ratio >= t.lr_positive_below:
            yield (
                f"findings.{key} must have an LR+ below its bound {t.lr_positive_below:g}; got "
                f"{ratio:.3g}"
            )
    for key, lab in assumed.laboratory.items():
        yield from _laboratory_problems(words, key, lab)


_DECLARED = "; one of your own is declared by new = { label = ... } beside its accuracy"


def _not_exactly(
    group: str, known: Iterable[str], found: Iterable[str], remedy: str = ""
) -> Iterator[str]:
    wrong = sorted(set(known) ^ set(found))
    if wrong:
        yield (
            f"{group} must be exactly those of the vocabulary; got a difference in {named(wrong)}"
            f"{remedy}"
        )


def _laboratory_problems(
    words: vocabulary.Vocabulary, key: str, lab: LaboratoryTarget
) -> Iterator[str]:
    if key not in words.laboratory:
        return
    test = words.laboratory[key]
    if not len(lab.sensitivity) == len(lab.specificity) == len(test.cutoffs):
        yield (
            f"laboratory.{key} must have a sensitivity and a specificity for each of its cut-offs "
            f"{test.cutoffs}"
        )
        return
    for bands in (
        band_probabilities(lab.sensitivity, test.abnormal),
        band_probabilities(1 - np.asarray(lab.specificity), test.abnormal),
    ):
        if np.any(bands <= 0):
            yield (
                f"laboratory.{key} must have sensitivities and specificities in the order of its "
                "cut-offs"
            )
    if len(test.cutoffs) == 1 and lab.median_non_malignant is None:
        yield f"laboratory.{key}.median_non_malignant must be given"
