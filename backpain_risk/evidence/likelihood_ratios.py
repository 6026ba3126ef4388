"""The likelihood ratios of every finding and test, side by side."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from .. import vocabulary
from ..numerics.checks import check_kind
from ..results.estimate import Estimate
from ..results.in_words import sentence
from ..results.notebook import as_html
from .band_accuracy import BandAccuracy
from .tables import Evidence


@dataclass(frozen=True, eq=False, kw_only=True)
class LikelihoodRatioTable:
    """LR+ and LR- of yes/no findings, and one LR per band of laboratory values."""

    table: pd.DataFrame

    __repr__ = sentence

    def to_frame(self) -> pd.DataFrame:
        """Columns row (label), finding, result, value, low, high, status, study."""
        return self.table.copy()

    def _repr_html_(self) -> str:
        return as_html(self.table, index=False)


def likelihood_ratio_table(evidence: Evidence) -> LikelihoodRatioTable:
    """Likelihood ratios with confidence limits from the preferred row of every finding and test.

    Parameters
    ----------
    evidence : Evidence
        What :func:`load_evidence` returns.

    Examples
    --------
    >>> from backpain_risk import load_evidence
    >>> "night_pain" in likelihood_ratio_table(load_evidence()).to_frame().finding.tolist()
    True
    """
    check_kind("evidence", evidence, Evidence, "Read it with load_evidence.")
    rows = []
    words = evidence.words
    for key in (*words.findings, vocabulary.CLINICIAN_SUSPICION.key, *words.imaging):
        accuracy = evidence.finding(key)
        for result, ratio in (
            ("positive", accuracy.lr_positive),
            ("negative", accuracy.lr_negative),
        ):
            rows.append(_row(words.label(key), key, result, ratio, accuracy.status, accuracy.study))
    for key in words.laboratory:
        rows += _band_rows(key, evidence.bands(key))
    columns = ["row", "finding", "result", "value", "low", "high", "status", "study"]
    return LikelihoodRatioTable(table=pd.DataFrame(rows, columns=columns))


def _row(
    label: str, key: str, result: str, ratio: Estimate, status: str, study: str
) -> tuple[object, ...]:
    return label, key, result, ratio.value, ratio.low, ratio.high, status, study


def _band_rows(key: str, bands: BandAccuracy) -> list[tuple[object, ...]]:
    test = bands.measurement
    rows = []
    for label, ratio in zip(bands.labels, bands.likelihood_ratios, strict=True):
        result = "positive" if ratio.value >= 1 else "negative"
        rows.append(
            _row(f"{test.label} {label} {test.unit}", key, result, ratio, bands.status, bands.study)
        )
    return rows
