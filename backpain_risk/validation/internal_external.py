"""Internal-external validation: developed in all sites but one, tested in that one, each in
turn.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from statsmodels.stats.meta_analysis import combine_effects

from ..measures.catalogue import CATALOGUE, USUAL, Scale, net_benefit_keys
from ..measures.decision.inputs import check_thresholds
from ..measures.summary import performance
from ..numerics.checks import (
    FloatArray,
    check_choice,
    check_choices,
    check_level,
    check_same_index,
    check_same_length,
)
from ..numerics.intervals import normal_quantile, t_quantile
from ..numerics.values import shown
from ..numerics.warned import recorded
from ..results.notebook import as_html
from .development import Patients, read_patients

POOLED_INTERVALS = ("hartung_knapp", "normal")


@dataclass(frozen=True, eq=False, kw_only=True)
class InternalExternalValidation:
    """Performance in each site of the model developed in the others.

    Attributes
    ----------
    table : DataFrame
        group, n, n_events, measure, value, low, high, reason (why a value is missing).
    risk : ndarray, shape (n,)
        Risk of each patient by the model that did not see the patient's site; NaN where that model
        failed.
    level : float
    """

    table: pd.DataFrame
    risk: FloatArray
    level: float

    def to_frame(self) -> pd.DataFrame:
        """One row per site and measure."""
        return self.table

    def pooled(self, interval: str = "hartung_knapp") -> pd.DataFrame:
        """Random-effects mean over sites, indexed by measure.

        Parameters
        ----------
        interval : {"hartung_knapp", "normal"}
            Limits of the mean: t with sites - 1 degrees of freedom and the standard error that the
            scatter of the sites gives, never below the usual one; or normal with the usual one,
            which are too narrow with few sites.

        Returns
        -------
        DataFrame
            Columns value, low, high, prediction_low, prediction_high (for a new site, t with
            sites - 2 degrees of freedom), tau (between-site SD on the scale of pooling) and
            n_groups. AUROC is pooled on the logit, O:E on the log scale; between-site variance by
            Paule and Mandel. NaN where fewer than 3 sites have the measure.

        Raises
        ------
        ValueError
            For another interval.

        References
        ----------
        Debray et al. (2017), BMJ 356:i6460. Hartung and Knapp (2001), Stat Med 20:3875. Knapp and
        Hartung (2003), Stat Med 22:2693 (never below the usual standard error).
        """
        check_choice("interval", interval, POOLED_INTERVALS)
        present = set(self.table.measure)
        rows = {
            key: self._pool(key, measure.pooled_on, interval)
            for key, measure in CATALOGUE.items()
            if key in present and measure.pooled_on is not None
        }
        return pd.DataFrame.from_dict(rows, orient="index").rename_axis("measure")

    def _pool(self, measure: str, scale: Scale, interval: str) -> dict[str, float]:
        sites = self.table.query("measure == @measure").dropna(subset=["value", "low", "high"])
        value, low, high = (
            scale.forward(sites[c].to_numpy(np.float64)) for c in ("value", "low", "high")
        )
        variance = ((high - low) / (2 * normal_quantile(self.level))) ** 2
        known = np.isfinite(value) & np.isfinite(variance)
        k = int(known.sum())
        columns = ("value", "low", "high", "prediction_low", "prediction_high")
        if k < 3:
            return dict.fromkeys(columns, np.nan) | {"tau": np.nan, "n_groups": k}
        combined = combine_effects(value[known], variance[known], method_re="iterated")
        mean = combined.mean_effect_re
        se = combined.sd_eff_w_re
        tau2 = combined.tau2
        half = _half_width(value[known], variance[known] + tau2, mean, self.level, interval)
        wide = t_quantile(self.level, k - 2) * np.sqrt(tau2 + se**2)
        ends = [mean, mean - half, mean + half, mean - wide, mean + wide]
        return dict(zip(columns, (float(scale.back(e)) for e in ends), strict=True)) | {
            "tau": tau2**0.5,
            "n_groups": k,
        }

    def __repr__(self) -> str:
        events = int(self.table.drop_duplicates("group").n_events.sum())
        measured = ", ".join(dict.fromkeys(self.table.measure))
        return f"{self._head()} {self.risk.size} patients, {events} events; measured: {measured}."

    def _head(self) -> str:
        return f"Internal-external validation over {self.table.group.nunique()} sites."

    def _repr_html_(self) -> str:
        return as_html(self._head(), self.pooled())


def _half_width(
    value: FloatArray, variance: FloatArray, mean: float, level: float, interval: str
) -> float:
    """Half the width of the limits of a weighted mean of sites with these total variances."""
    weight = 1 / variance
    df = value.size - 1
    error = 1 / np.sqrt(weight.sum())
    if interval == "normal":
        return float(normal_quantile(level) * error)
    scatter = max(float(weight @ (value - mean) ** 2) / df, 1.0)
    return float(t_quantile(level, df) * error * np.sqrt(scatter))


def internal_external_validation(
    estimator: Any,
    X: Any,
    y: npt.ArrayLike,
    groups: npt.ArrayLike,
    *,
    measures: Sequence[str] = USUAL,
    thresholds: npt.ArrayLike = (0.01, 0.03),
    level: float = 0.95,
) -> InternalExternalValidation:
    """Develop the model in all sites but one and test it in that one, each in turn.

    Parameters
    ----------
    estimator : scikit-learn classifier
        Unfitted; a pipeline is refitted whole.
    X : DataFrame or array, shape (n, columns)
        Predictors of the patients.
    y : array, shape (n,)
        0 or 1.
    groups : array, shape (n,)
        Site (study, hospital, year) of each patient; at least 2.
    measures : sequence of str
        As in :func:`performance`.
    thresholds : array
        Threshold probabilities for ``net_benefit@t``.
    level : float
        Share that the limits are to hold, inside (0, 1).

    Returns
    -------
    InternalExternalValidation
        A site where a measure is not defined (no events, usual for a rare outcome) keeps its row
        with the reason.

    Raises
    ------
    ValueError
        For one class only, lengths that differ, fewer than 2 sites, patients without a site, an
        unknown measure, an estimator that stays as it was fitted, or one that fits without no site.

    Warns
    -----
    UserWarning
        When the estimator cannot be fitted without some site.

    References
    ----------
    Steyerberg and Harrell (2016), J Clin Epidemiol 69:245.

    Examples
    --------
    >>> from backpain_risk import LogisticModel, load_scenario, simulate_cohort
    >>> cohort = simulate_cohort(load_scenario("spine_clinic"), 8000, seed=1)
    >>> X = cohort.predictors[["history_of_cancer", "age_50_or_over", "night_pain"]]
    >>> site = np.arange(8000) % 4
    >>> result = internal_external_validation(
    ...     LogisticModel(), X, cohort.outcome, site, measures=["auroc"]
    ... )
    >>> result.pooled().round(2).loc["auroc", ["value", "low", "high"]].tolist()
    [0.75, 0.67, 0.82]
    """
    check_choices("measures", measures, CATALOGUE)
    thresholds = check_thresholds(thresholds)
    level = check_level(level)
    patients = read_patients(estimator, X, y, "internal_external_validation")
    if np.ndim(groups) != 1 or isinstance(groups, np.ma.MaskedArray):
        raise ValueError(
            f"groups must name the site of every patient; got {shown(groups)}. Pass one label per "
            "row."
        )
    site = np.asarray(groups)
    if site.dtype.kind in "cmM":
        raise ValueError(
            f"groups must name sites by text or numbers; got {shown(site[0])}. Pass for example "
            "years instead of dates."
        )
    check_same_length(X=patients.n, groups=len(site))
    check_same_index(X=X, y=y, groups=groups)
    names = pd.unique(pd.Series(site))
    if pd.isna(names).any() or len(names) < 2:
        raise ValueError(
            f"groups must name at least 2 sites and be known for every patient; got {len(names)} "
            "distinct values, "
            f"{int(pd.isna(site).sum())} missing. Give each patient a site."
        )
    risk = np.full(patients.n, np.nan)
    tables = []
    for name in _in_order(names):
        out = site == name
        table, risk[out] = _site(patients, estimator, out, measures, thresholds, level)
        tables.append(
            table.assign(group=name, n=int(out.sum()), n_events=int(patients.outcome[out].sum()))
        )
    _say_failed(
        tables, [table for table in tables if np.isnan(risk[site == table.group.iloc[0]]).all()]
    )
    columns = ["group", "n", "n_events", "measure", "value", "low", "high", "reason"]
    return InternalExternalValidation(
        table=pd.concat(tables, ignore_index=True)[columns], risk=risk, level=level
    )


def _say_failed(tables: list[pd.DataFrame], failed: list[pd.DataFrame]) -> None:
    """Refuse where no model could be developed, and warn of the sites that had none."""
    if not failed:
        return
    first = f"the first: {failed[0].group.iloc[0]}, {failed[0].reason.iloc[0]}"
    if len(failed) == len(tables):
        raise ValueError(
            f"estimator must fit without at least one site; got {len(failed)} failures, {first} "
            "Fit it to X and y by "
            "itself to see why."
        )
    warnings.warn(
        f"no model could be developed without {len(failed)} of {len(tables)} sites, which stay "
        f"NaN; {first}",
        UserWarning,
        stacklevel=3,
    )


def _in_order(names: Any) -> list[Any]:
    """Sites by name; as text where numbers and text are mixed."""
    try:
        return sorted(names)
    except TypeError:
        return sorted(names, key=str)


def _site(
    patients: Patients,
    estimator: Any,
    out: npt.NDArray[np.bool_],
    measures: Sequence[str],
    thresholds: FloatArray,
    level: float,
) -> tuple[pd.DataFrame, FloatArray]:
    """Measures in one site, and the risks of its patients."""
    names = [*measures, *net_benefit_keys(thresholds)]
    risk = np.full(int(out.sum()), np.nan)
    try:
        risk = patients.risk(
            patients.refit(estimator, patients.sample(np.flatnonzero(~out))).model
        )[patients.row[out]]
        with recorded() as said:
            table = performance(
                patients.outcome[out],
                {"model": risk},
                measures=measures,
                thresholds=thresholds,
                level=level,
            )
    except Exception as error:  # any estimator may fail in any way; the reason is kept and shown
        empty = pd.DataFrame({"measure": names, "value": np.nan, "low": np.nan, "high": np.nan})
        return empty.assign(reason=str(error)), risk
    table = table.query("model == 'model'")
    why = " ".join(said)
    return table.assign(reason=np.where(table.value.isna(), why, "")), risk
