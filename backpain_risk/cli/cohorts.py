"""Commands on cohorts: simulate, verify, scenario, check, data."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from .. import vocabulary
from .application import app
from .outputs import refuse_to_replace
from .tables import Decimal, Encoding, Sep, Sheet, read_table


@app.command()
def simulate(
    out: Annotated[
        Path,
        typer.Option(help="File (.csv, .parquet), or a folder of Parquet files for large cohorts."),
    ],
    seed: Annotated[int, typer.Option(help="Seed; the same seed gives the same patients.")],
    n: Annotated[int, typer.Option(help="Number of patients.")] = 10_000,
    scenario: Annotated[
        str, typer.Option(help="Name of a scenario, or path of a TOML file.")
    ] = "primary_care",
    jobs: Annotated[int, typer.Option(help="Workers, for a folder.")] = 1,
    resume: Annotated[
        bool, typer.Option(help="Keep the files of an earlier run of the same plan.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace a file that is there.")] = False,
) -> None:
    """Draw a synthetic cohort and write it with its manifest."""
    from ..cohort.simulate import simulate_cohort
    from ..cohort.store import FORMATS, write_cohort
    from ..scenario.files import load_scenario

    in_one_file = out.suffix in FORMATS
    _check_out(out, in_one_file, resume, force)
    chosen = load_scenario(scenario)
    if in_one_file:
        write_cohort(simulate_cohort(chosen, n, seed=seed), out, overwrite=force)
    else:
        _simulate_folder(chosen, n, out, seed, jobs, resume)
    typer.echo(f"{n:,} patients of scenario {chosen.name} written to {out}. {vocabulary.NOTICE}")


def _check_out(out: Path, in_one_file: bool, resume: bool, force: bool) -> None:
    if in_one_file:
        refuse_to_replace("out", out, force=force)
    if in_one_file and resume:
        raise ValueError(
            f"resume is for folders; got the file {out}. Leave it out, or name a folder."
        )
    if not in_one_file and force:
        raise ValueError(f"force is for files; got the folder {out}. Empty it, or name a new one.")
    if not in_one_file and out.suffix[1:2].isalpha() and not out.is_dir():
        raise ValueError(
            "out must end in .csv or .parquet, or be a folder, whose name has no ending; got "
            f"{out.name!r}. "
            "Choose one of these formats."
        )


def _simulate_folder(scenario: Any, n: int, out: Path, seed: int, jobs: int, resume: bool) -> None:
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    from ..cohort.partitions import simulate_to_parquet

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns) as progress:
        task = progress.add_task("patients", total=n)
        simulate_to_parquet(
            scenario,
            n,
            out,
            seed=seed,
            n_jobs=jobs,
            resume=resume,
            on_file=lambda k: progress.advance(task, k),
        )


@app.command()
def verify(
    path: Annotated[Path, typer.Argument(help="File or folder written by simulate.")],
) -> None:
    """Compare every byte of a cohort with the checksums in its manifest."""
    from ..cohort.store import verify_cohort

    verify_cohort(path)
    typer.echo(f"{path}: every byte is as it was written.")


scenario_app = typer.Typer(no_args_is_help=True, help="Look at scenarios.")
app.add_typer(scenario_app, name="scenario")


@scenario_app.command("list")
def scenario_list(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
) -> None:
    """Scenarios that come with the package: setting, base rate and its status."""
    import pandas as pd

    from ..scenario.files import SHIPPED, load_scenario

    scenarios = [load_scenario(name) for name in SHIPPED]
    table = pd.DataFrame(
        {
            "name": list(SHIPPED),
            "title": [s.title for s in scenarios],
            "base_rate": [s.base_rate for s in scenarios],
            "low": [s.base_rate_interval[0] for s in scenarios],
            "high": [s.base_rate_interval[1] for s in scenarios],
            "status": [s.base_rate_status for s in scenarios],
        }
    )
    if as_json:
        typer.echo(table.to_json(orient="records", indent=1, double_precision=12))
        return
    rates = {name: [f"{x:.2%}" for x in table[name]] for name in ("base_rate", "low", "high")}
    typer.echo(f"{table.assign(**rates).to_string(index=False)}\n{vocabulary.NOTICE}")


@scenario_app.command("show")
def scenario_show(
    name: Annotated[
        str, typer.Argument(help="Name of a scenario, or path of a TOML file.")
    ] = "primary_care",
    as_json: Annotated[
        bool, typer.Option("--json", help="Print every number as JSON instead of text.")
    ] = False,
) -> None:
    """Targets with their status, case mix, and marginal beside conditional log odds ratios."""
    from ..scenario.files import load_scenario
    from ..scenario.text import scenario_text

    scenario = load_scenario(name)
    text = scenario.model_dump_json(indent=1) if as_json else scenario_text(scenario)
    typer.echo(text)


@scenario_app.command("schema")
def scenario_schema() -> None:
    """JSON schema of a scenario file, for editors that check TOML."""
    import json

    from ..scenario.files import file_schema

    typer.echo(json.dumps(file_schema(), indent=1))


@app.command()
def check(
    data: Annotated[Path, typer.Argument(help="CSV file of a cohort.")],
    outcome: Annotated[str, typer.Option(help="Name of the outcome column.")] = "outcome",
    sep: Sep = None,
    decimal: Decimal = None,
    encoding: Encoding = None,
) -> None:
    """Check a cohort file against the data dictionary; every problem at once."""
    import pandas as pd

    from ..cohort.own import check_cohort

    problems = check_cohort(read_table(data, sep, decimal, encoding), outcome=outcome)
    if len(problems):
        with pd.option_context("display.max_colwidth", None, "display.width", 160):
            raise ValueError(
                f"{data} has {len(problems)} problems.\n{problems.to_string(index=False)}"
            )
    typer.echo(f"{data}: no problems.")


@app.command("map")
def map_command(
    data: Annotated[Path, typer.Argument(help="CSV, Parquet or Excel file of a cohort.")],
    out: Annotated[Path, typer.Option(help="File to write.")] = Path("mapping.toml"),
    outcome: Annotated[
        str | None, typer.Option(help="Name of the outcome column; else sought by its name.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace a file that is there.")] = False,
    sep: Sep = None,
    decimal: Decimal = None,
    encoding: Encoding = None,
    sheet: Sheet = None,
) -> None:
    """Guess what the columns of a file mean and write it for you to check."""
    from ..cohort.mapping.suggested import suggest_mapping
    from ..files import write_atomically

    refuse_to_replace("out", out, force=force)
    table = read_table(data, sep, decimal, encoding, sheet)
    suggested = suggest_mapping(table, outcome=outcome, source=data.name)
    write_atomically(out, lambda part: part.write_text(suggested.text, "utf-8"))
    typer.echo(f"Written to {out}: {len(table.columns)} columns. Check every line of it.")
    for row in suggested.doubtful.itertuples():
        typer.echo(f"In doubt: {row.column}: {row.question}?")
    for line in suggested.text.splitlines():
        if "  # LOOK: outside" in line:
            typer.echo(f"Absurd: {line.split('# LOOK: ')[1]}")
    if suggested.unused:
        typer.echo(f"Not read: {', '.join(suggested.unused)}.")


@app.command()
def data(
    out: Annotated[Path, typer.Option(help="Folder to write.")] = Path("data/synthetic"),
) -> None:
    """Write the demonstration cohort and the data dictionary."""
    from ..cohort.demonstration import write_demonstration

    write_demonstration(out)
    typer.echo(f"Written to {out}. {vocabulary.NOTICE}")
