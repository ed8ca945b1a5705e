from __future__ import annotations

import threading
from collections.abc import Callable
from itertools import count, repeat
from operator import itemgetter
from threading import Event

import pytest

from maskstream.pipeline.errors import PipelineError
from maskstream.pipeline.graph import Pipeline
from maskstream.pipeline.hub import Hub
from maskstream.pipeline.link import Link
from maskstream.pipeline.stage import Inbox, Outputs
from maskstream.pipeline.streams import Streams
from tests.pipeline.fakes import Recorder, emit, pass_on
from tests.pipeline.threads import PATIENCE_S, WatchedClock

pytestmark = pytest.mark.timeout(60)


def test_drain_loses_nothing_that_was_decoded() -> None:
    """The source ends; the item in its hand and all before it reach the sink."""
    decoded: list[int] = []
    received: list[int] = []

    def endless() -> Outputs:
        for index in count():
            decoded.append(index)
            yield index

    def sink(inbox: Inbox) -> Outputs:
        for item in inbox:
            received.append(item)
            if item == 5:
                pipeline.drain()
            yield

    pipeline = Pipeline()
    flow = pipeline.source("endless", endless)
    flow.then("work", pass_on, Link(3)).then("sink", sink, Link(1))

    pipeline.run()

    assert pipeline.is_draining
    assert not pipeline.is_cancelled
    assert len(decoded) > 5
    assert received == decoded


def test_drain_ends_every_source() -> None:
    """Streams end together, each with its own last item."""
    sinks = {name: Recorder() for name in "ab"}
    hub = Hub(itemgetter(0))
    pipelines = []
    for name, sink in sinks.items():
        pipeline = Pipeline(stream=name)
        source = pipeline.source("source", emit(zip(repeat(name), count())))
        source.through(hub).then("sink", sink)
        pipelines.append(pipeline)
    shared = Pipeline()
    shared.gather(hub, "shared", pass_on).back(hub)
    streams = Streams(hub, shared, pipelines)
    streams.start()

    streams.drain()

    assert streams.wait()
    for name, sink in sinks.items():
        assert sink.received == [(name, index) for index in range(len(sink.received))]


def test_a_source_unwinds_when_it_is_drained() -> None:
    """It closes its file; what its clean-up says is heard."""

    def source() -> Outputs:
        try:
            yield from count()
        finally:
            raise OSError("cannot close")

    pipeline = Pipeline()
    pipeline.source("source", source).then("sink", Recorder())
    pipeline.drain()

    with pytest.raises(PipelineError) as caught:
        pipeline.run()

    assert [str(error) for error in caught.value.exceptions] == ["cannot close"]


def test_cancel_wakes_everybody() -> None:
    """A full pipeline ends without another item; each stage still cleans up."""
    cleaned_up: list[str] = []
    is_cancelled = Event()

    def stage(name: str) -> Callable[[Inbox], Outputs]:
        def run(inbox: Inbox) -> Outputs:
            try:
                yield from inbox
            finally:
                cleaned_up.append(name)

        return run

    def source() -> Outputs:
        try:
            yield from count()
        finally:
            cleaned_up.append("source")

    def stuck_sink(inbox: Inbox) -> Outputs:
        for item in inbox:
            received.append(item)
            assert is_cancelled.wait(PATIENCE_S)
            yield
        cleaned_up.append("sink")

    clock = WatchedClock()
    received: list[int] = []
    pipeline = Pipeline(clock=clock)
    flow = pipeline.source("source", source)
    for name in ("first", "second"):
        flow = flow.then(name, stage(name), Link(1))
    flow.then("sink", stuck_sink, Link(1))
    pipeline.start()
    clock.wait_until_read(4 + 3)  # Each stage's start, and each full outbox.

    pipeline.cancel()
    is_cancelled.set()

    assert pipeline.wait(PATIENCE_S)
    assert pipeline.is_cancelled
    assert pipeline.is_draining
    assert received == [0]
    assert sorted(cleaned_up) == ["first", "second", "sink", "source"]


@pytest.mark.parametrize("stop", [Pipeline.drain, Pipeline.cancel])
def test_a_stop_before_the_start_holds(stop: Callable[[Pipeline], None]) -> None:
    """A signal that comes early ends the run that begins after it."""
    sink = Recorder()
    pipeline = Pipeline()
    pipeline.source("endless", emit(count())).then("sink", sink)
    stop(pipeline)

    pipeline.run()

    assert len(sink.received) <= 1
    assert sink.finished.is_set()


def test_cancel_ends_the_sinks_of_a_source_that_is_stuck() -> None:
    """Files are finished at once; the thread ends when its read does."""
    is_released = Event()

    def stuck() -> Outputs:
        yield 0
        assert is_released.wait(PATIENCE_S)
        yield 1

    sink = Recorder()
    pipeline = Pipeline()
    pipeline.source("stuck", stuck).then("sink", sink)
    pipeline.start()

    pipeline.cancel()
    pipeline.cancel()

    assert sink.finished.wait(PATIENCE_S)
    assert pipeline.wait(0) is False
    is_released.set()
    assert pipeline.wait() is True
    assert 1 not in sink.received


def test_a_stage_may_cancel_its_own_pipeline() -> None:
    """No lock is held while a stage works."""
    pipeline = Pipeline()

    def stage(inbox: Inbox) -> Outputs:
        for item in inbox:
            pipeline.cancel()
            yield item

    sink = Recorder()
    flow = pipeline.source("endless", emit(count()))
    flow.then("stage", stage).then("sink", sink)

    pipeline.run()

    assert sink.received == []
    assert sink.finished.is_set()


def test_stop_ends_everything_and_raises_nothing() -> None:
    """Who stops has a reason of his own; the failures are there for who asks."""

    def broken(inbox: Inbox) -> Outputs:
        yield from inbox
        raise OSError("broken pipe")

    before = set(threading.enumerate())
    pipeline = Pipeline()
    pipeline.source("endless", emit(count())).then("sink", broken)
    pipeline.start()

    pipeline.stop()

    assert pipeline.is_cancelled
    assert pipeline.failed_stage == "sink"
    assert set(threading.enumerate()) <= before
    with pytest.raises(PipelineError):
        pipeline.wait()


def test_a_wait_may_give_up() -> None:
    """It tells whether the pipeline has ended, and changes nothing."""
    is_released = Event()

    def source() -> Outputs:
        assert is_released.wait(PATIENCE_S)
        yield 0

    pipeline = Pipeline()
    pipeline.source("source", source)
    pipeline.start()

    while_running = pipeline.wait(0.001)
    is_released.set()

    assert while_running is False
    assert pipeline.wait(PATIENCE_S) is True
    assert not pipeline.is_draining
