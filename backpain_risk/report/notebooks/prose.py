"""Prose with numbers that code produced: placeholders filled, typed numbers refused,
cross-references numbered.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

PLACEHOLDER = re.compile(r"\{\{\s*([\w.@-]+)\s*(?::([^}]*))?\}\}")
_REFERENCE = re.compile(r"@(fig|tbl)-([\w-]+)")
_NAMES = {"fig": "Figure", "tbl": "Table"}
_NOT_PROSE = re.compile(
    r"```.*?```|`[^`]*`|\$[^$]*\$|\{\{[^}]*\}\}|\[@[^\]]*\]|@(?:fig|tbl)-[\w-]+"
    r"|\]\([^)]*\)|<[^>]*>|\{[#.][^}]*\}",
    re.DOTALL,
)
ALLOWED = re.compile(r"\b(?:19|20)\d\d\b|\b1 ?%|\b95 ?%|\b2x2\b|\bNG12\b|\bTRIPOD\+AI\b")
"""Years, the base rate of 1 %, the usual level of intervals, the name of a 2x2 table and of a
guideline.
"""


def fill(text: str, results: Mapping[str, Any], where: str) -> str:
    """Replace every ``{{key}}`` by its value, wrapped so that the report can be checked against
    the results.
    """

    def value(match: re.Match[str]) -> str:
        key = match.group(1)
        specification = match.group(2) or ""
        if key not in results:
            raise ValueError(
                f"{where}: prose quotes {{{{{key}}}}}, which no cell recorded. Record it or mend "
                "the key."
            )
        shown = format_value(results[key], specification)
        return f'[{shown}]{{.value data-key="{key}" data-format="{specification}"}}'

    return PLACEHOLDER.sub(value, text)


def format_value(value: Any, specification: str) -> str:
    """A recorded value as prose shows it: whole numbers with separators, others with 3 digits
    unless specified.
    """
    if specification:
        return format(value, specification)
    if isinstance(value, (bool, str)):
        return str(value)
    return f"{value:,}" if isinstance(value, int) else f"{value:.3g}"


def typed_numbers(text: str) -> list[str]:
    """Numbers typed into prose that are not allowed there."""
    prose = ALLOWED.sub("", _NOT_PROSE.sub(" ", text))
    return re.findall(r"\S*\d\S*", prose)


def refuse_typed_numbers(text: str, where: str) -> None:
    """Raise when prose holds a number that no code produced."""
    found = typed_numbers(text)
    if found:
        raise ValueError(
            f"{where}: numbers in prose must come from code; got {', '.join(found[:5])}. Record "
            "them and quote "
            "{{key}}."
        )


def number_references(text: str, numbers: Mapping[str, int], where: str) -> str:
    """Replace ``@fig-key`` and ``@tbl-key`` by links with their numbers."""

    def link(match: re.Match[str]) -> str:
        kind, key = match.groups()
        name = f"{kind}-{key}"
        if name not in numbers:
            raise ValueError(
                f"{where}: prose refers to @{name}, which no cell shows. Show it or mend the key."
            )
        return f"[{_NAMES[kind]} {numbers[name]}](#{name})"

    return _REFERENCE.sub(link, text)
