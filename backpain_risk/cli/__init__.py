"""The command ``backpain-risk``."""

from __future__ import annotations

from typing import Annotated

import typer

from .. import __version__
from . import cohorts, development, evidence, models, pathways, planning, reports, studies  # noqa: F401  (add commands)
from .application import app
from .failures import run


@app.callback(invoke_without_command=True)
def _version(
    version: Annotated[bool, typer.Option("--version", help="Show the version.")] = False,
) -> None:
    if version:
        typer.echo(__version__)
        raise typer.Exit


def main() -> None:
    """Run the command; bad input ends in one message and exit status 2."""
    run(app)
