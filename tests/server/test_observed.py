"""Whoever watches frames pass changes nothing about them."""

from __future__ import annotations

from maskstream.pipeline.channel import Channel
from maskstream.pipeline.frame import Segmentation
from maskstream.pipeline.ledger import Ledger
from maskstream.pipeline.stage import Outputs
from maskstream.server.observed import Observed, WrittenFrames
from tests.pipeline.fakes import Recorder
from tests.server.frames import frame_at, labelled


def test_a_sink_is_observed_when_it_is_through_with_a_frame() -> None:
    """In order, each frame once, and the sink finishes as ever."""
    seen: list[object] = []
    items = [labelled(frame_at(index)) for index in range(3)]
    sink = Recorder()

    outputs = list(Observed(sink, seen.append)(Channel.of(*items)))

    assert outputs == [None] * 3
    assert seen == sink.received == items
    assert sink.finished.is_set()


def test_a_sink_may_wait_for_a_while_only() -> None:
    """What recorders and publishers ask of an inbox is there."""
    seen: list[object] = []

    def ticking(inbox: Channel[object]) -> Outputs:
        while not (inbox.is_closed and not inbox.depth):
            if inbox.take(timeout_s=1):
                yield

    items = [labelled(frame_at(index)) for index in range(2)]

    assert list(Observed(ticking, seen.append)(Channel.of(*items))) == [None, None]
    assert seen == items


def test_an_observed_sink_that_leaves_is_closed() -> None:
    """Its clean-up runs, also when the graph closes the generator."""
    sink = Recorder()
    items = [labelled(frame_at(index)) for index in range(3)]
    outputs = Observed(sink, lambda _: None)(Channel.of(*items))

    next(outputs)
    outputs.close()

    assert sink.finished.is_set()


def test_a_frame_that_was_dropped_has_not_reached_the_sink() -> None:
    """Such as at a disk that was full for a while; nor do earlier runs count."""
    ledger, seen = Ledger(), list[object]()
    ledger.open("front", ["video"])
    ledger.written("front", "video", frames=7)
    items = [labelled(frame_at(index)) for index in range(4)]

    def record(inbox: Channel[Segmentation]) -> Outputs:
        for number, _ in enumerate(inbox):
            if number in (1, 2):
                ledger.dropped("front", stage="video", reason="full", sink="video")
            else:
                ledger.written("front", "video")
            yield

    written = WrittenFrames(seen.append, lambda: ledger.num_written("front", "video"))
    list(Observed(record, written)(Channel.of(*items)))

    assert seen == [items[0].frame, items[3].frame]
