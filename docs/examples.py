"""Run the Python of the pages, in order, and compare what it prints with what is shown.

``python docs/examples.py`` compares; with ``--write`` it writes what was printed into the pages.
A block of ``text`` right after a block of ``python`` is its output.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import sys
import tempfile
from pathlib import Path

DOCS = Path(__file__).parent
ROOT = DOCS.parent
_BLOCK = re.compile(r"```python\n(?P<code>.*?)```\n(?:\n```text\n(?P<shown>.*?)```\n)?", re.DOTALL)


def pages() -> list[Path]:
    """Every page with Python in it."""
    found = sorted(path for path in DOCS.rglob("*.md") if "_build" not in path.parts)
    return [path for path in found if "```python" in path.read_text("utf-8")]


def run(page: Path) -> str:
    """The page with the output of its blocks, run in one namespace in an empty folder."""
    names: dict[str, object] = {}
    here = Path.cwd()

    def filled(match: re.Match[str]) -> str:
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(compile(match["code"], str(page), "exec"), names)
        text = "\n".join(line.rstrip() for line in printed.getvalue().splitlines())
        block = f"```python\n{match['code']}```\n"
        return f"{block}\n```text\n{text}\n```\n" if text else block

    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        try:
            return _BLOCK.sub(filled, page.read_text("utf-8"))
        finally:
            os.chdir(here)


def main(write: bool) -> int:
    """Compare or write all pages; the number of pages that differ."""
    differing = 0
    for page in pages():
        new = run(page)
        if new != page.read_text("utf-8"):
            differing += 1
            print(page.relative_to(ROOT), "written" if write else "differs")  # noqa: T201
            if write:
                page.write_text(new, "utf-8")
    return 0 if write else differing


if __name__ == "__main__":
    sys.exit(main("--write" in sys.argv))
