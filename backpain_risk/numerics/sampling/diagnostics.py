"""Do the draws of a sampler deserve trust?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import arviz_stats
import numpy as np
import pandas as pd

from ...results.in_words import sentence
from ...results.notebook import as_html

if TYPE_CHECKING:
    from .laplace import ImportanceDraws
    from .nuts import Draws


class SamplingWarning(UserWarning):
    """The draws do not pass the convergence checks."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Diagnostics:
    """Convergence of the chains.

    Attributes
    ----------
    by_term : DataFrame
        r_hat, ess_bulk, ess_tail of every parameter, terms first.
    divergences : int
    e_bfmi : float
        Smallest over chains.
    problems : tuple of str
        Checks that failed, in words; empty when all is well.
    """

    by_term: pd.DataFrame
    divergences: int
    e_bfmi: float
    n_chains: int
    n_draws: int
    problems: tuple[str, ...]

    __repr__ = sentence

    @property
    def method(self) -> str:
        """How the draws were made."""
        return f"no-U-turn sampler, {self.n_chains} chains of {self.n_draws} draws"

    def to_frame(self) -> pd.DataFrame:
        """One row: worst R-hat and effective sample sizes, divergences, E-BFMI."""
        worst = {"r_hat": self.by_term.r_hat.max(), "ess_bulk": self.by_term.ess_bulk.min()}
        worst |= {
            "ess_tail": self.by_term.ess_tail.min(),
            "divergences": self.divergences,
            "e_bfmi": self.e_bfmi,
        }
        return pd.DataFrame([worst])

    def _repr_html_(self) -> str:
        return _html(self)


@dataclass(frozen=True, eq=False, kw_only=True)
class ImportanceDiagnostics:
    """Trust in importance-weighted draws from a normal approximation.

    Attributes
    ----------
    pareto_k : float
        Shape of the tail of the weights; above 0.7 they cannot be trusted.
    effective_draws : float
        Independent draws that the weighted ones are worth.
    problems : tuple of str
        Checks that failed, in words; empty when all is well.
    by_term : DataFrame
        One row per parameter, no columns: nothing is known of single terms.
    """

    pareto_k: float
    effective_draws: float
    n_draws: int
    problems: tuple[str, ...]
    by_term: pd.DataFrame

    __repr__ = sentence

    @property
    def method(self) -> str:
        """How the draws were made."""
        return (
            f"Laplace approximation, {self.n_draws} importance-weighted draws, Pareto k "
            f"{self.pareto_k:.2f}"
        )

    def to_frame(self) -> pd.DataFrame:
        """One row: Pareto k and effective draws."""
        return pd.DataFrame([{"pareto_k": self.pareto_k, "effective_draws": self.effective_draws}])

    def _repr_html_(self) -> str:
        return _html(self)


def _html(diagnostics: Diagnostics | ImportanceDiagnostics) -> str:
    verdict = "; ".join(diagnostics.problems) or "all checks passed"
    return as_html(f"{diagnostics.method}: {verdict}.", diagnostics.to_frame(), index=False)


def diagnose(drawn: Draws, terms: tuple[str, ...]) -> Diagnostics:
    """R-hat below 1.01, at least 100 effective draws per chain in bulk and tail, no divergences,
    E-BFMI above 0.3.
    """
    stats: Any = arviz_stats
    array = np.moveaxis(drawn.parameters, -1, 0)
    table = pd.DataFrame(
        {
            "r_hat": [float(stats.rhat(x)) for x in array],
            "ess_bulk": [float(stats.ess(x, method="bulk")) for x in array],
            "ess_tail": [float(stats.ess(x, method="tail", prob=(0.05, 0.95))) for x in array],
        },
        index=pd.Index(terms, name="term"),
    )
    chains, draws = drawn.diverging.shape
    step = np.diff(drawn.energy, axis=1)
    e_bfmi = float(np.min(np.mean(step**2, axis=1) / np.var(drawn.energy, axis=1)))
    divergences = int(drawn.diverging.sum())
    return Diagnostics(
        by_term=table,
        divergences=divergences,
        e_bfmi=e_bfmi,
        n_chains=chains,
        n_draws=draws,
        problems=_problems(table, divergences, e_bfmi, 100 * chains),
    )


def _problems(table: pd.DataFrame, divergences: int, e_bfmi: float, enough: int) -> tuple[str, ...]:
    checks = [
        (table.r_hat.max() > 1.01, f"R-hat up to {table.r_hat.max():.3f}, should be below 1.01"),
        (
            table.ess_bulk.min() < enough,
            f"bulk ESS down to {table.ess_bulk.min():.0f}, should be {enough}",
        ),
        (
            table.ess_tail.min() < enough,
            f"tail ESS down to {table.ess_tail.min():.0f}, should be {enough}",
        ),
        (divergences > 0, f"{divergences} divergent transitions, should be none"),
        (e_bfmi < 0.3, f"E-BFMI down to {e_bfmi:.2f}, should be above 0.3"),
    ]
    return tuple(message for failed, message in checks if failed)


def diagnose_importance(drawn: ImportanceDraws, terms: tuple[str, ...]) -> ImportanceDiagnostics:
    """Pareto k at most 0.7 and at least 400 effective draws."""
    checks = [
        (
            drawn.pareto_k > 0.7,
            f"Pareto k {drawn.pareto_k:.2f}, should be at most 0.7: use method='nuts'",
        ),
        (
            drawn.effective < 400,
            f"{drawn.effective:.0f} effective draws, should be 400: use more draws",
        ),
    ]
    return ImportanceDiagnostics(
        pareto_k=drawn.pareto_k,
        effective_draws=drawn.effective,
        n_draws=len(drawn.parameters),
        problems=tuple(message for failed, message in checks if failed),
        by_term=pd.DataFrame(index=pd.Index(terms, name="term")),
    )
