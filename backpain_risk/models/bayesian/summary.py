"""A fitted Bayesian model told in one table, and handed over as a DataTree."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import arviz_base
import numpy as np
import pandas as pd

from ... import vocabulary
from ...numerics.checks import FloatArray
from ...numerics.intervals import LEVEL, normal_quantile, percentile_limits
from ...numerics.sampling.diagnostics import Diagnostics, ImportanceDiagnostics
from ...results.notebook import as_html
from ...results.table import ResultTable
from .posterior import Posterior
from .prior import TermPrior

if TYPE_CHECKING:
    from .sampling import BayesianFit


class PosteriorSummary(ResultTable):
    """Posterior and prior of every term, side by side, under a line on the data, the prior and the
    draws.

    Indexed by term, on the log-odds scale: mean, sd, low, high (95 % credible limits), the same of
    the prior as prior_mean, prior_sd, prior_low, prior_high, and the convergence of each term.
    """

    @property
    def _constructor(self) -> type[ResultTable]:
        return ResultTable

    @property
    def heading(self) -> str:
        """Patients and events, the prior by name, and how the draws were made."""
        return str(self.attrs.get("heading", ""))

    @property
    def n_patients(self) -> float:
        """Patients of known outcome."""
        return float(self.attrs["n_patients"])

    @property
    def n_events(self) -> float:
        """Recorded events."""
        return float(self.attrs["n_events"])

    def __repr__(self) -> str:
        table = self.to_frame().to_string(float_format=lambda x: f"{x:.4g}")
        return f"{self.heading}\n{table}\n95% credible limits. {vocabulary.notice()}"

    def _repr_html_(self) -> str:
        return as_html(
            self.heading, self.to_frame(), f"95% credible limits. {vocabulary.notice()}", digits=4
        )


def summarise(
    fit: BayesianFit,
    term_prior: TermPrior,
    diagnostics: Diagnostics | ImportanceDiagnostics,
    heading: str,
) -> PosteriorSummary:
    """Posterior beside prior; the prior's slopes are stated exactly, the rest of it from its
    draws.
    """
    posterior = fit.posterior
    prior = fit.prior
    shown = len(posterior.names) - len(posterior.sites) * len(posterior.terms)
    table = pd.DataFrame(
        {
            **_columns(posterior, shown),
            **{f"prior_{name}": x for name, x in _columns(prior, shown).items()},
        },
        index=pd.Index(posterior.names[:shown], name="term"),
    )
    slopes = list(term_prior.terms[1:])
    mean = term_prior.mean[1:]
    sd = np.sqrt(np.diagonal(term_prior.covariance))[1:]
    half = normal_quantile(LEVEL) * sd
    stated = {"mean": mean, "sd": sd, "low": mean - half, "high": mean + half}
    for name, values in stated.items():
        table.loc[slopes, f"prior_{name}"] = values
    result = PosteriorSummary(table.join(diagnostics.by_term))
    result.attrs |= {
        "heading": heading,
        "n_patients": fit.data["n"].sum(),
        "n_events": fit.data["events"].sum(),
    }
    return result


def _columns(posterior: Posterior, shown: int) -> dict[str, FloatArray]:
    draws = posterior.parameters[:, :, :shown].reshape(-1, shown)
    low, high = percentile_limits(draws)
    return {"mean": draws.mean(axis=0), "sd": draws.std(axis=0, ddof=1), "low": low, "high": high}


def data_tree(fit: BayesianFit) -> Any:
    """Groups posterior, prior and, from the sampler, sample_stats, in the shapes ArviZ expects."""
    posterior = fit.posterior
    terms = list(posterior.terms)
    sites = list(posterior.sites)
    groups: dict[str, Any] = {"posterior": _variables(posterior), "prior": _variables(fit.prior)}
    if fit.statistics:
        groups["sample_stats"] = fit.statistics
    coords = {
        "term": terms[1:],
        "effect": terms,
        "site": sites,
        "rate": ["sensitivity", "specificity"],
    }
    dims = {
        "coefficient": ["term"],
        "site_sd": ["effect"],
        "site_effect": ["site", "effect"],
        "reference": ["rate"],
    }
    return arviz_base.from_dict(groups, coords=coords, dims=dims)


def _variables(posterior: Posterior) -> dict[str, FloatArray]:
    variables = {
        "intercept": posterior.coefficient[:, :, 0],
        "coefficient": posterior.coefficient[:, :, 1:],
    }
    if posterior.sites:
        variables |= {"site_sd": posterior.site_sd, "site_effect": posterior.site_effect[:, :, :-1]}
    if posterior.accuracy.shape[2]:
        variables["reference"] = posterior.accuracy
    return variables
