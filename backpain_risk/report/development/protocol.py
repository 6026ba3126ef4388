"""What is decided before any model is fitted, and what is advised afterwards, by rule."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ...planning.development import sample_size_development
from ...results.estimate import Estimate
from .candidates import LABELS, PUBLISHED

FEWEST = 5
"""Events below which no model is developed."""
MOST_PREDICTORS = 50
ASSUMED_C = 0.8
FEW = 20
_WIDE_MISSING = 0.3
_STEEP = 0.85


@dataclass(frozen=True, eq=False, kw_only=True)
class Protocol:
    """The analysis as it was fixed beforehand.

    Attributes
    ----------
    n, n_events : int
    predictors : tuple of str
    labels : mapping of predictor to str
    left_out : mapping of column to reason
    models : tuple of str
    n_resamples, n_imputations : int
    groups : str
        Name of the sites, or nothing.
    minimum : DataFrame
        Columns criterion and n: what a development of so many parameters needs.
    """

    n: int
    n_events: int
    predictors: tuple[str, ...]
    labels: Mapping[str, str]
    left_out: Mapping[str, str]
    models: tuple[str, ...]
    n_resamples: int
    n_imputations: int
    groups: str
    minimum: pd.DataFrame

    @property
    def needed(self) -> int:
        """Patients that meet every criterion."""
        return int(self.minimum.n.max())

    def lines(self) -> list[str]:
        """The plan in sentences."""
        copies = (
            f"Multiple imputation by chained equations with the outcome ({self.n_imputations} "
            "copies; one copy inside each resample); risks of patients with missing values are "
            "averaged over what these may be."
            if self.n_imputations > 1
            else "No predictor value is missing."
        )
        named = ", ".join(self.labels[name] for name in self.predictors)
        left = "; ".join(f"{name}: {why}" for name, why in self.left_out.items())
        return [
            f"Candidate predictors, each linear or yes/no: {named}.",
            f"Not used: {left or 'nothing'}.",
            self._size(),
            copies,
            f"Models: {'; '.join(LABELS[m] for m in self.models)}.",
            (
                f"Internal validation: Harrell's optimism bootstrap, {self.n_resamples} resamples, "
                "the whole pipeline (imputation included) repeated in each."
            ),
            f"Internal-external validation: {f'by {self.groups}' if self.groups else 'no sites'}.",
            (
                "Subgroups by age and sex, hidden below 20 events. No variable selection, no class "
                "weights, no resampling of classes."
            ),
        ]

    def _size(self) -> str:
        return (
            f"Sample size: {self.n} patients with {self.n_events} events; Riley's criteria ask for "
            f"{self.needed} patients for {len(self.predictors)} parameters, assuming a C-statistic "
            f"of {ASSUMED_C}."
        )


def minimum_size(n: int, n_events: int, n_parameters: int) -> pd.DataFrame:
    """Riley's criteria at the event rate of these patients."""
    size = sample_size_development(
        prevalence=n_events / n, n_parameters=max(n_parameters, 1), c_statistic=ASSUMED_C
    )
    return pd.DataFrame(size.to_frame()).reset_index(drop=True)[["criterion", "n"]]


def check_events(n: int, n_events: int) -> None:
    """Refuse to develop a model where there is nothing to learn from."""
    if n_events in (0, n):
        raise ValueError(
            f"cohort must have patients with and without the outcome; got {n_events} events among "
            f"{n} patients. Nothing can be developed or validated; use the published likelihood "
            "ratios (assess), or BayesianLogisticModel, which works without events."
        )
    few = min(n_events, n - n_events)
    if few < FEWEST:
        needed = int(minimum_size(n, n_events, 1).n.max())
        raise ValueError(
            f"cohort must have at least {FEWEST} events to develop a model; got {few} of {n} "
            f"patients (one predictor alone needs about {needed}). Describe them with table_one, "
            "pool them with others, or use the published likelihood ratios (assess)."
        )


def check_predictors(n_predictors: int, n_events: int) -> None:
    """Refuse tables of everything that was measured."""
    if n_predictors == 0:
        raise ValueError(
            "predictors must name columns that take more than one value; got none. Map or name "
            "some."
        )
    if n_predictors > MOST_PREDICTORS:
        raise ValueError(
            f"predictors must be chosen beforehand, at most {MOST_PREDICTORS}; got {n_predictors} "
            f"for {n_events} events. Name those that clinical knowledge asks for."
        )


def recommendations(
    protocol: Protocol,
    missing: pd.DataFrame,
    corrected: Mapping[str, pd.DataFrame],
    separated: str,
    base_rate: Estimate | None = None,
) -> list[str]:
    """What a reader is advised, by fixed rules; ``base_rate`` is that of the prior."""
    return [
        *_of_size(protocol),
        *_of_prior(protocol, base_rate),
        *_of_missing(missing),
        *(
            [
                (
                    f"{separated}: maximum likelihood has no finite estimate there; Firth and the "
                    "evidence prior have."
                )
            ]
            if separated
            else []
        ),
        *_of_performance(corrected),
        (
            "The corrected figures are for new patients like these. Validate the model in patients "
            "of another time or place before anybody uses it."
        ),
    ]


def _of_size(protocol: Protocol) -> Iterator[str]:
    per = protocol.n_events / len(protocol.predictors)
    if protocol.n_events < FEW:
        yield (
            f"Too few events ({protocol.n_events}) to judge a model: limits are wide and curves "
            "unstable. Use the result to plan (sample_size_development), pool the patients with "
            "others, or rely on published evidence; do not use the model."
        )
    if protocol.n < protocol.needed:
        most = int(protocol.n / (protocol.needed / len(protocol.predictors)))
        advice = f"at most {most} parameter{'s' * (most != 1)}" if most else "no parameter at all"
        yield (
            f"The cohort is smaller than the minimum ({protocol.n} of {protocol.needed} patients; "
            f"{per:.1f} events per parameter): it would bear {advice}. Expect overfitting; use "
            "fewer predictors chosen beforehand, or the evidence prior."
        )


def _of_prior(protocol: Protocol, base_rate: Estimate | None) -> Iterator[str]:
    rate = protocol.n_events / protocol.n
    if base_rate is not None and not base_rate.low <= rate <= base_rate.high:
        yield (
            f"The event rate ({rate:.2%}) lies outside the base rate of the evidence prior "
            f"({base_rate.value:.2%}; {base_rate.low:.2%} to {base_rate.high:.2%}), which pulls "
            "risks towards it. Name the setting (setting=), or trust the other model."
        )


def _of_missing(missing: pd.DataFrame) -> Iterator[str]:
    for row in missing[missing.share > _WIDE_MISSING].itertuples():
        yield (
            f"{row.label} is missing for {row.share:.0%} of patients: results rest on the "
            "imputation model there. Repeat without it (predictors=)."
        )


def _of_performance(corrected: Mapping[str, pd.DataFrame]) -> Iterator[str]:
    for name, table in corrected.items():
        if name == PUBLISHED:
            continue
        slope = table.corrected.get("calibration_slope", np.nan)
        if slope < _STEEP:
            yield (
                f"{LABELS[name]}: the corrected calibration slope is {slope:.2f}, so risks are too "
                "extreme. Shrink (ridge, evidence prior) or use fewer predictors."
            )
        failed = int(table.n_failed.max())
        if failed:
            yield (
                f"{LABELS[name]}: some measure failed in {failed} resamples, which are left out "
                "of it; the reasons are in table problems."
            )
