"""Which sources may come over HTTP.

A token for the page is none for the machine behind it: what comes over HTTP may name
cameras, and neither files, nor devices, nor (through FFmpeg's protocols within
protocols, playlists and redirects) anything on this machine or beside it. What FFmpeg
may then do is told to it in options, which no setting can take back.
"""

from __future__ import annotations

import fnmatch
import ipaddress
import re
import socket
from collections.abc import Callable, Iterable
from urllib.parse import SplitResult

from maskstream.pipeline.errors import ConfigError
from maskstream.server.config.http import AllowedSources
from maskstream.stages.credentials import mask_credentials
from maskstream.stages.live.source_url import split_source_url

__all__ = ["SourcePolicy", "find_addresses"]

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Resolve = Callable[[str], Iterable[str]]

_MAX_LENGTH = 2048  # of a URL

# What FFmpeg and we could read differently is not read at all: spaces, \, a second @.
_PRINTABLE = re.compile(r"[!-\[\]-~]+")
_HOST = re.compile(r"[a-z0-9]([a-z0-9._-]*[a-z0-9])?")
_PLAYLIST = re.compile(r"\.(m3u8?|mpd|sdp|ffconcat)$", re.IGNORECASE)

_RTSP = {
    "protocol_whitelist": "rtsp,rtp,srtp,udp,tcp,tls,crypto",
    "format_whitelist": "rtsp",
}
_RTMP = {
    "protocol_whitelist": "rtmp,rtmps,tcp,tls",
    "format_whitelist": "flv,live_flv",
}
_PROTOCOLS = "http,https,tcp,tls,crypto,httpproxy"
_ONE_FILE = "mpjpeg,mjpeg,mov,matroska,mpegts,flv,h264,hevc"  # and no playlists
_HTTP = {
    "protocol_whitelist": _PROTOCOLS,
    "format_whitelist": _ONE_FILE,
    "max_redirects": "0",
}
_NAMED_HTTP = {
    "protocol_whitelist": _PROTOCOLS,
    "format_whitelist": f"{_ONE_FILE},hls",
    "max_redirects": "8",  # as FFmpeg has it
}
_OPTIONS = {"rtsp": _RTSP, "rtsps": _RTSP, "rtmp": _RTMP, "rtmps": _RTMP}

_METADATA = {"100.100.100.200", "168.63.129.16", "fd00:ec2::254"}
"""Where clouds answer their machines, beside the link-local address."""


def find_addresses(host: str) -> set[str]:
    """Ask the resolver for every address of a host; none when it knows none."""
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except OSError:
        return set()
    return {str(sockaddr[0]) for *_, sockaddr in found}


class SourcePolicy:
    """Admits sources by protocol and host.

    Args:
        allowed: What the configuration allows.
        resolve: Gives the addresses of a host.
    """

    def __init__(
        self, allowed: AllowedSources, *, resolve: Resolve = find_addresses
    ) -> None:
        self._protocols = allowed.protocols
        self._resolve = resolve
        self._networks = []
        self._names = []
        self._takes_any = False
        for pattern in allowed.hosts:
            try:
                self._networks.append(ipaddress.ip_network(pattern, strict=False))
            except ValueError:
                if pattern.strip("*?."):
                    self._names.append(pattern.lower())
                else:
                    self._takes_any = True

    def admit(self, url: str) -> dict[str, str]:
        """Check a source; gives the options by which FFmpeg is kept to it.

        Raises:
            ConfigError: It may not be added over HTTP.
        """
        location = self._parse(url)
        host = location.hostname or ""
        is_named = self._is_named(host)
        if not is_named:
            self._refuse_special(host)
        if location.scheme in _OPTIONS:
            return dict(_OPTIONS[location.scheme])
        if not is_named and _PLAYLIST.search(location.path):
            raise ConfigError(
                f"source: a playlist of {host} may lead anywhere; its host has to be "
                "named in http.allowed_sources.hosts"
            )
        return dict(_NAMED_HTTP if is_named else _HTTP)

    def _parse(self, url: str) -> SplitResult:
        if len(url) > _MAX_LENGTH:
            raise ConfigError(
                f"source: a URL has at most {_MAX_LENGTH} characters, got {len(url)}"
            )
        shown = mask_credentials(url)
        scheme, colon, _ = url.partition("://")
        if not colon or scheme not in self._protocols:
            allowed = ", ".join(f"{name}://" for name in self._protocols)
            raise ConfigError(
                f"source: over HTTP it must begin with one of {allowed}, "
                f"got {shown.partition('://')[0][:40]!r}"
            )
        try:
            location = split_source_url(url)
            host = location.hostname or ""
            if not _HOST.fullmatch(host):
                ipaddress.IPv6Address(host)
            if _PRINTABLE.fullmatch(url):
                return location
        except ValueError:  # and ConfigError, which is one
            pass
        raise ConfigError(
            "source: not a URL as scheme://user:password@host:port/path, with special "
            "characters written as %40 and the like"
        )

    def _is_named(self, host: str) -> bool:
        """Whether the configuration names the host, and not only any."""
        if any(fnmatch.fnmatchcase(host, name) for name in self._names):
            return True
        addresses = self._addresses(host) if self._networks else []
        return bool(addresses) and all(
            any(address in network for network in self._networks)
            for address in addresses
        )

    def _refuse_special(self, host: str) -> None:
        remedy = "name it in http.allowed_sources.hosts"
        if not self._takes_any:
            raise ConfigError(f"source: host {host} is not allowed; {remedy}")
        addresses = self._addresses(host)
        if not addresses:
            raise ConfigError(f"source: no address of {host} is known; {remedy}")
        if any(map(_is_special, addresses)):
            raise ConfigError(
                f"source: {host} is this machine or one that only machines talk to; "
                f"{remedy} if it is a camera"
            )

    def _addresses(self, host: str) -> list[Address]:
        try:
            return [ipaddress.ip_address(host)]
        except ValueError:
            found = self._resolve(host)
        return [ipaddress.ip_address(one.partition("%")[0]) for one in found]


def _is_special(address: Address) -> bool:
    """Whether an address is loopback, link-local or none of a single machine."""
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if inner is None and int(address) >> 32 == 0x64FF9B << 64:  # NAT64, RFC 6052
            inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None:
            return _is_special(inner)
    return (
        address.is_loopback
        or address.is_link_local
        or address.is_unspecified
        or address.is_multicast
        or address.is_reserved
        or str(address) in _METADATA
    )
