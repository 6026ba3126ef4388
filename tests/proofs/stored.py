"""Results of slow proofs, kept with a checksum."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent
PACKAGED = FOLDER.parents[1] / "backpain_risk" / "measures" / "coverage.csv"
COVERAGE = ("measures_coverage", "evidence_coverage", "model_coverage", "optimism_coverage")
"""Proofs whose tables are put together."""
COLUMNS = (
    *("measure", "interval", "default", "events"),
    *("coverage", "mcse", "below", "above", "without_limits", "replicates"),
)


def checksum(result: Any) -> str:
    return hashlib.sha256(json.dumps(result, sort_keys=True, allow_nan=False).encode()).hexdigest()


def write_proof(name: str, result: Any) -> None:
    """Keep a result beside the script that made it."""
    text = json.dumps({"sha256": checksum(result), "result": result}, indent=1) + "\n"
    (FOLDER / f"{name}.json").write_text(text, "utf-8")


def read_proof(name: str) -> Any:
    """A kept result; an error when it was changed by hand."""
    stored = json.loads((FOLDER / f"{name}.json").read_text("utf-8"))
    if checksum(stored["result"]) != stored["sha256"]:
        raise ValueError(
            f"{name}.json must have the checksum it states; make it again with `make proofs`."
        )
    return stored["result"]


def coverage_csv() -> str:
    """The table of all proofs of coverage, as it is kept with the package.

    The first interval of a measure is its default.
    """
    rows = [row for name in COVERAGE for row in read_proof(name)["table"]]
    first: dict[str, str] = {}
    for row in rows:
        now = first.setdefault(row["measure"], row["interval"]) == row["interval"]
        row["default"] = "before" if row.get("former_default") else "now" if now else ""
    text = io.StringIO()
    table = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    table.writeheader()
    table.writerows({column: row[column] for column in COLUMNS} for row in rows)
    return text.getvalue()


def write_coverage() -> None:
    """Put the table into the package once all its proofs are there."""
    if all((FOLDER / f"{name}.json").exists() for name in COVERAGE):
        PACKAGED.write_text(coverage_csv(), "utf-8")
