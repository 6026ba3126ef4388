"""All measures of one or more models on the same patients, as one tidy table."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from ..numerics.checks import (
    FloatArray,
    as_generator,
    check_both_classes,
    check_choices,
    check_level,
    check_resamples,
)
from ..numerics.grouped_by_risk import RiskGroups, group_by_risk
from ..results.estimate import Estimate
from ..results.table import ResultTable
from .calibration.curve import default_indices
from .catalogue import CATALOGUE, USUAL, net_benefit_keys
from .decision.inputs import TREAT_ALL, TREAT_NONE, Risks, check_models
from .decision.net_benefit import decision_curve


def performance(
    outcome: npt.ArrayLike,
    risks: Risks,
    *,
    thresholds: npt.ArrayLike = (0.01, 0.03),
    measures: Sequence[str] = USUAL,
    sample_weight: npt.ArrayLike | None = None,
    level: float = 0.95,
    n_resamples: int = 0,
    rng: int | np.random.SeedSequence | np.random.Generator | None = None,
) -> ResultTable:
    """Discrimination, calibration, overall performance and net benefit of every model.

    Parameters
    ----------
    outcome : array, shape (n,)
        0 or 1, both present.
    risks : array, mapping of name to array, or DataFrame
        Predicted probabilities of the same patients; a single array is called ``"model"``.
    thresholds : array
        Threshold probabilities for ``net_benefit@t``.
    measures : sequence of str
        Any of ``MEASURES``, in the order wanted; by default the usual ten.
    sample_weight : array, shape (n,), optional
        Number of identical patients.
    level : float
        Share that the limits are to hold, inside (0, 1).
    n_resamples : int
        Directions in which the limits of ICI and its kin are looked for over the confidence region
        of the calibration curve (see :func:`calibration_curve`); NaN limits when 0.
    rng : int, SeedSequence or Generator
        Needed with resamples.

    Returns
    -------
    table with columns model, measure, value, low, high
        One row per model and measure, then net_benefit@t per threshold (also of treat_all and
        treat_none).

    Raises
    ------
    ValueError
        For one class only, risks outside [0, 1], missing values, different lengths or an unknown
        measure.

    Warns
    -----
    UserWarning
        Where a measure is not defined for a model, which leaves NaN: risks of exactly 0 or 1 have
        no logit, and too few distinct risks no curve. The warning says which and why. Also where
        ICI and its kin come from a curve that says little (see :func:`calibration_curve`).

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> risk = rng.beta(1, 20, 5000)
    >>> table = performance(rng.random(5000) < risk, risk, measures=("auroc", "observed_expected"))
    >>> table.round(3).values.tolist()[:2]
    [['model', 'auroc', 0.78, 0.749, 0.808], ['model', 'observed_expected', 1.025, 0.907, 1.156]]
    """
    check_choices("measures", measures, CATALOGUE)
    check_resamples("n_resamples", n_resamples, 0)
    check_level(level)
    y, named, w = check_models(outcome, risks, sample_weight)
    check_both_classes(y, w, "performance")
    generator = as_generator(rng) if n_resamples else None
    rows = [
        (model, measure, e.value, e.low, e.high)
        for model, risk in named.items()
        for measure, e in _estimates(
            model, group_by_risk(y, risk, w), measures, level, n_resamples, generator
        )
    ]
    table = pd.DataFrame(rows, columns=["model", "measure", "value", "low", "high"])
    benefit = _net_benefits(y, named, thresholds, w, level)
    return ResultTable(pd.concat([table, benefit] if rows else [benefit], ignore_index=True))


def _estimates(
    model: str,
    groups: RiskGroups,
    measures: Sequence[str],
    level: float,
    n_resamples: int,
    rng: np.random.Generator | None,
) -> list[tuple[str, Estimate]]:
    """Each measure of one model, NaN with a warning where it is not defined."""
    found: dict[str, Estimate] = {}
    undefined: dict[str, list[str]] = {}
    for names, compute in _tasks(groups, measures, level, n_resamples, rng):
        try:
            found |= compute()
        except ValueError as error:
            undefined.setdefault(str(error), []).extend(names)
    for reason, names in undefined.items():
        warnings.warn(
            f"{model}: {', '.join(names)} left as NaN because {reason}", UserWarning, stacklevel=4
        )
    nothing = Estimate(np.nan, np.nan, np.nan, level=level, method="not defined")
    return [(measure, found.get(measure, nothing)) for measure in measures]


def _tasks(
    groups: RiskGroups,
    measures: Sequence[str],
    level: float,
    n_resamples: int,
    rng: np.random.Generator | None,
) -> Iterator[tuple[list[str], Callable[[], dict[str, Estimate]]]]:
    """Names of measures with what computes them; the indices share one curve."""
    indices = [name for name in measures if CATALOGUE[name].of_curve]
    for name in measures:
        if name not in indices:
            yield [name], lambda name=name: {name: CATALOGUE[name].estimated(groups, level)}  # type: ignore[misc]
    if indices:
        yield indices, lambda: default_indices(groups, level, n_resamples, rng)


def _net_benefits(
    y: FloatArray,
    named: dict[str, FloatArray],
    thresholds: npt.ArrayLike,
    w: FloatArray,
    level: float,
) -> pd.DataFrame:
    table = decision_curve(y, named, thresholds=thresholds, sample_weight=w, level=level).to_frame()
    table["measure"] = net_benefit_keys(table.threshold.to_numpy())
    order = pd.Categorical(table.model, [*named, TREAT_ALL, TREAT_NONE], ordered=True)
    table = table.assign(order=order).sort_values(["order", "threshold"], kind="stable")
    return table.rename(columns={"net_benefit": "value"})[
        ["model", "measure", "value", "low", "high"]
    ]
