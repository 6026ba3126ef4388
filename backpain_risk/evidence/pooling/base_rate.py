"""Pooling of base rates."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy.special import expit

from ...numerics.checks import (
    FloatArray,
    as_generator,
    as_vector,
    check_choice,
    check_flag,
    check_level,
    check_names,
    check_same_length,
    refuse_where,
)
from ...numerics.intervals import percentile_limits
from ...results.estimate import Estimate
from .accuracy import METHODS, pool_by_sampling
from .binomial_normal import BinomialCounts
from .pooled_estimate import PooledEstimate, wald_estimate
from .study_counts import StudyCounts, refuse_overlap


def pool_prevalence(
    events: npt.ArrayLike,
    n: npt.ArrayLike,
    method: str = "reml",
    *,
    rng: int | np.random.SeedSequence | np.random.Generator | None = None,
    level: float = 0.95,
    study: Sequence[str] | None = None,
    overlaps_with: Sequence[str] | None = None,
    allow_overlap: bool = False,
) -> PooledEstimate:
    """Pool base rates over studies that share no patients: binomial counts whose logits vary
    normally between studies.

    Parameters
    ----------
    events, n : array, shape (k,)
        Patients with the disease and patients; 0 events count. Two studies or more.
    method : {"reml", "ml", "bayes"}
        How the between-study SD is estimated; see Notes.
    rng : int, SeedSequence or Generator
        Required by ``"bayes"``, not used by the others.
    level : float
        Share that the limits are to hold, inside (0, 1).
    study, overlaps_with : sequence of str, shape (k,), optional
        Labels, and the labels that each study shares patients with, separated by semicolons:
        columns of
        :attr:`Evidence.prevalence`.
    allow_overlap : bool
        Pool studies that share patients all the same.

    Returns
    -------
    PooledEstimate
        Base rate of the median setting, with ``.prediction`` for one new setting.

    Raises
    ------
    ValueError
        When counts are not whole, events exceed patients, fewer than two studies are given or
        studies share patients; when nobody (or everybody) has the disease and the method is not
        ``"bayes"``.

    Notes
    -----
    The likelihood is exact, by adaptive quadrature; nothing is added to zeros. ``"ml"`` maximises
    it (as ``lme4::glmer`` and ``metafor::rma.glmm``); ``"reml"`` first integrates it over the mean
    with a flat prior, as restricted likelihood does in the normal model, so that the spread is not
    underestimated from a few studies. Limits are Wald's on the logit. ``"bayes"`` has the priors of
    :func:`pool_accuracy`.

    References
    ----------
    Hamza, van Houwelingen, Stijnen (2008), J Clin Epidemiol 61:41. Harville (1974), Biometrika
    61:383.

    Examples
    --------
    >>> base_rate = pool_prevalence([13, 0, 1, 1], [1975, 1172, 471, 1353])
    >>> print(base_rate.prediction)
    0.00109 (95% prediction interval 2.72e-07 to 0.815, reml)
    """
    check_flag("allow_overlap", allow_overlap)
    check_choice("method", method, METHODS)
    check_level(level)
    x, size = _check_counts(events, n)
    labels = None if study is None else check_names("study", study)
    if not allow_overlap:
        _check_overlap(x.size, labels, overlaps_with)
    if method == "bayes":
        return _sampled(x, size, as_generator(rng), level)
    if x.sum() in (0.0, size.sum()):
        raise ValueError(
            "events must hold some patients with and some without the disease for "
            f"method={method!r}; "
            f"got {x.sum():g} of {size.sum():g}. Use method='bayes'."
        )
    counts = BinomialCounts(events=x, n=size)
    tau = counts.best_tau(restricted=method == "reml")
    mean = counts.best_mean(tau)
    return wald_estimate(
        mean,
        counts.standard_error(mean, tau),
        tau,
        expit,
        n_studies=x.size,
        level=level,
        method=method,
    )


def _check_counts(events: npt.ArrayLike, n: npt.ArrayLike) -> tuple[FloatArray, FloatArray]:
    x = as_vector("events", events)
    size = as_vector("n", n)
    check_same_length(events=x.size, n=size.size)
    whole = "must be a whole number of patients"
    refuse_where((x < 0) | (x != np.floor(x)), x, f"events {whole}, 0 or more", "Pass counts.")
    refuse_where(
        (size < 1) | (size != np.floor(size)), size, f"n {whole}, 1 or more", "Pass counts."
    )
    refuse_where(x > size, x, "events must not exceed n", "Check the order of the arguments.")
    if x.size < 2:
        raise ValueError(
            f"events must hold at least two studies for random effects; got {x.size}. "
            "For a single study, take the sensitivity of Accuracy or a binomial interval."
        )
    return x, size


def _check_overlap(
    k: int, study: Sequence[str] | None, overlaps_with: Sequence[str] | None
) -> None:
    if study is None:
        if overlaps_with is not None:
            raise ValueError(
                "study must come with overlaps_with; got None. Pass the labels that it speaks of."
            )
        return
    check_same_length(events=k, study=len(study))
    if overlaps_with is not None:
        check_same_length(events=k, overlaps_with=len(overlaps_with))
    refuse_overlap([str(label) for label in study], overlaps_with)


def _sampled(
    events: FloatArray, n: FloatArray, generator: np.random.Generator, level: float
) -> PooledEstimate:
    """The bivariate model with base rates for sensitivities; the other arm is empty and informs
    nothing.
    """
    empty = np.zeros_like(events)
    studies = StudyCounts(
        labels=tuple(f"study {i + 1}" for i in range(events.size)),
        positive=np.column_stack([events, empty]),
        size=np.column_stack([n, empty]),
        design=np.ones((events.size, 1)),
    )
    pooled = pool_by_sampling(studies, generator, level)
    new = pooled.draw(20_000, rng=generator).sensitivity
    low, high = percentile_limits(new, level)
    mean = pooled.sensitivity
    return PooledEstimate(
        value=mean.value,
        low=mean.low,
        high=mean.high,
        level=level,
        kind="credible",
        method=mean.method,
        prediction=Estimate(mean.value, float(low), float(high), level, "prediction", mean.method),
        tau=float(pooled.tau[0]),
        n_studies=events.size,
    )
