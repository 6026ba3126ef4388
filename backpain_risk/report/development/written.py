"""A development written to a folder: paper, tables, figures, models, results, and its script."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

from ... import __version__, vocabulary
from ...cohort.mapping.mapped import MappedCohort
from ...files import sha256
from ...models.saved import save_model
from ...plots.style import write_print
from ...results.spreadsheet import spreadsheet_safe
from ..evaluation.folder import check_folder, write_folder
from .developed import Development
from .figures import Figure, figures_of
from .paper import TITLE, paper_of, subtitle_of
from .printed import write_printed
from .tripod import checklist

MADE_BY = "backpain-risk develop"


def check_place(folder: Path, *, force: bool = False) -> None:
    """Raise where a development could not be written."""
    check_folder(folder, MADE_BY, force=force)


def write_development(
    found: Development,
    mapped: MappedCohort,
    folder: Path,
    *,
    data: Path,
    mapping: Path,
    script: str,
    settings: dict[str, Any],
    force: bool = False,
) -> list[str]:
    """Write everything that a development found.

    Parameters
    ----------
    found : Development
    mapped : MappedCohort
        Its patients.
    folder : Path
        Absent, empty, or that of an earlier development, which is replaced as a whole.
    data, mapping : Path
        Files that the patients were read from; the mapping is copied.
    script : str
        ``analysis.py``.
    settings : dict
        What the script calls :func:`develop` with.
    force : bool
        Write into a folder with other files too, which stay.

    Returns
    -------
    list of str
        What could not be written, and why.
    """
    lacking: list[str] = []

    def write(part: Path) -> None:
        listed = checklist(found)
        tables = {**found.tables, "checklist": listed}
        for name, table in tables.items():
            spreadsheet_safe(table).to_csv(part / f"{name}.csv", index=False, lineterminator="\n")
        drawn = _drawn(found, part, lacking)
        _write_models(found, part)
        (part / "analysis.py").write_text(script, "utf-8")
        shutil.copyfile(mapping, part / "mapping.toml")
        content = {
            "made_by": MADE_BY,
            "notice": found.notice,
            "package_version": __version__,
            "data": {"file": data.name, "sha256": sha256(data), "patients": mapped.n_given},
            "settings": settings,
            "results": found.results(),
        }
        text = json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
        (part / "results.json").write_text(text, "utf-8")
        told = paper_of(found, mapped, drawn, listed, data.name)
        (part / "report.md").write_text(told, "utf-8")
        lacking.extend(write_printed(part, TITLE, subtitle_of(found, mapped, data.name)))

    write_folder(folder, MADE_BY, write, force=force)
    return lacking


def _drawn(found: Development, part: Path, lacking: list[str]) -> list[Figure]:
    """Figures that could be drawn; of others it is said why not."""
    drawn = []
    for figure in figures_of(found):
        try:
            write_print(figure.draw(), part, figure.name)
        except ValueError as error:
            lacking.append(f"figure {figure.name}: {error}")
            continue
        drawn.append(figure)
    return drawn


def _write_models(found: Development, part: Path) -> None:
    for name, model in found.models.items():
        if model.model is None:
            continue
        save_model(model.model, part / f"model_{name}.json", patients=name != "firth")
        (part / f"model_card_{name}.md").write_text(_card(found, name), "utf-8")


def _card(found: Development, name: str) -> str:
    model = found.models[name]
    table = model.validation.to_frame()
    c = table.loc["auroc"]
    slope = table.loc["calibration_slope"]
    plan = found.protocol
    lines = [
        f"# Model card: {model.label}",
        found.notice,
        f"- File: model_{name}.json; read it with load_model.",
        f"- Developed in {plan.n} patients with {plan.n_events} events; no other patients seen.",
        f"- Predictors: {', '.join(found.labels[p] for p in plan.predictors)}.",
        "- Output: probability of malignancy. No threshold is part of the model.",
        (
            f"- C-statistic {c.apparent:.3f}, corrected {c.corrected:.3f}; calibration slope "
            f"{slope.apparent:.3f}, corrected {slope.corrected:.3f}."
        ),
        "- Intended use, users and setting: NOT PROVIDED (the author must write them).",
        "- Not validated in other patients. Not for clinical use.",
    ]
    if name != "firth":
        lines.append(
            "- The NPZ file beside the JSON holds covariate patterns with counts: these are the "
            "patients without names. Do not hand it out where patients must not be."
        )
    return "\n".join(lines) + "\n"


def script_of(
    data: Path, outcome: str, settings: dict[str, Any], reading: dict[str, str | None]
) -> str:
    """The analysis as a short script of public calls."""
    given = ",\n    ".join(f"{key}={value!r}" for key, value in settings.items())
    options = "".join(f", {k}={v!r}" for k, v in reading.items() if v is not None)
    return f'''"""The analysis of report.html by public calls; does results.json come out again?

{vocabulary.RESEARCH_NOTICE} Run: python analysis.py [DATA]
"""

import json
import sys
from pathlib import Path

import backpain_risk as bpr

here = Path(__file__).resolve().parent
data = Path(sys.argv[1]) if len(sys.argv) > 1 else Path({os.fspath(data.resolve())!r})
table = bpr.read_table(data{options})
patients = bpr.load_mapping(here / "mapping.toml").apply(table, outcome={outcome!r})
development = bpr.develop(
    patients,
    {given},
)
found = development.results()
stated = json.loads((here / "results.json").read_text("utf-8"))["results"]
other = [name for name in stated if found.get(name) != stated[name]]
print(development)
print(f"differ from results.json: {{', '.join(other)}}" if other else "results.json reproduced")
sys.exit(bool(other))
'''
