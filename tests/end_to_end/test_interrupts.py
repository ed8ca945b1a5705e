"""Stopped at any moment, a run loses nothing that it had written."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import av
import pytest

import maskstream

pytestmark = pytest.mark.slow

ENDLESS = "synthetic+live:testsrc2=size=160x120:rate=25"
Start = Callable[..., "subprocess.Popen[str]"]


def count_pictures(path: Path) -> int:
    """Count what can be decoded of a file, however it ends."""
    count = 0
    with av.open(str(path)) as container:
        try:
            for _ in container.decode(video=0):
                count += 1
        except av.FFmpegError:
            pass
    return count


def wait_until_written(path: Path, process: subprocess.Popen[str]) -> None:
    """Wait until a file holds pictures."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        assert process.poll() is None, process.communicate()
        if path.exists() and path.stat().st_size > 4000:
            return
        time.sleep(0.05)  # another process's file gives no event to wait for
    raise AssertionError(f"{path} was never written")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_first_signal_finishes_the_files(
    start: Start, tmp_path: Path, number: signal.Signals
) -> None:
    """The files have their names, the ledger balances, and the exit code is 130."""
    out, mask, summary = (tmp_path / name for name in ("o.mp4", "m.mkv", "s.json"))
    process = start(
        *("run", ENDLESS, "-o", out, "--mask", mask, "--summary", summary),
        *("--size", "64x64"),
    )
    wait_until_written(tmp_path / "o.partial.mp4", process)

    process.send_signal(number)
    printed, complaints = process.communicate(timeout=60)

    assert process.returncode == 130, (printed, complaints)
    assert complaints == ""
    (account,) = json.loads(summary.read_text())["streams"].values()
    assert account["decoded"] == account["written"] + account["dropped"]
    assert count_pictures(out) == account["sinks"]["video"]["written"] > 0
    with maskstream.open_masks(mask) as masks:
        assert len(list(masks)) == account["sinks"]["mask"]["written"]


def test_a_kill_leaves_what_was_written_playable(start: Start, tmp_path: Path) -> None:
    """Under their partial names, video and masks hold what was written by then."""
    process = start(
        *("run", ENDLESS, "-o", tmp_path / "o.mp4", "--mask", tmp_path / "m.mkv"),
        *("--size", "64x64"),
    )
    wait_until_written(tmp_path / "o.partial.mp4", process)
    wait_until_written(tmp_path / "m.partial.mkv", process)

    process.kill()
    process.communicate()

    assert not (tmp_path / "o.mp4").exists()
    assert count_pictures(tmp_path / "o.partial.mp4") > 0
    assert count_pictures(tmp_path / "m.partial.mkv") > 0
