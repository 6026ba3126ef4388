"""What the file of a Bayesian model holds."""

from __future__ import annotations

from typing import Annotated, Literal, Self

import numpy as np
from pydantic import Field, StrictBool, StrictInt, StrictStr, model_validator

from .classifier_state import SavedDesign
from .evidence_state import SavedSource
from .plain_values import (
    AnyArray,
    Array,
    Count,
    Finite,
    Label,
    Names,
    Number,
    Probability,
    SavedPart,
    require,
)

_Normal = tuple[Finite, Annotated[Finite, Field(ge=0)]]


class _Chances(SavedPart):
    """An estimate of a base rate with its limits."""

    value: Probability
    low: Probability
    high: Probability
    level: Probability
    kind: StrictStr
    method: StrictStr


class _OwnPrior(SavedPart):
    type: Literal["Prior"]
    name: StrictStr
    intercept: _Normal
    slopes: _Normal | dict[str, _Normal]


class _PublishedPrior(SavedPart):
    type: Literal["EvidencePrior"]
    name: StrictStr
    base_rate: _Chances
    dependence: _Normal
    interaction_sd: Annotated[Finite, Field(gt=0)]
    findings: dict[str, SavedSource]


_Prior = Annotated[_OwnPrior | _PublishedPrior, Field(discriminator="type")]


class _BayesianOptions(SavedPart):
    groups: StrictStr | StrictInt | None
    draws: Annotated[StrictInt, Field(ge=1)]
    chains: Annotated[StrictInt, Field(ge=1)]
    random_state: StrictInt | None
    method: Literal["nuts", "laplace"]
    verification_shift: Finite | None
    progress: StrictBool
    event: Label | None


class _Counted(SavedPart):
    events: Array
    n: Array
    site: Array


class _Reported(SavedPart):
    coefficient: Array
    site_sd: Array
    site_effect: Array
    accuracy: Array


class _Sampled(SavedPart):
    diverging: AnyArray
    energy: AnyArray


class _Weighted(SavedPart):
    pareto_k: Finite
    effective: Count


class _Drawn(SavedPart):
    parameters: Array
    posterior: _Reported
    prior: _Reported
    drawn: _Sampled | _Weighted


class _Check(SavedPart):
    sources: Names
    table: dict[str, list[Number]]
    statistic: Number
    degrees_of_freedom: StrictInt
    p_value: Number
    problems: list[StrictStr]

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        same = all(len(column) == len(self.sources) for column in self.table.values())
        names = {"base_rate", "low", "high", "specificity", "specificity_low", "specificity_high"}
        require(same and set(self.table) == names, "table must have its columns, a row a source")
        return self


class SavedPosterior(SavedDesign):
    """A Bayesian model: counts of patients, prior and draws."""

    kind: Literal["BayesianLogisticModel"]
    options: _BayesianOptions
    asked_prior: Literal["weak", "evidence"] | _Prior
    prior: _Prior
    reference_standard: (
        Annotated[list[Finite], Field(min_length=2, max_length=2)] | SavedSource | None
    )
    sites: list[StrictStr]
    n_unverified: Count
    patterns: Array
    weight: Array
    counts: _Counted
    fit: _Drawn
    standard_check: _Check | None

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        m = len(np.atleast_1d(self.weight))
        p = self.n_terms
        sites = len(self.sites)
        counts = (self.weight, self.counts.events, self.counts.n, self.counts.site)
        require(
            self.patterns.shape == (m, len(self.columns)) and all(x.shape == (m,) for x in counts),
            "patterns, weight and counts must be of the same patterns",
        )
        events = self.counts.events
        n = self.counts.n
        site = self.counts.site
        within = (events >= 0) & (events <= n) & (self.weight > 0)
        known = (site.dtype.kind == "i") & (site >= 0) & (site < max(sites, 1))
        require(bool(np.all(within & known)), "events and site must be those of patients")
        require((sites > 0) == (self.options.groups is not None), "groups must have sites")
        drawn = self.fit
        shape = (self.options.chains, self.options.draws)
        size = p * (1 + (1 + sites if sites else 0)) + 2 * isinstance(
            self.reference_standard, SavedSource
        )
        require(drawn.parameters.shape == (*shape, size), "parameters must be chains of draws")
        said = drawn.drawn
        if isinstance(said, _Sampled):
            same = said.diverging.shape == said.energy.shape == shape
            require(same and said.diverging.dtype.kind == "b", "energy must be that of the draws")
        _check_reported(drawn.posterior, shape, p, sites)
        _check_reported(drawn.prior, drawn.prior.coefficient.shape[:2], p, sites)
        return self


def _check_reported(drawn: _Reported, shape: tuple[int, ...], p: int, sites: int) -> None:
    """Shapes of reported draws."""
    fits = (
        len(shape) == 2
        and min(shape) > 0
        and drawn.coefficient.shape == (*shape, p)
        and drawn.site_sd.shape == (*shape, p if sites else 0)
        and drawn.site_effect.shape == (*shape, sites + 1, p)
        and drawn.accuracy.shape in ((*shape, 0), (*shape, 2))
    )
    require(fits, "coefficient, site_sd, site_effect and accuracy must be of the same draws")
