"""URLs of cameras, read as FFmpeg reads them, or refused."""

from __future__ import annotations

import difflib
from urllib.parse import SplitResult, urlsplit

from maskstream.pipeline.errors import ConfigError

__all__ = ["split_source_url"]

_OF_A_HOST = (
    *("rtsp", "rtsps", "http", "https", "mmsh", "mmst"),
    *("rtmp", "rtmpe", "rtmps", "rtmpt", "rtmpte", "rtmpts"),
)
_KNOWN = (*_OF_A_HOST, "udp", "udplite", "tcp", "tls", "rtp", "srtp")
"""Those that need no host may listen on this machine."""


def split_source_url(url: str) -> SplitResult:
    """Take the URL of a live source apart.

    Raises:
        ConfigError: No camera can be reached by it; what it says is not repeated.
    """
    scheme = url.partition("://")[0].lower()
    if scheme not in _KNOWN:
        near = difflib.get_close_matches(scheme, _KNOWN, n=1)
        hint = f"did you mean {near[0]}://" if near else f"known: {', '.join(_KNOWN)}"
        raise ConfigError(f"no camera speaks {scheme[:40]}://; {hint}")
    try:
        location = urlsplit(url)
        has_host = bool(location.hostname) or scheme not in _OF_A_HOST
        port = location.port  # raises ValueError where it is no number up to 65535
        # A # in the password ends what is taken for the host.
        is_whole = "@" not in location.fragment and location.netloc.count("@") < 2
        if has_host and port != 0 and is_whole:
            return location
    except ValueError:
        pass
    raise ConfigError(
        "a URL needs a host, a port up to 65535 if any, and special characters of the "
        "password written as %40 and the like"
    )
