"""A fitted likelihood as plain values, with its patients or without them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from ...numerics.checks import FloatArray
from ...numerics.newton import LogisticObjective, Maximum, Terms
from ..state import array, numbers
from .fitting import LogisticFit
from .separation import Separation


@dataclass(frozen=True, eq=False, kw_only=True)
class StatedLimits:
    """What a fit was found to say, for when its patients are not at hand to ask again.

    Attributes
    ----------
    limits : DataFrame
        95 % limits (profile) of the coefficients: low and high, indexed by term.
    tests : DataFrame
        Likelihood-ratio tests: chi_squared and p_value, indexed by term.
    marginal : DataFrame
        Odds ratio of each term by itself: odds_ratio, low and high, indexed by term.
    """

    limits: pd.DataFrame
    tests: pd.DataFrame
    marginal: pd.DataFrame

    def state(self) -> dict[str, Any]:
        """The three tables, a list a column."""
        return {
            name: {column: numbers(x.to_numpy()) for column, x in getattr(self, name).items()}
            for name in ("limits", "tests", "marginal")
        }

    @classmethod
    def from_state(cls, state: dict[str, Any], terms: tuple[str, ...]) -> StatedLimits:
        """The tables of a :meth:`state`."""
        return cls(
            limits=_table(state["limits"], terms),
            tests=_table(state["tests"], terms),
            marginal=_table(state["marginal"], terms[1:]),
        )


def _table(columns: dict[str, Any], terms: tuple[str, ...]) -> pd.DataFrame:
    values = {name: array(column) for name, column in columns.items()}
    return pd.DataFrame(values, index=pd.Index(terms, name="term"))


def fit_state(fit: LogisticFit, *, patients: bool) -> dict[str, Any]:
    """Estimates, and with ``patients`` the covariate patterns whose likelihood they maximise."""
    direction = np.zeros(fit.coefficient.size)
    if fit.separation is not None:
        direction = fit.separation.direction
    return {
        "coefficient": numbers(fit.coefficient),
        "covariance": numbers(fit.covariance),
        "position": fit.position.tolist(),
        "direction": numbers(direction),
        "maximum": {
            "parameters": numbers(fit.maximum.parameters),
            "log_likelihood": fit.maximum.terms.value,
            "n_iterations": fit.maximum.n_iterations,
            "converged": bool(fit.maximum.converged),
        },
        "likelihood": _likelihood_state(fit.objective) if patients else None,
        "whole": _likelihood_state(fit.whole) if patients and fit.whole is not None else None,
    }


def fit_from_state(state: dict[str, Any], terms: tuple[str, ...]) -> LogisticFit:
    """The fit of a :func:`fit_state`; without patients its likelihood is that of none."""
    parameters = array(state["maximum"]["parameters"])
    objective = _likelihood(state["likelihood"], parameters.size)
    whole = None if state["whole"] is None else _likelihood(state["whole"], len(terms))
    return LogisticFit(
        objective=objective,
        maximum=Maximum(
            parameters=parameters,
            terms=_terms(objective, parameters, state["maximum"]["log_likelihood"]),
            n_iterations=state["maximum"]["n_iterations"],
            converged=state["maximum"]["converged"],
        ),
        position=np.array(state["position"], dtype=np.int64),
        coefficient=array(state["coefficient"]),
        covariance=array(state["covariance"]),
        separation=_separation(array(state["direction"]), terms),
        whole=whole,
    )


def _likelihood_state(objective: LogisticObjective) -> dict[str, Any]:
    return {
        "X": objective.X,
        "events": objective.events,
        "n": objective.n,
        "offset": objective.offset,
        "ridge": None if objective.ridge is None else objective.ridge.tolist(),
        "firth": objective.firth,
    }


def _likelihood(state: dict[str, Any] | None, p: int) -> LogisticObjective:
    if state is None:
        nobody = np.zeros(0)
        return LogisticObjective(np.zeros((0, p)), nobody, nobody, nobody)
    ridge = None if state["ridge"] is None else array(state["ridge"])
    counts = (state["events"], state["n"], state["offset"])
    return LogisticObjective(state["X"], *counts, ridge=ridge, firth=state["firth"])


def _terms(objective: LogisticObjective, parameters: FloatArray, value: float) -> Terms:
    if len(objective.X):
        return objective(parameters)
    p = parameters.size
    return Terms(value, np.zeros(p), np.full((p, p), np.nan))


def _separation(direction: FloatArray, terms: tuple[str, ...]) -> Separation | None:
    """Separation of maximum likelihood; it is only kept where some coefficient is infinite."""
    if not np.any(direction):
        return None
    return Separation.along(direction, terms)
