"""The enumeration of pathways against patients who were followed one by one."""

from __future__ import annotations

from functools import cache

import numpy as np
import pathway_counts
import pytest
from stored import read_proof

import backpain_risk as bpr
from backpain_risk.pathways.course import VISITS

pytestmark = pytest.mark.recovery
KEYS = {
    "esr": "esr_mm_h",
    "xray": "xray_lesion",
    "mri": "mri_positive",
    "positive": "mri_positive",
}


@cache
def compared():
    return bpr.compare_pathways(bpr.load_scenario("primary_care"), per=1)


def enumerated(pathway, consequence, g):
    """P(counted | class) by the enumeration of today."""
    found = compared()
    table = found.table
    course = found.courses[pathway]
    part, _, visit = consequence.partition("@")
    never = np.zeros(table.n_patterns, dtype=bool)
    done = course.tested.get(KEYS.get(part, "mri_positive"), {}).get(visit or VISITS[0], never)
    if part == "positive":
        done = done & (table.values["mri_positive"] == 1)
    if part == "unimaged":
        signs = table.values["neurological_deficit"] + table.values["bladder_or_bowel_dysfunction"]
        done = (signs > 0) & ~done
    back = found.review.returning if visit == "review" else 1.0
    return float(found.probability[g, done].sum()) * back


def standardised(rows):
    """(simulated - enumerated) / SE of each row; a count that cannot vary must be met exactly."""
    result = []
    for row in rows:
        p = enumerated(row["pathway"], row["consequence"], row["malignant"])
        gap = row["counted"] / row["patients"] - p
        error = np.sqrt(max(p * (1 - p), 0.0) / row["patients"])
        result.append(gap / error if error > 1e-9 else 1e6 * gap)
    return np.array(result)


def test_every_count_is_within_three_standard_errors_of_a_million_patients():
    """The seed is fixed and was not searched for.

    Were the enumeration right and the seed a new one, the largest of these differences, which hang
    together because the same patients are counted, would pass 3 about as often as
    ``largest_by_chance`` says; it is held against that distribution too.
    """
    proof = read_proof("pathway_counts")
    assert (proof["patients"], proof["seed"]) == (1_000_000, 20)
    assert {row["pathway"] for row in proof["table"]} == set(bpr.load_pathways())
    z = np.abs(standardised(proof["table"]))
    assert z.max() < 3, proof["table"][int(z.argmax())]
    assert proof["largest_by_chance"]["0.05"] < z.max() < proof["largest_by_chance"]["0.95"]


def test_wrong_counts_would_be_seen():
    """One patient in a hundred of a class counted too many."""
    rows = [row for row in read_proof("pathway_counts")["table"] if row["consequence"] == "mri"]
    moved = [row | {"counted": row["counted"] + row["patients"] // 100} for row in rows]
    z = standardised(moved)
    assert (np.abs(z[[row["pathway"] != "image_no_one" for row in rows]]) > 3).all()


def test_the_code_still_follows_patients_to_the_same_counts():
    """60 000 patients of another seed; the limit is that of 192 differences, 1 in 100 000 each."""
    again = pathway_counts.run(bpr.load_scenario("primary_care"), 60_000, 21)
    assert np.abs(standardised(again["table"])).max() < 4.6
