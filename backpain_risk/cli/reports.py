"""Commands on the report: report, check-report, keep-report, explorer."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .application import app

Notebooks = Annotated[Path, typer.Option(help="Folder of notebooks and templates.")]
Reports = Annotated[Path, typer.Option(help="Folder of the report.")]


@app.command()
def report(
    notebooks: Notebooks = Path("notebooks"),
    reports: Reports = Path("reports"),
    scenario: Annotated[str, typer.Option(help="Scenario of the report.")] = "primary_care",
    n: Annotated[int, typer.Option(help="Patients in the development cohort.")] = 100_000,
    seed: Annotated[int, typer.Option(help="Added to all seeds, times a thousand.")] = 0,
) -> None:
    """Run the notebooks, build the report, and compare it with the one kept."""
    from ..report.notebooks.build import build_report
    from ..report.notebooks.check import compare_with_reference
    from ..report.notebooks.choices import Setting
    from ..scenario.files import load_scenario

    load_scenario(scenario)  # says what is wrong with the name before anything is run
    scenario = str(Path(scenario).resolve()) if Path(scenario).is_file() else scenario
    build_report(notebooks, reports, setting=Setting(scenario=scenario, n=n, seed=seed))
    typer.echo(f"Written to {reports}: report.html, .pdf and .docx, results.json, notebooks.")
    compare_with_reference(reports)


@app.command("check-report")
def check_report_command(
    notebooks: Notebooks = Path("notebooks"), reports: Reports = Path("reports")
) -> None:
    """Build elsewhere and compare with the report that is kept, and with an earlier build."""
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


@app.command("keep-report")
def keep_report_command(reports: Reports = Path("reports")) -> None:
    """Make the report that was built the reference that is kept."""
    from ..report.notebooks.check import keep_reference

    keep_reference(reports)
    typer.echo(f"Kept in {reports / 'reference'}.")
