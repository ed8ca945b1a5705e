"""A real RTSP server, run by the system's Python: rtsp_camera.py PORT.

/open shows a ball to everybody, /locked the same to user:secret. Prints "ready".
"""

import sys
from typing import Any

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtsp", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtsp, GstRtspServer  # noqa: E402

BALL = (
    "( videotestsrc is-live=true pattern=ball"
    " ! video/x-raw,format=I420,width=320,height=240,framerate=25/1"
    " ! x264enc tune=zerolatency speed-preset=ultrafast key-int-max=25"
    " ! rtph264pay name=pay0 pt=96 config-interval=-1 )"
)


def main() -> None:
    """Serve until killed."""
    Gst.init(None)
    server = GstRtspServer.RTSPServer()
    server.set_address("127.0.0.1")
    server.set_service(sys.argv[1])
    # With one thread, the default, a client that prepares would hold up all others.
    server.get_thread_pool().set_max_threads(-1)

    auth = GstRtspServer.RTSPAuth()
    auth.set_supported_methods(GstRtsp.RTSPAuthMethod.DIGEST)
    auth.add_digest("user", "secret", token("user"))
    auth.set_default_token(token("anybody"))
    server.set_auth(auth)

    mounts = server.get_mount_points()
    mounts.add_factory("/open", factory(anybody_may=True))
    mounts.add_factory("/locked", factory(anybody_may=False))
    assert server.attach(None)
    print("ready", flush=True)  # noqa: T201
    GLib.MainLoop().run()


def token(role: str) -> Any:
    """Make the token of a role."""
    made = GstRtspServer.RTSPToken()
    made.set_string("media.factory.role", role)
    return made


def factory(*, anybody_may: bool) -> Any:
    """Make a shared live stream."""
    made = GstRtspServer.RTSPMediaFactory()
    made.set_launch(BALL)
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
