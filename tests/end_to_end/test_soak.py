"""The daemon does not grow: the short form of benchmarks/soak.py."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

SOAK = Path(__file__).parents[2] / "benchmarks" / "soak.py"


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_two_minutes_of_two_cameras_leave_memory_threads_and_files_as_they_were() -> (
    None
):
    """And the ledger balances; a longer soak says more, by the same command."""
    command = [sys.executable, str(SOAK), "--minutes", "2", "--rate", "5"]

    done = subprocess.run(command, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout + done.stderr
