from __future__ import annotations

import copy
import hashlib
import io
import json
import resource
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone

from backpain_risk import (
    Accuracy,
    BayesianLogisticModel,
    EvidencePrior,
    ImputedModel,
    LikelihoodRatioModel,
    LogisticModel,
    assess,
    leave_one_out,
    load_model,
    plots,
    power_scaling,
    recalibrate,
    save_model,
)
from backpain_risk.models.logistic.model import SeparationWarning
from backpain_risk.numerics.sampling.diagnostics import SamplingWarning

pytestmark = pytest.mark.contract

COLUMNS = ["age_years", "history_of_cancer", "night_pain", "no_relief_with_rest"]


@pytest.fixture(scope="module")
def models(cohort):
    X = cohort.predictors[COLUMNS]
    y = cohort.outcome
    logistic = LogisticModel(
        penalty="firth",
        splines={"age_years": 4},
        interactions=[("night_pain", "history_of_cancer")],
    )
    return {
        "logistic": logistic.fit(X, y),
        "arrays": LogisticModel().fit(X.to_numpy(float), y),
        "ridge": LogisticModel(penalty="ridge").fit(X, y),
        "flac": LogisticModel(penalty="firth", correction="flac").fit(X, y),
        "separated": separated(),
        "evidence": LikelihoodRatioModel.from_evidence(),
        "learned": LikelihoodRatioModel(dependence="shrunk").fit(X, y),
        "recalibrated": recalibrate(logistic, X, y, method="logistic"),
        "imputed": ImputedModel(logistic, 2, random_state=1).fit(with_gaps(X), y),
        "bayesian": BayesianLogisticModel(prior="evidence", **FAST).fit(X[FEW], y),
        "sites": several_sites(X, y),
        "standard": imperfect(X, y),
    }


FEW = COLUMNS[1:]
FAST = {"method": "laplace", "random_state": 1}


def separated():
    with pytest.warns(SeparationWarning):
        return LogisticModel().fit([[0], [0], [0], [1], [1]], [0, 1, 0, 1, 1])


def with_gaps(X):
    gaps = X.astype(float)
    gaps.iloc[:300, 2] = np.nan
    return gaps


def at_sites(X):
    return X.assign(site=np.where(np.arange(len(X)) % 3, "north", "south"))


def several_sites(X, y):
    """SDs between sites are not near normal, so the draws are poor, which does not matter here."""
    with pytest.warns(SamplingWarning):
        return BayesianLogisticModel(groups="site", **FAST).fit(at_sites(X[FEW]), y)


def imperfect(X, y):
    study = Accuracy.from_counts(980, 5, 20, 9995)
    options = {"verification_shift": 0.0, "reference_standard": study, **FAST}
    return BayesianLogisticModel(**options).fit(X[FEW[:1]], y)


def given(name, X):
    """The predictors that a model was fitted with."""
    X = X[COLUMNS]
    changed = {
        "arrays": lambda: X.to_numpy(float),
        "separated": lambda: np.array([[0], [1]]),
        "imputed": lambda: with_gaps(X),
        "bayesian": lambda: X[FEW],
        "sites": lambda: at_sites(X[FEW]),
        "standard": lambda: X[FEW[:1]],
    }
    return changed.get(name, lambda: X)()


LOGISTIC = ["logistic", "arrays", "ridge", "flac", "separated"]
RATIOS = ["evidence", "learned"]
BAYESIAN = ["bayesian", "sites", "standard"]


@pytest.mark.parametrize("name", [*LOGISTIC, *RATIOS, *BAYESIAN, "recalibrated", "imputed"])
def test_a_model_comes_back_as_it_was(models, cohort, tmp_path, name):
    X = given(name, cohort.predictors.head(500))
    model = models[name]
    save_model(model, tmp_path / "model.json")
    back = load_model(tmp_path / "model.json")
    assert type(back) is type(model)
    assert back.__dict__.keys() == model.__dict__.keys()
    np.testing.assert_array_equal(back.risk(X), model.risk(X))
    np.testing.assert_array_equal(back.predict_proba(X), model.predict_proba(X))
    np.testing.assert_array_equal(back.classes_, model.classes_)


@pytest.mark.parametrize("name", LOGISTIC)
@pytest.mark.parametrize("patients", [True, False])
def test_a_loaded_logistic_model_knows_all_it_knew(models, tmp_path, name, patients):
    result = models[name].result_
    save_model(models[name], tmp_path / "model.json", patients=patients)
    back = load_model(tmp_path / "model.json").result_
    assert type(back) is type(result)
    assert str(back.summary()) == str(result.summary())
    assert str(back.separation) == str(result.separation)
    assert back.log_likelihood == result.log_likelihood
    for question in ("conf_int", "likelihood_ratio_tests", "marginal_odds_ratios", "to_frame"):
        pd.testing.assert_frame_equal(getattr(back, question)(), getattr(result, question)())
    wald = [one.conf_int(0.9, method="wald") for one in (back, result)]
    pd.testing.assert_frame_equal(*wald)
    if patients:
        pd.testing.assert_frame_equal(back.conf_int(0.8), result.conf_int(0.8))
    else:
        assert [file.name for file in tmp_path.iterdir()] == ["model.json"]
        with pytest.raises(ValueError, match=r"level must be 0\.95 .* saved without its patients"):
            back.conf_int(0.8)
    plots.plot_odds_ratios(back)


def test_a_model_loaded_without_patients_can_be_saved_again(models, tmp_path):
    save_model(models["logistic"], tmp_path / "one.json", patients=False)
    save_model(load_model(tmp_path / "one.json"), tmp_path / "two.json")
    assert (tmp_path / "one.json").read_bytes() == (tmp_path / "two.json").read_bytes()


@pytest.mark.parametrize("name", BAYESIAN)
def test_a_loaded_bayesian_model_knows_all_it_knew(models, cohort, tmp_path, name):
    X = given(name, cohort.predictors.head(20))
    model = models[name]
    save_model(model, tmp_path / "model.json")
    back = load_model(tmp_path / "model.json")
    np.testing.assert_array_equal(back.risk_draws(X, 50), model.risk_draws(X, 50))
    assert str(back.summary()) == str(model.summary())
    pd.testing.assert_frame_equal(back.prior_.to_frame(), model.prior_.to_frame())
    for one, other in zip(back.posterior_.leaves, model.posterior_.leaves, strict=True):
        assert one.to_dataset().equals(other.to_dataset())
    if name != "sites":  # whose draws are too poor for either
        scaled = [power_scaling(one).to_frame() for one in (back, model)]
        pd.testing.assert_frame_equal(*scaled)
        assert leave_one_out(back).elpd == leave_one_out(model).elpd
    if name == "standard":
        found = back.standard_check_
        expected = model.standard_check_
        pd.testing.assert_frame_equal(found.to_frame(), expected.to_frame())
    with pytest.raises(ValueError, match="patients must be True for a BayesianLogisticModel"):
        save_model(model, tmp_path / "other.json", patients=False)


def test_a_loaded_bayesian_model_learns_on(cohort, tmp_path):
    X = cohort.predictors[FEW]
    y = cohort.outcome
    prior = EvidencePrior.published(dependence=(1.0, 0.2))
    model = BayesianLogisticModel(prior=prior, **FAST).fit(X, y)
    save_model(model, tmp_path / "model.json")
    back = load_model(tmp_path / "model.json")
    for one in (model, back):
        one.update_from_counts("night_pain", 5, 100, 2, 90)
    np.testing.assert_array_equal(back.risk(X[:50]), model.risk(X[:50]))
    save_model(back, tmp_path / "model.json")
    assert load_model(tmp_path / "model.json").prior_.name == "evidence and further counts"


def test_a_loaded_model_fits_again_as_the_saved_one_would(models, cohort, tmp_path):
    X = cohort.predictors.tail(2000)
    y = cohort.outcome.tail(2000)
    for name in ("logistic", "ridge", *RATIOS, "imputed", "bayesian"):
        table = given(name, X)
        save_model(models[name], tmp_path / "model.json")
        back = load_model(tmp_path / "model.json")
        one, other = (clone(model).fit(table, y).risk(table) for model in (back, models[name]))
        np.testing.assert_array_equal(one, other)


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
    X = np.array([[0], [0], [0], [1], [1]])
    y = [0, 1, 0, 1, 1]
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
            lambda c: c["model"]["fit"]["coefficient"].__setitem__(0, -9.0),
            "must have the SHA-256 it states; it was changed by hand",
        ),
        (
            lambda c: c.__setitem__("version", 99),
            "version 2; got 'backpain_risk model', version 99",
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


@pytest.mark.parametrize(
    "name", ["logistic", "evidence", "learned", "recalibrated", "imputed", "bayesian", "sites"]
)
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
        if place[-2:-1] == ("findings",) and isinstance(place[-1], str):
            continue  # a prior may know fewer findings
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
        (lambda m: m.update(n=10.0, n_events=9.0), "must be those of the likelihood"),
        (lambda m: m["fit"]["covariance"][0].__setitem__(1, 99.0), "covariance must be symmetric"),
        (
            lambda m: m["fit"]["covariance"][0].__setitem__(0, -1.0),
            "covariance must be symmetric without negative",
        ),
        (lambda m: m["fit"]["covariance"].pop(), "must have one entry a term"),
        (lambda m: m["fit"]["position"].__setitem__(1, 99), "position must be that of a parameter"),
        (lambda m: m["stated"]["limits"]["low"].__setitem__(1, 99.0), "around the coefficients"),
        (lambda m: m["stated"]["tests"]["p_value"].pop(), "one entry a term"),
        (lambda m: m["reference"].pop(), "must fit each other"),
        (lambda m: m["knots"]["0"].reverse(), "must fit each other"),
        (lambda m: m["fit"]["likelihood"].update(n={"array": "model.none"}), "array of numbers"),
        (
            lambda m: m["fit"]["likelihood"].update(n={"array": "model.fit.likelihood.offset"}),
            "between 0 and n",
        ),
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
model = LogisticModel().fit([[0], [0], [1], [1], [0], [1]], [0, 1, 0, 1, 0, 1])
save_model(model, sys.argv[1], patients=False)
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


BETWEEN = """
import signal, sys
import numpy as np
from backpain_risk import LogisticModel, save_model
from backpain_risk.models import saved
def only_arrays(target, write, whole=saved.write_atomically):
    if target.suffix == ".json":
        print("arrays written", flush=True)
        signal.pause()
    whole(target, write)
saved.write_atomically = only_arrays
save_model(LogisticModel().fit([[0], [0], [1], [1], [0], [1]], [0, 1, 0, 1, 0, 1]), sys.argv[1])
"""


def test_a_kill_between_the_two_files_leaves_the_old_model_whole(models, cohort, tmp_path):
    path = tmp_path / "model.json"
    save_model(models["bayesian"], path)
    process = subprocess.Popen([sys.executable, "-c", BETWEEN, str(path)], stdout=subprocess.PIPE)
    assert process.stdout.readline() == b"arrays written\n"
    process.kill()
    process.communicate()
    X = cohort.predictors[FEW].head(20)
    np.testing.assert_array_equal(load_model(path).risk(X), models["bayesian"].risk(X))


def arrays_of(path):
    return path.with_name(json.loads(path.read_text("utf-8"))["arrays"]["file"])


def test_arrays_of_another_model_or_changed_or_missing_are_refused(models, tmp_path):
    one = tmp_path / "one.json"
    other = tmp_path / "other.json"
    save_model(models["bayesian"], one)
    save_model(models["logistic"], other)
    own = arrays_of(one).read_bytes()
    for packed in (arrays_of(other).read_bytes(), own[:-1], own + b" ", b""):
        arrays_of(one).write_bytes(packed)
        assert "must lie beside arrays of the SHA-256 it states" in refused(one)
    arrays_of(one).unlink()
    assert "which holds its arrays; it is missing" in refused(one)


def pickled():
    buffer = io.BytesIO()
    np.savez(buffer, **{"model.weight": np.array([print], dtype=object)})
    return buffer.getvalue()


@pytest.mark.parametrize("packed", [b"", b"PK", b"no archive", pickled()])
def test_signed_arrays_that_are_none_are_refused_and_nothing_is_run(models, tmp_path, packed):
    path = tmp_path / "model.json"
    save_model(models["bayesian"], path)
    content = json.loads(path.read_text("utf-8"))
    arrays_of(path).write_bytes(packed)
    content["arrays"]["sha256"] = hashlib.sha256(packed).hexdigest()
    path.write_text(signed(content), "utf-8")
    assert "must have plain arrays in" in refused(path)
    assert "\n" not in refused(path)


@pytest.mark.parametrize("name", ["../arrays.npz", "/etc/passwd", "a/b.npz", "..", ""])
def test_arrays_are_sought_in_the_folder_only(models, tmp_path, name):
    path = tmp_path / "folder" / "model.json"
    save_model(models["bayesian"], path)
    content = json.loads(path.read_text("utf-8"))
    (tmp_path / "arrays.npz").write_bytes(arrays_of(path).read_bytes())
    content["arrays"]["file"] = name
    path.write_text(signed(content), "utf-8")
    assert "must be plain names inside their folder" in refused(path)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda a: a.update({"model.counts.events": a["model.counts.events"][1:]}),
        lambda a: a.update({"model.counts.events": a["model.counts.n"] + 1}),
        lambda a: a.update({"model.counts.site": a["model.counts.site"] + 5}),
        lambda a: a.update({"model.weight": -a["model.weight"]}),
        lambda a: a.update({"model.weight": np.array(1.0)}),
        lambda a: a.update({"model.patterns": a["model.patterns"] * np.nan}),
        lambda a: a.update({"model.patterns": a["model.patterns"].astype(str)}),
        lambda a: a.update({"model.fit.parameters": a["model.fit.parameters"][:, 1:]}),
        lambda a: a.update({"model.fit.posterior.coefficient": np.zeros((4, 1000, 1))}),
        lambda a: a.pop("model.fit.prior.coefficient"),
    ],
)
def test_signed_arrays_must_agree_with_each_other(models, tmp_path, spoil):
    path = tmp_path / "model.json"
    save_model(models["bayesian"], path)
    content = json.loads(path.read_text("utf-8"))
    arrays = dict(np.load(arrays_of(path), allow_pickle=False))
    spoil(arrays)
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    arrays_of(path).write_bytes(buffer.getvalue())
    content["arrays"]["sha256"] = hashlib.sha256(buffer.getvalue()).hexdigest()
    path.write_text(signed(content), "utf-8")
    assert refused(path).startswith(f"{path} must hold a whole model; model")
    assert "\n" not in refused(path)


def test_saving_again_leaves_one_pair_and_the_same_bytes(models, tmp_path):
    path = tmp_path / "model.json"
    save_model(models["logistic"], path)
    first = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    save_model(models["bayesian"], path)
    assert len(list(tmp_path.iterdir())) == 2
    save_model(models["logistic"], path)
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == first


def test_a_full_disk_leaves_the_old_model_whole(models, tmp_path):
    path = tmp_path / "model.json"
    save_model(models["evidence"], path)
    old = path.read_bytes()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (200, limits[1]))
    try:
        with pytest.raises(OSError, match="File too large"):
            save_model(models["logistic"], path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert path.read_bytes() == old


def test_a_full_disk_while_saving_the_same_model_again_leaves_it_whole(models, tmp_path):
    """Its arrays have the same name again, so that they are replaced and not added."""
    path = tmp_path / "model.json"
    save_model(models["logistic"], path)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (200, limits[1]))
    try:
        with pytest.raises(OSError, match="File too large"):
            save_model(models["logistic"], path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    np.testing.assert_array_equal(load_model(path).coef_, models["logistic"].coef_)


def test_a_firth_model_of_separated_data_comes_back_with_its_limits(tmp_path):
    """FLIC moves the intercept away from where the profile of its limits begins."""
    X = np.array([[0], [0], [0], [0], [1], [1]])
    model = LogisticModel(penalty="firth").fit(X, [0, 1, 0, 0, 1, 1])
    save_model(model, tmp_path / "model.json")
    loaded = load_model(tmp_path / "model.json")
    np.testing.assert_array_equal(loaded.risk(X), model.risk(X))
    pd.testing.assert_frame_equal(loaded.result_.to_frame(), model.result_.to_frame())


def test_a_model_recalibrated_twice_comes_back(models, cohort, tmp_path):
    X = cohort.predictors[COLUMNS]
    y = cohort.outcome
    twice = recalibrate(
        recalibrate(models["recalibrated"], X, y), method="prevalence", from_=0.01, to=0.02
    )
    save_model(twice, tmp_path / "model.json")
    np.testing.assert_array_equal(
        load_model(tmp_path / "model.json").risk(X[:50]), twice.risk(X[:50])
    )
