"""Run the notebooks and build the documents, in HTML, PDF and DOCX, from what they offered."""

from __future__ import annotations

import base64
import json
import re
import shutil
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from ... import vocabulary
from ...files import write_atomically
from .checklists import checklist_tables
from .choices import Setting
from .contents import Contents, collect
from .execute import run_notebooks
from .filled import filled_notebook
from .provenance import origin, provenance_tables
from .template import Document, markdown, read_template
from .typesetting import Front, write_docx, write_html, write_pdf

AUTHOR = "The backpain_risk developers"
_TITLE = re.compile(r"^<!-- title: (.+?) -->$", re.MULTILINE)
_NEEDS = re.compile(r"^<!-- notebooks: (.+?) -->$", re.MULTILINE)
_READS_SETTING = "report.setting("


def build_report(notebooks: Path, reports: Path, *, setting: Setting | None = None) -> None:
    """Run the notebooks and write results, figures, documents and filled notebooks.

    Parameters
    ----------
    notebooks : Path
        Folder of notebooks, and of templates (``*.md``) that say which of them they need.
    reports : Path
        Folder to write.
    setting : Setting, optional
        The usual one when None. In another, notebooks that do not read the setting are not run, and
        documents that need them are not made.

    Raises
    ------
    ValueError
        When a cell fails, a number is typed into prose, a claim does not hold, or a template quotes
        or places what is not there.
    """
    chosen = setting or Setting()
    paths = _notebooks(notebooks, chosen)
    executed = run_notebooks(paths, chosen.as_environment())
    write_documents(executed, notebooks, reports, chosen)


def _notebooks(folder: Path, setting: Setting) -> list[Path]:
    paths = sorted(folder.glob("*.ipynb"))
    if not paths:
        raise ValueError(
            f"notebooks must hold .ipynb files; got none in {folder}. Check the folder."
        )
    if setting.is_usual:
        return paths
    return [path for path in paths if _READS_SETTING in path.read_text("utf-8")]


def write_documents(
    executed: dict[str, Any], notebooks: Path, reports: Path, setting: Setting
) -> None:
    """Write everything from notebooks that were executed."""
    contents = collect(executed)
    code = origin(notebooks)
    contents.shown |= provenance_tables(code, setting, notebooks.parent / "requirements.lock")
    contents.shown |= checklist_tables(contents)
    documents = _documents(notebooks, contents)
    reports.mkdir(parents=True, exist_ok=True)
    _write_figures(contents, reports / "figures")
    _write_notebooks(executed, contents, reports / "notebooks")
    for name, (title, document) in documents.items():
        front = Front(title=title, author=AUTHOR, version=code.version, date=code.date)
        _write_document(name, document, contents, front, reports)
    text = json.dumps(_kept(contents, setting), indent=1, sort_keys=True) + "\n"
    write_atomically(reports / "results.json", lambda part: part.write_text(text, "utf-8"))


def _documents(folder: Path, contents: Contents) -> dict[str, tuple[str, Document]]:
    """Templates whose notebooks were all run."""
    found = {}
    for path in sorted(folder.glob("*.md")):
        text = path.read_text("utf-8")
        title = _TITLE.search(text)
        needs = _NEEDS.search(text)
        if title is None or needs is None:
            raise ValueError(
                f"{path.name} must begin with <!-- title: ... --> and <!-- notebooks: ... -->; got "
                f"{text[:40]!r}. Add the two lines."
            )
        run = all(
            any(name.startswith(need) for name in contents.blocks) for need in needs[1].split()
        )
        if run:
            found[path.stem] = (title[1], read_template(path, contents))
    return found


def _kept(contents: Contents, setting: Setting) -> dict[str, Any]:
    return {
        "notice": vocabulary.NOTICE,
        "setting": setting.as_kept(),
        "results": contents.results,
        "mcse": contents.mcse,
        "claims": contents.claims,
    }


def _write_figures(contents: Contents, folder: Path) -> None:
    """Every figure as SVG, for pages, and as PNG of 300 dots an inch, for all else."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for payload in contents.shown.values():
        if "svg" in payload:
            (folder / f"{payload['key']}.svg").write_text(payload["svg"], "utf-8")
            (folder / f"{payload['key']}.png").write_bytes(base64.b64decode(payload["png"]))


def _write_notebooks(executed: dict[str, Any], contents: Contents, folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for name, notebook in executed.items():
        (folder / name).write_text(filled_notebook(name, notebook, contents), "utf-8")


def _write_document(
    name: str, document: Document, contents: Contents, front: Front, reports: Path
) -> None:
    vector = markdown(document, contents, ".svg")
    pixels = markdown(document, contents, ".png")
    write_atomically(
        reports / f"{name}.html",
        lambda part: write_html(vector, front, reports / "figures", part),
    )
    with TemporaryDirectory() as work:
        folder = Path(work)
        shutil.copytree(reports / "figures", folder / "figures")
        write_pdf(vector, front, folder, folder / f"{name}.pdf")
        write_docx(pixels, front, folder, folder / f"{name}.docx")
        for made in (folder / f"{name}.pdf", folder / f"{name}.docx"):
            write_atomically(reports / made.name, partial(_copy, made))


def _copy(source: Path, target: Path) -> None:
    target.write_bytes(source.read_bytes())
