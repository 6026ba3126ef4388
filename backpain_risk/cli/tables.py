"""Options that say how a file of the user's is to be read."""

from __future__ import annotations

from typing import Annotated

import typer

from ..cohort.text_table import refuse_text as refuse_text
from ..cohort.user_file import read_table as read_table

Sep = Annotated[
    str | None, typer.Option("--sep", help="Sign between columns, such as ';' or tab; else seen.")
]
Decimal = Annotated[
    str | None, typer.Option("--decimal", help="Decimal sign, '.' or ','; else seen.")
]
Encoding = Annotated[
    str | None,
    typer.Option("--encoding", help="Such as latin-1; else UTF-8, or UTF-16 by its mark."),
]
Sheet = Annotated[str | None, typer.Option("--sheet", help="Sheet of an Excel file.")]
