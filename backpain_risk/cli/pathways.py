"""The command on diagnostic pathways."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from .. import vocabulary
from .application import app
from .outputs import ForceFolder

_SHOWN = (
    "esr",
    "xray",
    "ct",
    "mri",
    "cancers_sent",
    "found_at_index",
    "found_at_review",
    "missed",
    "false_alarms",
)

_MADE_BY = "backpain-risk pathways"


@app.command("pathways")
def show_pathways(
    scenario: Annotated[
        str, typer.Option(help="Name of a scenario, or path of a TOML file.")
    ] = "primary_care",
    file: Annotated[
        Path | None, typer.Option(help="TOML file or folder of pathways of your own.")
    ] = None,
    threshold: Annotated[
        float | None, typer.Option(help="Threshold probability for net benefit, in (0, 1).")
    ] = None,
    harm: Annotated[
        list[str] | None,
        typer.Option(help="Harm of a test in needless MRIs, as esr=0.02; once for each test."),
    ] = None,
    value_at_review: Annotated[
        float | None, typer.Option(help="Worth of a cancer counted at review, from 0 to 1.")
    ] = None,
    draws: Annotated[int, typer.Option(help="Draws of the evidence, for limits.")] = 0,
    seed: Annotated[int | None, typer.Option(help="Seed of the draws.")] = None,
    per: Annotated[int, typer.Option(help="Counts per so many patients.")] = 10_000,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
    out: Annotated[
        Path | None, typer.Option(help="Folder for tables (CSV) and a figure (PNG).")
    ] = None,
    force: ForceFolder = False,
) -> None:
    """Compare diagnostic pathways: tests, cancers found and missed, false alarms, and net benefit.

    Without --threshold only counts are shown. With one, the harm of every test that is used must be
    stated, for example --harm esr=0.02 --harm xray=0.1 --harm review=0.05; 0 is allowed.
    """
    from ..pathways.enumeration import compare_pathways
    from ..pathways.pathway import load_pathways
    from ..report.evaluation.folder import check_folder
    from ..scenario.files import load_scenario

    if out is not None:
        check_folder(out, _MADE_BY, force=force)
    chosen = load_pathways(file) if file else None
    found = compare_pathways(load_scenario(scenario), chosen, per=per, n_draws=draws, rng=seed)
    benefit = None
    if threshold is not None:
        benefit = found.net_benefit(
            threshold, test_harm=_harms(harm or []), value_at_review=value_at_review
        )
    typer.echo(_json(found, benefit) if as_json else _text(found, benefit))
    if out is not None:
        _write(found, benefit, out, force)


def _harms(stated: list[str]) -> dict[str, float]:
    harms = {}
    for text in stated:
        name, _, value = text.partition("=")
        try:
            harms[name.strip()] = float(value)
        except ValueError:
            raise ValueError(
                f"--harm must be like esr=0.02; got {text!r}. Name a test and a number."
            ) from None
    return harms


def _text(found: Any, benefit: Any) -> str:
    wide = found.to_frame().pivot(index="pathway", columns="consequence", values="value")
    table = wide[[name for name in _SHOWN if wide[name].any()]].round(1)
    if benefit is not None:
        table[f"net benefit at {benefit.threshold:.2%}"] = (
            benefit.to_frame().set_index("pathway").value.round(1)
        )
    setting = found.scenario.title or found.scenario.name
    head = f"Per {found.per:,} patients; {setting}, base rate {found.scenario.base_rate:.2%}"
    limits = f"; limits over {found.n_draws} draws in --json and --out" if found.n_draws else ""
    return (
        f"{head}{limits}.\n{table.to_string()}\n{vocabulary.NOTICE} Dependence and the review are "
        "assumed."
    )


def _json(found: Any, benefit: Any) -> str:
    content: dict[str, Any] = {
        "notice": vocabulary.NOTICE,
        "scenario": found.scenario.name,
        "per": found.per,
        "draws": found.n_draws,
        "consequences": json.loads(found.to_frame().to_json(orient="records", double_precision=12)),
    }
    if benefit is not None:
        content["threshold"] = benefit.threshold
        content["net_benefit"] = json.loads(
            benefit.to_frame().to_json(orient="records", double_precision=12)
        )
    return json.dumps(content, indent=1)


def _write(found: Any, benefit: Any, out: Path, force: bool) -> None:
    from .. import plots
    from ..plots.style import write_png
    from ..report.evaluation.folder import write_folder
    from ..results.spreadsheet import spreadsheet_safe

    tables = {"consequences": found.to_frame(), "frontier": found.frontier()}
    tables |= {f"flow-{name}": found.flow(name) for name in found.pathways}
    if benefit is not None:
        tables["net-benefit"] = benefit.to_frame()

    def write(part: Path) -> None:
        for name, table in tables.items():
            spreadsheet_safe(table).to_csv(part / f"{name}.csv", index=False)
        write_png(plots.plot_pathways(found), part / "frontier.png")

    write_folder(out, _MADE_BY, write, force=force)
    typer.echo(f"Tables and figure written to {out}. {vocabulary.NOTICE}", err=True)
