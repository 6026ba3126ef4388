"""Peers in an environment of their own: their pins clash with ours.

``make bench`` makes ``.venv-peers`` from benchmarks/peers.txt. Each peer is a script in benchmarks/peers/ that prints
its median seconds; a peer that is not installed is left out with a message.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[1]
PYTHON = ROOT / ".venv-peers" / "bin" / "python"


def peer_seconds(script: str, *arguments: str) -> float | None:
    """What a peer script prints last, or None when it cannot run."""
    command = [str(PYTHON), str(Path(__file__).parent / "peers" / script), *arguments]
    if not PYTHON.is_file():
        print(f"{script}: left out, because {PYTHON.parent.parent.name} is missing (make bench makes it)")
        return None
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        print(f"{script}: left out, because it failed: {done.stderr.strip().splitlines()[-1:]}")
        return None
    return float(done.stdout.split()[-1])
