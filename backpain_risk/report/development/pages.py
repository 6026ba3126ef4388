"""The paper as HTML, DOCX and PDF, by pandoc and Typst where they are installed."""

from __future__ import annotations

import os
from contextlib import contextmanager
from importlib import resources
from pathlib import Path
from typing import Any

_FORMAT = "markdown+pipe_tables"
_LAID_OUT = """\
#set figure(numbering: none)
#show figure: set block(breakable: true)
#show table: set text(size: 8pt)
#show table: set par(justify: false)
"""
_EPOCH = "0"  # so that a second run writes the same bytes


def write_pages(folder: Path) -> list[str]:
    """Write ``report.html``, ``report.docx`` and ``report.pdf`` from ``report.md`` in a folder.

    Returns
    -------
    list of str
        What could not be written, and why.
    """
    try:
        import pypandoc
    except ModuleNotFoundError:
        told = "report.html, report.docx, report.pdf: pandoc is not installed. Run: "
        return [told + "pip install 'backpain-risk[report]'"]
    text = (folder / "report.md").read_text("utf-8")
    css = resources.files("backpain_risk.report") / "notebooks" / "report.css"
    with resources.as_file(css) as style, _epoch():
        common = [f"--resource-path={folder}", "--columns=10000"]
        page = [*common, "--standalone", "--embed-resources", "--mathml", "--toc", f"--css={style}"]
        html = pypandoc.convert_text(text, "html5", format=_FORMAT, extra_args=page)
        (folder / "report.html").write_text(html, "utf-8")
        document = str(folder / "report.docx")
        pypandoc.convert_text(text, "docx", _FORMAT, extra_args=common, outputfile=document)
        return _pdf(pypandoc, text, folder)


def _pdf(pypandoc: Any, text: str, folder: Path) -> list[str]:
    try:
        import typst
    except ModuleNotFoundError:
        return ["report.pdf: typst is not installed. Run: pip install 'backpain-risk[report]'"]
    source = folder / "report.typ"
    args = ["--standalone", "--columns=10000", "-V", "papersize=a4", "-V", "fontsize=9pt"]
    args += ["-V", f"header-includes={_LAID_OUT}"]
    source.write_text(
        pypandoc.convert_text(text, "typst", format=_FORMAT, extra_args=args), "utf-8"
    )
    try:
        typst.compile(str(source), output=str(folder / "report.pdf"), root=str(folder))
    except RuntimeError as error:  # of Typst's own
        return [f"report.pdf: {str(error).splitlines()[0]}"]
    finally:
        source.unlink()
    return []


@contextmanager
def _epoch() -> Any:
    """Files carry the same date on every run."""
    before = os.environ.get("SOURCE_DATE_EPOCH")
    os.environ.setdefault("SOURCE_DATE_EPOCH", _EPOCH)
    try:
        yield
    finally:
        if before is None:
            del os.environ["SOURCE_DATE_EPOCH"]
