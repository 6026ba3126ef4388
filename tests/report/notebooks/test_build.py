"""A small notebook becomes a report, and a spoiled report is found out."""

from __future__ import annotations

import json
import re
import shutil

import numpy as np
import pytest

from backpain_risk import Estimate, report
from backpain_risk.report.notebooks.build import build_report
from backpain_risk.report.notebooks.check import (
    check_report,
    compare_with_reference,
    keep_reference,
    page_problems,
    result_problems,
)
from backpain_risk.report.notebooks.checklists import checklist_tables
from backpain_risk.report.notebooks.choices import Setting
from backpain_risk.report.notebooks.contents import Contents
from backpain_risk.report.notebooks.execute import run_notebooks

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
report.record("seed", report.setting().seeded(5))
report.claim("high", ANSWER > 0.5, "It is high, {{answer.value:.2f}}"OTHERWISE)
frame = pd.DataFrame({"name": ["a"], "rate|value": [1234.5], "low": [-1.5], "high": [2000.0]})
report.table(
    "t",
    frame,
    "A table.",
    formats={"rate|value": ".3g"},
    limits={"rate|value": ("low", "high")},
)
report.figure("f", plt.subplots()[1], "An empty figure.", description="Nothing is seen.")
"""
TEMPLATE = """<!-- title: Small -->
<!-- notebooks: 01 -->

# Small

The answer is {{answer.value:.2f}} (@tbl-t, @fig-f) [@deyo_diehl_1988]. {{claims.high}}.

{{table t}}

{{figure f}}

# References

::: {#refs}
:::

{{appendix}}

{{table libraries}}
"""


def cell(kind, name, source):
    code = {"outputs": [], "execution_count": None} if kind == "code" else {}
    return {"cell_type": kind, "id": name, "source": source, "metadata": {}, **code}


def write(folder, prose="Said {{answer.value:.2f}}.", template=TEMPLATE, code=CODE):
    """A folder of one notebook and one template."""
    source = code.replace("ANSWER", "0.81").replace("OTHERWISE", "")
    told = f'report.prose("""{prose}""")'
    cells = [cell("code", "a", source), cell("code", "b", told), cell("markdown", "c", "# Title")]
    metadata = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}}
    notebook = {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}
    folder.mkdir(exist_ok=True, parents=True)
    (folder / "01_small.ipynb").write_text(json.dumps(notebook), "utf-8")
    (folder / "report.md").write_text(template, "utf-8")
    return folder


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    base = tmp_path_factory.mktemp("report")
    notebooks = write(base / "notebooks")
    build_report(notebooks, base / "reports")
    keep_reference(base / "reports", figures=("f",))
    return notebooks, base / "reports"


@pytest.fixture
def copy(built, tmp_path):
    shutil.copytree(built[1], tmp_path / "reports")
    return built[0], tmp_path / "reports"


def test_notebooks_find_the_data_beside_their_folder(tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "known.txt").write_text("0.81", "utf-8")
    notebook = write(tmp_path / "notebooks") / "01_small.ipynb"
    told = json.loads(notebook.read_text("utf-8"))
    source = (
        "from pathlib import Path\nprint(Path('../data/known.txt').read_text(), Path.cwd().name)"
    )
    told["cells"] = [cell("code", "a", source)]
    notebook.write_text(json.dumps(told), "utf-8")
    (executed,) = run_notebooks([notebook], {}).values()
    assert executed.cells[0].outputs[0].text == "0.81 notebooks\n"


def test_pages_of_another_kind_are_not_kept_to_compare_with(copy):
    (copy[1] / "explorer.html").write_text("<p>another page</p>", "utf-8")
    keep_reference(copy[1], figures=("f",))
    kept = {path.name for path in (copy[1] / "reference").iterdir()}
    assert kept == {"report.html", "results.json", "figures"}


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
    assert 'src="data:image/svg+xml;base64' in page
    assert 'alt="Nothing is seen."' in page
    assert "not for clinical use" in page
    assert "Deyo RA" in page
    assert "1,230 (−1.5 to 2,000)" in page
    assert '<th style="text-align: center;"></th>' not in page  # no heading without words
    assert "It is high, " in page
    assert "Table A1." in page
    assert "{{" not in page


@pytest.mark.regression
def test_a_second_build_changes_no_byte(built, tmp_path):
    build_report(built[0], tmp_path)
    made = {path.relative_to(tmp_path) for path in tmp_path.rglob("*") if path.is_file()}
    kinds = {"report.html", "report.pdf", "report.docx", "results.json", "notebooks/01_small.ipynb"}
    assert kinds <= {name.as_posix() for name in made}
    for name in made:
        assert (tmp_path / name).read_bytes() == (built[1] / name).read_bytes(), name


def test_an_untouched_report_passes(copy):
    check_report(*copy)


def test_a_number_altered_by_hand_is_found(copy):
    path = copy[1] / "reference" / "results.json"
    path.write_text(path.read_text("utf-8").replace("0.812346", "0.822346"), "utf-8")
    with pytest.raises(ValueError, match=r"the page shows 0\.81 for answer\.value") as error:
        check_report(*copy)
    message = "answer.value is 0.822346 in results.json; a new build gives 0.812346"
    assert message in str(error.value)
    with pytest.raises(ValueError, match=message):
        compare_with_reference(copy[1])


def test_a_build_that_was_touched_is_found(copy):
    (copy[1] / "report.pdf").write_bytes(b"other")
    with pytest.raises(ValueError, match=r"report\.pdf differs from an earlier build"):
        check_report(*copy)


def test_another_seed_is_another_report_and_is_not_compared(built, copy):
    build_report(built[0], copy[1], setting=Setting(seed=7))
    kept = json.loads((copy[1] / "results.json").read_text("utf-8"))
    assert kept["results"]["seed"] == 7005
    assert kept["setting"] == {"scenario": "primary_care", "n": 100_000, "seed": 7}
    compare_with_reference(copy[1])


def test_the_notebook_that_is_kept_is_filled(built):
    text = (built[1] / "notebooks" / "01_small.ipynb").read_text("utf-8")
    cells = json.loads(text)["cells"]
    shown = json.dumps([c["outputs"] if c["cell_type"] == "code" else c["source"] for c in cells])
    assert "Said 0.81." in shown
    assert "Table 1" in shown
    assert "{{" not in shown
    assert "vnd.backpain-risk" not in text


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
    ("planted", "message"),
    [
        ({"prose": "The answer is 0.81."}, "numbers in prose must come from code; got 0.81"),
        ({"prose": "In seven per cent."}, "numbers in prose must come from code; got seven"),
        (
            {"prose": "{{question}}"},
            "cell 2 failed with ValueError: prose: prose quotes",
        ),
        (
            {"template": TEMPLATE + "{{question}}"},
            "prose quotes {{question}}, which no",
        ),
        ({"template": TEMPLATE + "@fig-none"}, "prose refers to @fig-none, which is shown nowhere"),
        ({"template": TEMPLATE + "A fiftieth."}, "report.md: numbers in prose must come from code"),
        (
            {"template": TEMPLATE + "{{claims.no}}"},
            "prose makes the claim no, which no cell",
        ),
        ({"template": TEMPLATE + "\n{{figure no}}\n"}, "{{figure no}} has nothing to place"),
        ({"template": TEMPLATE + "\n{{figure f}}\n"}, "fig-f is placed twice"),
        ({"template": TEMPLATE + "[@nobody]"}, "report.md cites nobody, which no bibliography has"),
        ({"template": "# Nothing"}, "report.md must begin with <!-- title: ... -->"),
        ({"code": CODE.replace("ANSWER", "0.3")}, 'the claim high does not hold: "It is high'),
        ({"code": CODE + "1 / 0"}, "01_small.ipynb, cell 1 failed with ZeroDivisionError"),
    ],
)
def test_what_is_planted_ends_the_build_with_a_sentence(tmp_path, planted, message):
    with pytest.raises(ValueError, match=re.escape(message)) as error:
        build_report(write(tmp_path / "notebooks", **planted), tmp_path / "reports")
    assert "\n" not in str(error.value)


def test_a_claim_says_what_holds_otherwise(tmp_path):
    otherwise = ', otherwise="It is low"'
    code = CODE.replace("ANSWER", "0.3").replace("OTHERWISE", otherwise)
    build_report(write(tmp_path / "notebooks", code=code), tmp_path / "reports")
    kept = json.loads((tmp_path / "reports" / "results.json").read_text("utf-8"))
    assert kept["claims"] == {"high": "It is low"}


def test_a_claim_needs_a_truth_value():
    with pytest.raises(ValueError, match="condition must be True or False; got ndarray for a"):
        report.claim("a", np.ones(2) > 0, "Both are.")


def test_a_folder_without_notebooks_is_named(tmp_path):
    with pytest.raises(ValueError, match=r"notebooks must hold \.ipynb files"):
        build_report(tmp_path, tmp_path / "reports")


@pytest.mark.parametrize("wrong", [{"n": 10}, {"seed": -1}])
def test_a_setting_without_patients_or_seed_is_refused(wrong):
    with pytest.raises(ValueError, match=f"{next(iter(wrong))} must"):
        Setting(**wrong)


def test_a_checklist_says_what_is_not_there(built):
    page = (built[1] / "report.html").read_text("utf-8")
    assert "NOT PROVIDED" not in page  # the small template places none
    tables = checklist_tables(Contents(results={"cohort.base_rate": 0.01, "a.auroc.value": 0.8}))
    where = {row[0]: row[2] for row in tables["tbl-checklist"]["rows"]}
    assert where["TRIPOD+AI 1, 2"] == "In short"
    assert where["TRIPOD+AI 10"] == "NOT PROVIDED: plan.large.n, tbl-plan-development"
    found = dict(tables["tbl-checks"]["rows"])
    assert found["C-statistics without calibration"] == "a"
    assert "a.auroc" in found["Essential measures without an interval"]
