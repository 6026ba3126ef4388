"""Finished replicates on disk: one Parquet file for some replicates of one cell, named by what it
holds and by its own checksum.
"""

from __future__ import annotations

import hashlib
import logging
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from .. import vocabulary
from ..files import write_atomically

CHUNK = 50
"""Replicates of one file, so that it stands for some seconds of work."""
_NAME = re.compile(r"([0-9a-f]{16})-(\d{7})-(\d{7})-([0-9a-f]{16})\.parquet")
_TEXT = ("cause", "reason")
_WHOLE = ("replicate", "events")
_log = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False, kw_only=True)
class Chunk:
    """Replicates ``first`` to ``after`` (exclusive) of the cell of a digest, in a file."""

    cell: str
    first: int
    after: int
    checksum: str
    path: Path


def chunk_bytes(rows: list[dict[str, Any]], cell: str) -> bytes:
    """Rows of one cell as a Parquet file; the same rows give the same bytes."""
    named = ("scenario", "n", "method")
    columns = list(dict.fromkeys(key for row in rows for key in row if key not in named))
    arrays = {}
    for column in columns:
        kind = pa.string() if column in _TEXT else pa.float64()
        kind = pa.int32() if column in _WHOLE else kind
        arrays[column] = pa.array([row.get(column) for row in rows], kind)
    table = pa.table(arrays).replace_schema_metadata({"cell": cell, "notice": vocabulary.NOTICE})
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="zstd", write_page_checksum=True)
    return bytes(sink.getvalue())


def write_chunk(folder: Path, rows: list[dict[str, Any]], cell: str) -> Path:
    """Write the rows of one cell, in order of their replicates, whole or not at all."""
    content = chunk_bytes(rows, cell)
    first = rows[0]["replicate"]
    after = rows[-1]["replicate"] + 1
    checksum = hashlib.sha256(content).hexdigest()[:16]
    target = folder / f"{cell[:16]}-{first:07d}-{after:07d}-{checksum}.parquet"
    write_atomically(target, lambda part: part.write_bytes(content))
    return target


def find_chunks(folder: Path, cells: Iterable[str]) -> dict[str, list[Chunk]]:
    """Files of each cell, by digest, in order; what is in them is not looked at."""
    by_start = {cell[:16]: cell for cell in cells}
    found: dict[str, list[Chunk]] = {cell: [] for cell in by_start.values()}
    for path in sorted(folder.glob("*.parquet")):
        match = _NAME.fullmatch(path.name)
        if match and match[1] in by_start:
            cell = by_start[match[1]]
            found[cell].append(
                Chunk(
                    cell=cell,
                    first=int(match[2]),
                    after=int(match[3]),
                    checksum=match[4],
                    path=path,
                )
            )
    return found


def read_chunk(chunk: Chunk) -> pd.DataFrame | None:
    """The rows of a file; None, with a line on the log, when a byte of it is not as written."""
    content = chunk.path.read_bytes()
    if hashlib.sha256(content).hexdigest()[:16] != chunk.checksum:
        _log.warning("%s was changed or damaged since it was written.", chunk.path)
        return None
    table = pq.read_table(pa.BufferReader(content), page_checksum_verification=True)
    if (table.schema.metadata or {}).get(b"cell") != chunk.cell.encode():
        _log.warning("%s holds another cell than its name says.", chunk.path)
        return None
    return pd.DataFrame(table.to_pandas())


def read_cell(chunks: list[Chunk]) -> list[pd.DataFrame]:
    """Replicates of one cell, each once, by file; damaged files are left out."""
    known: set[int] = set()
    tables = []
    for chunk in chunks:
        table = read_chunk(chunk)
        if table is not None:
            new = table[~table["replicate"].isin(known)]
            known |= set(new["replicate"])
            tables.append(new)
    return tables


def missing_ranges(there: Iterable[int], replicates: int) -> Iterator[tuple[int, int]]:
    """Ranges of replicates that are not there, none of which crosses a multiple of the chunk.

    Examples
    --------
    >>> list(missing_ranges(range(40), 120))
    [(40, 50), (50, 100), (100, 120)]
    """
    known = set(there)
    start = None
    for number in range(replicates + 1):
        wanted = number < replicates and number not in known
        if start is not None and (not wanted or number % CHUNK == 0):
            yield start, number
            start = None
        if wanted and start is None:
            start = number
