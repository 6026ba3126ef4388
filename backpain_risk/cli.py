"""The command ``backpain-risk``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from . import __version__, vocabulary

if TYPE_CHECKING:
    import pandas as pd

_RESEARCH = "Research; not for clinical use."

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help=f"Red flags, risk models and decision curves for spinal malignancy in back pain. {vocabulary.NOTICE}",
)


@app.command()
def simulate(
    out: Annotated[Path, typer.Option(help="File (.csv, .parquet), or a folder of Parquet files for large cohorts.")],
    seed: Annotated[int, typer.Option(help="Seed; the same seed gives the same patients.")],
    n: Annotated[int, typer.Option(help="Number of patients.")] = 10_000,
    scenario: Annotated[str, typer.Option(help="Name of a scenario, or path of a TOML file.")] = "primary_care",
    jobs: Annotated[int, typer.Option(help="Workers, for a folder.")] = 1,
    resume: Annotated[bool, typer.Option(help="Keep the files of an earlier run of the same plan.")] = False,
) -> None:
    """Draw a synthetic cohort and write it with its manifest."""
    from .cohort.scenario_files import load_scenario
    from .cohort.simulate import simulate_cohort
    from .cohort.store import write_cohort

    chosen = load_scenario(scenario)
    if out.suffix in (".csv", ".parquet"):
        write_cohort(simulate_cohort(chosen, n, seed=seed), out)
    else:
        _simulate_folder(chosen, n, out, seed, jobs, resume)
    typer.echo(f"{n:,} patients of scenario {chosen.name} written to {out}. {vocabulary.NOTICE}")


def _simulate_folder(scenario: Any, n: int, out: Path, seed: int, jobs: int, resume: bool) -> None:
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    from .cohort.partitions import simulate_to_parquet

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns) as progress:
        task = progress.add_task("patients", total=n)
        simulate_to_parquet(
            scenario, n, out, seed=seed, n_jobs=jobs, resume=resume, on_file=lambda k: progress.advance(task, k)
        )


@app.command()
def verify(path: Annotated[Path, typer.Argument(help="File or folder written by simulate.")]) -> None:
    """Compare every byte of a cohort with the checksums in its manifest."""
    from .cohort.store import verify_cohort

    verify_cohort(path)
    typer.echo(f"{path}: every byte is as it was written.")


scenario_app = typer.Typer(no_args_is_help=True, help="Look at scenarios.")
app.add_typer(scenario_app, name="scenario")


@scenario_app.command("show")
def scenario_show(
    name: Annotated[str, typer.Argument(help="Name of a scenario, or path of a TOML file.")] = "primary_care",
) -> None:
    """Targets with their status, case mix, and marginal beside conditional log odds ratios."""
    from .cohort.scenario_files import load_scenario
    from .cohort.scenario_text import scenario_text

    typer.echo(scenario_text(load_scenario(name)))


@scenario_app.command("schema")
def scenario_schema() -> None:
    """JSON schema of a scenario file, for editors that check TOML."""
    import json

    from .cohort.scenario_files import file_schema

    typer.echo(json.dumps(file_schema(), indent=1))


@app.command("assess")
def assess_command(
    flag: Annotated[list[str] | None, typer.Option(help="Finding that is present; repeat for several.")] = None,
    no_flag: Annotated[list[str] | None, typer.Option(help="Finding that is absent; repeat for several.")] = None,
    age: Annotated[float | None, typer.Option(help="Age in years.")] = None,
    male: Annotated[bool | None, typer.Option("--male/--female", help="Sex.")] = None,
    esr: Annotated[float | None, typer.Option(help="ESR in mm/h.")] = None,
    haematocrit: Annotated[float | None, typer.Option(help="Haematocrit in %.")] = None,
    white_cells: Annotated[float | None, typer.Option(help="White cell count in 10^9/L.")] = None,
    pretest: Annotated[float | None, typer.Option(help="Pre-test probability, 0.01 when not given.")] = None,
    model: Annotated[Path | None, typer.Option(help="Model saved as JSON, instead of likelihood ratios.")] = None,
    plot: Annotated[Path | None, typer.Option(help="PNG file for the steps.")] = None,
) -> None:
    """Step by step from pre-test to post-test probability of one patient."""
    from .models.patient import assess
    from .models.saved import load_model

    findings: dict[str, Any] = dict.fromkeys(flag or (), 1) | dict.fromkeys(no_flag or (), 0)
    numbers = {"age_years": age, "male": male, "esr_mm_h": esr}
    numbers |= {"haematocrit_percent": haematocrit, "white_cell_count_10e9_l": white_cells}
    findings |= {key: value for key, value in numbers.items() if value is not None}
    assessment = assess(findings, model=load_model(model) if model else None, pretest=pretest)
    typer.echo(str(assessment))
    if plot is not None:
        from .plots import plot_waterfall

        _save(plot_waterfall(assessment), plot)


def _save(ax: Any, path: Path) -> None:
    ax.figure.savefig(path, dpi=150, metadata={"Software": None})
    typer.echo(f"Drawn in {path}.")


@app.command()
def check(
    data: Annotated[Path, typer.Argument(help="CSV file of a cohort.")],
    outcome: Annotated[str, typer.Option(help="Name of the outcome column.")] = "outcome",
) -> None:
    """Check a cohort file against the data dictionary; every problem at once."""
    import pandas as pd

    from .cohort.own import check_cohort

    problems = check_cohort(_read_table(data), outcome=outcome)
    if len(problems):
        with pd.option_context("display.max_colwidth", None, "display.width", 160):
            raise ValueError(f"{data} has {len(problems)} problems.\n{problems.to_string(index=False)}")
    typer.echo(f"{data}: no problems.")


@app.command()
def evaluate(
    data: Annotated[Path, typer.Option(help="CSV file, one row per patient.")],
    outcome: Annotated[str, typer.Option(help="Column of the outcome, 0 or 1.")],
    risk: Annotated[list[str], typer.Option(help="Column of predicted risks; repeat for several models.")],
    out: Annotated[Path, typer.Option(help="Folder for the summary, tables and figures.")],
    subgroup: Annotated[list[str] | None, typer.Option(help="Column of a grouping, such as sex; repeatable.")] = None,
    weight: Annotated[str | None, typer.Option(help="Column with the number of identical patients.")] = None,
    threshold: Annotated[list[float] | None, typer.Option(help="Threshold to tabulate; repeatable.")] = None,
    highest_threshold: Annotated[float, typer.Option(help="End of the decision curves.")] = 0.1,
    resamples: Annotated[int, typer.Option(help="For limits of calibration indices; 0 for none.")] = 200,
    seed: Annotated[int, typer.Option(help="Seed of resamples and posterior draws.")] = 1,
) -> None:
    """Discrimination, calibration and net benefit of anybody's predictions."""
    from .evaluation import write_evaluation

    table, groupings = _read_table(data), subgroup or []
    wanted = [outcome, *risk, *groupings, *([weight] if weight else [])]
    missing = [column for column in wanted if column not in table.columns]
    if missing:
        raise ValueError(f"{data} must have the columns named; got none called {', '.join(missing)}. Check the header.")
    summary = write_evaluation(
        table[outcome],
        table[risk],
        out,
        subgroups=table[groupings] if groupings else None,
        thresholds=threshold or (0.01, 0.03),
        highest_threshold=highest_threshold,
        n_resamples=resamples,
        sample_weight=table[weight] if weight else None,
        rng=seed,
    )
    typer.echo(f"{summary}\n\nWritten to {out}: summary.md with tables and figures.")


@app.command()
def evidence(
    key: Annotated[str | None, typer.Argument(help="Finding or test, for example history_of_cancer.")] = None,
    json: Annotated[bool, typer.Option("--json", help="JSON instead of a table.")] = False,
) -> None:
    """Likelihood ratios of all findings and tests, or everything known about one."""
    from .evidence.likelihood_ratios import likelihood_ratio_table
    from .evidence.tables import load_evidence

    known = load_evidence()
    if key is None:
        _print_table(likelihood_ratio_table(known).to_frame(), json)
        if not json:
            typer.echo(f"\n{_RESEARCH}")
        return
    rows = known.rows(key)
    if json:
        _print_table(rows.drop(columns="has_both"), json)
        return
    names = ["study", "setting", "tp", "fp", "fn", "tn", "sensitivity", "specificity", "lr_positive", "lr_negative"]
    _print_table(rows[[*names, "status"]], json)
    typer.echo("\n" + "\n".join(f"{row.study}: {row.definition}. {row.note}" for row in rows.itertuples()))
    preferred = rows[(rows.preferred == 1) & rows.has_both]
    if len(preferred):
        typer.echo(f"\nPreferred, {preferred.study.iloc[0]} ({preferred.status.iloc[0]}):")
        _print_table(known.finding(key).to_frame().reset_index(), json)
    typer.echo(f"\n{_RESEARCH}")


@app.command()
def pool(
    data: Annotated[Path, typer.Argument(help="CSV file, a row a study, columns tp, fp, fn, tn.")],
    method: Annotated[str, typer.Option(help="reml, ml or bayes.")] = "reml",
    covariate: Annotated[str | None, typer.Option(help="Column of a study-level covariate.")] = None,
    seed: Annotated[int | None, typer.Option(help="Seed, for bayes.")] = None,
    json: Annotated[bool, typer.Option("--json", help="JSON instead of a table.")] = False,
    out: Annotated[Path | None, typer.Option(help="Folder for the table and figures.")] = None,
) -> None:
    """Pool accuracy studies by bivariate random effects."""
    from .evidence.pooling import pool_accuracy

    if method == "bayes" and seed is None:
        raise ValueError(
            "seed must be given for bayes, because numbers are drawn; got none. Pass for example --seed 1."
        )
    pooled = pool_accuracy(_read_table(data), method, covariate, seed)
    table = pooled.to_frame().reset_index()
    _print_table(table, json)
    if not json:
        typer.echo(f"\n{pooled.title}\n")
        _print_table(pooled.coefficients.rename_axis("coefficient").reset_index(), json)
        typer.echo(f"\n{_RESEARCH}")
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
        table.to_csv(out / "pooled.csv", index=False)
        _draw_pooled(pooled, out)
        typer.echo(f"Written to {out}: pooled.csv, forest.png, sroc.png.", err=json)


def _draw_pooled(pooled: Any, out: Path) -> None:
    from . import plots

    for name, ax in (("forest", plots.plot_forest(pooled)), ("sroc", plots.plot_sroc(pooled))):
        drawn: Any = ax.figure
        drawn.savefig(out / f"{name}.png", dpi=150, metadata={"Software": None})


def _print_table(table: pd.DataFrame, as_json: bool) -> None:
    if as_json:
        typer.echo(table.to_json(orient="records", indent=2, double_precision=12))
    else:
        text = table.to_string(index=False, float_format=lambda x: f"{x:.4g}", na_rep="", max_colwidth=60)
        typer.echo(text)


@app.command()
def report(
    notebooks: Annotated[Path, typer.Option(help="Folder of notebooks.")] = Path("notebooks"),
    reports: Annotated[Path, typer.Option(help="Folder to write.")] = Path("reports"),
) -> None:
    """Run the notebooks and build the report."""
    from .report.build import build_report

    build_report(notebooks, reports)
    typer.echo(f"Written to {reports}: report.html, results.json, figures.")


@app.command("check-report")
def check_report_command(
    notebooks: Annotated[Path, typer.Option(help="Folder of notebooks.")] = Path("notebooks"),
    reports: Annotated[Path, typer.Option(help="Folder of the report to check.")] = Path("reports"),
) -> None:
    """Rebuild the report elsewhere and compare."""
    from .report.check import check_report

    check_report(notebooks, reports)
    typer.echo(f"{reports}: results agree with a new build, and the page stands alone.")


@app.command()
def data(
    out: Annotated[Path, typer.Option(help="Folder to write.")] = Path("data/synthetic"),
) -> None:
    """Write the demonstration cohort and the data dictionary."""
    from .cohort.demonstration import write_demonstration

    write_demonstration(out)
    typer.echo(f"Written to {out}. {vocabulary.NOTICE}")


@app.callback(invoke_without_command=True)
def _version(
    version: Annotated[bool, typer.Option("--version", help="Show the version.")] = False,
) -> None:
    if version:
        typer.echo(__version__)
        raise typer.Exit


def _read_table(path: Path) -> pd.DataFrame:
    import pandas as pd

    if not path.is_file():
        raise ValueError(f"data must be a CSV file; {path} does not exist. Check the name.")
    return pd.read_csv(path)


def main() -> None:
    """Run the command; bad input ends in one message and exit status 2."""
    try:
        app()
    except ModuleNotFoundError as error:
        message = f"{error.name} is not installed. Run: pip install 'backpain-risk[bayes,report]'"
        typer.echo(f"backpain-risk: {message}", err=True)
        sys.exit(2)
    except ValueError as error:
        typer.echo(f"backpain-risk: {error}", err=True)
        sys.exit(2)
