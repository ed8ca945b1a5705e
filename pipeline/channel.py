"""How things flow between two threads, and how a stream ends.

The sender says `close`: what is buffered is still received, then iteration stops. The
receiver says `cancel`: what is buffered is discarded and `send` raises `ChannelClosed`.
Neither blocks, and both may be said twice. No sentinel is ever an item.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum
from threading import Condition
from typing import Generic, TypeVar

from maskstream.pipeline.clock import Clock, Stopwatch, monotonic_clock

__all__ = ["Channel", "ChannelClosed", "ChannelStats", "Overflow"]

T = TypeVar("T")


class Overflow(Enum):
    """What `Channel.send` does when the buffer is full."""

    BLOCK = "block"  # back-pressure: the sender waits. For files: every frame counts.
    DROP_OLDEST = "drop-oldest"  # freshness: the oldest item goes. For live streams.


class ChannelClosed(Exception):  # noqa: N818 - a signal, not an error
    """Raised by `Channel.send` once nothing sent can be received: stop producing."""


@dataclass(frozen=True, slots=True)
class ChannelStats:
    """What a channel has seen so far."""

    capacity: int
    depth: int
    """Items waiting now."""
    peak_depth: int
    sent: int
    received: int
    dropped: int
    """Items that made room for newer ones, or were discarded by `Channel.cancel`."""
    send_wait_s: float
    """Seconds that the sender has stood before a full buffer, up to now."""
    take_wait_s: float
    """Seconds that the receiver has stood before an empty one, up to now."""


class Channel(Generic[T]):
    """A bounded queue between two threads that knows how a stream ends.

    Args:
        capacity: Items that it holds at most.
        overflow: What `send` does when it is full.
        max_weight: Bound on the sum of ``weigh(item)``, in the unit that ``weigh``
            uses (bytes, as a rule). One item is always let in, however heavy.
        weigh: The weight of one item.
        on_drop: Called with each item that `Overflow.DROP_OLDEST` pushes out, on the
            sender's thread and outside the lock. Not called for `cancel`: those who
            cancel settle what is lost.
        on_end: Called after each `close` and `cancel`, outside the lock.
        clock: Seconds, for the waiting times.
        changed: What guards the channel and tells of changes; shared by the channels of
            one `FairInbox`.
    """

    def __init__(
        self,
        capacity: int,
        overflow: Overflow = Overflow.BLOCK,
        *,
        max_weight: int | None = None,
        weigh: Callable[[T], int] | None = None,
        on_drop: Callable[[T], None] | None = None,
        on_end: Callable[[], None] | None = None,
        clock: Clock = monotonic_clock,
        changed: Condition | None = None,
    ) -> None:
        if capacity < 1:
            raise ValueError(f"capacity must be at least 1, got {capacity}")
        if (max_weight is None) != (weigh is None):
            raise ValueError("max_weight and weigh go together, got only one of them")
        self.capacity = capacity
        self.overflow = overflow
        self._max_weight = max_weight
        self._weigh: Callable[[T], int] = weigh or (lambda _: 0)
        self._on_drop = on_drop
        self._on_end = on_end or (lambda: None)
        self._changed = changed or Condition()  # guards every field below
        self._items: deque[T] = deque()
        self._weight = 0
        self._closed = False
        self._peak_depth = 0
        self._sent = 0
        self._received = 0
        self._dropped = 0
        self._send_wait = Stopwatch(clock)
        self._take_wait = Stopwatch(clock)

    @classmethod
    def of(cls, *items: T) -> Channel[T]:
        """Return a closed channel holding ``items``, to feed one stage in a test."""
        channel = cls(capacity=max(1, len(items)))
        for item in items:
            channel.send(item)
        channel.close()
        return channel

    def send(self, item: T) -> None:
        """Hand over ``item``; wait or drop the oldest when there is no room.

        Raises:
            ChannelClosed: Nobody will receive it: the channel was closed or cancelled,
                before the call or while it waited.
        """
        pushed_out: list[T] = []
        with self._changed:
            if self.overflow is Overflow.BLOCK:
                self._wait(
                    lambda: self._closed or self._has_room_for(item), self._send_wait
                )
            if self._closed:
                raise ChannelClosed
            while self._items and not self._has_room_for(item):
                pushed_out.append(self._pop())
                self._dropped += 1
            self._items.append(item)
            self._weight += self._weigh(item)
            self._sent += 1
            self._peak_depth = max(self._peak_depth, len(self._items))
            self._changed.notify_all()
        if self._on_drop is not None:
            for dropped in pushed_out:
                self._on_drop(dropped)

    def take(
        self, limit: int = 1, linger_s: float = 0.0, timeout_s: float | None = None
    ) -> list[T]:
        """Wait for an item, then at most ``linger_s`` for ``limit`` of them.

        Returns:
            At least one item, oldest first; empty at the end of the stream, or when
            ``timeout_s`` has passed without one.
        """
        with self._changed:
            self._wait(
                lambda: self._closed or bool(self._items), self._take_wait, timeout_s
            )
            taken = self._pop_many(limit)
            if taken:  # Taken at once: a full buffer would keep out what is to come.
                self._wait(
                    lambda: self._fill(taken, limit) or self._closed,
                    self._take_wait,
                    linger_s,
                )
            return taken

    def __iter__(self) -> Iterator[T]:
        while taken := self.take():
            yield taken[0]

    def close(self) -> None:
        """Send no more: what is buffered is still received, then iteration stops."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        self._on_end()

    def cancel(self) -> None:
        """Receive no more: discard what is buffered and stop the sender."""
        with self._changed:
            self._dropped += len(self._items)
            self._items.clear()
            self._weight = 0
            self._closed = True
            self._changed.notify_all()
        self._on_end()

    @property
    def depth(self) -> int:
        """Items waiting now."""
        with self._changed:
            return len(self._items)

    @property
    def is_closed(self) -> bool:
        """Closed or cancelled; what is buffered may still be received."""
        with self._changed:
            return self._closed

    @property
    def send_wait_s(self) -> float:
        """Seconds that the sender has stood before a full buffer, up to now."""
        with self._changed:
            return self._send_wait.seconds

    @property
    def take_wait_s(self) -> float:
        """Seconds that the receiver has stood before an empty buffer, up to now."""
        with self._changed:
            return self._take_wait.seconds

    @property
    def stats(self) -> ChannelStats:
        """A snapshot of the counters."""
        with self._changed:
            return ChannelStats(
                capacity=self.capacity,
                depth=len(self._items),
                peak_depth=self._peak_depth,
                sent=self._sent,
                received=self._received,
                dropped=self._dropped,
                send_wait_s=self._send_wait.seconds,
                take_wait_s=self._take_wait.seconds,
            )

    def _has_room_for(self, item: T) -> bool:
        if not self._items:
            return True
        if len(self._items) >= self.capacity:
            return False
        return (
            self._max_weight is None
            or self._weight + self._weigh(item) <= self._max_weight
        )

    def _pop(self) -> T:
        item = self._items.popleft()
        self._weight -= self._weigh(item)
        return item

    def _fill(self, taken: list[T], limit: int) -> bool:
        taken += self._pop_many(limit - len(taken))
        return len(taken) >= limit

    def _pop_many(self, limit: int) -> list[T]:
        taken = [self._pop() for _ in range(min(limit, len(self._items)))]
        if taken:
            self._received += len(taken)
            self._changed.notify_all()
        return taken

    def _wait(
        self,
        until: Callable[[], bool],
        stopwatch: Stopwatch,
        timeout_s: float | None = None,
    ) -> None:
        if not until() and timeout_s != 0:  # Waiting for no time lets go of the lock.
            with stopwatch:
                self._changed.wait_for(until, timeout_s)
