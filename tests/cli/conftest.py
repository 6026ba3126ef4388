"""The command line: good input works, bad input ends in one message and exit status 2."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

COMMAND = str(Path(sys.executable).with_name("backpain-risk"))


@pytest.fixture(scope="session")
def run():
    """Runs the command in a process of its own: ``run("evidence", "--json").stdout``."""

    def command(*arguments, **options):
        call = [COMMAND, *map(str, arguments)]
        return subprocess.run(call, capture_output=True, text=True, check=False, **options)

    return command
