"""A cohort of one's own analysed whole, by a plan that is fixed before any model is fitted."""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ... import __version__, vocabulary
from ...cohort.mapping.mapped import MappedCohort
from ...cohort.table import Cohort
from ...measures.catalogue import USUAL
from ...models.imputed import ImputedModel
from ...numerics.checks import FloatArray, check_choices, check_count, check_same_length
from ...numerics.values import shown
from ...validation.internal_external import (
    InternalExternalValidation,
    internal_external_validation,
)
from ...validation.optimism import corrected_by_refits
from ...validation.procedure import Procedure, read_resamples
from ...validation.repeated_measures import evaluator
from . import tables as described
from .candidates import BAYES, LABELS, MODELS, PUBLISHED, Multiplied, completions, estimator
from .developed import DevelopedModel, Development
from .outcomes import gathered, separated, terms_of
from .protocol import (
    Protocol,
    check_events,
    check_predictors,
    minimum_size,
    recommendations,
)
from .refits import Pipeline, as_patients, nothing_done, progress_bar, refit_all

THRESHOLDS = (0.01, 0.03)
_FINAL_STREAM = 2**31  # after those of any number of resamples


def develop(
    cohort: Cohort | MappedCohort,
    *,
    predictors: Sequence[str] | None = None,
    models: Sequence[str] = MODELS,
    groups: str | npt.ArrayLike | None = None,
    n_resamples: int = 200,
    n_imputations: int = 5,
    setting: str = "primary_care",
    n_jobs: int = 1,
    progress: bool = False,
    kept: str | Path | None = None,
    rng: int | np.random.SeedSequence | np.random.Generator | None = None,
) -> Development:
    """Develop risk models in a cohort of one's own and validate them internally, all of it.

    Parameters
    ----------
    cohort : Cohort or MappedCohort
        Values may be missing in predictors; every outcome is known.
    predictors : sequence of str, optional
        Columns of predictors and tests; those that the mapping wants used, or all columns of
        history and examination, when None. Chosen beforehand: nothing is selected by the data.
    models : sequence of {"firth", "bayes_evidence"}
        Logistic regression with Firth's penalty and FLIC; Bayesian logistic regression whose prior
        is the published evidence, by a normal approximation with importance weights. Multiplied
        published likelihood ratios at the cohort's event rate stand beside them.
    groups : str or array, optional
        Site of each patient, or the column of ``cohort.other`` with it.
    n_resamples : int
        Number of resamples.
    n_imputations : int
        Completed copies of patients with missing values behind the final models; each resample is
        completed once.
    setting : str
        Whose base rate the evidence prior has.
    n_jobs : int
        Workers; the result is the same for any number.
    progress : bool
        Show a bar with the time left.
    kept : str or Path, optional
        Folder for finished resamples, from which an interrupted run of the same analysis goes on.
    rng : int, SeedSequence or Generator
        Source of the draws; the same one gives the same draws.

    Returns
    -------
    Development
        ``.protocol`` (the plan), ``.models``, ``.tables``, ``.recommendations``, ``.results()``.

    Raises
    ------
    ValueError
        For fewer than 5 events or non-events, more than 50 predictors, names that are no columns,
        or a model that cannot be fitted.

    Notes
    -----
    In every resample patients are drawn with replacement, completed by chained equations with the
    outcome, fitted, and measured in the resample and in all patients; the mean difference is the
    optimism (Harrell). A patient's missing values are averaged over what they may be given the
    others, without the outcome. Columns with one value only are left out, in the cohort and in a
    resample. Age and laboratory values enter Firth's model linearly and the Bayesian model by
    published bands.

    References
    ----------
    Harrell, Lee, Mark (1996), Stat Med 15:361. Riley et al. (2020), BMJ 368:m441. Collins et al.
    (2024), BMJ 385:e078378 (TRIPOD+AI).

    Examples
    --------
    >>> import backpain_risk as bpr
    >>> cohort = bpr.simulate_cohort(bpr.load_scenario("spine_clinic"), 1500, seed=1)
    >>> result = bpr.develop(
    ...     cohort,
    ...     predictors=["age_years", "history_of_cancer"],
    ...     models=["firth"],
    ...     n_resamples=10,
    ...     rng=1,
    ... )
    >>> result.protocol.predictors, list(result.models)
    (('age_years', 'history_of_cancer'), ['firth', 'published_lr'])
    """
    own, mapped = _own(cohort)
    check_choices("models", models, MODELS)
    check_count("n_imputations", n_imputations, 2, 100)
    check_count("n_resamples", n_resamples, 2, 10_000)
    check_events(len(own), own.n_events)
    chosen, left_out = _predictors(own, mapped, predictors)
    check_predictors(len(chosen), own.n_events)
    table = pd.concat([own.predictors, own.tests], axis=1)[list(chosen)].astype(np.float64)
    table = table.reset_index(drop=True)
    sites, group_name = _sites(own, groups)
    labels = _labels(chosen, mapped)
    multiplied = Multiplied.over(table)
    protocol = Protocol(
        n=len(own),
        n_events=own.n_events,
        predictors=chosen,
        labels=labels,
        left_out=left_out,
        models=(*models, *([PUBLISHED] if multiplied else [])),
        n_resamples=n_resamples,
        n_imputations=n_imputations if table.isna().any(axis=None) else 1,
        groups=group_name,
        minimum=minimum_size(len(own), own.n_events, len(chosen)),
    )
    resamples = read_resamples(len(own), n_resamples, rng, None)
    seed = int(resamples.child(_FINAL_STREAM).generate_state(1)[0] >> 1)
    outcome = own.outcome.to_numpy(np.float64)
    prior = _prior(setting) if BAYES in models else None
    notes: list[str] = []
    with _noted(notes):
        fitted = {
            name: _final(name, table, outcome, prior, protocol.n_imputations, seed)
            for name in models
        }
        risks = {name: _risk(model, table) for name, model in fitted.items()}
        if multiplied:
            risks[PUBLISHED] = multiplied.risk(float(outcome.mean()))
        by_site = {
            name: _by_site(estimator(name, prior, seed=seed, final=False), table, outcome, sites)
            for name in models
        }
    pipeline = Pipeline(
        table=table,
        patients=as_patients(table, outcome),
        models=tuple(models),
        prior=prior,
        multiplied=multiplied,
        evaluators={name: evaluator(USUAL, THRESHOLDS, None, risk) for name, risk in risks.items()},
    )
    with _bar(n_resamples, progress) as on_resample:
        refits = refit_all(
            pipeline,
            resamples,
            n_jobs=n_jobs,
            kept=_place(kept, pipeline, protocol, setting, seed),
            on_resample=on_resample,
        )
    found = {}
    with _noted(notes):
        for name, risk in risks.items():
            procedure = Procedure(pipeline.patients, None, pipeline.evaluators[name], False)
            found[name] = DevelopedModel(
                name=name,
                label=LABELS[name],
                model=fitted.get(name),
                risk=risk,
                validation=corrected_by_refits(procedure, risk, refits[name]),
                terms=terms_of(fitted.get(name), labels),
                sites=by_site.get(name),
            )
        advice = recommendations(
            protocol,
            described.missing_values(table, labels),
            {name: model.validation.to_frame() for name, model in found.items()},
            separated(table, outcome, labels),
            None if prior is None else prior.base_rate,
        )
        return gathered(own, mapped, protocol, table, outcome, found, labels, notes, advice)


def _place(
    kept: str | Path | None, pipeline: Pipeline, protocol: Protocol, setting: str, seed: int
) -> Path | None:
    """A folder of this very analysis: the same patients, plan and stream of numbers."""
    if kept is None:
        return None
    said = repr((protocol.lines(), setting, seed, __version__)).encode()
    data = pipeline.table.to_numpy(np.float64).tobytes() + pipeline.patients.outcome.tobytes()
    return Path(kept) / hashlib.sha256(said + data).hexdigest()[:16]


def _own(cohort: Any) -> tuple[Cohort, MappedCohort | None]:
    if isinstance(cohort, MappedCohort):
        return cohort.cohort, cohort
    if isinstance(cohort, Cohort):
        return cohort, None
    raise ValueError(
        f"cohort must be a Cohort or MappedCohort; got {shown(cohort)}. Make one with "
        "Cohort.from_frame or load_mapping(...).apply(...)."
    )


def _predictors(
    cohort: Cohort, mapped: MappedCohort | None, wanted: Sequence[str] | None
) -> tuple[tuple[str, ...], dict[str, str]]:
    """Columns to use, and why others are not."""
    table = pd.concat([cohort.predictors, cohort.tests], axis=1)
    default = mapped.predictors if mapped else tuple(cohort.predictors.columns)
    chosen = list(default if wanted is None else wanted)
    absent = [name for name in chosen if name not in table.columns]
    if isinstance(wanted, str) or absent or len(set(chosen)) < len(chosen):
        raise ValueError(
            f"predictors must be columns of the cohort, each once; got {shown(wanted)}, of which "
            f"{', '.join(map(str, absent[:10])) or 'some'} cannot be used. It has "
            f"{', '.join(map(str, table.columns[:30]))}."
        )
    left = {str(c): "not asked for" for c in table.columns if c not in chosen}
    if wanted is None and "age_years" in chosen and "age_50_or_over" in chosen:
        chosen.remove("age_50_or_over")
        left["age_50_or_over"] = "the age in years says it"
    for name in list(chosen):
        if table[name].nunique() < 2:
            chosen.remove(name)
            left[name] = "all values missing" if table[name].isna().all() else "one value only"
    return tuple(map(str, chosen)), left


def _sites(cohort: Cohort, groups: Any) -> tuple[npt.NDArray[Any] | None, str]:
    if groups is None:
        return None, ""
    if isinstance(groups, str):
        if cohort.other is None or groups not in cohort.other:
            raise ValueError(
                f"groups must be a column kept in cohort.other, or an array; got {groups!r}. "
                'Write keep = "site" in the mapping.'
            )
        return cohort.other[groups].to_numpy(), groups
    array = np.asarray(groups)
    check_same_length(cohort=len(cohort), groups=array.size)
    return array, "site"


def _labels(chosen: tuple[str, ...], mapped: MappedCohort | None) -> dict[str, str]:
    known = mapped.labels if mapped else {}
    return {name: known.get(name, vocabulary.label(name)) for name in chosen}


def _prior(setting: str) -> Any:
    from ...models.bayesian.evidence_prior import EvidencePrior

    return EvidencePrior.published(setting=setting)


def _final(
    name: str, table: pd.DataFrame, outcome: FloatArray, prior: Any, n_copies: int, seed: int
) -> Any:
    """The model of the whole cohort."""
    one = estimator(name, prior, seed=seed, final=True)
    if n_copies == 1:
        return one.fit(table, outcome.astype(int))
    imputed = ImputedModel(one, n_imputations=n_copies, random_state=seed % 2**31)
    return imputed.fit(table, outcome.astype(int))


def _risk(model: Any, table: pd.DataFrame) -> FloatArray:
    if not isinstance(model, ImputedModel):
        return np.asarray(model.predict_proba(table)[:, 1])
    everyone = completions(model.joint_, table)
    return np.mean([everyone.averaged(one) for one in model.models_], axis=0)


def _by_site(
    unfitted: Any, table: pd.DataFrame, outcome: FloatArray, sites: npt.NDArray[Any] | None
) -> InternalExternalValidation | None:
    if sites is None:
        return None
    model = unfitted
    if table.isna().any(axis=None):
        model = ImputedModel(unfitted, n_imputations=2, random_state=0)
    return internal_external_validation(model, table, outcome.astype(int), sites)


@contextmanager
def _noted(notes: list[str]) -> Any:
    """Warnings become notes of the analysis."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield
    notes += [str(warning.message) for warning in caught]


@contextmanager
def _bar(total: int, wanted: bool) -> Any:
    if not wanted:
        yield nothing_done
        return
    yield from progress_bar(total)
