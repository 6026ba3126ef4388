"""Cohorts on disk: a table with a manifest beside it that says where it came from."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd

from .. import __version__, vocabulary
from .own import PREDICTORS, TESTS
from .scenario import Scenario
from .simulate import GENERATOR_VERSION
from .table import Cohort

_LATENT = "latent_"
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
FORMATS = (".csv", ".parquet")


def write_cohort(cohort: Cohort, path: str | Path) -> Path:
    """Write a cohort and its manifest.

    Parameters
    ----------
    cohort : Cohort
    path : str or Path
        Ends in ``.csv`` or ``.parquet``; the manifest is the same name with ``.manifest.json``.

    Returns
    -------
    Path
        Of the manifest.

    Notes
    -----
    Each file is written under a temporary name, flushed to disk and renamed, so it is whole or absent. In CSV a text
    cell that a spreadsheet would run as a formula gets a leading apostrophe, which reading takes off again.
    """
    target = _checked(path)
    table = _flat(cohort)
    if target.suffix == ".csv":
        write_atomically(target, lambda part: _guarded(table).to_csv(part, index=False, lineterminator="\n"))
    else:
        write_atomically(target, lambda part: table.to_parquet(part, index=False, compression="zstd"))
    manifest = manifest_path(target)
    text = json.dumps(_manifest(cohort, target), indent=1) + "\n"
    write_atomically(manifest, lambda part: part.write_text(text, "utf-8"))
    return manifest


def read_cohort(path: str | Path) -> Cohort:
    """Read a cohort written by :func:`write_cohort` (a file) or :func:`simulate_to_parquet` (a folder).

    With its manifest the scenario, and so the true risk, come back.
    """
    target = Path(path)
    manifest = _read_manifest(target)
    table = _read_table(target)
    latent = [c for c in table.columns if c.startswith(_LATENT)]
    other = [c for c in table.columns if c not in (*PREDICTORS, *TESTS, "outcome", *latent)]
    if "outcome" not in table.columns:
        raise ValueError(
            f"{target} must have a column outcome; got {', '.join(table.columns[:10])}. Use Cohort.from_frame."
        )
    scenario = manifest.get("scenario")
    return Cohort(
        predictors=_compact(table[[c for c in PREDICTORS if c in table]]),
        outcome=table["outcome"].astype("int8"),
        tests=_compact(table[[c for c in TESTS if c in table]]),
        latent=table[latent].rename(columns=lambda c: c.removeprefix(_LATENT)) if latent else None,
        other=table[other] if other else None,
        scenario=Scenario.model_validate(scenario) if scenario else None,
        seed=manifest.get("seed"),
    )


def _read_table(target: Path) -> pd.DataFrame:
    if target.is_dir():
        if not manifest_path(target).is_file():
            raise ValueError(
                f"path must hold a finished cohort; {target} has no manifest. Run simulate again to resume."
            )
        return pd.concat([pd.read_parquet(file) for file in partition_files(target)], ignore_index=True)
    if not _checked(target).is_file():
        raise ValueError(f"path must be a file or folder of a cohort; {target} does not exist. Check the name.")
    return _unguarded(pd.read_csv(target)) if target.suffix == ".csv" else pd.read_parquet(target)


def verify_cohort(path: str | Path) -> None:
    """Compare a cohort, a file or a folder of files, with the checksums in its manifest.

    Raises
    ------
    ValueError
        When the manifest is missing or any byte differs; every file at fault is named.
    """
    target = Path(path)
    manifest = _read_manifest(target)
    if not manifest:
        raise ValueError(f"{target} must have a manifest to be verified; {manifest_path(target).name} is missing.")
    files = {name: entry["sha256"] for name, entry in manifest.get("files", {}).items()}
    folder = target if target.is_dir() else target.parent
    problems = [
        p
        for name, expected in (files or {target.name: manifest["sha256"]}).items()
        if (p := _differs(folder / name, expected))
    ]
    if problems:
        raise ValueError(f"{target}: {' '.join(problems)}")


def _differs(file: Path, expected: str) -> str:
    if not file.is_file():
        return f"{file.name} is missing; write it again."
    found = sha256(file)
    if found == expected:
        return ""
    return f"{file.name} must have SHA-256 {expected[:16]}..., got {found[:16]}...: changed or damaged, write it again."


def partition_files(folder: Path) -> list[Path]:
    """The Parquet files of a finished cohort, in order."""
    return [folder / name for name in _read_manifest(folder)["files"]]


def write_atomically(target: Path, write: Callable[[Path], Any]) -> None:
    """Write a temporary file beside the target, flush it to disk, rename it."""
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        write(part)
        with part.open("rb+") as handle:
            os.fsync(handle.fileno())
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)


def sha256(path: Path) -> str:
    """Checksum of a file, in hexadecimal."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def manifest_path(target: Path) -> Path:
    """Manifest beside a cohort file, or inside a folder of files."""
    if target.is_dir():
        return target / "manifest.json"
    return target.with_name(f"{target.stem}.manifest.json")


def _checked(path: str | Path) -> Path:
    target = Path(path)
    if target.suffix not in FORMATS:
        raise ValueError(f"path must end in {' or '.join(FORMATS)}; got {target.name!r}. Choose a format.")
    return target


def _flat(cohort: Cohort) -> pd.DataFrame:
    parts = [cohort.to_frame()]
    if cohort.latent is not None:
        parts.append(cohort.latent.add_prefix(_LATENT))
    if cohort.other is not None:
        parts.append(cohort.other)
    return pd.concat(parts, axis=1)


def _manifest(cohort: Cohort, target: Path) -> dict[str, Any]:
    return {
        "notice": vocabulary.NOTICE,
        "file": target.name,
        "sha256": sha256(target),
        "n": len(cohort),
        "n_events": cohort.n_events,
        "seed": cohort.seed,
        "package_version": __version__,
        "generator_version": GENERATOR_VERSION,
        "scenario_digest": cohort.scenario.digest if cohort.scenario else None,
        "scenario": cohort.scenario.model_dump() if cohort.scenario else None,
    }


def _read_manifest(target: Path) -> dict[str, Any]:
    path = manifest_path(target)
    return json.loads(path.read_text("utf-8")) if path.is_file() else {}


def _text_columns(table: pd.DataFrame) -> list[str]:
    return [c for c in table.columns if not pd.api.types.is_numeric_dtype(table[c])]


def _guarded(table: pd.DataFrame) -> pd.DataFrame:
    """Text cells that start a spreadsheet formula, or an apostrophe, get a leading apostrophe."""
    result = table.copy()
    for column in _text_columns(table):
        text = table[column].astype(object)
        risky = text.map(lambda x: isinstance(x, str) and x.startswith((*_FORMULA, "'")))
        result[column] = text.where(~risky, "'" + text.astype(str))
    return result


def _unguarded(table: pd.DataFrame) -> pd.DataFrame:
    result = table.copy()
    for column in _text_columns(table):
        result[column] = table[column].map(lambda x: x[1:] if isinstance(x, str) and x.startswith("'") else x)
    return result


def _compact(table: pd.DataFrame) -> pd.DataFrame:
    """The dtypes of a simulated cohort: int32 for whole measurements, int8 for complete yes/no columns."""
    kinds = {}
    for column in table.columns:
        if pd.api.types.is_integer_dtype(table[column].dtype):
            kinds[column] = "int32" if column in ("age_years", "esr_mm_h") else "int8"
    return table.astype(kinds)
