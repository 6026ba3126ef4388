"""Peers in an environment of their own: their pins clash with ours.

``make bench`` makes ``.venv-peers`` from benchmarks/peers.txt; R packages are used where R has
them. Each peer is a script in benchmarks/peers/ that prints its median seconds; a peer that is not
installed is left out with a message.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[1]
PYTHON = ROOT / ".venv-peers" / "bin" / "python"


def peer_seconds(script: str, *arguments: str) -> float | None:
    """What a peer script prints last, or None when it cannot run."""
    if not PYTHON.is_file():
        print(
            f"{script}: left out, because {PYTHON.parent.parent.name} is missing (make bench "
            "makes it)"
        )
        return None
    return _last_number(str(PYTHON), script, arguments)


def r_seconds(script: str, *arguments: str) -> float | None:
    """The same for an R script, when R is installed."""
    if shutil.which("Rscript") is None:
        print(f"{script}: left out, because R is not installed")
        return None
    return _last_number("Rscript", script, arguments)


def _last_number(program: str, script: str, arguments: tuple[str, ...]) -> float | None:
    command = [program, str(Path(__file__).parent / "peers" / script), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        print(f"{script}: left out, because it failed: {done.stderr.strip().splitlines()[-1:]}")
        return None
    return float(done.stdout.split()[-1])
