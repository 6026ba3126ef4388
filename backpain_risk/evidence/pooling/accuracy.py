"""Pooling of accuracy studies by bivariate random effects."""

from __future__ import annotations

import warnings

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats
from scipy.special import expit

from ...numerics.checks import as_generator, check_choice, check_flag, check_level
from .bivariate_normal import BivariateFit, LikelihoodRatioTest, ObservedLogits, fit_bivariate
from .pooled_accuracy import PooledAccuracy
from .study_counts import ARMS, StudyCounts, read_counts

METHODS = ("reml", "ml", "bayes")


def pool_accuracy(
    counts: pd.DataFrame,
    method: str = "reml",
    covariate: str | npt.ArrayLike | None = None,
    rng: int | np.random.SeedSequence | np.random.Generator | None = None,
    *,
    level: float = 0.95,
    allow_overlap: bool = False,
) -> PooledAccuracy:
    """Pool sensitivity and specificity over studies, with their correlation, by bivariate random
    effects.

    Parameters
    ----------
    counts : DataFrame
        A row per study, whole numbers in the columns ``tp, fp, fn, tn`` (or in capitals, as in R's
        mada); 0 and 0 for an arm without patients, the study then informs the other arm only.
        ``study`` (labels) and ``overlaps_with`` (labels, separated by semicolons) are read where
        present; rows of :attr:`Evidence.accuracy` with counts can be passed as they are.
    method : {"reml", "ml", "bayes"}
        The bivariate normal model of Reitsma by restricted or plain maximum likelihood, or the
        exact binomial model by NUTS.
    covariate : str or array, shape (k,), optional
        One study-level covariate of both logits: a column of ``counts`` or an array. Words are
        compared with the first in alphabetical order; numbers enter linearly.
    rng : int, SeedSequence or Generator
        Required by ``"bayes"``, not used by the others.
    level : float
        Coverage of all limits.
    allow_overlap : bool
        Pool studies that share patients, or repeat a label, all the same. Their intervals are then
        too narrow.

    Returns
    -------
    PooledAccuracy

    Raises
    ------
    ValueError
        When a column is missing, a count is negative, fractional or missing, a study is empty,
        labels repeat or studies share patients, or there are too few studies.

    Warns
    -----
    RuntimeWarning
        When the likelihood did not converge.
    SamplingWarning
        When the draws do not pass the convergence checks.

    Notes
    -----
    Reitsma: (logit sensitivity, logit false positive rate) of study i ~ N(x_i B, S_i + Psi), S_i
    diagonal with 1/tp + 1/fn and 1/fp + 1/tn. Continuity rule, as in R's mada: as soon as one cell
    of an arm with patients is zero, 1/2 is added to every cell of every study. Nothing is ever
    added to an empty arm, which is not observed.

    ``"bayes"``: counts are binomial, nothing is added. Priors: median sensitivity and false
    positive rate uniform, covariate effects N(0, 1), between-study SDs half-normal(0, 1),
    correlation LKJ(2). One study in an arm is then enough, the spread of that arm being its
    prior's.

    References
    ----------
    Reitsma and others (2005), J Clin Epidemiol 58:982. Chu and Cole (2006), J Clin Epidemiol
    59:1331. Doebler, R package mada.

    Examples
    --------
    >>> counts = pd.DataFrame(
    ...     {"tp": [20, 31, 18], "fp": [9, 4, 12], "fn": [5, 9, 2], "tn": [60, 80, 44]}
    ... )
    >>> pooled = pool_accuracy(counts)
    >>> print(pooled.lr_positive)
    6.86 (95% confidence interval 3.35 to 15.3, reml, median of draws)
    >>> pooled.coefficients[["estimate", "standard_error"]].round(3)
                     estimate  standard_error
    tsens intercept     1.536           0.340
    tfpr intercept     -2.000           0.474
    """
    check_flag("allow_overlap", allow_overlap)
    check_choice("method", method, METHODS)
    check_level(level)
    studies = read_counts(counts, covariate, allow_overlap=allow_overlap)
    _check_number(studies, method)
    if method == "bayes":
        return pool_by_sampling(studies, as_generator(rng), level)
    fit = _fit(studies, restricted=method == "reml")
    if not fit.converged:
        warnings.warn(
            "the likelihood of the bivariate model did not converge.", RuntimeWarning, stacklevel=2
        )
    return PooledAccuracy(
        studies=studies,
        method=method,
        coefficient_matrix=fit.coefficients,
        covariance=fit.covariance,
        between=fit.between,
        log_likelihood=fit.log_likelihood + _log_jacobian(studies),
        converged=fit.converged,
        covariate_test=_covariate_test(studies),
        level=level,
    )


def _check_number(studies: StudyCounts, method: str) -> None:
    needed = 1 if method == "bayes" else len(studies.terms) + 1
    for arm, n in zip(ARMS, studies.observed.sum(axis=0), strict=True):
        if n < needed:
            raise ValueError(
                f"counts must hold at least {needed} studies {arm} for method={method!r}; got {n}. "
                + ("Add studies." if method == "bayes" else "Add studies, or use method='bayes'.")
            )


def _fit(studies: StudyCounts, *, restricted: bool) -> BivariateFit:
    logit, variance = studies.logits()
    data = ObservedLogits(
        logit=logit, variance=variance, observed=studies.observed, design=studies.design
    )
    return fit_bivariate(data, restricted=restricted)


def _log_jacobian(studies: StudyCounts) -> float:
    """Turns a density of the logits into one of the proportions: sum of -log(p (1 - p)) over
    observed arms.
    """
    logit = studies.logits()[0][studies.observed]
    return -float(np.log(expit(logit) * expit(-logit)).sum())


def _covariate_test(studies: StudyCounts) -> LikelihoodRatioTest | None:
    if len(studies.terms) == 1:
        return None
    gain = _fit(studies, restricted=False).log_likelihood
    gain -= _fit(studies.without_covariate(), restricted=False).log_likelihood
    df = 2 * (len(studies.terms) - 1)
    return LikelihoodRatioTest(
        statistic=2 * gain, degrees_of_freedom=df, p_value=float(stats.chi2.sf(2 * gain, df))
    )


def pool_by_sampling(
    studies: StudyCounts, generator: np.random.Generator, level: float
) -> PooledAccuracy:
    """The exact binomial model; an arm that is empty in every study has the posterior of its
    prior.
    """
    try:
        from .accuracy_by_sampling import sample_posterior
    except ModuleNotFoundError as error:
        raise ImportError(
            f"method='bayes' needs {error.name}, which is not installed. Run: pip install "
            "'backpain-risk[bayes]'"
        ) from error
    draws, diagnostics = sample_posterior(studies, generator)
    flat = np.moveaxis(draws.coefficients, 2, 1).reshape(len(draws.tau), -1)
    (a, b) = np.median(draws.tau, axis=0)
    correlation = float(np.median(draws.correlation))
    return PooledAccuracy(
        studies=studies,
        method="bayes",
        coefficient_matrix=draws.coefficients.mean(axis=0),
        covariance=np.cov(flat, rowvar=False),
        between=np.array([[a**2, correlation * a * b], [correlation * a * b, b**2]]),
        log_likelihood=float("nan"),
        converged=not diagnostics.problems,
        draws=draws,
        diagnostics=diagnostics,
        level=level,
    )
