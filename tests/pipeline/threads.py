"""Threads in the tests' hands: what waits is known to wait, and nothing sleeps."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from threading import Semaphore, Thread
from typing import TypeVar

from maskstream.pipeline.clock import ManualClock

__all__ = ["FOREVER_S", "PATIENCE_S", "WatchedClock", "in_background"]

R = TypeVar("R")

PATIENCE_S = 20.0
"""Seconds after which something that should happen has failed to."""

FOREVER_S = 3600.0
"""Seconds that no test lasts."""


class WatchedClock(ManualClock):
    """A manual clock that tells when it was read.

    A channel reads it, with its lock held, when somebody is about to wait; so whoever
    knows of the reading and then takes the lock finds that one waiting.
    """

    def __init__(self) -> None:
        super().__init__()
        self._readings = Semaphore(0)

    def __call__(self) -> float:
        """Return the time now, in seconds, and tell of it."""
        now_s = super().__call__()
        self._readings.release()
        return now_s

    def wait_until_read(self, times: int = 1) -> None:
        """Wait for readings that no earlier call has waited for."""
        for _ in range(times):
            assert self._readings.acquire(timeout=PATIENCE_S)


def in_background(call: Callable[[], R]) -> Future[R]:
    """Run ``call`` on a thread of its own, which cannot keep a failed test alive."""
    future: Future[R] = Future()

    def run() -> None:
        try:
            future.set_result(call())
        except BaseException as error:
            future.set_exception(error)

    Thread(target=run, daemon=True).start()
    return future
