"""What FFmpeg is told of a live source: by protocol, by named profile, by the user."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from urllib.parse import urlsplit

from maskstream.stages.source import Source

__all__ = ["PROFILES", "Profile", "with_options"]

_NETWORK = "crypto,data,dtls,hls,http,https,httpproxy,rtmp,rtmps,rtmpt,rtmpts,rtp,srtp"
_WHITELIST = f"{_NETWORK},rtsp,rtsps,tcp,tls,udp"


@dataclass(frozen=True, slots=True)
class Profile:
    """A way to open a source that has proved itself for a kind of camera."""

    options: Mapping[str, str] = field(default_factory=dict)
    format: str | None = None
    """FFmpeg's demuxer; None where FFmpeg finds out."""
    is_low_delay: bool = False
    """The decoder holds no picture back: not for streams with B-frames."""
    is_timed_by_arrival: bool = False
    """The source's own times are not used."""


PROFILES: dict[str, Profile] = {
    # TCP where the server takes it, else UDP.
    "auto": Profile(),
    "rtsp-tcp": Profile({"rtsp_transport": "tcp"}),
    # The kernel's own buffer (200 kB) is less than one keyframe of many cameras.
    "rtsp-udp": Profile({"rtsp_transport": "udp", "buffer_size": "4194304"}),
    "low-latency": Profile(
        {
            "fflags": "nobuffer",
            "reorder_queue_size": "0",
            "max_delay": "0",
            "probesize": "32768",
            "analyzeduration": "500000",
        },
        is_low_delay=True,
    ),
    "http-mjpeg": Profile(format="mpjpeg", is_timed_by_arrival=True),
    "broken-clock": Profile(is_timed_by_arrival=True),
}
"""By the name that the configuration knows."""

_BY_SCHEME: dict[str, dict[str, str]] = {
    # Sound beside the pictures would only be thrown away.
    "rtsp": {"rtsp_flags": "prefer_tcp", "allowed_media_types": "video"},
    # Half a second of a fast stream; more than that is a loss, not an error.
    "udp": {"fifo_size": "50000", "overrun_nonfatal": "1"},
    # Playlists that do not grow, and so end: FFmpeg's thousand tries take an hour.
    "http": {"max_reload": "10", "m3u8_hold_counters": "10"},
    # FFmpeg waits for sound that the header promises, for up to ninety seconds.
    "rtmp": {"analyzeduration": "2000000"},
}


def with_options(source: Source, profile: Profile, raw: Mapping[str, str]) -> Source:
    """Tell a source how it is to be opened: later options are laid over earlier ones.

    What comes over a network may not lead to files of this machine.
    """
    options = {
        **(_network_options(source.url) if source.is_network else {}),
        **source.options,
        **profile.options,
        **raw,
    }
    return replace(source, options=options, format=profile.format or source.format)


def _network_options(url: str) -> dict[str, str]:
    scheme = urlsplit(url).scheme.lower().removesuffix("s")  # rtsps is rtsp over TLS
    return {"protocol_whitelist": _WHITELIST, **_BY_SCHEME.get(scheme, {})}
