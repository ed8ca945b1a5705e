from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

from maskstream.pipeline.clock import ManualClock
from maskstream.pipeline.fair import FairInbox
from maskstream.pipeline.frame import Batch, Frame, StreamFormat
from maskstream.pipeline.link import Link
from maskstream.stages.collect import Collector

SMALL = StreamFormat(height=90, width=160, time_base=Fraction(1, 25))
LARGE = StreamFormat(height=180, width=320, time_base=Fraction(1, 25))


def frames(
    stream: str, num: int, form: StreamFormat = SMALL, *, period_s: float = 0.0
) -> list[Frame]:
    """Make frames that were decoded one period after the other, from zero on."""
    return [
        Frame(stream, index, None, form, index, 1, decoded_at=index * period_s)
        for index in range(num)
    ]


def size_of(frame: Frame) -> tuple[int, int]:
    """Give the network the size of the picture."""
    return frame.format.height, frame.format.width


def collect(collector: Collector, *streams: Sequence[Frame], live: bool) -> list[Batch]:
    """Give the collector streams that have sent all they have."""
    inbox = FairInbox[Frame]()
    for stream in streams:
        channel = inbox.open(Link(len(stream), is_gathered=live))
        for frame in stream:
            channel.send(frame)
        channel.close()
    inbox.close()
    return list(collector(inbox))


def names(batch: Batch) -> tuple[list[str], list[list[int]]]:
    """Say which frames of a batch are inferred, and which are held after each."""
    inferred = [f"{frame.stream}{frame.index}" for frame in batch.frames]
    return inferred, [[frame.index for frame in held] for held in batch.held]


def test_streams_share_a_batch_in_turn() -> None:
    """Each frame once, each stream in its order, the last batch smaller."""
    collector = Collector(size_of, max_size=3)

    batches = collect(collector, frames("a", 3), frames("b", 1), live=False)

    assert [names(batch)[0] for batch in batches] == [["a0", "b0", "a1"], ["a2"]]
    assert all(not any(batch.held) for batch in batches)


def test_sizes_go_in_batches_of_their_own() -> None:
    """A change of size does not swap the frames of a stream."""
    changing = [*frames("a", 1), *frames("a", 2, LARGE)[1:], *frames("a", 3)[2:]]

    batches = collect(Collector(size_of, max_size=4), changing, live=False)

    assert [(batch.size_hw, len(batch.frames)) for batch in batches] == [
        ((90, 160), 1),
        ((180, 320), 1),
        ((90, 160), 1),
    ]


def test_what_the_network_has_no_time_for_is_held() -> None:
    """The first that waits is inferred; the others get its labels, all in order."""
    collector = Collector(size_of, max_size=2, clock=ManualClock())

    batches = collect(collector, frames("a", 4), frames("b", 1), live=True)

    assert list(map(names, batches)) == [(["a0", "b0"], [[1, 2, 3], []])]


def test_labels_are_not_held_for_another_format() -> None:
    """The first frame of a new size is inferred."""
    later = [replace(frame, index=frame.index + 2) for frame in frames("a", 2, LARGE)]
    collector = Collector(size_of, max_size=2, clock=ManualClock())

    batches = collect(collector, [*frames("a", 2), *later], live=True)

    assert list(map(names, batches)) == [(["a0"], [[1]]), (["a2"], [[3]])]


def test_what_is_stale_is_dropped_and_told() -> None:
    """The budget counts from the decoder; the freshest is never given up."""
    stale: list[Frame] = []
    waiting = frames("a", 5, period_s=0.25)
    collector = Collector(
        size_of,
        max_staleness_s=0.5,
        on_stale=stale.append,
        clock=ManualClock(now_s=1.25),
    )

    (batch,) = collect(collector, waiting, live=True)

    assert [frame.index for frame in stale] == [0, 1, 2]
    assert names(batch) == (["a3"], [[4]])
    stale.clear()
    (late,) = collect(collector, frames("b", 1, period_s=0.25), live=True)
    assert not stale
    assert names(late) == (["b0"], [[]])


def test_each_take_is_told() -> None:
    """Whether it was full, and how long its first frame has waited for company."""
    takes: list[tuple[bool, float]] = []
    collector = Collector(
        size_of, max_size=2, on_take=lambda full, s: takes.append((full, s))
    )

    collect(collector, frames("a", 3), live=False)

    assert takes == [(True, 0.0), (False, 0.0)]
