"""Post-test probability with the uncertainty of accuracy and of the base rate carried through."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import expit, logit

from .. import vocabulary
from ..numerics.checks import FloatArray, as_generator, check_choice, check_fraction
from ..numerics.estimate import Estimate
from .bayes_theorem import post_test_probability
from .diagnostic_accuracy import BETWEEN_STUDY_SD, Accuracy

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
        Medians of the draws with credible limits; without uncertainty of its own the pre-test has equal limits.
    draws : ndarray, shape (n_draws,)
        Draws of the post-test probability.
    """

    name: str
    pretest: Estimate
    likelihood_ratio: Estimate
    post: Estimate
    draws: FloatArray

    def to_frame(self) -> pd.DataFrame:
        """Rows pretest, likelihood_ratio, post."""
        import pandas as pd

        parts = {"pretest": self.pretest, "likelihood_ratio": self.likelihood_ratio, "post": self.post}
        return pd.concat([part.to_frame() for part in parts.values()]).set_axis(list(parts)).rename_axis("quantity")

    def _repr_html_(self) -> str:
        return f"<p>{self.name}</p>{self.to_frame().to_html()}"


def post_test(
    accuracy: Accuracy,
    pretest: float | Estimate,
    *,
    result: str = "positive",
    n_draws: int = 20_000,
    rng: int | np.random.SeedSequence | np.random.Generator | None = None,
    specificity_sd: float = BETWEEN_STUDY_SD,
    level: float = 0.95,
) -> PostTest:
    """Post-test probability after a positive or negative result.

    Parameters
    ----------
    accuracy : Accuracy
    pretest : float or Estimate
        A number taken as known, or an estimate whose limits become a normal distribution of the logit.
    result : {"positive", "negative"}
    n_draws : int
    rng : int, SeedSequence or Generator
    specificity_sd : float
        Between-study SD of the logit specificity; 0 gives plain Jeffreys draws of the one study.

    Returns
    -------
    PostTest
    """
    check_choice("result", result, RESULTS)
    generator = as_generator(rng)
    drawn = accuracy.draw(n_draws, rng=generator, specificity_sd=specificity_sd)
    ratio = drawn.lr_positive if result == "positive" else drawn.lr_negative
    before = _pretest_draws(pretest, n_draws, generator)
    after = post_test_probability(before, ratio)
    return PostTest(
        name=f"{vocabulary.label(accuracy.finding) or 'finding'}, {result}",
        pretest=_summary(before, level),
        likelihood_ratio=_summary(ratio, level),
        post=_summary(after, level),
        draws=after,
    )


def _pretest_draws(pretest: float | Estimate, n_draws: int, rng: np.random.Generator) -> FloatArray:
    if not isinstance(pretest, Estimate):
        return np.full(n_draws, check_fraction("pretest", float(pretest)))
    for limit in (pretest.value, pretest.low, pretest.high):
        check_fraction("pretest and its limits", limit)
    sd = (logit(pretest.high) - logit(pretest.low)) / 3.919927969
    return np.asarray(expit(logit(pretest.value) + sd * rng.standard_normal(n_draws)))


def _summary(draws: FloatArray, level: float) -> Estimate:
    low, middle, high = np.quantile(draws, [(1 - level) / 2, 0.5, (1 + level) / 2])
    return Estimate(float(middle), float(low), float(high), level=level, kind="credible", method="median of draws")
