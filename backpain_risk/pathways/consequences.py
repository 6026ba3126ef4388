"""What a pathway does, counted: tests, cancers sent and found, false alarms; all linear in
P(pattern | class).
"""

from __future__ import annotations

import numpy as np

from ..numerics.checks import FloatArray
from .course import VISITS, Course
from .pathway import DECISIVE
from .patterns import PatternTable

TESTS_COUNTED = {
    "esr": "esr_mm_h",
    "haematocrit": "haematocrit_percent",
    "white_cells": "white_cell_count_10e9_l",
    "xray": "xray_lesion",
    "ct": "ct_positive",
    "mri": "mri_positive",
}
"""Consequence to the test that it counts."""

LABELS = {
    "esr": "ESR measured",
    "haematocrit": "Haematocrit measured",
    "white_cells": "White cells counted",
    "xray": "X-rays",
    "ct": "CT scans",
    "mri": "MRI scans",
    "review": "Review visits",
    "work_ups": "Work-ups (every positive MRI)",
    "cancers": "Cancers",
    "cancers_sent": "Cancers sent to MRI",
    "non_cancers_sent": "Patients without cancer sent to MRI",
    "found_at_index": "Cancers found at the index visit",
    "found_at_review": "Cancers found at review",
    "missed": "Cancers missed",
    "false_alarms": "False alarms (positive MRI without cancer)",
    "number_needed_to_image": "MRI scans per cancer found",
    "neurological_not_imaged_at_index": "Neurological findings not imaged at the index visit",
}
"""Every consequence, for people. All but the number needed to image are counts of patients."""

SECOND = ("cancers_sent_at_review", "non_cancers_sent_at_review")
"""Parts of net benefit that are no consequences of their own."""

_NEUROLOGICAL = ("neurological_deficit", "bladder_or_bowel_dysfunction")


def indicators(course: Course, table: PatternTable) -> tuple[tuple[str, ...], FloatArray]:
    """Which patterns each part of a consequence counts.

    Returns
    -------
    names : tuple of str
        ``part@visit`` of each column; parts are tests, ``positive`` (MRI) and ``unimaged``.
    columns : ndarray of 0/1, shape (patterns, len(names))
    """
    never = np.zeros(table.n_patterns, dtype=bool)
    parts = {}
    for visit in VISITS:
        for test in TESTS_COUNTED.values():
            parts[f"{test}@{visit}"] = course.tested.get(test, {}).get(visit, never)
        parts[f"positive@{visit}"] = parts[f"{DECISIVE}@{visit}"] & (table.values[DECISIVE] == 1)
    signs = np.any([table.values[key] == 1 for key in _NEUROLOGICAL if key in table.values], axis=0)
    parts["unimaged@index"] = signs & ~parts[f"{DECISIVE}@index"]
    return tuple(parts), np.column_stack([part.astype(np.float64) for part in parts.values()])


def counted(
    names: tuple[str, ...],
    shares: FloatArray,
    base_rate: FloatArray,
    returning: FloatArray,
    *,
    has_review: bool,
) -> dict[str, FloatArray]:
    """Consequences per patient from the share of each class that each indicator counts.

    Parameters
    ----------
    shares : ndarray, shape (draws, 2, len(names))
        P(indicator | class), without and with malignancy.
    base_rate, returning : ndarray, shape (draws,)
        P(malignancy), and the share of patients who come to a review.
    has_review : bool
        Whether the pathway asks patients to come again.
    """
    joint = shares * np.stack([1 - base_rate, base_rate], axis=1)[:, :, None]
    column = {name: joint[:, :, i] for i, name in enumerate(names)}

    def both(part: str) -> FloatArray:  # (draws, 2), patients of each class
        return np.asarray(column[f"{part}@index"] + returning[:, None] * column[f"{part}@review"])

    found = {visit: column[f"positive@{visit}"][:, 1] for visit in VISITS}
    found["review"] = found["review"] * returning
    sent = both(DECISIVE)
    result = {name: both(test).sum(axis=1) for name, test in TESTS_COUNTED.items()}
    result["review"] = returning * has_review
    result["work_ups"] = both("positive").sum(axis=1)
    result["cancers"] = base_rate
    result["cancers_sent"] = sent[:, 1]
    result["non_cancers_sent"] = sent[:, 0]
    result["found_at_index"] = found["index"]
    result["found_at_review"] = found["review"]
    result["missed"] = base_rate - found["index"] - found["review"]
    result["false_alarms"] = both("positive")[:, 0]
    with np.errstate(divide="ignore", invalid="ignore"):
        result["number_needed_to_image"] = result["mri"] / (found["index"] + found["review"])
    result["neurological_not_imaged_at_index"] = column["unimaged@index"].sum(axis=1)
    result["cancers_sent_at_review"] = returning * column[f"{DECISIVE}@review"][:, 1]
    result["non_cancers_sent_at_review"] = returning * column[f"{DECISIVE}@review"][:, 0]
    return result
