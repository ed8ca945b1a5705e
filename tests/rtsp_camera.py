"""A real RTSP server, run by the system's Python: rtsp_camera.py PORT [auth].

/open shows a ball to everybody, /locked the same to user:secret (``auth`` is digest or
basic), /hevc and /mjpeg show it in other codecs. Prints "ready", then obeys lines on
stdin, for what is shown now and later: "show PATTERN" (of GStreamer's videotestsrc),
"size 160x120" or "size 160x120 10" (frames a second), "mute" (the session goes on
without pictures), "unmute".
"""

import sys
from dataclasses import dataclass, field
from typing import Any

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtsp", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtsp, GstRtspServer  # noqa: E402

BALL = (
    "( videotestsrc name=test is-live=true pattern=ball ! valve name=valve"
    " ! capsfilter name=caps"
    " caps=video/x-raw,format=I420,width=320,height=240,framerate=25/1 ! {} )"
)
# In one slice: the payloader puts the parameter sets before each slice of a keyframe,
# and FFmpeg takes what follows them for another picture.
H264 = (
    "x264enc tune=zerolatency speed-preset=ultrafast key-int-max=25"
    " option-string=slices=1:sliced-threads=0"
    " ! rtph264pay name=pay0 pt=96 config-interval=-1"
)
HEVC = (
    "x265enc tune=zerolatency speed-preset=ultrafast key-int-max=25 ! h265parse"
    " ! rtph265pay name=pay0 pt=96 config-interval=-1"
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

    def obey(self, source: Any, _condition: Any) -> bool:
        """Do what a line on stdin says."""
        match source.readline().split():
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
                return False
        for media in self.media:
            self.apply(media)
        return True

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


def main() -> None:
    """Serve until killed."""
    Gst.init(None)
    server = GstRtspServer.RTSPServer()
    server.set_address("127.0.0.1")
    server.set_service(sys.argv[1])
    # With one thread, the default, a client that prepares would hold up all others.
    server.get_thread_pool().set_max_threads(-1)

    auth = GstRtspServer.RTSPAuth()
    if sys.argv[2:] == ["basic"]:
        basic = GstRtspServer.RTSPAuth.make_basic("user", "secret")
        auth.add_basic(basic, token("user"))
    else:
        auth.set_supported_methods(GstRtsp.RTSPAuthMethod.DIGEST)
        auth.add_digest("user", "secret", token("user"))
    auth.set_default_token(token("anybody"))
    server.set_auth(auth)

    shown = Shown()
    mounts = server.get_mount_points()
    for path, coded in {
        "/open": H264,
        "/locked": H264,
        "/hevc": HEVC,
        "/mjpeg": MJPEG,
    }.items():
        made = factory(coded, anybody_may=path != "/locked")
        made.connect("media-configure", shown.begin)
        mounts.add_factory(path, made)
    assert server.attach(None)
    GLib.io_add_watch(sys.stdin, GLib.IO_IN, shown.obey)
    print("ready", flush=True)  # noqa: T201
    GLib.MainLoop().run()


def token(role: str) -> Any:
    """Make the token of a role."""
    made = GstRtspServer.RTSPToken()
    made.set_string("media.factory.role", role)
    return made


def factory(coded: str, *, anybody_may: bool) -> Any:
    """Make a shared live stream."""
    made = GstRtspServer.RTSPMediaFactory()
    made.set_launch(BALL.format(coded))
    made.set_shared(True)
    permissions = GstRtspServer.RTSPPermissions()
    for role, may in (("user", True), ("anybody", anybody_may)):
        # With access for all the server asks for a password (401) instead of denying
        # that the stream exists (404).
        permissions.add_permission_for_role(role, "media.factory.access", True)
        permissions.add_permission_for_role(role, "media.factory.construct", may)
    made.set_permissions(permissions)
    return made


main()
