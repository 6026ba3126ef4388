"""The words of the field: every finding, test, cause, primary site, mechanism and setting, defined
once.

The data dictionary, the checks of a user's own cohort and the labels of every table and figure come
from here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, TypeVar

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    import pandas as pd

NOTICE = "Synthetic data, for research; not for clinical use."
"""What every output about synthetic patients says."""

RESEARCH_NOTICE = "For research; not for clinical use."
"""What every output about patients of any origin says."""


def notice(drawn_from: object = None) -> str:
    """What an output about patients says: *synthetic data* where they were drawn from a scenario,
    and never where a user brought them.

    Parameters
    ----------
    drawn_from : Scenario, or mapping of site to Scenario, optional
        None for patients of one's own, and where nobody knows whose they are.

    Examples
    --------
    >>> notice()
    'For research; not for clinical use.'
    """
    return RESEARCH_NOTICE if drawn_from is None else NOTICE


STATUSES = ("reported", "unconfirmed", "assumed")
"""How well a number is known: read in a source, from memory of the paper, or a stated judgement."""


@dataclass(frozen=True)
class Term:
    """One word: its key, the label for people, and what it means."""

    key: str
    label: str
    definition: str


@dataclass(frozen=True)
class Finding(Term):
    """A yes/no finding or test result, recorded as 1 or 0.

    ``red_flag`` marks the nine red flags proper; ``group`` is ``"history"`` (history and
    examination) or ``"imaging"``.
    """

    group: str = "history"
    red_flag: bool = False
    unit: str = "0 no, 1 yes"

    @property
    def rule(self) -> str:
        """What a recorded value must be."""
        return "must be 0, 1 or missing"

    @property
    def remedy(self) -> str:
        """What to do about a value that breaks the rule."""
        return (
            "Map its values to 0 and 1, set them to missing, or rename the column if it means "
            "something else."
        )

    def outside(self, values: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
        """Which values break the rule; NaN, a missing value, does not."""
        return ~((values == 0) | (values == 1) | np.isnan(values))

    def between_steps(self, values: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
        """None: 0 and 1 are all there is."""
        return np.zeros(values.shape, dtype=bool)


@dataclass(frozen=True)
class Measurement(Term):
    """A recorded number: age, or a laboratory value.

    Recorded values run from ``low`` to ``high`` in steps of ``step``. ``cutoffs`` are the published
    thresholds, and ``abnormal`` says on which side of them the test is positive: ``"high"`` is
    value >= cut-off, ``"low"`` is value < cut-off.
    """

    unit: str = ""
    low: float = 0.0
    high: float = 0.0
    step: float = 1.0
    cutoffs: tuple[float, ...] = ()
    abnormal: str = "high"

    @property
    def rule(self) -> str:
        """What a recorded value must be."""
        return f"must lie from {self.low:g} to {self.high:g} {self.unit}, or be missing"

    @property
    def remedy(self) -> str:
        """What to do about a value that breaks the rule."""
        return (
            "Check its unit and data entry, set it to missing, or rename the column if it means "
            "something else."
        )

    def outside(self, values: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
        """Which values break the rule; NaN, a missing value, does not."""
        return (values < self.low) | (values > self.high)

    def between_steps(self, values: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
        """Which values are not recorded to the step: a joint distribution cannot read them, a
        regression can.
        """
        with np.errstate(invalid="ignore"):
            steps = values * round(1 / self.step)
            return np.abs(steps - np.round(steps)) > 1e-6

    @property
    def bands(self) -> tuple[str, ...]:
        """Labels of the bands between the cut-offs, in ascending order of the value."""
        if not self.cutoffs:
            return ()
        edges = [f"{cut:g}" for cut in self.cutoffs]
        inner = [
            f"{a}-{_last_before(b, self.step)}"
            for a, b in zip(edges, self.cutoffs[1:], strict=False)
        ]
        return (f"<{edges[0]}", *inner, f">={edges[-1]}")


def _last_before(cutoff: float, step: float) -> str:
    return f"{cutoff - step:g}" if step == 1 else f"{cutoff - step:.1f}"


T = TypeVar("T", bound=Term)


def _by_key(*terms: T) -> Mapping[str, T]:
    return MappingProxyType({term.key: term for term in terms})


AGE = Measurement(
    "age_years",
    "Age",
    "Age at presentation in completed years",
    unit="years",
    low=18,
    high=95,
    cutoffs=(50.0,),
)
MALE = Finding("male", "Male", "Sex recorded as male")

FINDINGS: Mapping[str, Finding] = _by_key(
    Finding(
        "age_50_or_over", "Age 50 or over", "Age at presentation 50 years or more", red_flag=True
    ),
    Finding(
        "history_of_cancer",
        "History of cancer",
        "Any previous cancer except non-melanoma skin cancer",
        red_flag=True,
    ),
    Finding(
        "unexplained_weight_loss",
        "Unexplained weight loss",
        "Unintended loss of 10 lb (4.5 kg) or more",
        red_flag=True,
    ),
    Finding(
        "failure_to_improve",
        "Failure to improve",
        "At the index visit, no better after 4-6 weeks of conservative care (studied at 1 month)",
        red_flag=True,
    ),
    Finding(
        "no_relief_with_rest",
        "No relief with rest",
        "Pain not eased by rest or change of position",
        red_flag=True,
    ),
    Finding("night_pain", "Night pain", "Pain that wakes the patient from sleep", red_flag=True),
    Finding(
        "fever_or_night_sweats",
        "Fever or night sweats",
        "Persistent fever or drenching night sweats",
        red_flag=True,
    ),
    Finding(
        "neurological_deficit", "Neurological deficit", "New weakness or numbness", red_flag=True
    ),
    Finding(
        "bladder_or_bowel_dysfunction",
        "Bladder or bowel dysfunction",
        "New bladder or bowel dysfunction",
        red_flag=True,
    ),
    Finding("radicular_pain", "Radicular pain", "Pain radiating below the knee or round the trunk"),
    Finding(
        "pain_varies_with_movement",
        "Pain varies with movement",
        "The mechanical pattern of pain; reassuring, not a red flag",
    ),
    Finding("weight_bearing_pain", "Weight-bearing pain", "Pain worse on standing or walking"),
)
"""History and examination, in the order of the cohort's columns."""

IMAGING: Mapping[str, Finding] = _by_key(
    Finding(
        "xray_lesion",
        "X-ray lesion",
        "Lytic or blastic lesion on plain radiograph",
        group="imaging",
    ),
    Finding("ct_positive", "CT positive", "CT read as malignancy of the spine", group="imaging"),
    Finding("mri_positive", "MRI positive", "MRI read as malignancy of the spine", group="imaging"),
)

LABORATORY: Mapping[str, Measurement] = _by_key(
    Measurement(
        "esr_mm_h",
        "ESR",
        "Erythrocyte sedimentation rate, Westergren",
        unit="mm/h",
        low=1,
        high=150,
        cutoffs=(20.0, 50.0, 100.0),
    ),
    Measurement(
        "haematocrit_percent",
        "Haematocrit",
        "Packed cell volume of blood",
        unit="%",
        low=15.0,
        high=60.0,
        step=0.1,
        cutoffs=(30.0, 36.0),
        abnormal="low",
    ),
    Measurement(
        "white_cell_count_10e9_l",
        "White cell count",
        "White blood cells",
        unit="10^9/L",
        low=1.0,
        high=40.0,
        step=0.1,
        cutoffs=(12.0,),
    ),
)

RED_FLAGS: tuple[str, ...] = tuple(key for key, finding in FINDINGS.items() if finding.red_flag)
"""The nine red flags proper; "any red flag" means any of these."""

CLINICIAN_SUSPICION = Finding(
    "clinician_suspicion",
    "Clinician suspicion",
    "Overall clinician judgement that cancer is likely",
    group="judgement",
)

CAUSES: Mapping[str, Term] = _by_key(
    Term(
        "strain_or_sprain",
        "Strain or sprain",
        "Lumbar strain or sprain, non-specific mechanical pain",
    ),
    Term("spondylosis", "Spondylosis", "Degenerative disc or facet joint disease"),
    Term("herniated_disc", "Herniated disc", "Herniated intervertebral disc"),
    Term("compression_fracture", "Compression fracture", "Osteoporotic compression fracture"),
    Term("spinal_stenosis", "Spinal stenosis", "Narrowing of the spinal canal"),
    Term("spondylolisthesis", "Spondylolisthesis", "Slip of one vertebra on the next"),
    Term(
        "other_mechanical",
        "Other mechanical",
        "Other mechanical cause, trauma and deformity included",
    ),
    Term(
        "visceral", "Visceral", "Pain referred from an abdominal, pelvic or retroperitoneal organ"
    ),
    Term(
        "inflammatory_arthritis",
        "Inflammatory arthritis",
        "Axial spondyloarthritis and related disease",
    ),
    Term("infection", "Infection", "Vertebral osteomyelitis, discitis or epidural abscess"),
)
"""Causes of pain without malignancy."""

MALIGNANCY = Term(
    "malignancy",
    "Malignancy",
    "Spinal malignancy present at the index visit and diagnosed within 12 months",
)

PRIMARY_SITES: Mapping[str, Term] = _by_key(
    Term("lung", "Lung", "Metastasis from lung"),
    Term("breast", "Breast", "Metastasis from breast"),
    Term("prostate", "Prostate", "Metastasis from prostate"),
    Term("kidney", "Kidney", "Metastasis from kidney"),
    Term("other_or_unknown", "Other or unknown", "Metastasis from another or an unknown primary"),
    Term("myeloma_or_lymphoma", "Myeloma or lymphoma", "Haematological malignancy of the spine"),
    Term("primary_spinal_tumour", "Primary spinal tumour", "Malignant tumour arising in the spine"),
)

MECHANISMS: Mapping[str, Term] = _by_key(
    Term("vertebral_destruction", "Vertebral destruction", "Tumour destroys a vertebra"),
    Term(
        "neural_compression",
        "Neural compression",
        "Tumour compresses a root, the cord or the cauda equina",
    ),
    Term(
        "inflammatory_mediators", "Inflammatory mediators", "Tumour releases inflammatory mediators"
    ),
)

SETTINGS: Mapping[str, Term] = _by_key(
    Term("primary_care", "Primary care", "New episode of back pain in primary care, base rate 1 %"),
    Term(
        "walk_in",
        "Walk-in clinic",
        "Walk-in clinic of Deyo and Diehl 1988, 13 cancers in 1975 patients",
    ),
    Term(
        "primary_care_pooled", "Primary care, pooled", "Six primary care studies pooled, 21 in 6622"
    ),
    Term("emergency_department", "Emergency department", "Back pain in the emergency department"),
    Term("spine_clinic", "Spine clinic", "Referral to a spine centre"),
)

LEVELS: Mapping[int, str] = MappingProxyType({0: "no", 1: "yes"})
"""What 0 and 1 mean in a cohort."""


def label(key: str) -> str:
    """Label of any word; the key itself when it is not in the vocabulary."""
    term = ALL.get(key)
    return term.label if term else key


ALL: Mapping[str, Term] = MappingProxyType(
    {
        term.key: term
        for group in (FINDINGS, IMAGING, LABORATORY, CAUSES, PRIMARY_SITES, MECHANISMS, SETTINGS)
        for term in group.values()
    }
    | {term.key: term for term in (AGE, MALE, CLINICIAN_SUSPICION, MALIGNANCY)}
)


COLUMNS: Mapping[str, Finding | Measurement] = MappingProxyType(
    {AGE.key: AGE, MALE.key: MALE, **FINDINGS, **LABORATORY, **IMAGING}
)
"""Columns of a cohort, in order."""

AGE_BAND = "age_50_or_over"
"""The finding that follows age in years."""

PREDICTORS = (AGE.key, MALE.key, *FINDINGS)
"""Columns of history and examination."""

TESTS = (*LABORATORY, *IMAGING)
"""Columns of what is measured after them."""

YES_NO = (MALE.key, *FINDINGS, *IMAGING)
"""Columns that hold 0, 1 or nothing."""

MEASURED: Mapping[str, Measurement] = MappingProxyType({AGE.key: AGE, **LABORATORY})
"""Columns that hold a number."""

RESPONDING = tuple(key for key in YES_NO if key not in (MALE.key, AGE_BAND))
"""Yes/no columns that depend on the illness; sex and age, with its band, are who the patient is."""


@dataclass(frozen=True)
class Vocabulary:
    """The words of the field, and findings and tests of one's own beside them.

    It travels with what declares them: a scenario, evidence, a cohort.

    Parameters
    ----------
    own : tuple of Finding or Measurement
        A finding of group "history" joins history and examination, one of group "imaging" imaging,
        a measurement laboratory values.

    Raises
    ------
    ValueError
        For a key that is a word already, that no column can have, or that is there twice.

    Examples
    --------
    >>> words = Vocabulary((Finding("thoracic_pain", "Thoracic pain", "Pain of the upper back"),))
    >>> words.label("thoracic_pain"), "thoracic_pain" in words.responding
    ('Thoracic pain', True)
    """

    own: tuple[Finding | Measurement, ...] = ()

    def __post_init__(self) -> None:
        keys = [term.key for term in self.own]
        for key in keys:
            if key in ALL or key in _TAKEN or not key.isidentifier() or keys.count(key) > 1:
                raise ValueError(
                    "a new finding must have a key of its own, of letters, digits and "
                    f"underscores; got {key!r}. Rename it."
                )

    @cached_property
    def findings(self) -> Mapping[str, Finding]:
        """History and examination."""
        return {**FINDINGS, **self._of_group("history")}

    @cached_property
    def imaging(self) -> Mapping[str, Finding]:
        """Imaging."""
        return {**IMAGING, **self._of_group("imaging")}

    @cached_property
    def laboratory(self) -> Mapping[str, Measurement]:
        """Laboratory values."""
        new = {term.key: term for term in self.own if isinstance(term, Measurement)}
        return {**LABORATORY, **new}

    @cached_property
    def columns(self) -> Mapping[str, Finding | Measurement]:
        """Columns of a cohort, in order."""
        who: dict[str, Finding | Measurement] = {AGE.key: AGE, MALE.key: MALE}
        return {**who, **self.findings, **self.laboratory, **self.imaging}

    @property
    def predictors(self) -> tuple[str, ...]:
        """Columns of history and examination."""
        return (AGE.key, MALE.key, *self.findings)

    @property
    def tests(self) -> tuple[str, ...]:
        """Columns of what is measured after them."""
        return (*self.laboratory, *self.imaging)

    @property
    def yes_no(self) -> tuple[str, ...]:
        """Columns that hold 0, 1 or nothing."""
        return (MALE.key, *self.findings, *self.imaging)

    @property
    def measured(self) -> Mapping[str, Measurement]:
        """Columns that hold a number."""
        return {AGE.key: AGE, **self.laboratory}

    @property
    def responding(self) -> tuple[str, ...]:
        """Yes/no columns that depend on the illness."""
        return tuple(key for key in self.yes_no if key not in (MALE.key, AGE_BAND))

    def label(self, key: str) -> str:
        """Label of any word; the key itself when it is not in the vocabulary."""
        term = self.columns.get(key)
        return term.label if term else label(key)

    def _of_group(self, group: str) -> dict[str, Finding]:
        new = [term for term in self.own if isinstance(term, Finding)]
        return {term.key: term for term in new if term.group == group}


_TAKEN = ("outcome", "risk", "true_risk", "site", "all", "no_one")
"""Names of other columns and conditions."""
STANDARD = Vocabulary()
"""The words of the field alone."""


def check_values(column: str, values: npt.NDArray[np.float64]) -> None:
    """Refuse numbers that a column of the vocabulary cannot hold; any other column may hold
    anything.

    Parameters
    ----------
    column : str
        Key of the vocabulary, or any name.
    values : ndarray of float, shape (n,)
        NaN is a missing value.

    Raises
    ------
    ValueError
        Naming the column, the rule, how many values break it, the first of them, and a remedy.

    Examples
    --------
    >>> check_values("night_pain", np.array([0.0, 1.0, np.nan]))
    >>> COLUMNS["night_pain"].outside(np.array([0.0, 5.0])).tolist()
    [False, True]
    """
    term = COLUMNS.get(column)
    bad = np.zeros(0, dtype=bool) if term is None else term.outside(values)
    if term is not None and bad.any():
        row = int(np.flatnonzero(bad)[0])
        raise ValueError(
            f"{column} {term.rule}; got {int(bad.sum())} of {bad.size} outside (first "
            f"{values[row]:g} at row {row}). "
            f"{term.remedy}"
        )


def data_dictionary(words: Vocabulary = STANDARD) -> pd.DataFrame:
    """One row per column of a cohort: column, label, type, unit, levels or range, bands,
    definition.

    Parameters
    ----------
    words : Vocabulary
        That of a scenario, evidence or cohort (``.words``) with findings of its own.

    Examples
    --------
    >>> "night_pain" in data_dictionary().to_string()
    True
    """
    import pandas as pd

    from .numerics.checks import check_kind

    check_kind("words", words, Vocabulary, "Pass for example scenario.words.")
    rows = [_dictionary_row(term) for term in words.columns.values()]
    outcome = (
        "outcome",
        MALIGNANCY.label,
        "integer",
        "0 no, 1 yes",
        "0, 1",
        "",
        MALIGNANCY.definition,
    )
    return pd.DataFrame(
        [*rows, outcome],
        columns=["column", "label", "type", "unit", "values", "bands", "definition"],
    )


def _dictionary_row(term: Finding | Measurement) -> tuple[str, str, str, str, str, str, str]:
    if isinstance(term, Finding):
        return (term.key, term.label, "integer", term.unit, "0, 1", "", term.definition)
    kind = "integer" if term.step == 1 else "one decimal"
    span = f"{term.low:g} to {term.high:g}"
    return (term.key, term.label, kind, term.unit, span, ", ".join(term.bands), term.definition)
