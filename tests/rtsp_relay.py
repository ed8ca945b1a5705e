"""A real media server: -m tests.rtsp_relay PORT BRIDGE_PORT.

Publish to /in (to /locked as user:secret) and watch at /out. Prints "ready".
"""

import sys

from tests.rtsp_server import GstRtspServer, factory, make_server, serve

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
    server = make_server(port)
    mounts = server.get_mount_points()
    for path, anybody_may in (("/in", True), ("/locked", False)):
        record = factory(RECORD.format(bridge), anybody_may=anybody_may)
        record.set_transport_mode(GstRtspServer.RTSPTransportMode.RECORD)
        record.set_latency(100)
        mounts.add_factory(path, record)
    mounts.add_factory("/out", factory(PLAY.format(bridge), anybody_may=True))
    serve(server)


main(*sys.argv[1:])
