"""Pages of the reference that code knows best: names, commands, dictionary, citation."""

from __future__ import annotations

import ast
import importlib.metadata
from collections.abc import Iterator
from pathlib import Path

import click
import typer.main
import yaml

import backpain_risk
from backpain_risk import vocabulary
from backpain_risk.cli import app

ROOT = Path(__file__).parents[1]
ROOMS = {
    "evidence": "What the literature says",
    "scenario": "What is assumed about a setting",
    "cohort": "Patients, synthetic and your own",
    "models": "From predictors to a risk",
    "measures": "How good a risk is",
    "validation": "How good it will be in new patients",
    "pathways": "Who gets which test",
    "planning": "How large a study must be",
    "studies": "Simulation studies",
    "plots": "One plot for each result",
    "report": "Reports, folders and pages",
    "results": "What functions return",
    "numerics": "Patterns and pooling of estimates",
    "vocabulary": "The words of the field",
}


def version() -> str:
    """The installed version."""
    return importlib.metadata.version("backpain-risk")


def write_pages(folder: Path) -> None:
    """Write the pages into a folder; those that did not change are left alone."""
    for name, text in (
        ("api.md", api()),
        ("command_line.md", command_line()),
        ("data_dictionary.md", data_dictionary()),
        ("citing.md", citing()),
    ):
        path = folder / name
        if not path.is_file() or path.read_text("utf-8") != text:
            path.write_text(text, "utf-8")


def names_by_room() -> dict[str, list[str]]:
    """Public names as full paths, in the rooms of the stub."""
    stub = ast.parse((Path(backpain_risk.__file__).parent / "__init__.pyi").read_text("utf-8"))
    found: dict[str, list[str]] = {room: [] for room in ROOMS}
    for node in stub.body:
        if isinstance(node, ast.ImportFrom) and node.module:
            room = node.module.split(".")[0]
            found[room] += [alias.asname or alias.name for alias in node.names]
    found["plots"] = [f"plots.{name}" for name in backpain_risk.plots.__all__]
    found["report"] += [f"report.{name}" for name in backpain_risk.report.__all__]
    return {room: sorted(names) for room, names in found.items() if names}


def api() -> str:
    """One table a room of the chain."""
    lines = ["# Public names", "", "In the order of the chain, from evidence to report.", ""]
    for room, names in names_by_room().items():
        lines += [f"## {ROOMS[room]}", "", "```{eval-rst}", ".. currentmodule:: backpain_risk"]
        lines += ["", ".. autosummary::", "   :toctree: api", ""]
        lines += [f"   {name}" for name in names]
        lines += ["```", ""]
    return "\n".join(lines)


def command_line() -> str:
    """Every command with its help and options."""
    lines = ["# Command line", "", "`backpain-risk --help` says the same.", ""]
    for name, command in commands(typer.main.get_command(app), ()):
        lines += [f"## `backpain-risk {name}`", "", command.help or "", ""]
        rows = [
            (", ".join(p.opts), (getattr(p, "help", "") or "").replace("|", "\\|"), shown(p))
            for p in command.params
            if p.name != "help"
        ]
        if rows:
            lines += ["| option | meaning | default |", "|:--|:--|:--|"]
            lines += [f"| `{option}` | {text} | {default} |" for option, text, default in rows]
            lines += [""]
    return "\n".join(lines)


def commands(group: click.Command, path: tuple[str, ...]) -> Iterator[tuple[str, click.Command]]:
    """All commands, those of groups included."""
    for name, command in getattr(group, "commands", {}).items():
        if hasattr(command, "commands"):
            yield from commands(command, (*path, name))
        else:
            yield " ".join((*path, name)), command


def shown(parameter: click.Parameter) -> str:
    """The default of an option, as a person would type it."""
    if parameter.required:
        return "required"
    default = parameter.default
    return "" if default in (None, False, ()) or callable(default) else f"`{default}`"


def data_dictionary() -> str:
    """The columns of a cohort, and the statuses of numbers."""
    table = backpain_risk.data_dictionary()
    head = ["| column | label | unit | values | bands | definition |", "|:--|:--|:--|:--|:--|:--|"]
    rows = [
        f"| `{row.column}` | {row.label} | {row.unit} | {row['values']} | {row.bands} | "
        f"{row.definition} |"
        for _, row in table.iterrows()
    ]
    statuses = ", ".join(f"*{status}*" for status in vocabulary.STATUSES)
    return "\n".join(
        ["# Data dictionary", "", *head, *rows, "", f"Statuses of a number: {statuses}.", ""]
    )


def citing() -> str:
    """BibTeX from CITATION.cff."""
    told = yaml.safe_load((ROOT / "CITATION.cff").read_text("utf-8"))
    authors = " and ".join(
        author.get("name") or f"{author['family-names']}, {author['given-names']}"
        for author in told["authors"]
    )
    doi = told.get("doi", "")
    entry = [
        "@software{backpain_risk,",
        f"  author = {{{{{authors}}}}},",
        f"  title = {{{{{told['title']}}}}},",
        f"  version = {{{told['version']}}},",
        *([f"  doi = {{{doi}}},"] if doi else []),
        "}",
    ]
    missing = "" if doi else "No DOI has been given yet: it comes with the first release.\n"
    return "\n".join(["# Citing", "", missing, "```bibtex", *entry, "```", ""])
