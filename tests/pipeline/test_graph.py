from __future__ import annotations

import itertools
import threading

import pytest

from maskstream.pipeline.channel import Overflow
from maskstream.pipeline.graph import Pipeline
from maskstream.pipeline.link import Link
from maskstream.pipeline.stage import Inbox, Outputs
from tests.pipeline.fakes import Recorder, emit, pass_on

pytestmark = pytest.mark.timeout(60)


def pairs(inbox: Inbox) -> Outputs:
    """Yield pairs, and what is left at the end."""
    held = []
    for item in inbox:
        held.append(item)
        if len(held) == 2:
            yield tuple(held)
            held.clear()
    if held:
        yield tuple(held)


def test_every_stage_flushes_when_the_stream_ends() -> None:
    """The end travels from stage to stage behind the last item; it is no item."""
    sink = Recorder()
    pipeline = Pipeline()
    pipeline.source("numbers", emit(range(5))).then("pairs", pairs).then("sink", sink)

    pipeline.run()

    assert sink.received == [(0, 1), (2, 3), (4,)]
    assert sink.finished.is_set()


def test_each_stage_runs_on_a_thread_of_its_name() -> None:
    """One thread a stage, so a stage needs no locks; none is left at the end."""
    names: list[str] = []

    def stage(inbox: Inbox) -> Outputs:
        for item in inbox:
            names.append(threading.current_thread().name)
            yield item

    before = set(threading.enumerate())
    pipeline = Pipeline()
    pipeline.source("numbers", emit(range(3))).then("own", stage)

    pipeline.run()

    assert names == ["own"] * 3
    assert set(threading.enumerate()) <= before


def test_a_pipeline_of_nothing_ends() -> None:
    """No stages, no wait."""
    pipeline = Pipeline()

    pipeline.run()

    assert pipeline.reports() == []


def test_what_nobody_receives_is_still_produced() -> None:
    """A stage without receivers runs to its end, as a sink does."""
    produced: list[int] = []

    def source() -> Outputs:
        for item in range(3):
            produced.append(item)
            yield item

    pipeline = Pipeline()
    pipeline.source("numbers", source)

    pipeline.run()

    assert produced == [0, 1, 2]


def test_a_sink_that_leaves_early_ends_the_source() -> None:
    """An endless stream ends when nobody receives it, and that is no failure."""
    sink = Recorder(limit=3)
    pipeline = Pipeline()
    flow = pipeline.source("numbers", emit(itertools.count()))
    flow.then("work", pass_on).then("sink", sink)

    pipeline.run()

    assert sink.received == [0, 1, 2]
    assert pipeline.failed_stage is None


@pytest.mark.parametrize("capacities", [(1, 1), (3, 2, 1), (1, 4)])
def test_what_is_in_flight_is_bounded(capacities: tuple[int, ...]) -> None:
    """At most the sum of the capacities and one item in the hand of each stage."""
    bound = sum(capacities) + len(capacities) + 1
    peak = 0
    done: list[int] = []
    is_full = threading.Event()

    def source() -> Outputs:
        nonlocal peak
        for index in range(30):
            peak = max(peak, index + 1 - len(done))
            if index + 1 == bound:
                is_full.set()
            yield index

    def slow_sink(inbox: Inbox) -> Outputs:
        for item in inbox:
            assert is_full.wait(20)
            done.append(item)
            yield

    pipeline = Pipeline()
    flow = pipeline.source("source", source)
    for index, capacity in enumerate(capacities[:-1]):
        flow = flow.then(f"stage {index}", pass_on, Link(capacity))
    flow.then("sink", slow_sink, Link(capacities[-1]))

    pipeline.run()

    assert peak == bound
    assert done == list(range(30))


def test_a_live_link_drops_the_oldest_and_reports_each() -> None:
    """Source and sink part the items between what was received and what was dropped."""
    dropped: list[int] = []
    all_sent = threading.Event()
    received: list[int] = []

    def source() -> Outputs:
        yield from range(100)
        all_sent.set()

    def slow_sink(inbox: Inbox) -> Outputs:
        for item in inbox:
            assert all_sent.wait(20)
            received.append(item)
            yield

    pipeline = Pipeline()
    pipeline.source("camera", source).then(
        "sink", slow_sink, Link(2, Overflow.DROP_OLDEST, dropped.append)
    )

    pipeline.run()

    assert received[-2:] == [98, 99]
    assert len(received) <= 3
    assert sorted(received + dropped) == list(range(100))
