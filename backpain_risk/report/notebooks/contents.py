"""What the executed notebooks offered: numbers, claims, tables, figures and prose."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from .prose import refuse_typed_numbers
from .records import RECORD
from .sentences import CLAIM, PROSE
from .shown import FIGURE, TABLE

KINDS = {FIGURE: "fig", TABLE: "tbl"}


@dataclass
class Contents:
    """Everything offered, by key; ``mcse`` is the Monte-Carlo error of results that have one."""

    results: dict[str, Any] = field(default_factory=dict)
    mcse: dict[str, float] = field(default_factory=dict)
    claims: dict[str, str] = field(default_factory=dict)
    shown: dict[str, dict[str, Any]] = field(default_factory=dict)  # "fig-ages", "tbl-one"
    blocks: dict[str, list[tuple[str, str, str]]] = field(default_factory=dict)
    """Of each notebook, in order: ("prose", place, text), ("fig", place, name) or ("tbl", ...)."""

    def add_results(self, where: str, values: Mapping[str, Any], mcse: Mapping[str, float]) -> None:
        """Keep recorded values and their Monte-Carlo errors; a key is recorded once."""
        repeated = sorted(set(values) & set(self.results))
        if repeated:
            raise ValueError(
                f"{where}: {', '.join(repeated)} is recorded twice. Give each result a key of its "
                "own."
            )
        self.results |= {key: rounded(value) for key, value in values.items()}
        self.mcse |= {key: float(f"{error:.2g}") for key, error in mcse.items()}

    def add_claim(self, where: str, claim: Mapping[str, Any]) -> None:
        """Keep the sentence that holds; one that does not hold and has no other ends the build."""
        key = claim["key"]
        text = claim["text"]
        otherwise = claim["otherwise"]
        if key in self.claims:
            raise ValueError(f"{where}: {key} is claimed twice. Give each claim a key of its own.")
        for sentence in filter(None, (text, otherwise)):
            refuse_typed_numbers(sentence, f"{where}, claim {key}")
        if not claim["holds"] and otherwise is None:
            raise ValueError(
                f'{where}: the claim {key} does not hold: "{text}" Mend the sentence, or say what '
                "holds otherwise."
            )
        self.claims[key] = text if claim["holds"] else otherwise

    def add_shown(self, where: str, kind: str, payload: dict[str, Any]) -> str:
        """Keep a table or figure, and return its name."""
        refuse_typed_numbers(payload["caption"], where)
        name = f"{kind}-{payload['key']}"
        if name in self.shown:
            raise ValueError(
                f"{where}: {name} is shown twice. Give each table and figure a key of its own."
            )
        self.shown[name] = payload
        return name


def rounded(value: Any) -> Any:
    """Floats to six significant digits, which is what the results file keeps."""
    return float(f"{value:.6g}") if isinstance(value, float) else value


def collect(executed: Mapping[str, Any]) -> Contents:
    """What executed notebooks, by name, offered, in order."""
    contents = Contents()
    for name, notebook in executed.items():
        contents.blocks[name] = list(_blocks(contents, name, notebook))
    return contents


def _blocks(contents: Contents, name: str, notebook: Any) -> Iterator[tuple[str, str, str]]:
    for number, cell in enumerate(notebook.cells, start=1):
        where = f"{name}, cell {number}"
        if cell.cell_type == "markdown":
            refuse_typed_numbers(cell.source, where)
            yield "prose", where, cell.source
        for output in cell.get("outputs", []):
            yield from _offered(contents, where, output.get("data", {}))


def _offered(
    contents: Contents, where: str, data: Mapping[str, Any]
) -> Iterator[tuple[str, str, str]]:
    if RECORD in data:
        contents.add_results(where, data[RECORD]["values"], data[RECORD]["mcse"])
    if CLAIM in data:
        contents.add_claim(where, data[CLAIM])
        yield "prose", where, f"{{{{claims.{data[CLAIM]['key']}}}}}"
    if PROSE in data:
        refuse_typed_numbers(data[PROSE]["text"], where)
        yield "prose", where, data[PROSE]["text"]
    for media, kind in KINDS.items():
        if media in data:
            yield kind, where, contents.add_shown(where, kind, dict(data[media]))
