from __future__ import annotations

from threading import Condition

import pytest

from maskstream.pipeline.channel import Channel
from tests.pipeline.threads import FOREVER_S, PATIENCE_S, WatchedClock, in_background

pytestmark = pytest.mark.timeout(60)


def test_a_take_gets_what_is_there_and_no_more_than_its_limit() -> None:
    """Without linger a batch is whatever has queued."""
    channel = Channel.of(1, 2, 3)

    assert channel.take(limit=2) == [1, 2]
    assert channel.take(limit=2) == [3]
    assert channel.take(limit=2) == []


def test_a_lingering_take_returns_when_it_is_full() -> None:
    """The deadline is for the missing items, not for a batch that is complete."""
    clock = WatchedClock()
    channel = Channel[int](3, clock=clock)
    channel.send(1)

    taking = in_background(lambda: channel.take(3, linger_s=FOREVER_S))
    clock.wait_until_read()
    channel.send(2)
    channel.send(3)

    assert taking.result(PATIENCE_S) == [1, 2, 3]


def test_a_lingering_take_returns_what_it_has_at_the_deadline() -> None:
    """A batch is not held for an item that does not come."""
    channel = Channel[int](3)
    channel.send(1)

    assert channel.take(3, linger_s=0.001) == [1]


def test_a_lingering_take_returns_what_it_has_at_the_end() -> None:
    """Nothing more can come, so nothing is waited for."""
    clock = WatchedClock()
    channel = Channel[int](3, clock=clock)
    channel.send(1)

    taking = in_background(lambda: channel.take(3, linger_s=FOREVER_S))
    clock.wait_until_read()
    channel.close()

    assert taking.result(PATIENCE_S) == [1]
    assert channel.take(3, linger_s=FOREVER_S) == []


def test_a_lingering_take_may_be_larger_than_the_channel() -> None:
    """Its items leave the buffer as they come: a full one must not stop the sender."""
    channel = Channel[int](1)

    taking = in_background(lambda: channel.take(4, linger_s=FOREVER_S))
    for item in range(4):
        channel.send(item)

    assert taking.result(PATIENCE_S) == [0, 1, 2, 3]


def test_a_take_with_a_timeout_gives_up() -> None:
    """Nothing came in time: empty, though the stream has not ended."""
    channel = Channel[int](1)

    assert channel.take(timeout_s=0.001) == []
    assert not channel.is_closed


def test_a_take_with_no_time_keeps_the_lock() -> None:
    """Somebody who looks at several channels under one lock sees one moment."""

    class Watched(Condition):
        def wait(self, timeout: float | None = None) -> bool:
            raise AssertionError(f"let go of the lock for {timeout} s")

    channel = Channel[int](1, changed=Watched())

    assert channel.take(timeout_s=0) == []


def test_the_time_before_an_empty_buffer_is_counted() -> None:
    """By the injected clock, while the receiver waits and after."""
    clock = WatchedClock()
    channel = Channel[int](1, clock=clock)

    taking = in_background(channel.take)
    clock.wait_until_read()
    clock.advance(2)
    meanwhile = channel.stats
    clock.advance(1)
    channel.send(1)
    taking.result(PATIENCE_S)
    clock.advance(100)

    assert (meanwhile.take_wait_s, meanwhile.send_wait_s) == (2, 0)
    assert (channel.stats.take_wait_s, channel.stats.send_wait_s) == (3, 0)


def test_the_time_before_a_full_buffer_is_counted() -> None:
    """By the injected clock, while the sender waits and after."""
    clock = WatchedClock()
    channel = Channel[int](1, clock=clock)
    channel.send(1)

    sending = in_background(lambda: channel.send(2))
    clock.wait_until_read()
    clock.advance(2)
    meanwhile = channel.stats
    clock.advance(1)
    channel.take()
    sending.result(PATIENCE_S)
    clock.advance(100)

    assert (meanwhile.send_wait_s, meanwhile.take_wait_s) == (2, 0)
    assert (channel.stats.send_wait_s, channel.stats.take_wait_s) == (3, 0)


def test_who_need_not_wait_reads_no_clock() -> None:
    """A hand-over without a wait costs no time and counts none."""

    def no_clock() -> float:
        raise AssertionError("read the clock")

    channel = Channel[int](2, clock=no_clock)
    channel.send(1)
    channel.send(2)

    assert channel.take(2, linger_s=FOREVER_S) == [1, 2]
