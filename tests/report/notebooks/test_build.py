"""A small notebook becomes a report, and a spoiled report is found out."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest

from backpain_risk import Estimate, report
from backpain_risk.report.notebooks.build import build_report
from backpain_risk.report.notebooks.check import check_report, page_problems, result_problems

pytestmark = pytest.mark.contract

CODE = """
import pandas as pd
import matplotlib.pyplot as plt
from backpain_risk import Estimate, report
report.record("answer", Estimate(0.8123456, 0.7, 0.9))
report.record(
    "sampled",
    {"mean": 0.5, "low": 0.4, "high": 0.6},
    mcse={"mean": 0.02, "low": 0.01, "high": 0.01},
)
frame = pd.DataFrame({"name": ["a"], "value": [1234.5]})
report.table("t", frame, "A table.", formats={"value": ".3g"})
report.figure("f", plt.subplots()[1], "An empty figure.")
"""


def write(folder, prose):
    cells = [
        {
            "cell_type": "code",
            "id": "a",
            "source": CODE,
            "metadata": {},
            "outputs": [],
            "execution_count": None,
        },
        {"cell_type": "markdown", "id": "b", "source": prose, "metadata": {}},
    ]
    metadata = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}}
    notebook = {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}
    folder.mkdir(exist_ok=True)
    (folder / "01_small.ipynb").write_text(json.dumps(notebook), "utf-8")
    return folder


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    base = tmp_path_factory.mktemp("report")
    notebooks = write(
        base / "notebooks",
        "# Small\n\nThe answer is {{answer.value:.2f}} (@tbl-t, @fig-f) [@deyo_diehl_1988].",
    )
    build_report(notebooks, base / "reports")
    return notebooks, base / "reports"


@pytest.fixture
def copy(built, tmp_path):
    shutil.copytree(built[1], tmp_path / "reports")
    return built[0], tmp_path / "reports"


def test_results_are_kept_to_six_digits(built):
    results = json.loads((built[1] / "results.json").read_text("utf-8"))["results"]
    assert {key: value for key, value in results.items() if key.startswith("answer")} == {
        "answer.value": 0.812346,
        "answer.low": 0.7,
        "answer.high": 0.9,
    }


def test_the_page_stands_alone_and_shows_what_was_recorded(built):
    page = (built[1] / "report.html").read_text("utf-8")
    assert page_problems(page, {"answer.value": 0.812346}) == []
    assert 'src="data:image/png;base64' in page
    assert "not for clinical use" in page
    assert "Deyo" in page
    assert "<td" in page
    assert "1230" in page
    assert (built[1] / "figures" / "f.png").is_file()


@pytest.mark.regression
def test_a_second_build_changes_no_byte(built, tmp_path):
    build_report(built[0], tmp_path)
    for name in ("report.html", "results.json", "figures/f.png"):
        assert (tmp_path / name).read_bytes() == (built[1] / name).read_bytes(), name


def test_an_untouched_report_passes(copy):
    check_report(*copy)


def test_a_number_altered_by_hand_is_found(copy):
    path = copy[1] / "results.json"
    path.write_text(path.read_text("utf-8").replace("0.812346", "0.822346"), "utf-8")
    with pytest.raises(ValueError, match=r"the page shows 0\.81 for answer\.value") as error:
        check_report(*copy)
    assert "answer.value is 0.822346 in results.json; a new build gives 0.812346" in str(
        error.value
    )


@pytest.mark.parametrize(
    "resource",
    [
        '<script src="https://example.org/x.js"></script>',
        '<img src="figure.png">',
        '<link rel="stylesheet" href="//cdn.example.org/a.css">',
        "<style>@import 'https://example.org/a.css';</style>",
        '<p style="background: url(https://example.org/a.png)">x</p>',
    ],
)
def test_an_outside_resource_is_found(built, resource):
    page = (built[1] / "report.html").read_text("utf-8").replace("</body>", f"{resource}</body>")
    assert any(
        "everything must be embedded" in problem
        for problem in page_problems(page, {"answer.value": 0.812346})
    )


def test_sampled_results_may_differ_by_monte_carlo_error_and_no_more():
    kept = {"sampled": 1.0, "exact": 1.0}
    mcse = {"sampled": 0.01}
    assert result_problems(kept, {"sampled": 1.04, "exact": 1.000001}, mcse) == []
    assert result_problems(kept, {"sampled": 1.08, "exact": 1.0}, mcse) == [
        "sampled is 1.0 (Monte-Carlo error 0.01) in results.json; a new build gives 1.08."
    ]
    assert result_problems(kept, {"sampled": 1.0, "exact": 1.0001}, mcse) == [
        "exact is 1.0 in results.json; a new build gives 1.0001."
    ]
    assert result_problems({"a": 1.0}, {"b": 1.0}, {}) == [
        "a is kept but not built.",
        "b is built but not kept.",
    ]


def test_monte_carlo_errors_are_kept_beside_the_results(built):
    kept = json.loads((built[1] / "results.json").read_text("utf-8"))
    assert kept["mcse"] == {"sampled.mean": 0.02, "sampled.low": 0.01, "sampled.high": 0.01}


def test_monte_carlo_errors_are_those_of_repeated_draws():
    """Mean, median and limits of 400 normal draws, 4 000 times."""
    drawn = np.random.default_rng(1).standard_normal((4000, 400))
    low, median, high = np.quantile(drawn, [0.025, 0.5, 0.975], axis=1).std(axis=1)
    errors = report.monte_carlo_error({"low": -1.96, "middle": 0.0, "high": 1.96}, 400)
    np.testing.assert_allclose([errors["low"], errors["high"]], [low, high], rtol=0.1)
    assert errors["middle"] == pytest.approx(median, rel=0.1)
    assert drawn.mean(axis=1).std() < errors["middle"]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: report.record("a", 1.0, mcse=0.0),
            "mcse must be positive and finite; got 0.0 for a",
        ),
        (
            lambda: report.record("a", {"b": 1.0}, mcse={"c": 1.0}),
            "mcse must have the names of value; got a.b, a.c",
        ),
        (
            lambda: report.monte_carlo_error({"low": 1.0}, 100),
            "value must have low, high and a centre; got low",
        ),
        (
            lambda: report.monte_carlo_error(Estimate(0.5, 0.4, 0.6), 0),
            "effective must be 1 or more; got 0",
        ),
    ],
)
def test_what_is_no_monte_carlo_error_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.parametrize(
    ("prose", "message"),
    [
        ("The answer is 0.81.", "numbers in prose must come from code; got 0.81"),
        ("{{question}}", "prose quotes {{question}}, which no cell recorded"),
        ("@fig-none", "prose refers to @fig-none, which no cell shows"),
    ],
)
def test_bad_prose_ends_the_build(tmp_path, prose, message):
    with pytest.raises(ValueError, match=message.replace("{", r"\{").replace("}", r"\}")):
        build_report(write(tmp_path / "notebooks", prose), tmp_path / "reports")


def test_a_folder_without_notebooks_is_named(tmp_path):
    with pytest.raises(ValueError, match=r"notebooks must hold \.ipynb files"):
        build_report(tmp_path, tmp_path / "reports")
