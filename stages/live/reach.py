"""The host and port behind a URL: whether anybody listens, and what is wrong if not."""

from __future__ import annotations

import socket
import ssl
from dataclasses import dataclass
from urllib.parse import urlsplit

from maskstream.stages.live.reasons import Reason

__all__ = ["Address", "address_of"]

_PORTS = {
    "http": 80,
    "https": 443,
    "rtmp": 1935,
    "rtmps": 443,
    "rtsp": 554,
    "rtsps": 322,
}
_TLS = {"https", "rtmps", "rtsps"}
_TIMEOUT_S = 1.0


@dataclass(frozen=True, slots=True)
class Address:
    """Where a server listens, for TCP."""

    host: str
    port: int
    is_tls: bool

    def is_open(self) -> bool:
        """Somebody takes connections there, now."""
        try:
            socket.create_connection((self.host, self.port), _TIMEOUT_S).close()
        except OSError:
            return False
        return True

    def diagnose(self) -> tuple[Reason, str] | None:
        """Find out what FFmpeg does not tell apart; None where nothing is wrong here.

        It says of an unknown host and of a failed handshake that there was an error of
        input and output.
        """
        try:
            with socket.create_connection((self.host, self.port), _TIMEOUT_S) as call:
                if self.is_tls:
                    # Whether the certificate is to be trusted, FFmpeg decides.
                    context = ssl._create_unverified_context()
                    context.wrap_socket(call, server_hostname=self.host).close()
        except socket.gaierror:
            return Reason.NETWORK, "no host of this name is known"
        except ConnectionRefusedError:
            return Reason.REFUSED, "connection refused"
        except TimeoutError:
            return Reason.TIMEOUT, f"no answer for {_TIMEOUT_S:.1f} s"
        except ssl.SSLError as error:
            return Reason.TLS, f"no encryption that both accept ({error.reason})"
        except OSError as error:
            return Reason.NETWORK, (error.strerror or str(error)).lower()
        return None


def address_of(url: str) -> Address | None:
    """Take the address from a URL; None where there is none that speaks TCP."""
    try:
        parts = urlsplit(url)
        port = parts.port or _PORTS.get(parts.scheme)
    except ValueError:  # no port is written so
        return None
    if parts.scheme not in _PORTS or not parts.hostname or not port:
        return None
    return Address(parts.hostname, port, parts.scheme in _TLS)
