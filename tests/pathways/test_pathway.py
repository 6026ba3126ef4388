"""Pathways as data."""

from __future__ import annotations

import pytest

from backpain_risk.pathways.pathway import Pathway, Step, load_pathways

pytestmark = pytest.mark.contract


def test_the_shipped_pathways_are_read_with_their_source_and_status():
    shipped = load_pathways()
    assert {
        "image_no_one",
        "mri_for_all",
        "any_red_flag",
        "any_of_four",
        "deyo_diehl",
        "guideline_tiers",
    } <= set(shipped)
    assert {
        "neurological_first",
        "esr_20",
        "esr_50",
        "risk_1",
        "risk_2",
        "risk_3",
        "risk_1_then_esr",
    } <= set(shipped)
    assert {"mri_3_esr_between", "review_at_six_weeks"} <= set(shipped)
    assert all(
        p.source and p.title and p.status in ("reported", "unconfirmed", "assumed")
        for p in shipped.values()
    )


def test_a_file_of_ones_own_has_the_same_form(tmp_path):
    file = tmp_path / "mine.toml"
    file.write_text(
        'title = "Mine"\n[[step]]\ntest = "esr_mm_h"\n[[step]]\ntest = "mri_positive"\nwho = '
        '"esr_mm_h >= 35"\n'
    )
    mine = load_pathways(file)["mine"]
    assert mine == Pathway(
        "mine", [Step("esr_mm_h"), Step("mri_positive", "esr_mm_h >= 35")], title="Mine"
    )
    assert load_pathways(tmp_path) == {"mine": mine}


@pytest.mark.parametrize(
    ("toml", "message"),
    [
        ("", "at least one step"),
        ("[[step]]\n", "must name its test"),
        ("step = 3\n", "as \\[\\[step\\]\\] tables"),
        ('[[step]]\ntest = "blood"\n', "test must be one of"),
        ('[[step]]\ntest = "mri_positive"\nwhom = "all"\n', "got 'whom'"),
        ('colour = "red"\n', "got 'colour'"),
        (
            '[[step]]\ntest = "mri_positive"\nwho = "xray_lesion"\n',
            "an earlier step has ordered; got xray_lesion",
        ),
        ('[[step]]\ntest = "mri_positive"\nwho = "risk >= 3"\n', "number in \\(0, 1\\); got 3"),
        ('[[step]]\ntest = "mri_positive"\nwho = "__import__(\'os\')"\n', "must call any_of"),
        ('[[step]]\ntest = "mri_positive"\nwho = "not_improved_at_review"\n', "must be at review"),
        (
            '[[step]]\ntest = "esr_mm_h"\nat = "review"\n[[step]]\ntest = "mri_positive"\n',
            "come back to the index",
        ),
        ('[[step]]\ntest = "mri_positive"\nat = "later"\n', "'index' or 'review'"),
        ("[[step", "valid TOML"),
        ("a = " + "[" * 5000, "valid TOML"),
    ],
)
def test_what_is_wrong_with_a_file_is_one_sentence(tmp_path, toml, message):
    file = tmp_path / "mine.toml"
    file.write_text(toml)
    with pytest.raises(ValueError, match=message) as caught:
        load_pathways(file)
    assert str(caught.value).startswith("pathway mine")
    assert "\n" not in str(caught.value)


def test_the_same_is_said_in_python():
    with pytest.raises(ValueError, match="at least one step"):
        Pathway("mine", [])
    with pytest.raises(ValueError, match="test must be one of"):
        Step("blood")


def test_a_path_without_files_is_named(tmp_path):
    with pytest.raises(ValueError, match="path must be a TOML file"):
        load_pathways(tmp_path / "absent.toml")
