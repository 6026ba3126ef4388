"""Multiple imputation of missing values, the outcome included in the imputation model."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from ..numerics.chained_equations import complete
from ..numerics.checks import as_generator, check_count, check_kind
from .table import Cohort


def impute(
    cohort: Cohort,
    n_imputations: int = 20,
    *,
    rng: int | np.random.SeedSequence | np.random.Generator | None = None,
) -> tuple[Cohort, ...]:
    """Complete a cohort several times, each time with other plausible values.

    Parameters
    ----------
    cohort : Cohort
        With missing values in predictors or tests; the outcome is complete.
    n_imputations : int
        As many as the percentage of incomplete patients is a common choice.
    rng : int, SeedSequence or Generator
        Source of the draws; the same one gives the same draws.

    Returns
    -------
    tuple of Cohort
        Complete cohorts; fit to each and pool with ``pool_estimates`` (Rubin's rules).

    Raises
    ------
    ValueError
        When nothing is missing, or a column is missing for everybody.

    Notes
    -----
    Chained equations, with coefficients drawn anew each time. A finding (two levels) is drawn from
    a logistic regression with a weak prior, N(0, 2^2) per unit or SD; any other column takes the
    recorded value of one of the five patients whose linear prediction is nearest (predictive mean
    matching), any of those as near as each other being as likely. The model of each column has the
    outcome and all other columns of predictors and tests as main effects; leaving the outcome out
    would bias associations towards none. Age and its band are imputed as one. Right for values
    missing at random given these columns.

    References
    ----------
    van Buuren (2018), Flexible Imputation of Missing Data. Moons et al. (2006), J Clin Epidemiol
    59:1092 (outcome).

    Examples
    --------
    >>> from backpain_risk import load_scenario, make_missing, simulate_cohort
    >>> cohort = simulate_cohort(load_scenario("spine_clinic"), 1000, seed=1)
    >>> holes = make_missing(cohort, {"night_pain": 0.2}, rng=1)
    >>> complete = impute(holes, 3, rng=1)
    >>> [int(each.predictors.night_pain.isna().sum()) for each in complete]
    [0, 0, 0]
    """
    check_kind("cohort", cohort, Cohort, "Simulate one, or make one with Cohort.from_frame.")
    check_count("n_imputations", n_imputations, 1, 1000)
    generator = as_generator(rng)
    table = _imputable(cohort)
    return tuple(_completed(cohort, values) for values in complete(table, n_imputations, generator))


def _imputable(cohort: Cohort) -> pd.DataFrame:
    """Predictors, tests and outcome as floats, without the age band when age in years is there."""
    table = cohort.to_frame().astype(np.float64).reset_index(drop=True)
    if "age_years" in table and "age_50_or_over" in table:
        table = table.drop(columns="age_50_or_over")
    empty = table.columns[table.isna().all()]
    if len(empty):
        raise ValueError(
            f"columns must hold some values to be imputed; got none in {', '.join(empty)}. Drop "
            "them."
        )
    if not table.isna().any(axis=None):
        raise ValueError(
            "cohort must have missing values to be imputed; got none. Use it as it is."
        )
    return table


def _completed(cohort: Cohort, values: pd.DataFrame) -> Cohort:
    values.index = cohort.outcome.index
    if "age_years" in values and "age_50_or_over" in cohort.predictors:
        values["age_50_or_over"] = (values.age_years >= 50).astype(np.float64)

    def filled(table: pd.DataFrame) -> pd.DataFrame:
        return table.fillna(
            {column: values[column] for column in table.columns if column in values}
        )

    return replace(cohort, predictors=filled(cohort.predictors), tests=filled(cohort.tests))
