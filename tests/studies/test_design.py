"""Designs of studies: what they say of themselves, as TOML, and what changes their identity."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import backpain_risk as bpr
from backpain_risk.studies.identity import digest_of

pytestmark = pytest.mark.contract
TOML = """
seed = 7
sizes = [1000, 5000]
predictors = ["history_of_cancer", "age_50_or_over"]
target = { auroc = 0.01 }

[scenarios.fixed]
scenario = "primary_care"
dependence = 0.5

[scenarios.drawn]
scenario = "primary_care"
drawn = true

[scenarios.conflict]
scenario = "primary_care"
accuracy.history_of_cancer = [0.15, 0.96]

[methods.flic]
model = "LogisticModel"
penalty = "firth"

[methods.published]
model = "LikelihoodRatioModel"
evidence = "published"
pretest = 0.01
"""


@pytest.fixture
def design(tmp_path):
    path = tmp_path / "design.toml"
    path.write_text(TOML, "utf-8")
    return bpr.load_study_design(path)


def test_a_file_says_what_python_says(design):
    assert design.scenarios["fixed"].dependence == 0.5
    assert isinstance(design.scenarios["drawn"], bpr.DrawnTruth)
    assert design.scenarios["conflict"].accuracy("history_of_cancer").tp == pytest.approx(0.15 * 13)
    assert design.methods["flic"].penalty == "firth"
    published = bpr.LikelihoodRatioModel.from_evidence(design.predictors)
    X = pd.DataFrame([[0, 1], [1, 0]], columns=list(design.predictors))
    fitted = design.methods["published"].fit(X, [0, 1])
    np.testing.assert_allclose(fitted.risk(X), published.risk(X))
    assert design.to_frame().set_index("part").content["Aims"] == "not stated"


def test_toml_written_and_read_is_the_same_design(design, tmp_path):
    path = tmp_path / "again.toml"
    path.write_text(design.to_toml(), "utf-8")
    assert bpr.load_study_design(path).digest == design.digest


def test_whatever_changes_a_replicate_changes_its_cell(design):
    def changed(**changes):
        given = {name: getattr(design, name) for name in ("sizes", "seed", "predictors")}
        given |= {"scenarios": design.scenarios, "methods": design.methods} | changes
        return bpr.StudyDesign(**given)

    cell = ("fixed", 1000, "flic")
    same = changed(replicates=5, aims="other", sizes=[1000], target={})
    assert same.cell_digest(*cell) == design.cell_digest(*cell)
    others = [
        changed(seed=8),
        changed(thresholds=[0.02]),
        changed(draw="patients"),
        changed(level=0.9),
        changed(time_limit=5.0),
        changed(predictors=["history_of_cancer"]),
        changed(methods={"flic": bpr.LogisticModel(penalty="firth", correction="none")}),
        changed(scenarios={"fixed": design.scenarios["conflict"]}),
        changed(scenarios={"fixed": design.scenarios["drawn"]}),
    ]
    digests = {other.cell_digest(*cell) for other in [design, *others]}
    assert len(digests) == 1 + len(others)


def test_a_parameter_whose_content_cannot_be_told_is_refused():
    with pytest.raises(ValueError, match="whose content can be told"):
        digest_of(object())
    assert digest_of(0.1) != digest_of(np.nextafter(0.1, 1))


@pytest.mark.identity
def test_estimands_are_those_of_the_exact_risk(design):
    table = design.estimands().set_index(["scenario", "estimand"]).value
    assert table["fixed", "mean_risk"] == pytest.approx(0.01)
    assert table["fixed", "calibration_slope"] == pytest.approx(1)
    assert "drawn" not in table.index.get_level_values("scenario")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('model = "LogisticModel"', 'model = "Logit"', "methods.flic must have a model, one of"),
        ('penalty = "firth"', 'penality = "firth"', "must have parameters of LogisticModel; got"),
        ("sizes = [1000, 5000]", "", "sizes"),
        ("seed = 7", "seed = 7\ncolour = 1", "colour"),
        ("seed = 7", "seed = ", "must be valid TOML"),
        ("[0.15, 0.96]", "[0.15]", "must be a sensitivity and a specificity"),
        ("5000]", "1000]", "sizes must each stand once"),
        ('scenario = "primary_care"\ndrawn', "drawn", "must have scenario or numbers; got neither"),
    ],
)
def test_a_file_that_is_wrong_is_refused(tmp_path, old, new, message):
    path = tmp_path / "design.toml"
    path.write_text(TOML.replace(old, new, 1), "utf-8")
    with pytest.raises(ValueError, match=message):
        bpr.load_study_design(path)


def test_methods_of_other_packages_have_no_words():
    from sklearn.linear_model import LogisticRegression

    design = bpr.StudyDesign(
        scenarios={"a": bpr.load_scenario("walk_in")},
        sizes=[100],
        methods={"sk": LogisticRegression()},
        seed=1,
    )
    with pytest.raises(ValueError, match="to be written as TOML; got LogisticRegression"):
        design.to_toml()
    with pytest.raises(ValueError, match="methods must be scikit-learn classifiers"):
        bpr.StudyDesign(scenarios=design.scenarios, sizes=[100], methods={"a": len}, seed=1)
