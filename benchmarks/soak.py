"""The daemon for as long as one likes: does it grow, does it slow down.

    python benchmarks/soak.py --minutes 2       for CI
    python benchmarks/soak.py --minutes 60

Two real RTSP cameras with 10 frames a second of 640x360 (or --rate), the default model,
recordings of a minute, and a preview that is watched for 10 s of each 30.
"""

from __future__ import annotations

import argparse
import sys
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event, Thread

import httpx
from rich.table import Table

sys.path.insert(0, str(Path(__file__).parents[1]))

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

SAMPLE_S = 5
STREAMS = ("front", "back")
MAX_ROWS = 24
SHORT_S = 600
"""In less than that the allocators still settle, and a slope says little."""
MAX_SLOPE_MB_PER_H = 30
MAX_SHORT_GROWTH_MB = 60


@dataclass(frozen=True)
class Sample:
    """What was seen at one time."""

    footprint: Footprint
    fps: float
    p99_s: float
    held: int
    dropped: int


def watch_now_and_then(port: int, is_over: Event) -> None:
    """Watch a stream as a browser does, leave, and come back."""
    url = f"http://127.0.0.1:{port}/v1/streams/{STREAMS[0]}/preview.mjpg"
    while not is_over.wait(20):
        until = time.monotonic() + 10
        with httpx.stream("GET", url, timeout=30, trust_env=False) as answer:
            for _ in answer.iter_raw():
                if time.monotonic() > until or is_over.is_set():
                    break


def look(daemon: Daemon) -> Sample:
    """Take a sample."""
    views = [daemon.stream(stream) for stream in STREAMS]
    return Sample(
        Footprint.of(daemon.process.pid),
        fps=sum(view["fps_out"] for view in views),
        p99_s=max(view["latency_s"].get("p99") or 0 for view in views),
        held=sum(view["notes"].get("held_frames", 0) for view in views),
        dropped=sum(dropped(view).total() for view in views),
    )


def main() -> int:
    """Soak, and print a table and the bounds."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--rate", type=int, default=10, help="frames a second")
    given = parser.parse_args()
    seconds = given.minutes * 60
    print_machine()
    samples: list[Sample] = []
    is_over = Event()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory()))
        streams = {}
        for stream in STREAMS:
            camera = stack.enter_context(RtspCamera())
            camera.start()
            camera.say(f"size 640x360 {given.rate}")
            streams[stream] = {"source": camera.url()}
        recording = {
            "folder": str(folder / "rec"),
            "length": "1m",
            "records": True,
            "retention": {"max_bytes": "100M"},
            "min_free": 0,
        }
        settings = {
            "model": {},
            "defaults": {"recording": recording},
            "streams": streams,
        }
        daemon = stack.enter_context(Daemon(folder, settings))
        for stream in STREAMS:
            daemon.wait_written(stream, 5)
        watcher = Thread(target=watch_now_and_then, args=(daemon.port, is_over))
        watcher.start()
        stack.callback(watcher.join)
        stack.callback(is_over.set)
        start = time.monotonic()
        while time.monotonic() < start + seconds:
            time.sleep(SAMPLE_S)
            samples.append(look(daemon))
        is_over.set()
        watcher.join()
        views = {stream: daemon.stream(stream) for stream in STREAMS}
        exit_code = daemon.stop()

    table = Table(
        *("minute", "RSS MB", "threads", "files", "fps out", "p99 ms", "held"),
        "dropped",
        box=None,
    )
    for sample in samples[:: -(-len(samples) // MAX_ROWS)]:
        table.add_row(
            f"{(sample.footprint.at - start) / 60:.1f}",
            f"{sample.footprint.rss_mb:.0f}",
            str(sample.footprint.num_threads),
            str(sample.footprint.num_files),
            f"{sample.fps:.1f}",
            f"{sample.p99_s * 1e3:.0f}",
            str(sample.held),
            str(sample.dropped),
        )
    console.print(table)
    for stream, view in views.items():
        ways = ", ".join(f"{way} {num}" for way, num in dropped(view).items())
        console.print(
            f"{stream}: {view['decoded']} decoded, {written(view)} written; {ways}"
        )

    # The warm-up: a quarter, and ten minutes at most.
    begun = start + min(seconds / 4, 600)
    steady = [one.footprint for one in samples if one.footprint.at >= begun]
    slope = slope_mb_per_h(steady)
    growth_mb = slope * (steady[-1].at - steady[0].at) / 3600
    bounds = Bounds()
    is_flat = (
        growth_mb <= MAX_SHORT_GROWTH_MB
        if seconds < SHORT_S
        else slope <= MAX_SLOPE_MB_PER_H
    )
    bounds.hold("RSS slope", f"{slope:+.1f} MB/h ({growth_mb:+.1f} MB)", holds=is_flat)
    half = len(steady) // 2
    for what in ("num_threads", "num_files"):
        early = max(getattr(one, what) for one in steady[:half])
        late = max(getattr(one, what) for one in steady[half:])
        # A viewer and a rotating recording may be caught in one half alone.
        bounds.hold(f"{what} at most", f"{early}, then {late}", holds=late <= early + 6)
    unbalanced = [stream for stream, view in views.items() if not is_balanced(view)]
    bounds.hold("ledger balanced", str(unbalanced or "all"), holds=not unbalanced)
    bounds.hold("exit code 0", str(exit_code), holds=exit_code == 0)
    return bounds.exit_code


if __name__ == "__main__":
    sys.exit(main())
