"""Cohorts of several sites, each with a scenario of its own."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from ..numerics.checks import check_kind, check_mapping, check_name
from ..numerics.streams import as_seed_sequence, child_sequence
from ..scenario.scenario import Scenario
from .simulate import simulate_cohort
from .table import Cohort


def simulate_sites(
    scenarios: Mapping[str, Scenario],
    n: int | Mapping[str, int],
    *,
    seed: int | np.random.SeedSequence,
) -> Cohort:
    """Draw one cohort from several sites.

    Parameters
    ----------
    scenarios : mapping of site to Scenario
        For example ``{f"site {i}": scenario.draw(rng=i) for i in range(5)}``: sites whose base rate
        and accuracy differ as the uncertainty of the evidence allows.
    n : int or mapping of site to int
        Patients of each site.
    seed : int or SeedSequence
        Each site draws from a child of it, in order.

    Returns
    -------
    Cohort
        With ``other["site"]``; ``true_risk`` is that of the patient's own site.

    Notes
    -----
    A model fitted to all sites together is calibrated for their average; within a site it is biased
    by that site's base rate and accuracy, which internal-external validation shows.

    Examples
    --------
    >>> from backpain_risk import load_scenario
    >>> scenario = load_scenario("primary_care")
    >>> cohort = simulate_sites(
    ...     {"a": scenario, "b": scenario.replace(base_rate=0.03)}, 1000, seed=1
    ... )
    >>> cohort.other["site"].value_counts().to_dict()
    {'a': 1000, 'b': 1000}
    """
    for site, scenario in check_mapping("scenarios", scenarios, "site to scenario").items():
        check_name("every site of scenarios", site)
        check_kind(f"scenario of {site}", scenario, Scenario, "Load one with load_scenario.")
    if not scenarios:
        raise ValueError(
            "scenarios must name at least one site; got none. Pass a mapping of site to scenario."
        )
    sizes = n if isinstance(n, Mapping) else dict.fromkeys(scenarios, n)
    missing = sorted(set(scenarios) ^ set(sizes))
    if missing:
        raise ValueError(
            "n must give a number for each site and no other; got a difference in "
            f"{', '.join(missing)}."
        )
    words = {scenario.words for scenario in scenarios.values()}
    if len(words) > 1:
        raise ValueError(
            "scenarios of sites must declare the same findings; got different ones. Declare each "
            "in all of them."
        )
    parent = as_seed_sequence(seed)
    drawn = {
        site: simulate_cohort(scenario, sizes[site], seed=child_sequence(parent, i))
        for i, (site, scenario) in enumerate(scenarios.items())
    }
    names = np.repeat(list(drawn), [len(cohort) for cohort in drawn.values()])
    return Cohort(
        predictors=pd.concat([c.predictors for c in drawn.values()], ignore_index=True),
        outcome=pd.concat([c.outcome for c in drawn.values()], ignore_index=True),
        tests=pd.concat([c.tests for c in drawn.values()], ignore_index=True),
        latent=pd.concat([c.latent for c in drawn.values()], ignore_index=True),
        other=pd.DataFrame({"site": names}),
        sites=dict(scenarios),
        words=words.pop(),
    )
