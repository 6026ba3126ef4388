"""A condition told in words, with the labels of the vocabulary."""

from __future__ import annotations

import math

from ..vocabulary import Vocabulary
from .rule import REVIEW, RISK, Condition, Rule, is_risk


def in_words(rule: Rule) -> str:
    """A condition as a reader says it.

    Examples
    --------
    >>> from backpain_risk.pathways.rule import read_rule
    >>> in_words(read_rule("not male and any_of(night_pain, 20 <= esr_mm_h < 50)"))
    'not male and (night pain or (ESR of 20 mm/h or more and ESR below 50 mm/h))'
    """
    return _told(rule.condition, rule.known)


def _told(condition: Condition, known: Vocabulary, inside: bool = False) -> str:
    """``inside`` puts what has several parts into brackets."""
    if condition.word:
        return _leaf(condition, known, "of {} or more")
    if below := _below(condition):
        return _leaf(below, known, "below {}")
    if not condition.parts:
        return "everybody"
    if condition.negated:
        return _negation(condition.parts[0], known)
    if len(condition.parts) == 1:
        return _told(condition.parts[0], known, inside)
    text = _joined(condition, known)
    return f"({text})" if inside else text


def _below(condition: Condition) -> Condition | None:
    """The leaf of "measured, and not at or above", which is how < is read."""
    match condition.parts:
        case (Condition(word=a, lowest=lowest), Condition(negated=True, parts=(leaf,))):
            return leaf if a and a == leaf.word and lowest == -math.inf else None
    return None


def _negation(part: Condition, known: Vocabulary) -> str:
    if not part.word and not part.parts:
        return "nobody"
    if part.least == 1 and len(part.parts) > 1 and not part.negated:
        return "none of " + _listed([_told(p, known, True) for p in part.parts], "and")
    return f"not {_told(part, known, True)}"


def _joined(condition: Condition, known: Vocabulary) -> str:
    told = [_told(part, known, True) for part in condition.parts]
    if condition.least == len(told):
        return " and ".join(told)
    if condition.least > 1:
        return f"at least {condition.least} of {_listed(told, 'and')}"
    return " or ".join(told) if len(told) == 2 else "any of " + _listed(told, "and")


def _listed(told: list[str], last: str) -> str:
    return f"{', '.join(told[:-1])} {last} {told[-1]}"


def _leaf(leaf: Condition, known: Vocabulary, bound: str) -> str:
    if leaf.word == REVIEW:
        return "not improved at review"
    if is_risk(leaf.word):
        name = leaf.word.removeprefix(RISK).strip("()")
        whose = f"risk by {name}" if name else "risk"
        return f"{whose} {bound.format(f'{100 * leaf.lowest:g} %')}"
    if leaf.word in known.measured:
        unit = known.measured[leaf.word].unit
        return f"{_label(leaf.word, known)} {bound.format(f'{leaf.lowest:g} {unit}')}"
    return _label(leaf.word, known)


def _label(word: str, known: Vocabulary) -> str:
    """The label within a sentence: its first letter small, unless the next one is not."""
    label = known.label(word)
    return label[0].lower() + label[1:] if label[1:2].islower() else label
