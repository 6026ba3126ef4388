"""What is wrong with a scenario, one sentence a problem: the key, the rule, what came, what to
do.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import vocabulary
from ..evidence.band_accuracy import band_probabilities
from .parts import LaboratoryTarget, Severity

if TYPE_CHECKING:
    from .scenario import Scenario

_RULES = {
    "greater_than": "be more than {gt}",
    "greater_than_equal": "be at least {ge}",
    "less_than": "be less than {lt}",
    "less_than_equal": "be at most {le}",
    "missing": "be given",
    "float_parsing": "be a number",
    "float_type": "be a number",
    "string_type": "be text",
    "model_type": "be a table",
    "dict_type": "be a table",
    "literal_error": "be one of {expected}",
    "finite_number": "be a finite number",
    "bool_type": "be true or false",
    "tuple_type": "be a list",
}

_LONGEST = 80  # characters of a value or name that a message repeats
_FEW = 20  # names


def sentence(problem: Any) -> str:
    """One sentence for one problem: the key, the rule, what came, what to do."""
    where, context = (
        shortened(".".join(map(str, problem["loc"]))) or "the file",
        problem.get("ctx", {}),
    )
    if problem["type"] == "extra_forbidden":
        return f"{where} is not a key of a scenario; remove it or check its spelling."
    if problem["type"] == "value_error":
        return f"{where}: {context['error']}; mend these."
    rule = _RULES.get(problem["type"], problem["msg"]).format(**context)
    got = "nothing" if problem["type"] == "missing" else _short(problem["input"])
    return f"{where} must {rule}; got {got}{_remedy(problem['type'])}."


def _remedy(kind: str) -> str:
    if kind in ("model_type", "dict_type"):
        return "; write it as a table of keys and values"
    numeric = kind.startswith(("greater", "less", "float", "finite"))
    return "; probabilities are fractions, not percentages" if numeric else "; check its spelling"


def _short(value: object) -> str:
    """What came, in few words."""
    text = (
        repr(value) if isinstance(value, (str, int, float, bool)) else f"a {type(value).__name__}"
    )
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]} ... ({len(text)} characters)"


def named(keys: list[str]) -> str:
    """The first few names, for a message."""
    few = ", ".join(map(shortened, keys[:_FEW]))
    return few if len(keys) <= _FEW else f"{few} and {len(keys) - _FEW} more"


def shortened(name: str) -> str:
    """A name for a message."""
    return name if len(name) <= _LONGEST else f"{name[:_LONGEST]}..."


def problems(scenario: Scenario) -> Iterator[str]:
    """What no single field can check."""
    for group, known in (
        ("causes", vocabulary.CAUSES),
        ("primary_sites", vocabulary.PRIMARY_SITES),
        ("findings", {**vocabulary.FINDINGS, **vocabulary.IMAGING}),
        ("laboratory", vocabulary.LABORATORY),
    ):
        wrong = sorted(set(known) ^ set(getattr(scenario, group)))
        if wrong:
            yield (
                f"{group} must be exactly those of the vocabulary; got a difference in "
                f"{named(wrong)}"
            )
    for name, shares in (
        ("causes.share", [c.share for c in scenario.causes.values()]),
        ("primary_sites.share_male", [s.share_male for s in scenario.primary_sites.values()]),
        ("primary_sites.share_female", [s.share_female for s in scenario.primary_sites.values()]),
    ):
        if abs(sum(shares) - 1) > 1e-9:
            yield f"{name} must sum to 1; got {sum(shares):.6f}"
    low, high = scenario.base_rate_interval
    if low >= high:
        yield f"base_rate_interval must be ascending; got {low} and {high}"
    elif not low < scenario.base_rate < high:
        yield (
            f"base_rate must lie inside base_rate_interval; got {scenario.base_rate:g} with "
            f"{low:g} to {high:g}; state "
            "both, or use replace(base_rate=), which moves the interval along"
        )
    if (age := scenario.findings.get("age_50_or_over")) and (
        age.shifts or age.age or age.male or age.severity != Severity()
    ):
        yield "findings.age_50_or_over must have no effects, because it is a band of age; got some"
    for key, t in scenario.findings.items():
        ratio = t.sensitivity / (1 - t.specificity)
        if t.lr_positive_below is not None and ratio >= t.lr_positive_below:
            yield (
                f"findings.{key} must have an LR+ below its bound {t.lr_positive_below:g}; got "
                f"{ratio:.3g}"
            )
    for key, lab in scenario.laboratory.items():
        yield from _laboratory_problems(key, lab)


def _laboratory_problems(key: str, lab: LaboratoryTarget) -> Iterator[str]:
    if key not in vocabulary.LABORATORY:
        return
    test = vocabulary.LABORATORY[key]
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
    if key == "white_cell_count_10e9_l" and lab.median_non_malignant is None:
        yield f"laboratory.{key}.median_non_malignant must be given"
