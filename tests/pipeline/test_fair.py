from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maskstream.pipeline.channel import Channel, ChannelClosed, Overflow
from maskstream.pipeline.fair import FairInbox
from maskstream.pipeline.link import Link
from tests.pipeline.threads import FOREVER_S, PATIENCE_S, WatchedClock, in_background

pytestmark = pytest.mark.timeout(60)


def fill(channel: Channel[str], stream: str, num_items: int) -> None:
    """Send the first items of a stream, named for it and their place."""
    for index in range(num_items):
        channel.send(f"{stream}{index}")


def test_streams_take_turns() -> None:
    """A busy stream fills only the places that the others leave."""
    inbox = FairInbox[str]()
    fill(inbox.open(Link(5)), "a", 5)
    fill(inbox.open(Link(5)), "b", 1)

    assert inbox.take(4) == ["a0", "b0", "a1", "a2"]


def test_the_turn_goes_on_where_the_last_take_stopped() -> None:
    """Small takes are as fair as large ones."""
    inbox = FairInbox[str]()
    for stream in "abc":
        fill(inbox.open(Link(5)), stream, 5)

    taken = [inbox.take(2) for _ in range(3)]

    assert taken == [["a0", "b0"], ["c0", "a1"], ["b1", "c1"]]


def test_a_silent_stream_holds_nobody() -> None:
    """What is there is taken, however many streams have nothing."""
    inbox = FairInbox[str]()
    inbox.open(Link(1))
    fill(inbox.open(Link(2)), "b", 2)
    inbox.open(Link(1))

    assert inbox.take(8) == ["b0", "b1"]


def test_any_stream_wakes_the_receiver() -> None:
    """It waits for the first item of whichever stream."""
    clock = WatchedClock()
    inbox = FairInbox[str](clock=clock)
    inbox.open(Link(1))
    second = inbox.open(Link(1))

    taking = in_background(inbox.take)
    clock.wait_until_read()
    second.send("b0")

    assert taking.result(PATIENCE_S) == ["b0"]


def test_it_ends_when_every_stream_has_ended() -> None:
    """One that ends early leaves the others; what it had sent is received."""
    inbox = FairInbox[str]()
    first, second = inbox.open(Link(2)), inbox.open(Link(2))
    fill(first, "a", 2)
    first.close()
    fill(second, "b", 1)
    second.close()
    inbox.close()

    assert list(inbox) == ["a0", "b0", "a1"]
    assert inbox.take() == []


def test_it_waits_for_streams_to_come() -> None:
    """Without a stream it has not ended: one that is opened later is received."""
    clock = WatchedClock()
    inbox = FairInbox[str](clock=clock)

    taking = in_background(inbox.take)
    clock.wait_until_read()
    inbox.open(Link(1)).send("late")

    assert taking.result(PATIENCE_S) == ["late"]


def test_closed_without_streams_it_has_ended() -> None:
    """There is nobody to wait for, and nobody may come."""
    inbox = FairInbox[str]()
    inbox.close()

    assert list(inbox) == []
    with pytest.raises(ChannelClosed):
        inbox.open(Link(1))


def test_a_stream_that_has_gone_takes_no_turn() -> None:
    """The others' items are received as before."""
    inbox = FairInbox[str]()
    gone, there = inbox.open(Link(1)), inbox.open(Link(2))
    fill(there, "b", 2)
    gone.close()

    inbox.remove(gone)

    assert inbox.take(3) == ["b0", "b1"]


def test_a_pause_lets_the_receiver_leave_and_keeps_what_waits() -> None:
    """Senders notice nothing; who receives after the pause gets all of it."""
    clock = WatchedClock()
    inbox = FairInbox[str](clock=clock)
    channel = inbox.open(Link(2))

    taking = in_background(inbox.take)
    clock.wait_until_read()
    inbox.pause()
    channel.send("a0")

    assert taking.result(PATIENCE_S) == []
    assert inbox.take(linger_s=FOREVER_S) == []
    inbox.pause(False)
    assert inbox.take() == ["a0"]


def test_the_last_end_wakes_the_receiver() -> None:
    """Nobody waits for an item that will never come."""
    clock = WatchedClock()
    inbox = FairInbox[str](clock=clock)
    first, second = inbox.open(Link(1)), inbox.open(Link(1))

    taking = in_background(inbox.take)
    clock.wait_until_read()
    first.close()
    inbox.close()
    second.close()

    assert taking.result(PATIENCE_S) == []


def test_cancel_stops_every_sender() -> None:
    """What was buffered is discarded and counted; who waits for room is woken."""
    clock = WatchedClock()
    inbox = FairInbox[str](clock=clock)
    first, second = inbox.open(Link(1)), inbox.open(Link(1))
    first.send("a0")
    second.send("b0")

    sending = in_background(lambda: first.send("a1"))
    clock.wait_until_read()
    inbox.cancel()

    with pytest.raises(ChannelClosed):
        sending.result(PATIENCE_S)
    with pytest.raises(ChannelClosed):
        second.send("b1")
    assert list(inbox) == []
    assert first.stats.dropped + second.stats.dropped == 2


def test_a_lingering_take_returns_when_it_is_full() -> None:
    """Items of any stream count towards the batch."""
    clock = WatchedClock()
    inbox = FairInbox[str](clock=clock)
    first, second = inbox.open(Link(1)), inbox.open(Link(1))
    first.send("a0")

    taking = in_background(lambda: inbox.take(3, linger_s=FOREVER_S))
    clock.wait_until_read()
    second.send("b0")
    first.send("a1")

    assert taking.result(PATIENCE_S) == ["a0", "b0", "a1"]


def test_a_full_take_does_not_linger() -> None:
    """A batch that is complete leaves at once."""
    inbox = FairInbox[str]()
    fill(inbox.open(Link(3)), "a", 3)

    assert inbox.take(2, linger_s=FOREVER_S) == ["a0", "a1"]


def test_a_lingering_take_returns_what_it_has_at_the_deadline() -> None:
    """A silent camera delays a batch by no more than its deadline."""
    inbox = FairInbox[str]()
    fill(inbox.open(Link(1)), "a", 1)
    inbox.open(Link(1))

    assert inbox.take(2, linger_s=0.001) == ["a0"]


def test_a_lingering_take_returns_what_it_has_at_the_end() -> None:
    """When every stream has ended, nothing more is waited for."""
    inbox = FairInbox[str]()
    channel = inbox.open(Link(1))
    channel.send("a0")
    channel.close()
    inbox.close()

    assert inbox.take(2, linger_s=FOREVER_S) == ["a0"]
    assert inbox.take(2, linger_s=FOREVER_S) == []


def test_a_busy_stream_fills_a_batch_beside_a_silent_one() -> None:
    """Its sender is not held at its capacity while the batch waits for others."""
    inbox = FairInbox[str]()
    busy = inbox.open(Link(1))
    inbox.open(Link(1))

    taking = in_background(lambda: inbox.take(4, linger_s=FOREVER_S))
    fill(busy, "a", 4)

    assert taking.result(PATIENCE_S) == ["a0", "a1", "a2", "a3"]


def test_each_stream_has_its_own_overflow() -> None:
    """A live stream drops its own oldest items and nobody else's."""
    dropped: list[str] = []
    inbox = FairInbox[str]()
    live = inbox.open(Link(1, Overflow.DROP_OLDEST, dropped.append))
    file = inbox.open(Link(2))
    fill(live, "a", 3)
    fill(file, "b", 2)

    assert dropped == ["a0", "a1"]
    assert inbox.take(3) == ["a2", "b0", "b1"]


def test_waiting_times_are_counted_by_the_injected_clock() -> None:
    """The receiver's own wait counts once, while it lasts and after."""
    clock = WatchedClock()
    inbox = FairInbox[str](clock=clock)
    first = inbox.open(Link(1))
    inbox.open(Link(1))

    taking = in_background(inbox.take)
    clock.wait_until_read()
    clock.advance(2)
    meanwhile_s = inbox.take_wait_s
    clock.advance(1)
    first.send("a0")
    taking.result(PATIENCE_S)
    clock.advance(100)

    assert meanwhile_s == 2
    assert inbox.take_wait_s == 3


@settings(max_examples=100, deadline=None)
@given(
    depths=st.lists(st.integers(0, 6), min_size=1, max_size=4),
    limits=st.lists(st.integers(1, 6), max_size=12),
)
def test_no_stream_waits_while_another_has_two_turns(
    depths: list[int], limits: list[int]
) -> None:
    """Between any two items of one stream, each stream that has items gets its turn."""
    inbox = FairInbox[tuple[int, int]]()
    for stream, depth in enumerate(depths):
        channel = inbox.open(Link(7))
        for index in range(depth):
            channel.send((stream, index))
        channel.close()
    inbox.close()

    taken = [item for limit in limits for item in inbox.take(limit)]

    assert (
        taken
        == sorted(
            (
                (stream, index)
                for stream, depth in enumerate(depths)
                for index in range(depth)
            ),
            key=lambda item: (item[1], item[0]),
        )[: sum(limits)]
    )
