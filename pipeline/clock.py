"""Time as the pipeline sees it: seconds of a clock that is handed in.

Nothing below `app.py` reads a clock of its own, so a test can hold time in its hand.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from threading import Lock

__all__ = ["Clock", "ManualClock", "Stopwatch", "monotonic_clock", "utc_text"]

Clock = Callable[[], float]
"""Seconds that never go back; only differences mean anything."""

monotonic_clock: Clock = time.perf_counter


class Stopwatch:
    """Adds up the time spent in its ``with`` blocks, one at a time."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._total_s = 0.0
        self._since: float | None = None

    def __enter__(self) -> None:
        self._since = self._clock()

    def __exit__(self, *_: object) -> None:
        self._total_s, self._since = self.seconds, None

    @property
    def seconds(self) -> float:
        """The sum so far, the block that is running included."""
        running_s = 0.0 if self._since is None else self._clock() - self._since
        return self._total_s + running_s


class ManualClock:
    """A clock that moves only when it is told to, for tests. Safe between threads."""

    def __init__(self, now_s: float = 0.0) -> None:
        self._now_s = now_s
        self._lock = Lock()

    def __call__(self) -> float:
        """Return the time now, in seconds."""
        with self._lock:
            return self._now_s

    def advance(self, seconds: float) -> None:
        """Move on by ``seconds``, which must not be negative."""
        if seconds < 0:
            raise ValueError(f"a clock cannot go back, got {seconds}")
        with self._lock:
            self._now_s += seconds


def utc_text(seconds: float) -> str:
    """Write a time since 1970 as RFC 3339 does, in UTC and to the microsecond."""
    moment = datetime.fromtimestamp(seconds, UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
