"""Debian's programs that these tests call; in CI they must be there."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

DEPLOY = Path(__file__).parents[2] / "deploy"
MARGIN_S = 20
"""Over the daemon's deadline: how long it may hold on to readers that hang."""


def need(program: str) -> str:
    """Return the path of ``program``; without it skip, or in CI fail."""
    path = shutil.which(program)
    if path is None:
        missing = f"{program} is not installed, see .ci/run"
        assert not os.environ.get("CI"), missing
        pytest.skip(missing)
    return path


def call(*command: str | Path) -> subprocess.CompletedProcess[str]:
    """Run ``command`` to its end; stdout and stderr together are ``.stdout``."""
    program, *arguments = map(str, command)
    return subprocess.run(
        [need(program), *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=200,
        check=False,
    )
