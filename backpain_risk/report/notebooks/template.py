"""A document is a template of Markdown that places what the notebooks offered.

A line of its own places something: ``{{figure KEY}}`` and ``{{table KEY}}`` a figure or table,
``{{rest NOTEBOOK ...}}`` the figures and tables of notebooks that have no place yet,
``{{notebook NAME}}`` a whole notebook with its prose, ``{{appendix}}`` starts numbers anew (A1).
In the text stand ``{{key:.1%}}``, ``{{claims.key}}``, ``@fig-key``, ``@tbl-key`` and ``[@source]``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .citations import refuse_unknown_sources
from .contents import Contents
from .prose import fill, number_references, refuse_typed_numbers
from .shown import as_html_table

Block = tuple[str, str, str]
PLACES = re.compile(r"^\{\{(figure|table|rest|notebook|appendix)(?: ([\w -]+))?\}\}$", re.MULTILINE)
_CLAIM = re.compile(r"\{\{claims\.([\w.-]+)\}\}")
_KINDS = {"figure": "fig", "table": "tbl"}
_WORDS = {"fig": "Figure", "tbl": "Table"}


@dataclass(frozen=True, eq=False, kw_only=True)
class Document:
    """A template with its places filled: what stands where, and how it is numbered."""

    blocks: list[Block]
    labels: dict[str, str] = field(default_factory=dict)  # "fig-ages": "3", "tbl-one": "A1"


def read_template(path: Path, contents: Contents) -> Document:
    """Fill the places of a template.

    Raises
    ------
    ValueError
        When it places what no notebook offers, or something twice.
    """
    blocks: list[Block] = []
    labels: dict[str, str] = {}
    prefix = ""
    text = path.read_text("utf-8")
    refuse_typed_numbers(PLACES.sub("", text), path.name)
    for block in _laid_out(text, path.name, contents):
        if block[0] == "appendix":
            prefix = "A"
            continue
        if block[0] != "prose":
            _number(labels, block, prefix)
        blocks.append(block)
    return Document(blocks=blocks, labels=labels)


def _number(labels: dict[str, str], block: Block, prefix: str) -> None:
    kind, where, name = block
    if name in labels:
        raise ValueError(f"{where}: {name} is placed twice. Place it once and refer to it.")
    before = [n for n, label in labels.items() if n.startswith(kind) and label.startswith(prefix)]
    same = [n for n in before if prefix or labels[n].isdigit()]
    labels[name] = f"{prefix}{len(same) + 1}"


def _laid_out(text: str, where: str, contents: Contents) -> Iterator[Block]:
    placed: set[str] = set()
    parts = PLACES.split(text)  # text, what, which, text, what, which, ...
    yield "prose", where, parts[0]
    named = {
        f"{_KINDS[w]}-{k}" for w, k in zip(parts[1::3], parts[2::3], strict=True) if w in _KINDS
    }
    for what, which, after in zip(parts[1::3], parts[2::3], parts[3::3], strict=True):
        for block in _placed(what, which or "", where, contents, named | placed):
            placed.add(block[2])
            yield block
        yield "prose", where, after


def _placed(
    what: str, which: str, where: str, contents: Contents, elsewhere: set[str]
) -> list[Block]:
    if what == "appendix":
        return [("appendix", where, "")]
    if what in _KINDS:
        name = f"{_KINDS[what]}-{which}"
        if name not in contents.shown:
            raise ValueError(
                f"{where}: {{{{{what} {which}}}}} has nothing to place, because no cell shows it. "
                "Show it or mend the key."
            )
        return [(_KINDS[what], where, name)]
    blocks = [block for name in which.split() for block in _of_notebook(name, where, contents)]
    if what == "notebook":
        return blocks
    return [block for block in blocks if block[0] != "prose" and block[2] not in elsewhere]


def _of_notebook(name: str, where: str, contents: Contents) -> list[Block]:
    for notebook, blocks in contents.blocks.items():
        if notebook.startswith(name):
            return blocks
    raise ValueError(
        f"{where}: no notebook is called {name}. There are {', '.join(contents.blocks)}."
    )


def markdown(document: Document, contents: Contents, suffix: str) -> str:
    """The document in Markdown, placeholders filled and references numbered; pictures are
    ``figures/KEY`` with the suffix.
    """

    def written(text: str, where: str) -> str:
        refuse_unknown_sources(text, where)
        said = _CLAIM.sub(lambda match: _claim(match.group(1), contents, where), text)
        return number_references(fill(said, contents.results, where), document.labels, where)

    parts = []
    for kind, where, item in document.blocks:
        if kind == "prose":
            parts.append(written(item, where))
            continue
        payload = contents.shown[item]
        caption = written(payload["caption"], where)
        title = f"**{_WORDS[kind]} {document.labels[item]}.** {caption}"
        draw = _figure if kind == "fig" else _table
        parts.append(draw(item, payload, title, suffix))
    return "\n\n".join(parts) + "\n"


def _claim(key: str, contents: Contents, where: str) -> str:
    if key not in contents.claims:
        raise ValueError(
            f"{where}: prose makes the claim {key}, which no cell checks. Check it with "
            "report.claim or mend the key."
        )
    return contents.claims[key]


def _figure(name: str, payload: dict[str, Any], title: str, suffix: str) -> str:
    seen = payload["description"].replace("[", "(").replace("]", ")")
    picture = f"![{seen}](figures/{payload['key']}{suffix}){{width={payload['width']:.2f}in}}"
    return f"::: {{#{name} .figure}}\n{title}\n\n{picture}\n:::"


def _table(name: str, payload: dict[str, Any], title: str, suffix: str) -> str:
    raw = as_html_table(payload)
    return f"::: {{#{name} .table}}\n{title}\n\n```{{=html}}\n{raw}\n```\n:::"
