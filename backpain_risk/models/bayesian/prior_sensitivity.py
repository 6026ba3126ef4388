"""Which results lean on the prior, and which on the cohort? Power-scaling of either."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import arviz_base
import arviz_stats
import pandas as pd
from sklearn.utils.validation import check_is_fitted

from ...numerics.checks import check_result
from ...results.table import ResultTable

if TYPE_CHECKING:
    from .model import BayesianLogisticModel

THRESHOLD = 0.05
"""Sensitivity above which a result leans on the prior, or on the cohort."""


def power_scaling(model: BayesianLogisticModel) -> ResultTable:
    """Change of each term's posterior when the prior, or the likelihood, is raised to a power
    slightly off 1.

    Parameters
    ----------
    model : BayesianLogisticModel
        Fitted to a cohort.

    Returns
    -------
    table indexed by term
        ``prior`` and ``likelihood`` sensitivities, and what they mean together.

    References
    ----------
    Kallioinen et al. (2024), Stat Comput 34:57.

    Examples
    --------
    >>> from backpain_risk import BayesianLogisticModel
    >>> model = BayesianLogisticModel(method="laplace", random_state=1).fit(
    ...     [[0]] * 90 + [[1]] * 10, [0] * 95 + [1] * 5
    ... )
    >>> power_scaling(model).leans_on.tolist()
    ['prior and cohort', 'prior and cohort']
    """
    check_result("model", model, "BayesianLogisticModel")
    check_is_fitted(model)
    fit = model.sampled_
    groups: dict[str, Any] = {
        "posterior": {"coefficient": fit.posterior.coefficient},
        "log_prior": {"prior": fit.log_prior()},
        "log_likelihood": {"outcome": fit.log_likelihood()},
    }
    terms = list(fit.posterior.terms)
    tree = arviz_base.from_dict(groups, coords={"term": terms}, dims={"coefficient": ["term"]})
    stats: Any = arviz_stats
    scaled = {
        group: stats.psense(tree, group=group)["coefficient"].to_numpy()
        for group in ("prior", "likelihood")
    }
    table = pd.DataFrame(scaled, index=pd.Index(terms, name="term"))
    return ResultTable(table.assign(leans_on=[_leans_on(*row) for row in table.to_numpy()]))


def _leans_on(prior: float, likelihood: float) -> str:
    strong = [
        name for name, value in (("prior", prior), ("cohort", likelihood)) if value >= THRESHOLD
    ]
    return " and ".join(strong) or "neither"
