"""A real camera over RTSP: -m tests.rtsp_camera PORT AUTH CODEC.

/open shows a ball to everybody, /locked the same to user:secret (by digest or basic) in
the codec given, /hevc and /mjpeg in those, /sliced in four slices a picture.
Prints "ready", then obeys lines on stdin, for what is shown now and later: "show
PATTERN" (of GStreamer's videotestsrc), "size 160x120" or "size 160x120 10" (frames a
second), "mute" (the session goes on without pictures), "unmute".
"""

import sys
from dataclasses import dataclass, field
from typing import Any

from tests.rtsp_server import Gst, factory, make_server, serve

BALL = (
    "( videotestsrc name=test is-live=true pattern=ball ! valve name=valve"
    " ! capsfilter name=caps"
    " caps=video/x-raw,format=I420,width=320,height=240,framerate=25/1 ! {} )"
)
# In one thread: with more the encoder holds a picture back for each.
H264 = (
    "x264enc tune=zerolatency speed-preset=ultrafast key-int-max=25 threads=1"
    " bitrate=4000 ! rtph264pay name=pay0 pt=96 config-interval=-1"
)
# The payloader puts the parameter sets before each slice of a keyframe.
SLICED = H264.replace("threads=1", "threads=4 sliced-threads=true")
HEVC = (
    "x265enc tune=zerolatency speed-preset=ultrafast key-int-max=25"
    " ! h265parse ! rtph265pay name=pay0 pt=96 config-interval=-1"
)
MJPEG = "jpegenc ! rtpjpegpay name=pay0"


@dataclass
class Shown:
    """What the camera shows, and where it is shown now."""

    pattern: str = "ball"
    size: str = "320x240"
    rate: str = "25"
    is_mute: bool = False
    media: list[Any] = field(default_factory=list)

    def obey(self, words: list[str]) -> None:
        """Do what a line on stdin says."""
        match words:
            case ["show", pattern]:
                self.pattern = pattern
            case ["size", size]:
                self.size = size
            case ["size", size, rate]:
                self.size, self.rate = size, rate
            case ["mute"]:
                self.is_mute = True
            case ["unmute"]:
                self.is_mute = False
            case _:
                raise ValueError(f"no such order: {words}")
        for media in self.media:
            self.apply(media)

    def apply(self, media: Any) -> None:
        """Show it in one medium."""
        part = media.get_element().get_by_name
        width, height = self.size.split("x")
        part("test").set_property("pattern", self.pattern)
        part("valve").set_property("drop", self.is_mute)
        part("caps").set_property(
            "caps",
            Gst.Caps.from_string(
                f"video/x-raw,format=I420,width={width},height={height},"
                f"framerate={self.rate}/1"
            ),
        )

    def begin(self, _factory: Any, media: Any) -> None:
        """Show it in a medium that was just made."""
        self.media.append(media)
        media.connect("unprepared", lambda *_: self.media.remove(media))
        self.apply(media)


def main(port: str, auth: str, codec: str) -> None:
    """Serve until killed."""
    server = make_server(port, auth)
    shown = Shown()
    mounts = server.get_mount_points()
    codecs = {"h264": H264, "hevc": HEVC, "mjpeg": MJPEG, "sliced": SLICED}
    for path in ("open", "locked", *codecs):
        coded = codecs.get(path, codecs[codec])
        made = factory(BALL.format(coded), anybody_may=path != "locked")
        made.connect("media-configure", shown.begin)
        mounts.add_factory(f"/{path}", made)
    serve(server, shown.obey)


main(*sys.argv[1:])
