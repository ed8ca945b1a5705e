"""Receiving from many streams, none of which can hold another."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain
from threading import Condition
from typing import Generic, TypeVar

from maskstream.pipeline.channel import Channel, ChannelClosed
from maskstream.pipeline.clock import Clock, Stopwatch, monotonic_clock
from maskstream.pipeline.link import Link

__all__ = ["FairInbox"]

T = TypeVar("T")


@dataclass(slots=True, eq=False)
class _Sender(Generic[T]):
    channel: Channel[T]
    link: Link
    turns: int = 0
    """Turns in a row that it has had."""


class FairInbox(Generic[T]):
    """Channels that one stage receives from: a turn each, waiting for none.

    Each sender has a channel of its own from `open`, with its own capacity and
    overflow. Senders come and go while it is used. The turn goes on where the last
    `take` stopped, so a busy stream cannot starve the others.

    Args:
        max_takes: Of what was taken, so many takes may be unfinished (`finish`) when
            the next begins; None sets no bound.
        clock: Seconds, for the waiting times.
    """

    def __init__(
        self, *, max_takes: int | None = None, clock: Clock = monotonic_clock
    ) -> None:
        self._max_takes = max_takes
        self._clock = clock
        self._changed = Condition()  # guards the channels and every field below
        self._senders: deque[_Sender[T]] = deque()  # the next turn is the leftmost's
        self._unfinished: deque[int] = deque()  # items of each take
        self._take_wait = Stopwatch(clock)
        self._linger = Stopwatch(clock)
        self._is_closed = False
        self._is_paused = False

    def open(
        self, link: Link, *, on_end: Callable[[], None] | None = None
    ) -> Channel[T]:
        """Add a sender's channel; ``on_end`` is as of `Channel`.

        Raises:
            ChannelClosed: Nothing is received any more.
        """
        channel = Channel[T](
            link.capacity,
            link.overflow,
            max_weight=link.max_weight,
            weigh=link.weigh,
            on_drop=link.on_drop,
            on_end=on_end,
            clock=self._clock,
            changed=self._changed,
        )
        with self._changed:
            if self._is_closed:
                raise ChannelClosed
            self._senders.append(_Sender(channel, link))
        return channel

    def remove(self, channel: Channel[T]) -> None:
        """Forget a channel that has ended and is empty."""
        with self._changed:
            left = (one for one in self._senders if one.channel is not channel)
            self._senders = deque(left)
            self._changed.notify_all()

    def take_turns(self, limit: int = 1, linger_s: float = 0.0) -> list[list[T]]:
        """Wait for an item, then at most ``linger_s`` for ``limit`` turns.

        Returns:
            At least one turn, each of at least one item: the channels in turn and each
            in its own order. Empty while paused, and when every channel has ended and
            no other may come.
        """
        turns: list[list[T]] = []
        with self._changed, self._take_wait:
            self._changed.wait_for(lambda: self._may_take() or self._has_ended())
            if not self._fill(turns, limit) and turns and linger_s > 0:
                with self._linger:
                    self._changed.wait_for(
                        lambda: self._fill(turns, limit) or self._has_ended(), linger_s
                    )
            if turns:
                self._unfinished.append(sum(map(len, turns)))
        return turns

    def take(self, limit: int = 1, linger_s: float = 0.0) -> list[T]:
        """Wait as `take_turns` does; the items of all turns."""
        return list(chain.from_iterable(self.take_turns(limit, linger_s)))

    def __iter__(self) -> Iterator[T]:
        while taken := self.take():
            yield from taken

    def finish(self, num_items: int = 1) -> None:
        """Tell that so many items are finished, of those that were taken first."""
        with self._changed:
            while num_items and self._unfinished:
                finished = min(num_items, self._unfinished[0])
                num_items -= finished
                self._unfinished[0] -= finished
                if not self._unfinished[0]:
                    self._unfinished.popleft()
            self._changed.notify_all()

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
        with self._changed:
            channels = [one.channel for one in self._senders]
        for channel in channels:
            channel.cancel()

    @property
    def take_wait_s(self) -> float:
        """Seconds that the receiver has stood before empty channels, up to now."""
        with self._changed:
            return self._take_wait.seconds

    @property
    def lingered_s(self) -> float:
        """Seconds that the first turn of each take has waited for others, up to now."""
        with self._changed:
            return self._linger.seconds

    def _fill(self, turns: list[list[T]], limit: int) -> bool:
        """Add to ``turns`` what is there; True when there are ``limit``."""
        num_silent = 0
        while (
            len(turns) < limit and num_silent < len(self._senders) and self._may_take()
        ):
            sender = self._senders[0]
            depth = sender.channel.depth if sender.link.is_gathered else 1
            turn = sender.channel.take(max(1, depth), timeout_s=0)
            num_silent = 0 if turn else num_silent + 1
            if turn:
                turns.append(turn)
            sender.turns += 1
            if not turn or sender.turns >= sender.link.share:
                sender.turns = 0
                self._senders.rotate(-1)
        return len(turns) >= limit

    def _may_take(self) -> bool:
        is_busy = self._max_takes is not None and (
            len(self._unfinished) >= self._max_takes
        )
        return not (self._is_paused or is_busy) and any(
            one.channel.depth for one in self._senders
        )

    def _has_ended(self) -> bool:
        return self._is_paused or (
            self._is_closed
            and all(
                one.channel.is_closed and not one.channel.depth for one in self._senders
            )
        )
