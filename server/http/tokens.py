"""Who may ask: the bearer token, and the cookie that a browser gets in exchange.

A browser cannot send a header with an image or a WebSocket, and a token in a URL would
stand in logs and histories. So the page gives the token once and gets a cookie that
scripts cannot read and other sites cannot use. The cookie holds the time of its end and
a signature made with the token: it outlives a restart of the daemon and not a change of
the token, and nothing has to be remembered.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import time
from collections.abc import Callable
from dataclasses import dataclass

__all__ = ["COOKIE", "SESSION_S", "Tokens"]

COOKIE = "maskstream_session"
SESSION_S = 12 * 3600
"""A shift: who looks at the page tomorrow is asked again."""

_COOKIE = re.compile(rf"(?:^|;)\s*{COOKIE}=(\d{{1,12}})\.([0-9a-f]{{64}})\s*(?:;|$)")
_BEARER = re.compile(r"bearer +(\S+)\s*", re.IGNORECASE)


@dataclass(frozen=True, slots=True, repr=False)
class Tokens:
    """Knows the token; compares in a time that tells nothing of it."""

    token: str
    wall_clock: Callable[[], float] = time.time

    def is_token(self, given: str) -> bool:
        """Whether ``given`` is the token."""
        return hmac.compare_digest(
            given.encode(errors="surrogatepass"), self.token.encode()
        )

    def admits(self, authorization: str, cookies: str) -> bool:
        """Whether headers of a request show the token or a session's cookie."""
        if match := _BEARER.fullmatch(authorization):
            return self.is_token(match[1])
        match = _COOKIE.search(cookies)
        return match is not None and self._is_session(*match.groups())

    def new_session(self) -> str:
        """Make the value of a cookie that is good for `SESSION_S`."""
        ends_at = str(int(self.wall_clock()) + SESSION_S)
        return f"{ends_at}.{self._sign(ends_at)}"

    def _is_session(self, ends_at: str, signature: str) -> bool:
        is_ours = hmac.compare_digest(signature, self._sign(ends_at))
        return is_ours and self.wall_clock() < int(ends_at)

    def _sign(self, ends_at: str) -> str:
        text = f"maskstream session until {ends_at}".encode()
        return hmac.new(self.token.encode(), text, hashlib.sha256).hexdigest()
