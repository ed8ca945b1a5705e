"""A camera of 30 frames a second before a network that manages 5.

    python benchmarks/overload.py [--seconds 60]

A real RTSP camera and the whole daemon, but for the network, which sleeps; once with
frames held, as is the default, and once with them dropped.
"""

from __future__ import annotations

import argparse
import sys
import time
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.table import Table

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.paced_daemon import BATCH_S
from benchmarks.readings import (
    Bounds,
    Footprint,
    console,
    dropped,
    is_balanced,
    print_machine,
    slope_mb_per_h,
    written,
)
from tests.cameras import RtspCamera
from tests.end_to_end.daemon import Daemon

RATE = 30
MAX_STALENESS_S = 0.5
WARM_UP_S = 15
SAMPLE_S = 1


def measure(seconds: float, bounds: Bounds, table: Table, *, is_held: bool) -> None:
    """Run the daemon once; add a row and bounds."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory()))
        camera = stack.enter_context(RtspCamera())
        camera.start()
        camera.say(f"size 640x360 {RATE}")
        recording = {"folder": str(folder / "rec"), "records": True, "min_free": 0}
        settings = {
            "model": {},
            "overload": {"hold": is_held, "max_staleness": MAX_STALENESS_S},
            "streams": {"front": {"source": camera.url(), "recording": recording}},
        }
        program = (str(Path(__file__).with_name("paced_daemon.py")),)
        daemon = stack.enter_context(Daemon(folder, settings, program=program))
        daemon.wait_written("front", 5)
        time.sleep(WARM_UP_S)
        before = daemon.stream("front")
        footprints = []
        start = time.monotonic()
        while time.monotonic() < start + seconds:
            time.sleep(SAMPLE_S)
            footprints.append(Footprint.of(daemon.process.pid))
        view = daemon.stream("front")
        took_s = time.monotonic() - start
        p99_s = view["latency_s"]["p99"]
        exit_code = daemon.stop()

    held = view["notes"].get("held_frames", 0) - before["notes"].get("held_frames", 0)
    fps = (written(view) - written(before)) / took_s
    ways = dropped(view) - dropped(before)
    memory = slope_mb_per_h(footprints)
    title = "hold" if is_held else "drop"
    table.add_row(
        title,
        f"{(view['decoded'] - before['decoded']) / took_s:.1f}",
        f"{fps:.1f}",
        f"{fps - held / took_s:.1f}",
        f"{held / took_s:.1f}",
        ", ".join(f"{way} {num / took_s:.1f}/s" for way, num in ways.items()) or "none",
        *(f"{view['latency_s'][name] * 1e3:.0f}" for name in ("p50", "p95", "p99")),
        f"{footprints[-1].rss_mb:.0f}",
        f"{memory:+.0f}",
    )
    limit_s = MAX_STALENESS_S + BATCH_S
    bounds.hold(
        f"{title}: p99 under max_staleness and one batch",
        f"{p99_s * 1e3:.0f} of {limit_s * 1e3:.0f} ms",
        holds=p99_s <= limit_s,
    )
    bounds.hold(f"{title}: ledger balanced", "", holds=is_balanced(view))
    bounds.hold(f"{title}: exit code 0", str(exit_code), holds=exit_code == 0)


def main() -> int:
    """Measure, and print a table and the bounds."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=60)
    given = parser.parse_args()
    print_machine()
    table = Table(
        *("", "fps in", "fps out", "inferred", "held", "dropped"),
        *("p50 ms", "p95", "p99", "RSS MB", "MB/h"),
        box=None,
    )
    bounds = Bounds()
    for is_held in (True, False):
        measure(given.seconds, bounds, table, is_held=is_held)
    console.print(table)
    return bounds.exit_code


if __name__ == "__main__":
    sys.exit(main())
