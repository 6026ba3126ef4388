"""The paper as HTML, DOCX and PDF by the templates of the notebooks, where pandoc and Typst are
installed.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from tempfile import TemporaryDirectory

from ... import __version__

_FIGURE = re.compile(r"^!\[(.*)\]\(([A-Za-z0-9_]+)\.png\)$", re.MULTILINE)
_FRONT = re.compile(r"\A---\n.*?\n---\n", re.DOTALL)
_LONG_TABLES = "```{=typst}\n#show figure.where(kind: table): set block(breakable: true)\n```"


def write_printed(folder: Path, title: str, notice: str) -> list[str]:
    """Write ``report.html``, ``report.docx`` and ``report.pdf`` from ``report.md`` in a folder.

    Parameters
    ----------
    folder : Path
        Holds the figures, too.
    title, notice : str
        What stands above the paper.

    Returns
    -------
    list of str
        What could not be written, and why.
    """
    try:
        from ..notebooks.typesetting import Front, write_docx, write_html, write_pdf
    except ModuleNotFoundError as error:
        if str(error.name).startswith("backpain_risk"):
            raise
        told = f"report.html, report.docx, report.pdf: {error.name} is not installed. Run: "
        return [told + "pip install 'backpain-risk[report]'"]
    text = _FRONT.sub("", (folder / "report.md").read_text("utf-8"))
    front = Front(
        title=title,
        author="written by backpain-risk develop",
        version=f"backpain_risk {__version__}",
        date="data and settings in results.json",
        notice=notice,
    )
    with TemporaryDirectory() as place:
        work = Path(place)
        shutil.copytree(folder, work / "figures", ignore=_no_picture)
        drawn = f"{_LONG_TABLES}\n\n{_placed(text, '.svg')}"
        write_html(drawn, front, work / "figures", folder / "report.html")
        write_pdf(drawn, front, work, folder / "report.pdf")
        write_docx(_placed(text, ".png"), front, work, folder / "report.docx")
    return []


def _no_picture(_: str, names: list[str]) -> list[str]:
    return [name for name in names if not name.endswith((".svg", ".png"))]


def _placed(text: str, suffix: str) -> str:
    """Figures as the templates want them: caption, then picture."""

    def placed(match: re.Match[str]) -> str:
        words, name = match.groups()
        seen = words.replace("*", "")
        picture = f"![{seen}](figures/{name}{suffix}){{width=6.00in}}"
        return f"::: {{#fig-{name} .figure}}\n{words}\n\n{picture}\n:::"

    return _FIGURE.sub(placed, text)
