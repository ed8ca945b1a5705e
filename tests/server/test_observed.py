"""Whoever watches frames pass changes nothing about them."""

from __future__ import annotations

from maskstream.pipeline.channel import Channel
from maskstream.pipeline.stage import Outputs
from maskstream.server.observed import Observed
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
