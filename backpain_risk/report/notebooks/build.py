"""Run the notebooks and build the report: results.json, figures and one self-contained HTML
page.
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread
from typing import Any

import nbformat
import pypandoc
from nbclient import NotebookClient
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from ... import __version__, vocabulary
from ...files import write_atomically
from .prose import fill, number_references, refuse_typed_numbers
from .records import FIGURE, RECORD, TABLE

TITLE = "Red flags for spinal malignancy in back pain"
_KINDS = {FIGURE: "fig", TABLE: "tbl"}


@dataclass
class Contents:
    """What the notebooks offered, in order; ``mcse`` is the Monte-Carlo error of results that
    have one.
    """

    results: dict[str, Any] = field(default_factory=dict)
    mcse: dict[str, float] = field(default_factory=dict)
    figures: dict[str, bytes] = field(default_factory=dict)
    numbers: dict[str, int] = field(default_factory=dict)
    blocks: list[tuple[str, str, Any]] = field(default_factory=list)

    def add_result(self, where: str, values: dict[str, Any], mcse: dict[str, float]) -> None:
        """Keep recorded values and their Monte-Carlo errors; a key is recorded once."""
        repeated = sorted(set(values) & set(self.results))
        if repeated:
            raise ValueError(
                f"{where}: {', '.join(repeated)} is recorded twice. Give each result a key of its "
                "own."
            )
        self.results |= {key: rounded(value) for key, value in values.items()}
        self.mcse |= {key: float(f"{error:.2g}") for key, error in mcse.items()}

    def add_shown(self, where: str, kind: str, payload: dict[str, Any]) -> None:
        """Number a table or figure."""
        name = f"{kind}-{payload['key']}"
        if name in self.numbers:
            raise ValueError(
                f"{where}: {name} is shown twice. Give each table and figure a key of its own."
            )
        self.numbers[name] = 1 + sum(other.startswith(kind) for other in self.numbers)
        self.blocks.append((where, kind, payload))


def rounded(value: Any) -> Any:
    """Floats to six significant digits, which is what the results file keeps."""
    return float(f"{value:.6g}") if isinstance(value, float) else value


def run_notebooks(folder: Path, *, timeout: int = 600) -> Contents:
    """Execute every notebook from top to bottom in a fresh kernel, showing progress by cell."""
    paths = sorted(folder.glob("*.ipynb"))
    if not paths:
        raise ValueError(
            f"notebooks must hold .ipynb files; got none in {folder}. Check the folder."
        )
    contents = Contents()
    columns = (
        TextColumn("{task.description:<32}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns) as progress, TemporaryDirectory() as work:
        for path in paths:
            executed = _executed(path, Path(work), timeout, progress)
            for block in _offered(path.name, executed):
                _keep(contents, *block)
    return contents


def _executed(path: Path, work: Path, timeout: int, progress: Progress) -> Any:
    reader: Any = nbformat  # untyped
    notebook = reader.read(path, as_version=4)
    code = sum(cell.cell_type == "code" for cell in notebook.cells)
    task = progress.add_task(path.name, total=code)
    environment = {**os.environ, "OMP_NUM_THREADS": "2", "MPLBACKEND": "agg"}
    client = NotebookClient(
        notebook,
        timeout=timeout,
        kernel_name="python3",
        # nothing of it is needed any more, and an interrupted one would complain
        shutdown_kernel="immediate",
        extra_arguments=["--log-level=40"],
        resources={"metadata": {"path": str(work)}},
        on_cell_executed=lambda **_: progress.advance(task),
    )
    _apart(lambda: asyncio.run(client.async_execute(env=environment)))  # a loop that is closed
    return notebook


def _apart(work: Callable[[], Any]) -> Any:
    """Do the work in a thread, where nbclient leaves interruptions to Python; its own handler
    fails on them.
    """
    done: Future[Any] = Future()

    def run() -> None:
        try:
            done.set_result(work())
        except BaseException as error:  # every end of the work is told to who waits for it
            done.set_exception(error)

    Thread(target=run, daemon=True).start()
    return done.result()


def _offered(name: str, notebook: Any) -> Iterator[tuple[str, str, Any]]:
    """Prose, records, tables and figures of an executed notebook, in order."""
    for number, cell in enumerate(notebook.cells, start=1):
        where = f"{name}, cell {number}"
        if cell.cell_type == "markdown":
            yield where, "prose", cell.source
            continue
        for output in cell.get("outputs", []):
            data = output.get("data", {})
            for kind in (RECORD, TABLE, FIGURE):
                if kind in data:
                    yield where, kind, data


def _keep(contents: Contents, where: str, kind: str, item: Any) -> None:
    if kind == "prose":
        refuse_typed_numbers(item, where)
        contents.blocks.append((where, "prose", item))
    elif kind == RECORD:
        contents.add_result(where, item[RECORD]["values"], item[RECORD]["mcse"])
    else:
        payload = dict(item[kind])
        refuse_typed_numbers(payload["caption"], where)
        if kind == FIGURE:
            contents.figures[payload["key"]] = base64.b64decode(item["image/png"])
        contents.add_shown(where, _KINDS[kind], payload)


def markdown(contents: Contents, figures: Path) -> str:
    """The report in Markdown, placeholders filled and references numbered."""
    parts = [_front_matter()]
    for where, kind, item in contents.blocks:
        if kind == "prose":
            parts.append(
                number_references(fill(item, contents.results, where), contents.numbers, where)
            )
            continue
        caption = number_references(
            fill(item["caption"], contents.results, where), contents.numbers, where
        )
        label = (
            f"{ {'fig': 'Figure', 'tbl': 'Table'}[kind] } "
            f"{contents.numbers[f'{kind}-' + item['key']]}"
        )
        if kind == "fig":
            parts.append(
                f"![**{label}.** {caption}]({figures / item['key']}.png){{#fig-{item['key']}}}"
            )
        else:
            parts.append(
                f"::: {{#tbl-{item['key']} .table}}\n{_pipe_table(item)}\n\n: **{label}.** "
                f"{caption}\n:::"
            )
    parts.append("# References")
    return "\n\n".join(parts) + "\n"


def _front_matter() -> str:
    subtitle = f"backpain_risk {__version__}. {vocabulary.NOTICE}"
    return (
        f"---\ntitle: {TITLE}\nsubtitle: {json.dumps(subtitle)}\nlang: en-GB\nlink-citations: "
        "true\n---"
    )


def _pipe_table(item: dict[str, Any]) -> str:
    rule = ["--:" if numeric else ":--" for numeric in item["numeric"]]
    rows = [item["columns"], rule, *item["rows"]]
    return "\n".join(
        "| " + " | ".join(str(cell).replace("|", "\\|") for cell in row) + " |" for row in rows
    )


def build_report(notebooks: Path, reports: Path) -> None:
    """Run the notebooks and write ``results.json``, ``figures/`` and ``report.html``."""
    contents = run_notebooks(notebooks)
    figures = reports / "figures"
    figures.mkdir(parents=True, exist_ok=True)
    for stale in set(figures.glob("*.png")) - {figures / f"{key}.png" for key in contents.figures}:
        stale.unlink()
    for key, picture in contents.figures.items():
        (figures / f"{key}.png").write_bytes(picture)
    text = (
        json.dumps(
            {"notice": vocabulary.NOTICE, "results": contents.results, "mcse": contents.mcse},
            indent=1,
            sort_keys=True,
        )
        + "\n"
    )
    write_atomically(reports / "results.json", lambda part: part.write_text(text, "utf-8"))
    write_atomically(
        reports / "report.html", lambda part: _html(markdown(contents, figures.resolve()), part)
    )


def _html(text: str, target: Path) -> None:
    own = resources.files(__package__)
    bibliography = resources.files("backpain_risk.evidence") / "references.bib"
    with resources.as_file(own / "report.css") as css, resources.as_file(bibliography) as bib:
        page = pypandoc.convert_text(
            text,
            "html5",
            format="markdown+pipe_tables+fenced_divs+bracketed_spans",
            extra_args=[
                "--standalone",
                "--embed-resources",
                "--mathml",
                "--toc",
                "--toc-depth=2",
                "--citeproc",
                f"--bibliography={bib}",
                f"--css={css}",
                "--columns=10000",
                "--fail-if-warnings",
            ],
        )
    target.write_text(page, "utf-8")
