"""A folder of results that replaces its own files only, and all of them at once."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ... import __version__, vocabulary
from ...files import read_json, replace_folder, sha256

MANIFEST = "manifest.json"


def write_folder(
    folder: Path, made_by: str, write: Callable[[Path], Any], *, force: bool = False
) -> None:
    """Fill a folder with results and a manifest of them.

    Parameters
    ----------
    folder : Path
        Absent, empty, or filled by an earlier call with the same ``made_by`` and unchanged since.
    made_by : str
        Written into the manifest, by which the folder is known again.
    write : callable
        Called with the path of a new empty folder, which takes the place of the old one at the end.
    force : bool
        Write into any folder without folders in it. Files of other names stay.

    Raises
    ------
    ValueError
        For a folder that holds something else, or that the process works in.
    """
    check_folder(folder, made_by, force=force)

    def whole(part: Path) -> None:
        write(part)
        _write_manifest(part, made_by)
        if force and folder.is_dir():
            _carry_over(folder, part, _stated(folder, made_by))

    replace_folder(folder, whole)


def check_folder(folder: Path, made_by: str, *, force: bool = False) -> None:
    """Raise where :func:`write_folder` would."""
    if folder.exists() and not folder.is_dir():
        raise ValueError(f"out must be a folder; {folder} is a file. Choose another name.")
    if not folder.is_dir():
        return
    if Path.cwd().is_relative_to(folder.resolve()):
        raise ValueError(
            f"out must not be the folder you work in; got {folder}. Name a new folder inside it."
        )
    entries = sorted(folder.iterdir())
    inner = [path.name for path in entries if path.is_dir() and not path.is_symlink()]
    if inner:
        raise ValueError(
            f"out must be a folder of results; {folder} holds the folder {inner[0]!r}. Choose "
            "another."
        )
    stated = _stated(folder, made_by)
    other = [path.name for path in entries if not _is_ours(path, stated)]
    if other and not force:
        raise ValueError(
            f"out must be a new or empty folder, or one of an earlier run; {folder} holds "
            f"{len(other)} other or "
            f"changed files (first {other[0][:60]!r}). Choose another, or pass --force, which "
            "replaces files of the "
            "same names and keeps the others."
        )


def _stated(folder: Path, made_by: str) -> dict[str, str]:
    """Checksum of each file of an earlier run; none where the folder is not of this kind."""
    path = folder / MANIFEST
    try:
        manifest = read_json(path) if path.is_file() else {}
    except ValueError:
        return {}
    files = manifest.get("files")
    return files if manifest.get("made_by") == made_by and isinstance(files, dict) else {}


def _is_ours(path: Path, stated: dict[str, str]) -> bool:
    if path.name == MANIFEST:
        return bool(stated)
    return path.is_file() and stated.get(path.name) == sha256(path)


def _write_manifest(part: Path, made_by: str) -> None:
    content = {
        "made_by": made_by,
        "notice": vocabulary.RESEARCH_NOTICE,
        "package_version": __version__,
        "files": {path.name: sha256(path) for path in sorted(part.iterdir())},
    }
    (part / MANIFEST).write_text(json.dumps(content, indent=1) + "\n", "utf-8")


def _carry_over(old: Path, new: Path, stated: dict[str, str]) -> None:
    """The user's own files into the new folder, as they are."""
    for path in old.iterdir():
        target = new / path.name
        if path.name == MANIFEST or path.name in stated or os.path.lexists(target):
            continue
        try:
            os.link(path, target, follow_symlinks=False)
        except OSError:  # a file system without links
            shutil.copy2(path, target, follow_symlinks=False)
