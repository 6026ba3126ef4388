"""Prose with numbers that code produced: placeholders filled, typed numbers refused,
cross-references numbered.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from .spelled import number_words

PLACEHOLDER = re.compile(r"\{\{\s*([\w.@-]+)\s*(?::([^}]*))?\}\}")
REFERENCE = re.compile(r"@(fig|tbl)-([\w-]+)")
NAMES = {"fig": "Figure", "tbl": "Table"}
_NOT_PROSE = re.compile(
    r"```.*?```|`[^`]*`|\$[^$]*\$|\{\{[^}]*\}\}|\[@[^\]]*\]|@(?:fig|tbl)-[\w-]+"
    r"|\]\([^)]*\)|<[^>]*>|\{[#.][^}]*\}",
    re.DOTALL,
)
ALLOWED = re.compile(
    r"\b(?:19|20)\d\d\b|\b1%|\b95%|\b2x2\b|\bNG12\b|\bTRIPOD\+AI\b|\bR2\b|\b1 in \d"
)
"""Years, the base rate of 1%, the usual level of intervals, the name of a 2x2 table and of a
guideline.
"""


def fill(text: str, results: Mapping[str, Any], where: str) -> str:
    """Replace every ``{{key}}`` by its value, wrapped so that the report can be checked against
    the results.
    """
    return _fill(text, results, where, '[{shown}]{{.value data-key="{key}" data-format="{given}"}}')


def fill_plainly(text: str, results: Mapping[str, Any], where: str) -> str:
    """Replace every ``{{key}}`` by its value, as plain text."""
    return _fill(text, results, where, "{shown}")


def _fill(text: str, results: Mapping[str, Any], where: str, pattern: str) -> str:
    def value(match: re.Match[str]) -> str:
        key = match.group(1)
        given = match.group(2) or ""
        if key not in results:
            raise ValueError(
                f"{where}: prose quotes {{{{{key}}}}}, which no cell recorded. Record it or mend "
                "the key."
            )
        return pattern.format(shown=format_value(results[key], given), key=key, given=given)

    return PLACEHOLDER.sub(value, text)


def format_value(value: Any, specification: str) -> str:
    """A recorded value as prose shows it: whole numbers with separators, others with 3 digits
    unless specified; a negative one with a minus sign that no line break follows.
    """
    if isinstance(value, (bool, str)):
        return format(value, specification) if specification else str(value)
    plain = "," if isinstance(value, int) else ".3g"
    shown = format(value, specification or plain)
    return with_minus(shown)


def with_minus(shown: str) -> str:
    """A number written with a hyphen, written with the minus sign."""
    return re.sub(r"^-(?=[\d.])", "\N{MINUS SIGN}", shown)


def typed_numbers(text: str) -> list[str]:
    """Numbers typed into prose, in digits or words, that are not allowed there."""
    prose = ALLOWED.sub("", _NOT_PROSE.sub(" ", text))
    return re.findall(r"\S*\d\S*", prose) + number_words(prose)


def refuse_typed_numbers(text: str, where: str) -> None:
    """Raise when prose holds a number that no code produced."""
    found = typed_numbers(text)
    if found:
        raise ValueError(
            f"{where}: numbers in prose must come from code; got {', '.join(found[:5])}. Record "
            "them and quote {{key}}."
        )


def number_references(text: str, labels: Mapping[str, str], where: str) -> str:
    """Replace ``@fig-key`` and ``@tbl-key`` by links with their numbers (1, 2 or A1, A2)."""

    def link(match: re.Match[str]) -> str:
        kind, key = match.groups()
        name = f"{kind}-{key}"
        if name not in labels:
            raise ValueError(
                f"{where}: prose refers to @{name}, which is shown nowhere. Show it or mend the "
                "key."
            )
        return f"[{NAMES[kind]} {labels[name]}](#{name})"

    return REFERENCE.sub(link, text)
