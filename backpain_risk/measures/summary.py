"""All measures of one or more models on the same patients, as one tidy table."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from ..numerics.checks import FloatArray
from ..numerics.estimate import Estimate
from ..numerics.table import ResultTable
from .calibration import calibration_in_the_large, calibration_slope, observed_expected
from .calibration_curve import calibration_curve
from .discrimination import auroc
from .net_benefit import TREAT_ALL, TREAT_NONE, DecisionCurve, Risks, _checked, decision_curve
from .overall import brier_score, scaled_brier

MEASURES = ("auroc", "brier", "scaled_brier", "observed_expected", "calibration_in_the_large", "calibration_slope")


def performance(
    outcome: npt.ArrayLike,
    risks: Risks,
    *,
    thresholds: npt.ArrayLike = (0.01, 0.03),
    sample_weight: npt.ArrayLike | None = None,
    level: float = 0.95,
    n_resamples: int = 0,
    rng: int | np.random.SeedSequence | np.random.Generator | None = None,
) -> ResultTable:
    """Discrimination, calibration, overall performance and net benefit of every model.

    Parameters
    ----------
    outcome : array, shape (n,)
    risks : array, mapping of name to array, or DataFrame
    thresholds : array
        Threshold probabilities for ``net_benefit@t``.
    n_resamples : int
        Bootstrap resamples for the limits of ICI, E50, E90 and Emax; NaN limits when 0.

    Returns
    -------
    table with columns model, measure, value, low, high
        Measures: auroc, brier, scaled_brier, observed_expected, calibration_in_the_large, calibration_slope, ici, e50,
        e90, emax, and net_benefit@t per threshold (also of treat_all and treat_none).
    """
    y, named, w = _checked(outcome, risks, sample_weight)
    rows: list[tuple[str, str, Estimate]] = []
    for name, risk in named.items():
        rows += [(name, measure, value) for measure, value in _measures(y, risk, w, level, n_resamples, rng)]
    table = pd.DataFrame(
        [(model, measure, e.value, e.low, e.high) for model, measure, e in rows],
        columns=["model", "measure", "value", "low", "high"],
    )
    curve = decision_curve(y, named, thresholds=thresholds, sample_weight=w, level=level)
    return ResultTable(pd.concat([table, _net_benefits(curve, named)], ignore_index=True))


def _measures(
    y: FloatArray, risk: FloatArray, w: FloatArray, level: float, n_resamples: int, rng: object
) -> list[tuple[str, Estimate]]:
    curve = calibration_curve(y, risk, sample_weight=w, level=level, n_resamples=n_resamples, rng=rng)  # type: ignore[arg-type]
    functions = (auroc, brier_score, scaled_brier, observed_expected, calibration_in_the_large, calibration_slope)
    plain = [(name, f(y, risk, sample_weight=w, level=level)) for name, f in zip(MEASURES, functions, strict=True)]
    return plain + [(name, getattr(curve, name)) for name in ("ici", "e50", "e90", "emax")]


def _net_benefits(curve: DecisionCurve, named: dict[str, FloatArray]) -> pd.DataFrame:
    table = curve.to_frame()
    table["measure"] = [f"net_benefit@{t:g}" for t in table.threshold]
    order = pd.Categorical(table.model, [*named, TREAT_ALL, TREAT_NONE], ordered=True)
    table = table.assign(order=order).sort_values(["order", "threshold"], kind="stable")
    return table.rename(columns={"net_benefit": "value"})[["model", "measure", "value", "low", "high"]]
