from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path

import pytest

from backpain_risk.report.notebooks.prose import (
    fill,
    format_value,
    number_references,
    refuse_typed_numbers,
    typed_numbers,
)

pytestmark = pytest.mark.contract


def test_placeholders_become_values_that_can_be_checked():
    text = fill("{{auroc:.2f}} in {{n}} patients", {"auroc": 0.81234, "n": 100000}, "here")
    assert text == (
        '[0.81]{.value data-key="auroc" data-format=".2f"} in [100,000]{.value data-key="n" '
        'data-format=""} patients'
    )


def test_an_unrecorded_key_ends_the_build():
    with pytest.raises(
        ValueError, match=r"01.ipynb, cell 3: prose quotes \{\{x\}\}, which no cell recorded"
    ):
        fill("{{x}}", {}, "01.ipynb, cell 3")


@pytest.mark.parametrize(
    ("value", "shown"), [(0.012345, "0.0123"), (12345, "12,345"), (True, "True"), ("abc", "abc")]
)
def test_values_are_shown_with_three_digits(value, shown):
    assert format_value(value, "") == shown


@pytest.mark.parametrize(
    "text",
    [
        "an AUROC of 0.81",
        "13 cancers",
        "3% risk",
        "x2 is",
        "from 5 to",
        "seven per cent of them",
        "from three to sixteen",
        "one per cent",
        "three in ten",
        "one in ten",
        "a fiftieth of the patients",
        "half of one per cent",
        "one twentieth",
        "ten imputations",
        "a tenfold rise",
        "two thirds of them",
    ],
)
def test_typed_numbers_are_refused(text):
    with pytest.raises(ValueError, match="numbers in prose must come from code"):
        refuse_typed_numbers(text, "here")


@pytest.mark.parametrize(
    "text",
    [
        "Deyo and Diehl 1988 at a base rate of 1%, with 95% limits",
        (
            "`code 12`, $x^2$, {{key:.2f}}, [@deyo_1988], @fig-a1, [link](https://doi.org/10.1/2), "
            "the 2x2 table"
        ),
        "one in a hundred",
        "the third study, two facts, one of them, the second half-hidden line",
        "patients aged fifty or over",
    ],
)
def test_what_is_no_result_may_stand(text):
    assert typed_numbers(text) == []


def test_references_are_numbered_and_must_exist():
    assert (
        number_references("see @fig-ages", {"fig-ages": "3"}, "here") == "see [Figure 3](#fig-ages)"
    )
    with pytest.raises(ValueError, match="prose refers to @tbl-none, which is shown nowhere"):
        number_references("@tbl-none", {}, "here")


def test_each_table_and_figure_of_the_notebooks_has_a_key_of_its_own():
    """A clash shows only when all notebooks are built together, which takes minutes."""
    notebooks = (Path(__file__).parents[3] / "notebooks").glob("*.ipynb")
    shown = re.compile(r'report\.(table|figure)\(\s*"([\w-]+)"')
    keys = [
        key
        for path in notebooks
        for cell in json.loads(path.read_text("utf-8"))["cells"]
        if cell["cell_type"] == "code"
        for key in shown.findall("".join(cell["source"]))
    ]
    assert len(keys) > 30
    assert [key for key, n in Counter(keys).items() if n > 1] == []
