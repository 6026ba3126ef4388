"""Files that a command may write: new ones, and old ones when that is asked for."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

ForceFolder = Annotated[
    bool, typer.Option("--force", help="Write into a folder with other files, which stay.")
]


def refuse_to_replace(option: str, path: Path, *, force: bool) -> None:
    """Raise where a file is there already and nobody said that it may go."""
    if os.path.lexists(path) and not force:
        raise ValueError(
            f"{option} must be a new file; {path} is there. Choose another name, or pass --force "
            "to replace it."
        )
