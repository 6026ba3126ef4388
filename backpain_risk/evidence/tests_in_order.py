"""Post-test probability with the uncertainty of accuracy and of the base rate carried through."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import expit, logit

from .. import vocabulary
from ..numerics.checks import (
    FloatArray,
    as_generator,
    check_choice,
    check_fraction,
    check_kind,
    check_level,
    check_resamples,
)
from ..numerics.intervals import median_and_limits, normal_quantile
from ..results.estimate import Estimate
from ..results.in_words import sentence
from ..results.notebook import as_html
from .accuracy_draws import AccuracyDraws
from .bayes_theorem import post_test_probability
from .diagnostic_accuracy import BETWEEN_STUDY_SD, Accuracy
from .pooling.pooled_accuracy import PooledAccuracy

if TYPE_CHECKING:
    import pandas as pd

RESULTS = ("positive", "negative")


@dataclass(frozen=True, eq=False, kw_only=True)
class PostTest:
    """What one result does to the probability of malignancy.

    Attributes
    ----------
    name : str
    pretest, likelihood_ratio, post : Estimate
        Medians of the draws with credible limits; without uncertainty of its own the pre-test has
        equal limits.
    draws : ndarray, shape (n_draws,)
        Draws of the post-test probability.
    """

    name: str
    pretest: Estimate
    likelihood_ratio: Estimate
    post: Estimate
    draws: FloatArray

    __repr__ = sentence

    def to_frame(self) -> pd.DataFrame:
        """Rows pretest, likelihood_ratio, post."""
        import pandas as pd

        parts = {
            "pretest": self.pretest,
            "likelihood_ratio": self.likelihood_ratio,
            "post": self.post,
        }
        return (
            pd.concat([part.to_frame() for part in parts.values()])
            .set_axis(list(parts))
            .rename_axis("quantity")
        )

    def _repr_html_(self) -> str:
        return as_html(self.name, self.to_frame())


def post_test(
    accuracy: Accuracy | PooledAccuracy,
    pretest: float | Estimate,
    *,
    result: str = "positive",
    n_draws: int = 20_000,
    rng: int | np.random.SeedSequence | np.random.Generator | None = None,
    specificity_sd: float | None = None,
    level: float = 0.95,
) -> PostTest:
    """Post-test probability after a positive or negative result, both uncertainties carried
    through.

    Parameters
    ----------
    accuracy : Accuracy or PooledAccuracy
        Of one study, or pooled from several.
    pretest : float or Estimate
        A number taken as known, or an estimate whose limits become a normal distribution of the
        logit.
    result : {"positive", "negative"}
        Result of the test.
    n_draws : int
        Number of draws.
    rng : int, SeedSequence or Generator
        Source of the draws; the same one gives the same draws.
    specificity_sd : float, optional
        Between-study SD of the logit specificity of a single study, 0.5 when None; 0 gives plain
        Jeffreys draws. Pooled studies bring their own spread.
    level : float
        Share that the limits are to hold, inside (0, 1).

    Returns
    -------
    PostTest

    Examples
    --------
    >>> history = Accuracy.from_counts(tp=4, fp=41, fn=9, tn=1921)
    >>> print(post_test(history, 0.005, rng=1, specificity_sd=0).post)
    0.0696 (95% credible interval 0.0255 to 0.131, median of draws)
    """
    check_choice("result", result, RESULTS)
    check_kind(
        "accuracy",
        accuracy,
        (Accuracy, PooledAccuracy),
        "Make it with Accuracy.from_counts or pool_accuracy.",
    )
    check_resamples("n_draws", n_draws, 1)
    check_level(level)
    generator = as_generator(rng)
    drawn = _accuracy_draws(accuracy, n_draws, generator, specificity_sd)
    ratio = drawn.lr_positive if result == "positive" else drawn.lr_negative
    before = _pretest_draws(pretest, n_draws, generator)
    after = post_test_probability(before, ratio)
    return PostTest(
        name=f"{_name(accuracy)}, {result}",
        pretest=_summary(before, level),
        likelihood_ratio=_summary(ratio, level),
        post=_summary(after, level),
        draws=after,
    )


def _accuracy_draws(
    accuracy: Accuracy | PooledAccuracy,
    size: int,
    rng: np.random.Generator,
    specificity_sd: float | None,
) -> AccuracyDraws:
    if isinstance(accuracy, Accuracy):
        return accuracy.draw(
            size,
            rng=rng,
            specificity_sd=BETWEEN_STUDY_SD if specificity_sd is None else specificity_sd,
        )
    if specificity_sd is not None:
        raise ValueError(
            f"specificity_sd must be None for pooled studies; got {specificity_sd}. They give "
            "their own."
        )
    return accuracy.draw(size, rng=rng)


def _name(accuracy: Accuracy | PooledAccuracy) -> str:
    if isinstance(accuracy, PooledAccuracy):
        return f"{len(accuracy.studies.labels)} studies pooled"
    return vocabulary.label(accuracy.finding) or "finding"


def _pretest_draws(pretest: float | Estimate, n_draws: int, rng: np.random.Generator) -> FloatArray:
    if not isinstance(pretest, Estimate):
        return np.full(n_draws, check_fraction("pretest", pretest))
    for limit in (pretest.value, pretest.low, pretest.high):
        check_fraction("pretest and its limits", limit)
    sd = (logit(pretest.high) - logit(pretest.low)) / (2 * normal_quantile(pretest.level))
    return np.asarray(expit(logit(pretest.value) + sd * rng.standard_normal(n_draws)))


def _summary(draws: FloatArray, level: float) -> Estimate:
    low, middle, high = median_and_limits(draws, level)
    return Estimate(
        float(middle),
        float(low),
        float(high),
        level=level,
        kind="credible",
        method="median of draws",
    )
