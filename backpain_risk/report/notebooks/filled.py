"""Executed notebooks as a reader sees them: numbers in the prose, figures and tables numbered."""

from __future__ import annotations

import copy
from typing import Any

import nbformat

from .contents import Contents
from .prose import NAMES, REFERENCE, fill_plainly
from .sentences import CLAIM, PROSE
from .shown import CAPTION

_OURS = "application/vnd.backpain-risk."


def filled_notebook(name: str, notebook: Any, contents: Contents) -> str:
    """The notebook as JSON, the same bytes on every run. Cells that only write prose become
    prose.
    """
    labels = _labels(name, contents)
    shown = copy.deepcopy(notebook)
    for number, cell in enumerate(shown.cells, start=1):
        cell.metadata.pop("execution", None)
        if cell.cell_type == "code":
            for output in cell.outputs:
                _fill(output, contents, labels, f"{name}, cell {number}")
            cell.outputs = [out for out in cell.outputs if out.get("data", True)]
    writer: Any = nbformat  # untyped
    shown.cells = [_as_prose(writer, cell) for cell in shown.cells]
    return str(writer.writes(shown)) + "\n"


def _labels(name: str, contents: Contents) -> dict[str, str]:
    """Numbers within the notebook: "fig-ages" is "Figure 1"."""
    labels: dict[str, str] = {}
    for kind, _, key in contents.blocks[name]:
        if kind != "prose":
            same = [k for k in labels if k.startswith(kind)]
            labels[key] = f"{NAMES[kind]} {len(same) + 1}"
    return labels


def _as_prose(writer: Any, cell: Any) -> Any:
    if cell.cell_type != "code" or not cell.source.startswith("report.prose("):
        return cell
    said = "\n\n".join(output["data"]["text/markdown"] for output in cell.outputs)
    return writer.v4.new_markdown_cell(said, id=cell.id)


def _fill(output: Any, contents: Contents, labels: dict[str, str], where: str) -> None:
    data = output.get("data", {})
    if CLAIM in data:
        data["text/markdown"] = _read(contents.claims[data[CLAIM]["key"]], contents, labels, where)
    if PROSE in data:
        data["text/markdown"] = _read(data[PROSE]["text"], contents, labels, where).strip()
    if CAPTION in data:
        caption = _read(data[CAPTION]["text"], contents, labels, where)
        data["text/markdown"] = f"**{labels[data[CAPTION]['name']]}.** {caption}"
    for media in [media for media in data if media.startswith(_OURS)]:
        del data[media]


def _read(text: str, contents: Contents, labels: dict[str, str], where: str) -> str:
    claims = {f"claims.{key}": said for key, said in contents.claims.items()}
    said = fill_plainly(text, contents.results | claims, where)
    said = fill_plainly(said, contents.results, where)
    return REFERENCE.sub(lambda match: labels.get(match[0][1:], match[2]), said)
