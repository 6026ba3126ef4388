"""Who gets a test: a small language of conditions, read by a parser of our own and never run as
code.

Words are findings, tests and measurements of the vocabulary, ``male``, ``risk`` (of the joint
model), ``risk(name)`` (of a model that is passed under that name), ``not_improved_at_review``,
``all`` and ``no_one``; they combine by ``and``, ``or``, ``not``, comparisons with a number,
``any_of(...)``, ``all_of(...)`` and ``at_least(2, ...)``. A patient who has not had a test does not
fulfil a condition on its result.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import ceil, floor

import numpy as np

from ..numerics.checks import BoolArray, FloatArray
from ..vocabulary import STANDARD, Measurement, Vocabulary

RISK = "risk"
REVIEW = "not_improved_at_review"

_LONGEST = 2000  # characters of a condition
_AT_THRESHOLD = 1e-9  # a risk this close below a threshold, relative to it, counts as reaching it


@dataclass(frozen=True)
class Condition:
    """At least ``least`` of the parts hold; a leaf has a word, and a lowest value where it is
    measured.

    The word of a leaf is yes/no (``lowest`` is 1) or measured (the value is ``lowest`` or more).
    """

    word: str = ""
    lowest: float = 1.0
    least: int = 0
    parts: tuple[Condition, ...] = ()
    negated: bool = False

    def leaves(self) -> Iterator[Condition]:
        """Every leaf with a word."""
        if self.word:
            yield self
        for part in self.parts:
            yield from part.leaves()

    def holds(self, known: Mapping[str, FloatArray]) -> BoolArray:
        """Whether it holds for each patient, given what is known: word to values, NaN where not
        known.
        """
        if self.word:
            slack = 1 - _AT_THRESHOLD if is_risk(self.word) else 1.0
            answer = known[self.word] >= self.lowest * slack
        else:
            size = next(iter(known.values())).shape
            answer = np.zeros(size) >= self.least
            if self.parts:
                answer = np.sum([part.holds(known) for part in self.parts], axis=0) >= self.least
        return ~answer if self.negated else np.asarray(answer)


EVERYONE = Condition()


def is_risk(word: str) -> bool:
    """Whether a word is a probability: ``risk``, or ``risk(name)``."""
    return word == RISK or word.startswith(f"{RISK}(")


@dataclass(frozen=True)
class Rule:
    """A condition that was read from text.

    Attributes
    ----------
    text : str
        As written.
    condition : Condition
    known : Vocabulary
        What its words mean.
    words : frozenset of str
        Findings, tests and measurements it uses, ``risk`` included.
    """

    text: str
    condition: Condition
    known: Vocabulary = STANDARD

    @property
    def words(self) -> frozenset[str]:
        """Words it uses."""
        return frozenset(leaf.word for leaf in self.condition.leaves())

    def cuts(self, word: str) -> frozenset[float]:
        """Values of a measurement at which the answer can change."""
        return frozenset(leaf.lowest for leaf in self.condition.leaves() if leaf.word == word)

    def holds(self, known: Mapping[str, FloatArray]) -> BoolArray:
        """Whether it holds for each patient; see :meth:`Condition.holds`."""
        return self.condition.holds(known)


def read_rule(text: str, words: Vocabulary = STANDARD) -> Rule:
    """Read a condition.

    Parameters
    ----------
    text : str
        For example ``"any_of(history_of_cancer, unexplained_weight_loss) and esr_mm_h >= 20"``.
    words : Vocabulary
        With findings and tests of one's own, where there are any.

    Raises
    ------
    ValueError
        In one sentence, for what is not of the language.

    Examples
    --------
    >>> sorted(read_rule("at_least(2, male, night_pain) or 0.005 <= risk < 0.03").words)
    ['male', 'night_pain', 'risk']
    """
    if not isinstance(text, str) or not text.strip():
        raise ValueError(
            f"who must be a condition such as 'esr_mm_h >= 20'; got {text!r}. Write 'all' for "
            "everybody."
        )
    if len(text) > _LONGEST:
        raise ValueError(
            f"who must have at most {_LONGEST} characters; got {len(text)}. Use any_of or at_least."
        )
    try:
        body = ast.parse(text.strip(), mode="eval").body
        return Rule(text.strip(), _read(body, words), words)
    except (SyntaxError, RecursionError, MemoryError):
        raise ValueError(
            f"who must be a condition such as 'esr_mm_h >= 20'; got {text!r}. Mend its form."
        ) from None


def _read(node: ast.expr, words: Vocabulary) -> Condition:
    match node:
        case ast.Name(id=word):
            return _yes_or_no(word, words)
        case ast.BoolOp(op=op, values=values):
            return _at_least(
                len(values) if isinstance(op, ast.And) else 1, [_read(v, words) for v in values]
            )
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            return _negated(_read(operand, words))
        case ast.Compare():
            return _comparison(node, words)
        case ast.Call(func=ast.Name(id=name), args=args, keywords=[]):
            return _called(name, args, words)
    raise _refused(node, "is not of its language")


def _refused(node: ast.expr, what: str) -> ValueError:
    return ValueError(
        f"who must be a condition of findings, results and risk; got {ast.unparse(node)!r}, which "
        f"{what}. Use and, or, "
        "not, comparisons, any_of, all_of, at_least and the words of the vocabulary."
    )


def _yes_or_no(word: str, words: Vocabulary) -> Condition:
    if word == "all":
        return EVERYONE
    if word == "no_one":
        return _negated(EVERYONE)
    if word in words.measured or word == RISK:
        raise ValueError(
            f"who must compare {word} with a number; got {word!r} alone. Write for example "
            f"'{word} >= 20'."
        )
    _known(word, words)
    return Condition(word)


def _known(word: str, words: Vocabulary) -> None:
    known = (*words.yes_no, REVIEW, *words.measured, RISK)
    if word not in known:
        raise ValueError(
            f"who must use words of the vocabulary; got {word!r}. Known: {', '.join(known)}, all, "
            "no_one."
        )


def _negated(condition: Condition) -> Condition:
    return Condition(least=1, parts=(condition,), negated=True)


def _at_least(least: int, parts: list[Condition]) -> Condition:
    return Condition(least=least, parts=tuple(parts))


def _called(name: str, args: list[ast.expr], words: Vocabulary) -> Condition:
    if name in ("any_of", "all_of") and args:
        return _at_least(1 if name == "any_of" else len(args), [_read(a, words) for a in args])
    if name == "at_least" and len(args) > 1:
        least = args[0]
        if (
            isinstance(least, ast.Constant)
            and type(least.value) is int
            and 1 <= least.value < len(args)
        ):
            return _at_least(least.value, [_read(a, words) for a in args[1:]])
    raise ValueError(
        "who must call any_of(...), all_of(...) or at_least(k, ...) with k from 1 to the number "
        "of conditions; got "
        f"{name} of {len(args)}. Mend the call."
    )


def _comparison(node: ast.Compare, words: Vocabulary) -> Condition:
    sides = [node.left, *node.comparators]
    pairs = zip(sides, node.ops, sides[1:], strict=False)
    return _at_least(len(node.ops), [_compared(a, op, b, node, words) for a, op, b in pairs])


_MIRRORED = {ast.Lt: ast.Gt, ast.Gt: ast.Lt, ast.LtE: ast.GtE, ast.GtE: ast.LtE}


def _compared(
    left: ast.expr, op: ast.cmpop, right: ast.expr, whole: ast.Compare, words: Vocabulary
) -> Condition:
    kind = type(op)
    if isinstance(left, ast.Constant):
        left, right, kind = right, left, _MIRRORED.get(kind, kind)
    word = _word(left)
    if not (word and isinstance(right, ast.Constant) and kind in _MIRRORED):
        raise _refused(whole, "is no comparison of one word with a number by <, <=, > or >=")
    if isinstance(right.value, bool) or not isinstance(right.value, (int, float)):
        raise _refused(whole, "compares with something that is no number")
    if not is_risk(word):
        _known(word, words)
    return _measured(word, kind, float(right.value), words)


def _word(node: ast.expr) -> str:
    """The word that is compared: a name, or ``risk(name)``."""
    match node:
        case ast.Name(id=word):
            return word
        case ast.Call(func=ast.Name(id="risk"), args=[ast.Name(id=model)], keywords=[]):
            return f"{RISK}({model})"
    return ""


def _measured(word: str, kind: type[ast.cmpop], number: float, words: Vocabulary) -> Condition:
    """A comparison as "at or above", or its negation; strict ones move to the next recorded
    value.
    """
    if word in (*words.yes_no, REVIEW):
        raise ValueError(
            f"who must use {word} alone, because it is yes or no; got a comparison. Write {word!r}."
        )
    strictly = kind in (ast.Gt, ast.LtE)
    if is_risk(word):
        _check_threshold(number, strictly)
    else:
        number = _recorded(words.measured[word], number, strictly)
    reached = Condition(word, number)
    if kind in (ast.Gt, ast.GtE):
        return reached
    known = Condition(word, -np.inf)
    return _at_least(2, [known, _negated(reached)])


def _check_threshold(number: float, strictly: bool) -> None:
    if not 0 < number < 1:
        raise ValueError(
            f"risk must be compared with a number in (0, 1); got {number:g}. Write 0.03 for 3 %."
        )
    if strictly:
        raise ValueError(
            "risk must be compared by >= or <; got > or <=. A risk at the threshold reaches it."
        )


def _recorded(term: Measurement, number: float, strictly: bool) -> float:
    """The lowest recorded value that is at least ``number``, or above it when strictly."""
    if not term.low <= number <= term.high:
        raise ValueError(
            f"{term.key} must be compared with a number from {term.low:g} to {term.high:g} "
            f"{term.unit}; got {number:g}. "
            "Check the unit."
        )
    steps = number / term.step
    whole = floor(steps + 1e-9) + 1 if strictly else ceil(steps - 1e-9)
    return whole * term.step if term.step >= 1 else whole / round(1 / term.step)
