"""Commands on the report: report, check-report, explorer."""

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


@app.command()
def explorer(
    out: Annotated[Path, typer.Option(help="Page to write.")] = Path("explorer.html"),
    draws: Annotated[int, typer.Option(help="Draws behind the page's limits.")] = 200,
    scenario: Annotated[
        list[str] | None,
        typer.Option(help="Setting or TOML file, may be repeated; all settings when none."),
    ] = None,
) -> None:
    """Write the explorer: the exact model in one page, for anybody's browser."""
    from ..report.explorer.page import write_explorer
    from ..scenario.files import load_scenario
    from ..vocabulary import SETTINGS

    scenarios = [load_scenario(name) for name in scenario or SETTINGS]
    write_explorer(scenarios, out, draws)
    typer.echo(f"Written to {out}: {', '.join(s.name for s in scenarios)}, {draws} draws each.")
