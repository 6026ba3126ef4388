"""A small notebook becomes a report, and a spoiled report is found out."""

from __future__ import annotations

import json
import shutil

import pytest

from backpain_risk.report.build import build_report
from backpain_risk.report.check import check_report, page_problems, result_problems

CODE = """
import pandas as pd
import matplotlib.pyplot as plt
from backpain_risk import Estimate, report
report.record("answer", Estimate(0.8123456, 0.7, 0.9))
report.table("t", pd.DataFrame({"name": ["a"], "value": [1234.5]}), "A table.", formats={"value": ".3g"})
report.figure("f", plt.subplots()[1], "An empty figure.")
"""


def write(folder, prose):
    cells = [
        {"cell_type": "code", "id": "a", "source": CODE, "metadata": {}, "outputs": [], "execution_count": None},
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
        base / "notebooks", "# Small\n\nThe answer is {{answer.value:.2f}} (@tbl-t, @fig-f) [@deyo_diehl_1988]."
    )
    build_report(notebooks, base / "reports")
    return notebooks, base / "reports"


@pytest.fixture
def copy(built, tmp_path):
    shutil.copytree(built[1], tmp_path / "reports")
    return built[0], tmp_path / "reports"


def test_results_are_kept_to_six_digits(built):
    results = json.loads((built[1] / "results.json").read_text("utf-8"))["results"]
    assert results == {"answer.value": 0.812346, "answer.low": 0.7, "answer.high": 0.9}


def test_the_page_stands_alone_and_shows_what_was_recorded(built):
    page = (built[1] / "report.html").read_text("utf-8")
    assert page_problems(page, {"answer.value": 0.812346}) == []
    assert 'src="data:image/png;base64' in page
    assert "not for clinical use" in page
    assert "Deyo" in page
    assert "<td" in page
    assert "1230" in page
    assert (built[1] / "figures" / "f.png").is_file()


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
    assert "answer.value is 0.822346 in results.json; a new build gives 0.812346" in str(error.value)


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
    assert any("everything must be embedded" in problem for problem in page_problems(page, {"answer.value": 0.812346}))


def test_sampled_results_may_differ_by_monte_carlo_error_and_no_more():
    assert result_problems({"bayes.x": 1.0, "y": 1.0}, {"bayes.x": 1.01, "y": 1.000001}) == []
    assert len(result_problems({"bayes.x": 1.0, "y": 1.0}, {"bayes.x": 1.1, "y": 1.001})) == 2
    assert result_problems({"a": 1.0}, {"b": 1.0}) == ["a is kept but not built.", "b is built but not kept."]


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
