"""Does the base rate under an imperfect reference standard rest on the patients, or on the form
of the model?
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
import pandas as pd
from scipy import linalg, stats
from scipy.special import expit

from ...numerics.checks import FloatArray
from ...numerics.intervals import percentile_limits
from ...numerics.sampling.laplace import approximate, evaluate, importance_sample
from ...results.in_words import sentence
from ...results.notebook import as_html
from ..design import Design
from .density import log_likelihood, log_posterior
from .prior import TermPrior, centre_and_scale
from .sampling import PatternCounts, posterior_data, starting_point

DOUBT = 0.1
"""P value below which the terms of the model are said not to fit."""
_PRODUCT_SD = 0.5
_DRAWS = 4000
_BLOCK = 512  # patterns at a time


class MisspecificationWarning(UserWarning):
    """A result rests on a form of the model that the recorded outcomes contradict."""


@dataclass(frozen=True, eq=False, kw_only=True)
class StandardCheck:
    """Base rate and specificity of an estimated reference standard, by what they are identified
    from.

    Attributes
    ----------
    table : DataFrame
        base_rate, low, high, and specificity, specificity_low, specificity_high (95 % credible
        limits), indexed by source: ``margin`` (the share of recorded events and the standard's own
        study), ``model`` (its terms too), ``products`` (these and all pairwise products of terms of
        different columns).
    statistic, p_value : float
        Twice the gain in log likelihood by the products at the posterior modes, against
        chi-squared; NaN without products.
    degrees_of_freedom : int
        Products.
    problems : tuple of str
        What contradicts the model, in words; empty when nothing was seen, which is no proof of the
        model.

    Notes
    -----
    A cohort whose outcomes come from a standard that errs knows the share of recorded events,
    ``base rate * sensitivity + (1 - base rate) * (1 - specificity)``, and no more: base rate and
    specificity can only be told apart by the study of the standard (``margin``). Terms of the model
    add to that: patients whom it must give a risk near 0 show the false positives. Where log odds
    do not add up as the terms say, this part is wrong, however many patients.

    In 40 cohorts of 200 000 with four red flags that overlap (``dependence=1``), the study of the
    standard just right, the base rate by the model was 11 % too high on average and its limits held
    the truth in 11; the check warned in 32. Without overlap (``dependence=0``) they held it in 40
    and it warned in 2. Limits of the margin held it in all. With 20 000 patients the rate was
    5 % too high, limits held it in 40, and the check warned in 3 (tests/proofs/standard_check.py).

    The products let the log odds stray, N(0, 0.5^2) each, so the p value is somewhat conservative.
    All rows are by Laplace approximation with importance weights; sites are left out.
    """

    table: pd.DataFrame
    statistic: float
    degrees_of_freedom: int
    p_value: float
    problems: tuple[str, ...]

    __repr__ = sentence

    def to_frame(self) -> pd.DataFrame:
        """The table."""
        return self.table.copy()

    def _repr_html_(self) -> str:
        found = (
            "; ".join(self.problems)
            or "nothing seen that contradicts the model, which is no proof of it"
        )
        head = f"What identifies the base rate. {found} (p = {self.p_value:.3g})"
        return as_html(head, self.to_frame(), digits=3)


def check_standard(
    counts: PatternCounts,
    weight: FloatArray,
    design: Design,
    prior: TermPrior,
    outcome: dict[str, FloatArray],
) -> StandardCheck:
    """Compare what margin, model and model with products say of the base rate.

    Parameters
    ----------
    counts : PatternCounts
        Of the cohort, m patterns.
    weight : ndarray, shape (m,)
        All patients of each pattern, verified or not.
    design, prior : Design and TermPrior
        Of the model.
    outcome : dict
        Entries of the density for the imperfect outcome, errors estimated.
    """
    plain = replace(counts, site=np.zeros_like(counts.site), sites=())
    fits = {
        "margin": _fit(_margin(plain), weight.sum()[None], _anchor_only(prior), outcome),
        "model": _fit(plain, weight, prior, outcome),
    }
    product = _Products.learn(design, plain.design[:, 1:], plain.n)
    if product.pairs:
        wider = replace(
            plain, design=np.column_stack([plain.design, product.of(plain.design[:, 1:])])
        )
        fits["products"] = _fit(wider, weight, product.prior(prior), outcome)
    gain = (
        2 * (fits["products"].log_likelihood - fits["model"].log_likelihood)
        if product.pairs
        else np.nan
    )
    p_value = float(stats.chi2.sf(gain, len(product.pairs))) if product.pairs else np.nan
    table = pd.DataFrame({source: fit.row for source, fit in fits.items()}).T.rename_axis("source")
    return StandardCheck(
        table=table,
        statistic=float(gain),
        degrees_of_freedom=len(product.pairs),
        p_value=p_value,
        problems=(_problem(table, p_value),) if p_value < DOUBT else (),
    )


def _problem(table: pd.DataFrame, p_value: float) -> str:
    rate = table.base_rate
    margin = table.loc["margin"]
    return (
        "terms of the model must fit for it to estimate the errors of reference_standard; got p "
        f"= {p_value:.2g} "
        f"against pairwise products, and a base rate of {rate['model']:.2%} by the model, "
        f"{rate['products']:.2%} with "
        f"the products and {margin.base_rate:.2%} ({margin.low:.2%} to {margin.high:.2%}) without "
        "the findings. Report "
        "the last, add interactions, or state fixed errors and vary them"
    )


@dataclass(frozen=True, eq=False, kw_only=True)
class _Rates:
    """Summary of base rate and specificity, and the log likelihood at the mode."""

    row: dict[str, float]
    log_likelihood: float


def _fit(
    counts: PatternCounts, weight: FloatArray, prior: TermPrior, outcome: dict[str, FloatArray]
) -> _Rates:
    data = posterior_data(counts, prior, outcome)
    normal = approximate(log_posterior, data, starting_point(data, prior))
    seed = np.random.SeedSequence(
        0
    )  # of a summary by quadrature at random points: always the same ones
    drawn = importance_sample(log_posterior, data, normal, seed=seed, draws=_DRAWS).parameters
    rate = _mean_risk(drawn[:, : len(prior.terms)], counts.design, weight)
    row = _summary(rate, ("base_rate", "low", "high"))
    row |= _summary(expit(drawn[:, -1]), ("specificity", "specificity_low", "specificity_high"))
    return _Rates(
        row=row, log_likelihood=float(evaluate(log_likelihood, normal.mode[None], data)[0])
    )


def _mean_risk(coefficient: FloatArray, design: FloatArray, weight: FloatArray) -> FloatArray:
    total = np.zeros(len(coefficient))
    for start in range(0, len(design), _BLOCK):
        block = slice(start, start + _BLOCK)
        total += expit(coefficient @ design[block].T) @ weight[block]
    return total / weight.sum()


def _summary(draws: FloatArray, names: tuple[str, str, str]) -> dict[str, float]:
    low, high = percentile_limits(draws)
    return dict(zip(names, (float(draws.mean()), float(low), float(high)), strict=True))


def _margin(counts: PatternCounts) -> PatternCounts:
    """All patients as one pattern."""
    return replace(
        counts,
        design=np.ones((1, 1)),
        events=counts.events.sum()[None],
        n=counts.n.sum()[None],
        site=counts.site[:1],
    )


def _anchor_only(prior: TermPrior) -> TermPrior:
    """The prior of the base rate alone."""
    return replace(
        prior,
        terms=prior.terms[:1],
        mean=prior.mean[:1],
        covariance=prior.covariance[:1, :1],
        reference=np.zeros((1, 0)),
        weight=np.ones(1),
    )


@dataclass(frozen=True, eq=False, kw_only=True)
class _Products:
    """Products of terms of different columns, numbers centred and in SDs."""

    pairs: tuple[tuple[int, int], ...]
    centre: FloatArray
    scale: FloatArray

    @classmethod
    def learn(cls, design: Design, terms: FloatArray, n: FloatArray) -> _Products:
        """Pairs that occur in the cohort and are no terms already."""
        centre, scale = centre_and_scale(terms, n)
        column = [
            j for j in range(len(design.columns)) for _ in range(len(terms.T))[design.positions(j)]
        ]
        able = [
            (a, b)
            for a, b in combinations(range(len(column)), 2)
            if column[a] != column[b]
            and not {(column[a], column[b]), (column[b], column[a])} & {*design.interactions}
        ]
        every = cls(pairs=tuple(able), centre=centre, scale=scale)
        varies = np.ptp(every.of(terms)[n > 0], axis=0) > 0 if able and np.any(n > 0) else []
        return replace(
            every, pairs=tuple(pair for pair, some in zip(able, varies, strict=True) if some)
        )

    def of(self, terms: FloatArray) -> FloatArray:
        """The products of each row, (rows, pairs)."""
        standard = (terms - self.centre) / self.scale
        columns = [standard[:, a] * standard[:, b] for a, b in self.pairs]
        return np.column_stack(columns) if columns else np.zeros((len(terms), 0))

    def prior(self, prior: TermPrior) -> TermPrior:
        """The prior of a model with them."""
        k = len(self.pairs)
        return replace(
            prior,
            terms=(
                *prior.terms,
                *(f"{prior.terms[a + 1]}:{prior.terms[b + 1]}" for a, b in self.pairs),
            ),
            mean=np.pad(prior.mean, (0, k)),
            covariance=linalg.block_diag(prior.covariance, _PRODUCT_SD**2 * np.eye(k)),
            reference=np.column_stack([prior.reference, self.of(prior.reference)]),
        )
