from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maskstream.pipeline.channel import Channel, ChannelClosed, Overflow
from tests.pipeline.threads import PATIENCE_S, WatchedClock, in_background

pytestmark = pytest.mark.timeout(60)


def test_items_arrive_in_the_order_they_were_sent() -> None:
    """A channel is first in, first out; its end is no item."""
    assert list(Channel.of("a", "b", "c")) == ["a", "b", "c"]


def test_a_channel_of_nothing_has_ended() -> None:
    """An empty stream ends at once and is no special case."""
    assert list(Channel.of()) == []


@pytest.mark.parametrize("capacity", [0, -1])
def test_a_channel_holds_at_least_one_item(capacity: int) -> None:
    """A capacity below one is refused by name."""
    with pytest.raises(ValueError, match=f"at least 1, got {capacity}"):
        Channel(capacity)


def test_a_bound_on_weight_wants_a_weight() -> None:
    """Neither the bound nor the scale is of use alone."""
    with pytest.raises(ValueError, match="go together"):
        Channel(1, max_weight=10)
    with pytest.raises(ValueError, match="go together"):
        Channel(1, weigh=len)


def test_what_was_sent_before_close_is_received() -> None:
    """Close ends the stream after what is buffered; it may be said twice."""
    channel = Channel[int](3)
    channel.send(1)
    channel.send(2)

    channel.close()
    channel.close()

    assert channel.is_closed
    assert list(channel) == [1, 2]
    with pytest.raises(ChannelClosed):
        channel.send(3)


def test_cancel_discards_what_is_buffered() -> None:
    """After cancel nothing is received or accepted, and what was lost is counted."""
    channel = Channel[int](3)
    channel.send(1)
    channel.send(2)

    channel.cancel()
    channel.cancel()

    assert channel.is_closed
    assert list(channel) == []
    assert channel.stats.dropped == 2
    with pytest.raises(ChannelClosed):
        channel.send(3)


def test_cancel_does_not_report_what_it_discards() -> None:
    """Those who cancel settle what is lost: `on_drop` is for drop-oldest alone."""
    reported: list[int] = []
    channel = Channel(2, Overflow.DROP_OLDEST, on_drop=reported.append)
    channel.send(1)

    channel.cancel()

    assert reported == []


def test_a_full_channel_holds_its_sender() -> None:
    """Back-pressure: the sender waits for room, and nothing is lost."""
    clock = WatchedClock()
    channel = Channel[int](1, clock=clock)
    channel.send(1)

    sending = in_background(lambda: channel.send(2))
    clock.wait_until_read()
    depth_while_waiting = channel.depth
    first = channel.take()
    sending.result(PATIENCE_S)

    assert depth_while_waiting == 1
    assert (first, channel.take()) == ([1], [2])
    assert channel.stats.dropped == 0


@pytest.mark.parametrize("end", [Channel.close, Channel.cancel])
def test_a_waiting_sender_is_woken_by_the_end(
    end: Callable[[Channel[int]], None],
) -> None:
    """Nobody waits for a room that will never come."""
    clock = WatchedClock()
    channel = Channel[int](1, clock=clock)
    channel.send(1)

    sending = in_background(lambda: channel.send(2))
    clock.wait_until_read()
    end(channel)

    with pytest.raises(ChannelClosed):
        sending.result(PATIENCE_S)


@pytest.mark.parametrize("end", [Channel.close, Channel.cancel])
def test_a_waiting_receiver_is_woken_by_the_end(
    end: Callable[[Channel[int]], None],
) -> None:
    """Nobody waits for an item that will never come."""
    clock = WatchedClock()
    channel = Channel[int](1, clock=clock)

    taking = in_background(channel.take)
    clock.wait_until_read()
    end(channel)

    assert taking.result(PATIENCE_S) == []


def test_drop_oldest_keeps_the_freshest_and_counts_the_rest() -> None:
    """A live sender never waits; what made room is reported, oldest first."""
    reported: list[int] = []
    channel = Channel(2, Overflow.DROP_OLDEST, on_drop=reported.append)

    for item in range(5):
        channel.send(item)
    channel.close()

    assert channel.stats.peak_depth == 2
    assert channel.stats.dropped == 3
    assert reported == [0, 1, 2]
    assert list(channel) == [3, 4]


def test_drop_oldest_needs_nobody_to_tell() -> None:
    """Drops are counted without `on_drop` too."""
    channel = Channel[int](1, Overflow.DROP_OLDEST)

    channel.send(1)
    channel.send(2)

    assert channel.stats.dropped == 1
    assert channel.take() == [2]


def test_on_drop_may_use_the_channel() -> None:
    """It is called outside the lock, when the newer item is in place."""
    depths: list[int] = []
    channel = Channel[int](
        1,
        Overflow.DROP_OLDEST,
        on_drop=lambda _: depths.append(in_background(read_depth).result(PATIENCE_S)),
    )

    def read_depth() -> int:
        return channel.depth

    channel.send(1)
    channel.send(2)

    assert depths == [1]


def test_weight_holds_the_sender_before_the_count_does() -> None:
    """Items that are heavy together wait, though there are places free."""
    clock = WatchedClock()
    channel = Channel[str](10, max_weight=5, weigh=len, clock=clock)
    channel.send("aaa")
    channel.send("bb")

    sending = in_background(lambda: channel.send("c"))
    clock.wait_until_read()
    depth_while_waiting = channel.depth
    channel.take()
    sending.result(PATIENCE_S)
    channel.close()

    assert depth_while_waiting == 2
    assert list(channel) == ["bb", "c"]


def test_drop_oldest_drops_as_much_as_the_newest_weighs() -> None:
    """One heavy item may push out several light ones."""
    reported: list[str] = []
    channel = Channel(
        10, Overflow.DROP_OLDEST, max_weight=4, weigh=len, on_drop=reported.append
    )

    for item in ("a", "b", "cc", "ddd"):
        channel.send(item)
    channel.close()

    assert reported == ["a", "b", "cc"]
    assert list(channel) == ["ddd"]


@pytest.mark.parametrize("overflow", Overflow)
def test_one_item_is_let_in_however_heavy(overflow: Overflow) -> None:
    """A picture larger than the bound passes alone, or its stream would stand still."""
    channel = Channel[str](2, overflow, max_weight=1, weigh=len)

    channel.send("much too heavy")

    assert channel.take() == ["much too heavy"]


def test_the_peak_stays_when_the_depth_falls() -> None:
    """How full it ever was tells whether its capacity was needed."""
    channel = Channel[int](3)
    channel.send(1)
    channel.send(2)
    channel.take(2)
    channel.send(3)

    assert (channel.stats.depth, channel.stats.peak_depth) == (1, 2)


OPERATIONS = st.tuples(
    st.sampled_from([*["send"] * 5, *["take"] * 5, "close", "cancel"]),
    st.integers(1, 4),
)
"""An end is rare, or little would come before it."""


@settings(max_examples=100, deadline=None)
@given(
    capacity=st.integers(1, 3),
    max_weight=st.none() | st.integers(0, 6),
    operations=st.lists(OPERATIONS, max_size=30),
)
def test_every_item_is_received_or_dropped_once(
    capacity: int, max_weight: int | None, operations: list[tuple[str, int]]
) -> None:
    """In order, within both bounds, whatever is called, and the counters agree."""
    dropped: list[tuple[int, int]] = []
    channel = Channel[tuple[int, int]](
        capacity,
        Overflow.DROP_OLDEST,
        max_weight=max_weight,
        weigh=None if max_weight is None else lambda item: item[1],
        on_drop=dropped.append,
    )
    sent: list[tuple[int, int]] = []
    received: list[tuple[int, int]] = []
    discarded: list[tuple[int, int]] = []
    peak_depth = 0

    for operation, argument in operations:
        waiting = [item for item in sent if item not in received + dropped + discarded]
        if operation == "send":
            item = (len(sent), argument)
            try:
                channel.send(item)
            except ChannelClosed:
                assert channel.is_closed
            else:
                sent.append(item)
        elif operation == "take":
            taken = channel.take(argument, timeout_s=0)
            assert taken == waiting[:argument]
            received += taken
        elif operation == "close":
            channel.close()
        else:
            channel.cancel()
            discarded += waiting
        waiting = [item for item in sent if item not in received + dropped + discarded]
        peak_depth = max(peak_depth, len(waiting))
        stats = channel.stats

        assert stats.peak_depth == peak_depth
        assert stats.depth == len(waiting) <= capacity
        assert (
            max_weight is None
            or len(waiting) <= 1
            or sum(weight for _, weight in waiting) <= max_weight
        )
        assert stats.sent == len(sent)
        assert stats.received == len(received)
        assert stats.dropped == len(dropped) + len(discarded)
    assert received == sorted(received)
