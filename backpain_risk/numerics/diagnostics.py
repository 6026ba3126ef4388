"""Do the draws of a sampler deserve trust?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import arviz_stats
import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from .nuts import Draws


class SamplingWarning(UserWarning):
    """The draws do not pass the convergence checks."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Diagnostics:
    """Convergence of the chains.

    Attributes
    ----------
    by_term : DataFrame
        r_hat, ess_bulk, ess_tail per term.
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

    def to_frame(self) -> pd.DataFrame:
        """One row: worst R-hat and effective sample sizes, divergences, E-BFMI."""
        worst = {"r_hat": self.by_term.r_hat.max(), "ess_bulk": self.by_term.ess_bulk.min()}
        worst |= {"ess_tail": self.by_term.ess_tail.min(), "divergences": self.divergences, "e_bfmi": self.e_bfmi}
        return pd.DataFrame([worst])

    def _repr_html_(self) -> str:
        verdict = "; ".join(self.problems) or "all checks passed"
        return (
            f"<p>{self.n_chains} chains of {self.n_draws} draws: {verdict}.</p>{self.to_frame().to_html(index=False)}"
        )


def diagnose(drawn: Draws, terms: tuple[str, ...]) -> Diagnostics:
    """R-hat below 1.01, at least 100 effective draws per chain in bulk and tail, no divergences, E-BFMI above 0.3."""
    array = np.moveaxis(drawn.parameters, -1, 0)
    stats: Any = arviz_stats
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
    checks = [
        (table.r_hat.max() > 1.01, f"R-hat up to {table.r_hat.max():.3f}, should be below 1.01"),
        (table.ess_bulk.min() < 100 * chains, f"bulk ESS down to {table.ess_bulk.min():.0f}, should be {100 * chains}"),
        (table.ess_tail.min() < 100 * chains, f"tail ESS down to {table.ess_tail.min():.0f}, should be {100 * chains}"),
        (divergences > 0, f"{divergences} divergent transitions, should be none"),
        (e_bfmi < 0.3, f"E-BFMI down to {e_bfmi:.2f}, should be above 0.3"),
    ]
    return Diagnostics(
        by_term=table,
        divergences=divergences,
        e_bfmi=e_bfmi,
        n_chains=chains,
        n_draws=draws,
        problems=tuple(message for failed, message in checks if failed),
    )
