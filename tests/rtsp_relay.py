"""A real media server, run by the system's Python: rtsp_relay.py PORT BRIDGE_PORT.

Publish to /in (to /locked as user:secret) and watch at /out. Prints "ready".
"""

import sys
from typing import Any

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtsp", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtsp, GstRtspServer  # noqa: E402

# Between the two a hop over loopback: GStreamer's own bridges want one pipeline.
RECORD = (
    "( rtph264depay name=depay0 ! h264parse config-interval=-1"
    " ! rtph264pay pt=96 config-interval=-1"
    " ! udpsink host=127.0.0.1 port={} sync=false async=false )"
)
PLAY = (
    "( udpsrc address=127.0.0.1 port={} buffer-size=4000000"
    ' caps="application/x-rtp,media=video,clock-rate=90000,encoding-name=H264,'
    'payload=96"'
    " ! rtph264depay ! h264parse ! rtph264pay name=pay0 pt=96 config-interval=-1 )"
)


def main(port: str, bridge: str) -> None:
    """Serve until killed."""
    Gst.init(None)
    server = GstRtspServer.RTSPServer()
    server.set_address("127.0.0.1")
    server.set_service(port)
    # With one thread, the default, a viewer that prepares would hold up the publisher.
    server.get_thread_pool().set_max_threads(-1)

    auth = GstRtspServer.RTSPAuth()
    auth.set_supported_methods(GstRtsp.RTSPAuthMethod.DIGEST)
    auth.add_digest("user", "secret", token("user"))
    auth.set_default_token(token("anybody"))
    server.set_auth(auth)

    mounts = server.get_mount_points()
    for path, anybody_may in (("/in", True), ("/locked", False)):
        record = factory(RECORD.format(bridge), anybody_may=anybody_may)
        record.set_transport_mode(GstRtspServer.RTSPTransportMode.RECORD)
        record.set_latency(100)
        mounts.add_factory(path, record)
    mounts.add_factory("/out", factory(PLAY.format(bridge), anybody_may=True))
    assert server.attach(None)
    print("ready", flush=True)  # noqa: T201
    GLib.MainLoop().run()


def token(role: str) -> Any:
    """Make the token of a role."""
    made = GstRtspServer.RTSPToken()
    made.set_string("media.factory.role", role)
    return made


def factory(launch: str, *, anybody_may: bool) -> Any:
    """Make a shared stream."""
    made = GstRtspServer.RTSPMediaFactory()
    made.set_launch(launch)
    made.set_shared(True)
    permissions = GstRtspServer.RTSPPermissions()
    for role, may in (("user", True), ("anybody", anybody_may)):
        # With access for all the server asks for a password (401) instead of denying
        # that the stream exists (404).
        permissions.add_permission_for_role(role, "media.factory.access", True)
        permissions.add_permission_for_role(role, "media.factory.construct", may)
    made.set_permissions(permissions)
    return made


main(*sys.argv[1:])
