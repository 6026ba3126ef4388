from __future__ import annotations

import copy
import hashlib
import json
import resource
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from backpain_risk import (
    LikelihoodRatioModel,
    LogisticModel,
    assess,
    load_model,
    recalibrate,
    save_model,
)
from backpain_risk.models.logistic.model import SeparationWarning

COLUMNS = ["age_years", "history_of_cancer", "night_pain", "no_relief_with_rest"]


@pytest.fixture(scope="module")
def models(cohort):
    X, y = cohort.predictors[COLUMNS], cohort.outcome
    logistic = LogisticModel(
        penalty="firth",
        splines={"age_years": 4},
        interactions=[("night_pain", "history_of_cancer")],
    )
    return {
        "logistic": logistic.fit(X, y),
        "arrays": LogisticModel().fit(X.to_numpy(float), y),
        "ridge": LogisticModel(penalty="ridge").fit(X, y),
        "evidence": LikelihoodRatioModel.from_evidence(),
        "learned": LikelihoodRatioModel(dependence="shrunk").fit(X, y),
        "recalibrated": recalibrate(logistic, X, y, method="logistic"),
    }


@pytest.mark.parametrize(
    "name", ["logistic", "arrays", "ridge", "evidence", "learned", "recalibrated"]
)
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
        np.testing.assert_array_equal(
            back.risk_draws(X, 50, rng=1), models[name].risk_draws(X, 50, rng=1)
        )
        pd.testing.assert_frame_equal(
            back.explain(X).to_frame(), models[name].explain(X).to_frame()
        )


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
        (
            lambda c: c.__setitem__("version", 99),
            "version 1; got 'backpain_risk model', version 99",
        ),
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

    with pytest.raises(
        ValueError, match=r"model must be a fitted LogisticModel, .*; got LogisticRegression"
    ):
        save_model(LogisticRegression(), tmp_path / "model.json")
    with pytest.raises(ValueError, match=r"path must end in \.json; got 'model\.pkl'"):
        save_model(models["logistic"], tmp_path / "model.pkl")
    (tmp_path / "text.json").write_text("not a model", "utf-8")
    for name, message in (
        ("text.json", "must hold JSON"),
        ("missing.json", "path must be a model saved as JSON"),
    ):
        with pytest.raises(ValueError, match=message):
            load_model(tmp_path / name)


GARBAGE = (None, [], {}, "text", -1, 1e308, True, [[1]], {"kind": "other"})
NESTED = '{"a":' * 5000 + "1" + "}" * 5000


def signed(content):
    """The text of a file whose SHA-256 is right, whatever is in it."""
    content = {key: value for key, value in content.items() if key != "sha256"}
    digest = hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
    return json.dumps(content | {"sha256": digest})


def places(part, where=()):
    """Every key, and every first entry of a list, in nested JSON."""
    for key in part if isinstance(part, dict) else range(min(len(part), 1)):
        yield (*where, key)
        if isinstance(part[key], (dict, list)):
            yield from places(part[key], (*where, key))


def holder(content, place):
    for key in place[:-1]:
        content = content[key]
    return content


def refused(path):
    """The message of a refusal, or nothing where the file loads."""
    try:
        load_model(path)
    except ValueError as error:
        return str(error)
    return ""


@pytest.mark.parametrize("name", ["logistic", "evidence", "learned", "recalibrated"])
def test_a_signed_file_with_garbage_anywhere_is_refused_in_one_sentence(models, tmp_path, name):
    path = tmp_path / "model.json"
    save_model(models[name], path)
    whole = json.loads(path.read_text("utf-8"))
    del whole["sha256"]
    for place in places(whole):
        for garbage in GARBAGE:
            content = copy.deepcopy(whole)
            holder(content, place)[place[-1]] = garbage
            path.write_text(signed(content), "utf-8")
            assert "\n" not in refused(path), place
        content = copy.deepcopy(whole)
        del holder(content, place)[place[-1]]
        path.write_text(signed(content), "utf-8")
        message = refused(path)
        assert message.startswith(str(path)), place
        assert "\n" not in message


@pytest.mark.parametrize(
    "text", ["null", "[]", "3", '"text"', "", "\x00", "{", NESTED, '{"format": 1, "format": 2}']
)
def test_what_is_no_model_is_refused_in_one_sentence(tmp_path, text):
    path = tmp_path / "model.json"
    path.write_text(text, "utf-8")
    message = refused(path)
    assert message.startswith(str(path))
    assert "\n" not in message


def test_a_model_nested_without_end_is_refused(models, tmp_path):
    path = tmp_path / "model.json"
    save_model(models["recalibrated"], path)
    content = json.loads(path.read_text("utf-8"))
    outer = {key: value for key, value in content["model"].items() if key != "inside"}
    text = signed(content | {"model": "MODEL"})
    for depth in (400, 20_000):
        nested = (json.dumps(outer)[:-1] + ', "inside": ') * depth + "1" + "}" * depth
        path.write_text(text.replace('"MODEL"', nested), "utf-8")
        assert refused(path).startswith(str(path))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda m: m.update(classes=["a", "a"]), "classes must be two different labels"),
        (lambda m: m.update(classes=[0, 1, 2]), "at most 2 items"),
        (lambda m: m.update(n=10.0, n_events=11.0), "n_events must lie between 0 and n"),
        (lambda m: m["covariance"][0].__setitem__(1, 99.0), "covariance must be symmetric"),
        (
            lambda m: m["covariance"][0].__setitem__(0, -1.0),
            "covariance must be symmetric without negative",
        ),
        (lambda m: m["covariance"].pop(), "must have one entry a term"),
        (
            lambda m: m["result"]["odds_ratio"].__setitem__(1, 99.0),
            "result must hold the coefficients",
        ),
        (lambda m: m["result"]["low"].__setitem__(1, "inf"), "limits around them"),
        (lambda m: m["reference"].pop(), "must fit each other"),
        (lambda m: m["knots"]["0"].reverse(), "must fit each other"),
    ],
)
def test_a_signed_file_must_agree_with_itself(models, tmp_path, change, message):
    path = tmp_path / "model.json"
    save_model(models["logistic"], path)
    content = json.loads(path.read_text("utf-8"))
    change(content["model"])
    path.write_text(signed(content), "utf-8")
    assert message in refused(path)


KILLED = """
import pathlib, signal, sys
import numpy as np
from backpain_risk import LogisticModel, save_model
def half(self, text, encoding):
    with self.open("w", encoding=encoding) as handle:
        handle.write(text[: len(text) // 2])
    print("under way", flush=True)
    signal.pause()
pathlib.Path.write_text = half
save_model(LogisticModel().fit([[0], [0], [1], [1], [0], [1]], [0, 1, 0, 1, 0, 1]), sys.argv[1])
"""


def test_a_kill_while_saving_leaves_the_old_model_whole(models, tmp_path):
    path = tmp_path / "model.json"
    save_model(models["evidence"], path)
    old = path.read_bytes()
    process = subprocess.Popen([sys.executable, "-c", KILLED, str(path)], stdout=subprocess.PIPE)
    assert process.stdout.readline() == b"under way\n"
    process.kill()
    process.communicate()
    assert path.read_bytes() == old
    save_model(models["evidence"], path)
    assert [file.name for file in tmp_path.iterdir()] == ["model.json"]


def test_a_full_disk_leaves_the_old_model_whole(models, tmp_path):
    path = tmp_path / "model.json"
    save_model(models["evidence"], path)
    old, limits = path.read_bytes(), resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (200, limits[1]))
    try:
        with pytest.raises(OSError, match="File too large"):
            save_model(models["logistic"], path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert path.read_bytes() == old


def test_a_model_recalibrated_twice_comes_back(models, cohort, tmp_path):
    X, y = cohort.predictors[COLUMNS], cohort.outcome
    twice = recalibrate(
        recalibrate(models["recalibrated"], X, y), method="prevalence", from_=0.01, to=0.02
    )
    save_model(twice, tmp_path / "model.json")
    np.testing.assert_array_equal(
        load_model(tmp_path / "model.json").risk(X[:50]), twice.risk(X[:50])
    )
