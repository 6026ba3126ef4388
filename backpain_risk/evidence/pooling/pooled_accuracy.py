"""The result of pooling accuracy studies."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats
from scipy.special import expit

from ...numerics.checks import FloatArray, as_generator, check_fraction, refuse_where
from ...numerics.intervals import median_and_limits, normal_quantile
from ...numerics.quadrature import normal_lattice
from ...results.estimate import Estimate
from ...results.in_words import sentence
from ...results.notebook import as_html
from ..accuracy_draws import AccuracyDraws
from .bivariate_normal import LikelihoodRatioTest, lower_roots
from .heterogeneity import holling_i_squared, zhou_i_squared
from .sroc import Regions, area, curve, outline, sroc_slope
from .study_counts import StudyCounts

if TYPE_CHECKING:
    from ...numerics.sampling.diagnostics import Diagnostics
    from .accuracy_by_sampling import PosteriorDraws

_MEASURES = ("sensitivity", "specificity", "lr_positive", "lr_negative", "diagnostic_odds_ratio")


@dataclass(frozen=True, eq=False, kw_only=True)
class PooledAccuracy:
    """Sensitivity and specificity of one test, pooled over studies by a bivariate random-effects
    model.

    Made by :func:`~backpain_risk.evidence.pooling.pool_accuracy`.

    Attributes
    ----------
    studies : StudyCounts
    method : str
        ``"reml"``, ``"ml"`` or ``"bayes"``.
    coefficient_matrix : ndarray, shape (p, 2)
        Of logit sensitivity (tsens) and logit false positive rate (tfpr): the constant, then the
        covariate. Posterior means with ``"bayes"``.
    covariance : ndarray, shape (2p, 2p)
        Of the coefficients, those of tsens first.
    between : ndarray, shape (2, 2)
        Between-study covariance of the two logits.
    log_likelihood : float
        At the maximum, as R's mada has it: restricted for ``"reml"``; a density of the observed
        proportions, so the Jacobian of the logit is in it. NaN with ``"bayes"``.
    converged : bool
    covariate_test : LikelihoodRatioTest or None
        By maximum likelihood, whatever the method of the fit; None without a covariate and with
        ``"bayes"``.
    draws : PosteriorDraws or None
    diagnostics : Diagnostics or None
        Convergence of the sampler.
    value : str, float or None
        Value of the covariate that the summary is for; None is the baseline (first level, or zero).
    level : float

    Notes
    -----
    Sensitivity and specificity of likelihood fits have Wald limits on the logit scale. Ratios are
    medians and quantiles over the uncertainty of the mean logits (a lattice of normal points for
    likelihood fits, posterior draws for ``"bayes"``). ``false positive rate`` is 1 - specificity
    throughout.

    Examples
    --------
    >>> from backpain_risk import pool_accuracy
    >>> counts = pd.DataFrame(
    ...     {"tp": [20, 31, 18], "fp": [9, 4, 12], "fn": [5, 9, 2], "tn": [60, 80, 44]}
    ... )
    >>> print(pool_accuracy(counts).sensitivity)
    0.823 (95% confidence interval 0.705 to 0.9, reml)
    """

    studies: StudyCounts
    method: str
    coefficient_matrix: FloatArray
    covariance: FloatArray
    between: FloatArray
    log_likelihood: float
    converged: bool
    covariate_test: LikelihoodRatioTest | None = None
    draws: PosteriorDraws | None = None
    diagnostics: Diagnostics | None = None
    value: str | float | None = None
    level: float = 0.95

    __repr__ = sentence

    @property
    def coefficients(self) -> pd.DataFrame:
        """One row per coefficient, those of tsens first: estimate, standard_error, z, p_value,
        low, high.
        """
        estimate = self.coefficient_matrix.T.ravel()
        error = np.sqrt(np.diagonal(self.covariance))
        z = estimate / error
        half = normal_quantile(self.level) * error
        names = [f"{arm} {term}" for arm in ("tsens", "tfpr") for term in self.studies.terms]
        columns = {
            "estimate": estimate,
            "standard_error": error,
            "z": z,
            "p_value": 2 * stats.norm.sf(np.abs(z)),
        }
        return pd.DataFrame(
            columns | {"low": estimate - half, "high": estimate + half}, index=names
        )

    @property
    def mean(self) -> FloatArray:
        """Logit sensitivity and logit false positive rate of the summary point, (2,)."""
        return np.asarray(self._row @ self.coefficient_matrix)

    @property
    def mean_covariance(self) -> FloatArray:
        """Covariance of :attr:`mean`, (2, 2)."""
        contrast = np.kron(np.eye(2), self._row)
        return np.asarray(contrast @ self.covariance @ contrast.T)

    @property
    def sensitivity(self) -> Estimate:
        """At the summary point."""
        return self._proportion(0, 1.0)

    @property
    def specificity(self) -> Estimate:
        """At the summary point."""
        return self._proportion(1, -1.0)

    @property
    def lr_positive(self) -> Estimate:
        """Sensitivity / (1 - specificity)."""
        return self._ratio(lambda sens, fpr: sens / fpr)

    @property
    def lr_negative(self) -> Estimate:
        """(1 - sensitivity) / specificity."""
        return self._ratio(lambda sens, fpr: (1 - sens) / (1 - fpr))

    @property
    def diagnostic_odds_ratio(self) -> Estimate:
        """LR+ / LR-."""
        return self._ratio(lambda sens, fpr: sens * (1 - fpr) / ((1 - sens) * fpr))

    @property
    def tau(self) -> FloatArray:
        """Between-study SDs of logit sensitivity and logit false positive rate, (2,); posterior
        medians by sampling.
        """
        return np.asarray(np.sqrt(np.diagonal(self.between)))

    @property
    def correlation(self) -> float:
        """Between-study correlation of logit sensitivity and logit false positive rate; NaN
        where a spread is 0.
        """
        scale = float(self.tau.prod())
        return float(self.between[0, 1]) / scale if scale > 0 else float("nan")

    @property
    def auc(self) -> float:
        """Area under the Rutter-Gatsonis curve from 0.01 to 0.99, in mada's convention."""
        return area(curve(self.mean, self._slope("ruttergatsonis")), 0.01, 0.99)

    @property
    def partial_auc(self) -> float:
        """The same over the observed false positive rates, kept inside 0.01 to 0.99, as a share
        of their range.
        """
        seen = self.studies.observed[:, 1]
        rate = self.studies.positive[seen, 1] / self.studies.size[seen, 1]
        low = max(0.01, float(rate.min()))
        high = min(0.99, float(rate.max()))
        return area(curve(self.mean, self._slope("ruttergatsonis")), low, high)

    def sroc(self, fpr: npt.ArrayLike, kind: str = "ruttergatsonis") -> FloatArray:
        """Sensitivity of the summary ROC curve at false positive rates.

        Parameters
        ----------
        fpr : array
            In (0, 1).
        kind : {"ruttergatsonis", "naive"}
            Line on the logit scale with the slope ``tau_sens / tau_fpr``, or the regression of one
            logit on the other.

        Returns
        -------
        ndarray
            Of the shape of ``fpr``; NaN, as the areas, where false positive rates have no spread
            between studies.
        """
        rate = np.asarray(fpr, dtype=np.float64)
        refuse_where(
            ~((rate > 0) & (rate < 1)),
            rate,
            "fpr must lie strictly between 0 and 1",
            "Leave out the ends.",
        )
        return curve(self.mean, self._slope(kind))(rate)

    def regions(self, level: float | None = None) -> Regions:
        """Confidence region of the summary point and prediction region of one new setting.

        Ellipses on the logit scale at the chi-squared quantile with 2 degrees of freedom; the level
        of the fit when None.

        Parameters
        ----------
        level : float, optional
            Coverage of the regions, inside (0, 1).
        """
        chosen = check_fraction("level", self.level if level is None else level)
        return Regions(
            confidence=outline(self.mean, self.mean_covariance, chosen),
            prediction=outline(self.mean, self.mean_covariance + self.between, chosen),
            level=chosen,
        )

    def heterogeneity(self) -> pd.DataFrame:
        """Share of the variation between studies that is not chance, by several definitions of
        I-squared.

        Returns
        -------
        DataFrame
            Columns measure and value (in [0, 1]): ``zhou`` for the pair (Zhou and Dendukuri 2014)
            and six of Holling and others (2020), which need studies with both arms.

        Notes
        -----
        ``zhou`` follows the paper. mada 0.5.12 prints a smaller number: it takes the variances of
        the two means for those between studies, and test positives and negatives for the two arms.
        """
        shares = {"zhou": zhou_i_squared(self.mean, self.between, self.studies.size)}
        both = self.studies.observed.all(axis=1)
        if both.sum() >= 2:
            positive, negative = self.studies.corrected()
            shares |= holling_i_squared(positive[both], negative[both])
        return pd.DataFrame({"measure": list(shares), "value": list(shares.values())})

    def at(self, value: str | float) -> PooledAccuracy:
        """The same fit with the summary at another value of the covariate (a level, or a
        number).

        Parameters
        ----------
        value : str or float
            Level or number of the covariate.
        """
        self.studies.row(value)
        return replace(self, value=value)

    def draw(
        self, size: int, *, rng: int | np.random.SeedSequence | np.random.Generator | None = None
    ) -> AccuracyDraws:
        """Draws of sensitivity and specificity in a new setting, spread between studies included.

        The mean logits come from the posterior, or from the normal of the likelihood fit, whose
        between-study covariance is taken as known.

        Parameters
        ----------
        size : int
            Number of draws.
        rng : int, SeedSequence or Generator
            Source of the draws; the same one gives the same draws.
        """
        generator = as_generator(rng)
        if self.draws is None:
            mean = (
                self.mean
                + generator.standard_normal((size, 2))
                @ lower_roots(self.mean_covariance[None])[0].T
            )
            between = np.broadcast_to(self.between, (size, 2, 2))
        else:
            chosen = generator.integers(len(self.draws.tau), size=size)
            mean = self._mean_draws()[chosen]
            between = self.draws.between[chosen]
        logits = mean + np.einsum(
            "dij,dj->di", lower_roots(between), generator.standard_normal((size, 2))
        )
        return AccuracyDraws(sensitivity=expit(logits[:, 0]), specificity=expit(-logits[:, 1]))

    def to_frame(self) -> pd.DataFrame:
        """One row per measure at the summary point: value, low, high, level, kind, method."""
        rows = pd.concat([getattr(self, name).to_frame() for name in _MEASURES])
        return rows.set_axis(list(_MEASURES)).rename_axis("measure")

    @property
    def summary_at(self) -> str:
        """In words, the value of the covariate that the summary is for; empty without a
        covariate.
        """
        if len(self.studies.terms) == 1:
            return ""
        if self.studies.levels:
            return self.studies.levels[0] if self.value is None else str(self.value)
        return f"{self.studies.terms[1]} {0 if self.value is None else self.value}"

    @property
    def title(self) -> str:
        """In words: studies, method, what was added to the counts, where the summary is, spread
        between studies.
        """
        added = self.studies.continuity if self.method != "bayes" else 0
        parts = [f"{len(self.studies.labels)} studies, {self.method}"]
        parts += [f"{added:g} added to every cell"] if added else []
        parts += [f"summary at {self.summary_at}"] if self.summary_at else []
        spread = (
            f"between-study SD {self.tau[0]:.2g} (logit sensitivity) and {self.tau[1]:.2g} (logit "
            "false positive rate)"
        )
        return "; ".join([*parts, f"{spread}, correlation {self.correlation:.2g}"]) + "."

    def _repr_html_(self) -> str:
        return as_html(self.title, self.to_frame()[["value", "low", "high"]])

    @property
    def _row(self) -> FloatArray:
        return self.studies.row(self.value)

    def _slope(self, kind: str) -> float:
        return sroc_slope(self.tau, self.correlation, kind)

    def _mean_draws(self) -> FloatArray:
        """Draws of :attr:`mean`: the posterior's, or lattice points of the normal of the fit,
        (draws, 2).
        """
        if self.draws is not None:
            return np.asarray(np.einsum("p,dpj->dj", self._row, self.draws.coefficients))
        return np.asarray(
            self.mean + normal_lattice() @ lower_roots(self.mean_covariance[None])[0].T
        )

    def _proportion(self, arm: int, sign: float) -> Estimate:
        if self.draws is not None:
            return self._quantiles(expit(sign * self._mean_draws()[:, arm]))
        centre = sign * self.mean[arm]
        half = normal_quantile(self.level) * np.sqrt(self.mean_covariance[arm, arm])
        value, low, high = expit([centre, centre - half, centre + half])
        return Estimate(float(value), float(low), float(high), level=self.level, method=self.method)

    def _ratio(self, ratio: Callable[[FloatArray, FloatArray], FloatArray]) -> Estimate:
        return self._quantiles(ratio(*expit(self._mean_draws().T)))

    def _quantiles(self, draws: FloatArray) -> Estimate:
        low, middle, high = median_and_limits(draws, self.level)
        kind = "confidence" if self.draws is None else "credible"
        how = f"{self.method}, median of draws"
        return Estimate(
            float(middle), float(low), float(high), level=self.level, kind=kind, method=how
        )
