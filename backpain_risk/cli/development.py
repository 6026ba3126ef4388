"""The command that analyses a cohort of one's own: develop."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Annotated, Any

import typer

from .application import app
from .outputs import ForceFolder
from .tables import Decimal, Encoding, Sep, Sheet, read_table


@app.command("develop")
def develop_command(
    data: Annotated[Path, typer.Option(help="CSV, Parquet or Excel file, a row a patient.")],
    outcome: Annotated[str, typer.Option(help="Column of the outcome.")],
    mapping: Annotated[Path, typer.Option("--map", help="Mapping written by map, and checked.")],
    out: Annotated[Path, typer.Option(help="Folder for report, tables, figures and models.")],
    predictor: Annotated[
        list[str] | None, typer.Option(help="Column of the cohort; else those of the mapping.")
    ] = None,
    model: Annotated[
        list[str] | None, typer.Option(help="firth, bayes_evidence; repeatable; else both.")
    ] = None,
    groups: Annotated[
        str | None, typer.Option(help="Kept column with the site of each patient; else site.")
    ] = None,
    resamples: Annotated[int, typer.Option(help="Bootstrap resamples.")] = 200,
    imputations: Annotated[int, typer.Option(help="Completed copies of the final models.")] = 5,
    setting: Annotated[str, typer.Option(help="Whose base rate the prior has.")] = "primary_care",
    seed: Annotated[int, typer.Option(help="Seed of everything that is drawn.")] = 1,
    jobs: Annotated[int, typer.Option(help="Workers; the numbers are the same for any.")] = 2,
    force: ForceFolder = False,
    sep: Sep = None,
    decimal: Decimal = None,
    encoding: Encoding = None,
    sheet: Sheet = None,
) -> None:
    """Develop risk models in a cohort, validate them internally, and write the paper."""
    from ..cohort.mapping.declared import load_mapping
    from ..report.development.analysis import develop
    from ..report.development.candidates import MODELS
    from ..report.development.written import check_place, script_of, write_development

    check_place(out, force=force)
    table = read_table(data, sep, decimal, encoding, sheet)
    patients = load_mapping(mapping).apply(table, outcome=outcome)
    settings: dict[str, Any] = {
        "predictors": list(predictor or patients.predictors),
        "models": list(model or MODELS),
        "groups": groups or _site(patients),
        "n_resamples": resamples,
        "n_imputations": imputations,
        "setting": setting,
        "rng": seed,
    }
    kept = out.parent / f".{out.name}.resamples"
    found = develop(patients, **settings, n_jobs=jobs, progress=True, kept=kept)
    reading = {"sep": sep, "decimal": decimal, "encoding": encoding, "sheet": sheet}
    lacking = write_development(
        found,
        patients,
        out,
        data=data,
        mapping=mapping,
        script=script_of(data, outcome, settings, reading),
        settings=settings,
        force=force,
    )
    shutil.rmtree(kept, ignore_errors=True)
    page = "report.html" if (out / "report.html").exists() else "report.md"
    typer.echo(f"{patients!r}\n\n{found!r}\n\nWritten to {out}: {page}, results.json, ...")
    for text in lacking:
        typer.echo(f"Not written: {text}", err=True)


def _site(patients: Any) -> str | None:
    other = patients.cohort.other
    return "site" if other is not None and "site" in other and other.site.nunique() > 1 else None
