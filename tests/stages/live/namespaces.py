"""Run a script in a network of its own, in which it may lose what it likes."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

__all__ = ["run_alone"]

_ROOT = Path(__file__).parents[3]
# GStreamer's server asserts, about once in thirty times, while a second viewer comes
# (gst_rtsp_media_get_rates): then nothing was there to be watched.
_SERVER_DIED = "GStreamer-RTSP-Server:ERROR"
_MAX_RUNS = 3


def run_alone(script: str, *arguments: object) -> dict[str, Any]:
    """Run one of the scripts beside this file; gives what it printed, which is JSON."""
    missing = [tool for tool in ("nft", "tc", "ip") if shutil.which(tool) is None]
    if missing:
        assert not os.environ.get("CI"), f"{missing} are not installed, see .ci/run"
        pytest.skip(f"{missing} are not installed")
    for _ in range(_MAX_RUNS):
        done = subprocess.run(
            [
                *("unshare", "--net", sys.executable, "-m"),
                *(f"tests.stages.live.{script}", *map(str, arguments)),
            ],
            cwd=_ROOT,
            capture_output=True,
            text=True,
            check=False,
            timeout=280,
        )
        if _SERVER_DIED not in done.stderr:
            break
    assert done.returncode == 0, done.stderr
    told: dict[str, Any] = json.loads(done.stdout)
    return told
