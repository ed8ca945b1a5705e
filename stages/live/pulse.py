"""Whether the thread that reads a source has come back from its last call."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from maskstream.pipeline.clock import Clock
from maskstream.stages.live.reasons import Reason

__all__ = ["Pulse"]

_GRACE_S = 1.0  # FFmpeg's own limits are the same, and tell more


class Pulse:
    """Tells of a call that has not returned, which its own thread cannot.

    A driver, a pipe or a share of files may hold a call for ever, and nothing in the
    process can end it. Safe between threads.
    """

    def __init__(self) -> None:
        self._call: tuple[float, Reason] | None = None

    @contextmanager
    def call(self, clock: Clock, limit_s: float, reason: Reason) -> Iterator[None]:
        """Around a call that should return within ``limit_s``."""
        self._call = clock() + limit_s + _GRACE_S, reason
        try:
            yield
        finally:
            self._call = None

    def hang(self, clock: Clock) -> Reason | None:
        """Return the reason of a call that hangs."""
        call = self._call  # another may begin meanwhile
        return call[1] if call is not None and clock() > call[0] else None
