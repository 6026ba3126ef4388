"""How the command ends when it cannot do what was asked: one sentence, a status, nothing else."""

from __future__ import annotations

import errno
import os
import signal
import sys
from collections.abc import Callable
from typing import Any

import typer

BAD_INPUT = 2
INTERRUPTED = 130
CLOSED_PIPE = 141

_REMEDIES = {
    errno.ENOENT: "Check the name, or make the folder first.",
    errno.EACCES: "Choose a place you may read and write.",
    errno.EPERM: "Choose a place you may read and write.",
    errno.EROFS: "Choose a place you may write to.",
    errno.ENOSPC: "Make room; what was there before is whole.",
    errno.EFBIG: "Make room; what was there before is whole.",
    errno.ENAMETOOLONG: "Choose a shorter name.",
    errno.ENOTDIR: "A file is in the way; choose another name.",
    errno.EEXIST: "A file is in the way; choose another name.",
    errno.EISDIR: "A folder is in the way; choose another name.",
}


def run(command: Callable[[], Any]) -> None:
    """Run a command to its end, which is always an exit with a status.

    Bad input and files that cannot be read or written: one message, 2. Interrupted: nothing, 130.
    Nobody reads the output any more: nothing, 141.
    """
    interrupted: list[int] = []

    def interrupt(number: int, _: Any) -> None:
        interrupted.append(number)
        _silence(sys.stderr)
        raise KeyboardInterrupt

    signal.signal(signal.SIGINT, interrupt)
    try:
        status = _status(command)
    except BaseException:
        if not interrupted:
            raise
    sys.exit(INTERRUPTED if interrupted else status)


def _status(command: Callable[[], Any]) -> int:
    try:
        command()
        sys.stdout.flush()
    except SystemExit as end:
        return _closed() if isinstance(end.__context__, BrokenPipeError) else _flushed(end)
    except BrokenPipeError:
        return _closed()
    except (ModuleNotFoundError, ValueError, OSError) as error:
        typer.echo(f"backpain-risk: {sentence(error)}", err=True)
        return BAD_INPUT
    return 0


def _flushed(end: SystemExit) -> int:
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        return _closed()
    return end.code if isinstance(end.code, int) else 0


def _closed() -> int:
    _silence(sys.__stdout__)
    return CLOSED_PIPE


def sentence(error: Exception) -> str:
    """What went wrong and what to do, in one sentence each."""
    if isinstance(error, ModuleNotFoundError):
        return f"{error.name} is not installed. Run: pip install 'backpain-risk[bayes,report]'"
    if isinstance(error, OSError) and error.errno is not None:
        place = (
            f"{error.filename} cannot be read or written"
            if error.filename
            else "a file cannot be read or written"
        )
        return (
            f"{place}: {os.strerror(error.errno)}. "
            f"{_REMEDIES.get(error.errno, 'Choose another place.')}"
        )
    return str(error)


def _silence(stream: Any) -> None:
    """Send what a stream and its processes write from now on nowhere."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)
