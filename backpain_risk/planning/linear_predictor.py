"""The distribution of a model's linear predictor, and what follows from it by quadrature."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq
from scipy.special import entr, expit, logit, ndtri

from ..numerics.checks import FloatArray

_REACH = 38.0  # standard deviations at which the normal density underflows
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(16)
_LARGEST_SHIFT = (
    16.0  # distance of the classes, in standard deviations, beyond any C-statistic below 1
)


@dataclass(frozen=True, eq=False, kw_only=True)
class LinearPredictor:
    """Normal distributions of one SD, mixed: the log odds that a calibrated model gives to
    patients.

    Attributes
    ----------
    share, mean : ndarray, shape (k,)
        Weight and mean of each part.
    sd : float
    """

    share: FloatArray
    mean: FloatArray
    sd: float

    def nodes(
        self, low: float = -np.inf, high: float = np.inf, *, panel: float = 1.0
    ) -> tuple[FloatArray, FloatArray]:
        """Values between two limits, and the probability that each stands for (Gauss-Legendre in
        short panels).
        """
        start = max(low, float(self.mean.min()) - _REACH * self.sd)
        end = max(start, min(high, float(self.mean.max()) + _REACH * self.sd))
        edges = np.linspace(start, end, 2 + int((end - start) / (panel * min(self.sd, 1.0))))
        half = np.diff(edges)[:, None] / 2
        values = (edges[:-1, None] + half * (1 + _NODES)).ravel()
        z = (values[:, None] - self.mean) / self.sd
        density = np.exp(-0.5 * z**2) @ self.share / (self.sd * np.sqrt(2 * np.pi))
        return values, density * (half * _WEIGHTS).ravel()

    def average(
        self, of: Callable[[FloatArray], FloatArray], low: float = -np.inf, high: float = np.inf
    ) -> float:
        """Integral of a function of the linear predictor over its distribution between two
        limits.
        """
        values, probability = self.nodes(low, high)
        return float(probability @ of(values))

    @property
    def prevalence(self) -> float:
        """Mean risk."""
        return self.average(expit)

    @property
    def c_statistic(self) -> float:
        """P(a patient with the event has the higher linear predictor), if the model is
        calibrated.
        """
        values, probability = self.nodes(panel=0.1)  # the sum below has an error of second order
        event = probability * expit(values)
        other = probability * expit(-values)
        below = np.cumsum(other) - other / 2
        return float(event @ below / (event.sum() * other.sum()))

    @property
    def r2_cox_snell(self) -> float:
        """Cox and Snell's R2 of a calibrated model: 1 - exp(2 (log likelihood of the mean - of
        the model) / n).
        """
        pi = self.prevalence
        lost = self.average(lambda lp: entr(expit(lp)) + entr(expit(-lp)))
        return float(-np.expm1(2 * (lost - entr(pi) - entr(1 - pi))))

    def sensitivity(self, threshold: float) -> float:
        """P(risk >= threshold | event), if the model is calibrated."""
        return self.average(expit, low=float(logit(threshold))) / self.prevalence

    def specificity(self, threshold: float) -> float:
        """P(risk < threshold | no event), if the model is calibrated."""
        return self.average(lambda lp: expit(-lp), high=float(logit(threshold))) / (
            1 - self.prevalence
        )


def normal(mean: float, sd: float) -> LinearPredictor:
    """A linear predictor that is normal over all patients."""
    return LinearPredictor(share=np.ones(1), mean=np.array([mean]), sd=sd)


def binormal(prevalence: float, shift: float) -> LinearPredictor:
    """A calibrated linear predictor that is normal in each class, the classes ``shift`` SDs apart.

    By Bayes' theorem the SD is ``shift`` itself and the means are logit(prevalence) -+ shift^2 /
    2.
    """
    middle = float(logit(prevalence))
    means = np.array([middle - shift**2 / 2, middle + shift**2 / 2])
    return LinearPredictor(share=np.array([1 - prevalence, prevalence]), mean=means, sd=shift)


def shift_from_c(c_statistic: float) -> float:
    """Distance of two normal classes in SDs: sqrt(2) times the normal quantile of C."""
    return float(np.sqrt(2) * ndtri(c_statistic))


def shift_from_r2(prevalence: float, r2: float) -> float:
    """Distance of two normal classes whose model has this Cox-Snell R2."""
    return float(
        brentq(
            lambda shift: binormal(prevalence, shift).r2_cox_snell - r2,
            1e-6,
            _LARGEST_SHIFT,
            xtol=1e-10,
        )
    )


def highest_r2(prevalence: float) -> float:
    """Largest Cox-Snell R2 that any model can have at a prevalence."""
    return float(-np.expm1(-2 * (entr(prevalence) + entr(1 - prevalence))))
