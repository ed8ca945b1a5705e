"""Signals: the first SIGINT or SIGTERM drains, the second stops at once."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Protocol

__all__ = ["Interrupts", "Stoppable", "draining_signals"]


class Stoppable(Protocol):
    """What runs and can be ended from a signal handler."""

    def drain(self) -> None:
        """End in order."""

    def cancel(self) -> None:
        """End at once."""


class Interrupts:
    """What the user or the system asked for, and who has to obey."""

    def __init__(self) -> None:
        self._num_signals = 0
        self._running: Stoppable | None = None

    def control(self, running: Stoppable | None) -> None:
        """Hand over what runs now; a request made before it holds."""
        self._running = running
        self._obey()

    def request(self) -> None:
        """Ask to drain; asked again, stop at once."""
        self._num_signals += 1
        self._obey()

    @property
    def is_requested(self) -> bool:
        """Somebody asked to stop."""
        return self._num_signals > 0

    def _obey(self) -> None:
        if self._running is None or not self._num_signals:
            return
        if self._num_signals == 1:
            self._running.drain()
        else:
            self._running.cancel()


@contextmanager
def draining_signals() -> Iterator[Interrupts]:
    """Turn SIGINT and SIGTERM into requests; the old handlers come back at the end.

    For the main thread only, where Python runs its signal handlers.
    """
    interrupts = Interrupts()

    def on_signal(_number: int, _frame: FrameType | None) -> None:
        interrupts.request()

    signals = (signal.SIGINT, signal.SIGTERM)
    old = {number: signal.signal(number, on_signal) for number in signals}
    try:
        yield interrupts
    finally:
        for number, handler in old.items():
            signal.signal(number, handler)
