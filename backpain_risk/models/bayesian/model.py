"""Bayesian logistic regression on covariate patterns: published evidence as prior, a cohort as
data.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple, Self

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.utils.validation import check_is_fitted, column_or_1d

from ... import vocabulary
from ...evidence.diagnostic_accuracy import Accuracy
from ...numerics.checks import FloatArray, check_choice, check_same_index
from ...numerics.patterns import distinct_rows, sum_by
from ...numerics.sampling.diagnostics import Diagnostics, ImportanceDiagnostics, SamplingWarning
from ..classifier import RiskClassifier
from ..design import Column, Design, learn_design, with_constant
from ..state import (
    accuracy_from_state,
    accuracy_state,
    design_from_state,
    design_state,
    label,
    terms_asked_for,
)
from .credible_risk import CredibleRisk, credible_risk_of
from .draws_state import (
    check_from_state,
    check_state,
    counts_state,
    fit_from_state,
    fit_state,
    prior_from_state,
    prior_state,
)
from .evidence_prior import AGE_BAND, EvidencePrior
from .imperfect_outcome import ImperfectOutcome
from .posterior import DistinctRows, IntArray
from .prior import WEAK, Prior, TermPrior
from .sampling import METHODS, BayesianFit, PatternCounts, Sampling, fit_posterior
from .site_column import find_sites, learn_sites, split_site
from .standard_check import MisspecificationWarning, StandardCheck, check_standard
from .summary import PosteriorSummary, data_tree, summarise


class _Patients(NamedTuple):
    """Distinct rows of predictors and site (-1 for one not seen at fit), a patient of each, and
    the row of each.
    """

    predictors: FloatArray
    site: IntArray
    pattern: IntArray
    first: IntArray


class BayesianLogisticModel(RiskClassifier):
    """Logistic regression with a named prior; the risk is the posterior mean.

    Parameters
    ----------
    prior : "weak", "evidence", Prior or EvidencePrior
        ``"evidence"`` is :meth:`EvidencePrior.published`, whose findings must be among the columns.
    splines : mapping of column (name or position) to number of knots, optional
        Restricted cubic splines with Harrell's knots, learned once from the development cohort.
    groups : column (name or position), optional
        Holds the site of each patient, as text or numbers: intercept and slopes then vary between
        sites, normally, SDs half-normal(0, 0.5). Patients of a site not seen before get the doubt
        that goes with it.
    draws, chains : int
        Draws per chain after warm-up, and chains.
    random_state : int or None
        Seed; None draws one.
    method : "nuts" or "laplace"
        The no-U-turn sampler, or a normal approximation at the mode with importance weights:
        milliseconds a fit, for simulation studies; its diagnostics say when it cannot be trusted.
    verification_shift : float, optional
        Allows unknown outcomes (NaN): log odds of malignancy of verified patients minus that of all
        patients with the same findings. 0 means missing at random; None that every outcome must be
        known.
    reference_standard : (sensitivity, specificity) or Accuracy, optional
        What decided the outcome, when it errs: fixed numbers, or counts of a study large enough to
        make them nearly known. The risk is then that of malignancy, not of a positive reference
        standard. Counts leave room for the findings to move the errors, wrongly where the terms of
        the model do not fit: see ``standard_check_``.
    progress : bool
        Show a progress bar while sampling.
    event : label, optional
        Which of the two labels of the outcome is the event. The larger when None, with a warning
        where the labels are text: "case" and "control" would make controls the event.
    interactions : pairs of columns
        Products added as terms: N(0, 0.5^2) under the evidence prior
        (:attr:`EvidencePrior.interaction_sd`), a slope like any other, named ``a:b``, under other
        priors.

    Attributes
    ----------
    posterior_ : DataTree
        Groups ``posterior`` and ``prior`` (intercept, coefficient, and with groups site_sd,
        site_effect) and ``sample_stats``.
    diagnostics_ : Diagnostics or ImportanceDiagnostics
        R-hat, effective sample sizes, divergences, E-BFMI; or Pareto k. One warning when any fails.
    standard_check_ : StandardCheck or None
        With errors of the reference standard that are estimated: the base rate by its study alone,
        by the model, and with pairwise products, and a ``MisspecificationWarning`` when the
        recorded outcomes contradict the terms.
    prior_ : Prior or EvidencePrior
        As used, further counts included.

    Notes
    -----
    The likelihood is that of the pattern counts, so the time does not grow with patients. Works
    with separated data and without any event: the prior keeps every coefficient proper.

    References
    ----------
    Hoffman and Gelman (2014), J Mach Learn Res 15:1593. Phan, Pradhan, Jankowiak (2019),
    arXiv:1912.11554.

    Examples
    --------
    Without a single cancer among 1 172 patients the risk falls, and stays above zero:

    >>> X = pd.DataFrame({"history_of_cancer": [0] * 1125 + [1] * 47})
    >>> model = BayesianLogisticModel(prior="evidence", method="laplace", random_state=1).fit(
    ...     X, np.zeros(1172)
    ... )
    >>> prior_odds, odds = np.exp(model.summary().loc["history_of_cancer", ["prior_mean", "mean"]])
    >>> bool(0 < model.risk(X).mean() < 0.01), bool(0.5 < odds / prior_odds < 1)
    (True, True)
    """

    prior_: Prior | EvidencePrior
    design_: Design
    sampled_: BayesianFit
    diagnostics_: Diagnostics | ImportanceDiagnostics
    standard_check_: StandardCheck | None

    def __init__(
        self,
        prior: str | Prior | EvidencePrior = "weak",
        splines: Mapping[Column, int] | None = None,
        groups: Column | None = None,
        draws: int = 1000,
        chains: int = 4,
        random_state: int | None = None,
        method: str = "nuts",
        verification_shift: float | None = None,
        reference_standard: tuple[float, float] | Accuracy | None = None,
        progress: bool = False,
        event: Any = None,
        interactions: Iterable[tuple[Column, Column]] = (),
    ) -> None:
        self.prior = prior
        self.splines = splines
        self.groups = groups
        self.draws = draws
        self.chains = chains
        self.random_state = random_state
        self.method = method
        self.verification_shift = verification_shift
        self.reference_standard = reference_standard
        self.progress = progress
        self.event = event
        self.interactions = interactions

    @classmethod
    def from_evidence(
        cls,
        findings: Iterable[str] | None = None,
        *,
        prior: EvidencePrior | None = None,
        draws: int = 1000,
        chains: int = 4,
        random_state: int | None = None,
        method: str = "nuts",
        interactions: Iterable[tuple[Column, Column]] = (),
    ) -> BayesianLogisticModel:
        """A model that knows the published evidence and no patient; :meth:`update_from_counts` adds
        studies to it.

        Parameters
        ----------
        findings : iterable of str, optional
            Keys of the columns; every finding of history and examination when None.
        prior : EvidencePrior, optional
            The packaged evidence when None.
        draws, chains, random_state, method, interactions
            As for the model.
        """
        columns = tuple(vocabulary.FINDINGS) if findings is None else tuple(findings)
        options: dict[str, Any] = {
            "draws": draws,
            "chains": chains,
            "random_state": random_state,
            "method": method,
        }
        evidence = EvidencePrior.published() if prior is None else prior
        model = cls(evidence, interactions=interactions, **options)
        model.feature_names_in_ = np.array(columns, dtype=object)
        model.n_features_in_ = len(columns)
        model.classes_ = np.array([0, 1])
        model.sites_ = ()
        model.n_unverified_ = 0.0
        predictors, share = evidence.reference_population(columns)
        nobody = np.zeros(len(share))
        model._learn(predictors, nobody.astype(np.int64), nobody, nobody, share)
        model._draw()
        return model

    def fit(self, X: Any, y: Any, sample_weight: npt.ArrayLike | None = None) -> Self:
        """Draw from the posterior.

        Parameters
        ----------
        X : DataFrame or array, shape (n, columns)
            Predictors of the patients, the columns that the model was fitted to.
        y : array, shape (n,)
            Two labels, see ``event``; 0/1 may hold one class only. NaN is a patient not verified,
            allowed with ``verification_shift``.
        sample_weight : array, shape (n,), optional
            Number of identical patients.

        Raises
        ------
        ValueError
            For missing values, text, unknown outcomes without a stated shift, or options that do
            not exist.
        """
        self._check_options()
        check_same_index(X=X, y=y, sample_weight=sample_weight)
        rows = self._read_patients(X, reset=True)
        outcome, known = self._read_known_outcome(y, rows.pattern.size)
        weight = self._read_weight(sample_weight, outcome.size)
        counts = (
            sum_by(rows.pattern, w, rows.first.size)
            for w in (weight * known * outcome, weight * known, weight)
        )
        self._learn(rows.predictors, rows.site, *counts)
        self.n_unverified_ = float(weight @ ~known)
        self._draw()
        return self

    def update_from_counts(self, finding: str, tp: float, fp: float, fn: float, tn: float) -> Self:
        """Learn from the 2x2 table of a further study; no patient rows needed.

        Parameters
        ----------
        finding : str
            A yes/no column of the model (``age_50_or_over`` also where the column is ``age_years``
            in bands).
        tp, fp, fn, tn : float
            Whole numbers of patients of the new study, none of whom are in the cohort.

        Returns
        -------
        self
            Drawn anew: cohort, prior and all further counts together, in any order.

        Notes
        -----
        Under the evidence prior the counts join those of the finding, as if the table had held the
        study. Under any other prior they multiply the prior of the slope by what the study alone
        would make of it, see
        :class:`EvidencePrior`.
        """
        check_is_fitted(self)
        study = Accuracy.from_counts(tp, fp, fn, tn)
        self._check_yes_no(finding)
        self.prior_ = self.prior_.updated(finding, study, self.design_.terms)
        self._draw()
        return self

    def risk(self, X: Any) -> FloatArray:
        """Posterior mean risk of each patient, shape (n,).

        Parameters
        ----------
        X : DataFrame or array, shape (n, columns)
            Predictors of the patients, the columns that the model was fitted to.
        """
        rows = self.distinct_rows(X)
        parts = [risk.mean(axis=0) for _, risk in self.sampled_.posterior.risk_in_blocks(rows)]
        return np.asarray(np.concatenate(parts)[rows.pattern])

    def risk_draws(self, X: Any, n_draws: int | None = None) -> FloatArray:
        """Draws of the risk of each patient, shape (draws, n); evenly thinned to ``n_draws``
        when given.

        Parameters
        ----------
        X : DataFrame or array, shape (n, columns)
            Predictors of the patients, the columns that the model was fitted to.
        n_draws : int, optional
            Draws wanted; all when None.
        """
        rows = self.distinct_rows(X)
        posterior = self.sampled_.posterior
        return posterior.risk(rows.design, rows.site, posterior.thinned(n_draws))[:, rows.pattern]

    def credible_risk(self, X: Any, level: float = 0.95) -> CredibleRisk:
        """Posterior mean risk of each patient with its credible interval.

        Parameters
        ----------
        X : DataFrame or array, shape (n, columns)
            Predictors of the patients, the columns that the model was fitted to.
        level : float
            Share that the limits are to hold, inside (0, 1).
        """
        rows = self.distinct_rows(X)
        patients = X.index if isinstance(X, pd.DataFrame) else pd.RangeIndex(len(rows.pattern))
        return credible_risk_of(self.sampled_.posterior, rows, patients, level)

    def distinct_rows(self, X: Any) -> DistinctRows:
        """Distinct rows of predictors as the model reads them, with the patients of each.

        Parameters
        ----------
        X : DataFrame or array, shape (n, columns)
            Predictors of the patients, the columns that the model was fitted to.
        """
        check_is_fitted(self)
        rows = self._read_patients(X, reset=False)
        return DistinctRows(
            design=with_constant(self.design_.matrix(rows.predictors)),
            site=rows.site,
            n=np.bincount(rows.pattern, minlength=rows.first.size).astype(np.float64),
            first=rows.first,
            pattern=rows.pattern,
        )

    def summary(self) -> PosteriorSummary:
        """Posterior and prior of every term with convergence, under a line on data, prior and
        method.
        """
        check_is_fitted(self)
        return summarise(self.sampled_, self.term_prior_, self.diagnostics_, self._heading())

    def _heading(self) -> str:
        n = self.counts_.n.sum()
        events = self.counts_.events.sum()
        unknown = f", {self.n_unverified_:g} not verified" if self.n_unverified_ else ""
        imperfect = f"; {self._outcome_model()}" if self._outcome_model().data() else ""
        if self.standard_check_ and self.standard_check_.problems:
            imperfect += ", learned from terms that do not fit (see standard_check_)"
        data = f"prior {self.prior_.name}: {n:g} patients, {events:g} events{unknown}{imperfect}"
        return f"Bayesian logistic model, {data}; {self.diagnostics_.method}."

    def before_outcomes(self, X: Any) -> tuple[PatternCounts, TermPrior, dict[str, FloatArray]]:
        """Patients, prior and outcome model, no outcome known: what cohorts are simulated from.

        Parameters
        ----------
        X : DataFrame or array, shape (n, columns)
            Predictors of the patients, the columns that the model was fitted to.
        """
        rows = self._read_patients(X, reset=True)
        n = np.bincount(rows.pattern).astype(np.float64)
        self._learn(rows.predictors, rows.site, np.zeros(n.size), n, n)
        return (
            self.counts_,
            self.prior_.over(self.design_, self.patterns_, self.weight_),
            self._outcome_model().data(),
        )

    def _learn(
        self,
        predictors: FloatArray,
        site: IntArray,
        events: FloatArray,
        n: FloatArray,
        weight: FloatArray,
    ) -> None:
        """Design, prior and counts of distinct rows; patients not verified count in ``weight``
        only.
        """
        columns = tuple(
            map(
                str,
                getattr(self, "feature_names_in_", [f"x{j}" for j in range(predictors.shape[1])]),
            )
        )
        self.prior_ = _named(self.prior)
        self.design_ = learn_design(
            predictors, weight, columns, self.splines, self.interactions, self.prior_.bands(columns)
        )
        some = weight > 0
        self.patterns_ = predictors[some]
        self.weight_ = weight[some]
        self.counts_ = PatternCounts(
            design=with_constant(self.design_.matrix(self.patterns_)),
            events=events[some],
            n=n[some],
            site=site[some],
            sites=self.sites_,
        )

    def state(self, *, patients: bool = True) -> dict[str, Any]:
        """What the model knows, see :func:`save_model`; it cannot be without the patients, whose
        counts further evidence is joined to.

        Parameters
        ----------
        patients : bool
            True; False is refused.
        """
        check_is_fitted(self)
        if not patients:
            raise ValueError(
                "patients must be True for a BayesianLogisticModel; got False. Its posterior is "
                "that of its patients' counts, which it keeps."
            )
        standard: Any = self.reference_standard
        if isinstance(standard, Accuracy):
            standard = accuracy_state(standard)
        elif standard is not None:
            standard = [float(rate) for rate in standard]
        return {
            **design_state(self.design_),
            "named": hasattr(self, "feature_names_in_"),
            "options": self._plain_options(),
            "asked_prior": self.prior if isinstance(self.prior, str) else prior_state(self.prior),
            "prior": prior_state(self.prior_),
            "reference_standard": standard,
            "sites": list(self.sites_),
            "n_unverified": float(self.n_unverified_),
            "patterns": np.asarray(self.patterns_, np.float64),
            "weight": np.asarray(self.weight_, np.float64),
            "counts": counts_state(self.counts_),
            "fit": fit_state(self.sampled_),
            "standard_check": check_state(self.standard_check_),
        }

    def example_rows(self) -> pd.DataFrame:
        """Two made-up patients: every column at its smallest, and at its largest; of the first
        site.
        """
        ends = [self.patterns_.min(axis=0), self.patterns_.max(axis=0)]
        rows = pd.DataFrame(ends, columns=list(self.design_.columns))
        if self.groups is not None:
            by_name = isinstance(self.groups, str)
            at = rows.shape[1] if by_name else int(self.groups)
            rows.insert(at, self.groups if by_name else "site", self.sites_[0])
        return rows

    def _plain_options(self) -> dict[str, Any]:
        shift = self.verification_shift
        return {
            "groups": label(self.groups),
            "draws": int(self.draws),
            "chains": int(self.chains),
            "random_state": None if self.random_state is None else int(self.random_state),
            "method": self.method,
            "verification_shift": None if shift is None else float(shift),
            "progress": bool(self.progress),
            "event": label(self.event),
        }

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> Self:
        """The model of a :meth:`state`; nothing is drawn anew.

        Parameters
        ----------
        state : dict
            What :meth:`state` gave.
        """
        design = design_from_state(state)
        asked: Any = state["asked_prior"]
        standard = state["reference_standard"]
        if isinstance(standard, dict):
            standard = accuracy_from_state(standard)
        elif standard is not None:
            standard = tuple(standard)
        model = cls(
            prior=asked if isinstance(asked, str) else prior_from_state(asked),
            reference_standard=standard,
            **terms_asked_for(design),
            **state["options"],
        )
        model.design_ = design
        model.n_features_in_ = len(design.columns)
        if state["named"]:
            model.feature_names_in_ = np.array(design.columns, dtype=object)
        model._restore(state)
        return model

    def _restore(self, state: dict[str, Any]) -> None:
        self.prior_ = prior_from_state(state["prior"])
        self.sites_ = tuple(state["sites"])
        self.n_unverified_ = state["n_unverified"]
        self.patterns_ = state["patterns"]
        self.weight_ = state["weight"]
        self.counts_ = PatternCounts(
            design=with_constant(self.design_.matrix(self.patterns_)),
            sites=self.sites_,
            **state["counts"],
        )
        self.term_prior_ = self.prior_.over(self.design_, self.patterns_, self.weight_)
        outcome = self._outcome_model().data()
        self.sampled_ = fit_from_state(state["fit"], self.counts_, self.term_prior_, outcome)
        self.posterior_ = data_tree(self.sampled_)
        self.diagnostics_ = self.sampled_.diagnostics()
        self.standard_check_ = check_from_state(state["standard_check"])

    def _draw(self) -> None:
        self.term_prior_ = self.prior_.over(self.design_, self.patterns_, self.weight_)
        sampling = Sampling(
            method=check_choice("method", self.method, METHODS),
            chains=self.chains,
            draws=self.draws,
            seed=np.random.SeedSequence(self.random_state),
            progress=self.progress,
        )
        self.sampled_ = fit_posterior(
            self.counts_, self.term_prior_, self._outcome_model().data(), sampling
        )
        self.posterior_ = data_tree(self.sampled_)
        self.diagnostics_ = self.sampled_.diagnostics()
        if self.diagnostics_.problems:
            warnings.warn(
                f"sampling: {'; '.join(self.diagnostics_.problems)}.", SamplingWarning, stacklevel=3
            )
        self._check_standard()

    def _check_standard(self) -> None:
        """Warn when the errors of the reference standard are learned from terms that do not fit."""
        self.standard_check_ = None
        outcome = self._outcome_model()
        if not outcome.estimates_errors or not self.counts_.n.any():
            return
        self.standard_check_ = check_standard(
            self.counts_, self.weight_, self.design_, self.term_prior_, outcome.data()
        )
        if self.standard_check_.problems:
            warnings.warn(
                f"{'; '.join(self.standard_check_.problems)}.",
                MisspecificationWarning,
                stacklevel=4,
            )

    def _check_options(self) -> None:
        for name in ("draws", "chains"):
            value = getattr(self, name)
            if isinstance(value, bool) or value != int(value) or value < 1:
                raise ValueError(
                    f"{name} must be a whole number of 1 or more; got {value}. The default is "
                    "enough."
                )
        if not (self.random_state is None or isinstance(self.random_state, (int, np.integer))):
            raise ValueError(
                f"random_state must be an int or None; got {self.random_state!r}. Pass a seed."
            )
        self._outcome_model()

    def _outcome_model(self) -> ImperfectOutcome:
        return ImperfectOutcome(
            verification_shift=self.verification_shift, reference_standard=self.reference_standard
        )

    def _read_known_outcome(self, y: Any, n: int) -> tuple[FloatArray, npt.NDArray[np.bool_]]:
        """Outcome as 0/1, and for whom it is known; 0 where it is not."""
        missing: Any = np.zeros(n, dtype=bool) if y is None else pd.isna(column_or_1d(y))
        unknown: npt.NDArray[np.bool_] = missing
        if not unknown.any():
            return self._read_outcome(y, n), np.ones(n, dtype=bool)
        if self.verification_shift is None:
            raise ValueError(
                f"y must be known for every patient; got {int(unknown.sum())} of {n} missing. "
                "Remove these patients, "
                "or state verification_shift (0.0 where the outcome is missing at random given "
                "the findings)."
            )
        outcome = np.zeros(n)
        labels = pd.Series(np.asarray(y)[~unknown]).infer_objects().to_numpy()
        if labels.size:
            outcome[~unknown] = self._read_outcome(labels, labels.size)
        else:
            self.classes_ = np.array([0, 1])
        return outcome, ~unknown

    def _read_patients(self, X: Any, *, reset: bool) -> _Patients:
        predictors, labels = (X, None) if self.groups is None else split_site(X, self.groups)
        rows = self._read_rows(predictors, reset=reset)
        if reset:
            self.sites_ = () if labels is None else learn_sites(labels)
        site = (
            np.zeros(rows.inverse.size, np.int64)
            if labels is None
            else find_sites(labels, self.sites_)
        )
        distinct, _ = distinct_rows(list(rows.values.T))
        pattern, first = distinct_rows([distinct[rows.inverse], site])
        return _Patients(rows.values[rows.inverse[first]], site[first], pattern, first)

    def _check_yes_no(self, finding: str) -> None:
        """Refuse a finding that is no yes/no term of the model."""
        design = self.design_
        own = [j for j in range(len(design.columns)) if j not in design.bands]
        known = [design.columns[j] for j in own if np.isin(self.patterns_[:, j], (0, 1)).all()]
        if vocabulary.AGE.key in (design.columns[j] for j in design.bands):
            known.append(AGE_BAND)
        if finding not in known:
            raise ValueError(
                f"finding must be a yes/no column of the model; got {finding!r}. Known: "
                f"{', '.join(known)}."
            )


def _named(prior: str | Prior | EvidencePrior) -> Prior | EvidencePrior:
    if isinstance(prior, (Prior, EvidencePrior)):
        return prior
    return (
        WEAK
        if check_choice("prior", prior, ("weak", "evidence")) == "weak"
        else EvidencePrior.published()
    )
