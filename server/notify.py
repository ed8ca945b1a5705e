"""Telling systemd how the service is (sd_notify(3)): datagrams to its socket."""

from __future__ import annotations

import logging
import os
import socket
import time
from collections.abc import Mapping, MutableMapping

from maskstream.pipeline.clock import Clock, monotonic_clock

__all__ = ["Notifier"]

_logger = logging.getLogger(__name__)


class Notifier:
    """Says things where somebody listens, and nothing elsewhere.

    Never waits: what systemd has no room for now is kept, the last message of each
    kind, and sent at the next call.

    Args:
        environment: Of this process; what systemd has put there is taken out, so that
            no child speaks in its place.
        clock: Seconds, for the watchdog.
    """

    def __init__(
        self,
        environment: MutableMapping[str, str] = os.environ,
        clock: Clock = monotonic_clock,
    ) -> None:
        self._clock = clock
        self._watchdog_s = _watchdog_s(environment)
        self._fed_at = float("-inf")
        self._status = ""
        self._unsent: dict[str, str] = {}
        """By kind, in the order in which they are to be sent."""
        self._is_unheard = False
        self._has_started = False
        address = environment.pop("NOTIFY_SOCKET", "")
        environment.pop("WATCHDOG_USEC", None)
        environment.pop("WATCHDOG_PID", None)
        self._address = "\0" + address[1:] if address.startswith("@") else address

    def ready(self) -> None:
        """The service has started."""
        self._has_started = True
        self._send("READY=1")

    def reloading(self) -> None:
        """The configuration is being read again; `reloaded` follows."""
        if not self._has_started:
            return  # systemd would take the end of it for the end of the start
        now_us = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
        self._send(f"RELOADING=1\nMONOTONIC_USEC={now_us}")

    def reloaded(self) -> None:
        """The configuration was read again."""
        if self._has_started:
            self._send("READY=1")

    def stopping(self) -> None:
        """The service ends."""
        self._send("STOPPING=1")

    def status(self, sentence: str) -> None:
        """Say in one line what it does; only changes are sent."""
        if sentence != self._status:
            self._status = sentence
            self._send(f"STATUS={sentence}")

    def feed(self) -> None:
        """All is well; sent twice in the time that the watchdog allows."""
        now = self._clock()
        if self._watchdog_s is not None and now - self._fed_at >= self._watchdog_s / 2:
            self._fed_at = now
            self._send("WATCHDOG=1")
        elif self._unsent:
            self._send_all()

    def _send(self, message: str) -> None:
        if not self._address:
            return
        kind = message.partition("=")[0]
        self._unsent.pop(kind, None)  # its place in the order is the last
        self._unsent[kind] = message
        self._send_all()

    def _send_all(self) -> None:
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as out:
                out.setblocking(False)
                for kind, message in tuple(self._unsent.items()):
                    out.sendto(message.encode(), self._address)
                    del self._unsent[kind]
        except OSError as error:
            if not self._is_unheard:
                _logger.warning("systemd cannot be told anything: %s", error.strerror)
            self._is_unheard = True
        else:
            self._is_unheard = False


def _watchdog_s(environment: Mapping[str, str]) -> float | None:
    """How long the watchdog waits; None where there is none, or another's."""
    allowed_us, pid = environment.get("WATCHDOG_USEC"), environment.get("WATCHDOG_PID")
    if not allowed_us or not allowed_us.isdecimal() or int(allowed_us) == 0:
        return None
    if pid and pid != str(os.getpid()):
        return None
    return int(allowed_us) / 1e6
