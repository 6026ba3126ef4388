from __future__ import annotations

import shutil
from importlib import resources

import pytest

from backpain_risk import likelihood_ratio_table, load_evidence, vocabulary

pytestmark = pytest.mark.contract


@pytest.fixture
def folder(tmp_path):
    with resources.as_file(resources.files("backpain_risk.evidence")) as packaged:
        for name in ("accuracy.csv", "prevalence.csv", "case_mix.csv"):
            shutil.copy(packaged / name, tmp_path / name)
    return tmp_path


def test_every_word_of_the_vocabulary_has_its_row():
    evidence = load_evidence()
    keys = {
        *vocabulary.FINDINGS,
        *vocabulary.IMAGING,
        *vocabulary.LABORATORY,
        vocabulary.CLINICIAN_SUSPICION.key,
    }
    assert keys <= set(evidence.accuracy.finding)
    assert set(vocabulary.SETTINGS) <= set(evidence.prevalence.setting)
    preferred = evidence.case_mix[evidence.case_mix.preferred == 1]
    assert set(preferred.key) == {*vocabulary.CAUSES, *vocabulary.PRIMARY_SITES}


def test_shares_of_the_case_mix_sum_to_one():
    shares = load_evidence().case_mix.query("preferred == 1")
    sums = shares.groupby(["group", "sex"]).share.sum()
    assert sums.to_numpy() == pytest.approx(1)


def test_every_reference_is_in_the_bibliography():
    evidence = load_evidence()
    text = (resources.files("backpain_risk.evidence") / "references.bib").read_text("utf-8")
    for table in (evidence.accuracy, evidence.prevalence, evidence.case_mix):
        for key in table.reference.unique():
            assert f"{{{key}," in text


def test_counts_win_over_rounded_percentages():
    age = load_evidence().finding("age_50_or_over")
    assert age.sensitivity.value == 10 / 13
    assert age.status == "reported"


def test_a_finding_can_be_asked_by_study_and_threshold():
    evidence = load_evidence()
    assert evidence.finding("esr_mm_h", threshold=50).sensitivity.value == pytest.approx(5 / 9)
    assert evidence.finding("mri_positive", study="yang_2011").specificity.value == pytest.approx(
        0.954
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"key": "nonsense"}, "finding must be a key of the accuracy table; got 'nonsense'"),
        ({"key": "history_of_cancer", "study": "nobody"}, "has study='nobody'"),
        ({"key": "any_of_25_flags"}, "no sensitivity or no specificity"),
    ],
)
def test_what_is_not_there_is_said(arguments, message):
    with pytest.raises(ValueError, match=message):
        load_evidence().finding(**arguments)


def test_clinician_suspicion_has_the_reported_ratio():
    assert load_evidence().finding("clinician_suspicion").lr_positive.value == pytest.approx(
        12.1, abs=0.001
    )


def test_a_folder_of_ones_own_is_read(folder):
    assert len(load_evidence(folder).accuracy) == len(load_evidence().accuracy)


def test_all_problems_of_the_tables_are_told_at_once(folder):
    path = folder / "accuracy.csv"
    text = path.read_text("utf-8").replace("10,569,3,1393", "10,-569,3,1393", 1)
    path.write_text(
        text.replace(",assumed,assumed,assumed,1,", ",guessed,assumed,assumed,2,", 1), "utf-8"
    )
    with pytest.raises(ValueError, match="status must be one of") as error:
        load_evidence(folder)
    assert "fp must be a whole number of 0 or more; got -569" in str(error.value)
    assert "must have one preferred row; got 2" in str(error.value)


def test_a_rate_without_counts_says_how_many_patients_it_is_worth(folder):
    path = folder / "accuracy.csv"
    text = path.read_text("utf-8").replace("0.05,0.98,10,100", "0.05,0.98,,100", 1)
    path.write_text(text, "utf-8")
    with pytest.raises(ValueError, match="effective_n_malignant must be given where sensitivity"):
        load_evidence(folder).finding("fever_or_night_sweats")


def test_a_missing_file_or_column_is_named(folder):
    (folder / "case_mix.csv").write_text("group,key\ncause,x\n", "utf-8")
    with pytest.raises(ValueError, match=r"case_mix\.csv must have the columns sex, share"):
        load_evidence(folder)
    (folder / "prevalence.csv").unlink()
    with pytest.raises(ValueError, match=r"lacks prevalence\.csv"):
        load_evidence(folder)


def test_the_table_of_ratios_has_every_finding_and_band():
    table = likelihood_ratio_table(load_evidence()).to_frame()
    assert set(table.status) <= set(vocabulary.STATUSES)
    assert (table.low <= table.value).all()
    assert (table.value <= table.high).all()
    assert {"ESR >=100 mm/h", "Haematocrit <30 %", "Clinician suspicion"} <= set(table.row)


def test_studies_named_as_overlapping_are_known():
    evidence = load_evidence()
    known = {*evidence.accuracy.study, *evidence.prevalence.study}
    for table in (evidence.accuracy, evidence.prevalence):
        named = {name for text in table.overlaps_with for name in text.split(";") if name}
        assert named <= known


def test_every_number_has_a_status_in_its_own_arm():
    rows = load_evidence().accuracy
    for rate, hits, column in (
        ("sensitivity", "tp", "sensitivity_status"),
        ("specificity", "tn", "specificity_status"),
    ):
        given = rows[rate].notna() | (rows[hits] > 0)
        assert set(rows[column][given]) <= set(vocabulary.STATUSES)


def test_studies_without_cancers_have_counts_of_zero_and_no_sensitivity():
    rows = load_evidence().accuracy.query("study == 'henschke_2009' and fp.notna()")
    assert len(rows) >= 5
    assert (rows[["tp", "fn"]] == 0).all(axis=None)
    with pytest.raises(ValueError, match="no sensitivity or no specificity"):
        load_evidence().finding("unexplained_weight_loss", study="henschke_2009")


def test_rates_without_counts_carry_an_effective_number():
    rows = load_evidence().accuracy
    for rate, n in (
        ("sensitivity", "effective_n_malignant"),
        ("specificity", "effective_n_non_malignant"),
    ):
        assert (rows[n][rows[rate].notna()] > 0).all()
        assert rows[n][rows[rate].isna()].isna().all()


def test_no_finding_has_three_disjoint_studies_to_estimate_the_spread_of_its_specificity():
    """Why draws of a single study take the assumed between-study SD of 0.5."""
    rows = load_evidence().accuracy
    counted = rows[(rows.fp + rows.tn > 0) & rows.setting.isin(["walk_in", "primary_care"])]
    assert counted.groupby("finding").study.nunique().max() == 2
