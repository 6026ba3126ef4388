"""Commands on risks: assess one patient, evaluate predictions."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from .application import app
from .outputs import ForceFolder, refuse_to_replace
from .tables import Decimal, Encoding, Sep, read_table, refuse_text


@app.command("assess")
def assess_command(
    flag: Annotated[
        list[str] | None, typer.Option(help="Finding that is present; repeat for several.")
    ] = None,
    no_flag: Annotated[
        list[str] | None, typer.Option(help="Finding that is absent; repeat for several.")
    ] = None,
    age: Annotated[float | None, typer.Option(help="Age in years.")] = None,
    male: Annotated[bool | None, typer.Option("--male/--female", help="Sex.")] = None,
    esr: Annotated[float | None, typer.Option(help="ESR in mm/h.")] = None,
    haematocrit: Annotated[float | None, typer.Option(help="Haematocrit in %.")] = None,
    white_cells: Annotated[float | None, typer.Option(help="White cell count in 10^9/L.")] = None,
    value: Annotated[
        list[str] | None,
        typer.Option(help="KEY=NUMBER or KEY=BAND of any other test; repeat for several."),
    ] = None,
    scenario: Annotated[
        str | None,
        typer.Option(help="Setting, or path of a TOML file; primary_care when not given."),
    ] = None,
    pretest: Annotated[
        float | None, typer.Option(help="Pre-test probability; the setting's when not given.")
    ] = None,
    model: Annotated[
        Path | None, typer.Option(help="Model saved as JSON, instead of a setting.")
    ] = None,
    draws: Annotated[
        int, typer.Option(help="Draws of the evidence for the limits; 0 for none.")
    ] = 200,
    seed: Annotated[int, typer.Option(help="Seed of these draws.")] = 0,
    plot: Annotated[Path | None, typer.Option(help="PNG file for the steps.")] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Replace a PNG file that is there.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")] = False,
) -> None:
    """Step by step from pre-test to post-test probability of one patient: the exact joint risk
    of a setting, beside multiplied likelihood ratios; or the risk of a saved model.
    """
    import json

    from ..models.patient import assess

    numbers = {"age_years": age, "male": male, "esr_mm_h": esr}
    numbers |= {"haematocrit_percent": haematocrit, "white_cell_count_10e9_l": white_cells}
    told = {key: number for key, number in numbers.items() if number is not None}
    told |= _values(value or [], told)
    _refuse_told_twice(flag or [], no_flag or [], told)
    findings: dict[str, Any] = dict.fromkeys(flag or (), 1) | dict.fromkeys(no_flag or (), 0) | told
    if plot is not None and plot.suffix != ".png":
        raise ValueError(f"plot must end in .png; got {plot.name!r}. Name a PNG file.")
    if plot is not None:
        refuse_to_replace("plot", plot, force=force)
    basis = _basis(scenario, model, pretest)
    assessment = assess(findings, **basis, n_draws=draws, rng=seed)
    text = json.dumps(assessment.to_dict(), indent=1) if as_json else str(assessment)
    typer.echo(text)
    if plot is not None:
        from ..files import write_atomically
        from ..plots import plot_waterfall
        from ..plots.style import write_png

        axes = plot_waterfall(assessment)
        write_atomically(plot, lambda part: write_png(axes, part))
        typer.echo(f"Drawn in {plot}.", err=as_json)


def _values(told: list[str], others: dict[str, Any]) -> dict[str, Any]:
    """KEY=NUMBER or KEY=BAND, each key once."""
    found: dict[str, Any] = {}
    for text in told:
        key, equals, value = text.partition("=")
        if not equals:
            raise ValueError(
                f"value must be KEY=NUMBER or KEY=BAND; got {text!r}. Pass for example esr_mm_h=58."
            )
        if key in found or key in others:
            raise ValueError(f"{key} must be told once; got it twice. Leave one out.")
        try:
            found[key] = float(value)
        except ValueError:
            found[key] = value
    return found


def _basis(scenario: str | None, model: Path | None, pretest: float | None) -> dict[str, Any]:
    """A saved model, or a scenario at its own base rate or at the one given."""
    if model is not None:
        from ..models.saved import load_model

        if scenario is not None or pretest is not None:
            raise ValueError(
                "model has a base rate of its own; got --scenario or --pretest too. Leave them out."
            )
        return {"model": load_model(model)}
    from ..numerics.checks import check_fraction
    from ..scenario.files import load_scenario

    chosen = load_scenario("primary_care" if scenario is None else scenario)
    if pretest is None:
        return {"scenario": chosen}
    return {"scenario": chosen.replace(base_rate=check_fraction("pretest", pretest))}


def _refuse_told_twice(present: list[str], absent: list[str], numbers: dict[str, Any]) -> None:
    """A finding is present or absent, and a number has an option of its own."""
    both = [key for key in present if key in absent]
    if both:
        raise ValueError(
            f"a finding must be present or absent; got --flag and --no-flag {both[0]}. Leave one "
            "out."
        )
    twice = [key for key in (*present, *absent) if key in numbers]
    if twice:
        raise ValueError(
            f"{twice[0]} must be told once; got a flag and a number of its own. Leave the flag out."
        )


@app.command()
def evaluate(
    data: Annotated[Path, typer.Option(help="CSV file, one row per patient.")],
    outcome: Annotated[str, typer.Option(help="Column of the outcome, 0 or 1.")],
    risk: Annotated[
        list[str], typer.Option(help="Column of predicted risks; repeat for several models.")
    ],
    out: Annotated[Path, typer.Option(help="Folder for the summary, tables and figures.")],
    subgroup: Annotated[
        list[str] | None, typer.Option(help="Column of a grouping, such as sex; repeatable.")
    ] = None,
    weight: Annotated[
        str | None, typer.Option(help="Column with the number of identical patients.")
    ] = None,
    threshold: Annotated[
        list[float] | None, typer.Option(help="Threshold to tabulate; repeatable.")
    ] = None,
    highest_threshold: Annotated[float, typer.Option(help="End of the decision curves.")] = 0.1,
    resamples: Annotated[
        int, typer.Option(help="Directions searched for limits of the ICI; 0 for none.")
    ] = 200,
    seed: Annotated[int, typer.Option(help="Seed of resamples and posterior draws.")] = 1,
    force: ForceFolder = False,
    sep: Sep = None,
    decimal: Decimal = None,
    encoding: Encoding = None,
) -> None:
    """Discrimination, calibration and net benefit of anybody's predictions."""
    from ..report.evaluation import write_evaluation

    table = read_table(data, sep, decimal, encoding)
    groupings = subgroup or []
    wanted = [outcome, *risk, *groupings, *([weight] if weight else [])]
    missing = [column for column in wanted if column not in table.columns]
    if missing:
        raise ValueError(
            f"{data} must have the columns named; got none called {', '.join(missing)}. Check the "
            "header."
        )
    refuse_text(table, [outcome, *risk, *([weight] if weight else [])])
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
        force=force,
    )
    typer.echo(f"{summary}\n\nWritten to {out}: summary.md with tables and figures.")
