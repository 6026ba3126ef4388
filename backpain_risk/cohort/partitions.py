"""Large cohorts as folders of Parquet files: whole blocks of patients, written by any number of
workers, resumable.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq
from joblib import Parallel, delayed

from .. import __version__, vocabulary
from ..files import one_writer, read_json, remove_leftovers, sha256, write_atomically
from ..numerics.checks import check_count, check_flag, check_kind, check_workers
from ..numerics.streams import BLOCK, as_seed_sequence
from ..numerics.values import shown
from ..scenario.scenario import Scenario
from .manifest import parsed, stored_manifest, write_manifest
from .simulate import GENERATOR_VERSION, Sampler, check_patients, latent_columns, sampler
from .stored_columns import LATENT

BLOCKS_PER_FILE = 16
PLAN = "plan.json"
FINISHED = "finished.jsonl"
_log = logging.getLogger(__name__)


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
        The setting, with its base rate and accuracies.
    n : int
        Number of patients.
    directory : str or Path
        Made when absent.
    seed : int
        The same seed gives the same patients.
    n_jobs : int
        Workers (joblib; any backend through ``joblib.parallel_config``).
    blocks_per_file : int
        Blocks of 65 536 patients in one file. Patients do not depend on it, nor on ``n_jobs``.
    resume : bool
        Keep the files of an earlier run of the same plan; with False a folder that holds files is
        refused.
    on_file : callable, optional
        Called with the number of patients of each file as it is finished or found.

    Returns
    -------
    Path
        Of the manifest, written last: its presence says that the cohort is complete.

    Raises
    ------
    ValueError
        When another process is writing to the folder, the folder holds another plan, or files
        although ``resume`` is False.

    Notes
    -----
    A file is written under a temporary name, flushed to disk and renamed, so after a crash every
    file is whole or absent. The checksum of each is noted when it is finished, and a second call
    draws what is missing and, with a line on the log, what is not as it was noted. The bytes are
    those of an undisturbed run.

    Examples
    --------
    >>> import tempfile
    >>> from backpain_risk import load_scenario
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     manifest = simulate_to_parquet(
    ...         load_scenario("spine_clinic"), 500, folder + "/clinic", seed=1
    ...     )
    ...     there = manifest.is_file()
    >>> there
    True
    """
    check_kind("directory", directory, (str, Path), "Pass the path of a folder.")
    folder = Path(directory)
    check_flag("resume", resume)
    check_workers("n_jobs", n_jobs)
    if on_file is not None and not callable(on_file):
        raise ValueError(
            f"on_file must be a function of one number; got {shown(on_file)}. Pass for example "
            "print."
        )
    plan = _plan(scenario, n, seed, blocks_per_file)
    with one_writer(folder / ".lock"):
        _agree_on(folder, plan, resume)
        remove_leftovers(folder)
        pieces = list(_pieces(n, blocks_per_file))
        checksums = _kept(folder, plan, pieces)
        todo = [piece for piece in pieces if piece.name not in checksums]
        if on_file is not None and checksums:
            on_file(sum(p.stop - p.start for p in pieces if p.name in checksums))
        parallel = Parallel(n_jobs=n_jobs, return_as="generator_unordered")
        for piece, digest in parallel(
            delayed(_write_piece)(scenario, seed, piece, folder) for piece in todo
        ):
            _note(folder, piece.name, digest)
            checksums[piece.name] = digest
            if on_file is not None:
                on_file(piece.stop - piece.start)
        files = {
            p.name: {"patients": p.stop - p.start, "sha256": checksums[p.name]} for p in pieces
        }
        manifest = write_manifest(folder, {**plan, "files": files})
        (folder / FINISHED).unlink(missing_ok=True)
    return manifest


def _plan(scenario: Scenario, n: int, seed: int, blocks_per_file: int) -> dict[str, Any]:
    check_kind("scenario", scenario, Scenario, "Load one with load_scenario.")
    check_kind("seed", seed, (int, np.integer), "Pass for example seed=1.")
    as_seed_sequence(seed)
    return {
        "notice": vocabulary.notice(scenario),
        "n": check_patients(n),
        "seed": int(seed),
        "blocks_per_file": check_count("blocks_per_file", blocks_per_file, 1),
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
            raise ValueError(
                f"directory must be empty or hold the same plan; {folder} holds other Parquet "
                "files."
            )
        text = json.dumps(plan, indent=1) + "\n"
        write_atomically(path, lambda part: part.write_text(text, "utf-8"))
        return
    if not resume:
        raise ValueError(
            f"directory must be empty when resume is False; {folder} holds an earlier run. Choose "
            "another."
        )
    found = read_json(path, "Choose another folder, or delete this one to draw it again.")
    differing = [key for key in plan if found.get(key) != plan[key]]
    if differing:
        raise ValueError(
            f"directory must hold the same plan to resume; {folder} differs in "
            f"{', '.join(differing)}. Choose another."
        )


def _kept(folder: Path, plan: dict[str, Any], pieces: list[Piece]) -> dict[str, str]:
    """Checksums of the files that are as they were when they were finished."""
    noted = _noted(folder) | _listed(folder, plan)
    kept = {}
    for piece in pieces:
        file = folder / piece.name
        if not file.is_file() or piece.name not in noted:
            continue
        if sha256(file) == noted[piece.name]:
            kept[piece.name] = noted[piece.name]
        else:
            _log.warning("%s was changed or damaged since it was written and is drawn again.", file)
    return kept


def _listed(folder: Path, plan: dict[str, Any]) -> dict[str, str]:
    """Checksums in the manifest of this plan; none when there is no manifest, or it is damaged."""
    with suppress(ValueError):
        content = stored_manifest(folder) or {}
        if all(content.get(key) == value for key, value in plan.items()):
            return {
                name: part.sha256 for name, part in (parsed(content, folder).files or {}).items()
            }
    return {}


def _note(folder: Path, name: str, digest: str) -> None:
    """One more line in the list of finished files, on disk before the next."""
    with (folder / FINISHED).open("a", encoding="utf-8") as notes:
        notes.write(json.dumps({"name": name, "sha256": digest}) + "\n")
        notes.flush()
        os.fsync(notes.fileno())


def _noted(folder: Path) -> dict[str, str]:
    """Checksums of the finished files; a line that a crash cut short says nothing."""
    path = folder / FINISHED
    result = {}
    for line in path.read_bytes().splitlines() if path.is_file() else ():
        with suppress(ValueError, RecursionError, KeyError, TypeError):
            entry = json.loads(line)
            result[str(entry["name"])] = str(entry["sha256"])
    return result


def _pieces(n: int, blocks_per_file: int) -> Iterator[Piece]:
    size = blocks_per_file * BLOCK
    for i, start in enumerate(range(0, n, size)):
        yield Piece(f"patients-{i:05d}.parquet", i * blocks_per_file, start, min(start + size, n))


def _write_piece(scenario: Scenario, seed: int, piece: Piece, folder: Path) -> tuple[Piece, str]:
    """Draw and write the blocks of one file, one row group a block; the checksum is of what was
    written.
    """
    tables = sampler(scenario)
    sequence = as_seed_sequence(seed)
    digests = []

    def write(part: Path) -> None:
        writer: pq.ParquetWriter | None = None
        for number in range(-(-(piece.stop - piece.start) // BLOCK)):
            block = tables.block(sequence, piece.first_block + number)
            rows = min(BLOCK, piece.stop - piece.start - number * BLOCK)
            batch = _arrow(block, tables, rows)
            writer = writer or pq.ParquetWriter(part, batch.schema, compression="zstd")
            writer.write_table(batch)
        if writer is not None:
            writer.close()
        digests.append(sha256(part))

    write_atomically(folder / piece.name, write)
    return piece, digests[0]


def _arrow(block: dict[str, npt.NDArray[Any]], tables: Sampler, rows: int) -> pa.Table:
    """The columns of a cohort file, in its order."""
    first = {key: block[key][:rows] for key in tables.words.predictors}
    measured = {key: block[key][:rows] for key in tables.words.tests}
    columns: dict[str, Any] = {**first, **measured, "outcome": block["outcome"][:rows]}
    hidden = latent_columns(
        {key: block[key][:rows] for key in ("state", "severity")}, tables.states
    )
    arrays = {key: pa.array(values) for key, values in columns.items()}
    arrays |= {LATENT + key: pa.array(values) for key, values in hidden.items()}
    return pa.table(arrays)
