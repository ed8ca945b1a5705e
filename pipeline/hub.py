"""The hub: what all streams share, with a way in and a way back for each of them.

::

    decode --(port)--+                                    +--(port)--> annotate, ...
                     +-> collect -> segment -> finish ----+
    decode --(port)--+                                    +--(port)--> annotate, ...

The shared stages are a pipeline of their own, and so is each stream. A port joins them:
it has ended, and closes what is behind it, when its stream sends no more and every item
that was taken from it has come back. A stream may come and go, and fail, without the
others noticing. The shared stages may fail and be built again: what was in them is
lost, and told; the streams go on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from threading import Lock
from typing import Any

from maskstream.pipeline.channel import Channel
from maskstream.pipeline.clock import Clock, monotonic_clock
from maskstream.pipeline.fair import FairInbox
from maskstream.pipeline.link import Link
from maskstream.pipeline.node import Node

__all__ = ["Hub", "Port"]


class Port:
    """One stream's way through the hub; `Hub.open` makes it."""

    def __init__(self, hub: Hub, stream: str, link: Link) -> None:
        self.channel: Channel[Any] = hub._inbox.open(
            link, on_end=lambda: hub._end_if_finished(self)
        )
        self.node = Node("collect", None, self.channel, stream)
        """What takes from the port hangs on this; it has no thread of its own."""
        self.num_finished = 0
        """Items that came back, or will not."""

    @property
    def num_inside(self) -> int:
        """Items that the shared stages have."""
        return self.channel.stats.received - self.num_finished


class Hub:
    """Lets many streams pass through one pipeline, its shared stages.

    ``entry`` is the inbox of the first of them, ``exit`` the outbox of the last.

    Args:
        stream_of: The stream of an item that comes back.
        on_lost: Called when shared stages have failed, with a stream and the number of
            its items that were in them.
        is_renewable: The streams outlive the shared stages, which may be built again
            after `renew`; otherwise they end with them.
        max_takes: How many takes of the first shared stage may be on their way when the
            next begins: few, and no item waits inside; None sets no bound.
        clock: Seconds, for the waiting times.
    """

    def __init__(
        self,
        stream_of: Callable[[Any], str],
        *,
        on_lost: Callable[[str, int], None] | None = None,
        is_renewable: bool = False,
        max_takes: int | None = None,
        clock: Clock = monotonic_clock,
    ) -> None:
        self.entry = _Entry(self)
        self.exit = _Exit(self)
        self._stream_of = stream_of
        self._on_lost = on_lost or (lambda _stream, _items: None)
        self._is_renewable = is_renewable
        self._clock = clock
        self._inbox = FairInbox[Any](max_takes=max_takes, clock=clock)
        self._lock = Lock()  # guards the fields below
        self._ports: dict[str, Port] = {}
        self._past_wait_s = 0.0
        self._is_taking = self._is_returning = True

    def open(self, stream: str, link: Link) -> Port:
        """Open the way of ``stream``; an earlier one of that name must have ended.

        Raises:
            ChannelClosed: No more streams are taken.
        """
        with self._lock:
            if stream in self._ports:
                raise ValueError(f"stream {stream!r} is in the hub already")
            port = self._ports[stream] = Port(self, stream, link)
        return port

    def close(self) -> None:
        """Take no more streams: the shared stages end after the last one."""
        self._inbox.close()

    def renew(self) -> None:
        """Let shared stages be built again, after the ones before have ended."""
        with self._lock:
            self._is_taking = self._is_returning = True
        self._inbox.pause(False)

    def discard(self, stream: str) -> None:
        """Do without an item of ``stream``: a shared stage has dropped it."""
        with self._lock:
            port = self._ports[stream]
        self._finish(port, 1)

    def _give_back(self, item: Any) -> None:
        with self._lock:
            port = self._ports[self._stream_of(item)]
        if not port.node.send(item):  # may wait: not with the lock
            port.channel.cancel()
        self._finish(port, 1)

    def _finish(self, port: Port, num_items: int) -> None:
        with self._lock:
            port.num_finished += num_items
        self._inbox.finish(num_items)
        self._end_if_finished(port)

    def _end_if_finished(self, port: Port) -> None:
        stream = port.node.stream
        with self._lock:
            if self._ports.get(stream) is not port:
                return
            channel = port.channel
            if not channel.is_closed or channel.depth or port.num_inside:
                return
            del self._ports[stream]
            self._past_wait_s += _send_wait_s(port)
            self._inbox.remove(channel)
        port.node.end(self._clock())

    def _stop_taking(self) -> None:
        if self._is_renewable:
            self._inbox.pause()
        else:
            self._inbox.cancel()
        with self._lock:
            self._is_taking = False
        self._settle()

    def _stop_returning(self) -> None:
        self._stop_taking()
        with self._lock:
            self._is_returning = False
        self._settle()

    def _settle(self) -> None:
        """Account for what has not come back, once nothing can."""
        with self._lock:
            if self._is_taking or self._is_returning:
                return
            lost = [(port, port.num_inside) for port in self._ports.values()]
        for port, num_lost in lost:
            if num_lost:
                self._on_lost(port.node.stream, num_lost)
            self._finish(port, num_lost)


class _Entry:
    """The streams' items, in turn; a `SharedInbox`."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub

    def take_turns(self, limit: int = 1, linger_s: float = 0.0) -> list[list[Any]]:
        return self._hub._inbox.take_turns(limit, linger_s)

    def take(self, limit: int = 1, linger_s: float = 0.0) -> list[Any]:
        return self._hub._inbox.take(limit, linger_s)

    def __iter__(self) -> Iterator[Any]:
        return iter(self._hub._inbox)

    def cancel(self) -> None:
        self._hub._stop_taking()

    @property
    def take_wait_s(self) -> float:
        return self._hub._inbox.take_wait_s

    @property
    def lingered_s(self) -> float:
        return self._hub._inbox.lingered_s


class _Exit:
    """The way back to the streams; an `Outbox`."""

    is_closed = False  # streams may come

    def __init__(self, hub: Hub) -> None:
        self._hub = hub

    def send(self, item: Any, /) -> None:
        self._hub._give_back(item)

    def close(self) -> None:
        self._hub._stop_returning()

    @property
    def send_wait_s(self) -> float:
        with self._hub._lock:
            ports = tuple(self._hub._ports.values())
            return self._hub._past_wait_s + sum(map(_send_wait_s, ports))


def _send_wait_s(port: Port) -> float:
    return sum(outbox.send_wait_s for outbox in port.node.outboxes)
