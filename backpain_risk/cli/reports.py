"""Commands on the report: report, check-report."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .application import app


@app.command()
def report(
    notebooks: Annotated[Path, typer.Option(help="Folder of notebooks.")] = Path("notebooks"),
    reports: Annotated[Path, typer.Option(help="Folder to write.")] = Path("reports"),
) -> None:
    """Run the notebooks and build the report."""
    from ..report.notebooks.build import build_report

    build_report(notebooks, reports)
    typer.echo(f"Written to {reports}: report.html, results.json, figures.")


@app.command("check-report")
def check_report_command(
    notebooks: Annotated[Path, typer.Option(help="Folder of notebooks.")] = Path("notebooks"),
    reports: Annotated[Path, typer.Option(help="Folder of the report to check.")] = Path("reports"),
) -> None:
    """Rebuild the report elsewhere and compare."""
    from ..report.notebooks.check import check_report

    check_report(notebooks, reports)
    typer.echo(f"{reports}: results agree with a new build, and the page stands alone.")
