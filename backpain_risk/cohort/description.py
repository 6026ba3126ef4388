"""Who is in a cohort: case mix, ages, and risk by number of red flags."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from .. import vocabulary
from ..numerics.checks import FloatArray, check_kind
from ..numerics.intervals import proportion_interval
from ..results.notebook import as_html
from ..results.terminal import as_text
from ..scenario.structure.states import AGES
from .table import Cohort


@dataclass(frozen=True, eq=False, kw_only=True)
class CaseMix:
    """Share of each cause and of each primary site, drawn and intended.

    ``table`` has columns group, key, label, share (in the cohort) and target (of the scenario).
    """

    table: pd.DataFrame
    n: int
    n_events: int

    def to_frame(self) -> pd.DataFrame:
        """The table."""
        return self.table.copy()

    def __repr__(self) -> str:
        head = f"Case mix of {self.n} patients, {self.n_events} with malignancy"
        return as_text(head, self.table, vocabulary.NOTICE, index=False)

    def _repr_html_(self) -> str:
        return as_html(self.table, index=False)


@dataclass(frozen=True, eq=False, kw_only=True)
class Ages:
    """Distribution of age by outcome: shares per year of age, (78,) each, in the cohort and in
    the scenario.
    """

    age: FloatArray
    events: FloatArray
    others: FloatArray
    target_events: FloatArray
    target_others: FloatArray
    n: int
    n_events: int

    def to_frame(self) -> pd.DataFrame:
        """One row per year of age."""
        names = ("age", "events", "others", "target_events", "target_others")
        return pd.DataFrame({name: getattr(self, name) for name in names})

    def __repr__(self) -> str:
        counts = f"Ages of {self.n} patients, {self.n_events} with malignancy"
        rows = self.to_frame().set_index("age").loc[[20, 35, 50, 65, 80]].reset_index()
        return as_text(
            f"{counts}: shares of five years of age", rows, vocabulary.NOTICE, index=False
        )

    def _repr_html_(self) -> str:
        return as_html(self.to_frame(), index=False)


@dataclass(frozen=True, eq=False, kw_only=True)
class RiskByFlags:
    """P(malignancy) by number of red flags.

    ``table`` has columns flags, n, events, observed, low, high (Wilson) and, for synthetic cohorts,
    mean true risk.
    """

    table: pd.DataFrame

    def to_frame(self) -> pd.DataFrame:
        """The table."""
        return self.table.copy()

    def __repr__(self) -> str:
        head = f"Malignancy by number of red flags, {int(self.table.n.sum())} patients"
        return as_text(head, self.table, vocabulary.notice(), index=False)

    def _repr_html_(self) -> str:
        return as_html(self.table, index=False)


def case_mix(cohort: Cohort) -> CaseMix:
    """Causes among patients without malignancy and primary sites among those with, beside the
    scenario's shares.

    Parameters
    ----------
    cohort : Cohort
        Synthetic patients, whose scenario is known.

    Examples
    --------
    >>> from backpain_risk import load_scenario, simulate_cohort
    >>> cohort = simulate_cohort(load_scenario("spine_clinic"), 1000, seed=1)
    >>> case_mix(cohort).to_frame().group.unique().tolist()
    ['cause', 'primary site']
    """
    check_kind("cohort", cohort, Cohort, "Simulate one, or make one with Cohort.from_frame.")
    if cohort.latent is None or cohort.scenario is None:
        raise ValueError(
            "case_mix needs a synthetic cohort; this one has no latent causes. Simulate one."
        )
    scenario = cohort.scenario
    event = cohort.outcome == 1
    male = scenario.male_share
    targets = {key: cause.share for key, cause in scenario.causes.items()}
    sites = {
        k: male * s.share_male + (1 - male) * s.share_female
        for k, s in scenario.primary_sites.items()
    }
    causes = cohort.latent.cause[~event].value_counts(normalize=True)
    drawn = cohort.latent.primary_site[event].value_counts(normalize=True)
    rows = [
        ("cause", key, vocabulary.label(key), float(causes.get(key, 0)), target)
        for key, target in targets.items()
    ]
    rows += [
        ("primary site", k, vocabulary.label(k), float(drawn.get(k, 0)), target)
        for k, target in sites.items()
    ]
    table = pd.DataFrame(rows, columns=["group", "key", "label", "share", "target"])
    return CaseMix(table=table, n=len(cohort), n_events=cohort.n_events)


def ages(cohort: Cohort) -> Ages:
    """Age by outcome, beside the scenario's distributions.

    Parameters
    ----------
    cohort : Cohort
        Synthetic patients, whose scenario is known.

    Examples
    --------
    >>> from backpain_risk import load_scenario, simulate_cohort
    >>> cohort = simulate_cohort(load_scenario("spine_clinic"), 1000, seed=1)
    >>> found = ages(cohort)
    >>> found.n
    1000
    """
    check_kind("cohort", cohort, Cohort, "Simulate one, or make one with Cohort.from_frame.")
    if cohort.scenario is None:
        raise ValueError(
            "ages needs a synthetic cohort; this one has no scenario. Plot its age_years directly."
        )
    event = cohort.outcome.to_numpy() == 1
    age = cohort.predictors.age_years.to_numpy()
    share = [
        np.bincount(age[group] - AGES[0], minlength=AGES.size) / max(group.sum(), 1)
        for group in (event, ~event)
    ]
    target = [
        states.weight[0].sum(axis=1).reshape(-1, 2).sum(axis=1)
        for states in cohort.scenario.structure.states
    ]
    return Ages(
        age=AGES.astype(np.float64),
        events=share[0],
        others=share[1],
        target_events=target[1],
        target_others=target[0],
        n=len(cohort),
        n_events=cohort.n_events,
    )


def risk_by_flags(cohort: Cohort) -> RiskByFlags:
    """P(malignancy) by the number of the nine red flags present, Wilson limits.

    Parameters
    ----------
    cohort : Cohort
        Patients, synthetic or of one's own.

    Raises
    ------
    ValueError
        When a red flag is not in the cohort, or missing in some patients.

    Examples
    --------
    >>> from backpain_risk import load_scenario, simulate_cohort
    >>> cohort = simulate_cohort(load_scenario("spine_clinic"), 1000, seed=1)
    >>> list(risk_by_flags(cohort).to_frame()["flags"])[:3]
    [0, 1, 2]
    """
    check_kind("cohort", cohort, Cohort, "Simulate one, or make one with Cohort.from_frame.")
    known = [flag for flag in vocabulary.RED_FLAGS if flag in cohort.predictors]
    absent = [flag for flag in vocabulary.RED_FLAGS if flag not in known]
    incomplete = cohort.predictors[known].isna().any(axis=1).sum()
    if absent or incomplete:
        got = (
            f"no {', '.join(absent)}"
            if absent
            else f"{incomplete} of {len(cohort)} patients with missing ones"
        )
        raise ValueError(
            f"risk_by_flags needs the nine red flags of every patient; got {got}. Add or impute "
            "them."
        )
    flags = cohort.predictors[known].sum(axis=1).rename("flags")
    grouped = cohort.outcome.groupby(flags)
    table = grouped.agg(["size", "sum"]).set_axis(["n", "events"], axis=1).reset_index()
    table["observed"] = table.events / table.n
    table["low"], table["high"] = proportion_interval(table.events, table.n)
    if cohort.scenario is not None:
        table["true_risk"] = cohort.true_risk.groupby(flags).mean().to_numpy()
    return RiskByFlags(table=table)
