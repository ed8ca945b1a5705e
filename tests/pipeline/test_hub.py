"""Streams meet at shared stages and part again, and cost each other nothing."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterable
from typing import Any

import pytest

from maskstream.pipeline.channel import Overflow
from maskstream.pipeline.errors import PipelineError
from maskstream.pipeline.graph import Pipeline
from maskstream.pipeline.hub import Hub
from maskstream.pipeline.link import Link
from maskstream.pipeline.stage import Inbox, Outputs, Stage
from maskstream.pipeline.streams import Streams
from tests.pipeline.fakes import Recorder, emit, pass_on
from tests.pipeline.threads import PATIENCE_S

pytestmark = pytest.mark.timeout(60)

Item = tuple[str, int]


def items(stream: str, indices: Iterable[int]) -> Callable[[], Outputs]:
    """Return a source of a stream's items."""
    return emit((stream, index) for index in indices)


def stream_of(item: Item) -> str:
    """Tell the stream of an item."""
    return item[0]


def share(hub: Hub, stage: Stage = pass_on) -> Pipeline:
    """Let the streams share one stage."""
    shared = Pipeline()
    shared.gather(hub, "shared", stage).back(hub)
    return shared


def pipeline_of(
    hub: Hub,
    stream: str,
    source: Callable[[], Outputs],
    *sinks: Stage,
    link: Link | None = None,
) -> Pipeline:
    """Send a stream through the hub to its own sinks."""
    pipeline = Pipeline(stream=stream)
    flow = pipeline.source("decode", source).through(hub, link)
    for number, sink in enumerate(sinks):
        flow.then(f"sink {number}", sink)
    return pipeline


def test_every_stream_gets_its_own_items_back() -> None:
    """All of them, in its order, at each of its sinks."""
    sinks = {stream: (Recorder(), Recorder()) for stream in "abc"}
    hub = Hub(stream_of)
    pipelines = [
        pipeline_of(hub, stream, items(stream, range(20)), *both, link=Link(capacity))
        for capacity, (stream, both) in enumerate(sinks.items(), start=1)
    ]

    Streams(hub, share(hub), pipelines).run()

    for stream, both in sinks.items():
        for sink in both:
            assert sink.received == [(stream, index) for index in range(20)]


def test_a_silent_stream_does_not_hold_the_others() -> None:
    """What one camera sends is through while the other has sent nothing."""
    busy = Recorder()

    def silent() -> Outputs:
        assert busy.finished.wait(PATIENCE_S)
        yield ("silent", 0)

    late = Recorder()
    hub = Hub(stream_of)
    pipelines = [
        pipeline_of(hub, "silent", silent, late),
        pipeline_of(hub, "busy", items("busy", range(10)), busy),
    ]

    Streams(hub, share(hub), pipelines).run()

    assert len(busy.received) == 10
    assert late.received == [("silent", 0)]


def test_a_source_that_fails_costs_only_its_stream() -> None:
    """Its last item arrives, its sinks finish, and the others go on to their end."""

    def dying() -> Outputs:
        yield ("dying", 0)
        raise ConnectionError

    last, well = Recorder(), Recorder()
    hub = Hub(stream_of)
    pipelines = [
        pipeline_of(hub, "dying", dying, last),
        pipeline_of(hub, "well", items("well", range(30)), well),
    ]
    streams = Streams(hub, share(hub), pipelines)

    with pytest.raises(PipelineError):
        streams.run()

    assert streams.failed_stage == "decode"
    assert last.received == [("dying", 0)]
    assert last.finished.is_set()
    assert len(well.received) == 30


def test_a_stream_whose_sinks_have_left_ends_at_its_source() -> None:
    """No camera reads on for nobody, and the others do not notice."""
    leaving, staying = Recorder(limit=2), Recorder()
    hub = Hub(stream_of)
    pipelines = [
        pipeline_of(hub, "left", items("left", itertools.count()), leaving),
        pipeline_of(hub, "there", items("there", range(50)), staying),
    ]

    Streams(hub, share(hub), pipelines).run()

    assert len(leaving.received) == 2
    assert len(staying.received) == 50


def test_shared_stages_that_leave_end_every_stream() -> None:
    """What had come back before is in the sinks, which finish."""
    sinks = {stream: Recorder() for stream in "ab"}
    hub = Hub(stream_of)
    pipelines = [
        pipeline_of(hub, stream, items(stream, itertools.count()), sink)
        for stream, sink in sinks.items()
    ]

    def take_four(inbox: Inbox) -> Outputs:
        yield from itertools.islice(inbox, 4)

    streams = Streams(hub, share(hub, take_four), pipelines)

    streams.run()

    assert streams.failed_stage is None
    assert sum(len(sink.received) for sink in sinks.values()) == 4
    assert all(sink.finished.is_set() for sink in sinks.values())


def test_a_stream_may_come_and_go_while_others_run() -> None:
    """Each ends by itself; its name is free again when it has ended."""
    hub = Hub(stream_of)
    shared = share(hub)
    shared.start()
    stopping = threading.Event()
    resident = Recorder()
    ever = itertools.takewhile(lambda _: not stopping.is_set(), itertools.count())
    first = pipeline_of(hub, "resident", items("resident", ever), resident)
    first.start()

    visits = []
    for number in range(20):
        sink = Recorder()
        visitor = pipeline_of(hub, "visitor", items("visitor", [number]), sink)
        visitor.run()
        visits += sink.received
    stopping.set()
    assert first.wait(PATIENCE_S)
    hub.close()

    assert shared.wait(PATIENCE_S)
    assert visits == [("visitor", number) for number in range(20)]
    indices = [index for _, index in resident.received]
    assert indices == list(range(len(indices)))


def test_two_streams_of_one_name_are_refused() -> None:
    """What comes back could belong to either."""
    hub = Hub(stream_of)
    pipeline_of(hub, "front", items("front", range(1)), Recorder())

    with pytest.raises(ValueError, match="'front' is in the hub already"):
        pipeline_of(hub, "front", items("front", range(1)), Recorder())


def test_a_cancelled_stream_ends_though_its_items_are_inside() -> None:
    """It waits for what the shared stages hold; the others go on."""
    is_inside, go_on = threading.Event(), threading.Event()

    def hold(inbox: Inbox) -> Outputs:
        for item in inbox:
            is_inside.set()
            assert go_on.wait(PATIENCE_S)
            yield item

    hub = Hub(stream_of)
    shared = share(hub, hold)
    shared.start()
    cancelled = pipeline_of(hub, "a", items("a", itertools.count()), Recorder())
    cancelled.start()
    assert is_inside.wait(PATIENCE_S)

    cancelled.cancel()
    assert not cancelled.wait(0.01)
    go_on.set()

    assert cancelled.wait(PATIENCE_S)
    hub.close()
    assert shared.wait(PATIENCE_S)


def test_streams_outlive_shared_stages_that_failed() -> None:
    """Built again, they take what waits; what was in them is lost, and told."""
    lost: dict[str, int] = {}
    hub = Hub(stream_of, on_lost=lost.__setitem__, is_renewable=True)
    sink = Recorder()

    def fail_at_two(inbox: Inbox) -> Outputs:
        for item in inbox:
            if item == ("a", 2):
                raise RuntimeError("the device is gone")
            yield item

    broken = share(hub, fail_at_two)
    pipeline = pipeline_of(hub, "a", items("a", range(6)), sink, link=Link(1))
    broken.start()
    pipeline.start()
    with pytest.raises(PipelineError, match="pipeline failed"):
        broken.wait(PATIENCE_S)

    hub.renew()
    mended = share(hub)
    mended.start()
    assert pipeline.wait(PATIENCE_S)
    hub.close()

    assert mended.wait(PATIENCE_S)
    assert lost == {"a": 1}
    assert [index for _, index in sink.received] == [0, 1, 3, 4, 5]


def test_a_live_stream_drops_while_the_shared_stages_are_away() -> None:
    """Its source is not held; the freshest items are there when they come back."""
    dropped: list[Any] = []
    hub = Hub(stream_of, is_renewable=True)
    sink = Recorder()
    link = Link(2, Overflow.DROP_OLDEST, dropped.append)
    pipeline = pipeline_of(hub, "a", items("a", range(10)), sink, link=link)
    pipeline.start()
    assert not pipeline.wait(0.05)
    while len(dropped) < 8:
        pass

    shared = share(hub)
    shared.start()

    assert pipeline.wait(PATIENCE_S)
    hub.close()
    assert shared.wait(PATIENCE_S)
    assert [index for _, index in sink.received] == [8, 9]


def test_an_item_that_a_shared_stage_drops_is_not_waited_for() -> None:
    """The stream ends all the same when the rest has come back."""
    hub = Hub(stream_of)
    sink = Recorder()

    def drop_odd(inbox: Inbox) -> Outputs:
        for item in inbox:
            if item[1] % 2:
                hub.discard(item[0])
            else:
                yield item

    pipeline = pipeline_of(hub, "a", items("a", range(5)), sink)

    Streams(hub, share(hub, drop_odd), [pipeline]).run()

    assert [index for _, index in sink.received] == [0, 2, 4]
