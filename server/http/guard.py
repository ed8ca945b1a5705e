"""Who is let in: decided from the head of a request, before anything is read."""

from __future__ import annotations

import ipaddress
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from starlette.requests import HTTPConnection
from starlette.types import Scope

from maskstream.pipeline.clock import Clock, monotonic_clock
from maskstream.server.config.http import HttpConfig, is_loopback
from maskstream.server.http.rate_limit import RateLimit
from maskstream.server.http.tokens import Tokens

__all__ = ["SESSION_PATH", "Guard", "Refusal"]

SESSION_PATH = "/v1/session"
STATIC_PATH = "/static/"

_BURST_S = 5
_PROBES = {"/healthz", "/readyz"}
_OPEN = {"/", "/api", SESSION_PATH}  # the page itself holds nothing; it asks
_SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}
_THIS_MACHINE = {"localhost", "127.0.0.1", "[::1]"}


@dataclass(frozen=True, slots=True)
class Refusal:
    """What a request gets instead of an answer."""

    status: int
    sentence: str
    headers: dict[str, str] = field(default_factory=dict)


class Guard:
    """Decides by Host, Origin, rate and token. For the thread of the event loop.

    Args:
        config: Says what is asked of whom.
        clock: Seconds, for the rate.
        wall_clock: Seconds since 1970, for the end of sessions.
    """

    def __init__(
        self,
        config: HttpConfig,
        *,
        clock: Clock = monotonic_clock,
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        self.tokens: Tokens | None = None
        if config.token is not None:
            self.tokens = Tokens(config.token.get_secret_value(), wall_clock)
        self._names = {name.lower() for name in config.names}
        self._hosts: set[str] | None = None
        if is_loopback(config.host):
            own = f"[{config.host}]" if ":" in config.host else config.host
            self._hosts = {own, *_THIS_MACHINE, *self._names}
        self._open = _OPEN | ({"/metrics"} if config.open_metrics else set())
        rate = config.requests_per_s
        self._rate = RateLimit(rate, max(1, rate * _BURST_S), clock)

    def refuse(self, scope: Scope) -> Refusal | None:
        """Say why a request is not let in; None when it is."""
        request = HTTPConnection(scope)
        # Not that of `request.url`, in which the client's Host takes part.
        path = str(scope["path"])
        if path in _PROBES:
            return None
        return (
            self._refuse_host(request)
            or self._refuse_origin(request)
            or self._refuse_rate(request)
            or self._refuse_stranger(request, path)
        )

    def _refuse_host(self, request: HTTPConnection) -> Refusal | None:
        """Refuse a name that was bent to this machine (DNS rebinding)."""
        if self._hosts is None or _host_name(_host(request)) in self._hosts:
            return None
        return Refusal(
            421,
            "this daemon is asked for by a name that is not its own; name it in "
            "http.names if a proxy uses it",
        )

    def _refuse_origin(self, request: HTTPConnection) -> Refusal | None:
        """Refuse what a page of another site makes a browser do."""
        headers = request.headers
        is_harmless = (
            request.scope["type"] == "http" and request.scope["method"] in _SAFE_METHODS
        )
        site = headers.get("sec-fetch-site", "none")
        is_link = is_harmless and headers.get("sec-fetch-mode") == "navigate"
        is_foreign = site not in ("none", "same-origin") and not is_link
        origin = headers.get("origin")
        if origin is not None and not is_harmless:
            is_foreign |= not self._is_own(origin, _host(request))
        if not is_foreign:
            return None
        return Refusal(403, "a page of another site may not ask this daemon")

    def _is_own(self, origin: str, host: str) -> bool:
        try:
            netloc = urlsplit(origin).netloc.lower()
        except ValueError:
            return False
        return netloc == host != "" or _host_name(netloc) in self._names

    def _refuse_rate(self, request: HTTPConnection) -> Refusal | None:
        if self._rate.take(_client(request)):
            return None
        return Refusal(
            429, "too many requests, ask again in a second", {"Retry-After": "1"}
        )

    def _refuse_stranger(self, request: HTTPConnection, path: str) -> Refusal | None:
        if self.tokens is None or path in self._open or path.startswith(STATIC_PATH):
            return None
        headers = request.headers
        authorization = headers.get("authorization", "")
        if self.tokens.admits(authorization, headers.get("cookie", "")):
            return None
        return Refusal(
            401,
            "a token is needed, as `Authorization: Bearer TOKEN`",
            {"WWW-Authenticate": "Bearer"},
        )


def _host(request: HTTPConnection) -> str:
    return request.headers.get("host", "").lower()


def _host_name(netloc: str) -> str:
    """Cut the port off."""
    name, colon, port = netloc.rpartition(":")
    return name if colon and port.isdigit() else netloc


def _client(request: HTTPConnection) -> str:
    """Name who asks: by address, of IPv6 by the network that one customer is given."""
    if request.client is None:
        return ""
    host = request.client.host
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return host
    if address.version == 4:
        return host
    return str(address.ipv4_mapped or ipaddress.ip_network((int(address), 64), False))
