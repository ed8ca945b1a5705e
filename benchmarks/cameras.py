"""Real RTSP cameras that die, hang and return, beside others that go on.

    python benchmarks/cameras.py [--steady 2] [--away 20]

One camera is never there, one is killed and started again, one is stopped (SIGSTOP, as
when a machine hangs) and continued, and the steady ones run through. They send 10
frames a second of 640x360 to one daemon with the default model, which records each.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.table import Table

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.readings import (
    Bounds,
    console,
    dropped,
    is_balanced,
    print_machine,
    written,
)
from tests.cameras import RtspCamera
from tests.end_to_end.daemon import Daemon

RATE = 10
LOST = ("killed", "stopped")
SETTLE_S = 15
"""Frames that came while the network was being compiled are behind by then."""


def begin(camera: RtspCamera) -> None:
    """Start a camera."""
    camera.start()
    camera.say(f"size 640x360 {RATE}")


def watch_rates(
    daemon: Daemon, streams: Iterable[str], seconds: float
) -> dict[str, float]:
    """Measure the frames a second that reach every sink."""
    counts = {}
    for stream in streams:
        counts[stream] = (written(daemon.stream(stream)), time.monotonic())
    time.sleep(seconds)
    return {
        stream: (written(daemon.stream(stream)) - count) / (time.monotonic() - at)
        for stream, (count, at) in counts.items()
    }


def watch_return(daemon: Daemon, before: dict[str, int]) -> dict[str, float]:
    """Measure the seconds until more frames than ``before`` are written."""
    start = time.monotonic()
    seconds: dict[str, float] = {}
    while len(seconds) < len(before) and time.monotonic() < start + 60:
        for stream, count in before.items():
            if stream not in seconds and written(daemon.stream(stream)) > count:
                seconds[stream] = time.monotonic() - start
        time.sleep(0.05)
    return {stream: seconds.get(stream, float("inf")) for stream in before}


def main() -> int:
    """Measure, and print a table and the bounds."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steady", type=int, default=1, help="cameras that go on")
    parser.add_argument("--away", type=float, default=20, help="seconds")
    given = parser.parse_args()
    print_machine()
    steady = [f"steady-{number}" for number in range(1, given.steady + 1)]
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory()))
        cameras = {
            stream: stack.enter_context(RtspCamera())
            for stream in (*steady, *LOST, "absent")
        }
        for stream, camera in cameras.items():
            if stream != "absent":
                begin(camera)
        recording = {"folder": str(folder / "rec"), "records": True, "min_free": 0}
        settings = {
            "model": {},
            "defaults": {"recording": recording},
            "streams": {name: {"source": one.url()} for name, one in cameras.items()},
        }
        daemon = stack.enter_context(Daemon(folder, settings))
        for stream in (*steady, *LOST):
            daemon.wait_written(stream, RATE)
        time.sleep(SETTLE_S)
        rates = {"before": watch_rates(daemon, (*steady, *LOST), given.away)}

        cameras["killed"].kill()
        cameras["stopped"].halt()
        rates["while"] = watch_rates(daemon, steady, given.away)
        away = {stream: daemon.stream(stream) for stream in LOST}
        counts = {stream: written(view) for stream, view in away.items()}
        begin(cameras["killed"])
        cameras["stopped"].go_on()
        returned = watch_return(daemon, counts)
        rates["after"] = watch_rates(daemon, (*steady, *LOST), given.away)

        views = {stream: daemon.stream(stream) for stream in cameras}
        exit_code = daemon.stop()

    table = Table(
        *("camera", "fps before", "while", "after", "back after s", "lost, by reason"),
        *("held", "dropped", "p99 s"),
        box=None,
    )
    for stream, view in views.items():
        p99 = view["latency_s"].get("p99")
        table.add_row(
            stream,
            *(f"{rates[phase].get(stream, 0):.2f}" for phase in rates),
            f"{returned[stream]:.1f}" if stream in returned else "",
            ", ".join(f"{why} {num}" for why, num in view["reconnects"].items())
            or (view["reason"] or ""),
            str(view["notes"].get("held_frames", 0)),
            ", ".join(f"{way} {num}" for way, num in dropped(view).items()) or "0",
            f"{p99:.2f}" if p99 else "",
        )
    console.print(table)

    bounds = Bounds()
    for stream in steady:
        base = rates["before"][stream]
        worst = max(abs(rates[phase][stream] / base - 1) for phase in rates)
        bounds.hold(f"{stream} within 2 %", f"{worst:.1%}", holds=worst <= 0.02)
    for stream in (*steady, *LOST):
        fps = rates["after"][stream]
        bounds.hold(f"{stream} at 5 fps or more", f"{fps:.2f}", holds=fps >= 5)
    for stream, seconds in returned.items():
        bounds.hold(f"{stream} back in 5 s", f"{seconds:.1f}", holds=seconds <= 5)
    for stream, reason, right in (
        ("killed", away["killed"]["reason"], {"refused"}),
        ("stopped", away["stopped"]["reason"], {"stalled", "timeout"}),
        ("absent", views["absent"]["reason"], {"refused"}),
    ):
        bounds.hold(f"{stream} is away as", str(reason), holds=reason in right)
    for stream, first in (("killed", "eof"), ("stopped", "stalled")):
        reasons = views[stream]["reconnects"]
        bounds.hold(f"{stream} lost as", str(reasons), holds=first in reasons)
    unbalanced = [stream for stream, view in views.items() if not is_balanced(view)]
    bounds.hold("ledger balanced", str(unbalanced or "all"), holds=not unbalanced)
    bounds.hold("exit code 0", str(exit_code), holds=exit_code == 0)
    return bounds.exit_code


if __name__ == "__main__":
    sys.exit(main())
