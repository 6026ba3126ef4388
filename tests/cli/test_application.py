"""What every command shares."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.contract


def test_the_version_and_the_notice_are_shown(run):
    assert run("--version").stdout.strip() == "0.1.0"
    assert "not for clinical use" in run("--help").stdout.replace("\n", " ")
