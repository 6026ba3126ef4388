"""What lies beside a cohort on disk: where it came from, how its columns are kept, and the
checksum of its bytes.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from ..files import inside, read_json, sha256, write_atomically

_SIGNATURE = "manifest_sha256"
_STRICT = ConfigDict(frozen=True, strict=True)


class Column(BaseModel):
    """One column of a file: the table of the cohort it belongs to, its name there, and its type."""

    model_config = _STRICT
    table: Literal["index", "predictors", "tests", "outcome", "latent", "other", "verified"]
    name: str | int | None
    dtype: str
    categories: list[str | int | float | bool] | None = None
    ordered: bool = False


class StoredFile(BaseModel):
    """One file of a folder."""

    model_config = _STRICT
    patients: int
    sha256: str


class Manifest(BaseModel):
    """The manifest of one file, or of a folder of files."""

    model_config = _STRICT
    n: int
    file: str | None = None
    sha256: str | None = None
    files: dict[str, StoredFile] | None = None
    seed: int | None = None
    scenario: dict[str, Any] | None = None
    sites: dict[str, dict[str, Any]] | None = None
    columns: dict[str, Column] | None = None


def manifest_path(target: Path) -> Path:
    """Manifest beside a cohort file, or inside a folder of files."""
    return (
        target / "manifest.json"
        if target.is_dir()
        else target.with_name(f"{target.name}.manifest.json")
    )


def _former_path(target: Path) -> Path:
    """Where version 0.1.0 put it, one for ``c.csv`` and ``c.parquet``."""
    return target.with_name(f"{target.stem}.manifest.json")


def write_manifest(target: Path, content: dict[str, Any]) -> Path:
    """Write a manifest with a checksum of itself."""
    text = json.dumps(content | {_SIGNATURE: _digest(content)}, indent=1) + "\n"
    path = manifest_path(target)
    write_atomically(path, lambda part: part.write_text(text, "utf-8"))
    return path


def _digest(content: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def stored_manifest(target: Path) -> dict[str, Any] | None:
    """The content of the manifest that is there for this name, whole and unchanged; None when
    there is none.
    """
    for path in (manifest_path(target), _former_path(target)):
        if path.is_file():
            content = _unchanged(path)
            if path == manifest_path(target) or content.get("file") == target.name:
                return content
    return None


def _unchanged(path: Path) -> dict[str, Any]:
    content = read_json(path, "Write the cohort again.")
    signature = content.pop(_SIGNATURE, None)
    if signature is not None and signature != _digest(content):
        raise ValueError(
            f"{path} must have the checksum it states; changed or damaged. Write the cohort again."
        )
    return content


def parsed(content: dict[str, Any], path: Path) -> Manifest:
    """The content of a manifest, every key of the type it must have."""
    try:
        manifest = Manifest.model_validate(content)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        key = ".".join(map(str, first["loc"]))[:60]
        raise ValueError(
            f"{path} must be a manifest of this package; {key}: {first['msg'].lower()[:100]}. "
            "Write the cohort again."
        ) from None
    if not manifest.files and manifest.sha256 is None:
        raise ValueError(
            f"{path} must name files with checksums; it names none. Write the cohort again."
        )
    return manifest


def own_manifest(target: Path) -> Manifest | None:
    """The manifest that belongs to these very bytes; None when the file has none.

    Raises
    ------
    ValueError
        When there is one for this name and any byte differs from it; every file at fault is named.
    """
    content = stored_manifest(target)
    if content is None:
        return None
    if not target.is_dir() and "replaces" in content:
        content = _of_these_bytes(target, content)
        if content is None:
            return None
    manifest = parsed(content, manifest_path(target))
    problems = [
        p for file, expected in _checksums(target, manifest) if (p := _difference(file, expected))
    ]
    if problems:
        raise ValueError(f"{target}: {' '.join(problems)}")
    return manifest


def _of_these_bytes(target: Path, content: dict[str, Any]) -> dict[str, Any] | None:
    """Of a manifest that was about to replace another: the one whose bytes are there."""
    before = content["replaces"]
    if target.is_file() and isinstance(before, dict) and before.get("sha256") == sha256(target):
        return before.get("manifest") or None
    return content


def _checksums(target: Path, manifest: Manifest) -> list[tuple[Path, str]]:
    if manifest.files:
        return [(inside(target, name), part.sha256) for name, part in manifest.files.items()]
    return [(target, manifest.sha256 or "")]


def _difference(file: Path, expected: str) -> str:
    if not file.is_file():
        return f"{file.name} is missing; write it again."
    found = sha256(file)
    if found == expected:
        return ""
    return (
        f"{file.name} must have SHA-256 {expected[:16]}..., got {found[:16]}...: changed or "
        "damaged, write it again."
    )
