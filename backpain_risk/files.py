"""Files that are whole or absent, one writer at a time, and names that stay in their folder.

A file is written beside its target under a name nobody can guess, flushed to disk, and renamed.
Whoever writes holds a lock on the unfinished file, so what a killed run left behind can be told
from what a living one is writing.
"""

from __future__ import annotations

import ctypes
import hashlib
import json
import os
import re
import secrets
import shutil
import socket
import stat
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout, lock_descriptor

_OURS = re.compile(r"\.backpain-risk-[0-9a-f]{16}\.part")
_NO_LINK = getattr(os, "O_NOFOLLOW", 0)
_AT_CWD = -100  # linux/fcntl.h
_EXCHANGE = 2  # linux/fs.h


def write_atomically(target: Path, write: Callable[[Path], Any]) -> None:
    """Write one file whole or not at all.

    Parameters
    ----------
    target : Path
        Its folder is made when absent. A file that is there keeps its permissions and is replaced
        in one step; a link is replaced, not followed.
    write : callable
        Called with the path to write to, a new empty file.

    Raises
    ------
    ValueError
        When the target is a folder.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_atomically(Path(folder) / "a.txt", lambda part: part.write_text("all of it"))
    ...     [path.name for path in Path(folder).iterdir()]
    ['a.txt']
    """
    with unfinished(target) as part:
        write(part)


def must_be_new(path: Path) -> None:
    """Refuse a name that is taken."""
    if os.path.lexists(path):
        raise ValueError(
            f"path must be new; {path} is there already. Choose another name, or say that it may "
            "go."
        )


@contextmanager
def unfinished(target: Path) -> Iterator[Path]:
    """A new file beside the target; it takes the target's place when the block ends without an
    error.
    """
    if target.is_dir():
        raise ValueError(f"path must be a file; {target} is a folder. Choose another name.")
    target.parent.mkdir(parents=True, exist_ok=True)
    remove_leftovers(target.parent)
    part, held = _new_part(target, folder=False)
    try:
        yield part
        _flush(part)
        part.replace(target)
        _flush(target.parent)
    finally:
        part.unlink(missing_ok=True)
        os.close(held)


def replace_folder(target: Path, write: Callable[[Path], Any]) -> None:
    """Write a folder beside, then swap: the target holds all of the old files or all of the new,
    never both.

    Parameters
    ----------
    target : Path
        Everything that was in it goes; look first whether it may.
    write : callable
        Called with the path of a new empty folder.

    Raises
    ------
    ValueError
        When the target is a file, or a folder that cannot be renamed.

    Notes
    -----
    The swap is one step on Linux. Elsewhere it is two renames, and a kill between them leaves the
    old files in a folder ``.NAME.previous-...`` beside.
    """
    target = target.resolve()
    if target.exists() and not target.is_dir():
        raise ValueError(f"folder must be a folder; {target} is a file. Choose another name.")
    target.parent.mkdir(parents=True, exist_ok=True)
    remove_leftovers(target.parent)
    part, held = _new_part(target, folder=True)
    try:
        write(part)
        for path in part.rglob("*"):
            _flush(path)
        _swap(part, target)
        _flush(target.parent)
    finally:
        shutil.rmtree(part, ignore_errors=True)
        os.close(held)


def _new_part(target: Path, *, folder: bool) -> tuple[Path, int]:
    """An unfinished file or folder with the permissions of the target, and the descriptor that
    holds it.
    """
    while True:
        part = target.with_name(f".backpain-risk-{secrets.token_hex(8)}.part")
        with suppress(FileNotFoundError):  # tidied away between its making and its opening
            held = _opened_new(part, folder=folder)
            _held(held, wait=True)
            if os.path.lexists(part):  # else tidied away before it was held
                break
            os.close(held)
    if target.exists():
        _take_permissions(part, target.stat())
    return part, held


def _opened_new(part: Path, *, folder: bool) -> int:
    if not folder:
        return os.open(part, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o666)
    part.mkdir()
    return os.open(part, os.O_RDONLY)


def _held(descriptor: int, *, wait: bool = False) -> bool:
    """Whether the lock on an open file could be had; never where the file system or Windows has
    none.
    """
    if os.name != "posix":
        return False
    try:
        return lock_descriptor(descriptor, blocking=wait)
    except OSError:
        return False


def _take_permissions(part: Path, old: os.stat_result) -> None:
    with suppress(PermissionError):  # only root may give files away
        os.chown(part, old.st_uid, old.st_gid)
    part.chmod(stat.S_IMODE(old.st_mode))


def remove_leftovers(folder: Path) -> None:
    """Remove the unfinished files of runs that have ended; those of a living run, and anybody
    else's, stay.
    """
    for path in folder.glob(".backpain-risk-*.part"):
        if _OURS.fullmatch(path.name):
            with suppress(OSError):
                _remove_if_left(path)


def _remove_if_left(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | _NO_LINK)
    try:
        if _held(descriptor):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    finally:
        os.close(descriptor)


def _flush(path: Path) -> None:
    """To disk; a folder's entries too, where the system can."""
    if path.is_dir() and os.name != "posix":
        return
    descriptor = os.open(path, os.O_RDONLY if os.name == "posix" else os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _swap(new: Path, target: Path) -> None:
    if _exchanged(new, target):
        return
    old = target.with_name(f".{target.name}.previous-{secrets.token_hex(8)}")
    try:
        if target.exists():
            target.rename(old)
        new.rename(target)
    except OSError as error:
        if old.exists() and not target.exists():
            old.rename(target)
        raise ValueError(
            f"folder must be one that can be renamed; {target} cannot ({error.strerror}). Give a "
            "folder inside it."
        ) from None
    shutil.rmtree(old, ignore_errors=True)


def _exchanged(one: Path, other: Path) -> bool:
    """Swap two folders in one step; False where the system cannot, or one is absent."""
    if sys.platform != "linux":
        return False
    rename = getattr(ctypes.CDLL(None), "renameat2", None)
    return (
        rename is not None
        and rename(_AT_CWD, os.fsencode(one), _AT_CWD, os.fsencode(other), _EXCHANGE) == 0
    )


@contextmanager
def one_writer(lock_file: Path, *, wait: bool = False) -> Iterator[None]:
    """Hold a lock for the length of a block; it ends with the process, however that ends.

    When another holds it, wait, or refuse with a ValueError that names the process, the machine and
    since when. The lock file is removed at the end.
    """
    lock_file.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(lock_file, thread_local=False)
    try:
        lock.acquire(timeout=-1 if wait else 0)
    except Timeout:
        raise ValueError(
            f"{lock_file.parent} must have one writer at a time; {_holder(lock_file)} is writing "
            "there. "
            "Wait until it has ended, or choose another folder."
        ) from None
    try:
        _sign(lock_file)
        yield
    finally:
        lock_file.unlink(missing_ok=True)
        lock.release()


def _sign(lock_file: Path) -> None:
    text = (
        f"process {os.getpid()} on {socket.gethostname()} since "
        f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC"
    )
    descriptor = os.open(lock_file, os.O_RDWR | _NO_LINK)
    try:
        if os.fstat(descriptor).st_nlink == 1:  # else somebody's file by another name
            os.ftruncate(descriptor, 0)
            os.write(descriptor, text.encode())
    finally:
        os.close(descriptor)


def _holder(lock_file: Path) -> str:
    with suppress(OSError, ValueError):
        return lock_file.read_text("utf-8")[:200] or "another process"
    return "another process"


def sha256(path: Path) -> str:
    """Checksum of a file, in hexadecimal."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def inside(folder: Path, name: str) -> Path:
    """The file of that name in the folder.

    Raises
    ------
    ValueError
        When the name is a path, leads out of the folder, or is none.

    Examples
    --------
    >>> inside(Path("cohort"), "patients-00000.parquet").name
    'patients-00000.parquet'
    """
    if name in ("", ".", "..") or any(sign in name for sign in ("/", "\\", ":", "\0")):
        raise ValueError(
            f"file names must be plain names inside their folder; got {name[:100]!r}. "
            "Do not trust this file: it was not written by this package."
        )
    return folder / name


def read_json(path: Path, remedy: str = "Write it again.") -> dict[str, Any]:
    """One JSON object from a file; a ValueError when it holds anything else, nests too deeply or
    gives a key twice.
    """
    try:
        content = json.loads(
            path.read_bytes(), object_pairs_hook=_each_once, parse_constant=_no_number
        )
    except (ValueError, RecursionError) as error:
        why = "nested too deeply" if isinstance(error, RecursionError) else str(error)[:100]
        raise ValueError(
            f"{path} must hold JSON; it is damaged or something else ({why}). {remedy}"
        ) from None
    if not isinstance(content, dict):
        raise ValueError(f"{path} must hold a JSON object; got {type(content).__name__}. {remedy}")
    return content


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) < len(pairs):
        keys = [key for key, _ in pairs]
        raise ValueError(
            f"key {next(key for key in keys if keys.count(key) > 1)[:60]!r} given twice"
        )
    return result


def _no_number(text: str) -> float:
    raise ValueError(f"{text} is no number of JSON")
