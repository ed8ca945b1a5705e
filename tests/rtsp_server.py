"""What the RTSP servers of the tests share; imported by the system's Python alone.

Servers run as ``/usr/bin/python3 -m tests.NAME``, from the root of the project.
"""

import sys
import threading
from collections.abc import Callable
from typing import Any

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtsp", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtsp, GstRtspServer  # noqa: E402

__all__ = ["Gst", "GstRtspServer", "factory", "make_server", "serve"]

Gst.init(None)


def make_server(port: str, auth: str = "digest") -> Any:
    """Make a server on loopback that knows user:secret; ``auth`` may be basic."""
    server = GstRtspServer.RTSPServer()
    server.set_address("127.0.0.1")
    server.set_service(port)
    # With one thread, the default, a client that prepares would hold up all others.
    server.get_thread_pool().set_max_threads(-1)
    known = GstRtspServer.RTSPAuth()
    if auth == "basic":
        basic = GstRtspServer.RTSPAuth.make_basic("user", "secret")
        known.add_basic(basic, _token("user"))
    else:
        known.set_supported_methods(GstRtsp.RTSPAuthMethod.DIGEST)
        known.add_digest("user", "secret", _token("user"))
    known.set_default_token(_token("anybody"))
    server.set_auth(known)
    return server


def factory(launch: str, *, anybody_may: bool) -> Any:
    """Make a shared stream, for everybody or for user:secret."""
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


def serve(server: Any, obey: Callable[[list[str]], None] | None = None) -> None:
    """Print "ready" and serve until killed; ``obey`` is given each line on stdin."""
    assert server.attach(None)
    if obey is not None:
        threading.Thread(target=_listen, args=(obey,), daemon=True).start()
    print("ready", flush=True)  # noqa: T201
    GLib.MainLoop().run()


def _listen(obey: Callable[[list[str]], None]) -> None:
    for line in sys.stdin:
        GLib.idle_add(obey, line.split())  # on the main thread; once: it gives None


def _token(role: str) -> Any:
    made = GstRtspServer.RTSPToken()
    made.set_string("media.factory.role", role)
    return made
