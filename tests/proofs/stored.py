"""Results of slow proofs, kept with a checksum."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent


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
        raise ValueError(f"{name}.json must have the checksum it states; make it again with `make proofs`.")
    return stored["result"]
