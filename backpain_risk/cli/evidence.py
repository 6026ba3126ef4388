"""Commands on published accuracy: evidence, pool."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .application import app
from .outputs import ForceFolder
from .tables import Decimal, Encoding, Sep, read_table

if TYPE_CHECKING:
    import pandas as pd

_RESEARCH = "For research; not for clinical use."
_POOL = "backpain-risk pool"


@app.command("evidence")
def show_evidence(
    key: Annotated[
        str | None, typer.Argument(help="Finding or test, for example history_of_cancer.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="JSON instead of a table.")] = False,
) -> None:
    """Likelihood ratios of all findings and tests, or everything known about one."""
    from ..evidence.likelihood_ratios import likelihood_ratio_table
    from ..evidence.tables import load_evidence

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
    names = [
        "study",
        "setting",
        "tp",
        "fp",
        "fn",
        "tn",
        "sensitivity",
        "specificity",
        "lr_positive",
        "lr_negative",
    ]
    _print_table(rows[[*names, "status"]], json)
    typer.echo(
        "\n" + "\n".join(f"{row.study}: {row.definition}. {row.note}" for row in rows.itertuples())
    )
    preferred = rows[(rows.preferred == 1) & rows.has_both]
    if len(preferred):
        typer.echo(f"\nPreferred, {preferred.study.iloc[0]} ({preferred.status.iloc[0]}):")
        _print_table(known.finding(key).to_frame().reset_index(), json)
    typer.echo(f"\n{_RESEARCH}")


@app.command()
def pool(
    data: Annotated[Path, typer.Argument(help="CSV file, a row a study, columns tp, fp, fn, tn.")],
    method: Annotated[str, typer.Option(help="reml, ml or bayes.")] = "reml",
    covariate: Annotated[
        str | None, typer.Option(help="Column of a study-level covariate.")
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Seed, for bayes.")] = None,
    json: Annotated[bool, typer.Option("--json", help="JSON instead of a table.")] = False,
    out: Annotated[
        Path | None,
        typer.Option(help="Folder for pooled.csv, forest.png and sroc.png."),
    ] = None,
    force: ForceFolder = False,
    sep: Sep = None,
    decimal: Decimal = None,
    encoding: Encoding = None,
) -> None:
    """Pool accuracy studies by bivariate random effects."""
    from ..evidence.pooling.accuracy import pool_accuracy

    if method == "bayes" and seed is None:
        raise ValueError(
            "seed must be given for bayes, because numbers are drawn; got none. Pass for example "
            "--seed 1."
        )
    pooled = pool_accuracy(read_table(data, sep, decimal, encoding), method, covariate, seed)
    table = pooled.to_frame().reset_index()
    _print_table(table, json)
    if not json:
        typer.echo(f"\n{pooled.title}\n")
        _print_table(pooled.coefficients.rename_axis("coefficient").reset_index(), json)
        typer.echo(f"\n{_RESEARCH}")
    if out is not None:
        _write_pooled(pooled, table, out, force)
        typer.echo(f"Written to {out}: pooled.csv, forest.png, sroc.png.", err=json)


def _write_pooled(pooled: Any, table: pd.DataFrame, out: Path, force: bool) -> None:
    from .. import plots
    from ..plots.style import write_png
    from ..report.evaluation.folder import write_folder
    from ..results.spreadsheet import spreadsheet_safe

    def write(part: Path) -> None:
        spreadsheet_safe(table).to_csv(part / "pooled.csv", index=False)
        write_png(plots.plot_forest(pooled), part / "forest.png")
        write_png(plots.plot_sroc(pooled), part / "sroc.png")

    write_folder(out, _POOL, write, force=force)


def _print_table(table: pd.DataFrame, as_json: bool) -> None:
    if as_json:
        typer.echo(table.to_json(orient="records", indent=2, double_precision=12))
    else:
        text = table.to_string(
            index=False, float_format=lambda x: f"{x:.4g}", na_rep="", max_colwidth=60
        )
        typer.echo(text)
