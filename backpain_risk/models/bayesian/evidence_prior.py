"""Published accuracy and base rate as a prior: slopes from 2x2 tables, the intercept from the
base rate they leave.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd
from scipy import linalg
from scipy.special import expit, logit

from ... import vocabulary
from ...evidence.band_accuracy import BandAccuracy
from ...evidence.diagnostic_accuracy import Accuracy
from ...evidence.pooling.specificities import SpecificityStudies, specificity_studies
from ...evidence.tables import Evidence, load_evidence
from ...numerics.checks import (
    FloatArray,
    check_choices,
    check_kind,
    check_name,
    check_names,
    check_positive,
    refuse_where,
)
from ...numerics.intervals import LEVEL, normal_quantile
from ...results.estimate import Estimate
from ...results.in_words import sentence
from ...results.notebook import as_html
from ..design import Bands, Design
from .adjusted_odds import (
    ADJUSTMENT_SD,
    DEPENDENCE,
    Normal,
    PublishedOdds,
    adjusted,
    level_counts,
    published_odds,
)
from .prior import WEAK_SLOPE, TermPrior, centre_and_scale, with_further_counts

DEVIATION_SD = 0.5
"""SD of the coefficients of a spline per SD of its terms: how far risk may stray from the banded
effect.
"""
INTERACTION_SD = 0.5
"""SD of the log odds ratio that two findings together have beyond the product of theirs
(judgement).
"""


@dataclass(frozen=True, eq=False, kw_only=True)
class EvidencePrior:
    """Prior from published 2x2 tables and a base rate; :meth:`published` reads the packaged
    evidence.

    Parameters
    ----------
    base_rate : Estimate
        With 95 % limits; a normal distribution on the logit scale.
    findings : mapping of finding to Accuracy or BandAccuracy
        Published accuracy of each column of a model.
    specificities : mapping of finding to SpecificityStudies
        Yes/no findings whose specificity in a new setting comes from several studies, not from the
        counts above.
    dependence : (mean, sd)
        kappa, the ratio of adjusted to crude log odds ratios; judgement, so vary it: ``(1.0,
        0.2)``.
    interaction_sd : float
        SD of the coefficients of interactions, whose mean is 0: no published table says how
        findings interact.
    name : str
        What it is called in results.

    Notes
    -----
    Slopes: beta_j | kappa ~ N(kappa m_j, s_j^2 + 0.5^2), with m_j and s_j the mean and SD of the
    log diagnostic odds ratio over draws of sensitivity and specificity, and one kappa ~ N(0.8,
    0.2^2) for all. One study's specificity is drawn with an assumed between-study SD of 0.5; that
    of several, by random effects, has the spread they show.

    Intercept: what leaves the mean risk of the cohort's patients at the base rate, given the slopes
    of the same draw. Were findings independent given malignancy, that would be logit(base rate) +
    sum of log LR-; patients of the cohort have them as dependent as they are. So the
    prior-predictive mean risk is the base rate, draw by draw, and any number of findings leaves it
    there; with an intercept drawn apart from the slopes it would not stay.

    A recorded age enters by its published band, laboratory values by theirs; splines asked for add
    deviations with SD 0.5. Columns without published accuracy take the weak slope, N(0, 2^2) per
    unit or per SD. Interactions that the model declares are N(0, interaction_sd^2), per unit
    between yes/no findings and per SD of the product elsewhere; the intercept makes up for them
    too, so the mean risk stays.

    Examples
    --------
    >>> prior = EvidencePrior.published()
    >>> print(prior.base_rate)
    0.01 (95% credible interval 0.005 to 0.02)
    >>> prior.to_frame().loc[
    ...     "history_of_cancer", ["crude_odds_ratio", "odds_ratio", "low", "high"]
    ... ].round(1).tolist()
    [20.9, 11.4, 1.0, 125.7]
    """

    base_rate: Estimate
    findings: Mapping[str, Accuracy | BandAccuracy]
    specificities: Mapping[str, SpecificityStudies] = field(default_factory=dict)
    dependence: Normal = DEPENDENCE
    interaction_sd: float = INTERACTION_SD
    name: str = "evidence"

    __repr__ = sentence

    def __post_init__(self) -> None:
        check_positive("interaction_sd", self.interaction_sd)
        known = [key for key, source in self.findings.items() if isinstance(source, Accuracy)]
        check_choices("specificities", list(self.specificities), known)

    @classmethod
    def published(
        cls,
        evidence: Evidence | None = None,
        setting: str = "primary_care",
        dependence: Normal = DEPENDENCE,
        pooled: Iterable[str] = (),
    ) -> EvidencePrior:
        """From the evidence tables; the packaged ones when None.

        Every finding, test and laboratory value of the vocabulary, and every further finding that
        one's own tables hold (of the packaged tables, composites and others that no column of a
        cohort stands for are left out).

        Parameters
        ----------
        evidence : Evidence, optional
            Evidence tables of one's own.
        setting : str
            Of the preferred base rate.
        dependence : (mean, sd)
            Ratio of adjusted to crude log odds ratios, see the class.
        pooled : iterable of str
            Findings whose specificity is pooled over all rows with counts, which must share no
            patients. None by default: rows of one finding differ in definition, and whether they
            may be pooled is for the reader to say; and of two studies the random effects know
            little, so that their own priors widen the slope and shrink it.

        Examples
        --------
        >>> prior = EvidencePrior.published(pooled=["unexplained_weight_loss"])
        >>> prior.to_frame().loc["unexplained_weight_loss", ["low", "high"]].astype(float).round(
        ...     2
        ... ).tolist()
        [0.04, 246.13]
        """
        tables = load_evidence() if evidence is None else evidence
        check_kind("evidence", tables, Evidence, "Load it with load_evidence.")
        check_name("setting", setting)
        words = tables.words
        packaged = set(load_evidence().accuracy.finding) | set(words.laboratory)
        yes_no = (*words.findings, *words.imaging)
        further = [
            key for key in tables.accuracy.finding.unique() if key not in {*packaged, *yes_no}
        ]
        findings: dict[str, Accuracy | BandAccuracy] = {
            key: tables.finding(key) for key in (*yes_no, *further)
        }
        findings |= {key: tables.bands(key) for key in words.laboratory}
        specificities = {
            key: specificity_studies(tables, key) for key in check_names("pooled", pooled)
        }
        return cls(
            base_rate=_base_rate(tables, setting),
            findings=findings,
            specificities=specificities,
            dependence=dependence,
            name="evidence with pooled specificities" if specificities else "evidence",
        )

    def bands(self, columns: tuple[str, ...]) -> dict[str, Bands]:
        """Columns to be cut into their published bands: laboratory values, and age unless its
        band is a column.

        Parameters
        ----------
        columns : tuple of str
            Columns of the predictors.
        """
        cut = {
            key: _bands(source.measurement)
            for key in columns
            if isinstance(source := self.findings.get(key), BandAccuracy)
        }
        if vocabulary.AGE.key in columns and AGE_BAND not in columns:
            cut[vocabulary.AGE.key] = _bands(vocabulary.AGE)
        return {key: bands for key, bands in cut.items() if _finding(key) in self.findings}

    def over(self, design: Design, predictors: FloatArray, n: FloatArray) -> TermPrior:
        """The prior of one model's terms, given its distinct rows (m, columns) and the patients
        of each.

        Parameters
        ----------
        design : Design
            How columns become terms.
        predictors : array, shape (m, columns)
            Distinct rows of the predictors.
        n : array, shape (m,)
            Patients in each row.
        """
        parts = [self._column(design, j, predictors[:, j], n) for j in range(len(design.columns))]
        if not any(part.published for part in parts):
            raise ValueError(
                f"X must have a finding with published accuracy for prior='evidence'; got columns "
                f"{', '.join(design.columns)}. Name the columns by the data dictionary, or use "
                "prior='weak'."
            )
        parts.append(self._interactions(design, predictors, n))
        kappa, kappa_sd = self.dependence
        crude = np.concatenate([part.mean for part in parts])
        spread = linalg.block_diag(*(part.covariance for part in parts if part.mean.size))
        base_rate = _logit_normal(self.base_rate)
        return TermPrior(
            name=self.name,
            terms=("intercept", *design.terms),
            mean=np.array([base_rate[0], *kappa * crude]),
            covariance=linalg.block_diag(
                base_rate[1] ** 2, spread + kappa_sd**2 * np.outer(crude, crude)
            ),
            reference=design.matrix(predictors),
            weight=n / n.sum(),
        )

    def reference_population(self, columns: tuple[str, ...]) -> tuple[FloatArray, FloatArray]:
        """Every pattern of findings and how common the evidence makes it, findings independent
        given malignancy.

        Parameters
        ----------
        columns : tuple of str
            Columns of the predictors.

        Returns
        -------
        predictors : ndarray, shape (patterns, columns)
        share : ndarray, shape (patterns,)
        """
        values, non_malignant, malignant = zip(*(self._levels(key) for key in columns), strict=True)
        size = int(np.prod([len(v) for v in values]))
        if size > _MOST_PATTERNS:
            raise ValueError(
                f"findings must have at most {_MOST_PATTERNS} patterns; got {size}. Leave some "
                "out, or fit a cohort."
            )
        rate = self.base_rate.value
        grids = [np.meshgrid(*part, indexing="ij") for part in (values, non_malignant, malignant)]
        predictors, *given = (np.stack([axis.ravel() for axis in grid], axis=1) for grid in grids)
        return predictors, (1 - rate) * given[0].prod(axis=1) + rate * given[1].prod(axis=1)

    def updated(self, finding: str, study: Accuracy, terms: tuple[str, ...]) -> EvidencePrior:
        """The prior as if the evidence tables had held a further study: its counts join those of
        the finding.

        Parameters
        ----------
        finding : str
            Name of the finding.
        study : Accuracy
            Its 2x2 table.
        terms : tuple of str
            Names of the terms, in the order of the columns.
        """
        known = self.findings.get(finding)
        if isinstance(known, BandAccuracy):
            raise ValueError(
                f"finding must be a yes/no finding; got {finding!r}, whose evidence is by band."
            )
        together = study
        if known is not None:
            cells = {
                cell: getattr(known, cell) + getattr(study, cell)
                for cell in ("tp", "fp", "fn", "tn")
            }
            together = replace(known, **cells)
        specificities = dict(self.specificities)
        if finding in specificities:
            specificities[finding] = specificities[finding].with_study(study.fp, study.tn)
        findings = {**self.findings, finding: together}
        return replace(
            self,
            findings=findings,
            specificities=specificities,
            name=with_further_counts(self.name),
        )

    def to_frame(self) -> pd.DataFrame:
        """One row per finding or band: crude and adjusted odds ratio (medians), 95 % limits of
        the latter, source.
        """
        rows = [row for key, source in self.findings.items() for row in self._rows(key, source)]
        names = ["term", "crude_odds_ratio", "odds_ratio", "low", "high", "status", "study"]
        return pd.DataFrame(rows, columns=names).set_index("term")

    def _rows(self, key: str, source: Accuracy | BandAccuracy) -> list[tuple[Any, ...]]:
        bands = _bands(source.measurement) if isinstance(source, BandAccuracy) else None
        odds = self._odds(key, source, bands)
        labels = [key] if bands is None else [f"{key} {bands.labels[k]}" for k in bands.others]
        rows = []
        for label, mean, variance in zip(
            labels, odds.mean, np.diagonal(odds.covariance), strict=True
        ):
            middle, sd = adjusted((float(mean), float(np.sqrt(variance))), self.dependence)
            low = middle - normal_quantile(LEVEL) * sd
            high = middle + normal_quantile(LEVEL) * sd
            rows.append(
                (
                    label,
                    *(float(np.exp(x)) for x in (mean, middle, low, high)),
                    *self._origin(key, source),
                )
            )
        return rows

    def _origin(self, key: str, source: Accuracy | BandAccuracy) -> tuple[str, str]:
        """Status and study, and the studies of a pooled specificity."""
        pooled = self.specificities.get(key)
        if pooled is None:
            return source.status, source.study
        status = max(
            filter(None, (source.status, pooled.status)), key=vocabulary.STATUSES.index, default=""
        )
        return status, f"{source.study}; specificity of {', '.join(pooled.studies)}"

    def _odds(
        self, key: str, source: Accuracy | BandAccuracy, bands: Bands | None
    ) -> PublishedOdds:
        pooled = self.specificities.get(key)
        return published_odds(
            source, bands.reference if bands else 0, pooled.new_setting if pooled else None
        )

    def _repr_html_(self) -> str:
        kappa, sd = self.dependence
        head = f"Prior: {self.name}; base rate {self.base_rate}; dependence N({kappa:g}, {sd:g}²); "
        head += f"interactions N(0, {self.interaction_sd:g}²)"
        return as_html(head, self.to_frame(), digits=3)

    def _column(
        self, design: Design, column: int, values: FloatArray, n: FloatArray
    ) -> _ColumnPrior:
        """What the evidence says of one column's terms: those of its bands, then those of its
        spline.
        """
        key = design.columns[column]
        bands = design.bands.get(column)
        finding = _finding(key) if bands else key
        source = self.findings.get(finding)
        _, scale = centre_and_scale(design.of_column(column, values), n)
        if source is None:
            return _ColumnPrior(
                np.zeros(scale.size), np.diag((WEAK_SLOPE[1] / scale) ** 2), published=False
            )
        if bands is None:
            refuse_where(
                (values != 0) & (values != 1),
                values,
                f"{key} must be 0 or 1",
                "Code absent 0, present 1.",
            )
        odds = self._odds(finding, source, bands)
        size = odds.mean.size
        covariance = np.diag((DEVIATION_SD / scale) ** 2)
        covariance[:size, :size] = odds.covariance + ADJUSTMENT_SD**2 * np.eye(size)
        return _ColumnPrior(np.pad(odds.mean, (0, scale.size - size)), covariance, published=True)

    def _interactions(self, design: Design, predictors: FloatArray, n: FloatArray) -> _ColumnPrior:
        """What is assumed of the products of columns, which stand after all other terms."""
        banded = [
            design.columns[j] for pair in design.interactions for j in pair if j in design.bands
        ]
        if banded:
            raise ValueError(
                f"interactions must be between columns that enter as they are; got {banded[0]!r}, "
                "which enters by its "
                f"published bands. Use a yes/no column, such as {AGE_BAND!r} for the age."
            )
        products = design.matrix(predictors)[:, len(design.terms) - len(design.interactions) :]
        _, scale = centre_and_scale(products, n)
        return _ColumnPrior(
            np.zeros(scale.size), np.diag((self.interaction_sd / scale) ** 2), published=False
        )

    def _levels(self, key: str) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Values that stand for the levels of a finding, and their shares without and with
        malignancy.
        """
        source = self.findings.get(_finding(key))
        if source is None:
            raise ValueError(
                f"findings must have published accuracy; got {key!r}. Known: "
                f"{', '.join(self.findings)}."
            )
        measurement = vocabulary.AGE if key == vocabulary.AGE.key else None
        if isinstance(source, BandAccuracy):
            measurement = source.measurement
        values = (
            np.array([0.0, 1.0])
            if measurement is None
            else np.array([measurement.low, *measurement.cutoffs])
        )
        malignant, non_malignant = level_counts(source)
        if _finding(key) in self.specificities:
            logit_specificity = self.specificities[_finding(key)].new_setting[0]
            non_malignant = expit(np.array([1, -1]) * logit_specificity)
        return values, non_malignant / non_malignant.sum(), malignant / malignant.sum()


@dataclass(frozen=True, eq=False)
class _ColumnPrior:
    """Crude log odds ratios of a column's terms, and their spread once adjusted."""

    mean: FloatArray
    covariance: FloatArray
    published: bool


_MOST_PATTERNS = 1 << 16
AGE_BAND = "age_50_or_over"


def _finding(column: str) -> str:
    """Key of the evidence on a banded column."""
    return AGE_BAND if column == vocabulary.AGE.key else column


def _bands(measurement: vocabulary.Measurement) -> Bands:
    """Published bands, the unsuspicious one as reference."""
    reference = 0 if measurement.abnormal == "high" else len(measurement.bands) - 1
    return Bands(
        labels=measurement.bands, cutoffs=np.array(measurement.cutoffs), reference=reference
    )


def _base_rate(evidence: Evidence, setting: str) -> Estimate:
    rows = evidence.prevalence[
        (evidence.prevalence.setting == setting) & (evidence.prevalence.preferred == 1)
    ]
    if rows.empty:
        known = ", ".join(evidence.prevalence.setting[evidence.prevalence.preferred == 1])
        raise ValueError(
            f"setting must have a preferred base rate; got {setting!r}. Known: {known}."
        )
    row = rows.iloc[0]
    value = row.base_rate if np.isfinite(row.base_rate) else row.events / row.n
    return Estimate(float(value), float(row.low), float(row.high), kind="credible")


def _logit_normal(rate: Estimate) -> Normal:
    """Mean and SD of the logit of a rate with the limits of a two-sided interval."""
    low = logit(rate.low)
    high = logit(rate.high)
    return float(logit(rate.value)), float((high - low) / (2 * normal_quantile(rate.level)))
