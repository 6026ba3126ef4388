from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from backpain_risk import LikelihoodRatioModel, LogisticModel, assess, load_model, recalibrate, save_model
from backpain_risk.models.logistic import SeparationWarning

COLUMNS = ["age_years", "history_of_cancer", "night_pain", "no_relief_with_rest"]


@pytest.fixture(scope="module")
def models(cohort):
    X, y = cohort.predictors[COLUMNS], cohort.outcome
    logistic = LogisticModel(
        penalty="firth", splines={"age_years": 4}, interactions=[("night_pain", "history_of_cancer")]
    )
    return {
        "logistic": logistic.fit(X, y),
        "arrays": LogisticModel().fit(X.to_numpy(float), y),
        "ridge": LogisticModel(penalty="ridge").fit(X, y),
        "evidence": LikelihoodRatioModel.from_evidence(),
        "learned": LikelihoodRatioModel(dependence="shrunk").fit(X, y),
        "recalibrated": recalibrate(logistic, X, y, method="logistic"),
    }


@pytest.mark.parametrize("name", ["logistic", "arrays", "ridge", "evidence", "learned", "recalibrated"])
def test_a_model_comes_back_as_it_was(models, cohort, tmp_path, name):
    X = cohort.predictors[COLUMNS].head(500)
    X = X.to_numpy(float) if name == "arrays" else X
    save_model(models[name], tmp_path / "model.json")
    back = load_model(tmp_path / "model.json")
    np.testing.assert_array_equal(back.risk(X), models[name].risk(X))
    np.testing.assert_array_equal(back.predict_proba(X), models[name].predict_proba(X))


def test_a_loaded_logistic_model_keeps_its_table_and_limits(models, cohort, tmp_path):
    save_model(models["logistic"], tmp_path / "model.json")
    back = load_model(tmp_path / "model.json")
    pd.testing.assert_frame_equal(back.result_.to_frame(), models["logistic"].result_.to_frame())
    X = cohort.predictors[COLUMNS].head(20)
    np.testing.assert_array_equal(back.risk_interval(X), models["logistic"].risk_interval(X))
    patient = {"age_years": 67, "history_of_cancer": 1, "night_pain": 0, "no_relief_with_rest": 1}
    assert str(assess(patient, model=back)) == str(assess(patient, model=models["logistic"]))


def test_loaded_ratios_draw_and_explain_as_before(models, cohort, tmp_path):
    X = cohort.predictors[COLUMNS].head(3)
    for name in ("evidence", "learned"):
        save_model(models[name], tmp_path / "model.json")
        back = load_model(tmp_path / "model.json")
        np.testing.assert_array_equal(back.risk_draws(X, 50, rng=1), models[name].risk_draws(X, 50, rng=1))
        pd.testing.assert_frame_equal(back.explain(X).to_frame(), models[name].explain(X).to_frame())


def test_infinite_coefficients_survive(tmp_path):
    X, y = np.array([[0], [0], [0], [1], [1]]), [0, 1, 0, 1, 1]
    with pytest.warns(SeparationWarning):
        model = LogisticModel().fit(X, y)
    save_model(model, tmp_path / "model.json")
    back = load_model(tmp_path / "model.json")
    np.testing.assert_array_equal(back.risk(X), model.risk(X))
    assert back.coef_[0, 0] == np.inf


def test_the_file_is_readable_says_what_it_is_and_holds_no_patient(models, tmp_path):
    save_model(models["logistic"], tmp_path / "model.json")
    content = json.loads((tmp_path / "model.json").read_text("utf-8"))
    assert content["notice"] == "For research; not for clinical use."
    assert {"format", "version", "package_version", "model", "example", "sha256"} <= set(content)
    assert len(content["example"]["risk"]) == 2


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda c: c["model"]["coefficient"].__setitem__(0, -9.0),
            "must have the SHA-256 it states; it was changed by hand",
        ),
        (lambda c: c.__setitem__("version", 99), "version 1; got 'backpain_risk model', version 99"),
        (lambda c: c.__setitem__("format", "other"), "must be of format 'backpain_risk model'"),
    ],
)
def test_tampered_and_foreign_files_are_refused(models, tmp_path, change, message):
    path = tmp_path / "model.json"
    save_model(models["logistic"], path)
    content = json.loads(path.read_text("utf-8"))
    change(content)
    path.write_text(json.dumps(content), "utf-8")
    with pytest.raises(ValueError, match=message):
        load_model(path)


def test_an_example_that_comes_out_differently_is_refused(models, tmp_path, monkeypatch):
    path = tmp_path / "model.json"
    save_model(models["logistic"], path)
    monkeypatch.setattr(LogisticModel, "risk", lambda self, X: np.full(len(X), 0.5))
    with pytest.raises(ValueError, match="must give its own worked example"):
        load_model(path)


def test_what_cannot_be_saved_or_read_is_named(models, tmp_path):
    from sklearn.linear_model import LogisticRegression

    with pytest.raises(ValueError, match=r"model must be a fitted LogisticModel, .*; got LogisticRegression"):
        save_model(LogisticRegression(), tmp_path / "model.json")
    with pytest.raises(ValueError, match=r"path must end in \.json; got 'model\.pkl'"):
        save_model(models["logistic"], tmp_path / "model.pkl")
    (tmp_path / "text.json").write_text("not a model", "utf-8")
    for name in ("text.json", "missing.json"):
        with pytest.raises(ValueError, match="path must be a model saved as JSON"):
            load_model(tmp_path / name)
