"""Large cohorts as folders of Parquet files: whole blocks of patients, written by any number of workers, resumable."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq
from joblib import Parallel, delayed

from .. import __version__, vocabulary
from ..numerics.streams import BLOCK, as_seed_sequence
from .scenario import Scenario
from .simulate import GENERATOR_VERSION, latent_columns, sampler
from .store import manifest_path, sha256, write_atomically

BLOCKS_PER_FILE = 16
PLAN = "plan.json"
_LATENT = "latent_"


class Piece(NamedTuple):
    """One file: its name, its first block, and the patients it holds."""

    name: str
    first_block: int
    start: int
    stop: int


def simulate_to_parquet(
    scenario: Scenario,
    n: int,
    directory: str | Path,
    *,
    seed: int,
    n_jobs: int = 1,
    blocks_per_file: int = BLOCKS_PER_FILE,
    resume: bool = True,
    on_file: Callable[[int], None] | None = None,
) -> Path:
    """Draw a cohort straight to a folder of Parquet files, in memory that does not grow with ``n``.

    Parameters
    ----------
    scenario : Scenario
    n : int
        Number of patients.
    directory : str or Path
        Made when absent.
    seed : int
    n_jobs : int
        Workers (joblib; any backend through ``joblib.parallel_config``).
    blocks_per_file : int
        Blocks of 65 536 patients in one file. Patients do not depend on it, nor on ``n_jobs``.
    resume : bool
        Keep the files of an earlier run of the same plan; with False a folder that holds files is refused.
    on_file : callable, optional
        Called with the number of patients of each file as it is finished or found.

    Returns
    -------
    Path
        Of the manifest, written last: its presence says that the cohort is complete.

    Raises
    ------
    ValueError
        When the folder holds another plan, or files although ``resume`` is False.

    Notes
    -----
    A file is written under a temporary name, flushed to disk and renamed, so after a crash every file is whole or
    absent and a second call draws only what is missing. The bytes are those of an undisturbed run.
    """
    folder = Path(directory)
    plan = _plan(scenario, n, seed, blocks_per_file)
    _agree_on(folder, plan, resume)
    for unfinished in folder.glob(".*.part"):
        unfinished.unlink()
    pieces = list(_pieces(n, blocks_per_file))
    todo = [piece for piece in pieces if not (folder / piece.name).exists()]
    if on_file is not None and len(todo) < len(pieces):
        on_file(sum(p.stop - p.start for p in pieces) - sum(p.stop - p.start for p in todo))
    parallel = Parallel(n_jobs=n_jobs, return_as="generator_unordered")
    for written in parallel(delayed(_write_piece)(scenario, seed, piece, folder) for piece in todo):
        if on_file is not None:
            on_file(written)
    return _write_manifest(folder, plan, pieces)


def _plan(scenario: Scenario, n: int, seed: int, blocks_per_file: int) -> dict[str, Any]:
    if n != int(n) or n < 1:
        raise ValueError(f"n must be a positive whole number of patients; got {n}. Pass for example n=1_000_000.")
    if blocks_per_file < 1:
        raise ValueError(f"blocks_per_file must be 1 or more; got {blocks_per_file}.")
    as_seed_sequence(seed)
    return {
        "notice": vocabulary.NOTICE,
        "n": int(n),
        "seed": int(seed),
        "blocks_per_file": blocks_per_file,
        "generator_version": GENERATOR_VERSION,
        "package_version": __version__,
        "scenario_digest": scenario.digest,
        "scenario": scenario.model_dump(mode="json"),
    }


def _agree_on(folder: Path, plan: dict[str, Any], resume: bool) -> None:
    """Write the plan of a new folder; refuse a folder of another plan."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / PLAN
    if not path.is_file():
        if any(folder.glob("*.parquet")):
            raise ValueError(f"directory must be empty or hold the same plan; {folder} holds other Parquet files.")
        text = json.dumps(plan, indent=1) + "\n"
        write_atomically(path, lambda part: part.write_text(text, "utf-8"))
        return
    if not resume:
        raise ValueError(
            f"directory must be empty when resume is False; {folder} holds an earlier run. Choose another."
        )
    found = json.loads(path.read_text("utf-8"))
    differing = [key for key in plan if key != "scenario" and found.get(key) != plan[key]]
    if differing:
        raise ValueError(
            f"directory must hold the same plan to resume; {folder} differs in {', '.join(differing)}. Choose another."
        )


def _pieces(n: int, blocks_per_file: int) -> Iterator[Piece]:
    size = blocks_per_file * BLOCK
    for i, start in enumerate(range(0, n, size)):
        yield Piece(f"patients-{i:05d}.parquet", i * blocks_per_file, start, min(start + size, n))


def _write_piece(scenario: Scenario, seed: int, piece: Piece, folder: Path) -> int:
    """Draw and write the blocks of one file, one row group a block."""
    tables, sequence = sampler(scenario), as_seed_sequence(seed)

    def write(part: Path) -> None:
        writer: pq.ParquetWriter | None = None
        for number in range(-(-(piece.stop - piece.start) // BLOCK)):
            block = tables.block(sequence, piece.first_block + number)
            rows = min(BLOCK, piece.stop - piece.start - number * BLOCK)
            batch = _arrow(block, tables.states, rows)
            writer = writer or pq.ParquetWriter(part, batch.schema, compression="zstd")
            writer.write_table(batch)
        if writer is not None:
            writer.close()

    write_atomically(folder / piece.name, write)
    return piece.stop - piece.start


def _arrow(block: dict[str, npt.NDArray[Any]], states: Any, rows: int) -> pa.Table:
    """The columns of a cohort file, in its order."""
    first = {key: block[key][:rows] for key in ("age_years", "male", *vocabulary.FINDINGS)}
    tests = {key: block[key][:rows] for key in (*vocabulary.LABORATORY, *vocabulary.IMAGING)}
    columns: dict[str, Any] = {**first, **tests, "outcome": block["outcome"][:rows]}
    hidden = latent_columns({key: block[key][:rows] for key in ("state", "severity")}, states)
    arrays = {key: pa.array(values) for key, values in columns.items()}
    arrays |= {_LATENT + key: pa.array(values) for key, values in hidden.items()}
    return pa.table(arrays)


def _write_manifest(folder: Path, plan: dict[str, Any], pieces: list[Piece]) -> Path:
    files = {p.name: {"patients": p.stop - p.start, "sha256": sha256(folder / p.name)} for p in pieces}
    text = json.dumps({**plan, "files": files}, indent=1) + "\n"
    write_atomically(manifest_path(folder), lambda part: part.write_text(text, "utf-8"))
    return manifest_path(folder)
