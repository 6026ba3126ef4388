"""What the README shows is what the code prints."""

from __future__ import annotations

import ast
import contextlib
import io
import re
from pathlib import Path

import pytest
import typer

from backpain_risk.cli import app

pytestmark = pytest.mark.contract

README = (Path(__file__).parents[1] / "README.md").read_text("utf-8")


def test_the_example_prints_what_is_shown():
    code = re.search(r"## Ten lines\n\n```python\n(.*?)```", README, re.DOTALL).group(1)
    shown = re.search(r"prints\n\n```\n(.*?)\n```", README, re.DOTALL).group(1)
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(code, "README.md", "exec"), {})
    assert printed.getvalue().rstrip("\n") == shown
    assert len(ast.parse(code).body) <= 10


def test_targets_and_files_it_names_exist():
    root = Path(__file__).parents[1]
    targets = set(re.findall(r"make ([a-z-]+)", README))
    assert targets <= set(
        re.findall(r"^([a-z-]+):", (root / "Makefile").read_text("utf-8"), re.MULTILINE)
    )
    for path in re.findall(r"\]\(([^)#]+)\)", README):
        assert (root / path).exists(), path


def test_it_lists_every_command():
    listed = re.search(r"lists what works without Python: (.*?)\.\n", README, re.DOTALL).group(1)
    group = typer.main.get_command(app)
    assert set(re.findall(r"`([a-z-]+)`", listed)) == set(group.commands)


def test_it_lists_every_notebook():
    notebooks = (Path(__file__).parents[1] / "notebooks").glob("*.ipynb")
    assert set(re.findall(r"\(notebooks/([^)]+)\)", README)) == {path.name for path in notebooks}
