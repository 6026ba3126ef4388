"""Sources that a document may cite."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from importlib import resources
from pathlib import Path

_CITED = re.compile(r"\[(?:[^\]@]*)(@[^\]]+)\]")
_KEY = re.compile(r"@([\w-]+)")


def bibliographies() -> list[Path]:
    """Files with sources: of the evidence, and of methods."""
    evidence = Path(str(resources.files("backpain_risk.evidence")))
    assets = Path(str(resources.files(__package__))) / "assets"
    return [evidence / "references.bib", assets / "methods.bib"]


@cache
def _known() -> frozenset[str]:
    texts = [path.read_text("utf-8") for path in bibliographies()]
    return frozenset(key for text in texts for key in re.findall(r"@\w+\{([\w-]+),", text))


def refuse_unknown_sources(text: str, where: str) -> None:
    """Raise when text cites a source that no bibliography has."""
    unknown = sorted(set(_cited(text)) - _known())
    if unknown:
        raise ValueError(
            f"{where} cites {', '.join(unknown)}, which no bibliography has. Add the source or "
            "mend the key."
        )


def _cited(text: str) -> Iterator[str]:
    for group in _CITED.findall(text):
        for key in _KEY.findall(group):
            if not key.startswith(("fig-", "tbl-")):
                yield key
