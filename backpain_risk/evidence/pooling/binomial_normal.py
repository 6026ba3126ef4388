"""The exact likelihood of binomial counts whose logits vary normally between studies, by adaptive
quadrature.

events_i ~ Binomial(n_i, expit(mean + tau z_i)), z_i ~ N(0, 1). No continuity correction: a study
without events counts.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import optimize
from scipy.special import expit, gammaln, logit, logsumexp

from ...numerics.checks import FloatArray
from ...numerics.quadrature import normal_nodes

_NODES = 31
_WIDEST = 10.0  # largest between-study SD considered, on the logit


@dataclass(frozen=True, eq=False, kw_only=True)
class BinomialCounts:
    """Events and patients of each study, both (k,)."""

    events: FloatArray
    n: FloatArray

    def log_likelihood(self, mean: FloatArray | float, tau: float) -> FloatArray:
        """Of each mean, binomial coefficients included; shape of ``mean``."""
        centre = np.asarray(mean, dtype=np.float64)[..., None]
        peak, width = self._peaks(centre, tau)
        nodes, weights = normal_nodes(_NODES)
        z = peak[..., None] + width[..., None] * nodes
        eta = centre[..., None] + tau * z
        binomial = self.events[:, None] * eta - self.n[:, None] * np.logaddexp(0, eta)
        study = logsumexp(binomial - 0.5 * z**2 + 0.5 * nodes**2, b=weights, axis=-1) + np.log(
            width
        )
        return np.asarray(np.sum(study + self._log_coefficients(), axis=-1))

    def _log_coefficients(self) -> FloatArray:
        return np.asarray(
            gammaln(self.n + 1) - gammaln(self.events + 1) - gammaln(self.n - self.events + 1)
        )

    def _peaks(self, centre: FloatArray, tau: float) -> tuple[FloatArray, FloatArray]:
        """Where each study's integrand is largest in z, and its width there: Newton steps on a
        concave function.
        """
        smoothed = logit((self.events + 0.5) / (self.n + 1))
        information = self.n * expit(smoothed) * expit(-smoothed)
        z = tau * information * (smoothed - centre) / (1 + tau**2 * information)
        for _ in range(30):
            risk = expit(centre + tau * z)
            curvature = 1 + tau**2 * self.n * risk * (1 - risk)
            z = z + np.clip((tau * (self.events - self.n * risk) - z) / curvature, -1.0, 1.0)
        risk = expit(centre + tau * z)
        return z, 1 / np.sqrt(1 + tau**2 * self.n * risk * (1 - risk))

    def best_mean(self, tau: float) -> float:
        """Mean logit that maximises the likelihood at one spread."""
        pooled = float(logit((self.events.sum() + 0.5) / (self.n.sum() + 1)))
        bounds = (pooled - 10 - 5 * tau, pooled + 10 + 5 * tau)
        return float(
            optimize.minimize_scalar(
                lambda mean: -float(self.log_likelihood(mean, tau)),
                bounds=bounds,
                method="bounded",
                options=_PRECISE,
            ).x
        )

    def standard_error(self, mean: float, tau: float) -> float:
        """From the curvature in mean and spread together; in the mean alone where the spread is
        (nearly) 0, or where the likelihood has no peak in both (the restricted spread is not where
        the likelihood peaks).
        """
        hessian = self._hessian(mean, tau)
        if tau < 1e-3 or hessian[1, 1] <= 0 or np.linalg.det(hessian) <= 0:
            return float(1 / np.sqrt(hessian[0, 0]))
        return float(np.sqrt(np.linalg.inv(hessian)[0, 0]))

    def _hessian(self, mean: float, tau: float) -> FloatArray:
        """Negative second derivatives in (mean, tau) by central differences, (2, 2)."""
        h = 1e-3

        def value(i: int, j: int) -> float:
            return float(self.log_likelihood(mean + i * h, abs(tau + j * h)))

        top = value(0, 0)
        a = 2 * top - value(1, 0) - value(-1, 0)
        b = 2 * top - value(0, 1) - value(0, -1)
        c = -(value(1, 1) - value(1, -1) - value(-1, 1) + value(-1, -1)) / 4
        return np.array([[a, c], [c, b]]) / h**2

    def best_tau(self, *, restricted: bool) -> float:
        """Spread that maximises the likelihood: at the best mean (ML), or integrated over a flat
        mean (restricted).
        """

        def loss(tau: float) -> float:
            if restricted:
                return -self.integrated_log_likelihood(tau)
            return -float(self.log_likelihood(self.best_mean(tau), tau))

        found = optimize.minimize_scalar(
            loss, bounds=(0.0, _WIDEST), method="bounded", options=_PRECISE
        )
        return min((0.0, float(found.x)), key=loss)

    def integrated_log_likelihood(self, tau: float) -> float:
        """Log integral of the likelihood over the mean, by quadrature adapted to its peak, up to
        a constant.
        """
        mean = self.best_mean(tau)
        (nodes, weights) = normal_nodes(_NODES)
        width = 1 / np.sqrt(self._hessian(mean, tau)[0, 0])
        return float(
            logsumexp(self.log_likelihood(mean + width * nodes, tau) + 0.5 * nodes**2, b=weights)
            + np.log(width)
        )


_PRECISE = {"xatol": 1e-9}
