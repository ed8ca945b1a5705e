"""Receiving from many streams, none of which can hold another."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from threading import Condition
from typing import Generic, TypeVar

from maskstream.pipeline.channel import Channel, ChannelClosed, Overflow
from maskstream.pipeline.clock import Clock, Stopwatch, monotonic_clock

__all__ = ["FairInbox"]

T = TypeVar("T")


class FairInbox(Generic[T]):
    """Channels that one stage receives from: a turn each, waiting for none.

    To its receiver it looks like one `Channel`; each sender has a channel of its own
    from `open`, with its own capacity and overflow. Senders come and go while it is
    used. The turn goes on where the last `take` stopped, so a busy stream cannot starve
    the others.
    """

    def __init__(self, *, clock: Clock = monotonic_clock) -> None:
        self._clock = clock
        self._changed = Condition()  # guards the channels and every field below
        self._channels: deque[Channel[T]] = deque()  # the next turn is the leftmost's
        self._take_wait = Stopwatch(clock)
        self._is_closed = False
        self._is_paused = False

    def open(
        self,
        capacity: int,
        overflow: Overflow = Overflow.BLOCK,
        *,
        max_weight: int | None = None,
        weigh: Callable[[T], int] | None = None,
        on_drop: Callable[[T], None] | None = None,
        on_end: Callable[[], None] | None = None,
    ) -> Channel[T]:
        """Add a sender's channel.

        Raises:
            ChannelClosed: Nothing is received any more.
        """
        channel = Channel[T](
            capacity,
            overflow,
            max_weight=max_weight,
            weigh=weigh,
            on_drop=on_drop,
            on_end=on_end,
            clock=self._clock,
            changed=self._changed,
        )
        with self._changed:
            if self._is_closed:
                raise ChannelClosed
            self._channels.append(channel)
        return channel

    def remove(self, channel: Channel[T]) -> None:
        """Forget a channel that has ended and is empty."""
        with self._changed:
            self._channels.remove(channel)
            self._changed.notify_all()

    def take(self, limit: int = 1, linger_s: float = 0.0) -> list[T]:
        """Wait for an item, then at most ``linger_s`` for ``limit`` of them.

        Returns:
            At least one item, the channels in turn and each in its own order; empty
            while paused, and when every channel has ended and no other may come.
        """
        taken: list[T] = []
        with self._changed, self._take_wait:
            self._changed.wait_for(lambda: self._depth() or self._has_ended())
            if not self._fill(taken, limit) and linger_s > 0:
                self._changed.wait_for(
                    lambda: self._fill(taken, limit) or self._has_ended(), linger_s
                )
        return taken

    def __iter__(self) -> Iterator[T]:
        while taken := self.take():
            yield taken[0]

    def close(self) -> None:
        """Let no other sender come."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()

    def pause(self, is_paused: bool = True) -> None:
        """Let the receiver leave (or, again, receive); what waits stays."""
        with self._changed:
            self._is_paused = is_paused
            self._changed.notify_all()

    def cancel(self) -> None:
        """Receive no more, from any channel."""
        self.close()
        for channel in tuple(self._channels):
            channel.cancel()

    @property
    def take_wait_s(self) -> float:
        """Seconds that the receiver has stood before empty channels, up to now."""
        with self._changed:
            return self._take_wait.seconds

    def _fill(self, taken: list[T], limit: int) -> bool:
        """Add to ``taken`` what is there, in turn; True when there are ``limit``."""
        num_silent = 0
        while (
            len(taken) < limit
            and num_silent < len(self._channels)
            and not self._is_paused
        ):
            channel = self._channels[0]
            self._channels.rotate(-1)
            one = channel.take(timeout_s=0)
            num_silent = 0 if one else num_silent + 1
            taken += one
        return len(taken) >= limit

    def _depth(self) -> int:
        return sum(channel.depth for channel in self._channels)

    def _has_ended(self) -> bool:
        return self._is_paused or (
            self._is_closed and all(channel.is_closed for channel in self._channels)
        )
