"""Priors and posterior draws as plain values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np
import pandas as pd

from ...numerics.checks import FloatArray
from ...results.estimate import Estimate
from ..state import accuracy_from_state, accuracy_state, array, numbers
from .evidence_prior import EvidencePrior
from .posterior import Posterior
from .prior import Prior, TermPrior
from .sampling import BayesianFit, PatternCounts, drawn_from, posterior_data, said_of
from .standard_check import StandardCheck

_DRAWN = ("coefficient", "site_sd", "site_effect", "accuracy")


def prior_state(prior: Prior | EvidencePrior) -> dict[str, Any]:
    """A prior under the name of its class."""
    if isinstance(prior, EvidencePrior):
        return {
            "type": "EvidencePrior",
            "name": prior.name,
            "base_rate": asdict(prior.base_rate),
            "dependence": _pair(prior.dependence),
            "interaction_sd": float(prior.interaction_sd),
            "findings": {key: accuracy_state(source) for key, source in prior.findings.items()},
        }
    slopes: Any = prior.slopes
    by_term = isinstance(slopes, Mapping)
    return {
        "type": "Prior",
        "name": prior.name,
        "intercept": _pair(prior.intercept),
        "slopes": {key: _pair(x) for key, x in slopes.items()} if by_term else _pair(slopes),
    }


def prior_from_state(state: dict[str, Any]) -> Prior | EvidencePrior:
    """The prior of a :func:`prior_state`."""
    if state["type"] == "EvidencePrior":
        findings = {key: accuracy_from_state(entry) for key, entry in state["findings"].items()}
        return EvidencePrior(
            base_rate=Estimate(**state["base_rate"]),
            findings=findings,
            dependence=_pair_of(state["dependence"]),
            interaction_sd=state["interaction_sd"],
            name=state["name"],
        )
    slopes = state["slopes"]
    by_term = isinstance(slopes, dict)
    return Prior(
        intercept=_pair_of(state["intercept"]),
        slopes={key: _pair_of(x) for key, x in slopes.items()} if by_term else _pair_of(slopes),
        name=state["name"],
    )


def _pair(normal: Any) -> list[float]:
    return [float(x) for x in normal]


def _pair_of(values: list[float]) -> tuple[float, float]:
    mean, sd = values
    return mean, sd


def fit_state(fit: BayesianFit) -> dict[str, Any]:
    """Draws of the posterior and of the prior, and what the method said of them."""
    return {
        "parameters": fit.parameters,
        "posterior": {name: getattr(fit.posterior, name) for name in _DRAWN},
        "prior": {name: getattr(fit.prior, name) for name in _DRAWN},
        "drawn": said_of(fit.drawn),
    }


def fit_from_state(
    state: dict[str, Any],
    counts: PatternCounts,
    term_prior: TermPrior,
    outcome: dict[str, FloatArray],
) -> BayesianFit:
    """The fit of a :func:`fit_state`, given what it was drawn from."""
    parameters = state["parameters"]
    named: dict[str, Any] = {"terms": term_prior.terms, "sites": counts.sites}
    return BayesianFit(
        data=posterior_data(counts, term_prior, outcome),
        n_patterns=len(counts.n),
        parameters=parameters,
        posterior=Posterior(**named, **state["posterior"]),
        prior=Posterior(**named, **state["prior"]),
        drawn=drawn_from(parameters, state["drawn"]),
    )


def check_state(check: StandardCheck | None) -> dict[str, Any] | None:
    """What was found of the reference standard."""
    if check is None:
        return None
    return {
        "sources": list(map(str, check.table.index)),
        "table": {str(name): numbers(x.to_numpy()) for name, x in check.table.items()},
        "statistic": numbers(check.statistic),
        "degrees_of_freedom": check.degrees_of_freedom,
        "p_value": numbers(check.p_value),
        "problems": list(check.problems),
    }


def check_from_state(state: dict[str, Any] | None) -> StandardCheck | None:
    """The check of a :func:`check_state`."""
    if state is None:
        return None
    table = {name: array(column) for name, column in state["table"].items()}
    return StandardCheck(
        table=pd.DataFrame(table, index=pd.Index(state["sources"], name="source")),
        statistic=float(state["statistic"]),
        degrees_of_freedom=state["degrees_of_freedom"],
        p_value=float(state["p_value"]),
        problems=tuple(state["problems"]),
    )


def counts_state(counts: PatternCounts) -> dict[str, Any]:
    """Events and patients of each pattern; its terms follow from the design."""
    return {
        "events": np.asarray(counts.events, np.float64),
        "n": np.asarray(counts.n, np.float64),
        "site": np.asarray(counts.site),
    }
