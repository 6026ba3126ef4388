"""A stranger's predictions, judged in a folder."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import backpain_risk as bpr
from backpain_risk.evaluation import write_evaluation


@pytest.fixture(scope="module")
def predictions():
    rng = np.random.default_rng(5)
    risk = rng.beta(1, 20, 3000)
    models = {"a": risk, "b": np.sqrt(risk) / 4, "flag": np.where(risk > 0.05, 0.1, 0.02), "same": np.full(3000, 0.05)}
    return (rng.random(3000) < risk).astype(int), pd.DataFrame(models)


@pytest.fixture(scope="module")
def written(predictions, tmp_path_factory):
    folder = tmp_path_factory.mktemp("judged")
    y, risks = predictions
    sex = {"sex": np.where(np.arange(3000) % 2, "f", "m")}
    return folder, write_evaluation(y, risks, folder, subgroups=sex, n_resamples=20, rng=1)


def test_files_hold_what_the_functions_return(predictions, written):
    (y, risks), folder = predictions, written[0]
    decision = pd.read_csv(folder / "decision_curve.csv")
    expected = bpr.decision_curve(y, risks).to_frame()
    pd.testing.assert_frame_equal(decision, expected, check_exact=False, rtol=1e-12)
    differences = pd.read_csv(folder / "auroc_differences.csv").set_index(["a", "b"])
    assert differences.p_value["a", "b"] == pytest.approx(bpr.compare_auroc(y, risks.a, risks.b).p_value, nan_ok=True)
    subgroups = pd.read_csv(folder / "subgroups.csv")
    assert set(subgroups.group) == {"all", "f", "m"}
    assert set(subgroups.model) == set(risks)


def test_the_summary_shows_every_figure_and_names_every_table(written):
    folder, summary = written
    text = (folder / "summary.md").read_text("utf-8")
    assert text.startswith(summary)
    for path in folder.iterdir():
        if path.suffix == ".png":
            assert f"]({path.name})" in text
            assert path.stat().st_size > 5000
        elif path.suffix == ".csv":
            assert f"`{path.name}`" in text


def test_what_a_model_does_not_have_is_said_and_the_rest_is_given(written):
    folder, summary = written
    assert "flag: ici, e50, e90, emax, eci, ici_share left as NaN because" in summary
    assert "flag: no calibration curve by rcs, because a spline must have 3 distinct knots" in summary
    assert "same: no calibration curve by groups, because the risk is the same for every patient" in summary
    calibration = pd.read_csv(folder / "calibration.csv")
    assert (calibration.model == "flag").sum() == 2
    assert (calibration.model == "same").sum() == 0
    measures = pd.read_csv(folder / "performance.csv").set_index(["model", "measure"]).value
    assert measures["same", "auroc"] == 0.5


def test_weights_are_repetition_and_the_seed_decides(predictions, tmp_path):
    y, risks = predictions[0][:600], predictions[1][["a"]][:600]
    weight = np.arange(600) % 2 + 1
    again = np.repeat(np.arange(600), weight)
    for name, arguments in (
        ("weighted", (y, risks, tmp_path / "weighted")),
        ("once_more", (y, risks, tmp_path / "once_more")),
        ("repeated", (y[again], risks.iloc[again], tmp_path / "repeated")),
    ):
        w = None if name == "repeated" else weight
        write_evaluation(*arguments, n_resamples=10, rng=2, sample_weight=w)
    tables = {name: pd.read_csv(tmp_path / name / "performance.csv") for name in ("weighted", "once_more", "repeated")}
    pd.testing.assert_frame_equal(tables["weighted"], tables["once_more"])
    pd.testing.assert_frame_equal(tables["weighted"], tables["repeated"], rtol=1e-9)
