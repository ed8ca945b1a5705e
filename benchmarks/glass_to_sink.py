"""From the glass of a camera to a viewer, read from a clock in the picture.

    python benchmarks/glass_to_sink.py [--seconds 60] [--profile low-latency]

A real RTSP camera shows the time; the daemon segments it with the default model and
publishes it by RTSP; a viewer decodes each picture and reads the time in it. What is
measured holds painting, both encoders, both decoders and the network of loopback. Also
told: from the start of the daemon to the first masked frame of the live camera.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import av
import numpy as np
from av.codec.context import Flags
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.readings import Bounds, console, print_machine, written
from tests.end_to_end.daemon import Daemon
from tests.viewers import free_port

BLOCK, BITS = 40, 16
THRESHOLD = 115
"""Under the default overlay white stays above 135 and black below 95."""
BOUND_S = 0.4


@contextmanager
def clock_camera(rate: int) -> Iterator[str]:
    """Run the camera; gives its URL."""
    port = free_port()
    program = Path(__file__).with_name("clock_camera.py")
    process = subprocess.Popen(
        ["/usr/bin/python3", str(program), str(port), str(rate)],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n", "GStreamer's server is missing"
        yield f"rtsp://127.0.0.1:{port}/clock"
    finally:
        process.kill()
        process.communicate()


def read_clock(luma: NDArray[np.uint8], now: float) -> float:
    """Give the age in seconds of the time that a picture shows."""
    middle = luma.shape[0] // 2
    half = BLOCK // 4
    shown = 0
    for bit in range(BITS):
        left = bit * BLOCK + BLOCK // 2
        block = luma[middle - half : middle + half, left - half : left + half]
        shown = shown << 1 | int(block.mean() > THRESHOLD)
    return float((int(now * 1000) - shown) % (1 << BITS)) / 1000


class Viewer:
    """A thread that listens for what is published and reads each picture's age."""

    def __init__(self) -> None:
        self.url = f"rtsp://127.0.0.1:{free_port()}/in"
        self.seen: list[tuple[float, float]] = []
        """When a picture was decoded, and its age then."""
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def _watch(self) -> None:
        options = {
            "rtsp_flags": "listen",
            "listen_timeout": "120",
            "fflags": "nobuffer",
        }
        with av.open(self.url, options=options) as container:
            video = container.streams.video[0]
            video.thread_type = "SLICE"  # threads for frames hold pictures back
            video.codec_context.flags |= Flags.low_delay
            for picture in container.decode(video):
                now = time.monotonic()
                # The luma alone: a conversion of the range would move the threshold.
                plane = picture.planes[0]
                luma = np.frombuffer(bytes(plane), np.uint8).reshape(plane.height, -1)
                self.seen.append((now, read_clock(luma, now)))

    def join(self) -> None:
        """Wait for the end of what is published."""
        self._thread.join(10)


def main() -> int:
    """Measure, and print the figures and the bounds."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--rate", type=int, default=10, help="frames a second")
    parser.add_argument("--profile", default="auto", help="of the source")
    given = parser.parse_args()
    print_machine()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory()))
        camera = stack.enter_context(clock_camera(given.rate))
        viewer = Viewer()
        start = time.monotonic()
        front = {
            "source": {"url": camera, "profile": given.profile},
            "overlay": {"legend": False},
            "publish": [{"url": viewer.url, "stub_after": None}],
        }
        settings = {"model": {}, "streams": {"front": front}}
        daemon = stack.enter_context(Daemon(folder, settings))
        daemon.wait(lambda: viewer.seen, "a picture")
        startup_s = viewer.seen[0][0] - start
        time.sleep(10)  # what came up while all began is not the daily business
        first = len(viewer.seen)
        time.sleep(given.seconds)
        ages = [age for _, age in viewer.seen[first:]]
        view = daemon.stream("front")
        exit_code = daemon.stop()
        viewer.join()
    p50, p95, p99 = np.percentile(ages, (50, 95, 99))
    console.print(
        f"{len(ages)} pictures in {given.seconds:.0f} s, glass to viewer "
        f"p50 {p50 * 1e3:.0f} ms, p95 {p95 * 1e3:.0f} ms, p99 {p99 * 1e3:.0f} ms\n"
        f"decoded {view['decoded']}, published {written(view)}, "
        f"held {view['notes'].get('held_frames', 0)}; by the daemon's own account "
        f"p50 {view['latency_s']['p50'] * 1e3:.0f} ms, "
        f"p95 {view['latency_s']['p95'] * 1e3:.0f} ms\n"
        f"start of the daemon to the first masked picture seen: {startup_s:.1f} s"
    )
    bounds = Bounds()
    expected = given.rate * given.seconds
    bounds.hold("pictures seen", str(len(ages)), holds=len(ages) >= 0.95 * expected)
    bounds.hold("p95 under 400 ms", f"{p95 * 1e3:.0f} ms", holds=p95 < BOUND_S)
    bounds.hold("exit code 0", str(exit_code), holds=exit_code == 0)
    return bounds.exit_code


if __name__ == "__main__":
    sys.exit(main())
