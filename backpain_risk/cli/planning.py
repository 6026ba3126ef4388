"""Commands that size a study: plan development, plan validation, plan accuracy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from .application import app

if TYPE_CHECKING:
    from ..planning.sample_size import SampleSize

plan = typer.Typer(no_args_is_help=True, help="How large a study must be.")
app.add_typer(plan, name="plan")

Prevalence = Annotated[float, typer.Option(help="P(malignancy) among the patients, such as 0.01.")]
AsJson = Annotated[bool, typer.Option("--json", help="JSON instead of text.")]


@plan.command()
def development(
    prevalence: Annotated[
        float | None, typer.Option(help="P(malignancy); a scenario has its own.")
    ] = None,
    n_parameters: Annotated[
        int | None, typer.Option(help="Candidate parameters, without the intercept.")
    ] = None,
    c_statistic: Annotated[float | None, typer.Option(help="Expected C-statistic.")] = None,
    r2_cox_snell: Annotated[
        float | None, typer.Option(help="Expected Cox-Snell R2, instead.")
    ] = None,
    scenario: Annotated[
        str | None, typer.Option(help="Scenario (name or TOML file), instead.")
    ] = None,
    predictor: Annotated[
        list[str] | None, typer.Option(help="Flag of the scenario; repeat for several.")
    ] = None,
    shrinkage: Annotated[float, typer.Option(help="Expected shrinkage.")] = 0.9,
    relative_margin: Annotated[
        float, typer.Option(help="Margin of the mean risk, as a share of it.")
    ] = 0.2,
    check: Annotated[
        int | None, typer.Option(help="Developments to simulate at each of several sizes.")
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Seed of these simulations.")] = None,
    json: AsJson = False,
) -> None:
    """Patients for developing a model."""
    from ..planning.development import sample_size_development
    from ..scenario.files import load_scenario

    _print(
        sample_size_development(
            prevalence=prevalence,
            n_parameters=n_parameters,
            c_statistic=c_statistic,
            r2_cox_snell=r2_cox_snell,
            shrinkage=shrinkage,
            relative_margin=relative_margin,
            scenario=load_scenario(scenario) if scenario else None,
            predictors=predictor or None,
            check=check,
            rng=seed,
        ),
        json,
    )


@plan.command()
def validation(
    prevalence: Prevalence,
    c_statistic: Annotated[float, typer.Option(help="Expected C-statistic.")],
    lp_mean: Annotated[
        float | None, typer.Option(help="Mean of the linear predictor; with --lp-sd.")
    ] = None,
    lp_sd: Annotated[float | None, typer.Option(help="SD of the linear predictor.")] = None,
    oe_width: Annotated[float, typer.Option(help="Width of the 95 % interval of O:E.")] = 0.2,
    slope_width: Annotated[float, typer.Option(help="Width, calibration slope.")] = 0.2,
    c_width: Annotated[float, typer.Option(help="Width, C-statistic.")] = 0.1,
    net_benefit_width: Annotated[
        float | None, typer.Option(help="Width, standardised net benefit.")
    ] = None,
    threshold: Annotated[
        float | None, typer.Option(help="Threshold probability of the net benefit.")
    ] = None,
    sensitivity: Annotated[
        float | None, typer.Option(help="Expected there; with --specificity.")
    ] = None,
    specificity: Annotated[float | None, typer.Option(help="Expected there.")] = None,
    json: AsJson = False,
) -> None:
    """Patients for validating a model."""
    from ..planning.demands import both_or_neither
    from ..planning.validation import sample_size_validation

    given = both_or_neither(lp_mean=lp_mean, lp_sd=lp_sd)
    _print(
        sample_size_validation(
            prevalence=prevalence,
            c_statistic=c_statistic,
            linear_predictor=(given[0], given[1]) if given else None,
            oe_width=oe_width,
            slope_width=slope_width,
            c_width=c_width,
            net_benefit_width=net_benefit_width,
            threshold=threshold,
            sensitivity=sensitivity,
            specificity=specificity,
        ),
        json,
    )


@plan.command()
def accuracy(
    prevalence: Prevalence,
    sensitivity: Annotated[
        float | None, typer.Option(help="Expected sensitivity of the flag.")
    ] = None,
    specificity: Annotated[float | None, typer.Option(help="Expected specificity.")] = None,
    width: Annotated[
        float | None, typer.Option(help="Half of the 95 % interval wanted: 0.1 for +-0.1.")
    ] = None,
    lr_factor: Annotated[
        float | None, typer.Option(help="Limits of LR+ within this factor.")
    ] = None,
    json: AsJson = False,
) -> None:
    """Patients for the accuracy of one flag."""
    from ..planning.accuracy import sample_size_accuracy

    _print(
        sample_size_accuracy(
            prevalence=prevalence,
            sensitivity=sensitivity,
            specificity=specificity,
            width=width,
            lr_factor=lr_factor,
        ),
        json,
    )


def _print(size: SampleSize, as_json: bool) -> None:
    typer.echo(size.to_frame().to_json(orient="records", indent=2) if as_json else str(size))
