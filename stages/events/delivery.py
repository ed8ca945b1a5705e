"""Delivery: one thread a target, which tells it one message after another, in order."""

from __future__ import annotations

import logging
import random
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from threading import Event as Flag
from threading import Thread
from typing import Protocol, Self

from maskstream.pipeline.errors import MaskStreamError
from maskstream.stages.events.counts import EventCounts
from maskstream.stages.events.event import Event
from maskstream.stages.events.spool import Spool, Waiting

__all__ = ["Deliveries", "Delivery", "NotNowError", "RefusedError", "Target"]

_logger = logging.getLogger(__name__)
_JITTER = 0.2


class NotNowError(MaskStreamError):
    """A message could not be delivered now, and may be later."""

    def __init__(self, why: str, retry_after_s: float = 0.0) -> None:
        super().__init__(why)
        self.retry_after_s = retry_after_s


class RefusedError(MaskStreamError):
    """A message will never be taken."""


class Target(Protocol):
    """Whom events are told to. Its methods are called from one thread."""

    @property
    def name(self) -> str:
        """The user's own, for metrics and logs; never a URL."""

    def open(self) -> AbstractContextManager[Callable[[bytes], None]]:
        """Get ready; what is returned delivers a message.

        It raises `NotNowError` or `RefusedError` where it has not, and waits no longer
        than some seconds. What was delivered and not known to be comes again.
        """


class Delivery:
    """Tells one target, on a thread of its own, whatever becomes of it.

    Args:
        target: Whom.
        spool: What waits.
        counts: What became of it.
        first_wait_s: Before the second try; it doubles with each, up to ``max_wait_s``.
        max_wait_s: The longest wait between two tries.
    """

    def __init__(
        self,
        target: Target,
        spool: Spool,
        counts: EventCounts,
        *,
        first_wait_s: float = 1.0,
        max_wait_s: float = 60.0,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._target = target
        self._spool = spool
        self._counts = counts
        self._waits_s = first_wait_s, max_wait_s
        self._jitter = jitter
        self._is_ending = Flag()
        self._last_refusal = ""
        self._thread = Thread(
            target=self._run, name=f"events:{target.name}", daemon=True
        )

    def start(self) -> None:
        """Begin, with what an earlier life left in the spool."""
        self._counts.waiting(self._target.name, len(self._spool))
        self._thread.start()

    def put(self, body: bytes) -> None:
        """Take a message, without waiting for the target."""
        for _ in range(self._spool.put(body)):
            self._counts.delivery(self._target.name, "dropped")
        self._counts.waiting(self._target.name, len(self._spool))

    def close(self, timeout_s: float) -> None:
        """Try what waits once more, for so long; the rest stays spooled.

        In order, as always: the first that cannot be delivered holds the others.
        """
        self._is_ending.set()
        self._thread.join(timeout_s)
        if num_left := len(self._spool):
            _logger.warning(
                "%s: %d events were not delivered", self._target.name, num_left
            )
        self._spool.close()

    def _run(self) -> None:
        with self._target.open() as deliver:
            num_failed = 0
            while True:
                message = self._spool.first(timeout_s=0.2)
                if message is None:
                    if self._is_ending.is_set():
                        return
                    continue
                is_last_try = self._is_ending.is_set()
                try:
                    deliver(message.body)
                except NotNowError as error:
                    self._counts.delivery(self._target.name, "failed")
                    if num_failed == 0:
                        _logger.warning("%s: %s; trying on", self._target.name, error)
                    wait_s = self._wait_s(num_failed, error)
                    num_failed += 1
                    if is_last_try:
                        return
                    self._is_ending.wait(wait_s)
                    continue
                except RefusedError as error:
                    self._finish("rejected", message)
                    if self._last_refusal != str(error):
                        _logger.error("%s: %s", self._target.name, error)
                    self._last_refusal = str(error)
                else:
                    self._finish("ok", message)
                    self._last_refusal = ""
                    if num_failed:
                        _logger.info(
                            "%s: delivers again, after %d failures",
                            self._target.name,
                            num_failed,
                        )
                num_failed = 0

    def _finish(self, outcome: str, message: Waiting) -> None:
        self._spool.remove(message)
        self._counts.delivery(self._target.name, outcome)
        self._counts.waiting(self._target.name, len(self._spool))

    def _wait_s(self, num_failed: int, error: NotNowError) -> float:
        first_s, max_s = self._waits_s
        wait_s = min(first_s * 2.0 ** min(num_failed, 30), max_s)
        wait_s *= 1 + _JITTER * (2 * self._jitter() - 1)
        return max(wait_s, min(error.retry_after_s, max_s))


class Deliveries:
    """All targets, which every stream tells its events. Closing it keeps the spools."""

    def __init__(self, deliveries: Sequence[Delivery], close_s: float = 3.0) -> None:
        self._deliveries = deliveries
        self._close_s = close_s

    def __call__(self, event: Event) -> None:
        """Tell everybody, without waiting for anybody."""
        body = event.to_json()
        for delivery in self._deliveries:
            delivery.put(body)

    def __enter__(self) -> Self:
        for delivery in self._deliveries:
            delivery.start()
        return self

    def __exit__(self, *_: object) -> None:
        for delivery in self._deliveries:
            delivery.close(self._close_s)
