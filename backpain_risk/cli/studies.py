"""Commands on simulation studies: study run, study status, study replay."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from .application import app
from .outputs import refuse_to_replace

if TYPE_CHECKING:
    from ..studies.study_design import StudyDesign
    from ..studies.study_result import StudyResult

study = typer.Typer(no_args_is_help=True, help="Simulation studies.")
app.add_typer(study, name="study")

Design = Annotated[Path, typer.Argument(help="TOML file of the design.")]
Out = Annotated[Path, typer.Option(help="Folder of the finished replicates.")]
_COLUMNS = (
    TextColumn("{task.description}"),
    BarColumn(),
    MofNCompleteColumn(),
    TimeRemainingColumn(),
)
AsJson = Annotated[bool, typer.Option("--json", help="JSON instead of text.")]


@study.command("run")
def study_run(
    design: Design,
    out: Out,
    jobs: Annotated[int, typer.Option(help="Worker processes.")] = 1,
    dask: Annotated[
        str | None, typer.Option(help="Address of a Dask scheduler, instead of --jobs.")
    ] = None,
    save: Annotated[
        Path | None, typer.Option(help="Keep all replicates in one Parquet file, too.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the file of --save.")] = False,
    as_json: AsJson = False,
) -> None:
    """Run what is missing of a study, and print the performance of each method.

    A run that was interrupted goes on when it is called again; a design with more replicates,
    sizes, scenarios or methods runs only what is new.
    """
    from ..studies.design_file import load_study_design

    asked = load_study_design(design)
    if save is not None:
        refuse_to_replace("save", save, force=force)
    found = _run(asked, out, jobs, dask)
    if save is not None:
        found.write(save)
    table = found.performance()
    typer.echo(table.to_json(orient="records", indent=1) if as_json else repr(found))
    failed = int((found.replicates["cause"] != "").sum())
    if failed and not as_json:
        typer.echo(found.failures().to_string(index=False))


def _run(design: StudyDesign, out: Path, jobs: int, dask: str | None) -> StudyResult:
    """Run with a bar that shows what is done, on workers here or on those of a Dask cluster."""
    from ..studies.running import run_study

    with Progress(*_COLUMNS, console=Console(stderr=True)) as progress:
        task = progress.add_task("replicates", total=None)

        def told(done: int, total: int) -> None:
            progress.update(task, completed=done, total=total)

        if dask is None:
            return run_study(design, n_jobs=jobs, directory=out, on_chunk=told)
        from distributed import Client

        with Client(dask) as client:  # type: ignore[no-untyped-call]
            executor = client.get_executor()
            return run_study(design, executor=executor, directory=out, on_chunk=told)


@study.command("status")
def study_status(design: Design, out: Out, as_json: AsJson = False) -> None:
    """What of a study is done, failed and damaged; every file is read."""
    from ..studies.design_file import load_study_design
    from ..studies.running import study_status as status

    table = status(load_study_design(design), out)
    wanted = int(table["wanted"].sum())
    done = int(table["done"].sum())
    if as_json:
        typer.echo(table.to_json(orient="records", indent=1))
        return
    typer.echo(table.to_string(index=False))
    typer.echo(f"{done:,} of {wanted:,} replicates are done.")


@study.command("replay")
def study_replay(
    design: Design,
    scenario: Annotated[str, typer.Option(help="Name of a scenario of the design.")],
    n: Annotated[int, typer.Option(help="One of its sizes.")],
    replicate: Annotated[int, typer.Option(help="Number of the replicate.")],
    as_json: AsJson = False,
) -> None:
    """Draw one cohort of a study again and fit every method to it."""
    from ..studies.design_file import load_study_design
    from ..studies.study_result import replay

    found = replay(load_study_design(design), scenario, n, replicate)
    if as_json:
        typer.echo(found.rows.to_json(orient="records", indent=1))
        return
    events = int(found.cohort.events.sum())
    typer.echo(f"{n:,} patients, {events} with malignancy, in {found.cohort.n.size} patterns.")
    typer.echo(found.rows.set_index("method").T.to_string())
