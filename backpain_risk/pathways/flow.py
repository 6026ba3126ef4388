"""Patients through the steps of one pathway, as a STARD diagram counts them."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ..numerics.checks import FloatArray
from .course import Course
from .patterns import PatternTable
from .wording import in_words


def patient_flow(
    course: Course, table: PatternTable, joint: FloatArray, returning: float
) -> pd.DataFrame:
    """Counts at each step; see :meth:`PathwayComparison.flow`.

    Parameters
    ----------
    joint : ndarray, shape (2, patterns)
        Patients of each pattern without and with malignancy.
    returning : float
        Share of patients who come to a review.
    """
    rows = []
    for number, (step, now) in enumerate(zip(course.pathway.steps, course.steps, strict=True), 1):
        share = returning if step.at == "review" else 1.0
        tested = joint[:, now].sum(axis=1) * share
        seen = joint.sum() * share
        positive = joint[:, now & (table.values[step.test] == 1)].sum() * share
        rows.append(
            {
                "step": number,
                "test": step.test,
                "visit": step.at,
                "who": step.who,
                "who_in_words": in_words(step.rule),
                "seen": seen,
                "tested": tested.sum(),
                "not_tested": seen - tested.sum(),
                "tested_malignant": tested[1],
                "positive": positive if step.test in step.words.imaging else np.nan,
            }
        )
    return pd.DataFrame(rows)
