"""Bayesian decision curves: what is believed of the net benefit after seeing the patients."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from ...numerics.checks import (
    MOST,
    FloatArray,
    as_generator,
    check_both_classes,
    check_choice,
    check_level,
    check_pair,
    check_resamples,
)
from ...numerics.intervals import percentile_limits
from ...numerics.values import as_real, shown
from ...results.notebook import as_html
from .convention import net_benefit
from .counts import DecisionCounts, decision_counts
from .inputs import TREAT_ALL, TREAT_NONE, Risks, check_models, check_thresholds

DEPENDENCE = ("independent", "paired")
_MOST_PAIRED = 8


@dataclass(frozen=True, eq=False, kw_only=True)
class BayesianDecisionCurve:
    """Posterior of the net benefit of models and of treating all and none.

    Attributes
    ----------
    models : tuple of str
        ``treat_all`` and ``treat_none`` first.
    thresholds : ndarray, shape (k,)
    net_benefit, low, high : ndarray, shape (models, k)
        Exact posterior mean, and equal-tailed credible limits from the draws.
    p_useful : ndarray, shape (models, k)
        Probability that the net benefit exceeds those of treating all and of treating none; NaN for
        these two.
    p_best : ndarray, shape (models, k)
        Probability that the net benefit is the highest of all; strategies that tie all count.
    evpi : ndarray, shape (k,)
        Expected net benefit per patient lost by not knowing which strategy is best.
    draws : ndarray, shape (n_draws, models, k)
    dependence : str
    level, n, n_events : float
    """

    models: tuple[str, ...]
    thresholds: FloatArray
    net_benefit: FloatArray
    low: FloatArray
    high: FloatArray
    p_useful: FloatArray
    p_best: FloatArray
    evpi: FloatArray
    draws: FloatArray
    dependence: str
    level: float
    n: float
    n_events: float

    def to_frame(self) -> pd.DataFrame:
        """One row per model and threshold: model, threshold, net_benefit, low, high, p_useful,
        p_best, evpi.

        ``evpi`` belongs to the threshold and is the same for all its models.
        """
        m = len(self.models)
        k = self.thresholds.size
        columns = {
            name: getattr(self, name).ravel()
            for name in ("net_benefit", "low", "high", "p_useful", "p_best")
        }
        table = {"model": np.repeat(self.models, k), "threshold": np.tile(self.thresholds, m)}
        return pd.DataFrame(table | columns | {"evpi": np.tile(self.evpi, m)})

    def difference(self, a: str, b: str) -> pd.DataFrame:
        """Posterior of the difference, a minus b: columns threshold, difference, low, high,
        p_positive.

        Parameters
        ----------
        a : str
            One of the two that are compared.
        b : str
            The other, which is taken from it.
        """
        i, j = (self._index(name) for name in (a, b))
        return self._summary(
            self.draws[:, i] - self.draws[:, j], self.net_benefit[i] - self.net_benefit[j]
        )

    def difference_from_best(self, model: str) -> pd.DataFrame:
        """Posterior of the net benefit of a model less that of the best other strategy in each
        draw.

        Columns threshold, difference, low, high, p_positive.

        Parameters
        ----------
        model : str
            Name of the model in the curve.
        """
        i = self._index(model)
        gap = self.draws[:, i] - np.delete(self.draws, i, axis=1).max(axis=1)
        return self._summary(gap, gap.mean(axis=0))

    def _summary(self, drawn: FloatArray, mean: FloatArray) -> pd.DataFrame:
        low, high = percentile_limits(drawn, self.level)
        columns = {"threshold": self.thresholds, "difference": mean, "low": low, "high": high}
        return pd.DataFrame(columns | {"p_positive": (drawn > 0).mean(axis=0)})

    def _index(self, name: str) -> int:
        if name not in self.models:
            raise ValueError(
                f"model must be one of the curve; got {name!r}. Known: {', '.join(self.models)}."
            )
        return self.models.index(name)

    def __repr__(self) -> str:
        head = (
            f"Bayesian decision curve: {self.n:g} patients, {self.n_events:g} events; "
            f"{self.level:.0%} credible "
        )
        return f"{head}limits from {len(self.draws)} draws."

    def _repr_html_(self) -> str:
        return as_html(repr(self), self.to_frame().head(10))


def bayesian_decision_curve(
    outcome: npt.ArrayLike,
    risks: Risks,
    *,
    rng: int | np.random.SeedSequence | np.random.Generator,
    thresholds: npt.ArrayLike | None = None,
    prior: tuple[float, float] = (1, 1),
    prevalence_counts: tuple[float, float] | None = None,
    dependence: str = "independent",
    n_draws: int = 4000,
    sample_weight: npt.ArrayLike | None = None,
    level: float = 0.95,
) -> BayesianDecisionCurve:
    """Posterior net benefit from conjugate priors on prevalence, sensitivity and specificity.

    Parameters
    ----------
    outcome : array, shape (n,)
        0 or 1, both present.
    risks : array, mapping of name to array, or DataFrame
        Predicted probabilities; a single array is called ``"model"``.
    rng : int, SeedSequence or Generator
        Source of the draws; the same one gives the same draws.
    thresholds : array, optional
        Strictly between 0 and 1, ascending; 0.1 % to 10 % when None.
    prior : pair of float
        Beta prior of the prevalence and, at every threshold, of each sensitivity and specificity.
    prevalence_counts : pair of float, optional
        Events and patients of another sample that informs the prevalence instead, for case-control
        data.
    dependence : {"independent", "paired"}
        ``independent`` draws each model by itself, as bayesDCA does, which overstates the
        uncertainty of differences between models that agree on most patients, and so the EVPI.
        ``paired`` keeps what the same patients say about several models together: a Dirichlet
        posterior of their joint decisions, whose margins are the beta posteriors below. For a
        single model the two are the same.
    n_draws : int
        Number of draws.
    sample_weight : array, shape (n,), optional
        Number of identical patients.
    level : float
        Share that the limits are to hold, inside (0, 1).

    Returns
    -------
    BayesianDecisionCurve

    Raises
    ------
    ValueError
        For one class only, risks outside [0, 1], thresholds of 0 or 1, a prior that is not
        positive, or more than 8 models when paired.

    Notes
    -----
    Net benefit at t: Se p - (1 - Sp)(1 - p) t/(1 - t), with p | data ~ Beta(a + events, b +
    non-events), Se | data ~ Beta(a + TP, b + FN), Sp | data ~ Beta(a + TN, b + FP). The draws of p
    are shared by all strategies.

    How often the credible limits hold with 13 to 200 events: :func:`coverage_of_limits`.

    With few events the prior counts: a model that makes nobody positive at a threshold has the net
    benefit of treating none, but the prior gives it some sensitivity, and so a high ``p_useful``
    that no patient supports.

    References
    ----------
    Cruz and Korthauer (2024), Stat Med 43:2043 (bayesDCA). Sadatsafavi et al. (2023), Med Decis
    Making 43:564 (EVPI).

    Examples
    --------
    >>> outcome, risk = [1, 0, 0, 0], [0.4, 0.3, 0.1, 0.1]
    >>> curve = bayesian_decision_curve(outcome, risk, thresholds=[0.2], rng=1)
    >>> curve.net_benefit.round(4).ravel().tolist()
    [0.1667, 0.0, 0.1556]
    """
    check_choice("dependence", dependence, DEPENDENCE)
    check_resamples("n_draws", n_draws, 1)
    check_level(level)
    y, named, w = check_models(outcome, risks, sample_weight)
    t = check_thresholds(thresholds)
    check_both_classes(y, w, "bayesian_decision_curve")
    _check_options(prior, prevalence_counts, len(named) if dependence == "paired" else 0)
    generator = as_generator(rng)
    events = float(w @ y)
    n = float(w.sum())
    counts = decision_counts(y, list(named.values()), w, t)
    arms = (n - events, events)
    prevalence = _prevalence_prior(prior, prevalence_counts or (events, n))
    drawn = generator.beta(*prevalence, size=(n_draws, 1, 1))
    if dependence == "paired":
        rates = _paired_rates(counts.cells, prior, n_draws, generator)
    else:
        rates = _independent_rates(counts, arms, prior, n_draws, generator)
    benefit = _net_benefit(*rates, drawn, t)
    mean = _posterior_mean(counts, arms, prior, prevalence, t)
    return _result(named, t, mean, benefit, dependence, level, n, events)


def _check_options(
    prior: tuple[float, float], prevalence_counts: tuple[float, float] | None, n_paired: int
) -> None:
    if not all(0 < (as_real(value) or 0) <= MOST for value in check_pair("prior", prior)):
        raise ValueError(
            f"prior must be two positive numbers; got {shown(prior)}. Use (1, 1) for a uniform "
            "prior."
        )
    if prevalence_counts is not None:
        events, patients = (
            as_real(count) for count in check_pair("prevalence_counts", prevalence_counts)
        )
        if (
            events is None
            or patients is None
            or not 0 <= events <= patients <= MOST
            or patients < 1
        ):
            raise ValueError(
                "prevalence_counts must be events and patients, events not more than patients; got "
                f"{shown(prevalence_counts)}. Pass for example (13, 1975)."
            )
    if n_paired > _MOST_PAIRED:
        raise ValueError(
            f"risks must hold at most {_MOST_PAIRED} models for dependence='paired'; got "
            f"{n_paired}. Compare fewer "
            "at a time, or use 'independent'."
        )


def _prevalence_prior(
    prior: tuple[float, float], counts: tuple[float, float]
) -> tuple[float, float]:
    return prior[0] + counts[0], prior[1] + counts[1] - counts[0]


def _independent_rates(
    counts: DecisionCounts,
    arms: tuple[float, float],
    prior: tuple[float, float],
    n_draws: int,
    rng: np.random.Generator,
) -> tuple[FloatArray, FloatArray]:
    """Draws of sensitivity and of 1 - specificity of the models, (n_draws, models, k)."""
    fp, tp = np.moveaxis(counts.positives[2:], 1, 0)
    shape = (n_draws, *tp.shape)
    sensitivity = rng.beta(prior[0] + tp, prior[1] + arms[1] - tp, size=shape)
    return sensitivity, 1 - rng.beta(prior[0] + arms[0] - fp, prior[1] + fp, size=shape)


def _paired_rates(
    cells: DecisionCounts, prior: tuple[float, float], n_draws: int, rng: np.random.Generator
) -> tuple[FloatArray, FloatArray]:
    """The same from Dirichlet posteriors of the joint decisions of all models, by outcome and
    threshold.

    Their prior gives a decision the share of its margins' product, so each margin has the Beta
    prior itself.
    """
    m = cells.reached.shape[0] - 2
    k = cells.n_thresholds
    positive = (np.arange(2**m)[:, None] >> np.arange(m)) & 1
    rates = np.empty((2, n_draws, m, k))
    for outcome, shape in ((1, prior), (0, prior[::-1])):
        share = np.asarray(shape) / sum(prior)
        base = sum(prior) * np.prod(np.where(positive == 1, share[0], share[1]), axis=1)
        mine = cells.outcome == outcome
        for j in range(k):
            code = ((cells.reached[2:, mine] > j) << np.arange(m)[:, None]).sum(axis=0)
            seen = np.bincount(code, weights=cells.n[mine], minlength=2**m)
            drawn = rng.dirichlet(base + seen, size=n_draws)
            rates[outcome, :, :, j] = drawn @ positive
    return rates[1], rates[0]


def _net_benefit(
    sensitivity: FloatArray, false_positive_rate: FloatArray, prevalence: FloatArray, t: FloatArray
) -> FloatArray:
    """Of treating all, treating none and the models, (n_draws, 2 + models, k)."""
    models = net_benefit(sensitivity * prevalence, false_positive_rate * (1 - prevalence), t)
    treat_all = net_benefit(prevalence, 1 - prevalence, t)
    return np.concatenate([treat_all, np.zeros_like(treat_all), models], axis=1)


def _posterior_mean(
    counts: DecisionCounts,
    arms: tuple[float, float],
    prior: tuple[float, float],
    prevalence: tuple[float, float],
    t: FloatArray,
) -> FloatArray:
    """Exact, because prevalence, sensitivity and specificity are independent in the posterior."""
    fp, tp = np.moveaxis(counts.positives[2:], 1, 0)
    sensitivity = (prior[0] + tp) / (sum(prior) + arms[1])
    false_positive_rate = (prior[1] + fp) / (sum(prior) + arms[0])
    p = np.full((1, 1, 1), prevalence[0] / sum(prevalence))
    return _net_benefit(sensitivity[None], false_positive_rate[None], p, t)[0]


def _result(
    named: dict[str, FloatArray],
    t: FloatArray,
    mean: FloatArray,
    drawn: FloatArray,
    dependence: str,
    level: float,
    n: float,
    events: float,
) -> BayesianDecisionCurve:
    highest = drawn.max(axis=1, keepdims=True)
    default = np.maximum(drawn[:, :1], drawn[:, 1:2])
    useful = (drawn > default).mean(axis=0)
    useful[:2] = np.nan
    low, high = percentile_limits(drawn, level)
    return BayesianDecisionCurve(
        models=(TREAT_ALL, TREAT_NONE, *named),
        thresholds=t,
        net_benefit=mean,
        low=low,
        high=high,
        p_useful=useful,
        p_best=(drawn == highest).mean(axis=0),
        evpi=highest[:, 0].mean(axis=0) - drawn.mean(axis=0).max(axis=0),
        draws=drawn,
        dependence=dependence,
        level=level,
        n=n,
        n_events=events,
    )
