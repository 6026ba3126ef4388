"""Multiplying likelihood ratios: what a clinician does at the bedside, as a classifier."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import expit, logit
from sklearn.utils.validation import check_array, check_is_fitted, validate_data

from ... import vocabulary
from ...evidence.band_accuracy import BandAccuracy
from ...evidence.diagnostic_accuracy import Accuracy
from ...evidence.tables import Evidence, load_evidence
from ...numerics.checks import (
    FloatArray,
    as_generator,
    check_choice,
    check_fraction,
    check_names,
    check_same_index,
)
from ...numerics.intervals import percentile_limits
from ...numerics.newton import LogisticObjective, maximise
from ...numerics.patterns import IntArray, sum_by
from ...numerics.values import as_numbers
from ...numerics.warned import in_turn
from ...results.table import ResultTable
from ..classifier import RiskClassifier, refuse_no_table, refuse_text
from ..design import with_constant
from ..state import label
from .levels import FindingLevels, learned_levels, published_levels

_EXPLAIN_DRAWS = 4000
EXPLAINED_WITH = 0
"""Seed of the fixed draws that :meth:`LikelihoodRatioModel.explain` takes when given none."""
DEPENDENCE = ("independent", "shrunk")
Ratios = Evidence | Mapping[str, Accuracy | BandAccuracy]


class LikelihoodRatioModel(RiskClassifier):
    """Pre-test odds times one likelihood ratio per finding.

    Parameters
    ----------
    evidence : Evidence or mapping of finding to Accuracy or BandAccuracy, optional
        Likelihood ratios to use; learned from the data when None.
    pretest : float, optional
        Pre-test probability; the event rate of the data when None.
    dependence : {"independent", "shrunk"}
        Findings taken as independent given malignancy, which is what multiplication assumes and is
        rarely true; or each ratio raised to an exponent of its own, learned from data together with
        a factor for the pre-test odds.
    event : label, optional
        Which of the two labels of the outcome is the event. The larger when None, with a warning
        where the labels are text: "case" and "control" would make controls the event.

    Attributes
    ----------
    findings_ : dict of FindingLevels
    pretest_ : float
    exponents_ : dict of float
        Exponent of each finding's ratio; 1 when independent.
    baseline_ : float
        Probability before any finding: the pre-test probability, moved by the learned factor when
        shrunk.

    Notes
    -----
    Exponents are 1 + d with d from a logistic regression on the log ratios, offset by their sum,
    each d with a N(0, 1) prior so that rare findings do not separate.

    Unknown findings are skipped: a missing value or an absent column multiplies by 1. ``age_years``
    is read as the band ``age_50_or_over`` when only the former is there, and laboratory values by
    band. Columns without a likelihood ratio are not used. Learned ratios add 1/2 to every count;
    columns with more than 10 distinct values are cut at quarters.

    Examples
    --------
    >>> model = LikelihoodRatioModel.from_evidence(["history_of_cancer"], pretest=0.005)
    >>> model.risk(pd.DataFrame({"history_of_cancer": [0, 1]})).round(4)
    array([0.0035, 0.0689])
    """

    def __init__(
        self,
        evidence: Ratios | None = None,
        pretest: float | None = None,
        dependence: str = "independent",
        event: Any = None,
    ) -> None:
        self.evidence = evidence
        self.pretest = pretest
        self.dependence = dependence
        self.event = event

    @classmethod
    def from_evidence(
        cls,
        findings: Iterable[str] | None = None,
        pretest: float = 0.01,
        *,
        evidence: Ratios | None = None,
    ) -> LikelihoodRatioModel:
        """A model from published evidence, ready without fitting.

        Parameters
        ----------
        findings : iterable of str, optional
            Keys to use; every one that the evidence has when None.
        pretest : float
            P(malignancy) before any finding, inside (0, 1).
        evidence : Evidence or mapping of finding to Accuracy or BandAccuracy, optional
            The packaged one when None.
        """
        keys = None if findings is None else check_names("findings", findings)
        sources = _sources(load_evidence() if evidence is None else evidence, keys)
        model = cls(sources, check_fraction("pretest", pretest))
        model._keep(
            {key: published_levels(key, source) for key, source in sources.items()}, pretest
        )
        model.classes_ = np.array([0, 1])
        return model

    def fit(self, X: Any, y: Any, sample_weight: npt.ArrayLike | None = None) -> Self:
        """Learn what is not given: ratios from the levels of each column, pre-test from the
        event rate, exponents.

        Parameters
        ----------
        X : DataFrame or array, shape (n, columns)
            Predictors of the patients, the columns that the model was fitted to.
        y : array, shape (n,)
            Outcome, two labels.
        sample_weight : array, shape (n,), optional
            Number of identical patients.
        """
        check_choice("dependence", self.dependence, DEPENDENCE)
        with in_turn():
            check_same_index(X=X, y=y, sample_weight=sample_weight)
            rows = self._read_rows(X, reset=True)
            outcome = self._read_outcome(y, rows.inverse.size)
            weight = self._read_weight(sample_weight, outcome.size)
        events, n = (sum_by(rows.inverse, w, len(rows.values)) for w in (weight * outcome, weight))
        columns = self._columns(X, rows.values)
        if self.evidence is None:
            findings = {
                name: learned_levels(name, x, events, n)
                for name, x in zip(columns, rows.values.T, strict=True)
            }
        else:
            findings = {
                key: published_levels(key, source)
                for key, source in _sources(self.evidence).items()
            }
        given = _learned_pretest(events, n) if self.pretest is None else self.pretest
        self._keep(findings, check_fraction("pretest", given))
        if self.dependence == "shrunk":
            self._learn_exponents(self._levels(rows.values, columns), events, n)
        return self

    def _learn_exponents(
        self, levels: dict[str, IntArray], events: FloatArray, n: FloatArray
    ) -> None:
        _learned_pretest(events, n)
        ratios = np.column_stack([self._log_ratio(key)[level] for key, level in levels.items()])
        kept = n > 0
        design = with_constant(ratios)[kept]
        offset = ratios.sum(axis=1)[kept] + logit(self.pretest_)
        prior = np.ones(design.shape[1])
        prior[0] = 0.0
        objective = LogisticObjective(design, events[kept], n[kept], offset, ridge=prior)
        found = maximise(objective, np.zeros(prior.size)).parameters
        self.baseline_ = float(expit(logit(self.pretest_) + found[0]))
        self.exponents_.update(
            {key: 1 + float(d) for key, d in zip(levels, found[1:], strict=True)}
        )

    def _log_ratio(self, key: str) -> FloatArray:
        """Log ratio of each level of a finding; -1, an unknown level, reads the last: 0."""
        return np.append(np.log(self.findings_[key].likelihood_ratios), 0.0)

    def explain(
        self,
        X: pd.DataFrame,
        *,
        rng: int | np.random.SeedSequence | np.random.Generator | None = None,
    ) -> ResultTable:
        """The steps from pre-test to post-test probability of each patient.

        Parameters
        ----------
        X : DataFrame, shape (n, findings)
            Findings of the patients by name.
        rng : int, SeedSequence or Generator, optional
            Draws of the likelihood ratios for the limits; the same draws for every patient. When
            None, one fixed set of 4 000 draws (``EXPLAINED_WITH``), so that a patient is explained
            alike on every call; another ``rng`` moves the limits by their Monte-Carlo error only.

        Returns
        -------
        table with one row per patient and known finding
            Columns patient (index of ``X``), finding, level, likelihood_ratio (raised to its
            exponent), log_odds_shift, probability after the step, low, high (95 % credible limits
            from the uncertainty of all ratios so far), status.

        Examples
        --------
        >>> model = LikelihoodRatioModel.from_evidence(pretest=0.01)
        >>> steps = model.explain(pd.DataFrame({"history_of_cancer": [1], "esr_mm_h": [58]}))
        >>> steps.to_frame()[["finding", "probability"]].round(3).values.tolist()
        [['history_of_cancer', 0.129], ['esr_mm_h', 0.656]]
        """
        check_is_fitted(self)
        predictors = self._read_predictors(X, reset=False)
        levels = self._levels(predictors, self._columns(X, predictors))
        drawn = self._drawn(_EXPLAIN_DRAWS, as_generator(EXPLAINED_WITH if rng is None else rng))
        patients = X.index if isinstance(X, pd.DataFrame) else range(len(predictors))
        rows = [
            row
            for i, patient in enumerate(patients)
            for row in self._steps(patient, levels, i, drawn)
        ]
        names = [
            "patient",
            "finding",
            "level",
            "likelihood_ratio",
            "log_odds_shift",
            "probability",
            "low",
            "high",
            "status",
        ]
        return ResultTable(pd.DataFrame(rows, columns=names))

    def risk_draws(
        self,
        X: Any,
        n_draws: int = 1000,
        *,
        rng: int | np.random.SeedSequence | np.random.Generator | None = None,
    ) -> FloatArray:
        """Draws of the risk of each patient from the uncertainty of the likelihood ratios, shape
        (n_draws, n).

        Parameters
        ----------
        X : DataFrame or array, shape (n, columns)
            Predictors of the patients, the columns that the model was fitted to.
        n_draws : int
            Number of draws.
        rng : int, SeedSequence or Generator
            Source of the draws; the same one gives the same draws.
        """
        check_is_fitted(self)
        drawn = self._drawn(n_draws, as_generator(rng))
        predictors = self._read_predictors(X, reset=False)
        levels = self._levels(predictors, self._columns(X, predictors))
        total = np.full((n_draws, len(predictors)), logit(self.baseline_))
        for key, level in levels.items():
            known = level >= 0
            total[:, known] += self.exponents_[key] * np.log(drawn[key])[:, level[known]]
        return np.asarray(expit(total))

    def risk(self, X: Any) -> FloatArray:
        """Post-test probability of each patient, shape (n,); columns are matched by name where
        ``X`` has names.

        Parameters
        ----------
        X : DataFrame or array, shape (n, columns)
            Predictors of the patients, the columns that the model was fitted to.
        """
        check_is_fitted(self)
        rows = self._read_rows(X, reset=False)
        total = np.full(len(rows.values), logit(self.baseline_))
        for key, level in self._levels(rows.values, self._columns(X, rows.values)).items():
            total += self.exponents_[key] * self._log_ratio(key)[level]
        return expit(total)[rows.inverse]

    def state(self, *, patients: bool = True) -> dict[str, Any]:
        """What the model knows, see :func:`save_model`; no patient is in it either way.

        Parameters
        ----------
        patients : bool
            Either: the model holds no patients.
        """
        names = getattr(self, "feature_names_in_", None)
        return {
            "columns": [] if names is None else list(map(str, names)),
            "n_columns": getattr(self, "n_features_in_", None),
            "dependence": self.dependence,
            "event": label(self.event),
            "published": self.evidence is not None,
            "given_pretest": self.pretest,
            "pretest": self.pretest_,
            "baseline": self.baseline_,
            "exponents": dict(self.exponents_),
            "findings": [levels.state() for levels in self.findings_.values()],
        }

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> Self:
        """The model of a :meth:`state`; evidence comes back as a mapping of its findings.

        Parameters
        ----------
        state : dict
            What :meth:`state` gave.
        """
        findings = {entry["key"]: FindingLevels.from_state(entry) for entry in state["findings"]}
        published: Any = {key: levels.source for key, levels in findings.items()}
        evidence = published if state["published"] else None
        model = cls(evidence, state["given_pretest"], state["dependence"], state["event"])
        model._keep(findings, state["pretest"])
        model.baseline_ = state["baseline"]
        model.exponents_ = dict(state["exponents"])
        if state["n_columns"] is not None:
            model.n_features_in_ = state["n_columns"]
        if state["columns"]:
            model.feature_names_in_ = np.array(state["columns"], dtype=object)
        return model

    def example_rows(self) -> pd.DataFrame:
        """Two made-up patients: every finding at its lowest level, and at its highest."""
        rows = {key: levels.extremes() for key, levels in self.findings_.items()}
        columns = getattr(self, "feature_names_in_", rows)
        return pd.DataFrame({str(name): rows.get(str(name), _ends(name)) for name in columns})

    def _keep(self, findings: dict[str, FindingLevels], pretest: float) -> None:
        self.findings_ = findings
        self.pretest_ = float(pretest)
        self.baseline_ = float(pretest)
        self.exponents_: dict[str, float] = dict.fromkeys(findings, 1.0)

    def _read_predictors(self, X: Any, *, reset: bool) -> FloatArray:
        """Numbers, missing values allowed; a model from evidence takes any of its columns by
        name.
        """
        if isinstance(X, pd.DataFrame):
            refuse_text(X)
        refuse_no_table(X)
        plain = as_numbers("X", X) if isinstance(X, np.ma.MaskedArray) else X
        if reset or hasattr(self, "n_features_in_"):
            values = validate_data(
                self, plain, reset=reset, dtype=np.float64, ensure_all_finite="allow-nan"
            )
        else:
            values = check_array(plain, dtype=np.float64, ensure_all_finite="allow-nan")
        read = np.asarray(values)
        self._check_values(read)
        return read

    def _columns(self, X: Any, predictors: FloatArray) -> tuple[str, ...]:
        names = (
            X.columns if isinstance(X, pd.DataFrame) else getattr(self, "feature_names_in_", None)
        )
        return (
            tuple(map(str, names))
            if names is not None
            else tuple(f"x{j}" for j in range(predictors.shape[1]))
        )

    def _levels(self, X: FloatArray, columns: tuple[str, ...]) -> dict[str, IntArray]:
        """Level of every usable finding, in the order of the model."""
        values = {name: X[:, j] for j, name in enumerate(columns)}
        for name, x in values.items():
            vocabulary.check_values(name, x)
        if (
            "age_50_or_over" in self.findings_
            and "age_50_or_over" not in values
            and "age_years" in values
        ):
            age = values["age_years"]
            values["age_50_or_over"] = np.where(np.isnan(age), np.nan, age >= 50)
        for key in self.findings_.keys() & values.keys():
            self.findings_[key].check(values[key])
        levels = {
            key: finding.level(values[key])
            for key, finding in self.findings_.items()
            if key in values
        }
        if not levels:
            raise ValueError(
                f"X must have at least one finding of the model; got columns {', '.join(columns)}. "
                f"Known: {', '.join(self.findings_)}."
            )
        return levels

    def _drawn(self, size: int, rng: np.random.Generator) -> dict[str, FloatArray]:
        """Draws of every finding's ratios, each from a child of its own, so that columns do not
        disturb each other.
        """
        children = rng.spawn(len(self.findings_))
        return {
            key: f.draw(size, child)
            for (key, f), child in zip(self.findings_.items(), children, strict=True)
        }

    def _steps(
        self, patient: Any, levels: dict[str, IntArray], row: int, drawn: dict[str, FloatArray]
    ) -> list[tuple[Any, ...]]:
        total = logit(self.baseline_)
        draws = np.full(_EXPLAIN_DRAWS, logit(self.baseline_))
        steps = []
        for key, level in levels.items():
            if level[row] < 0:
                continue
            finding = self.findings_[key]
            at = int(level[row])
            power = self.exponents_[key]
            ratio = float(finding.likelihood_ratios[at]) ** power
            total = total + np.log(ratio)
            draws = draws + power * np.log(drawn[key][:, at])
            low, high = expit(percentile_limits(draws))
            shift = (float(np.log(ratio)), float(expit(total)), float(low), float(high))
            steps.append((patient, key, finding.labels[at], ratio, *shift, finding.status))
        return steps

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        return tags


def _ends(column: Any) -> list[float]:
    """Two possible values of a column that is no finding of the model."""
    term = vocabulary.COLUMNS.get(str(column))
    return [term.low, term.high] if isinstance(term, vocabulary.Measurement) else [0.0, 1.0]


def _learned_pretest(events_by_row: FloatArray, n_by_row: FloatArray) -> float:
    """Event rate of patients of both classes."""
    events = float(events_by_row.sum())
    n = float(n_by_row.sum())
    if events in (0.0, n):
        raise ValueError(
            "y must have both events and non-events to learn the pre-test probability; got "
            f"{events:g} events among "
            f"{n:g} patients, one class only. Pass pretest=."
        )
    return events / n


def _published(evidence: Evidence, key: str) -> Accuracy | BandAccuracy:
    return evidence.bands(key) if key in evidence.words.laboratory else evidence.finding(key)


def _sources(
    evidence: Ratios, keys: tuple[str, ...] | None = None
) -> dict[str, Accuracy | BandAccuracy]:
    """Where the ratios of some findings, or of all that are known, come from."""
    if isinstance(evidence, Evidence):
        words = evidence.words
        every = (*words.findings, *words.laboratory, *words.imaging)
        return {key: _published(evidence, key) for key in keys or every}
    unknown = [key for key in keys or () if key not in evidence]
    if unknown:
        raise ValueError(
            f"findings must be in evidence, which has {', '.join(map(str, evidence))}; got "
            f"{', '.join(unknown)}. Check the spelling."
        )
    return {key: evidence[key] for key in keys or evidence}
