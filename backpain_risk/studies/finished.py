"""What of a study is finished: in memory, and in its folder where it has one."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from .. import __version__, vocabulary
from ..files import write_atomically
from .chunks import chunk_bytes, find_chunks, missing_ranges, read_cell, write_chunk
from .replicate import Asked
from .study_design import StudyDesign

CHUNKS = "replicates"
DESIGN = "design.toml"
SUMMARY = "study.json"
Cell = tuple[str, int, str]


class Finished:
    """Replicates that are there, by the digest of their cell."""

    def __init__(self, design: StudyDesign, folder: Path | None) -> None:
        self.design = design
        self.folder = None if folder is None else folder / CHUNKS
        self.cells: dict[Cell, str] = {
            (s, n, m): design.cell_digest(s, n, m)
            for s in design.scenarios
            for n in design.sizes
            for m in design.methods
        }
        self.tables: dict[str, list[pd.DataFrame]] = {d: [] for d in self.cells.values()}
        if self.folder is not None and self.folder.is_dir():
            for digest, chunks in find_chunks(self.folder, self.tables).items():
                self.tables[digest] = read_cell(chunks)

    def there(self, cell: Cell) -> set[int]:
        """Numbers of the replicates of a cell that are there."""
        tables = self.tables[self.cells[cell]]
        return {number for table in tables for number in table["replicate"].tolist()}

    def add(self, rows: list[dict[str, Any]]) -> None:
        """Keep the rows of one task, each cell in a file of its own."""
        for method in dict.fromkeys(row["method"] for row in rows):
            own = [row for row in rows if row["method"] == method]
            digest = self.cells[own[0]["scenario"], own[0]["n"], method]
            if self.folder is not None:
                write_chunk(self.folder, own, digest)
            content = pa.BufferReader(chunk_bytes(own, digest))
            self.tables[digest].append(pq.read_table(content).to_pandas())

    def to_do(self, wanted: Mapping[Cell, int]) -> Iterator[Asked]:
        """What is missing to so many replicates of each cell; methods that miss the same share
        their cohorts.
        """
        together: dict[tuple[str, int, int, int], dict[str, str]] = {}
        for cell, replicates in wanted.items():
            scenario, n, method = cell
            for first, after in missing_ranges(self.there(cell), replicates):
                methods = together.setdefault((scenario, n, first, after), {})
                methods.setdefault(self.cells[cell], method)
        for (scenario, n, first, after), methods in together.items():
            yield Asked(scenario, n, tuple(methods.values()), first, after)

    def table(self, wanted: Mapping[Cell, int]) -> pd.DataFrame:
        """All replicates below the wanted number, in order of the design."""
        parts = []
        for (scenario, n, method), replicates in wanted.items():
            tables = self.tables[self.cells[scenario, n, method]]
            whole = pd.concat(tables, ignore_index=True)
            own = whole[whole["replicate"] < replicates].sort_values("replicate")
            head = {"scenario": scenario, "n": n, "method": method}
            keys = pd.DataFrame(head, index=own.index)
            parts.append(pd.concat([keys, own], axis=1))
        return pd.concat(parts, ignore_index=True)


def write_summary(folder: Path, design: StudyDesign, cells: Mapping[Cell, str]) -> None:
    """Say beside the replicates what they are, for a person and for ``load_study``."""
    content = {
        "notice": vocabulary.NOTICE,
        "package_version": __version__,
        "design_digest": design.digest,
        "aims": design.aims,
        "replicates": design.replicates,
        "cells": {
            digest[:16]: {"scenario": scenario, "n": n, "method": method}
            for (scenario, n, method), digest in cells.items()
        },
    }
    text = json.dumps(content, indent=1) + "\n"
    write_atomically(folder / SUMMARY, lambda part: part.write_text(text, "utf-8"))
    try:
        toml = design.to_toml()
    except ValueError:  # methods of other packages have no words in TOML
        return
    write_atomically(folder / DESIGN, lambda part: part.write_text(toml, "utf-8"))
