"""Where a report comes from: code, setting and libraries."""

from __future__ import annotations

import hashlib
import platform
import subprocess
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

import pypandoc

from ... import __version__
from .choices import Setting

LIBRARIES = (
    "numpy",
    "scipy",
    "pandas",
    "scikit-learn",
    "statsmodels",
    "matplotlib",
    "jax",
    "numpyro",
    "arviz-stats",
    "typst",
)


@dataclass(frozen=True, kw_only=True)
class Origin:
    """The state of the code, as far as git tells."""

    commit: str
    date: str
    modified: bool | None

    @property
    def version(self) -> str:
        """Version of the package with the commit."""
        if not self.commit:
            return __version__
        return f"{__version__} ({self.commit[:7]}{', modified' if self.modified else ''})"


def origin(folder: Path) -> Origin:
    """Commit, its date, and whether tracked files differ from it; empty where git knows nothing."""
    commit = _git(folder, "rev-parse", "HEAD")
    seconds = _git(folder, "show", "-s", "--format=%ct", "HEAD")
    if not commit or not seconds:
        return Origin(commit="", date="date not known", modified=None)
    day = datetime.fromtimestamp(int(seconds), UTC)
    changed = _git(folder, "status", "--porcelain", "--untracked-files=no", "--", ".")
    return Origin(commit=commit, date=f"{day.day} {day:%B %Y}", modified=bool(changed))


def _git(folder: Path, *arguments: str) -> str:
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), *arguments], capture_output=True, text=True, check=False
        )
    except OSError:
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def provenance_tables(code: Origin, setting: Setting, lock: Path) -> dict[str, dict[str, Any]]:
    """Tables that a template places as ``{{table provenance}}`` and ``{{table libraries}}``."""
    state = {None: "not known", True: "modified since", False: "unmodified"}[code.modified]
    rows = [
        ["Package", f"backpain_risk {__version__}"],
        ["Commit", f"{code.commit[:12]}, {code.date}" if code.commit else "no git checkout"],
        ["Tracked files", state],
        ["Scenario", setting.scenario],
        ["Patients in the development cohort", f"{setting.n:,}"],
        ["Seed added to all seeds", str(setting.seed)],
        ["Locked requirements, SHA-256", _digest(lock)],
    ]
    return {
        "tbl-provenance": _payload("provenance", "Code and setting.", rows),
        "tbl-libraries": _payload("libraries", "Libraries that computed and set it.", _libraries()),
    }


def _libraries() -> list[list[str]]:
    found = [["Python", platform.python_version()]]
    for name in LIBRARIES:
        try:
            found.append([name, metadata.version(name)])
        except metadata.PackageNotFoundError:
            found.append([name, "not installed"])
    return [*found, ["pandoc", str(pypandoc.get_pandoc_version())]]


def _digest(path: Path) -> str:
    if not path.is_file():
        return "no lock file"
    return hashlib.sha256(path.read_bytes()).hexdigest()[:16]


def _payload(key: str, caption: str, rows: list[list[str]]) -> dict[str, Any]:
    return {
        "key": key,
        "caption": caption,
        "columns": ["What", "Value"],
        "heads": ["", ""],
        "numeric": [False, False],
        "rows": rows,
    }
