"""Strategies whose net benefit is compared: a sum over the patients on whom two of them differ."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ...numerics.checks import BoolArray, FloatArray
from ...numerics.intervals import combination_interval, normal_quantile
from .convention import net_benefit, worth
from .counts import DecisionCounts
from .inputs import TREAT_ALL, TREAT_NONE

INTERVALS = ("mover", "normal")


@dataclass(frozen=True, eq=False, kw_only=True)
class Strategies:
    """What the net benefits of strategies, and the limits of their differences, are computed from.

    Attributes
    ----------
    names : tuple of str
        ``treat_all`` and ``treat_none`` first.
    thresholds : ndarray, shape (k,)
    counts : DecisionCounts
    prevalence : float
    from_sample : bool
        Whether the prevalence is that of the patients.
    policy : str
    harm : ndarray, shape (strategies,)
    n, n_events : float
    """

    names: tuple[str, ...]
    thresholds: FloatArray
    counts: DecisionCounts
    prevalence: float
    from_sample: bool
    policy: str
    harm: FloatArray
    n: float
    n_events: float

    @property
    def reference(self) -> int:
        """The strategy whose net benefit is 0 for every patient: treat none, or treat all for
        opt-out.
        """
        return self.names.index(TREAT_NONE if self.policy == "opt-in" else TREAT_ALL)

    @cached_property
    def rates(self) -> tuple[FloatArray, FloatArray]:
        """True and false positives per patient, each (strategies, k)."""
        return self._rates(self.counts.positives)

    @cached_property
    def net_benefit(self) -> FloatArray:
        """Net benefit per patient less harm, (strategies, k)."""
        return self._net_benefit(*self.rates, self.prevalence)

    def _rates(self, positives: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Rates at the prevalence; treating all gives the numbers of patients."""
        fp = positives[:, 0]
        tp = positives[:, 1]
        if self.from_sample:
            n = tp[0, 0] + fp[0, 0]
            return tp / n, fp / n
        return tp / tp[0] * self.prevalence, fp / fp[0] * (1 - self.prevalence)

    def _net_benefit(self, tp: FloatArray, fp: FloatArray, prevalence: float) -> FloatArray:
        whole = net_benefit(tp, fp, self.thresholds, prevalence=prevalence, policy=self.policy)
        return whole - self.harm[:, None]

    def limits(self, interval: str, level: float) -> tuple[FloatArray, FloatArray]:
        """Limits of every net benefit, of the difference from the one that is always 0."""
        ends = [
            self.difference_limits(i, self.reference, interval, level)
            for i in range(len(self.names))
        ]
        return np.stack([low for low, _ in ends]), np.stack([high for _, high in ends])

    def resampled(self, n_resamples: int, rng: np.random.Generator) -> FloatArray:
        """Net benefit in resamples of patients, within each outcome at a given prevalence,
        (resamples, strategies, k).
        """
        drawn = np.empty((n_resamples, *self.net_benefit.shape))
        positives = self.counts.cells.resampled(
            n_resamples, rng, within_outcomes=not self.from_sample
        )
        for b, each in enumerate(positives):
            tp, fp = self._rates(each)
            drawn[b] = self._net_benefit(tp, fp, float(tp[0, 0]))
        return drawn

    def difference_limits(
        self, i: int, j: int, interval: str, level: float
    ) -> tuple[FloatArray, FloatArray]:
        """Limits (k,) of the net benefit of strategy i less that of j."""
        value = self.net_benefit[i] - self.net_benefit[j]
        if i == j:
            return value, value
        if interval == "normal":
            half = normal_quantile(level) * self.standard_error(i, j)
            return value - half, value + half
        sample = np.zeros(4) if self.from_sample else np.array([0, 1, 0, 1])
        low, high = combination_interval(*self._cells(i, j), sample, self._estimated(i, j), level)
        harm = self.harm[i] - self.harm[j]
        return low - harm, high - harm

    def _cells(self, i: int, j: int) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Patients whom only i treats and only j, without and with the event, with sizes and worth,
        each (4, k).
        """
        only_i, only_j = self.counts.disagreements(i, j)
        each = worth(self.thresholds, self.policy)
        sizes = np.full((2, 1), self.n)
        if not self.from_sample:
            each = each * np.array([[1 - self.prevalence], [self.prevalence]])
            sizes = np.array([[self.n - self.n_events], [self.n_events]])
        counts = np.concatenate([only_i, only_j])
        return (
            counts,
            np.broadcast_to(np.tile(sizes, (2, 1)), counts.shape),
            np.concatenate([each, -each]),
        )

    def _estimated(self, i: int, j: int) -> BoolArray:
        """Whether the cells of i only and j only are estimated, (4, 1).

        Nobody is treated by a model only when the other treats all, nor by the strategy that treats
        none; and at a given prevalence all patients of an outcome are treated by the one that
        treats all.
        """
        everyone = self.names.index(TREAT_ALL)
        nobody = self.names.index(TREAT_NONE)
        known = {i, j} == {everyone, nobody} and not self.from_sample
        by_i, by_j = (not known and a != nobody and b != everyone for a, b in ((i, j), (j, i)))
        return np.array([[by_i], [by_i], [by_j], [by_j]])

    def standard_error(self, i: int, j: int) -> FloatArray:
        """Standard error of the difference in net benefit between two strategies, (k,).

        A patient adds what the decision is worth where only i acts, takes it away where only j
        acts, and else counts 0.
        """
        each = worth(self.thresholds, self.policy)
        only_i, only_j = self.counts.disagreements(i, j)
        net = only_i - only_j
        either = only_i + only_j
        if self.from_sample:
            # variance of a mean of n: (sum x^2 - (sum x)^2 / n) / ((n - 1) n)
            n = self.n
            total = (net * each).sum(axis=0)
            variance = ((either * each**2).sum(axis=0) - total**2 / n) / (max(n - 1, 1) * n)
            return np.asarray(np.sqrt(variance))
        sizes = np.array([[self.n - self.n_events], [self.n_events]])
        share = np.array([[1 - self.prevalence], [self.prevalence]])
        variance = (either - net**2 / sizes) / (np.maximum(sizes - 1, 1) * sizes)
        return np.asarray(np.sqrt(np.sum((share * each) ** 2 * variance, axis=0)))
