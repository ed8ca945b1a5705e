"""An RTSP camera that shows the time, run by the system's Python.

clock_camera.py PORT RATE serves /clock: 640x360, a row of 16 blocks across the middle
that spell the milliseconds of the monotonic clock, the highest bit first, white for
one. The time is taken when the picture is painted. Prints "ready".
"""

import sys
import threading
import time
from typing import Any

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtspServer  # noqa: E402

WIDTH, HEIGHT, BLOCK, BITS = 640, 360, 40, 16
# One thread: several would hold back a picture each, or cut it into slices.
LAUNCH = (
    "( appsrc name=clock is-live=true do-timestamp=true format=time"
    " caps=video/x-raw,format=I420,width=640,height=360,framerate={rate}/1"
    " ! x264enc tune=zerolatency speed-preset=ultrafast key-int-max={rate}"
    " threads=1"
    " ! rtph264pay name=pay0 pt=96 config-interval=-1 )"
)
GREY = b"\x60" * (WIDTH * (HEIGHT - BLOCK) // 2)
NO_COLOUR = b"\x80" * (WIDTH * HEIGHT // 2)


def paint() -> bytes:
    """Paint the time."""
    now = time.monotonic_ns() // 1_000_000
    row = b"".join(
        (b"\xeb" if now >> bit & 1 else b"\x10") * BLOCK
        for bit in reversed(range(BITS))
    )
    return GREY + row * BLOCK + GREY + NO_COLOUR


def show(source: Any, rate: int) -> None:
    """Paint until nobody takes it any more."""
    due = time.monotonic()
    while source.emit("push-buffer", Gst.Buffer.new_wrapped(paint())) == (
        Gst.FlowReturn.OK
    ):
        due = max(due + 1 / rate, time.monotonic())
        time.sleep(due - time.monotonic() if due > time.monotonic() else 0)


def main(port: str, rate: str) -> None:
    """Serve until killed."""
    Gst.init(None)
    server = GstRtspServer.RTSPServer()
    server.set_address("127.0.0.1")
    server.set_service(port)

    def begin(_factory: Any, media: Any) -> None:
        source = media.get_element().get_by_name("clock")
        threading.Thread(target=show, args=(source, int(rate)), daemon=True).start()

    factory = GstRtspServer.RTSPMediaFactory()
    factory.set_launch(LAUNCH.format(rate=rate))
    factory.set_shared(True)
    factory.connect("media-configure", begin)
    server.get_mount_points().add_factory("/clock", factory)
    assert server.attach(None)
    print("ready", flush=True)
    GLib.MainLoop().run()


main(*sys.argv[1:])
