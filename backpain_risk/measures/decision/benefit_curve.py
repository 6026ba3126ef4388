"""A decision curve: what is asked of it once it is drawn."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ...numerics.checks import FloatArray
from ...numerics.intervals import percentile_limits
from ...results.notebook import as_html
from .inputs import TREAT_ALL, TREAT_NONE
from .strategies import Strategies
from .value_of_information import expected_maximum

_FEW = 50  # events


@dataclass(frozen=True, eq=False, kw_only=True)
class DecisionCurve:
    """Net benefit of models and of treating all and none.

    Attributes
    ----------
    models : tuple of str
        ``treat_all`` and ``treat_none`` first.
    thresholds : ndarray, shape (k,)
    net_benefit, low, high : ndarray, shape (models, k)
    tp_rate, fp_rate : ndarray, shape (models, k)
        True and false positives per patient, at the given prevalence.
    prevalence : float
    from_sample : bool
        Whether the prevalence is that of the patients.
    policy : str
    harm : ndarray, shape (models,)
    strategies : Strategies
        The patients that each strategy treats, of whom limits of differences are made.
    interval : str
        How the limits were made.
    resamples : ndarray, shape (resamples, models, k), or None
        Net benefit in bootstrap resamples.
    level, n, n_events : float
    """

    models: tuple[str, ...]
    thresholds: FloatArray
    net_benefit: FloatArray
    low: FloatArray
    high: FloatArray
    tp_rate: FloatArray
    fp_rate: FloatArray
    prevalence: float
    policy: str
    level: float
    interval: str
    n: float
    n_events: float
    harm: FloatArray
    from_sample: bool
    strategies: Strategies
    resamples: FloatArray | None = None

    def to_frame(self) -> pd.DataFrame:
        """One row per model and threshold.

        Columns model, threshold, net_benefit, low, high, standardised_net_benefit,
        net_interventions_avoided, tp_rate, fp_rate, sensitivity, specificity, ppv, npv. Net
        interventions avoided are per patient, against treating all.
        """
        tp = self.tp_rate
        fp = self.fp_rate
        p = self.prevalence
        with np.errstate(divide="ignore", invalid="ignore"):
            columns = {
                "net_benefit": self.net_benefit,
                "low": self.low,
                "high": self.high,
                "standardised_net_benefit": self.net_benefit
                / (p if self.policy == "opt-in" else 1 - p),
                "net_interventions_avoided": self._avoided(),
                "tp_rate": tp,
                "fp_rate": fp,
                "sensitivity": tp / p,
                "specificity": 1 - fp / (1 - p),
                "ppv": tp / (tp + fp),
                "npv": (1 - p - fp) / (1 - tp - fp),
            }
        return self._table(columns)

    def _table(self, columns: Mapping[str, FloatArray]) -> pd.DataFrame:
        k = self.thresholds.size
        rows = {
            "model": np.repeat(self.models, k),
            "threshold": np.tile(self.thresholds, len(self.models)),
        }
        return pd.DataFrame(rows | {name: values.ravel() for name, values in columns.items()})

    def _avoided(self) -> FloatArray:
        gain = self.net_benefit - self.net_benefit[self.models.index(TREAT_ALL)]
        return gain * (1 - self.thresholds) / self.thresholds if self.policy == "opt-in" else gain

    def consequences(self, per: float = 1000) -> pd.DataFrame:
        """What happens to ``per`` patients: one row per model and threshold.

        Columns model, threshold, treated, true_positives, false_positives, false_negatives,
        true_negatives, net_true_positives (the net benefit: true positives with nobody treated
        needlessly; for opt-out net_true_negatives with nobody missed) and net_interventions_avoided
        (against treating all).

        Parameters
        ----------
        per : float
            Patients that counts are given for.
        """
        tp = self.tp_rate
        fp = self.fp_rate
        p = self.prevalence
        rates = {
            "treated": tp + fp,
            "true_positives": tp,
            "false_positives": fp,
            "false_negatives": p - tp,
            "true_negatives": 1 - p - fp,
            "net_true_positives"
            if self.policy == "opt-in"
            else "net_true_negatives": self.net_benefit,
            "net_interventions_avoided": self._avoided(),
        }
        return self._table({name: per * rate for name, rate in rates.items()})

    def difference(self, a: str, b: str) -> pd.DataFrame:
        """Paired difference in net benefit, a minus b: columns threshold, difference, low, high.

        The limits are made as those of the curve (``interval``), from the patients on whom the two
        decide differently.

        Parameters
        ----------
        a : str
            One of the two that are compared.
        b : str
            The other, which is taken from it.

        Warns
        -----
        UserWarning
            With fewer than 50 events (or non-events) where the limits are normal or resampled: they
            held the truth in as few as half of synthetic cohorts (:func:`coverage_of_limits`).
        """
        self._warn_of_few()
        i, j = (self._index(name, "a and b") for name in (a, b))
        value = self.net_benefit[i] - self.net_benefit[j]
        if self.resamples is not None:
            low, high = percentile_limits(self.resamples[:, i] - self.resamples[:, j], self.level)
        else:
            low, high = self.strategies.difference_limits(i, j, self.interval, self.level)
        return pd.DataFrame(
            {"threshold": self.thresholds, "difference": value, "low": low, "high": high}
        )

    def _warn_of_few(self) -> None:
        few = min(self.n_events, self.n - self.n_events) < _FEW
        if few and (self.resamples is not None or self.interval == "normal"):
            warnings.warn(
                f"limits of a difference by {self.interval} are too narrow with fewer than {_FEW} "
                "events; use interval='mover' without resamples",
                UserWarning,
                stacklevel=3,
            )

    def best(self) -> pd.DataFrame:
        """Ranges of thresholds over which one strategy has the highest net benefit: columns model,
        low, high.

        Where strategies tie, the first of ``models`` counts, so a model that equals treating all or
        none does not.
        """
        best = np.argmax(np.round(self.net_benefit, 15), axis=0)
        first = np.flatnonzero(np.concatenate([[True], best[1:] != best[:-1]]))
        last = np.append(first[1:], best.size) - 1
        models = [self.models[i] for i in best[first]]
        return pd.DataFrame(
            {"model": models, "low": self.thresholds[first], "high": self.thresholds[last]}
        )

    def evpi(self) -> pd.DataFrame:
        """Expected value of perfect information of a validation: columns model, threshold, evpi.

        How much net benefit per patient is expected to be gained by knowing for certain which of
        using the model, treating all and treating none is best: the mean of the largest net benefit
        less the largest mean. From the bootstrap resamples where there are any; else from the
        bivariate normal approximation of model and treat all.

        References
        ----------
        Sadatsafavi et al. (2023), Med Decis Making 43:564.
        """
        names = [name for name in self.models if name not in (TREAT_ALL, TREAT_NONE)]
        values = np.stack([self._evpi(self._index(name, "model")) for name in names])
        k = self.thresholds.size
        rows = {"model": np.repeat(names, k), "threshold": np.tile(self.thresholds, len(names))}
        return pd.DataFrame(rows | {"evpi": values.ravel()})

    def _evpi(self, i: int) -> FloatArray:
        three = [self.models.index(TREAT_ALL), self.models.index(TREAT_NONE), i]
        if self.resamples is not None:
            drawn = self.resamples[:, three]
            return np.asarray(drawn.max(axis=1).mean(axis=0) - drawn.mean(axis=0).max(axis=0))
        reference = self.strategies.reference
        a, b = [j for j in three if j != reference]
        mean_a, mean_b = (self.net_benefit[j] - self.net_benefit[reference] for j in (a, b))
        sd_a, sd_b, apart = (
            self.strategies.standard_error(*pair)
            for pair in ((a, reference), (b, reference), (a, b))
        )
        covariance = (sd_a**2 + sd_b**2 - apart**2) / 2
        best = expected_maximum(mean_a, mean_b, sd_a, sd_b, covariance)
        return best - np.maximum(0, np.maximum(mean_a, mean_b))

    def _index(self, name: str, argument: str) -> int:
        if name not in self.models:
            raise ValueError(
                f"{argument} must be models of the curve; got {name!r}. Known: "
                f"{', '.join(self.models)}."
            )
        return self.models.index(name)

    def __repr__(self) -> str:
        head = (
            f"Decision curve ({self.policy}): {self.n:g} patients, {self.n_events:g} events, "
            "prevalence "
        )
        return f"{head}{self.prevalence:.3%}; limits {self.interval}."

    def _repr_html_(self) -> str:
        return as_html(repr(self), self.to_frame().head(10))
