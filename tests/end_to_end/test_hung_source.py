"""Sources that hang in the kernel, where nothing in the process can end it.

A pipe into which nobody writes stands in for the driver of a camera that hangs.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from tests.clips import make_clip
from tests.end_to_end.daemon import SYNTHETIC, Daemon

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


def test_a_source_that_hangs_holds_up_nobody_and_is_seen(tmp_path: Path) -> None:
    """While it is opened, and while it is read; the daemon ends all the same."""
    opening, reading = tmp_path / "opening.ts", tmp_path / "reading.ts"
    for pipe in (opening, reading):
        os.mkfifo(pipe)
    clip = make_clip(tmp_path / "clip.ts", frames=250)
    settings = {
        "stop_deadline": "60s",
        "streams": {
            "opening": {"source": f"loop:{opening}"},
            "reading": {"source": f"loop:{reading}"},
            "good": {"source": SYNTHETIC},
        },
    }
    with Daemon(tmp_path, settings) as daemon:
        daemon.wait(lambda: daemon.ask("GET", "/readyz").is_success, "the network")
        with reading.open("wb") as writer:  # held open: no end comes
            writer.write(clip.read_bytes())
            writer.flush()
            daemon.wait(lambda: daemon.stream("reading")["decoded"] > 10, "a picture")
            daemon.wait(lambda: reason_of(daemon, "reading"), "a reason")
            daemon.wait(lambda: reason_of(daemon, "opening"), "a reason")
            before = daemon.stream("good")["decoded"]
            daemon.wait(lambda: daemon.stream("good")["decoded"] > before + 10, "more")
            streams = {name: daemon.stream(name) for name in settings["streams"]}
            metrics = daemon.metrics()
            pause = daemon.ask("POST", "/v1/streams/reading/pause")
            removal = daemon.ask("DELETE", "/v1/streams/reading")
            health = daemon.ask("GET", "/healthz")

            began_s = time.monotonic()
            assert daemon.stop() == 0, daemon.printed
            took_s = time.monotonic() - began_s

    sentence = f"loop:{reading}: a call hangs that nobody but the system can end"
    states = {name: (one["state"], one["reason"]) for name, one in streams.items()}
    assert states == {
        "opening": ("waiting", "timeout"),
        "reading": ("waiting", "stalled"),
        "good": ("running", None),
    }
    assert streams["reading"]["message"] == sentence
    # What deploy/prometheus/alerts.yml rings for: MaskStreamStreamDown.
    for name in ("opening", "reading"):
        assert metrics["maskstream_stream_up", (("stream", name),)] == 0
    assert metrics["maskstream_stream_stalls_total", (("stream", "reading"),)] == 1
    for answer in (pause, removal):
        assert answer.status_code == 503
        assert answer.json() == {"error": f"reading is still ending: {sentence}"}
    assert health.is_success
    told = [line["message"] for line in daemon.lines if "hangs" in line["message"]]
    assert f"reading: {sentence} (stalled)" in told
    assert len(told) == 2
    assert took_s < 30  # of the 60 s that stop_deadline would give
    loud = [line["message"] for line in daemon.lines if line["level"] == "ERROR"]
    assert "opening: does not end and is left" in loud


def reason_of(daemon: Daemon, stream: str) -> str | None:
    """Tell why a stream is away."""
    reason = daemon.stream(stream)["reason"]
    return None if reason is None else str(reason)
