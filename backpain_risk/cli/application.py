"""The application that commands are added to."""

from __future__ import annotations

import typer

from .. import vocabulary

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Red flags, risk models and decision curves for spinal malignancy in back pain. "
    f"{vocabulary.RESEARCH_NOTICE}",
)
