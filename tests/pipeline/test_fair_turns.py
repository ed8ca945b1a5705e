"""How much of a stream one turn takes, and when the next turn may begin."""

from __future__ import annotations

from threading import Event

import pytest

from maskstream.pipeline.channel import Channel
from maskstream.pipeline.clock import ManualClock
from maskstream.pipeline.fair import FairInbox
from maskstream.pipeline.link import Link
from tests.pipeline.threads import (
    FOREVER_S,
    PATIENCE_S,
    WatchedClock,
    in_background,
)

pytestmark = pytest.mark.timeout(60)


def fill(channel: Channel[str], stream: str, num_items: int) -> None:
    """Send the first items of a stream, named for it and their place."""
    for index in range(num_items):
        channel.send(f"{stream}{index}")


def test_a_gathered_stream_gives_all_that_waits_in_one_turn() -> None:
    """Who cannot keep up with it sees how far it is behind."""
    inbox = FairInbox[str]()
    fill(inbox.open(Link(5, is_gathered=True)), "a", 3)
    fill(inbox.open(Link(5)), "b", 3)

    assert inbox.take_turns(3) == [["a0", "a1", "a2"], ["b0"], ["b1"]]


def test_a_stream_may_have_a_larger_share() -> None:
    """So many turns in a row, whatever the size of the takes."""
    inbox = FairInbox[str]()
    fill(inbox.open(Link(9, share=2)), "a", 9)
    fill(inbox.open(Link(9)), "b", 9)

    taken = [one for _ in range(6) for one in inbox.take()]

    assert taken == ["a0", "a1", "b0", "a2", "a3", "b1"]


def test_a_take_waits_until_earlier_ones_are_finished() -> None:
    """No more than the bound is on its way; what waits here can still be dropped."""
    clock = WatchedClock()
    inbox = FairInbox[str](max_takes=2, clock=clock)
    fill(inbox.open(Link(9)), "a", 5)
    first, second = inbox.take(2), inbox.take(2)
    clock.wait_until_read(2)

    taking = in_background(inbox.take)
    clock.wait_until_read()
    inbox.finish(1)
    assert not taking.done()
    inbox.finish(1)

    assert taking.result(PATIENCE_S) == ["a4"]
    assert first + second == ["a0", "a1", "a2", "a3"]


def test_it_tells_how_long_the_first_has_waited_for_others() -> None:
    """From the first turn of a take on, and not while nothing was there."""
    clock = ManualClock()
    inbox = FairInbox[str](clock=clock)
    first, second = inbox.open(Link(1)), inbox.open(Link(1))
    taking = in_background(lambda: inbox.take(2, FOREVER_S))
    clock.advance(9)
    first.send("a0")
    while first.depth:  # it is seen empty when who took from it waits
        Event().wait(0.001)

    clock.advance(0.5)
    second.send("b0")

    assert taking.result(PATIENCE_S) == ["a0", "b0"]
    assert inbox.lingered_s == 0.5
