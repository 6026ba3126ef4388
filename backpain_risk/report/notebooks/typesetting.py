"""A document in Markdown becomes HTML, PDF and DOCX, each by a template of ours."""

from __future__ import annotations

import base64
import os
import re
import subprocess
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib import resources
from pathlib import Path

import matplotlib as mpl
import pypandoc
import typst

from ... import vocabulary
from .citations import bibliographies
from .word_reference import write_reference

_READER = "markdown+pipe_tables+fenced_divs+bracketed_spans+raw_attribute-implicit_figures"
_HEADING = re.compile(r'(<h([1-3])[^>]* id="([^"]+)"[^>]*>)(.*?)(</h\2>)', re.DOTALL)
_WIDE = {
    "<figure id=": '<figure tabindex="0" id=',
    '<p><math display="block"': '<p class="formula" tabindex="0"><math display="block"',
    '<div class="summary">': '<div class="summary" tabindex="0">',
}
_EPOCH = 0  # the same bytes on every day
_ENVIRONMENT = {**os.environ, "SOURCE_DATE_EPOCH": str(_EPOCH)}


@dataclass(frozen=True, kw_only=True)
class Front:
    """What stands above a document."""

    title: str
    author: str
    version: str
    date: str
    notice: str = vocabulary.NOTICE


def write_html(text: str, front: Front, figures: Path, target: Path) -> None:
    """One page that stands alone: style and pictures are inside."""
    assets = _assets()
    css = (assets / "page.css").read_text("utf-8")
    variables = [f"--template={assets / 'page.html'}", "--toc", "--toc-depth=2", "--mathml"]
    page = _convert(text, "html5", front, [*variables, "--section-divs=false"])
    page = _HEADING.sub(_with_link, page.replace("@@page-css@@", css))
    for wide, reachable in _WIDE.items():  # what scrolls can be reached by keyboard
        page = page.replace(wide, reachable)
    target.write_text(_with_pictures(page, figures), "utf-8")


def _with_link(heading: re.Match[str]) -> str:
    link = f'<a class="permalink" href="#{heading[3]}" aria-label="Link to this section">#</a>'
    return f"{heading[1]}{heading[4]} {link}{heading[5]}"


def _with_pictures(page: str, figures: Path) -> str:
    def inside(match: re.Match[str]) -> str:
        picture = base64.b64encode((figures / match.group(1)).read_bytes()).decode()
        return f'src="data:image/svg+xml;base64,{picture}"'

    return re.sub(r'src="figures/([^"]+)"', inside, page)


def write_pdf(text: str, front: Front, folder: Path, target: Path) -> None:
    """A4 pages with running title and numbers; pictures are read from ``folder/figures``."""
    source = folder / f"{target.stem}.typ"
    assets = _assets()
    source.write_text(
        _convert(text, "typst", front, [f"--template={assets / 'page.typst'}"]), "utf-8"
    )
    fonts = Path(mpl.get_data_path()) / "fonts" / "ttf"
    pdf = typst.compile(
        str(source),
        root=str(folder),
        font_paths=[str(fonts)],
        ignore_system_fonts=True,
        timestamp=_EPOCH,
    )
    target.write_bytes(pdf)
    source.unlink()


def write_docx(text: str, front: Front, folder: Path, target: Path) -> None:
    """A Word document in styles of ours; pictures are read from ``folder/figures``."""
    reference = folder / "reference.docx"
    write_reference(reference)
    arguments = [f"--reference-doc={reference}"]
    arguments += [f"--resource-path={folder}", f"--output={target}", "--standalone"]
    byline = f"{front.author}. Version {front.version}, {front.date}. {front.notice}"
    meta = [f"--metadata=title:{front.title}", f"--metadata=subtitle:{byline}"]
    _convert(text, "docx", front, [*arguments, *meta], target)
    reference.unlink()


def _assets() -> Path:
    return Path(str(resources.files(__package__))) / "assets"


def _convert(
    text: str, to: str, front: Front, arguments: Sequence[str], target: Path | None = None
) -> str:
    assets = _assets()
    sources = [f"--bibliography={path}" for path in bibliographies()]
    variables = [f"--variable={name}:{value}" for name, value in asdict(front).items()]
    command = [
        pypandoc.get_pandoc_path(),
        f"--from={_READER}",
        f"--to={to}",
        "--standalone",
        *variables,
        f"--metadata=pagetitle:{front.title}",
        "--variable=page-css:@@page-css@@",
        f"--lua-filter={assets / 'page.lua'}",
        "--citeproc",
        *sources,
        f"--csl={assets / 'numeric.csl'}",
        "--metadata=link-citations:true",
        "--metadata=lang:en-GB",
        "--columns=10000",
        "--fail-if-warnings",
        *arguments,
        f"--output={target or '-'}",
    ]
    done = subprocess.run(
        command, input=text.encode(), capture_output=True, env=_ENVIRONMENT, check=False
    )
    if done.returncode:
        said = " ".join(done.stderr.decode("utf-8", "replace").split())
        raise ValueError(f"pandoc could not make {to} of {front.title}: {said}")
    return done.stdout.decode("utf-8")
